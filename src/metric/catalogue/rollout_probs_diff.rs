//! `training/rollout_probs_diff_{mean,max,std}` of verl (`calculate_debug_metrics` in `verl/utils/debug/metrics.py`): over the tokens
//! of the response mask of all rollouts, the mean, the largest and the sample deviation of |exp(trainer) − exp(engine)|.
//!
//! Wrong: over the attention mask, which also counts tokens of tools and users that the engine did not sample; over all positions.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::{TOKEN_SUMS, TokenSums};
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

/// The sum of a column that all rows have.
pub(super) fn sum(asked: &Asked<'_>, name: &str) -> Option<Approx> {
    let columns = asked.facts.columns;
    let own = columns.columns.get(name).filter(|own| own.numbers == columns.rows)?;
    let rounding = ROUNDINGS * NumberFormat::F32.unit_roundoff() * own.sizes.value();
    Some(Approx::exact(own.values.value()).widened(rounding))
}

/// The number of tokens of a mask.
pub(super) fn tokens(asked: &Asked<'_>, names: &TokenSums) -> Option<f64> {
    sum(asked, names.tokens).map(|count| count.value).filter(|count| *count > 0.0)
}

fn mean(asked: &Asked<'_>, names: &TokenSums) -> Option<Approx> {
    Some(sum(asked, names.probs_diff)?.over(tokens(asked, names)?))
}

fn largest(asked: &Asked<'_>, names: &TokenSums) -> Option<Approx> {
    sum(asked, names.largest)?;
    let (_, high) = asked.facts.columns.columns.get(names.largest)?.range?;
    Some(Approx::exact(high).rounded(ROUNDINGS, NumberFormat::F32))
}

fn deviation(asked: &Asked<'_>, names: &TokenSums) -> Option<Approx> {
    let (sum, count) = (sum(asked, names.probs_diff)?, tokens(asked, names).filter(|count| *count > 1.0)?);
    let squares = self::sum(asked, names.squares)?;
    Some((squares - (sum * sum).over(count)).over(count - 1.0).sqrt())
}

/// A number over the response mask; over another one it is wrong.
fn over_masks(asked: &Asked<'_>, words: &str, of: fn(&Asked<'_>, &TokenSums) -> Option<Approx>) -> Option<Found> {
    let [own, others @ ..] = &TOKEN_SUMS;
    let right = Derived::new(of(asked, own)?, format!("{words} over the mask"));
    let wrong = |names: &TokenSums| {
        let why = format!("is over {}, not over the response mask", names.mask);
        Some(Wrong::new(AggregateCause::Mismatch, of(asked, names)?, &format!("{words} over {}", names.mask), &why))
    };
    settle(asked, vec![right], others.iter().filter_map(wrong).collect(), OTHER_ROLLOUTS)
}
