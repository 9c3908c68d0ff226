//! One input: opened as often as needed, decompressed, without a byte order mark.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, OnceLock};

use crate::model::unpacked_name;
use crate::source::spool::{self, Bytes, Spool};
use crate::source::unpack::{self, Packing, Stream};
use crate::source::watched::watched;
use crate::source::{ByteRange, Layout, MAX_RECORD, Opened, RangeLines, SourceError};

/// One log: a file, bytes in memory, or a stream. It can be opened any number of times.
#[derive(Clone)]
pub struct Input {
    /// The path as displayed to the user.
    pub path: String,
    bytes: Bytes,
    /// Maximum bytes of a record.
    max_record: usize,
    /// The decompressed content, for containers that need random access.
    unpacked: Arc<OnceLock<Arc<Spool>>>,
}

/// A plain file from some offset on.
pub struct Tail {
    /// Bytes skipped at the start: a byte order mark.
    pub skipped: u64,
    /// The bytes after the offset.
    pub stream: io::BufReader<std::fs::File>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Bytes as hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

impl Input {
    /// A file, with the path to display.
    #[must_use]
    pub fn file(shown: String, path: std::path::PathBuf) -> Self {
        Self { path: shown, bytes: Bytes::File(path), max_record: MAX_RECORD, unpacked: Arc::default() }
    }

    /// A pipe with a path, such as `/dev/fd/63`. It is opened on first use and kept like a stream.
    #[must_use]
    pub fn pipe(shown: String, path: std::path::PathBuf) -> Self {
        Self::reader(shown, Box::new(Pipe { path, file: None }))
    }

    /// The name of standard input.
    pub const STDIN: &str = "<stdin>";

    /// Standard input.
    #[must_use]
    pub fn stdin() -> Self {
        Self::reader(Self::STDIN, Box::new(io::stdin()))
    }

    /// A stream that can be read once. It is read on first use and kept: up to 16 MiB in memory, more in a temporary
    /// file. Reports use the name, and its extension (`.csv`) helps to recognise the format.
    #[must_use]
    pub fn reader(name: impl Into<String>, stream: Box<dyn Read + Send>) -> Self {
        let bytes = Bytes::Kept(Arc::new(Spool::new(stream)));
        Self { path: name.into(), bytes, max_record: MAX_RECORD, unpacked: Arc::default() }
    }

    /// Bytes in memory, compressed or not. Reports use the name, and its extension (`.csv`) helps to recognise the
    /// format.
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { path: name.into(), bytes: Bytes::Memory(bytes.into()), max_record: MAX_RECORD, unpacked: Arc::default() }
    }

    /// Sets the maximum bytes of a record. A longer record is an error, but the others are read.
    #[must_use]
    pub fn max_record(self, bytes: usize) -> Self {
        Self { max_record: bytes, ..self }
    }

    /// Maximum bytes of a record.
    #[must_use]
    pub fn longest_record(&self) -> usize {
        self.max_record
    }

    /// Reads a file of at most so many bytes into memory, so that it is opened only once. Returns the bytes that it holds then.
    pub fn keep_small(&mut self, most: usize) -> usize {
        let Bytes::File(path) = &self.bytes else { return 0 };
        let is_small = |metadata: &std::fs::Metadata| metadata.is_file() && metadata.len() <= most as u64;
        let Some(metadata) = path.metadata().ok().filter(is_small) else { return 0 };
        // One more shows the end of the file without another call.
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(most) + 1);
        let read = spool::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
        match read {
            Ok(read) if read <= most => {
                self.bytes = Bytes::Small(path.clone(), bytes.into());
                read
            }
            _ => 0,
        }
    }

    /// Drops the bytes that [`Input::keep_small`] holds: the file may grow.
    pub fn forget(&mut self) {
        if let Bytes::Small(path, _) = &self.bytes {
            self.bytes = Bytes::File(path.clone());
        }
    }

    /// The file that is read; None for other inputs.
    #[must_use]
    pub fn file_path(&self) -> Option<&std::path::Path> {
        match &self.bytes {
            Bytes::File(path) | Bytes::Small(path, _) => Some(path),
            Bytes::Memory(_) | Bytes::Kept(_) => None,
        }
    }

    /// The directory of the displayed path; `.` for none.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or(".", |(directory, _)| directory)
    }

    /// The file name without a compression suffix.
    #[must_use]
    pub fn logical_name(&self) -> &str {
        unpacked_name(self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name))
    }

    /// Stored size, compressed or not; None for a stream.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.bytes {
            Bytes::File(path) => path.metadata().ok().map(|metadata| metadata.len()),
            Bytes::Memory(bytes) | Bytes::Small(_, bytes) => Some(bytes.len() as u64),
            Bytes::Kept(_) => None,
        }
    }

    /// The SHA-256 digest of the stored file, as hexadecimal digits; None for what is no file or cannot be read.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        use sha2::Digest as _;
        self.file_path()?;
        let mut file = self.bytes.reader().ok()?;
        let mut digest = sha2::Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).ok()? {
                0 => return Some(hexadecimal(&digest.finalize())),
                read => digest.update(buffer.get(..read)?),
            }
        }
    }

    /// The first bytes of a file, decompressed but not read as a container; None for inputs that are not files or
    /// cannot be read.
    #[must_use]
    pub fn file_head(&self, count: usize) -> Option<Vec<u8>> {
        match &self.bytes {
            Bytes::File(path) if path.is_file() => {}
            Bytes::Small(..) => {}
            _ => return None,
        }
        let (magic, raw) = starting(Box::new(self.bytes.reader().ok()?), unpack::MAGIC).ok()?;
        let mut head = Vec::new();
        decompressed(Packing::of(&magic), raw).ok()?.take(count as u64).read_to_end(&mut head).ok()?;
        Some(head)
    }

    /// Opens a plain file at an offset. None for compressed files, containers and inputs that are not files.
    pub fn tail(&self, offset: u64) -> Result<Option<Tail>, SourceError> {
        let failed = |source| SourceError::Io { path: self.path.clone(), source };
        let Some(path) = self.file_path() else { return Ok(None) };
        let mut file = spool::open(path).map_err(failed)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
        let skipped = match magic.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Ok(None),
            [0xef, 0xbb, 0xbf, ..] if offset == 0 => 3,
            _ => 0,
        };
        if self.packing()? != Packing::Plain {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(offset + skipped)).map_err(failed)?;
        Ok(Some(Tail { skipped, stream: io::BufReader::with_capacity(1 << 16, file) }))
    }

    /// The lines of a plain file that start in a range of bytes.
    pub fn lines_in(&self, range: ByteRange) -> Result<RangeLines<Opened>, SourceError> {
        let Some(Tail { skipped, stream }) = self.tail(0)? else {
            return Err(SourceError::NoRange { path: self.path.clone() });
        };
        let (start, end) = (range.start.saturating_sub(skipped), range.end.saturating_sub(skipped));
        let lines = ByteRange { start, end, size: range.size }.lines(stream);
        let lines = lines.map_err(|source| SourceError::Io { path: self.path.clone(), source })?;
        Ok(RangeLines {
            first_line: lines.first_line,
            offset: lines.offset + skipped,
            // The lines give their own position in the file.
            stream: Opened::new(Box::new(io::BufReader::with_capacity(1 << 16, lines.stream)), Layout::from(0, false))
                .limited(self.max_record),
        })
    }

    /// The packing; for a compressed container, that of the container.
    pub fn packing(&self) -> Result<Packing, SourceError> {
        Ok(self.unpack()?.0)
    }

    /// Opens the input from its start, decompressed. Rows and members of a container become lines of JSON.
    pub fn open(&self) -> Result<Opened, SourceError> {
        Ok(self.unpack()?.1.limited(self.max_record))
    }

    fn unpack(&self) -> Result<(Packing, Opened), SourceError> {
        let failed = |source| SourceError::Io { path: self.path.clone(), source };
        let (magic, raw) = starting(Box::new(self.bytes.reader().map_err(failed)?), unpack::MAGIC).map_err(failed)?;
        let packing = Packing::of(&magic);
        let stream = match unpack::only_log(packing, &self.bytes) {
            Some(stream) => stream,
            None if packing.is_stream() => decompressed(packing, raw).map_err(failed)?,
            None => return unpack::container(packing, &self.path, &self.bytes, raw),
        };
        let (magic, stream) = starting(stream, unpack::MAGIC).map_err(failed)?;
        match Packing::of(&magic) {
            // A file that was compressed twice is not decompressed a second time.
            inner if inner.is_stream() => {}
            // An Arrow file can be read front to back.
            inner @ (Packing::ArrowFile | Packing::ArrowStream) => {
                return unpack::container(inner, &self.path, &self.bytes, stream);
            }
            inner => {
                let spool = self.unpacked.get_or_init(|| Arc::new(Spool::new(stream)));
                return unpack::container(inner, &self.path, &Bytes::Kept(Arc::clone(spool)), Box::new(io::empty()));
            }
        }
        let mut start = 0;
        let stream = match magic.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(SourceError::Utf16 { path: self.path.clone() }),
            [0xef, 0xbb, 0xbf, ..] => {
                let mut rest = stream;
                start = io::copy(&mut rest.by_ref().take(3), &mut io::sink()).map_err(failed)?;
                rest
            }
            _ => stream,
        };
        let layout = Layout::from(start, packing != Packing::Plain);
        let (table, opened) = unpack::text(&self.path, stream, layout)?;
        Ok((table.unwrap_or(packing), opened))
    }
}

/// The inner packing of a compressed stream; otherwise the packing itself.
fn decompressed(packing: Packing, raw: Stream) -> io::Result<Stream> {
    match packing {
        Packing::Gzip => watched(raw, |raw| Ok(Box::new(flate2::read::MultiGzDecoder::new(raw)))),
        Packing::Zstd => watched(raw, |raw| Ok(Box::new(zstd::stream::read::Decoder::new(raw)?))),
        Packing::Bzip2 => watched(raw, |raw| Ok(Box::new(bzip2::read::MultiBzDecoder::new(raw)))),
        Packing::Xz => watched(raw, |raw| Ok(Box::new(lzma_rust2::XzReader::new_mem_limit(raw, true, XZ_KIB)))),
        _ => Ok(raw),
    }
}

/// Memory limit for xz, in KiB: enough for `xz -9`, whose dictionary has 64 MiB.
const XZ_KIB: u32 = 80 << 10;

/// A pipe that is opened on first read.
struct Pipe {
    path: std::path::PathBuf,
    file: Option<std::fs::File>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.read(buffer);
        }
        let file = spool::open(&self.path)?;
        self.file.insert(file).read(buffer)
    }
}

/// The first bytes of a stream, and the stream from its start.
pub(super) fn starting(mut stream: Stream, count: u64) -> io::Result<(Vec<u8>, Stream)> {
    let mut first = Vec::new();
    stream.by_ref().take(count).read_to_end(&mut first)?;
    let again = io::Cursor::new(first.clone()).chain(stream);
    Ok((first, Box::new(again)))
}

/// The first bytes of an input, decompressed.
pub fn peek(input: &Input, count: usize) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let read = input.open()?.take(count as u64).read_to_end(&mut bytes);
    match read {
        // A truncated stream can still be recognised.
        Err(source) if bytes.is_empty() => Err(SourceError::Io { path: input.path.clone(), source }),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_once_and_gives_every_byte_as_often_as_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // More than a pipe buffers, and more than is kept in memory.
        let written: Vec<u8> = (0..20_000_000_u32).map(|at| (at / 7 % 251) as u8).collect();
        let (to, bytes) = (path.clone(), written.clone());
        #[expect(clippy::disallowed_methods, reason = "the test writes to the pipe")]
        let writer = std::thread::spawn(move || std::fs::write(to, bytes).unwrap());
        let found = crate::source::discover(&[path.to_string_lossy().into_owned()]);
        let [input] = found.inputs.as_slice() else { panic!("{found:?}") };
        assert!(read(input) == written && read(input) == written);
        writer.join().unwrap();
    }

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

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(text: &[u8], preset: u32) -> Vec<u8> {
        let options = lzma_rust2::XzOptions::with_preset(preset);
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn xz_needs_no_more_memory_than_its_largest_preset() {
        assert_eq!(read(&stream(xz(b"{}", 9))), b"{}");
        let mut options = lzma_rust2::XzOptions::with_preset(6);
        options.lzma_options.dict_size = 128 << 20;
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(b"{}").unwrap();
        assert!(stream(encoder.finish().unwrap()).open().is_err());
    }

    #[test]
    fn packed_and_plain_streams_read_alike_and_twice() {
        let text = b"{\"a\": 1}\n".repeat(1000);
        let mut members = gzip(&text[..90]);
        members.extend(gzip(&text[90..]));
        for packed in [
            text.clone(),
            gzip(&text),
            members,
            zstd::encode_all(text.as_slice(), 1).unwrap(),
            bzip2(&text),
            xz(&text, 6),
        ] {
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
        for packed in [zstd::encode_all(zeros.as_slice(), 3).unwrap(), bzip2(&zeros), xz(&zeros, 0)] {
            let error = io::copy(&mut stream(packed).open().unwrap(), &mut io::sink()).unwrap_err();
            assert!(error.to_string().contains("decompression bomb"));
        }
    }

    #[test]
    fn names_without_their_packing() {
        let input = Input::file("logs/run/scores.jsonl.gz".to_owned(), "x".into());
        assert_eq!((input.directory(), input.logical_name()), ("logs/run", "scores.jsonl"));
    }
}
