//! Warnings about metrics that are proven but easily misread. RT607: a mean over only the rows with a value that does
//! not say so. RT606: a mean that weights its parts equally regardless of their sizes.

use std::collections::BTreeSet;

use crate::conclude::finding::{Draft, Row, Stream};
use crate::metric::{JudgedMetric, Partial, Remark};
use crate::model::Severity;
use crate::numeric::show;
use crate::report::words::count;
use crate::report::{Evidence, Number, RuleEvidence};
use crate::rules::{Message, Rule};

/// The findings on such metrics.
pub(super) fn drafts(judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> Vec<Draft> {
    let codes: BTreeSet<&str> = judged.iter().filter_map(|metric| Some(metric.remark.as_ref()?.code)).collect();
    let remarks = codes.into_iter().filter_map(|code| remarked(code, judged, stream));
    draft(judged, stream).into_iter().chain(remarks).collect()
}

fn row(metric: &JudgedMetric<'_>) -> Row {
    Row { located: metric.claim.at.clone(), item: String::new(), candidate: String::new() }
}

/// The finding on the metrics that one rule warns about.
fn remarked(code: &str, judged: &[JudgedMetric<'_>], stream: &Stream<'_>) -> Option<Draft> {
    let rule = stream.catalogue.by_code(code)?;
    let found: Vec<(&JudgedMetric<'_>, &Remark)> = judged
        .iter()
        .filter_map(|metric| Some((metric, metric.remark.as_ref().filter(|remark| remark.code == code)?)))
        .collect();
    let (first, lead) = found.first()?;
    let label = if first.definition.is_empty() {
        "no value".to_owned()
    } else {
        // What is derived, where it is not the number itself.
        let is_other = |value: &f64| value.is_finite() && (value - first.reported).abs() > first.bound;
        let value = first.recomputed.filter(is_other).unwrap_or(first.reported);
        format!("{} = {}", first.definition, show(value))
    };
    let evidence = RuleEvidence {
        judged: lead.of.1,
        failed: lead.of.0,
        found: Some(Number(first.reported)).filter(|_| first.reported.is_finite()),
        expected: lead.expected.map(Number),
        ..RuleEvidence::default()
    };
    let metrics: Vec<&JudgedMetric<'_>> = found.iter().map(|(metric, _)| *metric).collect();
    let lines = found.iter().skip(1).map(|(_, remark)| remark.title.clone()).collect();
    let message = Message::new(lead.title.clone()).label(label).help(lead.help);
    Some(Draft { evidence_lines: lines, ..warning(rule, message, evidence, &metrics, judged.len(), stream) })
}

/// A warning about some metrics of a stream.
fn warning(
    rule: &'static Rule,
    message: Message,
    evidence: RuleEvidence,
    metrics: &[&JudgedMetric<'_>],
    judged: usize,
    stream: &Stream<'_>,
) -> Draft {
    Draft {
        rule,
        severity: Severity::Warning,
        claim: "metrics".to_owned(),
        task: stream.task.to_owned(),
        cause: metrics.iter().map(|metric| metric.name()).collect(),
        message,
        count: metrics.len() as u64,
        judged: judged as u64,
        rows: metrics.iter().map(|metric| row(metric)).collect(),
        evidence: Evidence::Rule(evidence),
        evidence_lines: Vec::new(),
        impact_lines: Vec::new(),
        impact: None,
        deviation: None,
    }
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
    let label = format!("{} = {}", first.definition, show(first.reported));
    let message = Message::new(said(lead)).label(label).help(
        "say over which rows the number is: report their n beside it, or write what a row without a value is worth",
    );
    let evidence = RuleEvidence {
        judged: shown.of,
        failed: shown.of - shown.over,
        found: Some(Number(first.reported)),
        expected: Some(Number(shown.with_zeros)),
        ..RuleEvidence::default()
    };
    let metrics: Vec<&JudgedMetric<'_>> = partial.iter().map(|(metric, _)| *metric).collect();
    let lines = partial.iter().skip(1).map(said).collect();
    Some(Draft { evidence_lines: lines, ..warning(rule, message, evidence, &metrics, judged.len(), stream) })
}
