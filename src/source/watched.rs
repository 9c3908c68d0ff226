//! Decoders with a limit on the decompression ratio.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Decompressed bytes after which the ratio is checked.
const WATCHED: u64 = 64 << 20;
/// Maximum ratio of decompressed to compressed bytes. Logs with repeated vectors reach a few hundred.
const RATIO: u64 = 1000;

/// Whether these sizes indicate a decompression bomb.
pub(super) fn is_bomb(unpacked: u64, packed: u64) -> bool {
    unpacked > WATCHED && unpacked / RATIO > packed
}

/// The error message for a decompression bomb.
pub(super) fn bomb() -> String {
    format!(
        "it unpacks to more than {RATIO} times its size, like a decompression bomb; if you trust it, unpack it first"
    )
}

/// A decoder that fails if it decompresses too much from too little.
pub(super) fn watched(
    raw: Box<dyn Read + Send>,
    decoder: impl FnOnce(Counted) -> io::Result<Box<dyn Read + Send>>,
) -> io::Result<Box<dyn Read + Send>> {
    let packed = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: raw, count: Arc::clone(&packed) };
    Ok(Box::new(Watched { inner: decoder(counted)?, packed, unpacked: 0 }))
}

pub(super) struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

struct Watched {
    inner: Box<dyn Read + Send>,
    packed: Arc<AtomicU64>,
    unpacked: u64,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        if is_bomb(self.unpacked, self.packed.load(Ordering::Relaxed)) {
            return Err(io::Error::other(bomb()));
        }
        Ok(read)
    }
}
