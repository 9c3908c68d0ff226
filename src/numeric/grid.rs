//! Whether numbers lie on the grid of a binary format.

use serde::{Deserialize, Serialize};

use crate::numeric::{NumberFormat, log2};

/// Tenths of a bit that one number counts at most: short decimals lie on every grid.
const MOST: u64 = 40;
/// Digits from which on a number is no short decimal: it lies on a coarse grid by chance only, or for a reason.
const LONG: u8 = 12;
/// Tenths of a bit from which on a format counts as recognised: by chance in one column of a million, from five numbers on.
pub(crate) const RECOGNISED: u64 = 200;

/// Whether all numbers seen could be of one format, and how much says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridStats {
    possible: bool,
    tenths_of_bits: u64,
}

impl Default for GridStats {
    fn default() -> Self {
        Self { possible: true, tenths_of_bits: 0 }
    }
}

impl GridStats {
    /// Adds a number that is known up to its half-width.
    pub fn observe(&mut self, value: f64, half: f64, format: NumberFormat) {
        if !self.possible || value == 0.0 {
            return;
        }
        match on_grid(value, half, format) {
            Some(tenths) => self.tenths_of_bits += tenths,
            // What was counted before the first number off the grid depends on the order; forgetting it keeps the merge lawful.
            None => *self = Self { possible: false, tenths_of_bits: 0 },
        }
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: &Self) {
        if self.possible && other.possible {
            self.tenths_of_bits += other.tenths_of_bits;
        } else {
            *self = Self { possible: false, tenths_of_bits: 0 };
        }
    }

    /// Whether no number lies off the grid.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.possible
    }

    /// Whether the numbers could hardly lie on the grid by chance.
    #[must_use]
    pub fn is_recognised(&self) -> bool {
        self.possible && self.tenths_of_bits >= RECOGNISED
    }
}

/// How much it says that a number, known up to a half-width, lies on a format's grid, in tenths of a bit: the spacing over the
/// half-width, but no more than a short decimal can say. None when it lies off the grid.
#[must_use]
pub fn on_grid(value: f64, half: f64, format: NumberFormat) -> Option<u64> {
    uncapped(value, half, format).map(|tenths| tenths.min(MOST))
}

/// The same of a number that was printed with some significant digits: one with many says all that its half-width does.
#[must_use]
pub fn bits_on_grid(value: f64, half: f64, format: NumberFormat, significant: u8) -> Option<u64> {
    if significant >= LONG { uncapped(value, half, format) } else { on_grid(value, half, format) }
}

fn uncapped(value: f64, half: f64, format: NumberFormat) -> Option<u64> {
    let off = (value - format.round(value)).abs();
    // The number at half a last digit from a printed one may be it: 0.125 is printed 0.12.
    if off > half + 4.0 * f64::EPSILON * value.abs() || off.is_nan() {
        return None;
    }
    let spacing = format.half_ulp(value) / half.max(f64::MIN_POSITIVE);
    if spacing <= 1.0 {
        return Some(0);
    }
    let bits = log2(spacing);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 600")]
    let tenths = (10.0 * bits).clamp(0.0, 600.0) as u64;
    Some(tenths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_numbers_on_a_grid_are_recognised_and_one_off_it_is_enough_against() {
        let mut stats = GridStats::default();
        for at in 0..5 {
            let value = NumberFormat::Bf16.round(-0.37 - 0.217 * f64::from(at));
            assert!(!stats.is_recognised(), "{at} numbers");
            stats.observe(value, 1e-9, NumberFormat::Bf16);
        }
        assert!(stats.is_recognised());
        stats.observe(-0.3, 1e-9, NumberFormat::Bf16);
        assert!(!stats.is_possible());
    }

    #[test]
    fn coarse_digits_say_nothing() {
        // At 3, bf16 has steps of 1/64: half of it is less than half of a last digit of 0.1.
        assert_eq!(on_grid(-3.1, 0.05, NumberFormat::Bf16), Some(0));
        assert_eq!(on_grid(-3.1, 1e-6, NumberFormat::Bf16), None);
        assert_eq!(on_grid(-3.125, 1e-9, NumberFormat::Bf16), Some(40));
    }
}
