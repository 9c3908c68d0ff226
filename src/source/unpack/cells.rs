//! CSV and TSV with lists or objects in their cells.
//!
//! Only tables with such a column are read here. All others are passed unchanged to the CSV readers.

use std::io;
use std::ops::Range;

use crate::source::unpack::{Head, Rows, SAMPLE_BYTES, SAMPLE_ROWS, Stream, is_text_column, literal, string};
use crate::source::{DelimitedRow, DelimitedRows, Piece};

/// The type of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Lists and objects.
    Inline,
    /// Numbers, with their printed digits.
    Number,
    /// True and false.
    Flag,
    /// Strings.
    Text,
}

/// The columns of a table.
pub(super) struct Columns {
    delimiter: u8,
    /// Names as JSON strings, with the types; None for a column without a name, such as the index of pandas.
    columns: Vec<Option<(Vec<u8>, Kind)>>,
}

/// Whether a text is a table with lists in its cells. Reads more until there are enough rows.
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

/// The header and the first rows that are complete in the head.
fn sample(head: &[u8], delimiter: u8, whole: bool) -> Vec<csv::ByteRecord> {
    let mut rows: Vec<csv::ByteRecord> =
        builder(delimiter).from_reader(head).into_byte_records().map_while(Result::ok).take(SAMPLE_ROWS + 2).collect();
    // The last row may be truncated.
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

/// A number in JSON syntax, with its printed digits.
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
    let rows = DelimitedRows::new(stream, columns.delimiter);
    let columns = columns.columns;
    Box::new(Table { columns, rows, header: true, line: 1, cells: Vec::new(), pieces: Vec::new() })
}

struct Table {
    columns: Vec<Option<(Vec<u8>, Kind)>>,
    rows: DelimitedRows<Stream>,
    /// Whether the header is the next row.
    header: bool,
    /// The number of the next line to write.
    line: u64,
    /// The cells of the current row.
    cells: Vec<Range<usize>>,
    /// Its cells that are copied unchanged.
    pieces: Vec<Piece>,
}

impl Rows for Table {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let Some(row) = self.rows.row().map_err(|error| error.to_string())? else { return Ok(false) };
        if std::mem::take(&mut self.header) {
            return Ok(true);
        }
        while self.line < row.line {
            out.push(b'\n');
            self.line += 1;
        }
        self.line += 1;
        if row.record.len() == self.columns.len() {
            row.cells(&mut self.cells);
            write(&row, &self.columns, &self.cells, out, &mut self.pieces);
        } else {
            // A row that is not an object is reported with its line.
            let (found, expected) = (row.record.len(), self.columns.len());
            string(&format!("the row has {found} cells, but the header has {expected}"), out);
        }
        out.push(b'\n');
        Ok(true)
    }

    fn pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }
}

/// Writes a row as an object, and records the parts copied unchanged from the row.
fn write(
    row: &DelimitedRow<'_>,
    columns: &[Option<(Vec<u8>, Kind)>],
    ranges: &[Range<usize>],
    out: &mut Vec<u8>,
    pieces: &mut Vec<Piece>,
) {
    out.push(b'{');
    let mut first = true;
    for ((cell, column), range) in row.record.iter().zip(columns).zip(ranges) {
        let Some((key, kind)) = column else { continue };
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(key);
        out.extend_from_slice(b": ");
        let at = out.len();
        value(&String::from_utf8_lossy(cell), *kind, out);
        let made = out.get(at..).unwrap_or_default();
        let raw = row.bytes.get(range.clone()).unwrap_or_default();
        let (before, quotes) = (raw.len() - raw.trim_ascii_start().len(), usize::from(made.starts_with(b"\"")));
        // The row has a text without its quotes, and possibly a number with spaces around it.
        let (at, text) = (at + quotes, made.get(quotes..made.len() - quotes).unwrap_or_default());
        if text == raw || (quotes == 0 && text == raw.trim_ascii()) {
            let offset = Some(row.offset + range.start as u64 + if text == raw { 0 } else { before as u64 });
            pieces.push(Piece { at: at as u64, len: text.len() as u64, offset, start: None, member: None });
        }
    }
    out.push(b'}');
}

/// Writes a cell as JSON.
fn value(text: &str, kind: Kind, out: &mut Vec<u8>) {
    let bare = match kind {
        _ if text.is_empty() => Some("null"),
        Kind::Number => number(text),
        Kind::Flag => flag(text),
        Kind::Inline if literal::inline(text, out) => return,
        Kind::Inline | Kind::Text => None,
    };
    match bare {
        Some(bare) => out.extend_from_slice(bare.as_bytes()),
        None => string(text, out),
    }
}
