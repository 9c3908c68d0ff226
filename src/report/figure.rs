//! The data of the charts: samples and histograms of bounded size.

use serde::{Deserialize, Serialize};

/// The charts of one column of claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// A sample of the judged rows, in the order of the input. It holds every row of a small log.
    pub points: Vec<Point>,
    /// Judged rows, of which the points are a sample.
    pub rows: u64,
    /// Rows by (reported − recomputed) ÷ bound, in the bins of `BIN_EDGES`.
    pub before: Vec<u64>,
    /// The same with the formula that explains the column best in place of the convention; empty without one.
    pub after: Vec<u64>,
}

/// What explains a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The convention.
    Follows,
    /// The formula that was found for the column, or for the row's group.
    Explained,
    /// Neither.
    Unexplained,
}

/// One judged row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Index of the input in the report.
    pub input: u32,
    /// Line.
    pub line: u64,
    /// Number of scored tokens.
    pub tokens: u32,
    /// The number as reported.
    pub reported: f64,
    /// The number under the convention.
    pub recomputed: f64,
    /// The tolerance.
    pub within: f64,
    /// What explains the row.
    pub status: Status,
    /// The number under the formula that explains the column, or the row's group, best.
    pub found: Option<f64>,
    /// Index of the one group of the diagnosis whose formula explains the row; None where several do.
    pub group: Option<u32>,
}

/// Two candidates of one item, step by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Index of the input in the report.
    pub input: u32,
    /// Line.
    pub line: u64,
    /// The run: its directory or file.
    pub run: String,
    /// The task.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// The end of what the model was given; empty if the log does not have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The right candidate, if the log names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<String>,
    /// The formula that decides, such as `sum(logprob)`.
    pub convention: String,
    /// The candidate that the pipeline picked.
    pub picked: Path,
    /// The candidate that the convention picks.
    pub wins: Path,
}

/// One candidate's tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The candidate's id or position.
    pub candidate: String,
    /// The claim as reported.
    pub reported: Option<f64>,
    /// The claim under the convention.
    pub recomputed: Option<f64>,
    /// Its first steps, with the last ones of the prompt.
    pub steps: Vec<PathStep>,
    /// Total number of scored steps.
    pub total_steps: u32,
}

/// One token of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathStep {
    /// The token's text, or its id.
    pub token: String,
    /// Its log-prob in nats; None where the log has none.
    pub logprob: Option<f64>,
    /// Whether it counts under the convention.
    pub counts: bool,
    /// Whether it counts under the formula that explains the column.
    pub counted: bool,
}
