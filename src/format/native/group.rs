//! The rows of one candidate in a table, with their bytes.

use std::ops::Range;

use crate::format::native::grouping::Positions;
use crate::format::window::window;
use crate::model::{At, Located, Origin, Place};
use crate::source::{ByteMap, DelimitedRow};

/// One row of a candidate.
pub(super) struct Row {
    pub(super) record: csv::ByteRecord,
    /// Line of its first byte.
    pub(super) line: u64,
    /// Range of the row in the bytes of its candidate.
    pub(super) bytes: Range<usize>,
    /// Number of cells in the rows before it.
    cells: usize,
}

/// The rows of one candidate, unparsed.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rows: Vec<Row>,
    /// The bytes from the first row to the last.
    pub(super) bytes: Vec<u8>,
    /// Offset of the first byte in the stream.
    pub(super) offset: u64,
    /// The cells of all rows, as ranges in the bytes of their row.
    cells: Vec<Range<usize>>,
    /// The positions of its tokens.
    pub(super) positions: Positions,
    /// Whether one of its rows could not be read.
    pub(super) is_torn: bool,
}

impl Group {
    /// Adds a row.
    pub(super) fn push(&mut self, row: &DelimitedRow<'_>, cells: &[Range<usize>]) {
        if self.rows.is_empty() {
            self.bytes.clear();
            self.offset = row.offset;
        } else if !self.is_torn {
            self.bytes.extend_from_slice(row.gap);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(row.bytes);
        let bytes = start..self.bytes.len();
        self.rows.push(Row { record: row.record.clone(), line: row.line, bytes, cells: self.cells.len() });
        self.cells.extend_from_slice(cells);
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.bytes.clear();
        self.cells.clear();
        self.positions = Positions::default();
        self.is_torn = false;
    }

    /// Line of its first row.
    pub(super) fn start(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.line)
    }

    /// The first non-empty cell of a column.
    pub(super) fn value(&self, column: usize) -> &[u8] {
        let cells = self.rows.iter().filter_map(|row| row.record.get(column));
        cells.map(<[u8]>::trim_ascii).find(|cell| !cell.is_empty()).unwrap_or_default()
    }

    /// The bytes of a cell.
    pub(super) fn at(&self, row: &Row, column: usize) -> At {
        let cell = self.cells.get(row.cells + column).cloned().unwrap_or_default();
        At::new(row.bytes.start + cell.start, row.bytes.start + cell.end)
    }
}

/// The origin of a candidate made of table rows.
pub(super) struct CsvOrigin<'r> {
    pub(super) file: u32,
    pub(super) group: &'r Group,
    pub(super) map: ByteMap<'r>,
    pub(super) header: &'r [String],
}

impl CsvOrigin<'_> {
    /// The row that contains an offset.
    fn row(&self, at: At) -> Option<&Row> {
        let before = self.group.rows.partition_point(|row| row.bytes.start <= at.start());
        self.group.rows.get(before.saturating_sub(1))
    }
}

impl Origin for CsvOrigin<'_> {
    fn locate(&self, at: At) -> Located {
        let Some(row) = self.row(at) else { return Located::default() };
        let column = (0..self.header.len()).find(|column| self.group.at(row, *column).end() >= at.start());
        let field = column.and_then(|column| self.header.get(column)).cloned().unwrap_or_default();
        let bytes = self.group.bytes.get(row.bytes.clone()).unwrap_or_default();
        let snippet = window(bytes, at.start() - row.bytes.start, at.end() - row.bytes.start);
        Located { place: Place { field, ..self.place(at) }, snippet }
    }

    fn place(&self, at: At) -> Place {
        let Some(row) = self.row(at) else { return Place::default() };
        // A quoted cell may contain line ends.
        let before = self.group.bytes.get(row.bytes.start..at.start()).unwrap_or_default();
        let line = row.line + memchr::memchr_iter(b'\n', before).count() as u64;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
        let span = self.map.span(at.start(), at.end());
        Place { file: self.file, line, column: column as u64, field: String::new(), span }
    }

    fn start(&self) -> (u32, u64) {
        (self.file, self.group.start())
    }
}
