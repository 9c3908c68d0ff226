//! Checks a number against a weighted sum of other numbers of its record, or against two bounds in it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::derive::{Judgement, at_most, judge};
use crate::metric::pairs::Said;
use crate::model::Verdict;
use crate::numeric::{Approx, NumberFormat, Printed};

/// Roundings granted to each number: means over a batch, over several batches, over several devices.
const ROUNDINGS: f64 = 8.0;

/// Judges a number against Σ weight·number. Trainers may keep the terms in 16 bits before averaging, so differences
/// that this explains are left undecided.
pub(super) fn judge_combination(claim: Approx, terms: &[(f64, Printed)], is_certain: bool) -> Option<Said> {
    if terms.is_empty() || !terms.iter().all(|(_, number)| number.is_finite()) {
        return None;
    }
    let each = terms.iter().map(|(weight, number)| Approx::printed(number).scaled(*weight));
    let sizes: f64 = terms.iter().map(|(weight, number)| (weight * number.value).abs()).sum();
    let exact = Approx::sum(each, NumberFormat::F64);
    let within = |format: NumberFormat| exact.widened(ROUNDINGS * format.unit_roundoff() * sizes);
    let judged = judge(claim, within(NumberFormat::F32));
    if !judged.is_refuted() {
        return Some(Said { judged, instead: Vec::new() });
    }
    let claim = claim.widened(ROUNDINGS * NumberFormat::Bf16.unit_roundoff() * claim.value.abs());
    let loose = within(NumberFormat::Bf16);
    if judge(claim, loose).is_proven() {
        return Some(Said { judged: Judgement { verdict: Verdict::Unprovable, ..judged }, instead: Vec::new() });
    }
    if !is_certain {
        return Some(Said { judged: Judgement { verdict: Verdict::Unprovable, ..judged }, instead: Vec::new() });
    }
    let mut instead = Vec::new();
    if judge(claim, -loose).is_proven() {
        instead.push(Cow::Borrowed("what its parts give with the other sign"));
    } else if terms.iter().any(|(weight, _)| (weight - 1.0).abs() > 0.0) {
        let plain = terms.iter().map(|(_, number)| Approx::printed(number));
        let plain =
            Approx::sum(plain, NumberFormat::F64).widened(ROUNDINGS * NumberFormat::F32.unit_roundoff() * sizes);
        if judge(claim, plain).is_proven() {
            instead.push(Cow::Borrowed("the plain sum of its parts"));
        }
    }
    Some(Said { judged, instead })
}

/// Judges a number against the mean of others, with zeros beside them: none, or so many.
pub(super) fn judge_mean(claim: Approx, numbers: &[Printed], (fewest, most): (usize, usize)) -> Option<Said> {
    let count = numbers.len();
    let sum = Approx::sum(numbers.iter().map(|number| Approx::exact(number.value)), NumberFormat::F64);
    let mean = |zeros: usize| sum.over((count + zeros) as f64).rounded(ROUNDINGS, NumberFormat::F32);
    let all = std::iter::once(0).chain(fewest.max(1)..=most).filter(|zeros| count + zeros > 0);
    let first = judge(claim, mean(all.clone().next()?));
    if let Some(judged) = all.map(|zeros| judge(claim, mean(zeros))).find(Judgement::is_proven) {
        return Some(Said { judged, instead: Vec::new() });
    }
    let different: BTreeSet<u64> = numbers.iter().map(|number| number.value.to_bits()).collect();
    let of_different = Approx::exact(different.iter().map(|bits| f64::from_bits(*bits)).sum::<f64>());
    let of_different = of_different.over(different.len() as f64).rounded(ROUNDINGS, NumberFormat::F32);
    let is_of_different = !different.is_empty() && judge(claim, of_different).is_proven();
    let instead = is_of_different.then_some(Cow::Borrowed("the mean of the different values, each counted once"));
    Some(Said { judged: first, instead: instead.into_iter().collect() })
}

/// Single-precision roundings granted to a mean relative to its extremes.
const OF_MEAN: f64 = 64.0;

/// Judges a number that must lie between two others. Any value between them is undecided.
pub(super) fn judge_between(claim: Approx, low: Option<&Printed>, high: Option<&Printed>) -> Said {
    let open = |number: &Printed| Approx::printed(number).rounded(OF_MEAN, NumberFormat::F32);
    let low = low.filter(|number| number.is_finite()).map(open);
    let high = high.filter(|number| number.is_finite()).map(open);
    if let Some(low) = low.filter(|low| claim.is_below(*low)) {
        let judged = Judgement { within: claim.half + low.half, ..judge(claim, low) };
        return Said { judged, instead: vec![Cow::Borrowed("below its minimum")] };
    }
    if let Some(high) = high {
        let judged = at_most(claim, high);
        if judged.is_refuted() {
            return Said { judged, instead: vec![Cow::Borrowed("above its maximum")] };
        }
    }
    let judged = Judgement { verdict: Verdict::Unprovable, reported: claim.value, expected: f64::NAN, within: 0.0 };
    Said { judged, instead: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(claim: &str, terms: &[(f64, &str)]) -> (Verdict, Vec<String>) {
        let number = |text: &str| Printed::parse(text.as_bytes()).unwrap();
        let terms: Vec<(f64, Printed)> = terms.iter().map(|(weight, text)| (*weight, number(text))).collect();
        let said = judge_combination(Approx::printed(&number(claim)), &terms, true).unwrap();
        (said.judged.verdict, said.instead.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn a_margin_is_a_difference() {
        // 0.25 − −0.125 = 0.375.
        let of = |claim: &str| verdict(claim, &[(1.0, "0.25000000"), (-1.0, "-0.12500000")]);
        assert_eq!(of("0.37500000").0, Verdict::Proven);
        // Off by 0.001, below 8 · 2^-9 · (0.375 + 0.375) = 0.012, so 16 bits explain it.
        assert_eq!(of("0.37600000").0, Verdict::Unprovable);
        assert_eq!(of("0.40000000"), (Verdict::Refuted, vec![]));
        assert_eq!(of("-0.37500000"), (Verdict::Refuted, vec!["what its parts give with the other sign".to_owned()]));
    }

    #[test]
    fn the_digits_of_the_terms_leave_their_part_open() {
        // 0.3 − 0.1 is within 0.1 of 0.2.
        assert_eq!(verdict("0.29", &[(1.0, "0.3"), (-1.0, "0.1")]).0, Verdict::Proven);
        assert_eq!(verdict("0.35", &[(1.0, "0.3"), (-1.0, "0.1")]).0, Verdict::Refuted);
    }

    #[test]
    fn weights_that_are_left_out_are_named() {
        // 0.7 · 0.5 + 0.3 · 1 = 0.65; 0.5 + 1 = 1.5.
        let of = |claim: &str| verdict(claim, &[(0.7, "0.50000000"), (0.3, "1.00000000")]);
        assert_eq!(of("0.65000000").0, Verdict::Proven);
        assert_eq!(of("1.50000000"), (Verdict::Refuted, vec!["the plain sum of its parts".to_owned()]));
    }

    #[test]
    fn a_mean_may_count_zeros() {
        let of = |claim: f64, zeros: (usize, usize)| {
            let numbers = [1.0, 1.0, 1.0, 0.0].map(Printed::from_f64);
            let said = judge_mean(Approx::exact(claim), &numbers, zeros).unwrap();
            (said.judged.verdict, said.instead.len())
        };
        // 3 of 4, 3 of 6, and (1 + 0)/2.
        assert_eq!(of(0.75, (0, 0)), (Verdict::Proven, 0));
        assert_eq!(of(0.5, (2, 2)), (Verdict::Proven, 0));
        assert_eq!(of(0.5, (0, 0)), (Verdict::Refuted, 1));
        assert_eq!(of(0.6, (2, 2)), (Verdict::Refuted, 0));
        assert_eq!(of(0.6, (0, 2)), (Verdict::Proven, 0));
    }

    #[test]
    fn a_mean_lies_between_the_extremes() {
        let number = |text: &str| Printed::parse(text.as_bytes()).unwrap();
        let of = |claim: &str| {
            let said = judge_between(Approx::printed(&number(claim)), Some(&number("0.25")), Some(&number("0.750")));
            (said.judged.verdict, said.instead.first().map(|words| words.clone().into_owned()))
        };
        assert_eq!(of("0.5"), (Verdict::Unprovable, None));
        // 0.7504 is within half of the last digit of 0.750.
        assert_eq!(of("0.7504"), (Verdict::Unprovable, None));
        assert_eq!(of("0.7600"), (Verdict::Refuted, Some("above its maximum".to_owned())));
        assert_eq!(of("-1.5"), (Verdict::Refuted, Some("below its minimum".to_owned())));
    }
}
