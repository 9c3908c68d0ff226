//! Softmax and its logarithm.

use crate::numeric::{exp, ln};

/// ln Σ exp(x) in one pass: the sum is rescaled whenever a larger value comes (Milakov and Gimelshein, 2018,
/// arXiv 1805.02867). No values give −∞, one value itself, any NaN NaN.
#[must_use]
pub fn logsumexp(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut most = f64::NEG_INFINITY;
    let mut sum = 0.0;
    let mut count = 0_u64;
    for value in values {
        if value.is_nan() {
            return f64::NAN;
        }
        count += 1;
        if value > most {
            sum = if most == f64::NEG_INFINITY { 1.0 } else { sum * exp(most - value) + 1.0 };
            most = value;
        } else if value > f64::NEG_INFINITY && most < f64::INFINITY {
            sum += exp(value - most);
        }
    }
    if count <= 1 || most.is_infinite() { most } else { most + ln(sum) }
}

/// [`logsumexp`] of a slice in two passes.
#[must_use]
pub fn logsumexp_slice(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() <= 1 || most.is_infinite() || values.iter().any(|value| value.is_nan()) {
        return logsumexp(values.iter().copied());
    }
    let sum: f64 = values.iter().map(|value| exp(value - most)).sum();
    most + ln(sum)
}

/// ln softmax of one entry; NaN if the index is out of range.
#[must_use]
pub fn log_softmax(values: &[f64], index: usize) -> f64 {
    let Some(own) = values.get(index) else { return f64::NAN };
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_infinite() || values.iter().any(|value| value.is_nan()) {
        return own - logsumexp_slice(values);
    }
    // Relative to the largest value nothing is lost to its size.
    (own - most) - ln(values.iter().map(|value| exp(value - most)).sum())
}

/// The entropy of the softmax of some values, in nats, and how far it moves per distance that each value may move.
#[must_use]
pub fn entropy(values: &[f64]) -> (f64, f64) {
    let total = logsumexp_slice(values);
    let logs = || values.iter().map(|value| value - total).filter(|log| *log > f64::NEG_INFINITY);
    let entropy: f64 = logs().map(|log| -exp(log) * log).sum();
    (entropy, logs().map(|log| exp(log) * (log + entropy).abs()).sum())
}

/// Softmax of all entries.
#[must_use]
pub fn softmax(values: &[f64]) -> Vec<f64> {
    let total = logsumexp_slice(values);
    values.iter().map(|value| exp(value - total)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entropy_by_hand() {
        // ½, ¼, ¼: 1.5 bits.
        let halves = [0.5_f64, 0.25, 0.25].map(crate::numeric::ln);
        assert!((entropy(&halves).0 - 1.5 * std::f64::consts::LN_2).abs() < 1e-15);
        assert!((entropy(&[3.0; 8]).0 - 3.0 * std::f64::consts::LN_2).abs() < 1e-15);
        assert!(entropy(&[0.0, f64::NEG_INFINITY]).0.abs() < 1e-15);
    }

    #[test]
    fn edges() {
        assert_eq!(logsumexp([]), f64::NEG_INFINITY);
        assert_eq!(logsumexp([-3.25]), -3.25);
        assert!(logsumexp([1.0, f64::NAN]).is_nan());
        assert_eq!(logsumexp([1.0, f64::INFINITY, 2.0]), f64::INFINITY);
        assert_eq!(logsumexp([f64::NEG_INFINITY; 3]), f64::NEG_INFINITY);
        assert_eq!(logsumexp([f64::NEG_INFINITY, -3.25]), -3.25);
    }

    #[test]
    fn summed_logits_case() {
        let aa = log_softmax(&[10.0, 9.0, 0.0], 0) + log_softmax(&[0.0, 0.0, 0.0], 0);
        let bb = log_softmax(&[10.0, 9.0, 0.0], 1) + log_softmax(&[8.0, 7.0, 0.0], 1);
        assert!((aa - -1.411_907_165_643_678_6).abs() < 4e-16, "{aa}");
        assert!((bb - -2.626_801_777_258_622).abs() < 4e-16, "{bb}");
    }

    proptest! {
        #[test]
        fn one_pass_equals_two(values in prop::collection::vec(-80.0..80.0_f64, 1..40)) {
            let (one, two) = (logsumexp(values.iter().copied()), logsumexp_slice(&values));
            prop_assert!((one - two).abs() <= 1e-13 * one.abs().max(1.0));
        }

        #[test]
        fn a_shift_of_all_values_is_a_shift_of_the_result(
            values in prop::collection::vec(-30.0..30.0_f64, 1..20), shift in -500.0..500.0_f64
        ) {
            let moved = logsumexp(values.iter().map(|value| value + shift));
            prop_assert!((moved - shift - logsumexp(values.iter().copied())).abs() < 1e-10);
        }
    }
}
