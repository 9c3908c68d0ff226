//! Every row that fails, and every item whose pick changes: lists beside the report, as tables.

mod cell;
mod csv;
#[cfg(feature = "arrow")]
mod parquet;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::model::Severity;

pub(crate) use cell::text_cell;

/// A row that shows a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedRow {
    /// The code of the rule.
    pub code: String,
    /// The finding's severity.
    pub severity: Severity,
    /// The finding's fingerprint, as in the JSON report.
    pub fingerprint: String,
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// Path of the field inside the record.
    pub field: String,
    /// The task; empty when the log has none.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// The candidate's id or position; empty for a row of an item.
    pub candidate: String,
    /// The column, the metric or the field that the finding is about.
    pub claim: String,
    /// The number in the log; None if the finding is not about a number.
    pub reported: Option<f64>,
    /// The number that it should be, or the limit that it passes.
    pub recomputed: Option<f64>,
}

/// An item whose pick changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPick {
    /// The task; empty when the log has none.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// The candidate that the pipeline picked: its id, or its position.
    pub reported: String,
    /// The candidate that is the best one once the numbers are right.
    pub recomputed: String,
    /// The right candidate, if exactly one is named.
    pub gold: Option<String>,
    /// Whether the reported pick is right.
    pub was_right: Option<bool>,
    /// Whether the recomputed pick is right.
    pub is_right: Option<bool>,
    /// The code of the finding that changes it.
    pub code: String,
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}

/// A form of the table of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsFormat {
    /// CSV with a header.
    Csv,
    /// Parquet.
    Parquet,
}

impl RowsFormat {
    /// The form that the ending of a file's name asks for.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Writes rows, some at a time.
    pub fn write(self, rows: impl Iterator<Item = FailedRow>, out: impl Write + Send) -> io::Result<()> {
        match self {
            Self::Csv => csv::rows(rows, out),
            #[cfg(feature = "arrow")]
            Self::Parquet => parquet::rows(rows, out),
            #[cfg(not(feature = "arrow"))]
            Self::Parquet => Err(io::Error::other("this build was compiled without Parquet/Arrow support")),
        }
    }
}

/// Writes changed picks as CSV with a header.
pub fn picks_as_csv(picks: impl Iterator<Item = ChangedPick>, out: impl Write) -> io::Result<()> {
    csv::picks(picks, out)
}

/// Whether a file starts as a table of rows that was written here.
pub(crate) fn is_rows(head: &[u8]) -> bool {
    // The first page of a Parquet file holds the codes as they are.
    let is_parquet = || {
        let start = head.get(..96).unwrap_or(head);
        start.starts_with(b"PAR1") && start.windows(7).any(|bytes| bytes.starts_with(b"\0\0\0RT"))
    };
    csv::is_rows(head) || is_parquet()
}
