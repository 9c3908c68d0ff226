//! Cuts lines into blocks for the workers.

use std::io::Read;

use crate::source::{ByteMap, Layout, MAX_RECORD, Opened, Piece, SourceError};

/// A block of whole lines.
#[derive(Clone, Debug)]
pub struct Block {
    /// The lines, including their ends.
    pub bytes: Vec<u8>,
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// Offset of the first byte in the stream.
    pub offset: u64,
    /// Maximum bytes of a record.
    pub max_record: usize,
    layout: Layout,
    pieces: Vec<Piece>,
}

impl Block {
    /// The start of an input.
    #[must_use]
    pub fn start(bytes: Vec<u8>, max_record: usize) -> Self {
        Self { bytes, first_line: 1, offset: 0, max_record, layout: Layout::from(0, false), pieces: Vec::new() }
    }

    /// Position in the input of the bytes from an offset of the block on.
    #[must_use]
    pub fn map(&self, at: usize) -> ByteMap<'_> {
        self.layout.map(self.offset + at as u64, &self.pieces)
    }
}

/// Cuts a stream into blocks of about `target` bytes, at line ends. If the stream breaks off, the data before the break
/// is yielded before the error. A line that is too long is skipped: it yields an error, then the lines after it.
pub struct Blocks<R> {
    stream: R,
    layout: Layout,
    target: usize,
    max_record: usize,
    rest: Vec<u8>,
    line: u64,
    offset: u64,
    state: State,
}

enum State {
    Reading,
    Failed(String),
    Done,
}

impl Blocks<Opened> {
    /// Cuts an input.
    #[must_use]
    pub fn of(input: Opened, target: usize) -> Self {
        let (layout, max_record) = (input.layout.clone(), input.max_record);
        Self::new(input, layout, target).limited(max_record)
    }
}

impl<R: Read> Blocks<R> {
    /// Cuts a stream whose position in its input is given by the layout.
    pub fn new(stream: R, layout: Layout, target: usize) -> Self {
        Self {
            stream,
            layout,
            target: target.max(1),
            max_record: MAX_RECORD,
            rest: Vec::new(),
            line: 1,
            offset: 0,
            state: State::Reading,
        }
    }

    /// Sets the maximum bytes of a record.
    #[must_use]
    pub fn limited(self, max_record: usize) -> Self {
        Self { max_record, ..self }
    }

    /// Number of the next line, and its offset in the stream.
    pub fn position(&self) -> (u64, u64) {
        (self.line, self.offset)
    }

    /// Sets the position, for a stream that starts in the middle of an input.
    #[must_use]
    pub fn starting(self, line: u64, offset: u64) -> Self {
        Self { line, offset, ..self }
    }

    /// Reads until the buffer holds the target size and a line end, or the stream ends.
    fn fill(&mut self) -> Result<Option<usize>, SourceError> {
        let mut searched = 0;
        loop {
            let have = self.rest.len();
            if have >= self.target
                && let Some(end) = memchr::memrchr(b'\n', self.rest.get(searched..).unwrap_or_default())
            {
                return Ok(Some(searched + end + 1));
            }
            searched = if have >= self.target { have } else { 0 };
            if searched > self.max_record {
                let line = self.line;
                self.pass_line();
                return Err(SourceError::TooLong { line, limit: self.max_record });
            }
            if !self.read() {
                return Ok(None);
            }
        }
    }

    /// Reads more; false at the end of the stream.
    fn read(&mut self) -> bool {
        let want = self.target.clamp(1 << 16, 4 << 20) as u64;
        match self.stream.by_ref().take(want).read_to_end(&mut self.rest) {
            Ok(0) => self.state = State::Done,
            Ok(_) => return true,
            Err(error) => self.state = State::Failed(error.to_string()),
        }
        false
    }

    /// Skips the rest of the current line, whose end has not been found yet.
    fn pass_line(&mut self) {
        self.offset += self.rest.len() as u64;
        self.rest = Vec::new();
        while self.read() {
            if let Some(end) = memchr::memchr(b'\n', &self.rest) {
                self.offset += end as u64 + 1;
                self.line += 1;
                self.rest.drain(..=end);
                return;
            }
            self.offset += self.rest.len() as u64;
            self.rest.clear();
        }
        // The bytes before the break of a stream belong to the line.
        self.offset += std::mem::take(&mut self.rest).len() as u64;
    }

    fn take(&mut self, end: usize) -> Block {
        let tail = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, tail);
        let pieces = self.layout.pieces(self.offset + bytes.len() as u64);
        let (first_line, offset, max_record) = (self.line, self.offset, self.max_record);
        let block = Block { bytes, first_line, offset, max_record, layout: self.layout.clone(), pieces };
        self.line += memchr::memchr_iter(b'\n', &block.bytes).count() as u64;
        self.offset += block.bytes.len() as u64;
        block
    }
}

impl<R: Read> Iterator for Blocks<R> {
    type Item = Result<Block, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Reading) {
            match self.fill() {
                Ok(Some(end)) => return Some(Ok(self.take(end))),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        if !self.rest.is_empty() {
            return Some(Ok(self.take(self.rest.len())));
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(reason) => Some(Err(SourceError::Broken { line: self.line.saturating_sub(1), reason })),
            _ => None,
        }
    }
}

/// The lines of a block: offset and bytes without the line end. Blank lines are returned as empty, which keeps line
/// numbers correct.
pub fn lines(block: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= block.len() {
            return None;
        }
        let rest = block.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        let start = at;
        at += end + 1;
        Some((start, line.strip_suffix(b"\r").unwrap_or(line)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_lose_their_ends_only() {
        let all: Vec<&[u8]> = lines(b"a\r\n\nb").map(|(_, line)| line).collect();
        assert_eq!(all, [b"a".as_slice(), b"", b"b"]);
    }

    struct Breaks(std::io::Cursor<Vec<u8>>);

    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "corrupt")),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn a_broken_stream_gives_what_it_had() {
        let mut blocks = Blocks::new(Breaks(std::io::Cursor::new(b"a\nb\nc".to_vec())), Layout::from(0, false), 2);
        let mut bytes = Vec::new();
        let error = loop {
            match blocks.next().unwrap() {
                Ok(block) => bytes.extend(block.bytes),
                Err(error) => break error,
            }
        };
        assert_eq!(bytes, b"a\nb\nc");
        assert!(matches!(error, SourceError::Broken { line: 2, .. }));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "x".repeat(200_000);
        for (text, kept, line, end) in [
            (format!("a\n{long}\nb\nc"), vec![(1, "a"), (3, "b"), (4, "c")], 2, 200_006),
            (format!("{long}\nb\n"), vec![(2, "b")], 1, 200_003),
            (format!("a\n{long}"), vec![(1, "a")], 2, 200_002),
        ] {
            let mut blocks = Blocks::new(text.as_bytes(), Layout::from(0, false), 2).limited(100_000);
            let (mut found, mut errors) = (Vec::new(), Vec::new());
            for block in blocks.by_ref() {
                match block {
                    Ok(block) => {
                        for (line, (_, text)) in (block.first_line..).zip(lines(&block.bytes)) {
                            found.push((line, String::from_utf8(text.to_vec()).unwrap()));
                        }
                    }
                    Err(error) => errors.push(error),
                }
            }
            let kept: Vec<(u64, String)> = kept.into_iter().map(|(line, text)| (line, text.to_owned())).collect();
            assert_eq!(found, kept);
            assert!(matches!(errors.as_slice(), [SourceError::TooLong { line: at, limit: 100_000 }] if *at == line));
            assert_eq!(blocks.position().1, end);
        }
    }

    proptest! {
        #[test]
        fn any_size_of_unit_gives_the_same_lines(text in "[ab\r\n]{0,80}", target in 1_usize..30) {
            let whole: Vec<(u64, Vec<u8>)> =
                (1..).zip(lines(text.as_bytes())).map(|(number, (_, line))| (number, line.to_vec())).collect();
            let mut cut: Vec<(u64, Vec<u8>)> = Vec::new();
            for block in Blocks::new(text.as_bytes(), Layout::from(7, false), target) {
                let block = block.unwrap();
                for (at, line) in lines(&block.bytes) {
                    let span = block.map(at).span(0, line.len()).unwrap();
                    let (start, end) = (usize::try_from(span.start).unwrap() - 7, usize::try_from(span.end).unwrap() - 7);
                    prop_assert_eq!(&text.as_bytes()[start..end], line);
                }
                cut.extend((block.first_line..).zip(lines(&block.bytes)).map(|(number, (_, line))| (number, line.to_vec())));
            }
            prop_assert_eq!(cut, whole);
        }
    }
}
