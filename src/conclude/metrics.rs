//! Verdicts on metrics: those of rows and those reported for the run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::conclude::coverage::Gaps;
use crate::metric::advantages;
use crate::metric::{Doubt, JudgedMetric, MetricRows, RunFacts};
use crate::model::{ColumnKey, VerdictCounts};
use crate::report::{ClaimKey, MetricReport};
use crate::rules::Fields;
use crate::tally::{FromRefuted, ItemTally, StreamTally};

/// What a stream gives for the numbers of its run.
pub(super) fn facts<'s>(stream: &'s StreamTally, correctness: &VerdictCounts) -> RunFacts<'s> {
    let items = &stream.items;
    let picked = (items.scored > 0).then_some((items.right, items.scored));
    RunFacts {
        rows: &items.metrics,
        columns: &items.columns,
        tokens: &items.tokens,
        items: items.items,
        unmeasured: items.unmeasured,
        right: if items.reported > 0 { Some((items.reported_right, items.reported)) } else { picked },
        doubt: doubt(items, correctness),
        has_segments: Fields(items.fields).has(Fields::named("segments")),
        is_doubled: stream.rows.seen.values().any(|seen| seen.count > 1) && !stream.rows.are_samples(),
    }
}

fn doubt(items: &ItemTally, correctness: &VerdictCounts) -> Option<Doubt> {
    if correctness.refuted > 0 {
        return Some(Doubt::Contradicted);
    }
    (items.reported == 0 && items.same_label.numbers > 0).then_some(Doubt::Numbers)
}

/// The picks and correctness that follow from refuted columns of a stream.
pub(super) fn from_refuted(items: &ItemTally, refuted: &[ColumnKey]) -> FromRefuted {
    let mut all = FromRefuted::default();
    for (column, own) in &items.from_refuted {
        if refuted.contains(column) {
            all.picks += own.picks;
            all.correct += own.correct;
        }
    }
    all
}

/// Counts the verdicts and lists what is missing for the undecided ones.
pub(super) fn count(
    stream: &StreamTally,
    judged: &[JudgedMetric<'_>],
    verdicts: &mut BTreeMap<ClaimKey, VerdictCounts>,
    gaps: &mut Gaps,
) {
    for (name, rows) in &stream.items.metrics {
        let what = ClaimKey::Rows(name.clone());
        if rows.verdicts.unprovable > 0 {
            let (reason, log) = gap(rows);
            gaps.missing(&what, reason, log, rows.verdicts.unprovable);
        }
        let mut counts = rows.verdicts;
        // Rows of one stream may have metrics of their own each; only one without any lacks this one.
        let lacking = stream.items.unmeasured;
        if lacking > 0 && rows.rows + lacking == stream.items.items {
            counts.unprovable += lacking;
            gaps.missing(&what, "some rows lack the metric".into(), "its value in every row", lacking);
        }
        verdicts.entry(what).or_default().merge(&counts);
    }
    if let Some(counts) = advantages::judge(&stream.items.columns.facts.groups()) {
        let what = ClaimKey::Rows("advantage".to_owned());
        if counts.unprovable > 0 {
            let reason = "no known formula gives it from the rewards of its group".into();
            gaps.missing(
                &what,
                reason,
                "the rewards as they were before the advantages, and the group",
                counts.unprovable,
            );
        }
        verdicts.entry(what).or_default().merge(&counts);
    }
    for metric in judged {
        let what = ClaimKey::Run(metric.name());
        verdicts.entry(what.clone()).or_default().add(metric.verdict);
        if let Some((reason, log)) = metric.missing {
            gaps.of_run(&what, &metric.claim.at.place, reason, log);
        }
    }
}

/// Why rows of a metric are undecided, and what to log to decide them.
fn gap(rows: &MetricRows) -> (Cow<'static, str>, &'static str) {
    if rows.custom {
        (
            "it may be computed by code that is not in the log".into(),
            "the task's configuration beside the rows, or the inputs of that code",
        )
    } else if !rows.lacks.is_empty() {
        (format!("only {} would decide it", rows.lacks).into(), "these fields")
    } else if rows.is_of_record {
        (
            "the numbers beside it do not decide it".into(),
            "what it is computed from, with all digits, under a name that says the formula",
        )
    } else {
        ("the inputs of its definition are not logged".into(), "scores, texts and the gold answer")
    }
}

/// The metrics of a run, as listed in the report.
pub(super) fn list(run: &str, judged: &[JudgedMetric<'_>]) -> Vec<MetricReport> {
    let one = |metric: &JudgedMetric<'_>| MetricReport {
        run: run.to_owned(),
        task: metric.claim.of.task.clone(),
        metric: metric.name(),
        definition: metric.definition.clone(),
        reported: metric.claim.value.clone(),
        recomputed: metric.recomputed.filter(|value| value.is_finite()),
        within: if metric.bound.is_finite() { metric.bound } else { 0.0 },
        verdict: metric.verdict,
    };
    judged.iter().map(one).collect()
}
