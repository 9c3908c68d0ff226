//! Judges an overall metric as the mean of its parts in the same file, with equal weights or weights by size, and a count as
//! their sum.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::definition::is;
use crate::metric::found::{Found, Remark, gives};
use crate::metric::wrong::AggregateCause;
use crate::model::{Part, plain_name};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// Reason for leaving the metric undecided.
const WEIGHTS: Missing = ("it is unclear how its parts are weighted", "n of every part");

/// Reason for leaving a count undecided.
const OTHERS: Missing =
    ("its parts do not add up to it: some may be missing or overlap", "every part once, or the rows themselves");
/// Words in the name of a number that adds up over parts.
const COUNTED: [&str; 17] = [
    "n",
    "num",
    "count",
    "samples",
    "total",
    "size",
    "rows",
    "questions",
    "support",
    "correct",
    "passed",
    "failed",
    "errors",
    "items",
    "examples",
    "problems",
    "tokens",
];

/// The possible means of the parts.
struct Means {
    alike: Approx,
    /// Weighted means, by the field with the sizes.
    weighed: Vec<(String, Approx)>,
    low: Approx,
    high: Approx,
}

fn number(printed: &str) -> Option<Approx> {
    let number = Printed::parse(printed.as_bytes()).filter(Printed::is_finite)?;
    Some(Approx::new(number.value, half_of_last_digit(number.decimals)).stored(NumberFormat::F64))
}

fn means(parts: &[Part]) -> Option<Means> {
    let values: Vec<Approx> = parts.iter().map(|part| number(&part.printed)).collect::<Option<_>>()?;
    let count = values.len() as f64;
    let by = |field: &str| {
        let size = |part: &Part| {
            let (_, printed) = part.sizes.iter().find(|(name, _)| name == field)?;
            number(printed).map(|size| size.value).filter(|size| *size >= 0.0)
        };
        let sizes: Vec<f64> = parts.iter().map(size).collect::<Option<_>>()?;
        let all: f64 = sizes.iter().sum();
        let terms = values.iter().zip(&sizes).map(|(value, size)| value.scaled(*size));
        (all > 0.0).then(|| Approx::sum(terms, NumberFormat::F64).over(all))
    };
    let fields = parts.first()?.sizes.iter().map(|(name, _)| name);
    let weighed = fields.filter_map(|field| Some((field.clone(), by(field)?))).collect();
    let by_value = |a: &&Approx, b: &&Approx| a.value.total_cmp(&b.value);
    Some(Means {
        alike: Approx::sum(values.iter().copied(), NumberFormat::F64).over(count),
        weighed,
        low: *values.iter().min_by(by_value)?,
        high: *values.iter().max_by(by_value)?,
    })
}

/// Judges a count against the counts of its parts; None if the metric is not a count.
fn sum_of_parts(asked: &Asked<'_>) -> Option<Found> {
    let whole = |printed: &str| {
        let number = Printed::parse(printed.as_bytes()).filter(|number| number.is_finite() && number.decimals <= 0)?;
        (number.value >= 0.0).then_some(number.value)
    };
    let is_counted = plain_name(&asked.claim.of.metric).split('_').any(|word| COUNTED.contains(&word));
    let reported = whole(&asked.claim.value).filter(|_| is_counted)?;
    let counts: Vec<f64> = asked.claim.of.parts.iter().map(|part| whole(&part.printed)).collect::<Option<_>>()?;
    let sum: f64 = counts.iter().sum();
    let derived = Derived::new(Approx::exact(sum), format!("sum of {} parts", counts.len()));
    Some(if is(sum, reported) { Found::proven(derived) } else { Found::open(derived, OTHERS) })
}

/// Judges a metric against its parts; None if it has none.
pub(super) fn judge_whole(asked: &Asked<'_>) -> Option<Found> {
    let parts = &asked.claim.of.parts;
    if parts.len() < 2 || asked.claim.of.stderr {
        return None;
    }
    if let Some(found) = sum_of_parts(asked) {
        return Some(found);
    }
    let means = means(parts)?;
    let name = plain_name(&asked.claim.of.metric);
    let says = |words: &[&str]| name.split('_').any(|word| words.contains(&word));
    let (wants_alike, wants_weights) = (says(&["macro", "unweighted"]), says(&["micro", "weighted"]));
    let is_it = |value: Approx| gives(value, asked.reported());
    let of = |value: Approx, words: String| Derived::new(value.through_stages(NumberFormat::F64), words);
    let alike = || of(means.alike, format!("plain mean of {} parts", parts.len()));
    let weighed = |(field, value): &(String, Approx)| of(*value, format!("mean of {} parts by {field}", parts.len()));
    let by_size = means.weighed.iter().find(|(_, value)| is_it(*value));
    let first = means.weighed.first();
    if let Some(found) = by_size {
        // If both means are equal, nothing is wrong.
        if wants_alike && !is_it(means.alike) {
            let why = format!("weighs its parts by `{}`, although its name says that all count alike", found.0);
            return Some(refuted(alike(), &weighed(found), &why));
        }
        return Some(Found::proven(weighed(found)));
    }
    if is_it(means.alike) {
        let Some(first) = first.filter(|_| !wants_alike) else { return Some(Found::proven(alike())) };
        if wants_weights {
            let why = "is the plain mean of its parts, although its name says that they are weighted";
            return Some(refuted(weighed(first), &alike(), why));
        }
        let (reported, by_rows) = (show(asked.printed.value), show(first.1.value));
        let (field, count) = (&first.0, parts.len());
        let metric = &asked.claim.of.metric;
        let remark = Remark {
            code: "RT606",
            title: format!(
                "{metric} {reported} is the plain mean of {count} parts; weighted by {field} it is {by_rows}"
            ),
            help: "weight each part by its rows, or call the number a macro average",
            expected: Some(first.1.value),
            of: (count as u64, count as u64),
        };
        return Some(Found::proven(alike()).remarked(remark));
    }
    let right = if wants_alike { alike() } else { first.map_or_else(alike, weighed) };
    let reported = asked.reported();
    let is_outside = reported.is_below(means.low) || means.high.is_below(reported);
    if is_outside && says(&["aggregated", "average", "avg", "mean", "macro", "micro", "weighted", "overall"]) {
        let why = "is not a mean of its parts, whatever their weights";
        let arithmetic = format!("the parts lie between {} and {}", show(means.low.value), show(means.high.value));
        let found = Found::refuted(right, AggregateCause::GroupWeights, why, arithmetic);
        return Some(found);
    }
    Some(Found::open(right, WEIGHTS))
}

fn refuted(right: Derived, wrong: &Derived, why: &str) -> Found {
    let (ours, theirs) = (show(right.value.value), show(wrong.value.value));
    let arithmetic = format!("{} = {theirs}; {} = {ours}", wrong.definition, right.definition);
    Found::refuted(right, AggregateCause::GroupWeights, why, arithmetic)
}
