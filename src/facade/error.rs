//! Errors of the library's caller.

use crate::config::{ConfigError, UnknownRule};
use crate::engine::UnknownFormat;
use crate::gate::BaselineError;
use crate::parts::PartError;
use crate::source::SourceError;

/// A request that cannot be served: a configuration, a name or a file of the caller's that cannot be used.
///
/// Inputs that cannot be read are listed in the `errors` of the [`Report`](crate::Report) instead;
/// [`Outcome::Undone`](crate::gate::Outcome) means that the audit is incomplete without them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No log format has the name given.
    #[error(transparent)]
    UnknownFormat(#[from] UnknownFormat),
    /// No rule has the code given.
    #[error(transparent)]
    UnknownRule(#[from] UnknownRule),
    /// A tolerance below 0, or not a finite number.
    #[error("expected a tolerance of 0 or more, found {0}")]
    Tolerance(f64),
    /// Two inputs have the same name, so a finding could not say which one it is in.
    #[error("two inputs are named `{0}`")]
    SameName(String),
    /// Input that is not a file, which cannot grow.
    #[error("cannot watch {0}; name a file or a directory")]
    NotWatchable(String),
    /// An input that is needed cannot be used.
    #[error("{path}: {reason}")]
    Input {
        /// The path.
        path: String,
        /// What was expected and found.
        reason: String,
    },
    /// An input cannot be read in the way that was asked for.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No item has the id given.
    #[error("no item has the id `{item}`{}", .nearest.as_ref().map_or_else(String::new, |id| format!("; the nearest id is `{id}`")))]
    NoItem {
        /// What was given.
        item: String,
        /// The most similar id of the inputs, if they have any item.
        nearest: Option<String>,
    },
    /// An item has no candidate of the name given.
    #[error("item `{item}` has no candidate `{candidate}`")]
    NoCandidate {
        /// The item.
        item: String,
        /// What was given.
        candidate: String,
    },
    /// Rows that were kept in a temporary file are gone.
    #[error(
        "rows that were kept in a temporary file could not be read back; check the disk of TMPDIR and run the command again"
    )]
    RowsLost,
    /// The baseline cannot be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// Parts cannot be merged, or a tally cannot be read.
    #[error(transparent)]
    Part(#[from] PartError),
}
