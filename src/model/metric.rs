//! Metrics as logged: values of single items, numbers of a run, and how either is said to come about.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{OverTokens, PairPromise, Text};
use crate::numeric::{Approx, Printed};

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
    /// Words of the scored text.
    Words,
    /// Unicode characters of the scored text.
    Chars,
    /// UTF-8 bytes of the scored text.
    Bytes,
}

/// By what candidates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranking {
    /// The highest score ÷ divisor wins.
    By(Divisor),
    /// The highest score − unconditional score wins.
    Mutual,
    /// The lowest score wins: of scores that are losses.
    Lowest,
}

/// The entropy of a token's distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntropyOf {
    /// In nats.
    pub nats: Approx,
    /// The same at the temperature that the record states, where that is another one than 1.
    pub tempered: Option<Approx>,
    /// Entries of the distribution.
    pub size: usize,
    /// The unit that the name of the number says: whether it is bits.
    pub in_bits: Option<bool>,
    /// Whether it is certainly that: other tokens of the record have theirs.
    pub is_due: bool,
}

/// How a metric of one item is derived from the item. The first candidate wins a tie.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Definition<'t> {
    /// As the catalogue of metrics defines a metric of this name; unprovable for names that it does not have.
    #[default]
    ByName,
    /// 1 if the winner is a right answer, else 0.
    Right(Ranking),
    /// The position of the winner.
    Winner(Ranking),
    /// 1 if the pipeline says of the right answer (or the only candidate) that it is the greedy continuation.
    GreedyGold,
    /// The right answer's score ÷ divisor, through the output.
    Gold(Divisor, ScoreOutput),
    /// The only candidate's score ÷ divisor, through the output.
    Only(Divisor, ScoreOutput),
    /// 1 if the only candidate's score ÷ divisor, through the output, is at most a number, else 0.
    OnlyAtMost(Divisor, ScoreOutput, Printed),
    /// The only candidate's score with what it is divided by, where the row has that beside it.
    Total(Option<Counted>),
    /// The right answer's share: exp(score ÷ divisor) over the sum of the same over all candidates.
    GoldShare(Divisor),
    /// The natural logarithm of the right answer's share.
    GoldLogShare(Divisor),
    /// The largest share of exp of what is compared.
    LargestShare(Ranking),
    /// The position of the right answer with the shares of all candidates.
    Shares,
    /// Σ(share − \[right\])² over all candidates.
    SquaredDistance,
    /// How much of something the only candidate has.
    Count(Counted),
    /// 1 if two texts of the record are the same, else 0.
    SameText(Text<'t>, Text<'t>),
    /// A number that also appears elsewhere in the record.
    SameNumber(Printed),
    /// The mean of numbers in the record.
    MeanOf(Vec<Printed>),
    /// The mean of numbers and of zeros beside them: none, or at least and at most so many.
    MeanWithZeros {
        /// The numbers.
        numbers: Vec<Printed>,
        /// The fewest zeros, where there are any.
        fewest: usize,
        /// The most.
        most: usize,
    },
    /// The mean of numbers by their weights.
    WeightedMeanOf(Vec<(Printed, Printed)>),
    /// Σ of numbers.
    SumOf(Vec<Printed>),
    /// The least of several numbers in the record.
    LeastOf(Vec<Printed>),
    /// A factor of the geometric mean of numbers, all as printed in the record.
    GeometricMeanOf(Printed, Vec<Printed>),
    /// Σ weight·number, all as printed in the record; and whether it is certainly that, so that another number is wrong.
    Combination(Vec<(f64, Printed)>, bool),
    /// Nothing decides it without fields that the record lacks: their names, in words.
    Lacks(&'static str),
    /// A number that is not below the one and not above the other.
    Between(Option<Printed>, Option<Printed>),
    /// A number of one token: from the trainer's log-prob and the engine's.
    OfToken(PairPromise, Printed, Printed),
    /// A number of all tokens of a rollout.
    OfTokens(OverTokens),
    /// The entropy of a distribution in the record.
    Entropy(EntropyOf),
    /// One of several numbers that the record gives, in ways that are all in use; other ways that it gives are wrong. The first
    /// right one is shown.
    OneOf {
        /// Numbers that it may be.
        right: Vec<f64>,
        /// Numbers that it is where it is computed wrongly.
        wrong: Vec<f64>,
    },
}

/// A metric of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMetric<'t> {
    /// The metric's name as logged.
    pub name: Cow<'t, str>,
    /// Whether code that the log does not show computed it.
    pub custom: bool,
    /// How it follows from the item.
    pub definition: Definition<'t>,
}

/// How the rows of a metric become the number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Σx ÷ n.
    Mean,
    /// 100·Σx ÷ n.
    PercentMean,
    /// 100·(Σx ÷ n − 1): of preferences between 1 and 2.
    PercentAboveOne,
    /// exp(−Σx ÷ n).
    Perplexity,
    /// exp(−Σx ÷ Σcount).
    WeightedPerplexity,
    /// −Σx ÷ Σcount ÷ ln 2.
    BitsPerByte,
    /// Σx ÷ count ÷ ln 2, of rows that are losses and that all repeat the count of the whole.
    BitsPerRepeatedCount,
    /// Mean of Σ(p − \[gold\])².
    Brier,
    /// Σx.
    Sum,
    /// The number of rows with a number.
    Rows,
    /// Σx ÷ Σcount.
    WeightedMean,
    /// exp(Σx ÷ n): of rows that are mean negative log-likelihoods.
    ExpOfMean,
    /// Sample variance, with n − 1.
    SampleVariance,
    /// Sample standard deviation, with n − 1.
    SampleDeviation,
    /// Something else, which has no closed form here.
    Other,
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
    /// Whether the file says that nothing was aggregated for it.
    pub is_empty_group: bool,
}

/// A part of a whole in the same file, such as one data set of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its number's text as printed.
    pub printed: String,
    /// Its sizes, by the field that says each.
    pub sizes: Vec<(String, String)>,
}

/// A metric of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunMetric {
    /// Its task; empty if the log has no tasks.
    pub task: String,
    /// Its filter; empty if the log has no filters.
    pub filter: String,
    /// The metric's name as logged, without a suffix that makes it a standard error.
    pub metric: String,
    /// Whether the number is the standard error of the metric.
    pub stderr: bool,
    /// Name of the rows' metric beneath it, where that is another one.
    pub rows: Option<String>,
    /// How the format says the rows become the number, where it says so.
    pub aggregation: Option<Aggregation>,
    /// Its tasks, if there are several.
    pub group: Option<TaskGroup>,
    /// Its parts, where the same file has them.
    pub parts: Vec<Part>,
    /// Decimals that the tool rounds the number to; None if it prints all digits or this is unknown.
    pub decimals: Option<i16>,
    /// Whether code that the log does not show computes the rows' values.
    pub custom: bool,
}

impl RunMetric {
    /// The name of the rows' metric beneath it.
    #[must_use]
    pub fn row_metric(&self) -> &str {
        self.rows.as_deref().unwrap_or(&self.metric)
    }

    /// A metric of one task, without anything that most formats do not say.
    #[must_use]
    pub fn new(task: &str, metric: &str) -> Self {
        Self {
            task: task.to_owned(),
            filter: String::new(),
            metric: metric.to_owned(),
            stderr: false,
            rows: None,
            aggregation: None,
            group: None,
            parts: Vec::new(),
            decimals: None,
            custom: false,
        }
    }
}
