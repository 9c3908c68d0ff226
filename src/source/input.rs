//! One input: opened as often as needed, unpacked, without a byte order mark.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use crate::source::SourceError;

/// How much of standard input is kept in memory; the rest goes to an unnamed temporary file.
const SPOOL: usize = 16 << 20;
/// Unpacked bytes from which on the ratio to the packed ones is watched.
const WATCHED: u64 = 64 << 20;
/// Largest ratio of unpacked to packed bytes. Logs with repeated vectors reach a few hundred.
const RATIO: u64 = 1000;

/// A file, or standard input.
#[derive(Clone)]
pub struct Input {
    /// The path as shown to the user.
    pub path: String,
    kind: InputKind,
}

/// The rest of a plain file.
pub struct Tail {
    /// Bytes that were skipped at its start: a byte order mark.
    pub skipped: u64,
    /// What follows.
    pub stream: io::BufReader<std::fs::File>,
}

#[derive(Clone)]
enum InputKind {
    File(std::path::PathBuf),
    Spooled(Arc<Spool>),
}

/// Input that can be read only once, kept so that it can be read again.
struct Spool {
    state: Mutex<Option<Box<dyn Read + Send>>>,
    kept: Mutex<Option<tempfile::SpooledTempFile>>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Input {
    /// A file, with the path to show for it.
    #[must_use]
    pub fn file(shown: String, path: std::path::PathBuf) -> Self {
        Self { path: shown, kind: InputKind::File(path) }
    }

    /// Standard input.
    #[must_use]
    pub fn stdin() -> Self {
        Self::reader("<stdin>", Box::new(io::stdin()))
    }

    /// Any stream that can be read once.
    #[must_use]
    pub fn reader(name: &str, stream: Box<dyn Read + Send>) -> Self {
        let spool = Spool { state: Mutex::new(Some(stream)), kept: Mutex::new(None) };
        Self { path: name.to_owned(), kind: InputKind::Spooled(Arc::new(spool)) }
    }

    /// The file that is read; None for a stream.
    #[must_use]
    pub fn file_path(&self) -> Option<&std::path::Path> {
        match &self.kind {
            InputKind::File(path) => Some(path),
            InputKind::Spooled(_) => None,
        }
    }

    /// The directory of the path as shown; `.` for none.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or(".", |(directory, _)| directory)
    }

    /// The file name without a suffix of compression.
    #[must_use]
    pub fn logical_name(&self) -> &str {
        let name = self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name);
        name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
    }

    /// Size on disk.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.kind {
            InputKind::File(path) => path.metadata().ok().map(|metadata| metadata.len()),
            InputKind::Spooled(_) => None,
        }
    }

    /// Opens a plain file at an offset. None for packed files and streams, which have no offsets.
    pub fn tail(&self, offset: u64) -> Result<Option<Tail>, SourceError> {
        let failed = |source| SourceError::Io { path: self.path.clone(), source };
        let InputKind::File(path) = &self.kind else { return Ok(None) };
        #[expect(clippy::disallowed_methods, reason = "this is where files are read")]
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
        let skipped = match magic.as_slice() {
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Ok(None),
            [0xef, 0xbb, 0xbf, ..] if offset == 0 => 3,
            _ => 0,
        };
        file.seek(SeekFrom::Start(offset + skipped)).map_err(failed)?;
        Ok(Some(Tail { skipped, stream: io::BufReader::with_capacity(1 << 16, file) }))
    }

    /// Opens the input from its start, unpacked.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        let failed = |source| SourceError::Io { path: self.path.clone(), source };
        let raw: Box<dyn Read + Send> = match &self.kind {
            #[expect(clippy::disallowed_methods, reason = "this is where files are read")]
            InputKind::File(path) => {
                Box::new(io::BufReader::with_capacity(1 << 16, std::fs::File::open(path).map_err(failed)?))
            }
            InputKind::Spooled(spool) => Box::new(spool.reader().map_err(failed)?),
        };
        let (magic, raw) = starting(raw, 4).map_err(failed)?;
        let unpacked: Box<dyn Read + Send> = match magic.as_slice() {
            [0x1f, 0x8b, ..] => watched(raw, |raw| Box::new(flate2::read::MultiGzDecoder::new(raw))),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let mut failure = None;
                let reader = watched(raw, |raw| match zstd::stream::read::Decoder::new(raw) {
                    Ok(decoder) => Box::new(decoder),
                    Err(error) => {
                        failure = Some(error);
                        Box::new(io::empty())
                    }
                });
                if let Some(error) = failure {
                    return Err(failed(error));
                }
                reader
            }
            _ => raw,
        };
        let (mark, unpacked) = starting(unpacked, 3).map_err(failed)?;
        match mark.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(SourceError::Utf16 { path: self.path.clone() }),
            [0xef, 0xbb, 0xbf] => {
                let mut rest = unpacked;
                io::copy(&mut rest.by_ref().take(3), &mut io::sink()).map_err(failed)?;
                Ok(rest)
            }
            _ => Ok(unpacked),
        }
    }
}

/// The first bytes of a stream, and the stream from its start.
fn starting(mut stream: Box<dyn Read + Send>, count: u64) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut first = Vec::new();
    stream.by_ref().take(count).read_to_end(&mut first)?;
    let again = io::Cursor::new(first.clone()).chain(stream);
    Ok((first, Box::new(again)))
}

/// A decoder that fails when it unpacks too much from too little.
fn watched(raw: Box<dyn Read + Send>, decoder: impl FnOnce(Counted) -> Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    let packed = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = Counted { inner: raw, count: Arc::clone(&packed) };
    Box::new(Watched { inner: decoder(counted), packed, unpacked: 0 })
}

struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<std::sync::atomic::AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

struct Watched {
    inner: Box<dyn Read + Send>,
    packed: Arc<std::sync::atomic::AtomicU64>,
    unpacked: u64,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let packed = self.packed.load(std::sync::atomic::Ordering::Relaxed);
        if self.unpacked > WATCHED && self.unpacked / RATIO > packed {
            return Err(io::Error::other(format!(
                "it unpacks to more than {RATIO} times its size: taken for a decompression bomb; unpack it yourself if you trust it"
            )));
        }
        Ok(read)
    }
}

impl Spool {
    /// Reads the stream to its end on first use, then gives readers over what was kept.
    fn reader(self: &Arc<Self>) -> io::Result<SpoolReader> {
        let poisoned = || io::Error::other("another thread failed while reading standard input");
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

struct SpoolReader {
    spool: Arc<Spool>,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut kept = self.spool.kept.lock().map_err(|_| io::Error::other("standard input was lost"))?;
        let Some(file) = kept.as_mut() else { return Ok(0) };
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The first bytes of an input, unpacked.
pub fn peek(input: &Input, count: usize) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let read = input.open()?.take(count as u64).read_to_end(&mut bytes);
    match read {
        // A stream that breaks off early still shows what it is.
        Err(source) if bytes.is_empty() => Err(SourceError::Io { path: input.path.clone(), source }),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(input: &Input) -> Vec<u8> {
        let mut bytes = Vec::new();
        input.open().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn stream(bytes: Vec<u8>) -> Input {
        Input::reader("test", Box::new(io::Cursor::new(bytes)))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_and_plain_streams_read_alike_and_twice() {
        let text = b"{\"a\": 1}\n".repeat(1000);
        let mut members = gzip(&text[..90]);
        members.extend(gzip(&text[90..]));
        for packed in [text.clone(), gzip(&text), members, zstd::encode_all(text.as_slice(), 1).unwrap()] {
            let input = stream(packed);
            assert_eq!(read(&input), text);
            assert_eq!(read(&input), text);
        }
    }

    #[test]
    fn byte_order_marks() {
        assert_eq!(read(&stream(b"\xef\xbb\xbf{}".to_vec())), b"{}");
        assert!(matches!(stream(b"\xff\xfe{\0".to_vec()).open(), Err(SourceError::Utf16 { .. })));
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![0_u8; 100 << 20];
        let input = stream(zstd::encode_all(zeros.as_slice(), 3).unwrap());
        let error = io::copy(&mut input.open().unwrap(), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("decompression bomb"));
    }

    #[test]
    fn names_without_their_packing() {
        let input = Input::file("logs/run/scores.jsonl.gz".to_owned(), "x".into());
        assert_eq!((input.directory(), input.logical_name()), ("logs/run", "scores.jsonl"));
    }
}
