//! Metrics of a group of tasks, derived from the metrics of its tasks.

use crate::derive::judge;
use crate::metric::answer::{NO_MEMBERS, RunFacts};
use crate::metric::catalogue;
use crate::metric::found::Remark;
use crate::metric::judged::{JudgedMetric, judge as judge_all};
use crate::metric::wrong::AggregateCause;
use crate::model::{RunClaim, TaskGroup, Verdict, Weights};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// Judges metrics without rows: groups of tasks from their tasks' metrics, others by their range.
#[must_use]
pub fn judge_without_rows<'c>(
    claims: &[&'c RunClaim],
    nothing: &RunFacts<'_>,
    all: &[RunClaim],
) -> Vec<JudgedMetric<'c>> {
    let mut judged = judge_all(claims, nothing);
    for metric in &mut judged {
        if let Some(group) = &metric.claim.of.group {
            judge_group(metric, group, all);
        }
    }
    judged
}

/// The metric of one task in a group.
struct Member {
    n: f64,
    /// The value, with the error of its printed digits.
    value: Approx,
}

/// Row counts and values of a group's tasks; None if one of them is missing.
fn members(claim: &RunClaim, group: &TaskGroup, all: &[RunClaim]) -> Option<Vec<Member>> {
    let find = |task: &str, is_it: &dyn Fn(&RunClaim) -> bool| {
        let found =
            all.iter().find(|other| other.of.task == task && other.of.filter == claim.of.filter && is_it(other))?;
        let number = Printed::parse(found.value.as_bytes()).filter(Printed::is_finite)?;
        Some(Approx::new(number.value, found.of.decimals.map_or(0.0, half_of_last_digit)))
    };
    let one = |task: &String| {
        let value = find(task, &|other| other.of.metric == claim.of.metric && other.of.stderr == claim.of.stderr)?;
        let n = match group.weights {
            Weights::Alike => 1.0,
            Weights::BySize | Weights::Either => find(task, &catalogue::is_count)?.value,
        };
        Some(Member { n, value })
    };
    group.tasks.iter().map(one).collect()
}

/// A remark on a group without a value whose tasks all have one.
fn without_value(claim: &RunClaim, group: &TaskGroup, all: &[RunClaim]) -> Option<Remark> {
    let has_value = |task: &String| {
        all.iter().any(|own| {
            let is_it = own.of.task == *task
                && own.of.metric == claim.of.metric
                && own.of.filter == claim.of.filter
                && !own.of.stderr;
            is_it && !own.value.is_empty()
        })
    };
    let count = group.tasks.len();
    if claim.of.stderr || count == 0 || !group.tasks.iter().all(has_value) {
        return None;
    }
    let have = if count == 1 { "its only task has one".to_owned() } else { format!("all its {count} tasks have one") };
    Some(Remark {
        code: "RT606",
        title: format!("the group {} has no value of {}, although {have}", claim.of.task, claim.of.metric),
        help: "aggregate the group under the filter that its tasks report, or drop it from the results",
        expected: None,
        of: (count as u64, count as u64),
    })
}

/// Judges a group's metric: the mean of its tasks' metrics, weighted by their rows or equally. The pooled standard
/// error of the weighted mean is sqrt(Σ (n − 1)·n·se² ÷ (N − k) ÷ N). That of the plain mean is sqrt(Σ se²) ÷ k; some
/// tools average the standard errors instead.
fn judge_group(metric: &mut JudgedMetric<'_>, group: &TaskGroup, all: &[RunClaim]) {
    if metric.claim.value.is_empty() && group.is_empty_group {
        metric.remark = without_value(metric.claim, group, all);
    }
    if !metric.reported.is_finite() {
        return;
    }
    metric.missing = Some(NO_MEMBERS);
    let Some(members) = members(metric.claim, group, all).filter(|members| !members.is_empty()) else { return };
    let count = members.len() as f64;
    let rows: f64 = members.iter().map(|member| member.n).sum();
    let sum = |of: &dyn Fn(&Member) -> Approx| Approx::sum(members.iter().map(of), NumberFormat::F64);
    let alike = sum(&|own| own.value).over(count);
    let weighed = if metric.claim.of.stderr {
        sum(&|own| (own.value * own.value).scaled((own.n - 1.0) * own.n)).over(rows - count).over(rows).sqrt()
    } else {
        sum(&|own| own.value.scaled(own.n)).over(rows)
    };
    let unweighed = if metric.claim.of.stderr { sum(&|own| own.value * own.value).sqrt().over(count) } else { alike };
    let half = metric.claim.of.decimals.map_or(0.0, half_of_last_digit);
    let claim = Approx::new(metric.reported, half).stored(NumberFormat::F64);
    let of = |value: Approx| judge(claim, value.through_stages(NumberFormat::F64));
    let (judged, definition) = match group.weights {
        Weights::Alike => (of(alike), "mean of the tasks, weighted equally"),
        Weights::BySize => (of(weighed), "mean of the tasks, weighted by rows"),
        Weights::Either => {
            let mut judged = of(weighed);
            if of(unweighed).is_proven() {
                judged.verdict = Verdict::Proven;
            }
            (judged, "mean of the tasks, weighted by rows")
        }
    };
    metric.recomputed = Some(judged.expected);
    metric.bound = judged.within;
    definition.clone_into(&mut metric.definition);
    if judged.is_proven() {
        metric.verdict = Verdict::Proven;
        metric.missing = None;
    } else if judged.is_refuted() && !(group.nested || metric.claim.of.stderr && group.weights == Weights::Either) {
        metric.verdict = Verdict::Refuted;
        metric.missing = None;
        metric.cause = Some(AggregateCause::Mismatch);
        let (alike, weighed) = (show(alike.value), show(weighed.value));
        metric.arithmetic = match group.weights {
            Weights::Alike => format!("tasks weighted equally: {alike}"),
            _ => format!("tasks weighted by rows: {weighed}; weighted equally: {alike}"),
        };
    }
}
