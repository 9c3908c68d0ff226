//! Tables of minicons: a token per row under `sentence_id, token_id, token, logprob[, prob][, surprisal][, rank]`.
//!
//! The output of `minicons/scorer.py`, usually written with pandas. `token_id` counts the tokens of a sentence, and a
//! first token without a score has 0.0. With `base_two` the log-probs are in bits under the same name.

use crate::numeric::{LN_2, exp};

/// Whether a table has these columns.
pub(super) fn has_columns(header: &[String]) -> bool {
    ["sentence_id", POSITION, "token"].iter().all(|name| header.iter().any(|column| column == name))
}

/// The column that counts the tokens of a sentence. In other tables it is an id in the vocabulary.
pub(super) const POSITION: &str = "token_id";
/// The column with the token's rank in the vocabulary by probability. In other tables it names a candidate.
pub(super) const RANK: &str = "rank";

/// Maximum difference between a probability and the value expected for a unit. It admits values printed with two
/// digits, and still separates nats from bits except for tokens that are almost certain or almost impossible.
const CLOSE: f64 = 0.02;

/// Whether the probabilities follow from log-probs in bits rather than in nats.
pub(in crate::format) fn are_in_bits(pairs: impl Iterator<Item = (f64, f64)>) -> bool {
    let mut fits = [0_u32; 2];
    for (logprob, prob) in pairs {
        for (count, unit) in fits.iter_mut().zip([1.0, LN_2]) {
            *count += u32::from((exp(logprob * unit) - prob).abs() <= CLOSE);
        }
    }
    fits[1] > fits[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_told_by_the_probabilities() {
        let nats = [(-1.758_121, 0.172_368), (-0.214_561, 0.806_896), (-4.635_62, 0.009_7)];
        assert!(!are_in_bits(nats.into_iter()));
        assert!(are_in_bits(nats.into_iter().map(|(logprob, prob)| (logprob / LN_2, prob))));
        assert!(!are_in_bits([(0.0, 1.0)].into_iter()));
    }
}
