//! Places inside a JSON record.

use std::cell::Cell;
use std::io::Read;

use crate::format::head::close;
use crate::format::json::{Kind, Tape, Value};
use crate::format::window::window;
use crate::format::{RawRecord, Sink};
use crate::model::{At, Located, Origin, Place, RecordError, Span};
use crate::source::{Opened, SourceError};

/// The origin of a JSON record: its tape maps offsets to fields.
pub struct JsonOrigin<'r> {
    /// The record.
    pub record: RawRecord<'r>,
    /// Its parsed form.
    pub root: Value<'r>,
    /// Whether the record is truncated; the parsed form then holds its complete part.
    pub is_partial: bool,
    /// The last place that was looked up: offset, line, column. The next look-up counts lines from it.
    last: Cell<(usize, u64, u64)>,
}

impl<'r> JsonOrigin<'r> {
    /// The origin of a record with its parsed form.
    #[must_use]
    pub fn new(record: RawRecord<'r>, root: Value<'r>) -> Self {
        Self { record, root, is_partial: false, last: Cell::new((0, record.line, record.column)) }
    }

    /// The range of the input that holds a value. If quotes were added to a text, the input has it without them.
    fn span(&self, at: At) -> Option<Span> {
        // A whole record is stored without a length.
        let end = if at.len == 0 { self.root.end().max(at.start()) } else { at.end() };
        let map = &self.record.map;
        map.span(at.start(), end).or_else(|| {
            let quoted = self.record.bytes.get(at.start()) == Some(&b'"');
            quoted.then(|| map.span(at.start() + 1, end.saturating_sub(1)))?
        })
    }
}

impl Origin for JsonOrigin<'_> {
    fn locate(&self, at: At) -> Located {
        let offset = at.start();
        let mut field = String::new();
        let (start, end) = match descend(self.root, offset, &mut field) {
            found if !field.is_empty() => found,
            _ => (offset, offset + 1),
        };
        Located { place: Place { field, ..self.place(at) }, snippet: window(self.record.bytes, start, end) }
    }

    fn place(&self, at: At) -> Place {
        let (file, span, offset) = (self.record.file, self.span(at), at.start());
        if let Some((line, column)) = by_landmark(&self.record, offset) {
            return Place { file, line, column, field: String::new(), span };
        }
        let (last, line, column) = self.last.get();
        let bytes = self.record.bytes;
        let (line, column) = match bytes.get(offset..last) {
            None => further(bytes.get(last..offset).unwrap_or_default(), line, column),
            // The offset is before the last one, on the same line or on an earlier one.
            Some(back) => match memchr::memchr_iter(b'\n', back).count() as u64 {
                0 => (line, column - back.len() as u64),
                lines => match memchr::memrchr(b'\n', bytes.get(..offset).unwrap_or_default()) {
                    Some(newline) => (line - lines, (offset - newline) as u64),
                    None => (line - lines, self.record.column + offset as u64),
                },
            },
        };
        self.last.set((offset, line, column));
        Place { file, line, column, field: String::new(), span }
    }

    fn start(&self) -> (u32, u64) {
        (self.record.file, self.record.line)
    }
}

/// The place of an offset in a record that may span lines.
#[must_use]
fn place(record: &RawRecord<'_>, offset: usize) -> Place {
    let (line, column) = by_landmark(record, offset).unwrap_or_else(|| {
        let before = record.bytes.get(..offset).unwrap_or(record.bytes);
        further(before, record.line, record.column)
    });
    let end = (offset + 1).min(record.bytes.len());
    Place { file: record.file, line, column, field: String::new(), span: record.map.span(offset, end) }
}

/// Line and column of an offset in a record assembled from several pieces of its input.
fn by_landmark(record: &RawRecord<'_>, offset: usize) -> Option<(u64, u64)> {
    let (from, line, column) = record.map.landmark(offset)?;
    Some(further(record.bytes.get(from..offset)?, line, column))
}

/// Line and column after some bytes that start at a line and column.
fn further(passed: &[u8], line: u64, column: u64) -> (u64, u64) {
    match memchr::memrchr(b'\n', passed) {
        Some(last) => (line + memchr::memchr_iter(b'\n', passed).count() as u64, (passed.len() - last) as u64),
        None => (line, column + passed.len() as u64),
    }
}

/// The error of a record that cannot be read.
#[must_use]
pub fn record_error(record: &RawRecord<'_>, offset: usize, reason: String, unreadable: bool) -> RecordError {
    let at = offset.min(record.bytes.len());
    RecordError {
        place: place(record, at),
        reason,
        snippet: window(record.bytes, at, (at + 1).min(record.bytes.len())),
        unreadable,
    }
}

/// Reads a file that is one JSON document (results, a summary) and shows it to a visitor. Errors are reported. Of a
/// truncated document, the complete part is shown.
pub fn read_document(
    file: u32,
    stream: Opened,
    out: &mut dyn Sink,
    visit: impl FnOnce(&JsonOrigin<'_>, &mut dyn Sink),
) {
    out.record();
    let mut bytes = Vec::new();
    let layout = stream.layout.clone();
    let limit = stream.max_record;
    let read = stream.take(limit as u64 + 1).read_to_end(&mut bytes);
    let pieces = layout.pieces(bytes.len() as u64);
    let record = RawRecord { file, line: 1, column: 1, bytes: &bytes, map: layout.map(0, &pieces) };
    if let Err(error) = read {
        return out.error(record_error(&record, bytes.len(), error.to_string(), true));
    }
    if bytes.len() > limit {
        let reason = SourceError::TooLong { line: 1, limit }.to_string();
        return out.error(record_error(&record, 0, reason, true));
    }
    let mut tape = Tape::default();
    match tape.parse(&bytes) {
        Ok(root) => visit(&JsonOrigin::new(record, root), out),
        Err(error) => {
            out.error(record_error(&record, error.offset, error.to_string(), true));
            if error.is_cut_off() {
                // The closed text starts with the bytes of the document, so offsets in it are valid for both.
                let closed = close(&bytes);
                if let Ok(root) = tape.parse(&closed) {
                    let origin = JsonOrigin::new(RawRecord { bytes: &closed, ..record }, root);
                    visit(&JsonOrigin { is_partial: true, ..origin }, out);
                }
            }
        }
    }
}

/// Descends to the value at an offset and builds its path. Returns the value's span.
fn descend(value: Value<'_>, offset: usize, path: &mut String) -> (usize, usize) {
    let holds = |child: &Value<'_>| child.start() <= offset && offset < child.end();
    if value.start() == offset && !path.is_empty() && !matches!(value.kind(), Kind::Array | Kind::Object) {
        return (value.start(), value.end());
    }
    match value.kind() {
        Kind::Object => {
            for (key, child) in value.members() {
                if holds(&child) {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&String::from_utf8_lossy(key.raw()));
                    return descend(child, offset, path);
                }
            }
        }
        Kind::Array => {
            for (index, child) in value.elements().enumerate() {
                if holds(&child) {
                    path.push('[');
                    path.push_str(&index.to_string());
                    path.push(']');
                    return descend(child, offset, path);
                }
            }
        }
        _ => {}
    }
    (value.start(), value.end().min(value.start() + 1).max(value.start()))
}
