//! Agreement of a column's claims with its convention: whether the printed digits are sufficient evidence.

use serde::{Deserialize, Serialize};

use crate::numeric::Approx;

/// Below this number of rows, each row must be decisive by itself.
const FEW: u64 = 5;
/// From this number of rows on, they are decisive together.
const MANY: u64 = 20;
/// Maximum ratio of bound to values for few rows to be decisive. At three tokens with three decimals, a step of the
/// last digit is a thousandth of a sum of −1 to −4 nats.
const FEW_ROWS: f64 = 1e-3;
/// The same for a medium number of rows: two decimals are enough, one is not.
const SOME_ROWS: f64 = 2e-2;
/// The same for many rows. Another formula differs by more in at least some of them, as long as the bound is well below
/// the values.
const MANY_ROWS: f64 = 0.25;

/// Minimum size of the largest value, in units of the last digit. A column of −1, −2 and 0 is too coarse to be proven.
const QUANTA: f64 = 8.0;

/// 1 ÷ the share of rows above which claims without rounding are not chance.
const SEVERAL: u64 = 4;

/// How a claim agrees with its derived value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The printed operands give the claim, up to the rounding of the arithmetic.
    Identical,
    /// They give it after rounding to its printed digits.
    Exact,
    /// Only unprinted digits can explain the difference.
    Rounded,
}

impl Agreement {
    /// The agreement of a claim within the bound. `printed` is the value derived from the printed operands.
    #[must_use]
    pub fn of(claim: Approx, printed: Approx) -> Self {
        if Approx::exact(claim.value).agrees(printed) {
            Self::Identical
        } else if claim.agrees(printed) {
            Self::Exact
        } else {
            Self::Rounded
        }
    }
}

/// How the rows that follow a column's convention agree with it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Closeness {
    /// Rows in which the printed operands give the claim.
    pub identical: u64,
    /// Rows in which they give it after rounding to its digits.
    pub exact: u64,
    /// Rows in which only unprinted digits can explain the difference.
    pub rounded: u64,
    /// The largest half-quantum of a claim of an exact row.
    pub widest_claim: f64,
    /// The largest bound of a rounded row.
    pub widest: f64,
    /// Evidence of the rounded rows if their claims were exact: log2 of bound over half-quantum, in tenths of a bit.
    pub tenths_of_bits: u64,
    /// Rows compared.
    pub rows: u64,
    /// Claims that are a multiple of a half.
    pub halves: u64,
    /// Claims above 0.
    pub positive: u64,
    /// Smallest and largest claim.
    pub claims: Option<(f64, f64)>,
    /// Smallest and largest derived value.
    pub derived: Option<(f64, f64)>,
}

impl Closeness {
    /// Adds a judged row: its claim, its derived value, and their agreement, if any.
    pub fn observe(&mut self, claim: Approx, derived: Approx, agreement: Option<Agreement>) {
        self.rows += 1;
        if claim.value.is_finite() {
            self.halves += u64::from((2.0 * claim.value).fract() == 0.0);
            self.positive += u64::from(claim.value > claim.half);
            self.claims = spread(self.claims, Some((claim.value, claim.value)));
            self.derived = spread(self.derived, Some((derived.value, derived.value)));
        }
        match agreement {
            None => {}
            Some(Agreement::Identical) => self.identical += 1,
            Some(Agreement::Exact) => {
                self.exact += 1;
                self.widest_claim = self.widest_claim.max(claim.half);
            }
            Some(Agreement::Rounded) => {
                self.rounded += 1;
                let within = claim.half + derived.half;
                self.widest = self.widest.max(within);
                let bits = crate::numeric::log2(within / claim.half.max(f64::MIN_POSITIVE)).clamp(0.0, 40.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 400")]
                let tenths = (bits * 10.0) as u64;
                self.tenths_of_bits += tenths;
            }
        }
    }

    /// Adds another part of the column.
    pub fn merge(&mut self, other: &Self) {
        self.identical += other.identical;
        self.exact += other.exact;
        self.rounded += other.rounded;
        self.widest_claim = self.widest_claim.max(other.widest_claim);
        self.widest = self.widest.max(other.widest);
        self.tenths_of_bits += other.tenths_of_bits;
        self.rows += other.rows;
        self.halves += other.halves;
        self.positive += other.positive;
        self.claims = spread(self.claims, other.claims);
        self.derived = spread(self.derived, other.derived);
    }

    /// Rows within the bound of their convention that prove nothing, because the bound is as large as the differences
    /// between formulas.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let extent = self.derived.map_or(0.0, |(low, high)| low.abs().max(high.abs()));
        let rows = self.identical + self.exact + self.rounded;
        let share = match rows {
            rows if rows < FEW => FEW_ROWS,
            rows if rows < MANY => SOME_ROWS,
            _ => MANY_ROWS,
        };
        let rounded = if self.widest > share * extent { self.rounded } else { 0 };
        // The unit of the last digit is as large as the values, such as 0 for −0.4.
        let coarse = 2.0 * self.widest_claim * QUANTA > extent;
        if self.is_constant() {
            // If the derived values differ, one of them equals the constant by chance.
            return rows;
        }
        let exact = if coarse { self.exact } else { 0 };
        // A few whole numbers among inconclusive claims are no better.
        let identical = if coarse && SEVERAL * self.identical <= rows { self.identical } else { 0 };
        rounded + exact + identical
    }

    /// Whether several rows have the same claim although their derived values differ.
    fn is_constant(&self) -> bool {
        let same = |range: Option<(f64, f64)>| range.is_none_or(|(low, high)| low.total_cmp(&high).is_eq());
        self.rows > 1 && same(self.claims) && !same(self.derived)
    }
}

/// The smallest range that contains both.
fn spread(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of −1.5, −0.9 and −1.2 with a claim, printed with one decimal.
    fn typed(claims: &[f64]) -> Closeness {
        let mut closeness = Closeness::default();
        for claim in claims {
            let (claim, derived) = (Approx::new(*claim, 0.05), Approx::new(-3.6, 0.15));
            let agreement = Agreement::of(claim, Approx::new(-3.6, 1e-6));
            closeness.observe(claim, derived, Some(agreement));
        }
        closeness
    }

    #[test]
    fn printed_numbers_that_add_up_are_decided_and_rounding_of_one_decimal_is_not() {
        assert_eq!((typed(&[-3.6]).identical, typed(&[-3.6]).undecided()), (1, 0));
        assert_eq!((typed(&[-3.5]).rounded, typed(&[-3.5]).undecided()), (1, 1));
        assert_eq!(typed(&[-3.5, -3.7]).undecided(), 2);
    }

    #[test]
    fn fine_digits_decide_one_row() {
        let mut closeness = Closeness::default();
        let (claim, derived) = (Approx::new(-1.8024, 0.5e-4), Approx::new(-1.8023, 1e-4));
        closeness.observe(claim, derived, Some(Agreement::of(claim, Approx::new(-1.8023, 1e-7))));
        assert_eq!((closeness.rounded, closeness.undecided()), (1, 0));
    }

    #[test]
    fn a_column_of_one_number_proves_nothing() {
        let mut zeros = Closeness::default();
        for at in 0..400 {
            let derived = Approx::new(-0.45 + 0.001 * f64::from(at), 1e-6);
            zeros.observe(Approx::new(0.0, 0.5), derived, Some(Agreement::of(Approx::new(0.0, 0.5), derived)));
        }
        assert_eq!(zeros.undecided(), 400);
        assert_eq!(zeros.identical + zeros.exact, 400);
    }

    #[test]
    fn many_rows_decide_together() {
        let mut closeness = Closeness::default();
        for at in 0..30 {
            let value = -3.0 - f64::from(at);
            let claim = Approx::new(value + 0.1, 0.05);
            closeness.observe(claim, Approx::new(value, 0.15), Some(Agreement::Rounded));
        }
        assert_eq!((closeness.rounded, closeness.undecided()), (30, 0));
    }
}
