//! Binary number formats that a value may have passed through.

use serde::{Deserialize, Serialize};

/// A number format, coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// bfloat16: 8 significant bits.
    Bf16,
    /// IEEE half: 11 significant bits.
    F16,
    /// IEEE single: 24 significant bits.
    F32,
    /// IEEE double: 53 significant bits.
    F64,
}

impl NumberFormat {
    /// How tools call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "bf16",
            Self::F16 => "fp16",
            Self::F32 => "fp32",
            Self::F64 => "fp64",
        }
    }

    /// Significant bits, the hidden one included.
    #[must_use]
    pub fn precision(self) -> i32 {
        match self {
            Self::Bf16 => 8,
            Self::F16 => 11,
            Self::F32 => 24,
            Self::F64 => 53,
        }
    }

    /// Exponent of the smallest normal number.
    fn lowest_exponent(self) -> i32 {
        match self {
            Self::Bf16 | Self::F32 => -126,
            Self::F16 => -14,
            Self::F64 => -1022,
        }
    }

    /// Largest finite value.
    fn largest(self) -> f64 {
        match self {
            Self::Bf16 => 3.389_531_389_251_535_5e38,
            Self::F16 => 65504.0,
            Self::F32 => f64::from(f32::MAX),
            Self::F64 => f64::MAX,
        }
    }

    /// Unit roundoff u: |fl(x) − x| ≤ u·|x| for normal x.
    #[must_use]
    pub fn unit_roundoff(self) -> f64 {
        power_of_two(-self.precision())
    }

    /// Half the spacing of the format's numbers at |x|.
    #[must_use]
    pub fn half_ulp(self, x: f64) -> f64 {
        let exponent = exponent(x).max(self.lowest_exponent());
        power_of_two(exponent - self.precision())
    }

    /// The nearest number of the format, ties to even; infinite beyond its range.
    #[must_use]
    pub fn round(self, x: f64) -> f64 {
        match self {
            Self::F64 => x,
            #[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is what is asked for")]
            Self::F32 => f64::from(x as f32),
            Self::Bf16 | Self::F16 => {
                if !x.is_finite() || x == 0.0 {
                    return x;
                }
                // Adding and taking away a number whose last place is the format's spacing rounds to it,
                // ties to even, in the arithmetic of f64.
                let spacing = 2.0 * self.half_ulp(x);
                let shifted = x / spacing;
                let rounded = shifted.round_ties_even() * spacing;
                if rounded.abs() > self.largest() { f64::INFINITY.copysign(x) } else { rounded }
            }
        }
    }
}

/// 2^power, down to the smallest subnormal.
fn power_of_two(power: i32) -> f64 {
    let normal = |power: i32| f64::from_bits(u64::try_from(power + 1023).unwrap_or(0) << 52);
    match power {
        1024.. => f64::INFINITY,
        -1022..=1023 => normal(power),
        -1074..=-1023 => f64::from_bits(1 << (power + 1074)),
        _ => 0.0,
    }
}

/// floor(log2 |x|) of a finite number; the lowest exponent for 0 and subnormals.
fn exponent(x: f64) -> i32 {
    let biased = (x.to_bits() >> 52) & 0x7ff;
    i32::try_from(biased).unwrap_or(0).max(1) - 1023
}

/// The numbers of a format that are too small for all its digits.
#[derive(Clone, Copy, Debug)]
pub struct Subnormals {
    /// The smallest number that has all digits.
    pub normal: f64,
    /// The distance of the numbers below it: what is smaller becomes 0, or one of these.
    pub spacing: f64,
}

/// Of single precision, 2⁻¹²⁶ and 2⁻¹⁴⁹, and of double precision, 2⁻¹⁰²² and 2⁻¹⁰⁷⁴.
pub const SUBNORMALS: [Subnormals; 2] = [
    Subnormals { normal: f32::MIN_POSITIVE as f64, spacing: f32::from_bits(1) as f64 },
    Subnormals { normal: f64::MIN_POSITIVE, spacing: f64::from_bits(1) },
];

/// The distance of the numbers around x, known up to a half-width, where it is too small for all digits of single or of double
/// precision and one of the numbers that are left; 0 elsewhere.
#[must_use]
pub fn subnormal_spacing(x: f64, half: f64) -> f64 {
    let size = x.abs();
    let is_one = |own: &&Subnormals| {
        let nearest = (size / own.spacing).round() * own.spacing;
        // A number between those of a format was computed in a finer one.
        size > 0.0 && size < own.normal && nearest > 0.0 && (size - nearest).abs() <= half + 4.0 * f64::EPSILON * size
    };
    SUBNORMALS.iter().find(is_one).map_or(0.0, |own| own.spacing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_have_few_digits() {
        let single = f64::from(f32::from_bits(1));
        assert_eq!(subnormal_spacing(-1e-41, 1e-45), single);
        assert_eq!(subnormal_spacing(7.0 * single, 0.0), single);
        assert_eq!(subnormal_spacing(1.401e-45, 5e-49), single);
        assert_eq!(subnormal_spacing(2.5e-323, 0.0), f64::from_bits(1));
        assert_eq!([0.0, 1e-100, 1e-37, 0.5].map(|x| subnormal_spacing(x, 0.0)), [0.0; 4]);
        // Four fifths of the smallest number of single precision.
        assert_eq!(subnormal_spacing(1.123_365_606_080_569e-45, 0.0), 0.0);
    }

    #[test]
    fn roundoff_is_half_the_spacing_at_one() {
        assert_eq!(NumberFormat::F32.unit_roundoff(), f64::from(f32::EPSILON) / 2.0);
        assert_eq!(NumberFormat::F64.unit_roundoff(), f64::EPSILON / 2.0);
        assert_eq!(NumberFormat::Bf16.half_ulp(1.5), 0.003_906_25);
        assert_eq!(NumberFormat::Bf16.half_ulp(-33.0), 0.125);
    }

    #[test]
    fn values_round_to_the_grid() {
        assert_eq!(NumberFormat::Bf16.round(-3.347_117), -3.34375);
        assert_eq!(NumberFormat::F16.round(-3.347_117), -3.347_656_25);
        assert_eq!(NumberFormat::F16.round(1e6), f64::INFINITY);
        assert_eq!(NumberFormat::F16.round(2e-8), 0.0);
        assert_eq!(NumberFormat::F16.round(4e-8), 5.960_464_477_539_063e-8);
        assert_eq!(NumberFormat::F32.round(0.1), f64::from(0.1_f32));
    }
}
