//! Reads the records of a top-level JSON array as a stream, without loading the whole array.

use std::io::{BufRead, BufReader, Read};

use crate::source::{MAX_RECORD, Quotes, SourceError};

/// One element with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Line of its first byte, from 1.
    pub first_line: u64,
    /// Column of its first byte, from 1.
    pub column: u64,
    /// Offset of its first byte in the stream.
    pub offset: u64,
}

/// Splits a stream that holds `[element, …]`, or one object, which counts as the only element. Tracks strings and
/// nesting only; elements are validated by their parser.
pub struct Elements<R> {
    stream: BufReader<R>,
    line: u64,
    column: u64,
    /// Bytes consumed.
    offset: u64,
    single: bool,
    /// Whether the list is the whole document.
    whole: bool,
    done: bool,
    max_record: usize,
}

impl<R: Read> Elements<R> {
    /// Starts at the first value of the stream.
    pub fn new(stream: R) -> Result<Self, SourceError> {
        let stream = BufReader::with_capacity(1 << 16, stream);
        let (single, whole, done, max_record) = (false, true, false, MAX_RECORD);
        let mut elements = Self { stream, line: 1, column: 1, offset: 0, single, whole, done, max_record };
        match elements.peek_value() {
            Some(b'[') => {
                elements.step();
                Ok(elements)
            }
            Some(b'{') => {
                elements.single = true;
                Ok(elements)
            }
            found => Err(SourceError::NoList {
                line: elements.line,
                expected: "`[` or `{`",
                found: found.map_or('\u{2205}', char::from),
            }),
        }
    }

    /// Starts at a list inside a document. The data after the list stays in the stream.
    pub(super) fn within(stream: R) -> Result<Self, SourceError> {
        let elements = Self::new(stream)?;
        Ok(Self { whole: false, ..elements })
    }

    /// Sets the maximum bytes of an element.
    #[must_use]
    pub fn limited(self, max_record: usize) -> Self {
        Self { max_record, ..self }
    }

    /// The stream after the elements.
    pub(super) fn rest(&mut self) -> &mut BufReader<R> {
        &mut self.stream
    }

    fn peek(&mut self) -> Option<u8> {
        self.stream.fill_buf().ok()?.first().copied()
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.stream.consume(1);
        self.offset += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(byte)
    }

    /// The first byte that is not white space.
    fn peek_value(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\r' | b'\n' => self.step()?,
                other => return Some(other),
            };
        }
    }

    fn element(&mut self) -> Result<Element, SourceError> {
        let mut element =
            Element { bytes: Vec::new(), first_line: self.line, column: self.column, offset: self.offset };
        let (mut depth, mut quotes, mut length) = (0_u32, Quotes::default(), 0_usize);
        loop {
            let Some(byte) = self.peek() else {
                self.done = true;
                return Err(SourceError::CutOff { line: self.line });
            };
            if !quotes.is_open() && depth == 0 && length > 0 && matches!(byte, b',' | b']') {
                break;
            }
            self.step();
            length += 1;
            // For an element that is too long, only the end is searched.
            if length <= self.max_record {
                element.bytes.push(byte);
            } else if !element.bytes.is_empty() {
                element.bytes = Vec::new();
            }
            if quotes.take(byte) {
                continue;
            }
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        if length > self.max_record {
            return Err(SourceError::TooLong { line: element.first_line, limit: self.max_record });
        }
        while element.bytes.last().is_some_and(u8::is_ascii_whitespace) {
            element.bytes.pop();
        }
        Ok(element)
    }
}

impl<R: Read> Iterator for Elements<R> {
    type Item = Result<Element, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.peek_value() {
            None => {
                self.done = true;
                (!self.single).then_some(Err(SourceError::CutOff { line: self.line }))
            }
            Some(b',') if !self.single => {
                self.step();
                match self.peek_value() {
                    Some(b']') | None => self.next(),
                    Some(_) => Some(self.element()),
                }
            }
            Some(b']') if !self.single => {
                self.step();
                self.done = true;
                if !self.whole {
                    return None;
                }
                let found = self.peek_value()?;
                Some(Err(SourceError::NoList {
                    line: self.line,
                    expected: "the end of the file after `]`",
                    found: char::from(found),
                }))
            }
            Some(_) => Some(self.element()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<(String, u64, u64)>, Option<String>) {
        let mut found = Vec::new();
        for element in Elements::new(text.as_bytes()).unwrap() {
            match element {
                Ok(element) => {
                    let at = usize::try_from(element.offset).unwrap();
                    assert_eq!(text.as_bytes()[at..][..element.bytes.len()], element.bytes);
                    found.push((String::from_utf8(element.bytes).unwrap(), element.first_line, element.column));
                }
                Err(error) => return (found, Some(error.to_string())),
            }
        }
        (found, None)
    }

    #[test]
    fn elements_with_their_places() {
        let (found, error) = split("[\r\n  {\"a\": \"]},\\\"\"},\n  [1, {\"b\": []}], 3\n]\n");
        let expected = [("{\"a\": \"]},\\\"\"}", 2, 3), ("[1, {\"b\": []}]", 3, 3), ("3", 3, 19)];
        assert_eq!(found, expected.map(|(text, line, column)| (text.to_owned(), line, column)));
        assert_eq!(error, None);
    }

    #[test]
    fn one_object_is_the_only_element() {
        assert_eq!(split("{\n \"a\": 1\n}\n").0.len(), 1);
        assert_eq!(split("[]").0.len(), 0);
    }

    #[test]
    fn an_element_that_is_too_long_is_passed_over() {
        let text = "[1,\n [2, \"]\", 22222], 3]";
        let found: Vec<Result<String, String>> = Elements::new(text.as_bytes())
            .unwrap()
            .limited(8)
            .map(|element| element.map(|one| String::from_utf8(one.bytes).unwrap()).map_err(|error| error.to_string()))
            .collect();
        let error = "the record is longer than 8 bytes and was not audited; --max-record raises the limit".to_owned();
        assert_eq!(found, [Ok("1".to_owned()), Err(error), Ok("3".to_owned())]);
    }

    #[test]
    fn a_cut_off_list_gives_its_whole_elements() {
        let (found, error) = split("[{\"a\": 1}, {\"b\": ");
        assert_eq!(found.len(), 1);
        assert!(error.unwrap().contains("truncated"));
        assert!(split("[1] 2").1.unwrap().contains("end of the file"));
        assert!(Elements::new("x".as_bytes()).is_err());
    }
}
