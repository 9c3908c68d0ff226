//! The one judge: a reported number against what is derived for it.

use crate::model::Verdict;
use crate::numeric::Approx;

/// A verdict with the numbers that it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Whether the reported number follows.
    pub verdict: Verdict,
    /// The number as reported.
    pub reported: f64,
    /// What is derived for it, or the limit that it should keep.
    pub expected: f64,
    /// How far the two may lie apart: the half-widths of both.
    pub within: f64,
}

impl Judgement {
    /// Whether the number follows.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.verdict == Verdict::Proven
    }

    /// Whether the number contradicts what is derived.
    #[must_use]
    pub fn is_refuted(&self) -> bool {
        self.verdict == Verdict::Refuted
    }
}

/// Whether a reported number is the one that is derived. `claim` has the half-quantum of its printed digits. A claim or a
/// derived value that is NaN cannot be decided, and neither can one of which nothing is known.
#[must_use]
pub fn judge(claim: Approx, derived: Approx) -> Judgement {
    decide(claim, derived, claim.agrees(derived))
}

/// Whether a reported number keeps an upper limit.
#[must_use]
pub fn at_most(claim: Approx, limit: Approx) -> Judgement {
    decide(claim, limit, !limit.is_below(claim))
}

fn decide(claim: Approx, derived: Approx, holds: bool) -> Judgement {
    let within = claim.half + derived.half;
    let verdict = if claim.value.is_nan() || derived.value.is_nan() || !within.is_finite() {
        Verdict::Unprovable
    } else if holds {
        Verdict::Proven
    } else {
        Verdict::Refuted
    };
    Judgement { verdict, reported: claim.value, expected: derived.value, within }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_follows_up_to_the_bounds_of_both_sides() {
        // −0.5 − 0.25 = −0.75; each term may be off by 1/64, the claim by 1/64.
        let derived = Approx::new(-0.75, 0.03125);
        let at = |value: f64| judge(Approx::new(value, 0.015_625), derived);
        let judged = at(-0.796_875);
        assert_eq!(
            judged,
            Judgement { verdict: Verdict::Proven, reported: -0.796_875, expected: -0.75, within: 0.046_875 }
        );
        assert!(at(-0.703_125).is_proven());
        assert!(at((-0.796_875_f64).next_down()).is_refuted());
        assert!(at((-0.703_125_f64).next_up()).is_refuted());
    }

    #[test]
    fn what_is_not_known_is_not_decided() {
        let one = Approx::exact(1.0);
        assert_eq!(judge(Approx::exact(f64::NAN), one).verdict, Verdict::Unprovable);
        assert_eq!(judge(one, Approx::exact(f64::NAN)).verdict, Verdict::Unprovable);
        assert_eq!(judge(one, Approx { value: 7.0, half: f64::INFINITY }).verdict, Verdict::Unprovable);
        assert_eq!(judge(Approx::exact(f64::NEG_INFINITY), one).verdict, Verdict::Refuted);
        let low = Approx::exact(f64::NEG_INFINITY);
        assert_eq!(judge(low, low).verdict, Verdict::Proven);
    }

    #[test]
    fn a_limit_may_be_passed_by_what_the_digits_leave_open() {
        let limit = Approx::exact(1.0);
        assert!(at_most(Approx::new(1.0625, 0.0625), limit).is_proven());
        assert!(at_most(Approx::new(1.125, 0.0625), limit).is_refuted());
        assert!(at_most(Approx::new(-9.0, 0.0), limit).is_proven());
        assert!(at_most(Approx::exact(f64::INFINITY), limit).is_refuted());
    }
}
