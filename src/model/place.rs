//! Positions in the input.

use serde::{Deserialize, Serialize};

/// An offset inside the current record; only the record's [`Origin`] can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At(pub u32);

/// A place that a reader can go to. Ordered as the input is: file, line, column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// Index of the input in the sorted list of inputs.
    pub file: u32,
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// Path of the field inside the record, such as `candidates[1].score`.
    pub field: String,
}

/// The text around a number, cut to a window, so that a report needs no second look at the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Snippet {
    /// The window of the record, as logged.
    pub text: String,
    /// Whether the record goes on before the window.
    pub cut_before: bool,
    /// Whether the record goes on after the window.
    pub cut_after: bool,
    /// Byte offset of the marked value inside `text`.
    pub mark: usize,
    /// Byte length of the marked value.
    pub mark_len: usize,
}

/// A place with the text around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Located {
    /// Where.
    pub place: Place,
    /// The text at the place.
    pub snippet: Snippet,
}

/// The record that is being read: turns an offset into a place, only when somebody asks.
pub trait Origin {
    /// The place and surrounding text of an offset.
    fn locate(&self, at: At) -> Located;

    /// The place of the record's start, without text; cheap.
    fn start(&self) -> (u32, u64);
}
