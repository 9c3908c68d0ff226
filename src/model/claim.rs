//! Numbers and decisions that the pipeline reported.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{At, Located, Logged, Place, RowMetric, RowValue, RunMetric};

/// Index of a column in the list of columns of its input. It means nothing outside that input: what is stored or merged
/// names columns by their [`ColumnKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);

/// The kind of number in a column of claims, by its name or as configured by the user.
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
    /// A score divided by an unspecified length.
    Normalised,
    /// Total negative log-likelihood of a candidate, in nats: its surprisal.
    TotalLoss,
}

impl ClaimKind {
    /// Whether a lower value is better.
    #[must_use]
    pub fn lower_is_better(self) -> bool {
        matches!(self, Self::Perplexity | Self::Loss | Self::BitsPerByte | Self::TotalLoss)
    }
}

/// Identity of a column of claims within a run: the same field, claiming the same kind of number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnKey {
    /// The field's name in the log.
    #[serde(with = "shared_text")]
    pub name: Arc<str>,
    /// The kind of number that the name claims.
    pub kind: ClaimKind,
}

/// A shared text is stored as the text.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(from).map(Arc::from)
    }
}

impl ColumnKey {
    /// The key of a field.
    #[must_use]
    pub fn new(name: &str, kind: ClaimKind) -> Self {
        Self { name: Arc::from(name), kind }
    }
}

/// A number that the pipeline reported. Its level is that of its subject: a candidate's column, an item's metric, a run's
/// metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim<S, V = Logged, P = At> {
    /// What the number is of.
    pub of: S,
    /// The reported number.
    pub value: V,
    /// Its position.
    pub at: P,
}

/// A number of one candidate, by its column.
pub type CandidateClaim = Claim<ColumnId>;

/// A number of one item, by its metric.
pub type RowClaim<'t> = Claim<RowMetric<'t>, RowValue>;

/// A number of a whole run, by its metric: its text as printed, empty when the log says "no value".
pub type RunClaim = Claim<RunMetric, String, Located>;

impl RunMetric {
    /// Its reported number.
    #[must_use]
    pub fn claim(self, printed: &str, at: Located) -> RunClaim {
        Claim { of: self, value: printed.to_owned(), at }
    }
}

impl RunClaim {
    /// The claim without its position, as in the same field of any record.
    #[must_use]
    pub fn without_place(&self) -> Self {
        let place = Place { field: self.at.place.field.clone(), ..Place::default() };
        Self { at: Located { place, ..Located::default() }, ..self.clone() }
    }
}
