//! A table in one JSON document: `{"columns": ["a", …], "data": [[1, …], …]}`, as written by pandas (orient `split`),
//! `mlflow` and `wandb`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use crate::source::unpack::{
    FIRST_LOOK, MAX_ROW, Refusal, Rows, SAMPLE_BYTES, SAMPLE_ROWS, Stream, is_text_column, literal, on_one_line, string,
};
use crate::source::{Element, Elements, Piece, Quotes};

/// The part before the rows.
enum Prologue {
    /// The column names (None for a name that is not a string). The rows come next.
    Data(Vec<Option<String>>),
    /// The column names, and the rows that came before them, with their offset. The keys may have any order.
    Kept(Vec<Option<String>>, Vec<u8>, u64),
    /// Any other document.
    Other,
    /// The stream ends before the rows, in the value of a key.
    CutOff { columns: bool, key: String },
}

/// Whether a document starts like a table.
pub(super) fn recognise(head: &[u8]) -> bool {
    // Nearly every document is not a table; those need not be walked through.
    if memchr::memmem::find(head, br#""columns""#).is_none() {
        return false;
    }
    let mut document = Document { stream: head, passed: 0 };
    match document.prologue() {
        Prologue::Data(_) => {
            let rest = document.stream.trim_ascii_start();
            let first = rest.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
            matches!(first, Some([b'[' | b']', ..]))
        }
        Prologue::Kept(_, rows, _) => {
            let first = rows.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
            matches!(first, Some([b'[' | b']', ..]))
        }
        // pandas writes the index, which is as long as the table, before the rows.
        Prologue::CutOff { columns: true, key } => key == "index",
        _ => false,
    }
}

/// The rows of a table.
pub(super) fn open(stream: Stream) -> Result<Box<dyn Rows>, Refusal> {
    let mut document = Document { stream: BufReader::with_capacity(FIRST_LOOK, stream), passed: 0 };
    let (names, rows, start, is_kept) = match document.prologue() {
        Prologue::Data(names) => (names, document.stream, document.passed, false),
        Prologue::Kept(names, rows, start) => {
            let rows: Stream = Box::new(std::io::Cursor::new(rows));
            (names, BufReader::new(rows), start, true)
        }
        Prologue::Other | Prologue::CutOff { .. } => return Err(field_error("the end of the stream".to_owned())),
    };
    let elements = Elements::within(rows).map_err(|error| field_error(error.to_string()))?;
    let mut table = Table {
        columns: Vec::new(),
        width: names.len(),
        sample: VecDeque::new(),
        row: 0,
        start,
        is_kept,
        pieces: Vec::new(),
        elements,
    };
    let mut bytes = 0;
    while table.sample.len() < SAMPLE_ROWS && bytes < SAMPLE_BYTES {
        let Some(row) = table.elements.next() else { break };
        let row = row.map_err(|error| error.to_string());
        let failed = row.is_err();
        bytes += row.as_ref().map_or(0, |row| row.bytes.len());
        table.sample.push_back(row);
        if failed {
            break;
        }
    }
    match table.sample.front() {
        None => return Err(Refusal::NoRows),
        Some(Err(reason)) => return Err(field_error(reason.clone())),
        Some(Ok(_)) => {}
    }
    let rows: Vec<Vec<&[u8]>> = table.sample.iter().flatten().map(|row| texts(&row.bytes)).collect();
    let columns = names.into_iter().enumerate().filter_map(|(at, name)| {
        let name = name?;
        let inline = !is_text_column(&name) && is_inlined(rows.iter().filter_map(|row| row.get(at).copied()));
        let mut key = Vec::new();
        string(&name, &mut key);
        Some(Column { at, key, inline })
    });
    table.columns = columns.collect();
    Ok(Box::new(table))
}

fn field_error(found: String) -> Refusal {
    Refusal::FieldError { expected: "rows in `data`", found }
}

/// Whether all strings of a column are lists or objects.
fn is_inlined<'c>(cells: impl Iterator<Item = &'c [u8]>) -> bool {
    let mut some = false;
    for cell in cells.filter(|cell| !matches!(*cell, b"null" | b"\"\"")) {
        let Ok(text) = serde_json::from_slice::<String>(cell) else { return false };
        if !literal::inline(&text, &mut Vec::new()) {
            return false;
        }
        some = true;
    }
    some
}

struct Column {
    /// Index in a row.
    at: usize,
    /// Its name as a JSON string.
    key: Vec<u8>,
    /// Whether its strings are lists or objects.
    inline: bool,
}

struct Table {
    columns: Vec<Column>,
    /// Number of cells in a row.
    width: usize,
    /// The first rows, and the error that ends them, if any.
    sample: VecDeque<Result<Element, String>>,
    row: u64,
    /// Offset of the list of rows in the document.
    start: u64,
    /// Whether the whole document was read before its rows.
    is_kept: bool,
    /// The cells of the last generated row.
    pieces: Vec<Piece>,
    elements: Elements<BufReader<Stream>>,
}

impl Rows for Table {
    fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let next = self.sample.pop_front().or_else(|| Some(self.elements.next()?.map_err(|error| error.to_string())));
        let Some(row) = next else { return self.end().map(|()| false) };
        let Element { bytes: mut row, offset, .. } = row?;
        self.row += 1;
        on_one_line(&mut row);
        if !row.starts_with(b"[") {
            return Err(format!("row {} is not an array of cells", self.row));
        }
        let cells = cells(&row);
        if cells.len() != self.width {
            return Err(format!("row {} has {} cells (expected {})", self.row, cells.len(), self.width));
        }
        out.push(b'{');
        for (index, column) in self.columns.iter().enumerate() {
            let range = cells.get(column.at).cloned().unwrap_or_default();
            let cell = row.get(range.clone()).unwrap_or_default();
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(&column.key);
            out.extend_from_slice(b": ");
            let at = out.len();
            let inlined =
                column.inline && serde_json::from_slice::<String>(cell).is_ok_and(|text| literal::inline(&text, out));
            let from = if inlined { range.start + 1 } else { range.start };
            if !inlined {
                out.extend_from_slice(cell);
            }
            // A rewritten list is not a copy of bytes in the document.
            let made = out.get(at..).unwrap_or_default();
            if row.get(from..from + made.len()) == Some(made) {
                let offset = Some(self.start + offset + from as u64);
                let (at, len) = (at as u64, made.len() as u64);
                self.pieces.push(Piece { at, len, offset, start: None, member: None });
            }
        }
        out.extend_from_slice(b"}\n");
        Ok(true)
    }

    fn pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }
}

impl Table {
    /// Reads the data after the rows: the document must end.
    fn end(&mut self) -> Result<(), String> {
        if self.is_kept {
            return Ok(());
        }
        let mut last = 0;
        let mut buffer = vec![0; FIRST_LOOK];
        loop {
            match self.elements.rest().read(&mut buffer).map_err(|error| error.to_string())? {
                0 => break,
                read => {
                    let text = buffer.get(..read).unwrap_or_default().trim_ascii_end();
                    last = text.last().copied().unwrap_or(last);
                }
            }
        }
        if last == b'}' { Ok(()) } else { Err("the table is truncated after its rows (expected `}`)".to_owned()) }
    }
}

/// The texts of the cells of a row.
fn texts(row: &[u8]) -> Vec<&[u8]> {
    cells(row).into_iter().filter_map(|cell| row.get(cell)).collect()
}

/// Where the cells of a row stand in it, cut at the commas of its outermost list.
pub(super) fn cells(row: &[u8]) -> Vec<Range<usize>> {
    let trimmed = row.trim_ascii();
    let list = trimmed.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    let before = row.len() - row.trim_ascii_start().len() + usize::from(list.is_some());
    let inner = list.unwrap_or(trimmed);
    if inner.trim_ascii().is_empty() {
        return Vec::new();
    }
    let cell = |start: usize, end: usize| {
        let text = inner.get(start..end).unwrap_or_default();
        let start = before + start + text.len() - text.trim_ascii_start().len();
        start..start + text.trim_ascii().len()
    };
    let mut cells = Vec::new();
    let (mut start, mut depth, mut quotes) = (0, 0_u32, Quotes::default());
    for (at, byte) in inner.iter().enumerate() {
        if quotes.take(*byte) {
            continue;
        }
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                cells.push(cell(start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(cell(start, inner.len()));
    cells
}

/// A JSON object that is read key by key.
struct Document<R> {
    stream: R,
    /// Bytes consumed.
    passed: u64,
}

impl<R: BufRead> Document<R> {
    fn prologue(&mut self) -> Prologue {
        let (mut columns, mut rows) = (None, None);
        if self.peek() != Some(b'{') {
            return Prologue::Other;
        }
        self.pass();
        loop {
            let mut key = Vec::new();
            match self.peek() {
                Some(b',') => {
                    self.pass();
                    continue;
                }
                Some(b'"') if self.value(Some(&mut key)) => {}
                Some(b'}') => {
                    return match (columns, rows) {
                        (Some(columns), Some((rows, start))) => Prologue::Kept(columns, rows, start),
                        _ => Prologue::Other,
                    };
                }
                _ => return Prologue::Other,
            }
            let Ok(key) = serde_json::from_slice::<String>(&key) else { return Prologue::Other };
            if self.peek() != Some(b':') {
                return Prologue::Other;
            }
            self.pass();
            match (key.as_str(), self.peek()) {
                ("data", Some(b'[')) => {
                    if let Some(columns) = columns {
                        return Prologue::Data(columns);
                    }
                    let (start, mut list) = (self.passed, Vec::new());
                    if !self.value(Some(&mut list)) {
                        return Prologue::Other;
                    }
                    rows = Some((list, start));
                }
                ("columns", Some(b'[')) => {
                    let mut list = Vec::new();
                    self.value(Some(&mut list));
                    let Ok(names) = serde_json::from_slice::<Vec<serde_json::Value>>(&list) else {
                        return Prologue::Other;
                    };
                    let names = names.into_iter().map(|name| name.as_str().map(str::to_owned));
                    columns = Some(names.collect::<Vec<_>>()).filter(|names| names.iter().any(Option::is_some));
                }
                _ => {
                    if !self.value(None) {
                        return Prologue::CutOff { columns: columns.is_some(), key };
                    }
                }
            }
        }
    }

    /// Consumes one byte.
    fn pass(&mut self) {
        self.stream.consume(1);
        self.passed += 1;
    }

    /// The first byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.stream.fill_buf().ok()?.first().copied()?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.pass();
        }
    }

    /// Reads one value, and keeps it on request. False if the stream ends in it, or if it is too long.
    fn value(&mut self, mut kept: Option<&mut Vec<u8>>) -> bool {
        let (mut depth, mut quotes, mut length) = (0_u32, Quotes::default(), 0_usize);
        loop {
            let Some(byte) = self.stream.fill_buf().ok().and_then(|buffer| buffer.first().copied()) else {
                return false;
            };
            if !quotes.is_open() && depth == 0 && length > 0 && matches!(byte, b',' | b'}') {
                return true;
            }
            self.pass();
            length += 1;
            if let Some(kept) = kept.as_deref_mut() {
                if length > MAX_ROW {
                    return false;
                }
                kept.push(byte);
            }
            if quotes.take(byte) {
                if !quotes.is_open() && depth == 0 {
                    return true;
                }
                continue;
            }
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
    }
}
