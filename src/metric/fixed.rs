//! Sums of shares that are the same in any order, as whole numbers of small parts of 1.

use serde::{Deserialize, Serialize};

/// Parts of 1.
const PARTS: f64 = (1_u64 << 60) as f64;
/// Largest number that is added; beyond, nothing is a measure of one row.
const LARGEST: f64 = (1_u64 << 40) as f64;

/// Σ of numbers that are not negative, each rounded to 2⁻⁶⁰.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FixedSum(u128);

impl FixedSum {
    /// Adds a number; what is negative or not a number counts as 0.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^100")]
    pub fn add(&mut self, number: f64) {
        let number = if number > 0.0 { number.min(LARGEST) } else { 0.0 };
        self.0 += (number * PARTS).round() as u128;
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// The sum.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 / PARTS
    }
}

/// Σ of numbers of either sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignedSum {
    above: FixedSum,
    below: FixedSum,
}

impl SignedSum {
    /// Adds a number.
    pub fn add(&mut self, number: f64) {
        self.above.add(number);
        self.below.add(-number);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.above.merge(other.above);
        self.below.merge(other.below);
    }

    /// The sum.
    #[must_use]
    pub fn value(self) -> f64 {
        self.above.value() - self.below.value()
    }
}

#[cfg(test)]
mod tests {
    use super::FixedSum;

    #[test]
    fn any_order_gives_the_same() {
        let of = |numbers: &[f64]| {
            let mut sum = FixedSum::default();
            for number in numbers {
                sum.add(*number);
            }
            sum
        };
        assert_eq!(of(&[0.1, 0.7, 1e-9]), of(&[1e-9, 0.1, 0.7]));
        assert!((of(&[0.25, 0.5]).value() - 0.75).abs() < 1e-15);
        assert!(of(&[-1.0, f64::NAN]).value() <= 0.0);
    }
}
