//! Numbers and decisions that the pipeline reported.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{At, Located, Logged};
use crate::numeric::Printed;

/// Index of a claim column in the table of its input's conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnId(pub u16);

/// What kind of number a column of claims holds, by its name or by the user's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Total log-prob of a candidate, in nats.
    Score,
    /// Mean log-prob per token, in nats.
    MeanLogprob,
    /// Perplexity per token.
    Perplexity,
    /// Mean negative log-likelihood per token, in nats.
    Loss,
    /// Probability of the whole sequence.
    SequenceProb,
    /// Bits per byte of text.
    BitsPerByte,
    /// A score divided by some length that the name does not say.
    Normalised,
}

impl ClaimKind {
    /// Whether a candidate with a lower value is the better one.
    #[must_use]
    pub fn lower_is_better(self) -> bool {
        matches!(self, Self::Perplexity | Self::Loss | Self::BitsPerByte)
    }
}

/// One column of claims on candidates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Column {
    /// The field's name as the log has it.
    pub name: String,
    /// What it says it is.
    pub kind: ClaimKind,
}

/// A number that the pipeline reported of one candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// The column.
    pub column: ColumnId,
    /// The reported number.
    pub value: Logged,
    /// Where it stands in its record.
    pub at: At,
}

/// A value of a metric for one item, as the harness logged it.
#[derive(Clone, Debug, PartialEq)]
pub enum RowValue {
    /// A plain number.
    Number(Printed),
    /// A yes or no.
    Flag(bool),
    /// A total with the count that it will be divided by, such as `[log-likelihood, words]`.
    Pair(Printed, Printed),
    /// A gold index with one probability per candidate.
    Distribution(i64, Vec<Printed>),
    /// Logged without a value, or in a shape without a definition.
    Opaque,
}

/// A metric of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMetric<'t> {
    /// The metric's name as logged.
    pub name: Cow<'t, str>,
    /// Its value.
    pub value: RowValue,
    /// Where it stands in its record.
    pub at: At,
    /// Whether code that the log does not show computed it.
    pub custom: bool,
}

/// A number that the pipeline reported of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricClaim {
    /// The task it is about; empty when the log has no tasks.
    pub task: String,
    /// The filter it is about; empty when the log has no filters.
    pub filter: String,
    /// The metric's name as logged, without a suffix that makes it a standard error.
    pub metric: String,
    /// Whether it is the standard error of the metric.
    pub stderr: bool,
    /// The number's text as printed; empty when the log says "no value".
    pub printed: String,
    /// How the format says the rows become the number, where it says so (`mean`, `perplexity`, …).
    pub aggregation: Option<String>,
    /// Whether code that the log does not show computes the rows' values.
    pub custom: bool,
    /// Where it stands.
    pub located: Located,
}
