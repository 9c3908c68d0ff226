//! Verdicts on metrics: those of rows and those reported for the run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::conclude::coverage::Gaps;
use crate::metric::advantages;
use crate::metric::beneath::{Beneath, Marks, unchecked};
use crate::metric::reward_sums::{self, SolvedRewards};
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

/// The numbers of a run that are proven from rows whose values nothing in the log checks.
#[derive(Default)]
pub(super) struct Resting(BTreeMap<Beneath, (u64, Vec<String>)>);

impl Resting {
    /// Those among the numbers of a stream. `correctness` are the verdicts on which items are right.
    pub(super) fn new(
        stream: &StreamTally,
        judged: &[JudgedMetric<'_>],
        solved: Option<&SolvedRewards<'_>>,
        facts: &RunFacts<'_>,
        correctness: &VerdictCounts,
    ) -> Self {
        let mut claims: Vec<&str> = stream.columns.keys().map(|column| &*column.name).collect();
        claims.extend(solved.map(|solved| solved.field));
        let is_reported = stream.items.reported > 0;
        let marks = Marks { unchecked: if is_reported { correctness.unprovable } else { 0 }, claims: &claims };
        let mut all = Self::default();
        for metric in judged {
            if let Some((beneath, rows)) = unchecked(metric, facts, &marks) {
                let (known, metrics) = all.0.entry(beneath).or_default();
                *known = rows.max(*known);
                metrics.push(ClaimKey::Run(metric.name()).to_string());
            }
        }
        all
    }

    /// The number of rows beneath a metric that are not checked.
    fn rows(&self, metric: &JudgedMetric<'_>) -> u64 {
        let name = ClaimKey::Run(metric.name()).to_string();
        self.0.values().find(|(_, metrics)| metrics.contains(&name)).map_or(0, |(rows, _)| *rows)
    }

    /// Which numbers are proven from these rows, as a part of a sentence; empty without any.
    pub(super) fn beside(&self, beneath: &Beneath) -> String {
        self.0.get(beneath).map_or_else(String::new, |(_, metrics)| format!("; {}", proven(metrics)))
    }
}

fn proven(metrics: &[String]) -> String {
    let are = if metrics.len() == 1 { "is" } else { "are" };
    format!("{} {are} proven from these rows as logged", metrics.join(", "))
}

/// Counts the verdicts and lists what is missing for the undecided ones.
pub(super) fn count(
    stream: &StreamTally,
    judged: &[JudgedMetric<'_>],
    solved: Option<&SolvedRewards<'_>>,
    resting: &Resting,
    verdicts: &mut BTreeMap<ClaimKey, VerdictCounts>,
    gaps: &mut Gaps,
) {
    let rewarded = stream.items.columns.facts.reward_sums.rewards().map(|(field, _)| field);
    for (beneath, (rows, metrics)) in &resting.0 {
        if let Beneath::Column(name) = beneath
            && rewarded != Some(name)
        {
            let reason = format!("nothing in the log checks their values; {}", proven(metrics));
            gaps.missing(&ClaimKey::Rows(name.clone()), reason.into(), "what each value follows from", *rows);
        }
    }
    for (name, rows) in &stream.items.metrics {
        let what = ClaimKey::Rows(name.clone());
        let mut counts = rows.verdicts;
        if let Some(solved) = solved.filter(|solved| solved.field == name) {
            // Rows without all their parts stay open.
            let VerdictCounts { proven, refuted, unprovable, .. } = solved.verdicts;
            let others = rows.rows.saturating_sub(proven + refuted + unprovable);
            counts = VerdictCounts { proven, refuted, unprovable: unprovable + others, ..VerdictCounts::default() };
        }
        if counts.unprovable > 0 {
            let of_batches = solved.filter(|solved| solved.field == name && solved.has_batches);
            let (reason, log) = of_batches.map_or_else(|| gap(rows), |_| OF_BATCHES);
            let beside = resting.beside(&Beneath::Rows(name.clone()));
            gaps.missing(&what, format!("{reason}{beside}").into(), log, counts.unprovable);
        }
        // Rows of one stream may have metrics of their own each; only one without any lacks this one.
        let lacking = stream.items.unmeasured;
        if lacking > 0 && rows.rows + lacking == stream.items.items {
            counts.unprovable += lacking;
            gaps.missing(&what, "some rows lack the metric".into(), "its value in every row", lacking);
        }
        verdicts.entry(what).or_default().merge(&counts);
    }
    count_rewards(stream, solved, resting, verdicts, gaps);
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

/// The rewards of a stream's rows under the weights of their parts, declared or solved.
pub(super) fn rewards<'s>(stream: &'s StreamTally, judged: &[JudgedMetric<'_>]) -> Option<SolvedRewards<'s>> {
    let claims = || judged.iter().map(|metric| metric.claim);
    stream.items.columns.facts.reward_sums.solve(|part| reward_sums::declared(claims(), part))
}

/// Counts the verdicts on rewards that no format declares as metrics of the rows.
fn count_rewards(
    stream: &StreamTally,
    solved: Option<&SolvedRewards<'_>>,
    resting: &Resting,
    verdicts: &mut BTreeMap<ClaimKey, VerdictCounts>,
    gaps: &mut Gaps,
) {
    let Some((field, rows)) = stream.items.columns.facts.reward_sums.rewards() else { return };
    if stream.items.metrics.contains_key(field) {
        return;
    }
    let what = ClaimKey::Rows(field.to_owned());
    let (counts, reason) = match solved {
        Some(solved) => (solved.verdicts, "the weights of its parts give other values, which a rule may have set"),
        None => {
            let open = VerdictCounts { unprovable: rows, ..VerdictCounts::default() };
            (open, "no weights of its parts give it, or too few rows")
        }
    };
    if counts.unprovable > 0 {
        let beside = resting.beside(&Beneath::Column(field.to_owned()));
        let reason = format!("{reason}{beside}").into();
        gaps.missing(&what, reason, "every part of the reward, with its weight", counts.unprovable);
    }
    verdicts.entry(what).or_default().merge(&counts);
}

/// Why the reward of a batch is undecided, and what to log to decide it.
const OF_BATCHES: (Cow<'static, str>, &str) = (
    Cow::Borrowed("it lies between sums of its parts: a function may have scored only some rollouts of the batch"),
    "how many rollouts each reward function scored",
);

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
pub(super) fn list(run: &str, judged: &[JudgedMetric<'_>], resting: &Resting) -> Vec<MetricReport> {
    let one = |metric: &JudgedMetric<'_>| MetricReport {
        run: run.to_owned(),
        task: metric.claim.of.task.clone(),
        metric: metric.name(),
        definition: metric.definition.clone(),
        reported: metric.claim.value.clone(),
        recomputed: metric.recomputed.filter(|value| value.is_finite()),
        within: if metric.bound.is_finite() { metric.bound } else { 0.0 },
        verdict: metric.verdict,
        unchecked_rows: resting.rows(metric),
    };
    judged.iter().map(one).collect()
}
