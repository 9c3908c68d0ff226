//! `training/rollout_probs_diff_{mean,max,std}` of verl (`calculate_debug_metrics` in `verl/utils/debug/metrics.py`): over the tokens
//! of the response mask of all rollouts, the mean, the largest and the sample deviation of |exp(trainer) − exp(engine)|.
//!
//! Wrong: over the attention mask, which also counts tokens of tools and users that the engine did not sample; over all positions.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::facts::{RolloutSum, TokenRows};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::TokenMask;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(|asked| over_masks(asked, "mean of |exp(trainer) - exp(engine)|", mean)),
    ..Metric::new(&["training/rollout_probs_diff_mean", "rollout_probs_diff_mean"], Kind::Number)
};
pub(super) static MAX: Metric = Metric {
    of_columns: Some(|asked| over_masks(asked, "largest |exp(trainer) - exp(engine)|", largest)),
    ..Metric::new(&["training/rollout_probs_diff_max", "rollout_probs_diff_max"], Kind::Number)
};
pub(super) static DEVIATION: Metric = Metric {
    of_columns: Some(|asked| over_masks(asked, "sample deviation of |exp(trainer) - exp(engine)|", deviation)),
    ..Metric::new(&["training/rollout_probs_diff_std", "rollout_probs_diff_std"], Kind::Number)
};

/// Other rollouts may be beneath it.
pub(super) const OTHER_ROLLOUTS: Missing =
    ("it may be of another step, or of more rollouts", "all rollouts of its step");
/// Trainers compute in single precision.
const ROUNDINGS: f64 = 64.0;

/// Masks with the words for them: that of a number of a run, then others.
pub(super) const MASKS: [(TokenMask, &str); 3] = [
    (TokenMask::Response, "the response mask"),
    (TokenMask::Attention, "attention_mask"),
    (TokenMask::All, "all positions"),
];

/// The distances over a mask that all rollouts have.
pub(super) fn over<'a>(asked: &Asked<'a>, mask: TokenMask) -> Option<&'a TokenRows> {
    let facts = &asked.facts.columns.facts;
    facts.tokens.get(&mask).filter(|own| own.rows == facts.rows && own.tokens > 0)
}

/// A sum as a trainer may have added it up.
pub(super) fn sum(own: &RolloutSum) -> Approx {
    let rounding = ROUNDINGS * NumberFormat::F32.unit_roundoff() * own.size.value();
    Approx::exact(own.value.value()).widened(rounding)
}

fn mean(own: &TokenRows) -> Approx {
    sum(&own.probs_diff).over(own.tokens as f64)
}

fn largest(own: &TokenRows) -> Approx {
    Approx::exact(own.largest).rounded(ROUNDINGS, NumberFormat::F32)
}

/// NaN for one token.
fn deviation(own: &TokenRows) -> Approx {
    let (total, squares, count) = (sum(&own.probs_diff), sum(&own.squares), own.tokens as f64);
    (squares - (total * total).over(count)).over(count - 1.0).sqrt()
}

/// A number over the response mask; over another one it is wrong.
fn over_masks(asked: &Asked<'_>, words: &str, of: fn(&TokenRows) -> Approx) -> Option<Found> {
    let [(mask, _), others @ ..] = MASKS;
    let right = Derived::new(of(over(asked, mask)?), format!("{words} over the mask"));
    let wrong = |(mask, name): (TokenMask, &str)| {
        let why = format!("is over {name}, not over the response mask");
        Some(Wrong::new(AggregateCause::Mismatch, of(over(asked, mask)?), &format!("{words} over {name}"), &why))
    };
    settle(asked, vec![right], others.into_iter().filter_map(wrong).collect(), OTHER_ROLLOUTS)
}
