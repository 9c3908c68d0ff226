//! The lines of a plain file that start in a byte range. Audits use it to split one file over several machines.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

/// A byte range of a plain file. It covers all lines that start in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// Size of the whole file.
    pub size: u64,
}

/// The lines of a range as a stream, with the number and the offset of the first line.
pub struct RangeLines<R> {
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// Offset of the first line in the file.
    pub offset: u64,
    /// The lines.
    pub stream: R,
}

impl ByteRange {
    /// Skips to the range and returns its lines. Data before the range is read only to count lines.
    pub fn lines<R: BufRead>(self, mut stream: R) -> io::Result<RangeLines<Limited<R>>> {
        let (mut at, mut line) = (0_u64, 1_u64);
        // The line with the byte before the range starts before the range.
        while at + 1 < self.start {
            let ahead = usize::try_from(self.start - 1 - at).unwrap_or(usize::MAX);
            let buffer = stream.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let passed = buffer.get(..ahead).unwrap_or(buffer);
            line += memchr::memchr_iter(b'\n', passed).count() as u64;
            let passed = passed.len();
            stream.consume(passed);
            at += passed as u64;
        }
        if self.start > 0 {
            let skipped = skip_line(&mut stream)?;
            at += skipped;
            line += u64::from(skipped > 0);
        }
        Ok(RangeLines { first_line: line, offset: at, stream: Limited { stream, at, end: self.end, inside: false } })
    }
}

/// Skips to the start of the next line; returns the number of bytes.
fn skip_line(stream: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = stream.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = memchr::memchr(b'\n', buffer).map(|end| end + 1);
        let passed = end.unwrap_or(buffer.len());
        stream.consume(passed);
        skipped += passed as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// A stream that ends with the last line that starts before an offset.
pub struct Limited<R> {
    stream: R,
    at: u64,
    end: u64,
    /// Whether the next bytes continue a line that started before the end.
    inside: bool,
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.end && !self.inside {
            return Ok(0);
        }
        let buffer = self.stream.fill_buf()?;
        let before = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        // After the end, only the rest of a line that started before it.
        let wanted = match buffer.get(before.saturating_sub(1)..) {
            Some(tail) => match memchr::memchr(b'\n', tail) {
                Some(end) => before.saturating_sub(1) + end + 1,
                None => buffer.len(),
            },
            None => buffer.len(),
        };
        let given = wanted.min(out.len()).min(buffer.len());
        let taken = buffer.get(..given).unwrap_or_default();
        self.inside = taken.last().is_some_and(|last| *last != b'\n');
        if let Some(out) = out.get_mut(..given) {
            out.copy_from_slice(taken);
        }
        self.stream.consume(given);
        self.at += given as u64;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, start: usize, end: usize) -> (u64, u64, String) {
        let range = ByteRange { start: start as u64, end: end as u64, size: text.len() as u64 };
        // A small buffer makes every line cross a buffer boundary.
        let mut lines = range.lines(io::BufReader::with_capacity(3, text.as_bytes())).unwrap();
        let mut read = String::new();
        lines.stream.read_to_string(&mut read).unwrap();
        (lines.first_line, lines.offset, read)
    }

    #[test]
    fn a_range_owns_the_lines_that_start_in_it() {
        let text = "ab\ncdef\n\ngh";
        assert_eq!(lines(text, 0, 12), (1, 0, text.to_owned()));
        assert_eq!(lines(text, 0, 1), (1, 0, "ab\n".to_owned()));
        assert_eq!(lines(text, 0, 3), (1, 0, "ab\n".to_owned()));
        assert_eq!(lines(text, 0, 4), (1, 0, "ab\ncdef\n".to_owned()));
        assert_eq!(lines(text, 1, 4), (2, 3, "cdef\n".to_owned()));
        assert_eq!(lines(text, 3, 4), (2, 3, "cdef\n".to_owned()));
        assert_eq!(lines(text, 4, 8), (3, 8, String::new()));
        assert_eq!(lines(text, 8, 9), (3, 8, "\n".to_owned()));
        assert_eq!(lines(text, 9, 12), (4, 9, "gh".to_owned()));
    }

    #[test]
    fn ranges_side_by_side_give_every_line_once() {
        let text = "ab\r\ncdef\n\ngh\n\n\nlast";
        for one in 0..=text.len() {
            for other in one..=text.len() {
                let parts = [(0, one), (one, other), (other, text.len())].map(|(start, end)| lines(text, start, end));
                let joined: String = parts.iter().map(|(.., read)| read.as_str()).collect();
                assert_eq!(joined, text, "{one} {other}");
                for (line, offset, read) in parts.iter().filter(|(.., read)| !read.is_empty()) {
                    let before = &text[..usize::try_from(*offset).unwrap()];
                    assert_eq!(*line, before.matches('\n').count() as u64 + 1, "{one} {other} {read:?}");
                }
            }
        }
    }
}
