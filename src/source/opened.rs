//! The unpacked bytes of an input.

use std::io::{self, Read};

use crate::source::Layout;

/// Longest record, in bytes, where nothing else is asked for.
pub const MAX_RECORD: usize = 256 << 20;

/// The unpacked bytes of an input.
pub struct Opened {
    stream: Box<dyn Read + Send>,
    /// How they follow from those of the file.
    pub layout: Layout,
    /// Longest record, in bytes.
    pub max_record: usize,
}

impl Opened {
    pub(super) fn new(stream: Box<dyn Read + Send>, layout: Layout) -> Self {
        Self { stream, layout, max_record: MAX_RECORD }
    }

    pub(super) fn limited(self, max_record: usize) -> Self {
        Self { max_record, ..self }
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.stream.read_to_end(bytes)
    }
}
