//! CSV and TSV whose cells hold lists or objects.
//!
//! Only a table with such a column is read here; all others are left unchanged to the CSV readers.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::source::MAX_RECORD;
use crate::source::unpack::{Head, Rows, SAMPLE_BYTES, SAMPLE_ROWS, Stream, is_text_column, literal, string};

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Lists and objects.
    Inline,
    /// Numbers, with their digits.
    Number,
    /// True and false.
    Flag,
    /// Strings.
    Text,
}

/// The columns of a table.
pub(super) struct Columns {
    delimiter: u8,
    /// Names as JSON strings with the kinds; None for what has no name, such as the index of pandas.
    columns: Vec<Option<(Vec<u8>, Kind)>>,
}

/// Whether a text is a table with lists in its cells; reads on until enough rows are there.
pub(super) fn recognise(head: &mut Head) -> io::Result<Option<Columns>> {
    let Some(end) = memchr::memchr(b'\n', &head.bytes) else { return Ok(None) };
    let first = head.bytes.get(..end).unwrap_or_default();
    let delimiter = if first.contains(&b'\t') { b'\t' } else { b',' };
    if !first.contains(&delimiter) {
        return Ok(None);
    }
    loop {
        let mut rows = sample(&head.bytes, delimiter, head.whole);
        if rows.len() <= SAMPLE_ROWS && !head.whole && head.bytes.len() < SAMPLE_BYTES {
            head.grow((head.bytes.len() * 8).min(SAMPLE_BYTES))?;
            continue;
        }
        if rows.len() < 2 {
            return Ok(None);
        }
        let header = rows.remove(0);
        let columns: Vec<_> = header
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let name = String::from_utf8_lossy(name).trim().to_owned();
                let cells = || rows.iter().filter_map(move |row| std::str::from_utf8(row.get(at)?).ok());
                let mut key = Vec::new();
                string(&name, &mut key);
                (!name.is_empty()).then(|| (key, kind(&name, cells)))
            })
            .collect();
        let found = columns.iter().flatten().any(|(_, kind)| *kind == Kind::Inline);
        return Ok(found.then_some(Columns { delimiter, columns }));
    }
}

/// The header and the first rows that lie whole in the head.
fn sample(head: &[u8], delimiter: u8, whole: bool) -> Vec<csv::ByteRecord> {
    let mut rows: Vec<csv::ByteRecord> =
        builder(delimiter).from_reader(head).into_byte_records().map_while(Result::ok).take(SAMPLE_ROWS + 2).collect();
    // The last one may be cut.
    if !whole || rows.len() == SAMPLE_ROWS + 2 {
        rows.pop();
    }
    rows
}

fn builder(delimiter: u8) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false);
    builder
}

fn kind<'c, I: Iterator<Item = &'c str>>(name: &str, cells: impl Fn() -> I) -> Kind {
    let all = |is: &dyn Fn(&str) -> bool| cells().filter(|cell| !cell.is_empty()).all(is);
    if is_text_column(name) {
        return Kind::Text;
    }
    // A column that is still empty is undecided; later numbers in it are read as numbers.
    if all(&|cell| number(cell).is_some()) {
        return Kind::Number;
    }
    if all(&|cell| flag(cell).is_some()) {
        return Kind::Flag;
    }
    let mut scratch = Vec::new();
    let mut inline = |cell: &str| {
        scratch.clear();
        literal::inline(cell, &mut scratch)
    };
    if cells().filter(|cell| !cell.is_empty()).all(&mut inline) { Kind::Inline } else { Kind::Text }
}

/// A number as JSON has it, with its digits.
fn number(cell: &str) -> Option<&str> {
    match cell.trim() {
        "nan" | "NaN" | "-nan" => Some("NaN"),
        "inf" | "Infinity" => Some("Infinity"),
        "-inf" | "-Infinity" => Some("-Infinity"),
        number => (literal::json_number(number) == Some(number.len())).then_some(number),
    }
}

fn flag(cell: &str) -> Option<&'static str> {
    match cell.trim() {
        "True" | "true" => Some("true"),
        "False" | "false" => Some("false"),
        _ => None,
    }
}

/// The rows of a table.
pub(super) fn open(columns: Columns, stream: Stream) -> Box<dyn Rows> {
    let places = Places { stream, read: 0, ends: VecDeque::new(), passed: 0, line: 1 };
    let reader = builder(columns.delimiter).from_reader(places);
    Box::new(Table { columns: columns.columns, reader, record: csv::ByteRecord::new(), header: true, line: 1 })
}

struct Table {
    columns: Vec<Option<(Vec<u8>, Kind)>>,
    reader: csv::Reader<Places>,
    record: csv::ByteRecord,
    /// Whether the header comes next.
    header: bool,
    /// The line that is written next.
    line: u64,
}

impl Rows for Table {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        if !self.reader.read_byte_record(&mut self.record).map_err(|error| error.to_string())? {
            return Ok(false);
        }
        let start = self.record.position().map_or(0, csv::Position::byte);
        let line = self.reader.get_mut().line_of(start);
        if std::mem::take(&mut self.header) {
            return Ok(true);
        }
        while self.line < line {
            out.push(b'\n');
            self.line += 1;
        }
        self.line += 1;
        if self.record.len() == self.columns.len() {
            self.row(out);
        } else {
            // A row that is not an object is reported with its line.
            let (found, expected) = (self.record.len(), self.columns.len());
            string(&format!("the row has {found} cells, but the header has {expected}"), out);
        }
        out.push(b'\n');
        Ok(true)
    }
}

impl Table {
    fn row(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        for (cell, column) in self.record.iter().zip(&self.columns) {
            let Some((key, kind)) = column else { continue };
            if !std::mem::take(&mut first) {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(key);
            out.extend_from_slice(b": ");
            let text = String::from_utf8_lossy(cell);
            if text.is_empty() {
                out.extend_from_slice(b"null");
                continue;
            }
            let bare = match kind {
                Kind::Number => number(&text),
                Kind::Flag => flag(&text),
                Kind::Inline if literal::inline(&text, out) => continue,
                Kind::Inline | Kind::Text => None,
            };
            match bare {
                Some(bare) => out.extend_from_slice(bare.as_bytes()),
                None => string(&text, out),
            }
        }
        out.push(b'}');
    }
}

/// A stream that remembers where its line ends were, since the position of a record that csv gives lies before the
/// line ends that it skips.
struct Places {
    stream: Stream,
    /// Bytes read so far.
    read: u64,
    /// Offsets of the carriage returns and line feeds from the last record on; whether each ends a line.
    ends: VecDeque<(u64, bool)>,
    /// Start of the last record.
    passed: u64,
    /// Its line.
    line: u64,
}

impl Places {
    /// The line of the record that begins at an offset, or after the line ends there.
    fn line_of(&mut self, start: u64) -> u64 {
        let mut start = start;
        while let Some((at, ends_line)) = self.ends.front().copied().filter(|(at, _)| *at <= start) {
            self.ends.pop_front();
            self.line += u64::from(ends_line);
            start = start.max(at + u64::from(at == start));
        }
        self.passed = start;
        self.line
    }
}

impl Read for Places {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read - self.passed > MAX_RECORD as u64 {
            return Err(io::Error::other(format!("the row at line {} is longer than 1 GiB", self.line)));
        }
        let read = self.stream.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
        self.ends.extend(ends.map(|at| (self.read + at as u64, bytes.get(at) == Some(&b'\n'))));
        self.read += read as u64;
        Ok(read)
    }
}
