//! Rows of CSV and TSV with the bytes that they are written in.

use std::io::{self, Read};
use std::ops::Range;

use crate::source::{MAX_RECORD, SourceError};

/// Bytes of rows that are over, after which they are let go.
const OVER: usize = 1 << 16;

/// Reads delimited text row by row, the header included.
pub struct DelimitedRows<R> {
    reader: csv::Reader<Kept<R>>,
    record: csv::ByteRecord,
    delimiter: u8,
    /// End of the row that was read last, in what is kept.
    end: usize,
    /// Line there, from 1.
    line: u64,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct DelimitedRow<'r> {
    /// Its cells, without quotes.
    pub record: &'r csv::ByteRecord,
    /// What stands between it and the row before: line ends.
    pub gap: &'r [u8],
    /// Its bytes, without its line end.
    pub bytes: &'r [u8],
    /// Offset of its first byte in the stream.
    pub offset: u64,
    /// Line of its first byte, from 1.
    pub line: u64,
    delimiter: u8,
}

impl<R: Read> DelimitedRows<R> {
    /// Starts at the header.
    pub fn new(stream: R, delimiter: u8) -> Self {
        let kept = Kept { stream, max_record: MAX_RECORD, bytes: Vec::new(), start: 0, over: 0 };
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(delimiter).flexible(true).has_headers(false);
        let reader = builder.from_reader(kept);
        Self { reader, record: csv::ByteRecord::new(), delimiter, end: 0, line: 1 }
    }

    /// The same with another longest row.
    #[must_use]
    pub fn limited(mut self, max_record: usize) -> Self {
        self.reader.get_mut().max_record = max_record;
        self
    }

    /// The next row; None behind the last.
    pub fn row(&mut self) -> Result<Option<DelimitedRow<'_>>, csv::Error> {
        let kept = self.reader.get_mut();
        kept.over = self.end;
        self.end -= kept.let_go();
        if !self.reader.read_byte_record(&mut self.record)? {
            return Ok(None);
        }
        let end = self.reader.position().byte();
        let kept = self.reader.get_ref();
        let end = usize::try_from(end - kept.start).unwrap_or(usize::MAX).min(kept.bytes.len());
        let rest = kept.bytes.get(self.end..end).unwrap_or_default();
        // A record begins with the line ends that the one before left, and with those of blank lines.
        let (gap, text) = rest.split_at(rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count());
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let bytes = text.strip_suffix(b"\r").unwrap_or(text);
        let line_ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
        let line = self.line + line_ends(gap);
        let start = self.end + gap.len();
        self.line = line + line_ends(bytes);
        self.end = start + bytes.len();
        let (record, offset) = (&self.record, kept.start + start as u64);
        Ok(Some(DelimitedRow { record, gap, bytes, offset, line, delimiter: self.delimiter }))
    }

    /// Line at the end of the row that was read last.
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl DelimitedRow<'_> {
    /// The bytes of each cell in the row; of a cell in quotes, those between the quotes.
    pub fn cells(&self, cells: &mut Vec<Range<usize>>) {
        cells.clear();
        if memchr::memchr(b'"', self.bytes).is_some() {
            split(self.bytes, self.delimiter, cells);
            return;
        }
        // Without quotes a cell is what csv made of it, and one delimiter stands between two.
        let ranges = (0..self.record.len()).filter_map(|at| self.record.range(at));
        cells.extend(ranges.enumerate().map(|(at, range)| range.start + at..range.end + at));
    }
}

/// The cells of a row's bytes, those in quotes without them.
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

/// Bytes up to the quote that closes a cell; two quotes are one that belongs to it.
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

/// A stream whose bytes are kept from the row that is being read on.
struct Kept<R> {
    stream: R,
    max_record: usize,
    bytes: Vec<u8>,
    /// Offset of the first kept byte in the stream.
    start: u64,
    /// Kept bytes of rows that are over.
    over: usize,
}

impl<R> Kept<R> {
    /// Lets go of rows that are over, if they are many; gives the number of their bytes.
    fn let_go(&mut self) -> usize {
        if self.over < OVER {
            return 0;
        }
        self.bytes.drain(..self.over);
        self.start += self.over as u64;
        std::mem::take(&mut self.over)
    }
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.len() - self.over > self.max_record.max(OVER) {
            let limit = self.max_record;
            return Err(io::Error::other(SourceError::TooLong { line: 0, limit }));
        }
        let read = self.stream.read(buffer)?;
        self.bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
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
