//! Bytes with random access: files, memory and spooled streams.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

/// Bytes of a stream kept in memory. The rest goes to an unnamed temporary file.
const SPOOL: usize = 16 << 20;

/// A source of bytes.
#[derive(Clone)]
pub(super) enum Bytes {
    /// A file.
    File(std::path::PathBuf),
    /// A small file with its content, read once.
    Small(std::path::PathBuf, Arc<[u8]>),
    /// Memory owned by the caller.
    Memory(Arc<[u8]>),
    /// A stream that can be read only once.
    Kept(Arc<Spool>),
}

impl Bytes {
    /// Reads from the start.
    pub(super) fn reader(&self) -> io::Result<Seeker> {
        match self {
            Self::File(path) => Ok(Seeker::File(BufReader::with_capacity(1 << 16, open(path)?))),
            Self::Memory(bytes) | Self::Small(_, bytes) => Ok(Seeker::Memory(Cursor::new(Arc::clone(bytes)))),
            Self::Kept(spool) => Ok(Seeker::Kept(spool.reader()?)),
        }
    }
}

/// Opens a file. If the process has too many open files, waits for other threads to close theirs.
pub(super) fn open(path: &std::path::Path) -> io::Result<std::fs::File> {
    /// Number of retries, and the delay between them.
    const TRIES: (usize, std::time::Duration) = (200, std::time::Duration::from_millis(10));
    for _ in 0..TRIES.0 {
        #[expect(clippy::disallowed_methods, reason = "this is where files are read")]
        match std::fs::File::open(path) {
            Err(error) if is_short_of_descriptors(&error) => std::thread::sleep(TRIES.1),
            opened => return opened,
        }
    }
    #[expect(clippy::disallowed_methods, reason = "this is where files are read")]
    std::fs::File::open(path)
}

/// Whether the process or the system has too many open files.
fn is_short_of_descriptors(error: &io::Error) -> bool {
    /// ENFILE and EMFILE.
    const TOO_MANY: [i32; 2] = [23, 24];
    cfg!(unix) && error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code))
}

/// A seekable reader.
pub(super) enum Seeker {
    /// Over a file.
    File(BufReader<std::fs::File>),
    /// Over memory.
    Memory(Cursor<Arc<[u8]>>),
    /// Over a spooled stream.
    Kept(SpoolReader),
}

impl Read for Seeker {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
            Self::Kept(kept) => kept.read(buffer),
        }
    }
}

impl Seek for Seeker {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
            Self::Kept(kept) => kept.seek(to),
        }
    }
}

/// A stream that can be read only once, stored for repeated reads.
pub(super) struct Spool {
    state: Mutex<Option<Box<dyn Read + Send>>>,
    kept: Mutex<Option<tempfile::SpooledTempFile>>,
}

impl Spool {
    /// Spools a stream on first use.
    pub(super) fn new(stream: Box<dyn Read + Send>) -> Self {
        Self { state: Mutex::new(Some(stream)), kept: Mutex::new(None) }
    }

    /// Reads the stream to its end on first use, then returns readers over the spooled bytes.
    fn reader(self: &Arc<Self>) -> io::Result<SpoolReader> {
        let poisoned = || io::Error::other("another thread failed while reading the stream");
        let mut state = self.state.lock().map_err(|_| poisoned())?;
        let mut kept = self.kept.lock().map_err(|_| poisoned())?;
        if let Some(mut stream) = state.take() {
            let mut spool = tempfile::SpooledTempFile::new(SPOOL);
            io::copy(&mut stream, &mut spool)?;
            *kept = Some(spool);
        }
        Ok(SpoolReader { spool: Arc::clone(self), at: 0 })
    }
}

pub(super) struct SpoolReader {
    spool: Arc<Spool>,
    at: u64,
}

impl SpoolReader {
    fn with_kept<T>(
        &self,
        none: T,
        used: impl FnOnce(&mut tempfile::SpooledTempFile) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut kept = self.spool.kept.lock().map_err(|_| io::Error::other("the stream was lost"))?;
        kept.as_mut().map_or(Ok(none), used)
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.at;
        let read = self.with_kept(0, |file| {
            file.seek(SeekFrom::Start(at))?;
            file.read(buffer)
        })?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => {
                self.at = at;
                return Ok(at);
            }
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.with_kept(0, |file| file.seek(SeekFrom::End(0)))?, by),
        };
        self.at = from.checked_add_signed(by).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
