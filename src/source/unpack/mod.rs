//! Containers of rows as JSON Lines: Parquet, Arrow IPC, archives of JSON files, tables in JSON, and CSV whose cells
//! hold lists.
//!
//! Rows are made when they are read, one batch at a time. Line n is row n, except for CSV, whose rows keep their lines.

#[cfg(feature = "arrow")]
mod arrow;
mod cells;
mod columns;
mod literal;
#[cfg(feature = "arrow")]
mod parquet;
#[cfg(feature = "arrow")]
mod rows;
mod table;
mod zip;

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};

use crate::source::bytemap::Made;
use crate::source::spool::Bytes;
use crate::source::{Layout, Opened, Piece, SourceError};

/// Bytes by which a container is known.
pub(super) const MAGIC: u64 = 8;
/// Rows used to classify the columns of a table.
const SAMPLE_ROWS: usize = 64;
/// Bytes of a table that are looked at for that, unless its first row is longer.
const SAMPLE_BYTES: usize = 8 << 20;
/// Bytes that a text shows first: a header, or the start of an object.
const FIRST_LOOK: usize = 1 << 16;
/// Longest row that is made.
const MAX_ROW: usize = 1 << 30;
/// Bytes of lines that are made at a time.
const READY: usize = 1 << 16;

/// What an input is packed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Nothing: its bytes are the log.
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
    /// An Arrow IPC file, which is what Feather is.
    ArrowFile,
    /// An Arrow IPC stream.
    ArrowStream,
    /// A zip archive of JSON files.
    Zip,
    /// `{"columns": […], "data": [[…], …]}`.
    JsonTable,
    /// CSV or TSV with lists or objects in its cells.
    ListCells,
}

impl Packing {
    /// Whether its bytes are those of one file, compressed or not: no container of rows.
    #[must_use]
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Plain | Self::Gzip | Self::Zstd | Self::Bzip2 | Self::Xz)
    }

    /// What the first bytes say.
    pub(super) fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Self::Bzip2,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Self::ArrowFile,
            // A continuation, then the length of the schema, which is padded to 8 bytes.
            [0xff, 0xff, 0xff, 0xff, low, _, _, high] if low % 8 == 0 && *high < 0x10 => Self::ArrowStream,
            // A member, or the end of an archive without any.
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
        })
    }
}

/// Why a container cannot be opened.
enum Refusal {
    /// It cannot be read at all.
    Io(io::Error),
    /// It is not the format that its first bytes suggest.
    FieldError { expected: &'static str, found: String },
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

/// Gives the lines of a container.
trait Rows: Send {
    /// Appends a line with its end, or a piece of a long one. False when there are no more.
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String>;

    /// What of the bytes that [`Rows::more`] appended last stands in the input as it is, with offsets of `out`.
    fn pieces(&mut self) -> Vec<Piece> {
        Vec::new()
    }
}

pub(super) type Stream = Box<dyn Read + Send>;

/// The lines of a container that is read from any place (`bytes`), or front to back (`stream`).
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

/// The bytes of the one log that an archive holds, if that is what it is.
pub(super) fn only_log(packing: Packing, bytes: &Bytes) -> Option<Stream> {
    (packing == Packing::Zip).then(|| zip::only_log(bytes))?
}

/// The lines of a text: those of the table that it is, or itself.
pub(super) fn text(path: &str, stream: Stream, layout: Layout) -> Result<(Option<Packing>, Opened), SourceError> {
    let failed = |source| SourceError::Io { path: path.to_owned(), source };
    let mut head = Head { bytes: Vec::new(), stream, whole: false };
    head.grow(FIRST_LOOK).map_err(failed)?;
    let (packing, rows) = match head.bytes.trim_ascii_start().first() {
        Some(b'{') if table::recognise(&head.bytes) => (Packing::JsonTable, table::open(head.again())),
        Some(b'{') => match columns::recognise(&mut head).map_err(failed)? {
            Some(table) => (Packing::JsonTable, Ok(Box::new(table) as Box<dyn Rows>)),
            None => return Ok((None, Opened::new(head.again(), layout))),
        },
        None | Some(b'[') => return Ok((None, Opened::new(head.again(), layout))),
        Some(_) => match cells::recognise(&mut head).map_err(failed)? {
            Some(columns) => (Packing::ListCells, Ok(cells::open(columns, head.again()))),
            None => return Ok((None, Opened::new(head.again(), layout))),
        },
    };
    let rows = rows.map_err(|refusal| source_error(refusal, packing, path))?;
    Ok((Some(packing), Lines::open(rows, &layout)))
}

fn source_error(refusal: Refusal, packing: Packing, path: &str) -> SourceError {
    let path = path.to_owned();
    match refusal {
        Refusal::Io(source) => SourceError::Io { path, source },
        Refusal::FieldError { expected, found } => SourceError::Container { path, packing, expected, found },
        Refusal::NoRows => SourceError::NoRows { path, packing },
        Refusal::NoLogs => SourceError::NoLogs { path },
    }
}

/// A stream of which the start is looked at.
struct Head {
    bytes: Vec<u8>,
    stream: Stream,
    /// Whether the start is all there is.
    whole: bool,
}

impl Head {
    /// Reads on until so many bytes are there.
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
    /// Pieces of all lines so far that nobody has asked for.
    pieces: Made,
    /// Where the rows stand in the input.
    of: Layout,
    /// Bytes made before those that are ready.
    made: u64,
    ready: Vec<u8>,
    at: usize,
    end: Option<Result<(), String>>,
}

impl Lines {
    /// The lines of rows that are made of a stream with this layout.
    fn open(rows: Box<dyn Rows>, of: &Layout) -> Opened {
        let pieces = Made::default();
        let layout = Layout::made(Arc::clone(&pieces), of.is_packed());
        let lines = Self { rows, pieces, of: of.clone(), made: 0, ready: Vec::new(), at: 0, end: None };
        Opened::new(Box::new(lines), layout)
    }

    fn refill(&mut self) {
        // One long row does not justify keeping the large buffer for all following rows.
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
    // Writing into memory does not fail, and a text has a JSON form.
    let _ = serde_json::to_writer(out, text);
}

/// Line ends in a JSON text, which can only be white space there, become spaces.
fn on_one_line(json: &mut [u8]) {
    for byte in json {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Whether a column holds texts by its name, whatever they look like: a choice may read `11` or `[1, 2]`.
fn is_text_column(name: &str) -> bool {
    let texts = ["completion", "context", "continuation", "prompt", "target", "text", "token", "token_text"];
    texts.iter().any(|text| name.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests;
