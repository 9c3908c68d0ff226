//! A candidate's tokens in compact form, for charts.

use serde::{Deserialize, Serialize};

use crate::model::Segment;

/// The tokens of one candidate: their texts one after another, and where each ends.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenPath {
    text: String,
    steps: Vec<PathStep>,
    /// The end of the text before the tokens; empty if the log does not have it.
    pub prompt: String,
    /// Total number of scored steps.
    pub scored: u32,
    /// Whether steps were left out.
    pub cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct PathStep {
    end: u32,
    logprob: Option<f64>,
    segment: Segment,
}

impl TokenPath {
    /// Adds a token: its text, its log-prob in nats, and where it belongs.
    pub fn push(&mut self, token: &str, logprob: Option<f64>, segment: Segment) {
        self.text.push_str(token);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.steps.push(PathStep { end, logprob, segment });
    }

    /// The tokens in order.
    pub fn steps(&self) -> impl Iterator<Item = (&str, Option<f64>, Segment)> {
        let mut start = 0;
        self.steps.iter().map(move |step| {
            let from = std::mem::replace(&mut start, step.end as usize);
            (self.text.get(from..step.end as usize).unwrap_or_default(), step.logprob, step.segment)
        })
    }

    /// Number of tokens kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no token is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
