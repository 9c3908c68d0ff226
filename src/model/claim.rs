//! Numbers and decisions that the pipeline reported.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{At, Located, Logged, Place, Text};
use crate::numeric::Printed;

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

/// A number that the pipeline reported of one candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// The column.
    pub column: ColumnId,
    /// The reported number.
    pub value: Logged,
    /// Its position in the record.
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

/// What a log-likelihood is divided by before candidates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divisor {
    /// 1.
    Raw,
    /// Unicode characters of the choice, without the delimiter in front of it.
    Chars,
    /// UTF-8 bytes of the choice, without the delimiter.
    Bytes,
    /// Unicode characters with the delimiter.
    CharsWithDelimiter,
    /// Tokens.
    Tokens,
    /// Words.
    Words,
}

/// The function that turns a score into a metric's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreOutput {
    /// As it is, in nats.
    Nats,
    /// Negated, in nats: a negative log-likelihood.
    Negated,
    /// Negated, in bits.
    NegatedBits,
    /// Its exponential: a probability.
    Exp,
    /// The exponential of the negated score: a perplexity.
    ExpNegated,
    /// 1 ÷ (1 + exp of the negated score): a perplexity turned into a share.
    Logistic,
}

/// A quantity counted for a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Scored tokens.
    Tokens,
    /// Unicode characters of the scored text.
    Chars,
    /// UTF-8 bytes of the scored text.
    Bytes,
}

/// How a metric of one item is derived from the item, if the format defines it.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum RowRule<'t> {
    /// As lm-evaluation-harness defines a metric of this name; unprovable for names that it does not have.
    #[default]
    ByName,
    /// 1 if the argmax of score ÷ divisor is a right answer, else 0; the first one wins a tie.
    Argmax(Divisor),
    /// 1 when the argmax of score − unconditional score is a right answer, else 0.
    ArgmaxMutual,
    /// 1 when the candidate with the lowest score is a right answer, else 0: of scores that are losses.
    Argmin,
    /// The position of the argmax of score ÷ divisor.
    Winner(Divisor),
    /// The position of the argmax of score − unconditional score.
    WinnerMutual,
    /// The position of the right answer.
    GoldPosition,
    /// 1 when the pipeline says of the right answer (or the only candidate) that it is the greedy continuation.
    GreedyGold,
    /// 1 when the candidate that the pipeline picked is a right answer, else 0.
    PickIsGold,
    /// The right answer's score ÷ divisor, through the output.
    Gold(Divisor, ScoreOutput),
    /// The only candidate's score ÷ divisor, through the output.
    Only(Divisor, ScoreOutput),
    /// 1 when the only candidate's score ÷ divisor, through the output, is at most a number, else 0.
    OnlyAtMost(Divisor, ScoreOutput, Printed),
    /// The right answer's share: exp(score ÷ divisor) over the sum of the same over all candidates.
    GoldShare(Divisor),
    /// The natural logarithm of the right answer's share.
    GoldLogShare(Divisor),
    /// Σ(share − \[right\])² over all candidates.
    SquaredDistance,
    /// The largest share: the same of the winner.
    LargestShare(Divisor),
    /// The largest share of exp(score − unconditional score).
    LargestShareMutual,
    /// How much of something the only candidate has.
    Count(Counted),
    /// 1 when two texts of the record are the same, else 0.
    SameText(Text<'t>, Text<'t>),
    /// A number that also appears elsewhere in the record.
    SameNumber(Printed),
    /// The mean of numbers in the record.
    MeanOf(Vec<Printed>),
    /// A number of the record over another one.
    Ratio(Printed, Printed),
    /// The least of several numbers in the record.
    LeastOf(Vec<Printed>),
    /// A factor of the geometric mean of numbers, all as printed in the record.
    GeometricMeanOf(Printed, Vec<Printed>),
    /// e to the difference of two log-probs of the record.
    ExpOfDifference(Printed, Printed),
    /// e to the sum of such differences.
    ExpOfDifferences(Vec<(Printed, Printed)>),
}

/// A metric of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMetric<'t> {
    /// The metric's name as logged.
    pub name: Cow<'t, str>,
    /// Its value.
    pub value: RowValue,
    /// Its position in the record.
    pub at: At,
    /// Whether code that the log does not show computed it.
    pub custom: bool,
    /// How it follows from the item.
    pub rule: RowRule<'t>,
}

/// How the tasks of a group are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// By their rows. The standard error is pooled.
    BySize,
    /// Equally: the mean of their numbers, including standard errors.
    Alike,
    /// By their rows or equally: the log does not say.
    Either,
}

/// Tasks whose numbers make up one number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskGroup {
    /// The tasks, as their own numbers name them.
    pub tasks: Vec<String>,
    /// How they are weighted.
    pub weights: Weights,
    /// Whether some of them are groups themselves, so that the weights inside are not certain.
    pub nested: bool,
}

/// A number that the pipeline reported of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricClaim {
    /// Its task; empty if the log has no tasks.
    pub task: String,
    /// Its filter; empty if the log has no filters.
    pub filter: String,
    /// The metric's name as logged, without a suffix that makes it a standard error.
    pub metric: String,
    /// Whether it is the standard error of the metric.
    pub stderr: bool,
    /// The number's text as printed; empty when the log says "no value".
    pub printed: String,
    /// Name of the rows' metric beneath it, where that is another one.
    pub rows: Option<String>,
    /// How the format says the rows become the number, where it says so (`mean`, `perplexity`, …).
    pub aggregation: Option<String>,
    /// Its tasks, if there are several.
    pub group: Option<TaskGroup>,
    /// Decimals that the tool rounds the number to; None if it prints all digits or this is unknown.
    pub decimals: Option<i16>,
    /// Whether code that the log does not show computes the rows' values.
    pub custom: bool,
    /// Its position.
    pub located: Located,
}

impl MetricClaim {
    /// The claim without its position, as in the same field of any record.
    #[must_use]
    pub fn without_place(&self) -> Self {
        let place = Place { field: self.located.place.field.clone(), ..Place::default() };
        Self { located: Located { place, ..Located::default() }, ..self.clone() }
    }

    /// The name of the rows' metric beneath it.
    #[must_use]
    pub fn row_metric(&self) -> &str {
        self.rows.as_deref().unwrap_or(&self.metric)
    }

    /// A number of one task, without anything that most formats do not say.
    #[must_use]
    pub fn new(task: &str, metric: &str, printed: &str, located: Located) -> Self {
        Self {
            task: task.to_owned(),
            filter: String::new(),
            metric: metric.to_owned(),
            stderr: false,
            printed: printed.to_owned(),
            rows: None,
            aggregation: None,
            group: None,
            decimals: None,
            custom: false,
            located,
        }
    }
}
