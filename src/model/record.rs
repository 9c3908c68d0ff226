//! A record that could not be read.

use serde::{Deserialize, Serialize};

use crate::model::{Place, Snippet};

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordError {
    /// Where.
    pub place: Place,
    /// What was expected and found.
    pub reason: String,
    /// The text around the place.
    pub snippet: Snippet,
    /// Whether the bytes cannot be parsed at all (true), or parse but lack what the format requires.
    pub unreadable: bool,
}
