//! Where the bytes of a record stand in its input.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Span;

/// A stretch of a record, or of a stream of made lines, that was taken over from the input as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Offset of its first byte in the record or stream.
    pub at: u64,
    /// Number of bytes.
    pub len: u64,
    /// Offset of its first byte in the input; None where the input has no bytes for it.
    pub offset: Option<u64>,
    /// Line and column of its first byte in the input, where those of the record do not give them.
    pub start: Option<(u64, u64)>,
    /// The member of the archive that it stands in.
    pub member: Option<Arc<str>>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.at + self.len
    }

    /// Whether another piece is what follows this one, here and in the input.
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
    /// The record stands in the input from this offset on.
    From(u64),
    /// The record starts at this offset of what the pieces are of.
    Pieces { start: u64, pieces: &'p [Piece] },
}

impl<'p> ByteMap<'p> {
    /// Of a record that has no bytes in its input.
    #[must_use]
    pub fn none() -> Self {
        Self { kind: Kind::Pieces { start: 0, pieces: &[] }, packed: false }
    }

    /// Of a record with pieces; `packed` says whether the input is compressed.
    #[must_use]
    pub fn of(pieces: &'p [Piece], packed: bool) -> Self {
        Self { kind: Kind::Pieces { start: 0, pieces }, packed }
    }

    /// The input's bytes that the record's `from..to` are; None where they are not one stretch of it.
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

    /// The part of the record whose line and column are known by themselves and that holds an offset: where it begins
    /// in the record, its line and its column.
    #[must_use]
    pub fn landmark(&self, offset: usize) -> Option<(usize, u64, u64)> {
        let Kind::Pieces { start, .. } = self.kind else { return None };
        let piece = self.piece(offset as u64)?;
        let (line, column) = piece.start?;
        Some((usize::try_from(piece.at.checked_sub(start)?).ok()?, line, column))
    }

    /// The map of the rest of the record from an offset on.
    #[must_use]
    pub fn skip(self, offset: usize) -> Self {
        let offset = offset as u64;
        let kind = match self.kind {
            Kind::From(start) => Kind::From(start + offset),
            Kind::Pieces { start, pieces } => Kind::Pieces { start: start + offset, pieces },
        };
        Self { kind, ..self }
    }

    /// The piece that an offset of the record lies in.
    fn piece(&self, offset: u64) -> Option<&'p Piece> {
        let Kind::Pieces { start, pieces } = self.kind else { return None };
        let at = start + offset;
        let before = pieces.partition_point(|piece| piece.at <= at);
        pieces.get(before.checked_sub(1)?).filter(|piece| at < piece.end())
    }
}

/// How a stream of unpacked bytes follows from its input.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Offset of the stream's first byte in the input; None for lines that were made of rows.
    start: Option<u64>,
    /// Pieces of made lines that nobody has asked for yet.
    pieces: Made,
    /// Whether the input is compressed.
    packed: bool,
}

/// The pieces of made lines, from the one who makes them to the one who reads them.
pub(super) type Made = Arc<Mutex<VecDeque<Piece>>>;

impl Layout {
    /// Of the input's own bytes from an offset on.
    #[must_use]
    pub fn from(start: u64, packed: bool) -> Self {
        Self { start: Some(start), pieces: Arc::default(), packed }
    }

    /// Of lines that are made of the rows or members of a container.
    pub(super) fn made(pieces: Made, packed: bool) -> Self {
        Self { start: None, pieces, packed }
    }

    /// The pieces of the stream up to an offset; those that end there are forgotten. To be asked for in the stream's
    /// order.
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

    /// The map of what begins at an offset of the stream, with the pieces up to its end.
    #[must_use]
    pub fn map<'p>(&self, at: u64, pieces: &'p [Piece]) -> ByteMap<'p> {
        let kind = match self.start {
            Some(start) => Kind::From(start + at),
            None => Kind::Pieces { start: at, pieces },
        };
        ByteMap { kind, packed: self.packed }
    }

    /// The pieces of a record that was put together from stretches of the stream, with their offsets in the input; a
    /// stream of made lines gives none.
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
