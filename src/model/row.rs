//! The plain fields of a row: what a summary beside it may name.

use std::borrow::Cow;

use crate::model::Text;

/// What follows the name of a judge whose threshold is not logged, in the field that says whether it passes a row.
pub const PASSES: &str = " passes";
/// The same in the field that says that it passes a row with a score of 0.
pub const PASSES_AT_0: &str = " passes at 0";

/// Names of fields with numbers of a rollout over the tokens of one mask that have the trainer's and the engine's log-prob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSums {
    /// The mask, in words.
    pub mask: &'static str,
    /// How many tokens.
    pub tokens: &'static str,
    /// Σ |exp(trainer) − exp(engine)|.
    pub probs_diff: &'static str,
    /// Σ of its squares.
    pub squares: &'static str,
    /// The largest.
    pub largest: &'static str,
    /// Σ (engine − trainer).
    pub k1: &'static str,
    /// Σ (r − 1 − ln r) with r = exp(trainer − engine).
    pub k3: &'static str,
    /// The same with r = exp(engine − trainer).
    pub k3_swapped: &'static str,
}

/// Over the response mask, over attention, over all positions.
pub const TOKEN_SUMS: [TokenSums; 3] = [
    TokenSums {
        mask: "the response mask",
        tokens: "tokens of the mask",
        probs_diff: "probs diff over the mask",
        squares: "probs diff squared over the mask",
        largest: "largest probs diff over the mask",
        k1: "k1 over the mask",
        k3: "k3 over the mask",
        k3_swapped: "k3 swapped over the mask",
    },
    TokenSums {
        mask: "attention_mask",
        tokens: "tokens of attention",
        probs_diff: "probs diff over attention",
        squares: "probs diff squared over attention",
        largest: "largest probs diff over attention",
        k1: "k1 over attention",
        k3: "k3 over attention",
        k3_swapped: "k3 swapped over attention",
    },
    TokenSums {
        mask: "all positions",
        tokens: "all positions",
        probs_diff: "probs diff over all",
        squares: "probs diff squared over all",
        largest: "largest probs diff over all",
        k1: "k1 over all",
        k3: "k3 over all",
        k3_swapped: "k3 swapped over all",
    },
];
/// The field with the reward of a rollout.
pub const REWARD: &str = "rollout reward";
/// The field with its advantage.
pub const ADVANTAGE: &str = "rollout advantage";
/// The field with its group, as a number.
pub const GROUP: &str = "rollout group";

/// The value of a plain field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldValue<'t> {
    /// A number, NaN and infinities included.
    Number(f64),
    /// A yes or no.
    Flag(bool),
    /// A text.
    Text(Text<'t>),
    /// Null, or an empty cell.
    Nothing,
}

/// A field of a row with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct RowField<'t> {
    /// The field's name; one inside an object has the object's in front, with a dot.
    pub name: Cow<'t, str>,
    /// Its value.
    pub value: FieldValue<'t>,
}

impl RowField<'_> {
    /// Whether it says that its row failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(&self.value, FieldValue::Text(text) if !text.is_empty())
            && ["error", "exception"].contains(&&*self.name)
    }

    /// The value as a number, a yes being 1.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self.value {
            FieldValue::Number(number) => Some(number),
            FieldValue::Flag(flag) => Some(f64::from(u8::from(flag))),
            FieldValue::Text(_) | FieldValue::Nothing => None,
        }
    }
}

/// The name of a field or metric as names are compared: in lower case, words joined by `_`.
#[must_use]
pub fn plain_name(name: &str) -> Cow<'_, str> {
    // Most names are.
    let is_plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'@' | b'^');
    if name.as_bytes().split(|byte| *byte == b'_').all(|word| !word.is_empty() && word.iter().all(is_plain)) {
        return Cow::Borrowed(name);
    }
    let mut plain = String::with_capacity(name.len());
    for letter in name.trim().chars().flat_map(char::to_lowercase) {
        let is_part = letter.is_alphanumeric() || letter == '@' || letter == '^';
        if is_part {
            plain.push(letter);
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    Cow::Owned(plain.trim_matches('_').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whatever_joins_their_words() {
        assert_eq!(plain_name("Answer Correctness"), "answer_correctness");
        assert_eq!(plain_name("NDCG@10"), "ndcg@10");
        assert_eq!(plain_name(" metrics.F1-score "), "metrics_f1_score");
        assert_eq!(["pass@1", "_f1__macro_", "", "é"].map(plain_name), ["pass@1", "f1_macro", "", "é"]);
    }
}
