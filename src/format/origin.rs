//! Places inside a JSON record.

use std::io::Read;

use crate::format::json::{Kind, Tape, Value};
use crate::format::window::window;
use crate::format::{RawRecord, Sink};
use crate::model::{At, Located, Origin, Place, RecordError};

/// The origin of a JSON record: its tape maps offsets to fields.
pub struct JsonOrigin<'r> {
    /// The record.
    pub record: RawRecord<'r>,
    /// Its parsed form.
    pub root: Value<'r>,
}

impl Origin for JsonOrigin<'_> {
    fn locate(&self, at: At) -> Located {
        let offset = at.0 as usize;
        let mut field = String::new();
        let span = descend(self.root, offset, &mut field);
        let (start, end) = if field.is_empty() { (offset, offset + 1) } else { span };
        Located { place: place(&self.record, start, field), snippet: window(self.record.bytes, start, end) }
    }

    fn start(&self) -> (u32, u64) {
        (self.record.file, self.record.line)
    }
}

/// The place of an offset in a record that may span lines.
#[must_use]
pub fn place(record: &RawRecord<'_>, offset: usize, field: String) -> Place {
    let before = record.bytes.get(..offset).unwrap_or(record.bytes);
    let newlines = memchr::memchr_iter(b'\n', before).count() as u64;
    let column = match memchr::memrchr(b'\n', before) {
        Some(newline) => (offset - newline) as u64,
        None => record.column + offset as u64,
    };
    Place { file: record.file, line: record.line + newlines, column, field }
}

/// The error of a record that cannot be read.
#[must_use]
pub fn record_error(record: &RawRecord<'_>, offset: usize, reason: String, unreadable: bool) -> RecordError {
    let at = offset.min(record.bytes.len());
    RecordError {
        place: place(record, at, String::new()),
        reason,
        snippet: window(record.bytes, at, (at + 1).min(record.bytes.len())),
        unreadable,
    }
}

/// Reads a file that is one JSON document (results, a summary) and shows it to a visitor; what cannot be read is
/// reported.
pub fn read_document(
    file: u32,
    stream: &mut dyn Read,
    out: &mut dyn Sink,
    visit: impl FnOnce(&JsonOrigin<'_>, &mut dyn Sink),
) {
    out.record();
    let mut bytes = Vec::new();
    let read = stream.take(crate::source::MAX_RECORD as u64).read_to_end(&mut bytes);
    let record = RawRecord { file, line: 1, column: 1, bytes: &bytes };
    if let Err(error) = read {
        return out.error(record_error(&record, bytes.len(), error.to_string(), true));
    }
    let mut tape = Tape::default();
    match tape.parse(&bytes) {
        Ok(root) => visit(&JsonOrigin { record, root }, out),
        Err(error) => out.error(record_error(&record, error.offset, error.to_string(), true)),
    }
}

/// Walks down to the value that starts at an offset, spelling its path; gives its span.
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
