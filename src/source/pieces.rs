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

/// Lines that are read by their places, once all are added.
pub struct Lines {
    kept: Mutex<tempfile::SpooledTempFile>,
    /// Where the next line will start.
    end: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { kept: Mutex::new(tempfile::SpooledTempFile::new(KEPT)), end: 0 }
    }
}

impl Lines {
    /// Adds a line with its end.
    pub fn push(&mut self, line: &[u8]) -> io::Result<LinePlace> {
        let kept = self.kept.get_mut().map_err(|_| io::Error::other("the lines were lost"))?;
        kept.write_all(line)?;
        let place = LinePlace { start: self.end, len: line.len() };
        self.end += line.len() as u64;
        Ok(place)
    }

    /// Copies a stream and shows each line with its place. Lines longer than `longest` bytes are shown cut.
    pub fn copy(stream: impl Read, longest: u64, mut look: impl FnMut(LinePlace, &[u8])) -> io::Result<Self> {
        let mut stream = BufReader::new(stream);
        let (mut lines, mut line) = (Self::default(), Vec::new());
        loop {
            line.clear();
            if stream.by_ref().take(longest).read_until(b'\n', &mut line)? == 0 {
                return Ok(lines);
            }
            let place = lines.push(&line)?;
            look(place, &line);
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
