//! Solves for constants around a formula.
//!
//! Constants are proposed from rows that no enumerated formula explains. The next pass checks every row against them,
//! as for any other formula.

use crate::formula::{Constant, Formula, Output, Reduce, Scale};
use crate::numeric::{self, Approx};

/// Minimum number of rows that must confirm a constant, besides the one that it was solved from.
pub(super) const MORE_ROWS: usize = 3;
/// Requirements on a constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    /// Minimum share of the rows that it explains.
    pub(super) share: f64,
    /// Maximum relative width of its range.
    pub(super) width: f64,
    /// Whether factors and shifts are refined later. If so, the middle of their range is returned.
    pub(super) rough: bool,
}

/// Bits of one decimal digit.
const DIGIT_BITS: f64 = 3.33;

/// One unexplained row under one formula.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// As printed.
    pub(super) printed: Side,
    /// Before the output function is applied.
    pub(super) undone: Side,
    /// Number of steps.
    pub(super) n: f64,
}

/// A claim and its derived value.
#[derive(Clone, Copy)]
pub(super) struct Side {
    pub(super) claim: Approx,
    pub(super) derived: Approx,
}

impl Side {
    /// Tolerance between the two after the derived value is multiplied by a factor.
    fn within(&self, factor: f64) -> f64 {
        self.claim.half + factor.abs() * self.derived.half
    }

    fn ratio(&self) -> (f64, f64) {
        let ratio = self.claim.value / self.derived.value;
        let half = self.within(ratio) / self.derived.value.abs();
        (ratio - half, ratio + half)
    }
}

/// The constants that a share of the rows agree on, with the number of bits in their digits.
pub(super) fn constants(pairs: &[Pair], formula: &Formula, sought: Sought) -> Vec<(Constant, u32)> {
    let mut found = Vec::new();
    let mut propose = |solved: Option<(Approx, u32)>, trivial: f64, constant: fn(Approx) -> Constant| {
        let is_trivial = |value: &Approx| value.agrees(Approx::exact(trivial));
        if let Some((value, bits)) = solved.filter(|(value, _)| sought.rough || !is_trivial(value)) {
            found.push((constant(value), bits));
        }
    };
    propose(common(pairs, sought, |Pair { printed, .. }| Some(printed.ratio())), 1.0, Constant::Factor);
    propose(
        common(pairs, sought, |Pair { printed, .. }| {
            let (shift, within) = (printed.claim.value - printed.derived.value, printed.within(1.0));
            Some((shift - within, shift + within))
        }),
        0.0,
        Constant::Shift,
    );
    let sought = Sought { rough: false, ..sought };
    if formula.scale == Scale::None && formula.reduce == Reduce::Sum && formula.output != Output::Percent {
        propose(
            common(pairs, sought, |Pair { undone, n, .. }| {
                let (low, high) = undone.ratio();
                let steps = numeric::ln(*n);
                (*n > 1.0 && low > 0.0).then(|| (-numeric::ln(high) / steps, -numeric::ln(low) / steps))
            }),
            0.0,
            Constant::Power,
        );
        propose(
            common(pairs, sought, |Pair { undone, n, .. }| {
                let (low, high) = undone.ratio();
                (low > 0.0).then(|| (1.0 / high - n, 1.0 / low - n))
            }),
            0.0,
            Constant::Offset,
        );
    }
    if found.is_empty()
        && let Some((factor, shift, bits)) = affine(pairs, sought)
    {
        found.push((Constant::Affine { factor, shift }, bits));
    }
    found
}

/// A factor and a shift: the line through the two rows farthest apart, if the other rows lie on it.
fn affine(pairs: &[Pair], sought: Sought) -> Option<(Approx, Approx, u32)> {
    if pairs.len() <= MORE_ROWS + 1 {
        return None;
    }
    let sides = || pairs.iter().map(|pair| pair.printed);
    let low = sides().min_by(|a, b| a.derived.value.total_cmp(&b.derived.value))?;
    let high = sides().max_by(|a, b| a.derived.value.total_cmp(&b.derived.value))?;
    let run = high.derived.value - low.derived.value;
    let slope = (high.claim.value - low.claim.value) / run;
    let half = (high.within(slope) + low.within(slope)) / run;
    let (factor, factor_bits) = plainest(slope - half, slope + half)?;
    let (shift, shift_bits) = common(pairs, sought, |Pair { printed, .. }| {
        let rest = printed.claim.value - factor.value * printed.derived.value;
        let within = printed.within(factor.value) + factor.half * printed.derived.value.abs();
        Some((rest - within, rest + within))
    })?;
    let trivial = factor.agrees(Approx::exact(1.0)) || factor.may_be_zero() || shift.may_be_zero();
    (!trivial).then_some((factor, shift, factor_bits + shift_bits))
}

/// The number that lies in the intervals of the most rows, if they are a sufficient share.
fn common(pairs: &[Pair], sought: Sought, interval: impl Fn(&Pair) -> Option<(f64, f64)>) -> Option<(Approx, u32)> {
    let intervals: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(interval)
        .filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high)
        .collect();
    let mut ends: Vec<(f64, i32)> = intervals.iter().flat_map(|(low, high)| [(*low, 1), (*high, -1)]).collect();
    // Intervals are closed: a point where one ends and another starts belongs to both.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let (mut open, mut best, mut range) = (0, 0, None);
    for (at, (end, step)) in ends.iter().enumerate() {
        open += step;
        if open > best {
            best = open;
            range = ends.get(at + 1).map(|(next, _)| (*end, *next));
        }
    }
    let (low, high) = range?;
    let rows = usize::try_from(best).unwrap_or(0);
    let enough = rows > MORE_ROWS && rows as f64 >= sought.share * pairs.len() as f64;
    let narrow = high - low <= sought.width * low.abs().max(high.abs());
    if !enough || !narrow {
        return None;
    }
    if sought.rough { Some((Approx::exact(f64::midpoint(low, high)), 0)) } else { plainest(low, high) }
}

/// The number with the fewest digits in a range, as an exact value if a few digits suffice, or a known number: an
/// inverse temperature, a change of base. Otherwise the middle of the range. Also returns the number of bits in its
/// digits.
pub(super) fn plainest(low: f64, high: f64) -> Option<(Approx, u32)> {
    let middle = f64::midpoint(low, high);
    if !middle.is_finite() {
        return None;
    }
    let bits = |digits: u32| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
        let bits = (DIGIT_BITS * f64::from(digits)) as u32;
        bits
    };
    let recognised = || {
        let temperatures = (1..20).map(|tenths| 10.0 / f64::from(tenths));
        let units = [numeric::LN_2, numeric::LN_10].into_iter().flat_map(|unit| [unit, 1.0 / unit]);
        let all = temperatures.chain(units).flat_map(|value| [value, -value]);
        all.into_iter().find(|value| (low..=high).contains(value))
    };
    for digits in 0..=4_u32 {
        if digits == 3
            && let Some(value) = recognised()
        {
            return Some((Approx::exact(value), bits(2)));
        }
        let scale = numeric::pow(10.0, f64::from(digits));
        let rounded = (middle * scale).round() / scale;
        if (low..=high).contains(&rounded) {
            return Some((Approx::exact(rounded), bits(digits + 1)));
        }
    }
    Some((Approx::new(middle, (high - low) / 2.0), bits(6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUGHT: Sought = Sought { share: 0.7, width: 0.02, rough: false };

    fn pairs(claim: impl Fn(f64, f64) -> f64) -> Vec<Pair> {
        (0..12)
            .map(|at| {
                let (n, derived) = (f64::from(2 + at), -1.37 * f64::from(at + 1) - 0.1 * f64::from(at % 3));
                let side = Side { claim: Approx::new(claim(derived, n), 1e-6), derived: Approx::exact(derived) };
                Pair { printed: side, undone: side, n }
            })
            .collect()
    }

    fn found(claim: impl Fn(f64, f64) -> f64) -> Vec<String> {
        let sum = Formula::SUM;
        constants(&pairs(claim), &sum, SOUGHT).iter().map(|(constant, _)| constant.to_string()).collect()
    }

    #[test]
    fn constants_are_solved_from_the_rows() {
        assert_eq!(found(|sum, _| 0.7 * sum), [" times 0.7"]);
        assert_eq!(found(|sum, _| sum + 0.25), [" plus 0.25"]);
        assert_eq!(found(|sum, _| 0.5 * sum - 3.0), [" times 0.5 minus 3"]);
        assert_eq!(found(|sum, n| sum / numeric::pow(n, 1.2)), [" divided by the number of tokens to the power 1.2"]);
        assert_eq!(found(|sum, n| sum / (n + 3.0)), [" divided by the number of tokens plus 3"]);
        assert!(found(|sum, n| sum * n + numeric::exp(-n)).is_empty());
    }

    #[test]
    fn few_rows_give_no_constant() {
        let few = &pairs(|sum, _| 0.7 * sum)[..3];
        assert!(constants(few, &Formula::SUM, SOUGHT).is_empty());
    }
}
