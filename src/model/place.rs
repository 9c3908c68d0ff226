//! Positions in the input.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The bytes of a value within its record. Without a length it is what begins there: the record, or a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// Offset of the first byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

impl At {
    /// The bytes of a record from an offset up to another one. A record is at most 1 GiB long.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(start), len: narrow(end.saturating_sub(start)) }
    }

    /// The first byte's offset in the record.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// The offset in the record after the last byte.
    #[must_use]
    pub fn end(self) -> usize {
        self.start as usize + self.len as usize
    }
}

/// The bytes of a value in its input, counted from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset after the last byte.
    pub end: u64,
    /// Whether the file is compressed: the offsets then count its unpacked bytes.
    pub packed: bool,
    /// The member of the archive in which the offsets count, where the file is one.
    #[serde(with = "member")]
    pub member: Option<Arc<str>>,
}

/// The name of a member, shared by the spans within it and stored as text.
mod member {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands a reference to the field over")]
    pub(super) fn serialize<S: Serializer>(name: &Option<Arc<str>>, to: S) -> Result<S::Ok, S::Error> {
        name.as_deref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Into::into))
    }
}

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
    /// The bytes of the value; None where the input has none for it, such as a row of Parquet.
    pub span: Option<Span>,
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

/// The record that is being read: turns the bytes of a value into a place, only when somebody asks.
pub trait Origin {
    /// The place of a value, with its field and the text around it.
    fn locate(&self, at: At) -> Located;

    /// The place of a value, without its field; cheap, and nothing is allocated.
    fn place(&self, at: At) -> Place;

    /// The place of the record's start, without text; cheap.
    fn start(&self) -> (u32, u64);
}
