//! Converts containers of rows to JSON Lines: Parquet, Arrow IPC, archives of JSON files, tables in JSON, and CSV with
//! lists in its cells. Lists and objects in strings are taken out of these.
//!
//! Rows are converted as they are read, one batch at a time. Line n is row n, except for CSV, whose rows keep their
//! lines.

#[cfg(feature = "arrow")]
mod arrow;
mod cells;
mod columns;
mod events;
mod in_place;
mod literal;
#[cfg(feature = "arrow")]
mod parquet;
#[cfg(feature = "arrow")]
mod rows;
mod strings;
mod table;
mod zip;

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};

use crate::source::bytemap::Made;
use crate::source::spool::Bytes;
use crate::source::{Layout, Opened, Piece, SourceError};

/// Bytes needed to identify a container.
pub(super) const MAGIC: u64 = 8;
/// Rows used to classify the columns of a table.
const SAMPLE_ROWS: usize = 64;
/// Bytes of a table used for that, unless its first row is longer.
const SAMPLE_BYTES: usize = 8 << 20;
/// Bytes of a text that are read first: a header, or the start of an object.
const FIRST_LOOK: usize = 1 << 16;
/// Maximum bytes of a generated row.
const MAX_ROW: usize = 1 << 30;
/// Bytes of lines generated at a time.
const READY: usize = 1 << 16;

/// The packing of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// None: the bytes are the log.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file, also known as Feather.
    ArrowFile,
    /// An Arrow IPC stream.
    ArrowStream,
    /// A zip archive of JSON files.
    Zip,
    /// `{"columns": […], "data": [[…], …]}`.
    JsonTable,
    /// CSV or TSV with lists or objects in its cells.
    ListCells,
    /// JSON with JSON in its strings.
    JsonStrings,
    /// Server-sent events with JSON as their data.
    Events,
}

impl Packing {
    /// Whether it is a single file, compressed or not, rather than a container of rows.
    #[must_use]
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Plain | Self::Gzip | Self::Zstd | Self::Bzip2 | Self::Xz)
    }

    /// The packing shown by the first bytes.
    pub(super) fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Self::Bzip2,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Self::ArrowFile,
            // A continuation marker, then the length of the schema, which is padded to 8 bytes.
            [0xff, 0xff, 0xff, 0xff, low, _, _, high] if low % 8 == 0 && *high < 0x10 => Self::ArrowStream,
            // A member, or the end of an empty archive.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => Self::Plain,
        }
    }
}

impl std::fmt::Display for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain text",
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Parquet => "a Parquet file",
            Self::ArrowFile => "an Arrow IPC file",
            Self::ArrowStream => "an Arrow IPC stream",
            Self::Zip => "a zip archive",
            Self::JsonTable => "a JSON table",
            Self::ListCells => "a CSV table with lists in its cells",
            Self::JsonStrings => "JSON with JSON in its strings",
            Self::Events => "a stream of events",
        })
    }
}

/// Why a container cannot be opened.
enum Refusal {
    /// It cannot be read at all.
    Io(io::Error),
    /// It does not have the format that its first bytes suggest.
    FieldError { expected: &'static str, found: String },
    /// Its end is missing, and with it what says where its rows are.
    #[cfg(feature = "arrow")]
    NoFooter,
    /// It has no rows.
    NoRows,
    /// It is an archive without a log.
    NoLogs,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Produces the lines of a container.
trait Rows: Send {
    /// Appends a line with its end, or a part of a long line. False if there are no more.
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String>;

    /// The bytes last appended by [`Rows::more`] that are unchanged in the input, with offsets in `out`.
    fn pieces(&mut self) -> Vec<Piece> {
        Vec::new()
    }
}

pub(super) type Stream = Box<dyn Read + Send>;

/// The lines of a container, read with random access (`bytes`) or front to back (`stream`).
pub(super) fn container(
    packing: Packing,
    path: &str,
    bytes: &Bytes,
    stream: Stream,
) -> Result<(Packing, Opened), SourceError> {
    let rows = match packing {
        Packing::Zip => zip::open(bytes),
        #[cfg(feature = "arrow")]
        Packing::Parquet => parquet::open(bytes),
        #[cfg(feature = "arrow")]
        Packing::ArrowFile | Packing::ArrowStream => arrow::open(stream, packing == Packing::ArrowFile),
        _ => {
            drop(stream);
            return Err(SourceError::NotBuilt { path: path.to_owned(), packing });
        }
    };
    let rows = rows.map_err(|refusal| source_error(refusal, packing, path))?;
    Ok((packing, Lines::open(rows, &Layout::from(0, false))))
}

/// The bytes of an archive's only log, if it has exactly one.
pub(super) fn only_log(packing: Packing, bytes: &Bytes) -> Option<Stream> {
    (packing == Packing::Zip).then(|| zip::only_log(bytes))?
}

/// The lines of a text: the rows if it is a table, otherwise its own lines.
pub(super) fn text(path: &str, stream: Stream, layout: Layout) -> Result<(Option<Packing>, Opened), SourceError> {
    let failed = |source| SourceError::Io { path: path.to_owned(), source };
    let mut head = Head { bytes: Vec::new(), stream, whole: false };
    head.grow(FIRST_LOOK).map_err(failed)?;
    let (packing, rows) = match head.bytes.trim_ascii_start().first() {
        Some(b'{') if table::recognise(&head.bytes) => (Packing::JsonTable, table::open(head.again())),
        Some(b'{') => match columns::recognise(&mut head).map_err(failed)? {
            Some(table) => (Packing::JsonTable, Ok(Box::new(table) as Box<dyn Rows>)),
            None => return with_strings(head, layout).map_err(failed),
        },
        Some(b'[') => return with_strings(head, layout).map_err(failed),
        None => return Ok((None, Opened::new(head.again(), layout))),
        Some(_) if events::recognise(&head.bytes) => {
            return Ok((Some(Packing::Events), Opened::new(events::open(head.again()), layout)));
        }
        Some(_) => match cells::recognise(&mut head).map_err(failed)? {
            Some(columns) => (Packing::ListCells, Ok(cells::open(columns, head.again()))),
            None => return Ok((None, Opened::new(head.again(), layout))),
        },
    };
    let rows = rows.map_err(|refusal| source_error(refusal, packing, path))?;
    Ok((Some(packing), Lines::open(rows, &layout)))
}

/// A JSON text, without the quotes around lists and objects with values of tokens.
fn with_strings(mut head: Head, layout: Layout) -> io::Result<(Option<Packing>, Opened)> {
    match strings::recognise(&mut head)? {
        Some(strings) => {
            let stream = strings::open(strings, head.again());
            Ok((Some(Packing::JsonStrings), Opened::new(stream, layout)))
        }
        None => Ok((None, Opened::new(head.again(), layout))),
    }
}

fn source_error(refusal: Refusal, packing: Packing, path: &str) -> SourceError {
    let path = path.to_owned();
    match refusal {
        Refusal::Io(source) => SourceError::Io { path, source },
        Refusal::FieldError { expected, found } => SourceError::Container { path, packing, expected, found },
        #[cfg(feature = "arrow")]
        Refusal::NoFooter => SourceError::NoFooter { path, packing },
        Refusal::NoRows => SourceError::NoRows { path, packing },
        Refusal::NoLogs => SourceError::NoLogs { path },
    }
}

/// A stream whose start has been read ahead.
struct Head {
    bytes: Vec<u8>,
    stream: Stream,
    /// Whether the start is the whole stream.
    whole: bool,
}

impl Head {
    /// Reads until the start has this many bytes.
    fn grow(&mut self, to: usize) -> io::Result<()> {
        let missing = to.saturating_sub(self.bytes.len());
        match self.stream.by_ref().take(missing as u64).read_to_end(&mut self.bytes) {
            Ok(read) => {
                self.whole = read < missing;
                Ok(())
            }
            // A truncated stream is read to its end and fails there.
            Err(error) if !self.bytes.is_empty() => {
                self.whole = true;
                self.stream = Box::new(Broken(Some(error)));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The stream from its start.
    fn again(self) -> Stream {
        Box::new(io::Cursor::new(self.bytes).chain(self.stream))
    }
}

/// A stream that fails once.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Rows as a stream of bytes.
struct Lines {
    rows: Box<dyn Rows>,
    /// Pieces of all lines so far that have not been read yet.
    pieces: Made,
    /// The layout of the stream that holds the rows.
    of: Layout,
    /// Bytes generated before those in `ready`.
    made: u64,
    ready: Vec<u8>,
    at: usize,
    end: Option<Result<(), String>>,
}

impl Lines {
    /// The lines of rows read from a stream with this layout.
    fn open(rows: Box<dyn Rows>, of: &Layout) -> Opened {
        let pieces = Made::default();
        let layout = Layout::made(Arc::clone(&pieces), of.is_packed());
        let lines = Self { rows, pieces, of: of.clone(), made: 0, ready: Vec::new(), at: 0, end: None };
        Opened::new(Box::new(lines), layout)
    }

    fn refill(&mut self) {
        // The large buffer of one long row is not kept for the following rows.
        if self.ready.capacity() > SAMPLE_BYTES {
            self.ready = Vec::new();
        }
        self.made += self.ready.len() as u64;
        self.ready.clear();
        self.at = 0;
        while self.end.is_none() && self.ready.len() < READY {
            let before = self.ready.len();
            match self.rows.more(&mut self.ready) {
                Ok(true) => {
                    let mut kept = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
                    for piece in self.of.placed(self.rows.pieces()) {
                        let piece = Piece { at: self.made + piece.at, ..piece };
                        match kept.back_mut().filter(|last| last.goes_on(&piece)) {
                            Some(last) => last.len += piece.len,
                            None => kept.push_back(piece),
                        }
                    }
                }
                Ok(false) => self.end = Some(Ok(())),
                Err(reason) => {
                    self.ready.truncate(before);
                    self.end = Some(Err(reason));
                }
            }
        }
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.refill();
        }
        if self.ready.is_empty() {
            return match self.end.replace(Ok(())) {
                Some(Err(reason)) => Err(io::Error::other(reason)),
                _ => Ok(0),
            };
        }
        let mut rest = self.ready.get(self.at..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

/// Writes a text as a JSON string.
fn string(text: &str, out: &mut Vec<u8>) {
    // Writing into memory does not fail, and every text has a JSON form.
    let _ = serde_json::to_writer(out, text);
}

/// Replaces line ends in a JSON text with spaces; there they can only be white space.
fn on_one_line(json: &mut [u8]) {
    for byte in json {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Whether a column's name means that it holds texts, whatever they look like: a choice may be `11` or `[1, 2]`.
fn is_text_column(name: &str) -> bool {
    let texts = ["completion", "context", "continuation", "prompt", "target", "text", "token", "token_text"];
    texts.iter().any(|text| name.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests;
