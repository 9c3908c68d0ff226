//! Rounding of sums.

use crate::numeric::NumberFormat;

/// The classical bound of the relative rounding error of a running sum of n terms,
/// γ = (n−1)·u ÷ (1 − (n−1)·u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §4.2), relative
/// to Σ|x|.
#[must_use]
pub fn gamma(n: u64, format: NumberFormat) -> f64 {
    let nu = n.saturating_sub(1) as f64 * format.unit_roundoff();
    if nu < 1.0 { nu / (1.0 - nu) } else { nu }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_term_has_no_rounding() {
        assert_eq!(gamma(1, NumberFormat::Bf16).to_bits(), 0.0_f64.to_bits());
        assert_eq!(
            gamma(2, NumberFormat::F32).to_bits(),
            (2_f64.recip() * 2_f64 * NumberFormat::F32.unit_roundoff() / (1.0 - NumberFormat::F32.unit_roundoff()))
                .to_bits()
        );
    }
}
