//! Finds the length normaliser of a beam search, Σ ÷ n^α, which translation logs do not state.

use crate::formula::{Formula, Output};

/// A hypothesis in the head of a log: Σ of its token scores, its score, its token count with the end token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    /// Σ of the token scores, in the unit of the score.
    pub(super) total: f64,
    /// The score.
    pub(super) score: f64,
    /// Number of tokens.
    pub(super) tokens: usize,
}

/// Minimum number of hypotheses that must agree on an exponent.
const ENOUGH: usize = 3;
/// Maximum relative distance of a score from Σ ÷ n^α. It is far above the error of printed digits and far below the
/// effect of another divisor.
const CLOSE: f64 = 5e-4;
/// Smallest penalty per token that counts as one; smaller values are within [`CLOSE`].
const LEAST_PENALTY: f64 = 0.001;

impl Scored {
    fn follows(&self, alpha: f64, penalty: f64) -> bool {
        let tokens = self.tokens as f64;
        let expected = (self.total - penalty * tokens) / crate::numeric::pow(tokens, alpha);
        (expected - self.score).abs() <= CLOSE * expected.abs().max(0.1)
    }
}

/// α in hundredths, if hypotheses of different lengths agree on a value other than 0 and 1.
pub(super) fn exponent(scored: &[Scored]) -> Option<u16> {
    let informative = || scored.iter().filter(|one| one.tokens > 1 && one.total < 0.0 && one.score < 0.0);
    let mut found: Vec<f64> = informative()
        .map(|one| crate::numeric::ln(one.total / one.score) / crate::numeric::ln(one.tokens as f64))
        .collect();
    found.sort_by(f64::total_cmp);
    let median = *found.get(found.len() / 2)?;
    let alpha = (median * 100.0).round();
    let lengths: std::collections::BTreeSet<usize> = informative().map(|one| one.tokens).collect();
    let agree = informative().filter(|one| one.follows(alpha / 100.0, 0.0)).count();
    let known = alpha.abs() < 0.5 || (alpha - 100.0).abs() < 0.5;
    let holds = found.len() >= ENOUGH && lengths.len() >= 2 && agree * 2 > found.len();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within range")]
    (holds && !known && (1.0..=400.0).contains(&alpha)).then_some(alpha as u16)
}

/// Whether every score follows after the same amount per token is subtracted from the totals: a word penalty, which the
/// log does not show.
pub(super) fn has_word_penalty(scored: &[Scored], alphas: &[f64]) -> bool {
    let lengths: std::collections::BTreeSet<usize> = scored.iter().map(|one| one.tokens).collect();
    let Some(first) = scored.first().filter(|_| scored.len() >= ENOUGH && lengths.len() >= 2) else { return false };
    alphas.iter().any(|alpha| {
        let tokens = first.tokens as f64;
        let penalty = (first.total - first.score * crate::numeric::pow(tokens, *alpha)) / tokens;
        penalty.abs() > LEAST_PENALTY && scored.iter().all(|one| one.follows(*alpha, penalty))
    })
}

/// Possible formulas of a score: without a normaliser, with the length, and with the exponent found in the head.
pub(super) fn formulas(first: &[Formula], exponent: Option<u16>, output: Output) -> Vec<Formula> {
    let other = exponent.map(Formula::sum_over_power).filter(|own| !first.contains(own));
    first.iter().copied().chain(other).map(|formula| Formula { output, ..formula }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(score: impl Fn(f64, f64) -> f64) -> Vec<Scored> {
        let rows = [(-2.25, 6), (-3.5, 9), (-7.125, 4), (-0.75, 12)];
        rows.iter()
            .map(|(total, tokens)| Scored { total: *total, score: score(*total, *tokens as f64), tokens: *tokens })
            .collect()
    }

    #[test]
    fn an_exponent_is_found_where_all_lengths_agree() {
        assert_eq!(exponent(&rows(|total, n| total / crate::numeric::pow(n, 0.6))), Some(60));
        assert_eq!(exponent(&rows(|total, n| total / crate::numeric::pow(n, 1.35))), Some(135));
        assert_eq!(exponent(&rows(|total, n| total / n)), None);
        assert_eq!(exponent(&rows(|total, _| total)), None);
        // Another base is not an exponent, and neither is a length without the end token.
        assert_eq!(exponent(&rows(|total, n| total / n * crate::numeric::LN_2)), None);
        assert_eq!(exponent(&rows(|total, n| total / (n - 1.0))), None);
    }

    #[test]
    fn a_word_penalty_is_the_same_per_token() {
        assert!(has_word_penalty(&rows(|total, n| (total - 0.2 * n) / n), &[0.0, 1.0]));
        assert!(!has_word_penalty(&rows(|total, n| total / n), &[0.0, 1.0]));
        assert!(!has_word_penalty(&rows(|total, n| total / (n - 1.0)), &[0.0, 1.0]));
    }
}
