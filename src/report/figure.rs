//! What pictures are drawn from: samples and histograms of bounded size.

use serde::{Deserialize, Serialize};

/// Number of bins of a residual histogram.
pub const BINS: usize = 15;

/// Upper edges of the bins, in units of the row's hard bound; the last bin is open. Bin 7 holds the rows within the bound.
pub const BIN_EDGES: [f64; BINS - 1] =
    [-1e6, -1e5, -1e4, -1e3, -100.0, -10.0, -1.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// The pictures of one column of claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// A sample of the judged rows, in the order of the input. It holds every row of a small log.
    pub points: Vec<Point>,
    /// Judged rows, of which the points are a sample.
    pub rows: u64,
    /// Rows by (reported − recomputed) ÷ hard bound, see [`BIN_EDGES`].
    pub before: Vec<u64>,
    /// The same with the formula that explains the column best in place of the convention; empty without one.
    pub after: Vec<u64>,
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
    /// How far the two may lie apart.
    pub within: f64,
    /// The number under the formula that explains this row and the column best, if it explains it.
    pub found: Option<f64>,
    /// Index of the group of the diagnosis that the row belongs to, where there are groups.
    pub group: Option<u32>,
}

/// Two candidates of one item, step by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// Index of the input in the report.
    pub input: u32,
    /// Line.
    pub line: u64,
    /// The task.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// Why it is shown: `pick changes` or `greedy loses`.
    pub reason: String,
    /// The candidate that the pipeline picked, or the greedy one.
    pub picked: Path,
    /// The candidate that wins by the convention.
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
    /// Its first steps.
    pub steps: Vec<PathStep>,
    /// All its steps.
    pub total_steps: u32,
}

/// One token of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathStep {
    /// The token's text, or its id.
    pub token: String,
    /// Its log-prob in nats; None where the log has none.
    pub logprob: Option<f64>,
    /// Whether it counts under the convention: tokens of the prompt, padding and a dropped span do not.
    pub counts: bool,
}
