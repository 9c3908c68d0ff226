//! Rows of CSV and TSV, with their raw bytes.

use std::io::{self, Read};
use std::ops::Range;

use crate::source::{MAX_RECORD, SourceError};

/// Bytes of finished rows after which they are dropped.
const OVER: usize = 1 << 16;

/// Reads delimited text row by row, including the header.
pub struct DelimitedRows<R> {
    /// None after an error of the stream.
    reader: Option<csv::Reader<Kept<R>>>,
    /// Offset in the stream of the first byte that the reader received.
    from: u64,
    record: csv::ByteRecord,
    delimiter: u8,
    /// End of the last row in the kept bytes.
    end: usize,
    /// Line of that end, from 1.
    line: u64,
    /// Whether that line has not ended yet.
    is_in_line: bool,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct DelimitedRow<'r> {
    /// Its cells, without quotes.
    pub record: &'r csv::ByteRecord,
    /// The bytes between the previous row and this one: line ends.
    pub gap: &'r [u8],
    /// Its bytes, without the line end.
    pub bytes: &'r [u8],
    /// Offset of its first byte in the stream.
    pub offset: u64,
    /// Line of its first byte, from 1.
    pub line: u64,
    cells: Cells<'r>,
}

/// Where the cells of a row are in its bytes.
#[derive(Clone, Copy, Debug)]
enum Cells<'r> {
    /// Between delimiters.
    Delimited(u8),
    /// Known.
    Known(&'r [Range<usize>]),
}

impl<R: Read> DelimitedRows<R> {
    /// Starts at the header.
    pub fn new(stream: R, delimiter: u8) -> Self {
        let kept = Kept { stream, max_record: MAX_RECORD, bytes: Vec::new(), start: 0, over: 0, given: 0 };
        let reader = Some(reader(kept, delimiter));
        Self { reader, from: 0, record: csv::ByteRecord::new(), delimiter, end: 0, line: 1, is_in_line: false }
    }

    /// Sets the maximum bytes of a row.
    #[must_use]
    pub fn limited(mut self, max_record: usize) -> Self {
        if let Some(reader) = &mut self.reader {
            reader.get_mut().max_record = max_record;
        }
        self
    }

    /// The next row; None after the last. After a row that is too long, reading continues on the next line. After any
    /// other error, there are no more rows.
    pub fn row(&mut self) -> Result<Option<DelimitedRow<'_>>, csv::Error> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let kept = reader.get_mut();
        kept.over = self.end;
        self.end -= kept.let_go();
        match reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                self.pass(&error)?;
                return Err(error);
            }
        }
        let Some(reader) = &self.reader else { return Ok(None) };
        let end = self.from + reader.position().byte();
        let kept = reader.get_ref();
        let end = usize::try_from(end - kept.start).unwrap_or(usize::MAX).min(kept.bytes.len());
        let rest = kept.bytes.get(self.end..end).unwrap_or_default();
        // A record starts with the previous row's line end and with blank lines.
        let (gap, text) = rest.split_at(rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count());
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let bytes = text.strip_suffix(b"\r").unwrap_or(text);
        let line_ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
        let line = self.line + line_ends(gap);
        let start = self.end + gap.len();
        self.line = line + line_ends(bytes);
        self.end = start + bytes.len();
        self.is_in_line = true;
        let (record, offset) = (&self.record, kept.start + start as u64);
        Ok(Some(DelimitedRow { record, gap, bytes, offset, line, cells: Cells::Delimited(self.delimiter) }))
    }

    /// Continues on the line after a row that is too long. The end of such a row is unknown: a quote that is never
    /// closed would make one row of the rest.
    fn pass(&mut self, error: &csv::Error) -> io::Result<()> {
        let is_too_long = |error: &io::Error| {
            let source = error.get_ref().and_then(|source| source.downcast_ref::<SourceError>());
            matches!(source, Some(SourceError::TooLong { .. }))
        };
        let is_too_long = matches!(error.kind(), csv::ErrorKind::Io(error) if is_too_long(error));
        let Some(kept) = self.reader.take().map(csv::Reader::into_inner).filter(|_| is_too_long) else { return Ok(()) };
        let mut kept = kept;
        if let Some(lines) = kept.pass_line(self.end)? {
            (self.end, self.from) = (0, kept.start);
            self.line += lines;
            self.is_in_line = false;
            self.reader = Some(reader(kept, self.delimiter));
        }
        Ok(())
    }

    /// The line after the last row.
    pub fn line(&self) -> u64 {
        self.line + u64::from(self.is_in_line)
    }
}

fn reader<R: Read>(kept: Kept<R>, delimiter: u8) -> csv::Reader<Kept<R>> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false);
    builder.from_reader(kept)
}

impl<'r> DelimitedRow<'r> {
    /// A row of another layout, whose cells are known. `start` is the offset and the line of its first byte.
    #[must_use]
    pub fn of_cells(
        record: &'r csv::ByteRecord,
        gap: &'r [u8],
        bytes: &'r [u8],
        start: (u64, u64),
        cells: &'r [Range<usize>],
    ) -> Self {
        Self { record, gap, bytes, offset: start.0, line: start.1, cells: Cells::Known(cells) }
    }

    /// The bytes of each cell in the row; for a quoted cell, without the quotes.
    pub fn cells(&self, cells: &mut Vec<Range<usize>>) {
        cells.clear();
        let delimiter = match self.cells {
            Cells::Delimited(delimiter) => delimiter,
            Cells::Known(known) => return cells.extend_from_slice(known),
        };
        if memchr::memchr(b'"', self.bytes).is_some() {
            split(self.bytes, delimiter, cells);
            return;
        }
        // Without quotes, cells are as parsed by csv, and one delimiter separates them.
        let ranges = (0..self.record.len()).filter_map(|at| self.record.range(at));
        cells.extend(ranges.enumerate().map(|(at, range)| range.start + at..range.end + at));
    }
}

/// The cells of a row's bytes, without quotes.
pub fn split(row: &[u8], delimiter: u8, cells: &mut Vec<Range<usize>>) {
    let mut at = 0;
    loop {
        let rest = row.get(at..).unwrap_or_default();
        let quoted = rest.first() == Some(&b'"');
        let cell = if quoted { at + 1..at + 1 + quoted_len(rest.get(1..).unwrap_or_default()) } else { at..at };
        let after = row.get(cell.end..).unwrap_or_default();
        let len = memchr::memchr(delimiter, after).unwrap_or(after.len());
        let end = cell.end + len;
        cells.push(if quoted { cell } else { at..end });
        if end >= row.len() {
            return;
        }
        at = end + 1;
    }
}

/// Bytes up to the quote that closes a cell; a doubled quote is part of the cell.
fn quoted_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'"', text.get(at..).unwrap_or_default()) {
        if text.get(at + found + 1) != Some(&b'"') {
            return at + found;
        }
        at += found + 2;
    }
    text.len()
}

/// A stream that keeps the bytes of the current row.
struct Kept<R> {
    stream: R,
    max_record: usize,
    bytes: Vec<u8>,
    /// Offset of the first kept byte in the stream.
    start: u64,
    /// Kept bytes of finished rows.
    over: usize,
    /// Kept bytes already passed to the reader.
    given: usize,
}

impl<R> Kept<R> {
    /// Drops finished rows if they are large enough; returns the number of dropped bytes.
    fn let_go(&mut self) -> usize {
        if self.over < OVER {
            return 0;
        }
        let over = std::mem::take(&mut self.over);
        self.drop(over);
        over
    }

    fn drop(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.start += count as u64;
        self.given = self.given.saturating_sub(count);
    }
}

impl<R: Read> Kept<R> {
    /// Drops the line that starts after some kept bytes, with the line ends before it; returns the number of line ends.
    /// None if the stream ends in that line.
    fn pass_line(&mut self, from: usize) -> io::Result<Option<u64>> {
        self.drop(from.min(self.bytes.len()));
        let gap = self.bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let lines = memchr::memchr_iter(b'\n', self.bytes.get(..gap).unwrap_or_default()).count() as u64;
        self.drop(gap);
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.bytes) {
                self.drop(end + 1);
                (self.over, self.given) = (0, 0);
                return Ok(Some(lines + 1));
            }
            self.drop(self.bytes.len());
            self.bytes.resize(OVER, 0);
            let read = self.stream.read(&mut self.bytes)?;
            self.bytes.truncate(read);
            if read == 0 {
                return Ok(None);
            }
        }
    }
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let again = self.bytes.get(self.given..).unwrap_or_default();
        if !again.is_empty() {
            let count = again.len().min(buffer.len());
            buffer.iter_mut().zip(again).for_each(|(to, byte)| *to = *byte);
            self.given += count;
            return Ok(count);
        }
        if self.bytes.len() - self.over > self.max_record.max(OVER) {
            let limit = self.max_record;
            return Err(io::Error::other(SourceError::TooLong { line: 0, limit }));
        }
        let read = self.stream.read(buffer)?;
        self.bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
        self.given = self.bytes.len();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Line, offset and cells of each row.
    fn rows(text: &str, delimiter: u8) -> Vec<(u64, u64, Vec<String>)> {
        let mut rows = DelimitedRows::new(text.as_bytes(), delimiter);
        let (mut found, mut cells) = (Vec::new(), Vec::new());
        while let Some(row) = rows.row().unwrap() {
            let at = usize::try_from(row.offset).unwrap();
            assert_eq!(&text.as_bytes()[at..at + row.bytes.len()], row.bytes);
            assert_eq!(&text.as_bytes()[at - row.gap.len()..at], row.gap);
            row.cells(&mut cells);
            let texts = cells.iter().map(|cell| String::from_utf8(row.bytes[cell.clone()].to_vec()).unwrap());
            found.push((row.line, row.offset, texts.collect()));
        }
        found
    }

    #[test]
    fn rows_with_their_lines_and_cells() {
        let text = "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\r\n\"3\",4";
        let expected = [
            (1, 0, vec!["a", "b"]),
            (2, 5, vec!["1", "x, \"\"y\"\"\nz"]),
            (5, 23, vec!["2", ""]),
            (6, 27, vec!["3", "4"]),
        ];
        let expected = expected.map(|(line, at, cells)| (line, at, cells.into_iter().map(str::to_owned).collect()));
        assert_eq!(rows(text, b','), expected);
        assert_eq!(rows("a\tb,c\n1\t2\n", b'\t')[0].2, ["a", "b,c"]);
    }

    #[test]
    fn rows_beyond_what_is_kept_have_their_offsets() {
        let text = (0..20_000).fold(String::new(), |text, row| text + &format!("{row},{}\r\n", row * 7));
        let found = rows(&text, b',');
        assert_eq!(found.len(), 20_000);
        for (at, (line, _, cells)) in found.iter().enumerate() {
            assert_eq!((*line, cells), (at as u64 + 1, &vec![at.to_string(), (at * 7).to_string()]));
        }
    }

    #[test]
    fn behind_a_row_that_is_too_long_come_the_lines_after_it() {
        let long = "x".repeat(3 * OVER);
        // A quote that is never closed, and a long row.
        let text = format!("a,b\n1,2\n3,\"4\n5,6\n{long},{long}\n\n7,8\n9,0");
        let mut rows = DelimitedRows::new(text.as_bytes(), b',').limited(1000);
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        loop {
            let line = rows.line();
            match rows.row() {
                Ok(Some(row)) => {
                    let at = usize::try_from(row.offset).unwrap();
                    assert_eq!(&text.as_bytes()[at..at + row.bytes.len()], row.bytes);
                    found.push((row.line, String::from_utf8(row.bytes.to_vec()).unwrap()));
                }
                Ok(None) => break,
                Err(_) => errors.push(line),
            }
        }
        let expected = [(1, "a,b"), (2, "1,2"), (4, "5,6"), (7, "7,8"), (8, "9,0")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
        assert_eq!(errors, [3, 5]);
    }

    proptest! {
        #[test]
        fn cells_are_what_csv_reads(cells in proptest::collection::vec("[ab,\"\n\r]{0,6}", 1..6), crlf in any::<bool>()) {
            let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer = csv::WriterBuilder::new().terminator(end).from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let found = rows(&text, b',');
            prop_assert_eq!(found.len(), 2);
            for (line, at, raw) in found {
                prop_assert_eq!(raw.iter().map(|cell| cell.replace("\"\"", "\"")).collect::<Vec<_>>(), cells.clone());
                let before = &text.as_bytes()[..usize::try_from(at).unwrap()];
                prop_assert_eq!(line, 1 + memchr::memchr_iter(b'\n', before).count() as u64);
            }
        }
    }
}
