//! Reads the records inside one JSON document as a stream, without loading the whole document.

use std::io::Read;

use crate::source::{Element, MAX_RECORD, Piece, SourceError};

/// Bytes per read.
const CHUNK: usize = 1 << 18;
/// Maximum bytes of the document around the records. It holds settings and results, not rows.
const MAX_SHELL: usize = 256 << 20;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inner {
    /// An entry of the array.
    Entry(Element),
    /// A member of the object as `{"key": value}`; its line, column and offset are those of the key.
    Member(Element),
    /// The rest of the document; the last part.
    Shell(Shell),
}

/// A document with an empty array or object in place of its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The parts before and after the records, with offsets in the stream.
    pub pieces: Vec<Piece>,
}

/// Splits one JSON object into records and the rest. The records are the entries of the array, or the members of the
/// object, at a path of keys. Tracks strings and nesting only; records are validated by their parser. A document
/// without that path consists of a shell only.
pub struct NestedRecords<R> {
    stream: R,
    path: Vec<&'static str>,
    /// Bytes read but not yet consumed; `at` is the next byte.
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    column: u64,
    /// Offset of `at` in the stream.
    offset: u64,
    shell: Vec<u8>,
    state: State,
    max_record: usize,
    /// Whether the current value is too long to keep.
    over: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the records, inside this many objects of the path.
    Before(usize),
    Records {
        is_object: bool,
    },
    /// After the records, or in a document without any.
    After,
    Done,
}

impl<R: Read> NestedRecords<R> {
    /// Starts at the first byte of the document.
    pub fn new(stream: R, path: &[&'static str]) -> Self {
        Self {
            stream,
            path: path.to_vec(),
            buffer: Vec::new(),
            at: 0,
            line: 1,
            column: 1,
            offset: 0,
            shell: Vec::new(),
            state: State::Before(0),
            max_record: MAX_RECORD,
            over: false,
        }
    }

    /// Sets the maximum bytes of a record.
    #[must_use]
    pub fn limited(self, max_record: usize) -> Self {
        Self { max_record, ..self }
    }

    /// Reads more; false at the end of the stream or on an error.
    fn fill(&mut self) -> bool {
        if self.at > CHUNK {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let read = self.stream.by_ref().take(CHUNK as u64).read_to_end(&mut self.buffer);
        // The bytes before the break of a stream count. The truncated document is then an error.
        read.is_ok_and(|count| count > 0)
    }

    fn peek(&mut self) -> Option<u8> {
        if self.at >= self.buffer.len() && !self.fill() {
            return None;
        }
        self.buffer.get(self.at).copied()
    }

    /// Advances to an offset of the buffer, counting lines.
    fn advance(&mut self, to: usize) {
        let passed = self.buffer.get(self.at..to).unwrap_or_default();
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
                self.column = (passed.len() - last) as u64;
            }
            None => self.column += passed.len() as u64,
        }
        self.offset += passed.len() as u64;
        self.at = to;
    }

    /// Copies one byte to the shell.
    fn keep(&mut self) {
        if let Some(byte) = self.buffer.get(self.at) {
            self.shell.push(*byte);
            self.advance(self.at + 1);
        }
    }

    /// The first byte that is not white space; white space before it is kept or dropped.
    fn value(&mut self, kept: bool) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\r' | b'\n' if kept => self.keep(),
                b' ' | b'\t' | b'\r' | b'\n' => self.advance(self.at + 1),
                other => return Some(other),
            }
        }
    }

    /// The end of the value that starts at an offset from `at`: one past its last byte, also relative to `at`. If the
    /// value is too long, the bytes read are dropped and `at` advances.
    fn end(&mut self, from: usize) -> Result<usize, SourceError> {
        let (mut offset, mut depth, mut string, mut begun) = (from, 0_u32, false, false);
        loop {
            let Some(rest) = self.buffer.get(self.at + offset..).filter(|rest| !rest.is_empty()) else {
                if offset > self.max_record {
                    self.over = true;
                    self.advance(self.at + offset);
                    offset = 0;
                }
                if !self.fill() {
                    return Err(SourceError::CutOff { line: self.line });
                }
                continue;
            };
            if string {
                match memchr::memchr2(b'"', b'\\', rest) {
                    None => offset += rest.len(),
                    Some(found) if rest.get(found) == Some(&b'"') => {
                        string = false;
                        offset += found + 1;
                        if depth == 0 {
                            return Ok(offset);
                        }
                    }
                    // An escape has two bytes; the second may not have been read yet.
                    Some(found) => match rest.get(found + 1) {
                        Some(_) => offset += found + 2,
                        None => {
                            offset += found;
                            if !self.fill() {
                                return Err(SourceError::CutOff { line: self.line });
                            }
                        }
                    },
                }
                continue;
            }
            let mut used = 0;
            for byte in rest {
                match byte {
                    b',' | b'}' | b']' if depth == 0 && begun => return Ok(offset + used),
                    b' ' | b'\t' | b'\r' | b'\n' if depth == 0 && begun => return Ok(offset + used),
                    b'"' => {
                        string = true;
                        used += 1;
                        break;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return Ok(offset + used + 1);
                        }
                    }
                    b' ' | b'\t' | b'\r' | b'\n' => {
                        used += 1;
                        continue;
                    }
                    _ => {}
                }
                begun = true;
                used += 1;
            }
            offset += used;
        }
    }

    /// The bytes up to an offset from `at`; advances past them.
    fn take(&mut self, end: usize) -> &[u8] {
        let from = self.at;
        self.advance(from + end);
        self.buffer.get(from..from + end).unwrap_or_default()
    }

    /// Copies a value to the shell without parsing it.
    fn skip(&mut self) -> Result<(), SourceError> {
        let end = self.end(0)?;
        let line = self.line;
        let value = self.kept(end, line)?.to_vec();
        self.shell.extend(value);
        if self.shell.len() > MAX_SHELL {
            return Err(SourceError::TooLong { line, limit: MAX_SHELL });
        }
        Ok(())
    }

    /// The bytes up to an offset from `at`, unless their value is too long; advances past them.
    fn kept(&mut self, end: usize, line: u64) -> Result<&[u8], SourceError> {
        let limit = self.max_record;
        if std::mem::take(&mut self.over) || end > limit {
            self.advance(self.at + end);
            return Err(SourceError::TooLong { line, limit });
        }
        Ok(self.take(end))
    }

    fn cut_off(&self) -> SourceError {
        SourceError::CutOff { line: self.line }
    }

    /// Advances to the first record, or to the end of a document without records.
    fn seek(&mut self, mut depth: usize) -> Result<State, SourceError> {
        let line = self.line;
        if depth == 0 {
            match self.value(true) {
                Some(b'{') => {}
                found => {
                    let found = found.map_or('\u{2205}', char::from);
                    return Err(SourceError::NoList { line, expected: "`{`", found });
                }
            }
            self.keep();
            if self.path.is_empty() {
                return Ok(State::Records { is_object: true });
            }
        }
        loop {
            match self.value(true).ok_or_else(|| self.cut_off())? {
                b',' => self.keep(),
                b'}' => {
                    self.keep();
                    if depth == 0 {
                        return Ok(State::After);
                    }
                    depth -= 1;
                }
                b'"' => {
                    let end = self.end(0)?;
                    let key = self.take(end).to_vec();
                    self.shell.extend_from_slice(&key);
                    if self.value(true) == Some(b':') {
                        self.keep();
                    }
                    let inside = key.get(1..key.len().saturating_sub(1));
                    let wanted = self.path.get(depth).is_some_and(|name| inside == Some(name.as_bytes()));
                    let next = self.value(true).ok_or_else(|| self.cut_off())?;
                    let last = depth + 1 == self.path.len();
                    if wanted && last && matches!(next, b'[' | b'{') {
                        self.keep();
                        return Ok(State::Records { is_object: next == b'{' });
                    }
                    if wanted && !last && next == b'{' {
                        self.keep();
                        depth += 1;
                    } else {
                        self.skip()?;
                    }
                }
                found => {
                    let (line, expected) = (self.line, "a key in quotes");
                    return Err(SourceError::NoList { line, expected, found: char::from(found) });
                }
            }
        }
    }

    /// The next record; None after the last.
    fn record(&mut self, is_object: bool) -> Result<Option<Inner>, SourceError> {
        loop {
            match self.value(false).ok_or_else(|| self.cut_off())? {
                b',' => self.advance(self.at + 1),
                b']' | b'}' => return Ok(None),
                _ => break,
            }
        }
        let (first_line, column, offset) = (self.line, self.column, self.offset);
        if !is_object {
            let end = self.end(0)?;
            let bytes = self.kept(end, first_line)?.to_vec();
            return Ok(Some(Inner::Entry(Element { bytes, first_line, column, offset })));
        }
        let key = self.end(0)?;
        let mut colon = key;
        loop {
            match self.buffer.get(self.at + colon).copied() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => colon += 1,
                Some(b':') => break,
                Some(found) => {
                    let found = char::from(found);
                    return Err(SourceError::NoList { line: self.line, expected: "`:` after a key", found });
                }
                None if !self.fill() => return Err(self.cut_off()),
                None => {}
            }
        }
        let end = self.end(colon + 1)?;
        let member = self.kept(end, first_line)?;
        let mut bytes = Vec::with_capacity(member.len() + 2);
        bytes.push(b'{');
        bytes.extend_from_slice(member);
        bytes.push(b'}');
        Ok(Some(Inner::Member(Element { bytes, first_line, column, offset })))
    }

    /// Reads the part after the records.
    fn rest(&mut self) -> Result<Shell, SourceError> {
        let (at, offset, start) = (self.shell.len() as u64, self.offset, Some((self.line, self.column)));
        while self.peek().is_some() {
            let line = self.line;
            let end = self.buffer.len() - self.at;
            let rest = self.take(end).to_vec();
            self.shell.extend(rest);
            if self.shell.len() > MAX_SHELL {
                return Err(SourceError::TooLong { line, limit: MAX_SHELL });
            }
        }
        let bytes = std::mem::take(&mut self.shell);
        let before = Piece { at: 0, len: at, offset: Some(0), start: Some((1, 1)), member: None };
        let behind = Piece { at, len: bytes.len() as u64 - at, offset: Some(offset), start, member: None };
        Ok(Shell { bytes, pieces: vec![before, behind] })
    }

    fn fail(&mut self, error: SourceError) -> Result<Inner, SourceError> {
        self.state = State::Done;
        Err(error)
    }
}

impl<R: Read> Iterator for NestedRecords<R> {
    type Item = Result<Inner, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.state {
                State::Before(depth) => match self.seek(depth) {
                    Ok(state) => self.state = state,
                    Err(error) => return Some(self.fail(error)),
                },
                State::Records { is_object } => match self.record(is_object) {
                    Ok(Some(record)) => return Some(Ok(record)),
                    Ok(None) => self.state = State::After,
                    // The end of the value was found.
                    Err(error @ SourceError::TooLong { .. }) => return Some(Err(error)),
                    Err(error) => return Some(self.fail(error)),
                },
                State::After => {
                    self.state = State::Done;
                    return Some(self.rest().map(Inner::Shell));
                }
                State::Done => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match (self.0.split_first(), buffer.first_mut()) {
                (Some((byte, rest)), Some(slot)) => {
                    *slot = *byte;
                    self.0 = rest;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    /// A record; `added` bytes at each end are not part of the document.
    fn record(text: &str, element: Element, added: usize) -> (String, u64, u64) {
        let bytes = String::from_utf8(element.bytes).unwrap();
        let own = &bytes[added..bytes.len() - added];
        assert_eq!(&text[usize::try_from(element.offset).unwrap()..][..own.len()], own);
        (bytes, element.first_line, element.column)
    }

    fn split(text: &str, path: &[&'static str]) -> (Vec<(String, u64, u64)>, String) {
        let mut records = Vec::new();
        for inner in NestedRecords::new(Drip(text.as_bytes()), path) {
            match inner {
                Ok(Inner::Entry(element)) => records.push(record(text, element, 0)),
                Ok(Inner::Member(element)) => records.push(record(text, element, 1)),
                Ok(Inner::Shell(shell)) => {
                    for piece in &shell.pieces {
                        let (at, offset) =
                            (usize::try_from(piece.at).unwrap(), usize::try_from(piece.offset.unwrap()).unwrap());
                        let len = usize::try_from(piece.len).unwrap();
                        assert_eq!(shell.bytes[at..at + len], text.as_bytes()[offset..offset + len]);
                    }
                    return (records, String::from_utf8(shell.bytes).unwrap());
                }
                Err(error) => return (records, error.to_string()),
            }
        }
        (records, "no shell".to_owned())
    }

    #[test]
    fn entries_of_an_inner_array_and_the_document_around_them() {
        let text = "{\"a\": {\"b\": [0]},\n \"b\": [{\"x\": \"]}\\\"\"}, 2,\n  [3]], \"c\": 1}\n";
        let (records, shell) = split(text, &["b"]);
        let expected = [("{\"x\": \"]}\\\"\"}", 2, 8), ("2", 2, 23), ("[3]", 3, 3)];
        assert_eq!(records, expected.map(|(text, line, column)| (text.to_owned(), line, column)));
        assert_eq!(shell, "{\"a\": {\"b\": [0]},\n \"b\": [], \"c\": 1}\n");
        assert_eq!(split(text, &["a", "b"]).0, [("0".to_owned(), 1, 14)]);
    }

    #[test]
    fn members_keep_their_keys_and_places() {
        let (records, shell) = split("{\"0\": {\"p\": 1},\n\"1\" : [2]}", &[]);
        let expected = [("{\"0\": {\"p\": 1}}", 1, 2), ("{\"1\" : [2]}", 2, 1)];
        assert_eq!(records, expected.map(|(text, line, column)| (text.to_owned(), line, column)));
        assert_eq!(shell, "{}");
    }

    #[test]
    fn a_record_that_is_too_long_is_passed_over() {
        let long = "9".repeat(2 * CHUNK);
        for (text, path) in [
            (format!("{{\"b\": [1,\n[{long}], 3], \"c\": 4}}"), vec!["b"]),
            (format!("{{\"a\": 1,\n\"b\": [{long}], \"c\": 3}}"), vec![]),
        ] {
            for limit in [20, CHUNK] {
                let found: Vec<_> = NestedRecords::new(text.as_bytes(), &path).limited(limit).collect();
                let [Ok(first), Err(SourceError::TooLong { line: 2, .. }), Ok(third), Ok(Inner::Shell(_))] =
                    found.as_slice()
                else {
                    panic!("{found:?}")
                };
                let bytes = |inner: &Inner| match inner {
                    Inner::Entry(element) | Inner::Member(element) => String::from_utf8(element.bytes.clone()).unwrap(),
                    Inner::Shell(_) => String::new(),
                };
                let expected = if path.is_empty() { ["{\"a\": 1}", "{\"c\": 3}"] } else { ["1", "3"] };
                assert_eq!([bytes(first), bytes(third)], expected);
            }
        }
    }

    #[test]
    fn a_document_without_the_path_is_all_shell() {
        for text in ["{}", "{\"b\": 1}", "{\"a\": {\"c\": []}, \"d\": \"x\"}"] {
            assert_eq!(split(text, &["a", "b"]), (Vec::new(), text.to_owned()));
        }
    }

    #[test]
    fn a_cut_off_document_gives_its_whole_records() {
        let (records, error) = split("{\"b\": [{\"x\": 1}, {\"x\": ", &["b"]);
        assert_eq!(records.len(), 1);
        assert!(error.contains("truncated"), "{error}");
        assert!(split("{\"b\": [1, 2", &["b"]).1.contains("truncated"));
        assert!(split("[1]", &["b"]).1.contains("expected `{`"));
        assert!(split("", &["b"]).1.contains("expected `{`"));
    }
}
