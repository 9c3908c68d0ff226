//! The decompressed bytes of an input.

use std::io::{self, Read};

use crate::source::Layout;

/// Default maximum bytes of a record.
pub const MAX_RECORD: usize = 256 << 20;

/// The decompressed bytes of an input.
pub struct Opened {
    stream: Box<dyn Read + Send>,
    /// How they map to the bytes of the file.
    pub layout: Layout,
    /// Maximum bytes of a record.
    pub max_record: usize,
}

impl Opened {
    pub(super) fn new(stream: Box<dyn Read + Send>, layout: Layout) -> Self {
        Self { stream, layout, max_record: MAX_RECORD }
    }

    /// Only its first bytes.
    #[must_use]
    pub fn first(self, bytes: u64) -> Self {
        Self { stream: Box::new(self.stream.take(bytes)), ..self }
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
