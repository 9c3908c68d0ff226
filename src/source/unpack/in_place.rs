//! A text whose lines are changed without a change of their length: every place in it is that of the input.

use std::io::{self, BufRead, BufReader, Read};

use crate::source::unpack::Stream;

/// Longest line or document that is changed.
pub(super) const LONGEST: usize = 64 << 20;

/// Reads a text and changes each line, or the whole of it.
pub(super) struct InPlace<F> {
    stream: BufReader<Stream>,
    change: F,
    is_whole: bool,
    ready: Vec<u8>,
    at: usize,
    /// Whether the rest of a line that is too long follows.
    rest: bool,
}

impl<F: FnMut(&mut [u8])> InPlace<F> {
    /// Changes each line, which is given with its end.
    pub(super) fn lines(stream: Stream, change: F) -> Self {
        let stream = BufReader::with_capacity(1 << 16, stream);
        Self { stream, change, is_whole: false, ready: Vec::new(), at: 0, rest: false }
    }

    /// Changes the whole text at once.
    pub(super) fn whole(stream: Stream, change: F) -> Self {
        Self { is_whole: true, ..Self::lines(stream, change) }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let mut limited = self.stream.by_ref().take(LONGEST as u64);
        if self.is_whole {
            limited.read_to_end(&mut self.ready)?;
        } else {
            limited.read_until(b'\n', &mut self.ready)?;
        }
        let is_cut = self.ready.len() == LONGEST;
        if !self.rest && !is_cut {
            (self.change)(&mut self.ready);
        }
        self.rest = is_cut && !self.ready.ends_with(b"\n");
        Ok(())
    }
}

impl<F: FnMut(&mut [u8])> Read for InPlace<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.refill()?;
        }
        let mut rest = self.ready.get(self.at..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.at += read;
        Ok(read)
    }
}
