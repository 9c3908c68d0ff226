//! Tests on counts and the standard error of a mean.

use crate::numeric::{ExactSum, exp, sqrt};

/// The exact two-sided test of `McNemar`: min(1, 2·P(Bin(b + c, ½) ≤ min(b, c))).
#[must_use]
pub fn mcnemar_exact(gained: u64, lost: u64) -> f64 {
    let n = gained + lost;
    let k = gained.min(lost);
    if n == 0 {
        return 1.0;
    }
    let (total, half) = (n as f64, k as f64);
    // Largest term of the tail from log-gamma, the others by their ratio, largest first.
    let log_term = libm::lgamma(total + 1.0)
        - libm::lgamma(half + 1.0)
        - libm::lgamma(total - half + 1.0)
        - total * crate::numeric::LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut at = k;
    while at > 0 && term > 1e-17 {
        term *= at as f64 / (n - at + 1) as f64;
        sum += term;
        at -= 1;
    }
    (2.0 * sum * exp(log_term)).min(1.0)
}

/// Sample standard deviation over √n: sqrt((Σx² − (Σx)²/n) ÷ (n − 1)) ÷ √n. None for fewer than two values.
#[must_use]
pub fn stderr_of_mean(n: u64, sum: &ExactSum, squares: &ExactSum) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let count = n as f64;
    let total = sum.value();
    // n·Σx² − (Σx)² without cancellation: both products are taken exactly.
    let mut spread = ExactSum::default();
    spread.add_product(count, squares.value());
    spread.add_product(-total, total);
    let variance = spread.value().max(0.0) / count / (count - 1.0);
    Some(sqrt(variance) / sqrt(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcnemar_by_hand() {
        assert!((mcnemar_exact(15, 10) - 0.424_356).abs() < 1e-6);
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(5, 5), 1.0);
        assert!((mcnemar_exact(6, 0) - 0.031_25).abs() < 1e-12);
        assert!(mcnemar_exact(1_000_000, 1_010_000) < 1e-10);
    }

    #[test]
    fn standard_error_of_zeros_and_ones() {
        let (mut sum, mut squares) = (ExactSum::default(), ExactSum::default());
        for at in 0..5000 {
            let value = f64::from(u8::from(at < 2));
            sum.add(value);
            squares.add_product(value, value);
        }
        assert!((stderr_of_mean(5000, &sum, &squares).unwrap() - 2.828e-4).abs() < 1e-7);
        assert_eq!(stderr_of_mean(1, &sum, &squares), None);
    }
}
