//! Decides whether a claim follows from a formula: it is within the bounds of both and, after a cast, on the grid of
//! the cast, or it is too small for its number format.

use crate::derive;
use crate::formula::{Cast, Formula, GrammarEntry, Output, Reduce, SequenceFacts, Term};
use crate::numeric::{Approx, SUBNORMALS, on_grid};

/// Maximum factor by which a cast to 16 bits changes a sum, with a margin for the error of printed digits.
const MOVED: f64 = 1.1;
/// The same for the exponential of a sum.
const MOVED_EXPONENTIAL: f64 = 8.0;

/// Whether a claim follows from a formula. `derived` is the value after the cast, if there is one. A claim that needs
/// the cast must lie on its grid.
pub(super) fn follows(
    facts: &SequenceFacts,
    entry: &GrammarEntry,
    cast: Option<Cast>,
    claimed: Approx,
    derived: Approx,
) -> bool {
    let GrammarEntry { formula, constant, .. } = entry;
    if underflows(formula, derived.value, claimed.value) {
        return true;
    }
    if !derive::judge(claimed, derived).is_proven() {
        return false;
    }
    let Some(cast) = cast else { return true };
    let without = || facts.evaluate_with(formula, constant, None);
    without().is_some_and(|derived| derive::judge(claimed, derived).is_proven())
        || facts.undo(formula, constant, claimed).is_some_and(|undone| {
            let reported = undone.at(cast.stage);
            on_grid(reported.value, reported.half, cast.format).is_some()
        })
}

/// Whether a cast to 16 bits can explain the difference between a formula's value and a claim.
pub(super) fn may_be_cast(formula: &Formula, claimed: Approx, derived: Approx) -> bool {
    let most = if formula.is_exponential() { MOVED_EXPONENTIAL } else { MOVED };
    let [one, other] = [-1.0, 1.0].map(|side| (claimed.value + side * claimed.half) / derived.value);
    claimed.value.is_finite() && one.max(other) >= 1.0 / most && one.min(other) <= most
}

/// Largest log of a product that single precision rounds to 0: ln of its smallest normal number.
const UNDERFLOW: f64 = -87.3;
/// Smallest subnormal number as printed with two digits, in units of its spacing: 1.4e-45 for 1.4013e-45.
const LEAST: f64 = 0.95;

/// Whether a claim is a value too small for its format: the log of a product of linear shares, or a probability.
/// Products keep accumulating rounding errors there, up to one spacing per factor; a few are allowed.
pub(super) fn underflows(formula: &Formula, derived: f64, claimed: f64) -> bool {
    if formula.term == Term::LinearLogit {
        return claimed == f64::NEG_INFINITY && derived < UNDERFLOW;
    }
    let is_probability = formula.reduce == Reduce::Product || formula.output == Output::Exp;
    is_probability
        && SUBNORMALS.iter().any(|own| {
            let is_below = derived.abs() < own.normal && claimed.abs() < own.normal;
            // The format has no number between 0 and its spacing. A claim in this range was computed in a finer format.
            let is_number = claimed.abs() >= LEAST * own.spacing;
            is_below && (claimed == 0.0 || (is_number && (claimed - derived).abs() <= 8.0 * own.spacing))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_for_single_precision_is_zero_or_one_of_its_numbers() {
        let product = Formula::PRODUCT;
        assert!(underflows(&product, 2.2e-119, 0.0));
        assert!(underflows(&product, 3.0e-45, 1.4e-45));
        // A seventh of the product, in digits that only double precision has.
        assert!(!underflows(&product, 2.21e-119, 3.21e-120));
        assert!(!underflows(&product, 2.21e-30, 0.0));
        // Five spacings of double precision, for a product between them.
        assert!(underflows(&product, 2.7e-323, 2.5e-323));
    }
}
