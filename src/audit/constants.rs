//! Solves for constants in a column that no enumerated formula explains.
//!
//! A sample of the unexplained rows proposes constants; the next pass holds every row to them like to any other formula.

use crate::formula::{Constant, Formula, GrammarEntry, Output, Reduce, Scale};
use crate::numeric::{self, Approx, NumberFormat};
use crate::tally::{Mark, Sample};

/// Entries of the grammar that are left for formulas with constants among those that are tracked row by row.
pub(super) const FITTED: usize = 6;
/// Rows that a constant needs beyond the one that gives it.
const MORE_ROWS: usize = 3;
/// Share of the unexplained rows that a constant explains at least.
const SHARE: f64 = 0.7;
/// Relative width of a constant beyond which it says nothing.
const WIDE: f64 = 0.02;
/// Bits that it takes to say which constant a formula has.
const NAME_BITS: u32 = 5;
/// Bits of one decimal digit.
const DIGIT_BITS: f64 = 3.33;

/// One unexplained row under one formula.
#[derive(Clone, Copy)]
struct Pair {
    /// As printed.
    printed: Side,
    /// Before the output function.
    undone: Side,
    /// Number of steps.
    n: f64,
}

/// A claim beside what is derived for it, and how far it may be off.
#[derive(Clone, Copy)]
struct Side {
    claim: f64,
    within: f64,
    derived: f64,
}

/// The formulas with one or two constants that may explain the rows which no principal formula explains. `entries` are the
/// enumerated ones, in the order of the marks' values, `enumerated` those that a mark's set tells of.
pub(super) fn solve(sample: &Sample, entries: &[GrammarEntry], enumerated: u128) -> Vec<GrammarEntry> {
    let open: Vec<&Mark> =
        sample.marks().into_iter().filter(|mark| !mark.follows && mark.set & enumerated == 0).collect();
    if open.len() <= MORE_ROWS {
        return Vec::new();
    }
    let mut found: Vec<GrammarEntry> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let pairs: Vec<Pair> = open.iter().filter_map(|mark| pair(mark, at, &entry.formula)).collect();
        if (pairs.len() as f64) < SHARE * open.len() as f64 || pairs.len() <= MORE_ROWS {
            continue;
        }
        for constant in constants(&pairs, &entry.formula) {
            let known =
                |other: &GrammarEntry| std::mem::discriminant(&other.constant) == std::mem::discriminant(&constant.0);
            if !found.iter().any(known) {
                found.push(GrammarEntry {
                    formula: entry.formula,
                    constant: constant.0,
                    deviations: entry.deviations + 1,
                    bits: entry.bits + NAME_BITS + constant.1,
                });
            }
        }
        if found.len() >= FITTED {
            break;
        }
    }
    found.truncate(FITTED);
    found
}

fn pair(mark: &Mark, at: usize, formula: &Formula) -> Option<Pair> {
    let derived = if at == 0 { Some(mark.derived) } else { mark.values.get(at).copied().flatten() }?;
    // The bound was found for the convention; under another scale it is about as far from the value.
    let growth = (derived / mark.derived).abs().clamp(1e-6, 1e6);
    let claim = Approx::new(mark.reported, mark.bound * growth.max(1.0)).through_stages(NumberFormat::F32);
    let side = |claim: Approx, derived: f64| Side { claim: claim.value, within: claim.half, derived };
    let undone = side(formula.output.undo(claim), formula.output.undo(Approx::exact(derived)).value);
    let printed = side(claim, derived);
    let usable = claim.value.is_finite() && claim.half.is_finite() && derived.is_finite() && derived != 0.0;
    usable.then(|| Pair { printed, undone, n: f64::from(mark.tokens) })
}

/// The constants that most of the rows agree on, with the bits of their digits.
fn constants(pairs: &[Pair], formula: &Formula) -> Vec<(Constant, u32)> {
    let mut found = Vec::new();
    let mut propose = |solved: Option<(Approx, u32)>, trivial: f64, constant: fn(Approx) -> Constant| {
        if let Some((value, bits)) = solved.filter(|(value, _)| !value.agrees(Approx::exact(trivial))) {
            found.push((constant(value), bits));
        }
    };
    propose(
        common(pairs, |Pair { printed, .. }| {
            let (ratio, half) = (printed.claim / printed.derived, printed.within / printed.derived.abs());
            Some((ratio - half, ratio + half))
        }),
        1.0,
        Constant::Factor,
    );
    propose(
        common(pairs, |Pair { printed, .. }| {
            let shift = printed.claim - printed.derived;
            Some((shift - printed.within, shift + printed.within))
        }),
        0.0,
        Constant::Shift,
    );
    if formula.scale == Scale::None && formula.reduce == Reduce::Sum && formula.output != Output::Percent {
        propose(
            common(pairs, |Pair { undone, n, .. }| {
                let log = |claim: f64| (claim / undone.derived > 0.0).then(|| -numeric::ln(claim / undone.derived));
                let ends = (log(undone.claim - undone.within)?, log(undone.claim + undone.within)?);
                let steps = numeric::ln(*n);
                (*n > 1.0).then(|| (ends.0.min(ends.1) / steps, ends.0.max(ends.1) / steps))
            }),
            0.0,
            Constant::Power,
        );
        propose(
            common(pairs, |Pair { undone, n, .. }| {
                let end = |claim: f64| undone.derived / claim - n;
                let ends = (end(undone.claim - undone.within), end(undone.claim + undone.within));
                (undone.claim.abs() > undone.within).then(|| (ends.0.min(ends.1), ends.0.max(ends.1)))
            }),
            0.0,
            Constant::Offset,
        );
    }
    if found.is_empty()
        && let Some((factor, shift, bits)) = affine(pairs)
    {
        found.push((Constant::Affine { factor, shift }, bits));
    }
    found
}

/// A factor and a shift: the line through the two rows farthest apart, which the others have to lie on.
fn affine(pairs: &[Pair]) -> Option<(Approx, Approx, u32)> {
    if pairs.len() <= MORE_ROWS + 1 {
        return None;
    }
    let sides = || pairs.iter().map(|pair| pair.printed);
    let low = sides().min_by(|a, b| a.derived.total_cmp(&b.derived))?;
    let high = sides().max_by(|a, b| a.derived.total_cmp(&b.derived))?;
    let run = high.derived - low.derived;
    let slope = (high.claim - low.claim) / run;
    let half = (high.within + low.within) / run;
    let (factor, factor_bits) = plainest(slope - half, slope + half)?;
    let (shift, shift_bits) = common(pairs, |Pair { printed, .. }| {
        let rest = printed.claim - factor.value * printed.derived;
        let within = printed.within + factor.half * printed.derived.abs();
        Some((rest - within, rest + within))
    })?;
    let trivial = factor.agrees(Approx::exact(1.0)) || factor.may_be_zero() || shift.may_be_zero();
    (!trivial).then_some((factor, shift, factor_bits + shift_bits))
}

/// The number that lies in the intervals of most rows.
fn common(pairs: &[Pair], interval: impl Fn(&Pair) -> Option<(f64, f64)>) -> Option<(Approx, u32)> {
    let intervals: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(interval)
        .filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high)
        .collect();
    let mut ends: Vec<(f64, i32)> = intervals.iter().flat_map(|(low, high)| [(*low, 1), (*high, -1)]).collect();
    // Where one interval begins as another ends, both hold the point.
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
    let enough = rows > MORE_ROWS && rows as f64 >= SHARE * pairs.len() as f64;
    let narrow = high - low <= WIDE * low.abs().max(high.abs());
    if enough && narrow { plainest(low, high) } else { None }
}

/// The number of a range with the fewest digits, taken as exact where a few do; else its middle. With the bits of its digits.
fn plainest(low: f64, high: f64) -> Option<(Approx, u32)> {
    let middle = f64::midpoint(low, high);
    if !middle.is_finite() {
        return None;
    }
    let bits = |digits: u32| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
        let bits = (DIGIT_BITS * f64::from(digits)) as u32;
        bits
    };
    for digits in 0..=4_u32 {
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

    fn pairs(claim: impl Fn(f64, f64) -> f64) -> Vec<Pair> {
        (0..12)
            .map(|at| {
                let (n, derived) = (f64::from(2 + at), -1.37 * f64::from(at + 1) - 0.1 * f64::from(at % 3));
                let side = Side { claim: claim(derived, n), within: 1e-6, derived };
                Pair { printed: side, undone: side, n }
            })
            .collect()
    }

    fn found(claim: impl Fn(f64, f64) -> f64) -> Vec<String> {
        let sum = Formula::SUM;
        constants(&pairs(claim), &sum).iter().map(|(constant, _)| constant.to_string()).collect()
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
        assert!(constants(few, &Formula::SUM).is_empty());
    }
}
