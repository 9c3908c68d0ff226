//! `reward` in the log of a TRL trainer, beside the table of completions of its step: the mean of Σ weight·part. The weights are
//! settings; the advantages in the table say what they are in proportion.
//!
//! Wrong: the plain sum of the parts, although the advantages weigh them.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::Found;
use crate::metric::known::{Kind, Metric};
use crate::metric::weights::solve;
use crate::metric::wrong::AggregateCause;
use crate::numeric::{Approx, NumberFormat, show};

pub(super) static METRIC: Metric =
    Metric { of_columns: Some(of_columns), ..Metric::new(&["log_history.reward"], Kind::Number) };

/// The log averages over steps, and the table holds one batch.
const ONE_BATCH: Missing = (
    "its log may be over more steps than the table of completions, or with other weights",
    "every step, and the weights of the rewards",
);
/// Roundings in single precision of a mean.
const ROUNDINGS: f64 = 64.0;
/// Weights that people set are multiples of this.
const ROUND: f64 = 0.05;
/// How near to one a weight lies that was solved.
const NEAR: f64 = 1e-3;

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let mut all = asked.facts.columns.joint.rewards.iter();
    let (names, rewards) = all.next()?;
    // Functions that leave some rows without a reward are averaged over the others.
    if all.next().is_some() {
        return None;
    }
    let found = solve(rewards)?;
    let (weights, means) = (&found.weights, &found.means);
    let number = |value: f64| Approx::exact(value).rounded(ROUNDINGS, NumberFormat::F32);
    let is_it = |value: f64| crate::derive::judge(asked.reported(), number(value)).is_proven();
    let plain: f64 = means.iter().sum();
    let weighted: f64 = means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum();
    let formula = weighted_sum(names, weights);
    let are_alike = weights.iter().all(|weight| (weight - 1.0 / weights.len() as f64).abs() <= NEAR);
    if are_alike {
        let right = Derived::new(number(plain), format!("mean({})", names.join(" + ")));
        return Some(if is_it(plain) { Found::proven(right) } else { Found::open(right, ONE_BATCH) });
    }
    let right = Derived::new(number(weighted), format!("mean({formula})"));
    if is_it(weighted) {
        return Some(Found::proven(right));
    }
    // Weights that do not add up to 1 give another number, and they may be anything round.
    let factor = asked.printed.value / weighted;
    let is_round =
        |weight: &f64| (weight * factor / ROUND - (weight * factor / ROUND).round()).abs() * ROUND <= NEAR * factor;
    if !is_it(plain) || weights.iter().all(is_round) {
        return Some(Found::open(right, ONE_BATCH));
    }
    let why = format!(
        "is the plain sum of {}, but the advantages of {} groups fit {formula}",
        names.join(" and "),
        found.groups
    );
    let arithmetic =
        format!("mean({}) = {}; {} = {}", names.join(" + "), show(plain), right.definition, show(weighted));
    Some(Found::refuted(right, AggregateCause::Mismatch, &why, arithmetic))
}

/// `0.7*accuracy_reward + 0.3*format_reward`.
fn weighted_sum(names: &[String], weights: &[f64]) -> String {
    let rounded = |weight: &f64| show((weight * 1e3).round() / 1e3);
    let terms: Vec<String> =
        names.iter().zip(weights).map(|(name, weight)| format!("{}*{name}", rounded(weight))).collect();
    terms.join(" + ")
}
