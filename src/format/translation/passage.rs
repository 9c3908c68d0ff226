//! Groups of text lines that belong together, and places in them.

use crate::format::window::window;
use crate::format::{Head, Sink};
use crate::model::{At, Located, Logged, Origin, Place, RecordError, Snippet};
use crate::numeric::Printed;
use crate::source::{Blocks, ByteMap, Opened, lines};

/// Bytes per block of lines.
const BLOCK: usize = 1 << 20;
/// Maximum bytes of a passage; the rest is read as the next one.
const LONGEST: usize = 16 << 20;

/// Returns the name of the field at a byte of a line.
pub(super) type Naming = fn(&[u8], usize) -> String;

/// Consecutive whole lines that are read as one record.
pub(super) struct Passage<'p> {
    /// Index of the input.
    pub(super) file: u32,
    /// Number of the first line, from 1.
    pub(super) line: u64,
    /// The lines, including line ends.
    pub(super) bytes: &'p [u8],
    /// Position of the bytes in the input.
    pub(super) map: ByteMap<'p>,
    /// Names its fields.
    pub(super) naming: Naming,
}

/// A value with its line.
struct Found<'p> {
    place: Place,
    line: &'p [u8],
    /// Its first byte in the line; `to` is the one after its last.
    from: usize,
    to: usize,
}

impl Passage<'_> {
    /// The place of a value. A value without a length extends to the end of its word.
    fn find(&self, at: At) -> Found<'_> {
        let offset = at.start().min(self.bytes.len());
        let before = self.bytes.get(..offset).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let from = offset - start;
        let word = line.get(from..).unwrap_or_default();
        let len = match at.len {
            0 => word.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b',').count(),
            len => len as usize,
        };
        let to = (from + len.max(1)).min(line.len());
        let place = Place {
            file: self.file,
            line: self.line + memchr::memchr_iter(b'\n', before).count() as u64,
            column: from as u64 + 1,
            field: String::new(),
            span: self.map.span(offset, start + to),
        };
        Found { place, line, from, to }
    }

    /// Reports the line kinds of the passage as the cells of a row, which reveals a kind that ends in the middle of the
    /// input.
    pub(super) fn kinds(&self, header: &[String], of: impl Fn(&[u8]) -> Option<usize>, out: &mut dyn Sink) {
        let mut cells = vec![&b""[..]; header.len()];
        for (_, line) in lines(self.bytes) {
            if let Some(cell) = of(line).and_then(|kind| cells.get_mut(kind)) {
                *cell = line;
            }
        }
        out.cells((self.line, 1), header, &mut cells.into_iter());
    }

    /// The error of a passage that cannot be read.
    pub(super) fn error(&self, field_error: FieldError) -> RecordError {
        let Located { place, snippet } = self.locate(at(field_error.offset));
        RecordError { place, reason: field_error.reason, snippet, unreadable: false }
    }
}

impl Origin for Passage<'_> {
    fn locate(&self, at: At) -> Located {
        let Found { place, line, from, to } = self.find(at);
        let field = (self.naming)(line, from);
        Located { place: Place { field, ..place }, snippet: window(line, from, to) }
    }

    fn place(&self, at: At) -> Place {
        self.find(at).place
    }

    fn start(&self) -> (u32, u64) {
        (self.file, self.line)
    }
}

/// An error in a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldError {
    /// Offset in the passage.
    pub(super) offset: usize,
    /// The expected and the found value.
    pub(super) reason: String,
}

/// The word that starts at a byte of the passage.
pub(super) fn at(offset: usize) -> At {
    At::new(offset, offset)
}

/// A number that starts at an offset.
pub(super) fn number(word: &[u8], offset: usize, what: &str) -> Result<Logged, FieldError> {
    match Printed::parse(word) {
        Some(number) => Ok(Logged::Number(number)),
        None => {
            let found: String = String::from_utf8_lossy(word).chars().take(40).collect();
            Err(FieldError { offset, reason: format!("{what}: expected a number, found \"{found}\"") })
        }
    }
}

/// The words of a part of a passage, each with its offset; `start` is the offset of the part.
pub(super) fn words(part: &[u8], start: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = part.get(from..)?;
        let skip = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = rest.get(skip..)?;
        let len = word.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let at = from + skip;
        from = at + len;
        (len > 0).then(|| (start + at, word.get(..len).unwrap_or_default()))
    })
}

/// The complete lines of a head that is not JSON. A text line may also start with a bracket.
pub(super) fn head_lines<'h>(head: &Head<'h>) -> impl Iterator<Item = &'h [u8]> + use<'h> {
    let bytes = match head.records().next() {
        Some(_) => &[],
        None if head.whole => head.bytes,
        None => memchr::memrchr(b'\n', head.bytes).and_then(|end| head.bytes.get(..end)).unwrap_or_default(),
    };
    lines(bytes).map(|(_, line)| line).filter(|line| !line.trim_ascii().is_empty())
}

/// Reads a stream as passages: a line for which `starts` is true begins the next one.
pub(super) fn passages(
    file: u32,
    stream: Opened,
    naming: Naming,
    out: &mut dyn Sink,
    mut starts: impl FnMut(&[u8]) -> bool,
    mut read: impl FnMut(&Passage<'_>, &mut dyn Sink),
) {
    let mut bytes: Vec<u8> = Vec::new();
    let (mut first, mut next) = (1, 1);
    let layout = stream.layout.clone();
    let mut offset = 0;
    let mut flush = |bytes: &mut Vec<u8>, line: u64, out: &mut dyn Sink| {
        if !bytes.trim_ascii().is_empty() {
            let map = layout.map(offset, &[]);
            read(&Passage { file, line, bytes: bytes.as_slice(), map, naming }, out);
        }
        offset += bytes.len() as u64;
        bytes.clear();
    };
    for block in Blocks::of(stream, BLOCK) {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                flush(&mut bytes, first, out);
                let place = Place { file, line: next, column: 1, ..Place::default() };
                let reason = error.to_string();
                return out.error(RecordError { place, reason, snippet: Snippet::default(), unreadable: true });
            }
        };
        for line in block.bytes.split_inclusive(|byte| *byte == b'\n') {
            if !bytes.is_empty() && (starts(line.trim_ascii_end()) || bytes.len() + line.len() > LONGEST) {
                flush(&mut bytes, first, out);
            }
            if bytes.is_empty() {
                first = next;
                starts(line.trim_ascii_end());
            }
            bytes.extend_from_slice(line);
            next += 1;
        }
    }
    flush(&mut bytes, first, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;
    use crate::source::Layout;

    #[test]
    fn words_keep_their_offsets() {
        let found: Vec<(usize, &[u8])> = words(b"  -1.5\t-2 ", 10).collect();
        assert_eq!(found, [(12, &b"-1.5"[..]), (17, &b"-2"[..])]);
    }

    #[test]
    fn a_place_has_its_line_and_column() {
        let bytes = b"S-0\tx\nH-0\t-1.5\ty\n";
        let map = Layout::from(100, false).map(0, &[]);
        let passage = Passage { file: 3, line: 7, bytes, map, naming: |line, _| format!("{}", line.len()) };
        let found = passage.locate(at(10));
        let span = Some(Span { start: 110, end: 114, packed: false, member: None });
        assert_eq!(found.place, Place { file: 3, line: 8, column: 5, field: "10".to_owned(), span });
        assert_eq!(&found.snippet.text[found.snippet.mark..][..found.snippet.mark_len], "-1.5");
    }
}
