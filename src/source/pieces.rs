//! The lines of a companion file, kept so that they can be read again in any order.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Bytes kept in memory. More go to an unnamed temporary file.
const KEPT: usize = 16 << 20;

/// A line by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePlace {
    /// Offset of its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub len: usize,
}

/// Lines that are read by their places.
pub struct Lines {
    kept: Mutex<tempfile::SpooledTempFile>,
}

impl Default for Lines {
    fn default() -> Self {
        Self { kept: Mutex::new(tempfile::SpooledTempFile::new(KEPT)) }
    }
}

impl Lines {
    /// Adds a line with its end. Lines are read only after all were added.
    pub fn push(&mut self, line: &[u8]) -> io::Result<LinePlace> {
        let kept = self.kept.get_mut().map_err(|_| io::Error::other("the lines were lost"))?;
        let start = kept.seek(SeekFrom::End(0))?;
        kept.write_all(line)?;
        Ok(LinePlace { start, len: line.len() })
    }

    /// Copies a stream and shows each line with its place. Lines longer than `longest` bytes are shown cut.
    pub fn copy(stream: impl Read, longest: u64, mut look: impl FnMut(LinePlace, &[u8])) -> io::Result<Self> {
        let mut stream = BufReader::new(stream);
        let mut kept = tempfile::SpooledTempFile::new(KEPT);
        let (mut line, mut start) = (Vec::new(), 0);
        loop {
            line.clear();
            let len = stream.by_ref().take(longest).read_until(b'\n', &mut line)?;
            if len == 0 {
                return Ok(Self { kept: Mutex::new(kept) });
            }
            kept.write_all(&line)?;
            look(LinePlace { start, len }, &line);
            start += len as u64;
        }
    }

    /// The line at a place; None if it cannot be read again.
    pub fn line(&self, at: LinePlace) -> Option<Vec<u8>> {
        let mut kept = self.kept.lock().ok()?;
        kept.seek(SeekFrom::Start(at.start)).ok()?;
        let mut line = vec![0; at.len];
        kept.read_exact(&mut line).ok()?;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_any_order() {
        let mut places = Vec::new();
        let lines = Lines::copy(&b"one\ntwo\n\nlast"[..], 100, |at, _| places.push(at)).unwrap();
        let read: Vec<Vec<u8>> = places.iter().rev().map(|at| lines.line(*at).unwrap()).collect();
        assert_eq!(read, [&b"last"[..], b"\n", b"two\n", b"one\n"]);
        assert_eq!(lines.line(LinePlace { start: 10, len: 9 }), None);
    }

    #[test]
    fn a_long_line_is_shown_cut() {
        let mut seen = Vec::new();
        Lines::copy(&b"abcdef\ngh"[..], 4, |_, line| seen.push(line.to_vec())).unwrap();
        assert_eq!(seen, [&b"abcd"[..], b"ef\n", b"gh"]);
    }
}
