//! The numbers that the pipeline reported of a run, each against its rows.
//!
//! Judged once per stream; the rules of the family `aggregate` then speak for the reasons found here. The reason is
//! named once, so that one wrong number is one finding.

use crate::metric::MetricRows;
use crate::metric::aggregate::{self, Aggregation, Derived};
use crate::metric::row::same;
use crate::model::{MetricClaim, TaskGroup, Verdict, Weights};
use crate::numeric::{self, ExactSum, LN_2, NumberFormat, Printed, exp, stderr_of_mean};
use crate::tally::{ItemTally, StreamTally};

/// Why a reported number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateCause {
    /// Nothing that is known.
    Mismatch,
    /// The mean of exponentials in place of the exponential of the mean.
    MeanOfExp,
    /// The unweighted mean over rows in place of the mean over tokens.
    MeanOfMeans,
    /// The standard error; with what fits, where something does.
    Stderr(Option<&'static str>),
    /// Divided by the scored rows, though all are counted.
    DroppedRows,
    /// A percentage for a fraction, or the reverse, or outside the range of fractions.
    Percent,
}

/// One reported number.
#[derive(Clone, Debug)]
pub struct JudgedMetric<'c> {
    /// The claim.
    pub claim: &'c MetricClaim,
    /// The number as reported; NaN for "no value".
    pub reported: f64,
    /// The formula, such as `mean(acc)`.
    pub definition: String,
    /// The number that the rows give.
    pub recomputed: Option<f64>,
    /// The tolerance.
    pub bound: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it cannot be decided, and what to log.
    pub missing: Option<(&'static str, &'static str)>,
    /// Why it is wrong.
    pub cause: Option<AggregateCause>,
    /// The arithmetic that shows it, in one line.
    pub arithmetic: String,
}

impl JudgedMetric<'_> {
    /// The metric as messages call it: `acc`, or `acc_stderr`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.claim.stderr { format!("{}_stderr", self.claim.metric) } else { self.claim.metric.clone() }
    }
}

/// Names of the number of rows in a summary.
const COUNTS: [&str; 5] = ["n", "total", "num_items", "num_samples", "count"];
/// Names of the share of items that are right.
const ACCURACIES: [&str; 3] = ["accuracy", "acc", "exact_match"];
/// Digits behind the point from which on a file is taken to print all digits of its numbers.
const FULL: i16 = 12;

const NO_ROWS: (&str, &str) = ("no rows of this metric are logged beside it", "the value of every row");
const NO_FORMULA: (&str, &str) = ("its aggregation has no closed form over the rows", "the aggregation as a formula");
const RANDOM: (&str, &str) =
    ("its standard error is bootstrapped or has no formula", "the seed and the replicates, or nothing");
const NO_VALUE: (&str, &str) = ("the claim has no value", "the number");
const SAMPLE: (&str, &str) = ("the rows may be only some of those it covers", "every row, or the n of these rows");
const DOUBLED: (&str, &str) = ("rows appear twice in the log", "every row once");
const CUSTOM: (&str, &str) = ("the task's own code computes it", "the formula in the task's documentation");
const NO_TOKENS: (&str, &str) = ("it is unclear which tokens it counts", "log-probs of one candidate per item");
const NO_MEMBERS: (&str, &str) =
    ("it is unclear how the group's tasks are weighted", "every task of the group, with its n");
const FEW: (&str, &str) = ("a standard error needs two rows", "more than one row");
const ROWS_WRONG: (&str, &str) = ("the rows beneath it are inconsistent", "rows that match their picks");

/// Whether a claim is the number of rows.
#[must_use]
pub fn is_count(claim: &MetricClaim) -> bool {
    COUNTS.contains(&claim.metric.as_str()) && !claim.stderr
}

/// Judges the numbers reported of one stream of rows.
#[must_use]
pub fn judge<'c>(claims: &[&'c MetricClaim], stream: &StreamTally) -> Vec<JudgedMetric<'c>> {
    let full = claims
        .iter()
        .any(|claim| Printed::parse(claim.printed.as_bytes()).is_some_and(|number| number.decimals >= FULL));
    let counted = claims
        .iter()
        .find(|claim| is_count(claim))
        .and_then(|claim| Printed::parse(claim.printed.as_bytes()))
        .map(|number| number.value);
    let all = Rows { stream, counted, doubled: stream.seen.values().any(|seen| seen.count > 1), full };
    claims.iter().map(|claim| all.judge(claim)).collect()
}

/// Judges numbers without rows: groups of tasks from their tasks' numbers, the others by their range.
#[must_use]
pub fn judge_without_rows<'c>(claims: &[&'c MetricClaim], all: &[MetricClaim]) -> Vec<JudgedMetric<'c>> {
    let mut judged = judge(claims, &StreamTally::default());
    for metric in &mut judged {
        if let Some(group) = &metric.claim.group {
            judge_group(metric, group, all);
        }
    }
    judged
}

/// Numbers of rows and values of a group's tasks; None when one of them is missing.
fn members(claim: &MetricClaim, group: &TaskGroup, all: &[MetricClaim]) -> Option<Vec<Member>> {
    let find = |task: &str, metric: &str, stderr: bool| {
        let found = all.iter().find(|other| {
            other.task == task && other.filter == claim.filter && other.metric == metric && other.stderr == stderr
        })?;
        let number = Printed::parse(found.printed.as_bytes()).filter(Printed::is_finite)?;
        let half = found.decimals.map_or(0.0, |decimals| 0.5 * numeric::pow(10.0, -f64::from(decimals)));
        Some((number.value, half))
    };
    let one = |task: &String| {
        let (value, half) = find(task, &claim.metric, claim.stderr)?;
        let n = match group.weights {
            Weights::Alike => 1.0,
            Weights::BySize | Weights::Either => find(task, "n", false)?.0,
        };
        Some(Member { n, value, half })
    };
    group.tasks.iter().map(one).collect()
}

/// The number of one task of a group.
struct Member {
    n: f64,
    value: f64,
    /// What its rounding leaves open.
    half: f64,
}

/// A group's number: the mean of its tasks' numbers weighed by their rows, or weighed alike. The pooled standard error of
/// the former is sqrt(Σ (n − 1)·n·se² ÷ (N − k) ÷ N); of the latter it is sqrt(Σ se²) ÷ k, or, where a tool averages
/// whatever stands there, the mean.
fn judge_group(metric: &mut JudgedMetric<'_>, group: &TaskGroup, all: &[MetricClaim]) {
    if !metric.reported.is_finite() {
        return;
    }
    metric.missing = Some(NO_MEMBERS);
    let Some(members) = members(metric.claim, group, all).filter(|members| !members.is_empty()) else { return };
    let count = members.len() as f64;
    let rows: f64 = members.iter().map(|member| member.n).sum();
    let alike = members.iter().map(|member| member.value).sum::<f64>() / count;
    let weighed = if metric.claim.stderr {
        let spread: f64 = members.iter().map(|own| (own.n - 1.0) * own.n * own.value * own.value).sum();
        numeric::sqrt(spread / (rows - count) / rows)
    } else {
        members.iter().map(|own| own.n * own.value).sum::<f64>() / rows
    };
    let squares: f64 = members.iter().map(|member| member.value * member.value).sum();
    let unweighed = numeric::sqrt(squares) / count;
    let largest = members.iter().map(|member| member.value.abs()).fold(0.0, f64::max);
    let half = metric.claim.decimals.map_or(0.0, |decimals| 0.5 * numeric::pow(10.0, -f64::from(decimals)));
    let open = members.iter().map(|member| member.half).fold(0.0, f64::max);
    let bound = rounding(members.len() as u64) * largest + half + open;
    let near = |value: f64| (value - metric.reported).abs() <= bound + NumberFormat::F64.half_ulp(value);
    let (derived, fits, definition) = match group.weights {
        Weights::Alike => (alike, near(alike), "mean of the tasks, weighted equally"),
        Weights::BySize => (weighed, near(weighed), "mean of the tasks, weighted by rows"),
        Weights::Either => {
            let either = near(weighed) || near(if metric.claim.stderr { unweighed } else { alike });
            (weighed, either, "mean of the tasks, weighted by rows")
        }
    };
    metric.recomputed = Some(derived);
    metric.bound = bound;
    definition.clone_into(&mut metric.definition);
    if fits {
        metric.verdict = Verdict::Proven;
        metric.missing = None;
    } else if !(group.nested || metric.claim.stderr && group.weights == Weights::Either) {
        metric.verdict = Verdict::Refuted;
        metric.missing = None;
        metric.cause = Some(AggregateCause::Mismatch);
        metric.arithmetic = match group.weights {
            Weights::Alike => format!("tasks weighted equally: {}", show(alike)),
            _ => format!("tasks weighted by rows: {}; weighted equally: {}", show(weighed), show(alike)),
        };
    }
}

struct Rows<'s> {
    stream: &'s StreamTally,
    /// The number of rows that the pipeline claims.
    counted: Option<f64>,
    doubled: bool,
    full: bool,
}

/// What the rows give for a claim, or why they give nothing.
enum Answer {
    Derived(Derived),
    /// Derived, but only a match decides: something else may have entered.
    Maybe(Derived, (&'static str, &'static str)),
    Missing((&'static str, &'static str)),
}

impl Answer {
    /// The same, but only a match decides.
    fn doubted(self, missing: (&'static str, &'static str)) -> Self {
        match self {
            Self::Derived(derived) => Self::Maybe(derived, missing),
            other => other,
        }
    }

    /// The same in another unit.
    fn scaled(self, factor: f64, definition: &str) -> Self {
        let scale = |derived: Derived| Derived {
            value: factor * derived.value,
            bound: factor * derived.bound,
            definition: definition.to_owned(),
        };
        match self {
            Self::Derived(derived) => Self::Derived(scale(derived)),
            Self::Maybe(derived, missing) => Self::Maybe(scale(derived), missing),
            Self::Missing(missing) => Self::Missing(missing),
        }
    }
}

impl Rows<'_> {
    fn judge<'c>(&self, claim: &'c MetricClaim) -> JudgedMetric<'c> {
        let mut judged = JudgedMetric {
            claim,
            reported: f64::NAN,
            definition: String::new(),
            recomputed: None,
            bound: 0.0,
            verdict: Verdict::Unprovable,
            missing: Some(NO_VALUE),
            cause: None,
            arithmetic: String::new(),
        };
        let Some(printed) = Printed::parse(claim.printed.as_bytes()).filter(Printed::is_finite) else { return judged };
        judged.reported = printed.value;
        let rows = self.stream.items.metrics.get(claim.row_metric());
        if claim.custom && rows.is_none() && !is_share_of_items(claim) {
            judged.missing = Some(CUSTOM);
            return judged;
        }
        let answer = match (rows, claim.stderr) {
            _ if is_count(claim) => self.count(claim, &printed),
            (Some(rows), false) => of_rows(claim, rows),
            (Some(rows), true) => stderr_of_rows(claim, rows),
            (None, false) => self.native(claim, &printed),
            (None, true) => self.native_stderr(claim),
        };
        let half = self.half(claim, &printed);
        let (derived, otherwise) = match answer {
            Answer::Missing(missing) => {
                judged.missing = Some(missing);
                out_of_range(&mut judged, rows);
                return judged;
            }
            Answer::Derived(derived) => (derived, None),
            Answer::Maybe(derived, missing) => (derived, Some(missing)),
        };
        judged.definition = derived.definition;
        judged.recomputed = Some(derived.value);
        judged.bound = derived.bound + half;
        judged.missing = None;
        if (derived.value - printed.value).abs() <= judged.bound {
            judged.verdict = Verdict::Proven;
            return judged;
        }
        let items = self.stream.items.items as f64;
        let sample = self.counted.is_some_and(|counted| !same(counted, items));
        if self.doubled {
            judged.missing = Some(DOUBLED);
        } else if let Some(missing) = otherwise {
            judged.missing = Some(missing);
        } else if sample && !COUNTS.contains(&claim.metric.as_str()) {
            judged.missing = Some(SAMPLE);
        } else {
            judged.verdict = Verdict::Refuted;
            self.explain(&mut judged, rows, derived.value, derived.bound, half);
        }
        judged
    }

    /// Half-quantum of a reported number. A harness prints all digits, `0.3` included; a summary may round each
    /// number by itself.
    fn half(&self, claim: &MetricClaim, printed: &Printed) -> f64 {
        if let Some(decimals) = claim.decimals {
            return 0.5 * numeric::pow(10.0, -f64::from(decimals)) + NumberFormat::F64.half_ulp(printed.value);
        }
        let harness = claim.aggregation.is_some() || !claim.filter.is_empty();
        let whole = printed.decimals <= 0 && (same(printed.value, 0.0) || same(printed.value, 1.0));
        let is_count = COUNTS.contains(&claim.metric.as_str()) || claim.metric == "correct";
        if is_count && !claim.stderr || whole || (harness && self.full) {
            return NumberFormat::F64.half_ulp(printed.value);
        }
        0.5 * numeric::pow(10.0, -f64::from(printed.decimals))
    }

    /// The number of rows: all items, or those with a value if the pipeline counts only these.
    fn count(&self, claim: &MetricClaim, printed: &Printed) -> Answer {
        let items = &self.stream.items;
        let known = right(items).map_or(items.items, |(_, known)| known);
        let others = [known, items.tokens.candidates].into_iter().find(|other| same(*other as f64, printed.value));
        let value = others.unwrap_or(items.items) as f64;
        let derived = Derived { value, bound: 0.0, definition: "number of items".to_owned() };
        // Other things are totals and counts, too; selections by hand make a harness count otherwise; and more than
        // there are is RT702's, when ids are missing.
        let plain = matches!(claim.metric.as_str(), "n" | "num_items") && printed.decimals <= 0;
        if plain && claim.aggregation.is_none() && printed.value <= items.items as f64 {
            Answer::Derived(derived)
        } else {
            Answer::Maybe(derived, SAMPLE)
        }
    }

    /// The share of right items. A row without a value is wrong, unless n counts only the others.
    fn accuracy(&self, reported: f64) -> Answer {
        let items = &self.stream.items;
        let Some((right, known)) = right(items) else { return Answer::Missing(NO_ROWS) };
        let share = |count: u64| Derived {
            value: right as f64 / count as f64,
            bound: 2.0 * f64::EPSILON,
            definition: "right items/items".to_owned(),
        };
        let (all, scored) = (share(known.max(items.items)), share(known));
        let nearer = (scored.value - reported).abs() < (all.value - reported).abs();
        if items.correct.refuted > 0 {
            Answer::Maybe(all, ROWS_WRONG)
        } else if self.counted.is_none() && known < items.items {
            Answer::Maybe(if nearer { scored } else { all }, SAMPLE)
        } else if self.counted.is_some_and(|counted| same(counted, known as f64)) {
            Answer::Derived(scored)
        } else {
            Answer::Derived(all)
        }
    }

    fn native(&self, claim: &MetricClaim, printed: &Printed) -> Answer {
        let items = &self.stream.items;
        let tokens = &items.tokens;
        let (sum, scored) = (tokens.total.value(), tokens.tokens as f64);
        let own =
            |value: f64, bound: f64, definition: &str| Derived { value, bound, definition: definition.to_owned() };
        let slack = tokens.bound.value() + rounding(tokens.tokens) * sum.abs();
        let single = tokens.candidates == items.items && tokens.candidates > 0;
        let ends = crate::rules::Fields(items.fields).has(crate::rules::Fields::named("segments"));
        let sure = |derived: Derived| {
            if single && !ends { Answer::Derived(derived) } else { Answer::Maybe(derived, NO_TOKENS) }
        };
        let texts = tokens.without_text == 0 && tokens.bytes > 0;
        match claim.metric.as_str() {
            name if (ACCURACIES.contains(&name) || is_share_of_items(claim)) && is_percent(claim) => {
                let answer = self.accuracy(printed.value / 100.0).scaled(100.0, "100*right items/items");
                if claim.custom { answer.doubted(CUSTOM) } else { answer }
            }
            name if ACCURACIES.contains(&name) => self.accuracy(printed.value),
            "correct" => match right(items) {
                // A fraction is an accuracy under another name.
                Some((right, count)) if count == items.items && printed.decimals <= 0 => {
                    Answer::Derived(own(right as f64, 0.0, "number of right items"))
                }
                _ => Answer::Missing(NO_ROWS),
            },
            _ if tokens.tokens == 0 => Answer::Missing(NO_ROWS),
            "perplexity" | "ppl" | "token_perplexity" => {
                let value = exp(-sum / scored);
                let bound = value * (slack / scored * 1.01 + 64.0 * f64::EPSILON);
                sure(own(value, bound, "exp(-sum(logprob)/tokens)"))
            }
            "loss" | "nll" | "mean_nll" => sure(own(-sum / scored, slack / scored, "-sum(logprob)/tokens")),
            "bits_per_byte" | "bpb" if texts => {
                let bytes = tokens.bytes as f64 * LN_2;
                sure(own(-sum / bytes, slack / bytes + f64::EPSILON, "-sum(logprob)/bytes/ln 2"))
            }
            "byte_perplexity" if texts => {
                let bytes = tokens.bytes as f64;
                let value = exp(-sum / bytes);
                sure(own(value, value * (slack / bytes * 1.01 + 64.0 * f64::EPSILON), "exp(-sum(logprob)/bytes)"))
            }
            "mean_score" | "avg_score" => {
                let count = tokens.candidates as f64;
                Answer::Maybe(own(sum / count, slack / count, "mean(sum(logprob))"), NO_FORMULA)
            }
            _ => Answer::Missing(NO_FORMULA),
        }
    }

    fn native_stderr(&self, claim: &MetricClaim) -> Answer {
        if !ACCURACIES.contains(&claim.metric.as_str()) {
            return Answer::Missing(RANDOM);
        }
        let items = &self.stream.items;
        let Some((right, count)) = right(items) else { return Answer::Missing(NO_ROWS) };
        match stderr_of_shares(right, count) {
            None => Answer::Missing(FEW),
            Some(derived) if count == items.items => Answer::Derived(derived),
            Some(derived) => Answer::Maybe(derived, NO_ROWS),
        }
    }

    /// Names the reason of a wrong number.
    fn explain(
        &self,
        judged: &mut JudgedMetric<'_>,
        rows: Option<&MetricRows>,
        right: f64,
        rounding_bound: f64,
        half: f64,
    ) {
        let reported = judged.reported;
        let near = |value: f64| (value - reported).abs() <= half + rounding_bound + rounding(1000) * value.abs();
        let items = &self.stream.items;
        // Tools name the quotient of sums as they like.
        let name = match judged.claim.aggregation.as_deref() {
            Some("weighted_perplexity") => "word_perplexity",
            _ => judged.claim.metric.as_str(),
        };
        if judged.claim.stderr {
            let n = rows.map_or(items.items, |rows| rows.rows);
            let other = aggregate::other_stderrs(right, n).into_iter().find(|(value, _)| near(*value));
            judged.cause = Some(AggregateCause::Stderr(other.map(|(_, words)| words)));
            judged.arithmetic = match other {
                Some((value, words)) => format!("{} = {words}; sd/√{n} = {}", show(value), show(right)),
                None => format!("sd/√{n} = {}", show(right)),
            };
            return;
        }
        if let Some((value, definition)) = mean_of_exp(name, rows, items).filter(|(value, _)| near(*value)) {
            judged.cause = Some(AggregateCause::MeanOfExp);
            judged.arithmetic = format!("{definition} = {}; {} = {}", show(value), judged.definition, show(right));
            return;
        }
        if let Some((value, definition)) = mean_of_means(name, rows, items).filter(|(value, _)| near(*value)) {
            judged.cause = Some(AggregateCause::MeanOfMeans);
            judged.arithmetic = format!("{definition} = {}; {} = {}", show(value), judged.definition, show(right));
            return;
        }
        if is_fraction(name) {
            for (factor, words) in [(100.0, "100 · "), (0.01, "0.01 · ")] {
                // Both the printed digits and the recomputed value's own rounding are on the reported scale.
                if (right * factor - reported).abs() <= half + rounding_bound * factor + rounding(1000) * reported.abs()
                {
                    judged.cause = Some(AggregateCause::Percent);
                    judged.arithmetic = format!("{words}{} = {}", show(right), show(reported));
                    return;
                }
            }
            if let Some((correct, scored)) = right_of(rows, items)
                && scored > 0
                && scored < items.items
                && near(correct as f64 / scored as f64)
            {
                judged.cause = Some(AggregateCause::DroppedRows);
                judged.arithmetic = format!(
                    "{correct} ÷ {scored} = {} (rows with a value); {correct} ÷ {} = {} (all rows)",
                    show(correct as f64 / scored as f64),
                    items.items,
                    show(right)
                );
                return;
            }
            if !(0.0..=1.0).contains(&reported) && !is_percent(judged.claim) {
                judged.cause = Some(AggregateCause::Percent);
                judged.arithmetic = format!("{} is outside 0 … 1; the rows give {}", show(reported), show(right));
                return;
            }
        }
        judged.cause = Some(AggregateCause::Mismatch);
        judged.arithmetic = format!("{} = {}", judged.definition, show(right));
        // Another unit of the same number.
        let others = [
            (right * LN_2, format!("ln 2 · {}", show(right))),
            (right / LN_2, format!("{} ÷ ln 2", show(right))),
            (exp(right), format!("exp({})", show(right))),
            (numeric::ln(right), format!("ln({})", show(right))),
            (-right, format!("−({})", show(right))),
        ];
        let is_told = |value: f64| near(value) && reported.abs() > 1e3 * half && !is_fraction(name);
        if let Some((_, words)) = others.iter().find(|(value, _)| is_told(*value)) {
            judged.arithmetic += &format!("; {words} = {}", show(reported));
        }
    }
}

/// A fraction outside its range is wrong whatever the rows are.
fn out_of_range(judged: &mut JudgedMetric<'_>, rows: Option<&MetricRows>) {
    let fraction = is_fraction(&judged.claim.metric) && !judged.claim.stderr && rows.is_none();
    // Above 100 it is not a percentage either, and some harnesses define `exact_match` differently.
    if fraction && !(0.0..=1.0).contains(&judged.reported) && judged.claim.aggregation.is_none() {
        judged.verdict = Verdict::Refuted;
        judged.missing = None;
        judged.cause = Some(AggregateCause::Percent);
        judged.arithmetic = format!("{} is outside 0 … 1", show(judged.reported));
    }
}

/// Whether the format says that a number is the share of right items, under whatever name. Where code computes it, a match
/// decides.
fn is_share_of_items(claim: &MetricClaim) -> bool {
    claim.rows.as_deref().is_some_and(|rows| ACCURACIES.contains(&rows))
}

/// Whether the format says that a number is a percentage.
fn is_percent(claim: &MetricClaim) -> bool {
    claim.aggregation.as_deref() == Some("percent_mean")
}

fn rounding(n: u64) -> f64 {
    numeric::gamma(n.saturating_add(8), NumberFormat::F64) * 4.0
}

fn is_fraction(metric: &str) -> bool {
    matches!(
        metric,
        "accuracy"
            | "acc"
            | "exact_match"
            | "acc_norm"
            | "acc_bytes"
            | "acc_mutual_info"
            | "f1"
            | "recall"
            | "precision"
    ) || metric.starts_with("pass@")
}

fn of_rows(claim: &MetricClaim, rows: &MetricRows) -> Answer {
    if rows.custom || claim.custom {
        // Whatever computes a row, a mean of rows is a mean.
        let declared = claim.aggregation.as_deref();
        let mean = Aggregation::of(&claim.metric, declared).filter(|_| declared.is_some());
        return match mean.and_then(|aggregation| aggregation.derive(claim.row_metric(), rows)) {
            Some(derived) => Answer::Maybe(derived, CUSTOM),
            None => Answer::Missing(CUSTOM),
        };
    }
    let Some(aggregation) = Aggregation::of(&claim.metric, claim.aggregation.as_deref()) else {
        return Answer::Missing(NO_FORMULA);
    };
    aggregation.derive(claim.row_metric(), rows).map_or(Answer::Missing(NO_ROWS), Answer::Derived)
}

fn stderr_of_rows(claim: &MetricClaim, rows: &MetricRows) -> Answer {
    if !Aggregation::of(&claim.metric, claim.aggregation.as_deref()).is_some_and(Aggregation::has_stderr) {
        return Answer::Missing(RANDOM);
    }
    if rows.rows < 2 {
        return Answer::Missing(FEW);
    }
    let scale = if is_percent(claim) { 100.0 } else { 1.0 };
    let derived = aggregate::stderr(rows).map(|derived| Derived {
        value: scale * derived.value,
        bound: scale * derived.bound,
        ..derived
    });
    match derived {
        Some(derived) if rows.custom => Answer::Maybe(derived, CUSTOM),
        Some(derived) => Answer::Derived(derived),
        None => Answer::Missing(NO_ROWS),
    }
}

/// Right items and those that are known to be right or wrong: as reported, else from pick and gold.
fn right(items: &ItemTally) -> Option<(u64, u64)> {
    if items.reported > 0 {
        Some((items.reported_right, items.reported))
    } else {
        (items.scored > 0).then_some((items.right, items.scored))
    }
}

fn right_of(rows: Option<&MetricRows>, items: &ItemTally) -> Option<(u64, u64)> {
    if rows.is_some() { None } else { right(items) }
}

fn stderr_of_shares(right: u64, count: u64) -> Option<Derived> {
    let (mut sum, one) = (ExactSum::default(), right as f64);
    sum.add(one);
    let value = stderr_of_mean(count, &sum, &sum)?;
    Some(Derived { value, bound: value * aggregate::stderr_rounding(count), definition: "sd/sqrt(n)".to_owned() })
}

/// The mean over rows of exp(NLL), for a metric that is an exponential.
fn mean_of_exp(name: &str, rows: Option<&MetricRows>, items: &ItemTally) -> Option<(f64, &'static str)> {
    match (rows, name) {
        (Some(rows), "perplexity" | "word_perplexity" | "byte_perplexity") => {
            Some((rows.exps.value() / rows.rows as f64, "mean(exp(-loglikelihood))"))
        }
        (None, "perplexity" | "ppl" | "token_perplexity") => {
            Some((items.tokens.perplexities.value() / items.tokens.candidates as f64, "mean(exp(-mean logprob))"))
        }
        _ => None,
    }
}

/// The mean over rows of their means per token (or word, or byte), weighed alike.
fn mean_of_means(name: &str, rows: Option<&MetricRows>, items: &ItemTally) -> Option<(f64, &'static str)> {
    let count = |rows: &MetricRows| rows.rows as f64;
    let tokens = &items.tokens;
    let mean = -tokens.means.value() / tokens.candidates as f64;
    match (rows, name) {
        (Some(rows), "word_perplexity" | "byte_perplexity") => {
            Some((exp(-rows.means.value() / count(rows)), "exp(-mean(loglikelihood/count))"))
        }
        (Some(rows), "bits_per_byte") => {
            Some((-rows.means.value() / count(rows) / LN_2, "-mean(loglikelihood/bytes)/ln 2"))
        }
        (None, "perplexity" | "ppl" | "token_perplexity") => Some((exp(mean), "exp(mean of the rows' mean NLL)")),
        (None, "loss" | "nll" | "mean_nll") => Some((mean, "mean of the rows' mean NLL")),
        _ => None,
    }
}

/// A number for people: ten significant digits at most, no trailing zeros.
#[must_use]
pub fn show(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || (size != 0.0 && !(1e-5..1e15).contains(&size)) {
        return format!("{value:e}");
    }
    let whole = format!("{size:.0}").len();
    let text = format!("{value:.*}", 10_usize.saturating_sub(whole));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
