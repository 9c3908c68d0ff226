//! Maps the bytes of a record to their position in the input.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Span;

/// A range of a record, or of a stream of generated lines, that was copied unchanged from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Offset of its first byte in the record or stream.
    pub at: u64,
    /// Number of bytes.
    pub len: u64,
    /// Offset of its first byte in the input; None if the input has no bytes for it.
    pub offset: Option<u64>,
    /// Line and column of its first byte in the input, if they do not follow from those of the record.
    pub start: Option<(u64, u64)>,
    /// The archive member that contains it.
    pub member: Option<Arc<str>>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.at + self.len
    }

    /// Whether another piece follows this one directly, both here and in the input.
    pub(super) fn goes_on(&self, next: &Self) -> bool {
        self.end() == next.at
            && self.offset.map(|offset| offset + self.len) == next.offset
            && self.member == next.member
    }
}

/// Maps the bytes of one record to those of its input.
#[derive(Clone, Copy, Debug)]
pub struct ByteMap<'p> {
    kind: Kind<'p>,
    packed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'p> {
    /// The record is in the input at this offset.
    From(u64),
    /// The record starts at this offset of the stream that the pieces describe.
    Pieces { start: u64, pieces: &'p [Piece] },
}

impl<'p> ByteMap<'p> {
    /// The map of a record without bytes in its input.
    #[must_use]
    pub fn none() -> Self {
        Self { kind: Kind::Pieces { start: 0, pieces: &[] }, packed: false }
    }

    /// The map of a record made of pieces; `packed` says whether the input is compressed.
    #[must_use]
    pub fn of(pieces: &'p [Piece], packed: bool) -> Self {
        Self { kind: Kind::Pieces { start: 0, pieces }, packed }
    }

    /// The bytes of the input for the record's `from..to`; None if they are not contiguous.
    #[must_use]
    pub fn span(&self, from: usize, to: usize) -> Option<Span> {
        let (from, to) = (from as u64, to as u64);
        let (start, member) = match self.kind {
            Kind::From(offset) => (offset + from, None),
            Kind::Pieces { start, .. } => {
                let piece = self.piece(from).filter(|piece| start + to <= piece.end())?;
                (piece.offset? + (start + from - piece.at), piece.member.clone())
            }
        };
        Some(Span { start, end: start + to.saturating_sub(from), packed: self.packed, member })
    }

    /// The part of the record that contains an offset, if it has its own line and column: its start in the record, its
    /// line and its column.
    #[must_use]
    pub fn landmark(&self, offset: usize) -> Option<(usize, u64, u64)> {
        let Kind::Pieces { start, .. } = self.kind else { return None };
        let piece = self.piece(offset as u64)?;
        let (line, column) = piece.start?;
        Some((usize::try_from(piece.at.checked_sub(start)?).ok()?, line, column))
    }

    /// The map of the record's remainder from an offset on.
    #[must_use]
    pub fn skip(self, offset: usize) -> Self {
        let offset = offset as u64;
        let kind = match self.kind {
            Kind::From(start) => Kind::From(start + offset),
            Kind::Pieces { start, pieces } => Kind::Pieces { start: start + offset, pieces },
        };
        Self { kind, ..self }
    }

    /// The piece that contains an offset of the record.
    fn piece(&self, offset: u64) -> Option<&'p Piece> {
        let Kind::Pieces { start, pieces } = self.kind else { return None };
        let at = start + offset;
        let before = pieces.partition_point(|piece| piece.at <= at);
        pieces.get(before.checked_sub(1)?).filter(|piece| at < piece.end())
    }
}

/// How the bytes of a decompressed stream map to its input.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Offset of the stream's first byte in the input; None for lines generated from rows.
    start: Option<u64>,
    /// Pieces of generated lines that have not been read yet.
    pieces: Made,
    /// Whether the input is compressed.
    packed: bool,
}

/// The pieces of generated lines, passed from their producer to their consumer.
pub(super) type Made = Arc<Mutex<VecDeque<Piece>>>;

impl Layout {
    /// The layout of the input's own bytes from an offset on.
    #[must_use]
    pub fn from(start: u64, packed: bool) -> Self {
        Self { start: Some(start), pieces: Arc::default(), packed }
    }

    /// The layout of lines generated from the rows or members of a container.
    pub(super) fn made(pieces: Made, packed: bool) -> Self {
        Self { start: None, pieces, packed }
    }

    /// The pieces of the stream up to an offset. Pieces that end there are dropped, so calls must be in the order of
    /// the stream.
    #[must_use]
    pub fn pieces(&self, end: u64) -> Vec<Piece> {
        if self.start.is_some() {
            return Vec::new();
        }
        let mut to_come = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let until = to_come.partition_point(|piece| piece.at < end);
        let found = to_come.range(..until).cloned().collect();
        let over = to_come.partition_point(|piece| piece.end() <= end);
        to_come.drain(..over);
        found
    }

    /// The map of a record at an offset of the stream, with the pieces up to its end.
    #[must_use]
    pub fn map<'p>(&self, at: u64, pieces: &'p [Piece]) -> ByteMap<'p> {
        let kind = match self.start {
            Some(start) => Kind::From(start + at),
            None => Kind::Pieces { start: at, pieces },
        };
        ByteMap { kind, packed: self.packed }
    }

    /// The pieces of a record assembled from ranges of the stream, with their offsets in the input. Pieces of generated
    /// lines get no offsets.
    #[must_use]
    pub fn placed(&self, mut pieces: Vec<Piece>) -> Vec<Piece> {
        for piece in &mut pieces {
            piece.offset = self.start.zip(piece.offset).map(|(start, offset)| start + offset);
        }
        pieces
    }

    /// Whether the input is compressed.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed
    }
}
