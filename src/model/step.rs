//! One position of a candidate, as logged.

use serde::{Deserialize, Serialize};

use crate::model::{At, Text};
use crate::numeric::Printed;

/// A number field of the log.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Logged {
    /// The field is not there.
    #[default]
    Missing,
    /// The field is there and says "no value" (null, an empty cell).
    Null,
    /// The rows of one candidate say different numbers.
    Several,
    /// A value that the format or the user declared to mean "no value"; never summed.
    Sentinel(f64),
    /// A number with its printed digits, NaN and infinities included.
    Number(Printed),
}

impl Logged {
    /// The finite number, if there is one.
    #[must_use]
    pub fn finite(&self) -> Option<Printed> {
        match self {
            Self::Number(number) if number.value.is_finite() => Some(*number),
            _ => None,
        }
    }

    /// The number as logged, including NaN, infinities and sentinels.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value),
            Self::Sentinel(value) => Some(*value),
            Self::Missing | Self::Null | Self::Several => None,
        }
    }

    /// The negated number, as a log-prob from a surprisal; null and sentinels are unchanged.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(Printed { value: -number.value, ..number }),
            other => other,
        }
    }

    /// Whether the field is in the log, with or without a value.
    #[must_use]
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Missing)
    }
}

/// The part of the text that a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segment {
    /// A token of the context: conditioned on, not scored.
    Prompt,
    /// A token of the scored text.
    #[default]
    Continuation,
    /// The end-of-sequence token.
    End,
    /// A token after the end, which fills a batch.
    Padding,
}

impl Segment {
    /// Whether steps of this part are scored.
    #[must_use]
    pub fn is_scored(self) -> bool {
        matches!(self, Self::Continuation | Self::End)
    }
}

/// A run of entries in one of the candidate's shared buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Slice {
    /// Index of the first entry.
    pub start: u32,
    /// Number of entries.
    pub len: u32,
}

impl Slice {
    /// The entries in their buffer; empty when the run does not lie inside it.
    #[must_use]
    pub fn of<'b, T>(&self, buffer: &'b [T]) -> &'b [T] {
        let start = self.start as usize;
        buffer.get(start..start + self.len as usize).unwrap_or(&[])
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// One entry of a step's top-k list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative<'t> {
    /// The token's text, where it is logged.
    pub token: Option<Text<'t>>,
    /// The token's id in the vocabulary, where it is logged.
    pub id: Option<i64>,
    /// Log-prob in nats, as logged.
    pub logprob: Printed,
}

/// One position of a candidate. Vectors and alternatives live in the candidate's buffers.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Step<'t> {
    /// The token's text.
    pub token: Option<Text<'t>>,
    /// The token's id; an index into the step's vectors.
    pub token_id: Option<i64>,
    /// Log-prob of the step's own token, in nats.
    pub logprob: Logged,
    /// The log-prob that the inference engine gave for the same token, where a log holds the trainer's as well, in nats.
    pub rollout_logprob: Logged,
    /// Probability of the step's own token.
    pub prob: Logged,
    /// Raw logit of the step's own token.
    pub logit: Logged,
    /// Top-k alternatives, in logged order.
    pub top: Slice,
    /// Logits over the whole vocabulary.
    pub logit_vector: Slice,
    /// Log-probs over the whole vocabulary.
    pub logprob_vector: Slice,
    /// Probabilities over the whole vocabulary.
    pub prob_vector: Slice,
    /// Which part of the text the step belongs to.
    pub segment: Segment,
    /// The position of the step's value in its record.
    pub at: At,
}

impl Step<'_> {
    /// Whether an alternative is the step's own token: by id where both have one, else by text.
    #[must_use]
    pub fn is_token(&self, entry: &Alternative<'_>) -> bool {
        match (self.token_id, entry.id) {
            (Some(own), Some(id)) => own == id,
            _ => match (&self.token, &entry.token) {
                (Some(own), Some(token)) => own.same(token),
                _ => false,
            },
        }
    }

    /// Whether the alternatives say which of them is the step's token: all have ids, or all have texts.
    #[must_use]
    pub fn can_match(&self, top: &[Alternative<'_>]) -> bool {
        self.token_id.is_some() && top.iter().all(|entry| entry.id.is_some())
            || self.token.is_some() && top.iter().all(|entry| entry.token.is_some())
    }
}
