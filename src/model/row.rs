//! The plain fields of a row, which a summary beside it may name, and what else a format finds in it.

use std::borrow::Cow;

use crate::model::{At, Text, TokenMask};
use crate::numeric::Printed;

/// Numbers of a rollout over the tokens of one mask that have the trainer's and the engine's log-prob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenSums {
    /// The tokens.
    pub mask: TokenMask,
    /// How many.
    pub tokens: u64,
    /// Σ |exp(trainer) − exp(engine)|.
    pub probs_diff: f64,
    /// Σ of its squares.
    pub squares: f64,
    /// The largest.
    pub largest: f64,
    /// Σ (engine − trainer).
    pub k1: f64,
    /// Σ (r − 1 − ln r) with r = exp(trainer − engine).
    pub k3: f64,
    /// The same with r = exp(engine − trainer).
    pub k3_swapped: f64,
}

/// The documents that a search returned for a query.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Returned {
    /// Ranks from 1 with the relevance of what stands there; those that are not relevant are left out.
    pub relevant: Vec<(u32, f64)>,
    /// How many documents were returned; None where only the rank of a relevant one is logged.
    pub documents: Option<u32>,
    /// The relevance of every judged document in the order logged; None where only that of returned ones is.
    pub judged: Option<Vec<f64>>,
    /// Whether the rank was logged as 0.
    pub is_rank_zero: bool,
}

/// One answer of several to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Hash of the answer's text.
    pub answer: u64,
    /// Whether it is right.
    pub right: bool,
}

/// What a reward with its parts is logged of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewardOf {
    /// One rollout.
    Rollout,
    /// A batch of rollouts: reward and parts are means, each part over the rollouts that its function scored.
    Batch,
}

/// What a format finds in a row besides its plain fields. A type of its own, so that no field of a log is taken for it.
#[derive(Clone, Debug, PartialEq)]
pub enum RowFact<'t> {
    /// Whether a judge without a logged threshold passes the row.
    Judged {
        /// The judge.
        judge: Cow<'t, str>,
        /// Whether it passes.
        passes: bool,
        /// Whether its score is 0.
        is_zero: bool,
    },
    /// How far trainer and engine of a rollout lie apart.
    Tokens(TokenSums),
    /// The reward of a rollout with its advantage.
    Rollout {
        /// Hash of what it shares with the rollouts of its group.
        group: u64,
        /// The reward.
        reward: f64,
        /// The advantage.
        advantage: f64,
        /// Where the advantage stands.
        at: At,
    },
    /// The rewards of a rollout by function, with its advantage.
    Rewards {
        /// Hash of what it shares with the rollouts of its group.
        group: u64,
        /// The rewards, by the name of their function.
        parts: Vec<(Cow<'t, str>, f64)>,
        /// The advantage.
        advantage: f64,
    },
    /// The reward of a row with the parts that it is made of.
    Rewarded {
        /// The row's name.
        item: Cow<'t, str>,
        /// The field of the reward.
        name: &'static str,
        /// The reward.
        reward: Printed,
        /// Its parts by name, in order.
        parts: Vec<(Cow<'t, str>, Printed)>,
        /// The weights that the row declares, in the order of the parts; empty without any.
        weights: Vec<f64>,
        /// What the row is.
        of: RewardOf,
        /// Where the reward stands.
        at: At,
    },
    /// A number whose mean is another number of the run, and which is not a field of a single row.
    Counted {
        /// The name of the run's number.
        name: String,
        /// Σ of what is averaged.
        sum: f64,
        /// How many.
        count: f64,
    },
    /// What a search returned.
    Returned(Returned),
    /// The answers to a question, in the order logged.
    Votes(Vec<Vote>),
    /// What was answered to an item whose gold answer is known, and whether it is marked right.
    Graded {
        /// The item's id.
        item: Cow<'t, str>,
        /// The gold answer.
        gold: Cow<'t, str>,
        /// The response, and the answer that was extracted from it.
        responses: Vec<Cow<'t, str>>,
        /// The mark.
        right: bool,
    },
    /// Samples of a problem, where no answers of theirs are logged.
    Samples {
        /// How many.
        samples: u32,
        /// Of these, right ones.
        right: u32,
    },
}

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
    /// Its name as names are compared: see [`plain_name`]. Every collector of a row asks for it.
    pub plain: Cow<'t, str>,
    /// Its value.
    pub value: FieldValue<'t>,
}

impl<'t> RowField<'t> {
    /// A field of this name.
    #[must_use]
    pub fn new(name: Cow<'t, str>, value: FieldValue<'t>) -> Self {
        let plain = match &name {
            Cow::Borrowed(name) => plain_name(name),
            Cow::Owned(name) => Cow::Owned(plain_name(name).into_owned()),
        };
        Self { name, plain, value }
    }

    /// Whether its name is one of several, as names are compared.
    #[must_use]
    pub fn is_named(&self, names: &[&str]) -> bool {
        names.contains(&&*self.plain)
    }
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
    let mut before = b'_';
    let is_plain = name.bytes().all(|byte| {
        let is_part = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'@' | b'^') || (byte == b'_' && before != b'_');
        before = byte;
        is_part
    });
    if is_plain && before != b'_' {
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
