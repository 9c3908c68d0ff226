//! Numbers that follow, and of which a reader would think otherwise: RT607 of a mean over the rows with a value that is
//! silent about the others, RT606 of one that weighs its parts alike whatever their sizes.

use crate::conclude::finding::{Draft, Row, Stream};
use crate::metric::{JudgedMetric, Partial, Unweighted};
use crate::model::Severity;
use crate::numeric::show;
use crate::report::words::count;
use crate::report::{Evidence, Number, RuleEvidence};
use crate::rules::Message;

/// The findings on numbers that follow.
pub(super) fn drafts(judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> impl Iterator<Item = Draft> {
    [draft(judged, stream), unweighted(judged, stream)].into_iter().flatten()
}

/// The finding on numbers that weigh their parts alike.
fn unweighted(judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> Option<Draft> {
    let rule = stream.catalogue.by_code("RT606")?;
    let found: Vec<(&JudgedMetric<'_>, &Unweighted)> =
        judged.iter().filter_map(|metric| Some((metric, metric.unweighted.as_ref()?))).collect();
    let lead = found.first()?;
    let (first, shown) = lead;
    let said = |(metric, own): &(&JudgedMetric<'_>, &Unweighted)| {
        format!(
            "{} {} is the plain mean of {} parts; weighted by {} it is {}",
            metric.name(),
            show(metric.reported),
            count(own.parts),
            own.field,
            show(own.weighted)
        )
    };
    let row = |(metric, _): &(&JudgedMetric<'_>, &Unweighted)| Row {
        located: metric.claim.located.clone(),
        item: String::new(),
        candidate: String::new(),
    };
    Some(Draft {
        rule,
        severity: Severity::Warning,
        claim: "metrics".to_owned(),
        task: stream.task.to_owned(),
        cause: found.iter().map(|(metric, _)| metric.name()).collect(),
        message: Message::new(said(lead))
            .label(format!("{} = {}", first.definition, show(first.reported)))
            .help("weight each part by its rows, or call the number a macro average"),
        count: found.len() as u64,
        judged: judged.len() as u64,
        rows: found.iter().map(row).collect(),
        evidence: Evidence::Rule(RuleEvidence {
            judged: shown.parts,
            failed: shown.parts,
            found: Some(Number(first.reported)),
            expected: Some(Number(shown.weighted)),
            ..RuleEvidence::default()
        }),
        evidence_lines: found.iter().skip(1).map(said).collect(),
        impact_lines: Vec::new(),
        deviation: None,
    })
}

/// The finding on the metrics of a stream that leave rows out.
fn draft(judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> Option<Draft> {
    let rule = stream.catalogue.by_code("RT607")?;
    let partial: Vec<(&JudgedMetric<'_>, Partial)> =
        judged.iter().filter_map(|metric| Some((metric, metric.partial.clone()?))).collect();
    let lead = partial.first()?;
    let (first, shown) = lead;
    let said = |(metric, own): &(&JudgedMetric<'_>, Partial)| {
        let they = if own.of - own.over == 1 { "it counts" } else { "they count" };
        format!(
            "{} {} is over {} of {} rows: {}; {} if {they} as 0",
            metric.name(),
            show(metric.reported),
            count(own.over),
            count(own.of),
            own.left_out(),
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
