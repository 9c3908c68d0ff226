//! Cuts a document into its records, so that they can be read by several threads.

use crate::engine::source_error;
use crate::format::{Framing, RawRecord, Reader, Sink};
use crate::source::{ByteMap, Elements, Inner, Layout, NestedRecords, Opened, Piece, SourceError};

/// A part of a document.
pub(super) enum Part {
    /// A record.
    Record(Record),
    /// The rest of the document, without its records.
    Shell {
        /// Its bytes.
        bytes: Vec<u8>,
        /// What they are made of.
        pieces: Vec<Piece>,
    },
    /// What could not be cut.
    Error(SourceError),
}

/// A record with its place in the document.
pub(super) struct Record {
    line: u64,
    column: u64,
    pub(super) bytes: Vec<u8>,
    /// Its offset in the stream; None for one that is assembled from the pieces.
    offset: Option<u64>,
    pieces: Vec<Piece>,
}

impl Record {
    /// Reads the record.
    pub(super) fn read(&self, reader: &dyn Reader, file: u32, layout: &Layout, out: &mut dyn Sink) {
        let map = match self.offset {
            Some(offset) => layout.map(offset, &self.pieces),
            None => ByteMap::of(&self.pieces, layout.is_packed()),
        };
        let Self { line, column, bytes, .. } = self;
        reader.read_record(RawRecord { file, line: *line, column: *column, bytes, map }, out);
    }
}

impl Part {
    /// Reads the part, or reports that it cannot be read.
    pub(super) fn read(&self, reader: &dyn Reader, file: u32, layout: &Layout, out: &mut dyn Sink) {
        match self {
            Self::Record(record) => record.read(reader, file, layout, out),
            Self::Shell { bytes, pieces } => {
                let map = ByteMap::of(pieces, layout.is_packed());
                reader.read_shell(RawRecord { file, line: 1, column: 1, bytes, map }, out);
            }
            Self::Error(error) => out.error(source_error(file, error)),
        }
    }
}

/// The parts of a document whose records are the elements of an array or lie at a path of keys, in order. Nothing for other
/// framings.
pub(super) fn parts(framing: Framing, stream: Opened, each: &mut dyn FnMut(Part)) {
    let layout = stream.layout.clone();
    let max_record = stream.max_record;
    let whole = |element: crate::source::Element| {
        let pieces = layout.pieces(element.offset + element.bytes.len() as u64);
        let (line, column, offset) = (element.first_line, element.column, Some(element.offset));
        Part::Record(Record { line, column, bytes: element.bytes, offset, pieces })
    };
    match framing {
        Framing::Elements => match Elements::new(stream) {
            Ok(elements) => {
                for element in elements.limited(max_record) {
                    each(element.map_or_else(Part::Error, whole));
                }
            }
            Err(error) => each(Part::Error(error)),
        },
        Framing::Nested(path) => {
            for inner in NestedRecords::new(stream, path).limited(max_record) {
                each(match inner {
                    Ok(Inner::Entry(element)) => whole(element),
                    Ok(Inner::Member(element)) => {
                        // The braces around the member are not the document's.
                        let (len, offset) = (element.bytes.len() as u64 - 2, Some(element.offset));
                        let pieces = layout.placed(vec![Piece { at: 1, len, offset, start: None, member: None }]);
                        let (line, column) = (element.first_line, element.column.saturating_sub(1));
                        Part::Record(Record { line, column, bytes: element.bytes, offset: None, pieces })
                    }
                    Ok(Inner::Shell(shell)) => Part::Shell { bytes: shell.bytes, pieces: layout.placed(shell.pieces) },
                    Err(error) => Part::Error(error),
                });
            }
        }
        Framing::Lines | Framing::Whole => {}
    }
}
