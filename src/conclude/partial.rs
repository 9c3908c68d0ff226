//! RT607 as a warning: a mean that follows from the rows with a value and is silent about the others.

use crate::conclude::finding::{Draft, Row, Stream};
use crate::metric::{JudgedMetric, Partial};
use crate::model::Severity;
use crate::numeric::show;
use crate::report::words::count;
use crate::report::{Evidence, Number, RuleEvidence};
use crate::rules::Message;

/// The finding on the metrics of a stream that leave rows out.
pub(super) fn draft(judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> Option<Draft> {
    let rule = stream.catalogue.by_code("RT607")?;
    let partial: Vec<(&JudgedMetric<'_>, Partial)> =
        judged.iter().filter_map(|metric| Some((metric, metric.partial?))).collect();
    let lead = partial.first()?;
    let (first, shown) = lead;
    let said = |(metric, own): &(&JudgedMetric<'_>, Partial)| {
        let left = own.of - own.over;
        let (have, they) = if left == 1 { ("has", "it counts") } else { ("have", "they count") };
        format!(
            "{} {} is over {} of {} rows: {} {have} no value; {} if {they} as 0",
            metric.name(),
            show(metric.reported),
            count(own.over),
            count(own.of),
            count(left),
            show(own.with_zeros)
        )
    };
    let row = |(metric, _): &(&JudgedMetric<'_>, Partial)| Row {
        located: metric.claim.located.clone(),
        item: String::new(),
        candidate: String::new(),
    };
    Some(Draft {
        rule,
        severity: Severity::Warning,
        claim: "metrics".to_owned(),
        task: stream.task.to_owned(),
        cause: partial.iter().map(|(metric, _)| metric.name()).collect(),
        message: Message::new(said(lead)).label(format!("{} = {}", first.definition, show(first.reported))).help(
            "say over which rows the number is: report their n beside it, or write what a row without a value is worth",
        ),
        count: partial.len() as u64,
        judged: judged.len() as u64,
        rows: partial.iter().map(row).collect(),
        evidence: Evidence::Rule(RuleEvidence {
            judged: shown.of,
            failed: shown.of - shown.over,
            found: Some(Number(first.reported)),
            expected: Some(Number(shown.with_zeros)),
            ..RuleEvidence::default()
        }),
        evidence_lines: partial.iter().skip(1).map(said).collect(),
        impact_lines: Vec::new(),
        deviation: None,
    })
}
