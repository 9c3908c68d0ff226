//! Native JSON Lines with a token per record: a table whose rows are objects.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::json::{Kind, Tape, Value};
use crate::format::native::csv::{Candidates, CsvReader};
use crate::format::native::roles::{Role, SENTENCE, by_name};
use crate::format::origin::record_error;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, MappedField, RawRecord, Reader, Sink};
use crate::source::{DelimitedRow, Opened, SourceError};

/// Native JSON Lines with a token per record.
pub(in crate::format) static TOKEN_LINES: TokenLines = TokenLines;

static INFO: FormatInfo = FormatInfo {
    name: "native-token-lines",
    about: "a token per line",
    tool: "in-house pipelines",
    files: "`.jsonl`, `.ndjson`; rows of Parquet and Arrow",
    recognised_by: "records with an item, a token or its position, and one log-prob, surprisal or probability; neighbours of one item",
    proven: "scores against steps, picks, correctness, greedy flags",
    unprovable: "scores of other files: tokens are not joined with them",
    base: "e; `retally.toml` declares others",
    sentinels: "as native-csv",
    traps: "as native-csv: rows of one candidate in reverse order",
};

/// Fewest records that show that neighbours belong together.
const FEWEST: usize = 3;

pub(in crate::format) struct TokenLines;

fn is_scalar(value: Value<'_>) -> bool {
    !matches!(value.kind(), Kind::Array | Kind::Object)
}

/// The names of the fields with one value, in alphabetical order: that of the keys says nothing.
fn header(records: &[Value<'_>]) -> Vec<String> {
    let fields = records.iter().flat_map(Value::members).filter(|(_, value)| is_scalar(*value));
    let mut names: Vec<String> = fields.map(|(key, _)| key.as_str().into_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The cells of a record, and where they are in it.
fn cells(record: Value<'_>, header: &[String], row: &mut csv::ByteRecord, places: &mut Vec<Range<usize>>) {
    row.clear();
    places.clear();
    for name in header {
        let value = record.get(name).filter(|value| is_scalar(*value) && value.kind() != Kind::Null);
        let Some(value) = value else {
            row.push_field(b"");
            places.push(record.start()..record.start());
            continue;
        };
        match value.as_str().filter(|_| value.kind() == Kind::String) {
            Some(text) => row.push_field(text.as_bytes()),
            None => row.push_field(value.raw()),
        }
        places.push(value.start()..value.end());
    }
}

/// Rows of the head that are examined.
const EXAMINED: usize = 4096;

/// The complete rows of the head.
fn rows(head: &Head<'_>, header: &[String]) -> Vec<csv::ByteRecord> {
    let mut lines: Vec<&[u8]> = head.bytes.split(|byte| *byte == b'\n').take(EXAMINED).collect();
    if !head.whole {
        // The last row may be truncated.
        lines.pop();
    }
    let (mut tape, mut places) = (Tape::default(), Vec::new());
    let mut row = |line: &[u8]| {
        let mut row = csv::ByteRecord::new();
        cells(tape.parse(line).ok()?, header, &mut row, &mut places);
        Some(row)
    };
    lines.into_iter().filter_map(&mut row).collect()
}

/// The value of the first field with a role.
fn of_role(record: Value<'_>, wanted: fn(Role) -> bool) -> Option<Value<'_>> {
    let is_own = |name: &str| by_name(name).is_some_and(|(role, _)| wanted(role));
    record.members().find(|(key, value)| is_own(key.raw_str()) && is_scalar(*value)).map(|(_, value)| value)
}

/// The item that a record is of.
fn item(record: Value<'_>) -> Option<Value<'_>> {
    of_role(record, |role| role == Role::Item).or_else(|| record.get(SENTENCE))
}

impl Format for TokenLines {
    fn tool(&self) -> &'static str {
        super::TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_mappable(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        if head.framing() != Some(Framing::Lines) {
            return Confidence::default();
        }
        let records: Vec<Value<'_>> = head.records().collect();
        if records.len() < FEWEST {
            return Confidence::default();
        }
        let is_token = |record: &Value<'_>| {
            let number = of_role(*record, Role::is_per_token);
            let token = of_role(*record, |role| matches!(role, Role::Tokens | Role::TokenIds | Role::Position));
            // The first token of a text has no value.
            number.is_some_and(|value| matches!(value.kind(), Kind::Number | Kind::Null))
                && token.is_some()
                && item(*record).is_some()
        };
        let same =
            |pair: &[Value<'_>]| item(pair[0]).zip(item(pair[1])).is_some_and(|(one, next)| one.raw() == next.raw());
        if !records.iter().all(is_token) || !records.windows(2).any(same) {
            return Confidence::default();
        }
        Confidence::of(64, format!("each of the first {} records is a token of an item", records.len()))
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records: Vec<Value<'_>> = head.records().collect();
        let header = header(&records);
        let rows = rows(head, &header);
        Ok(Box::new(TokenReader { table: CsvReader::new(header, &rows, super::mapping(config)?)? }))
    }
}

struct TokenReader {
    table: CsvReader,
}

impl Reader for TokenReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        self.table.columns()
    }

    fn mapping(&self) -> Vec<MappedField> {
        self.table.mapping()
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let (layout, limit) = (stream.layout.clone(), stream.max_record);
        let mut candidates = Candidates::new(&self.table, file, &layout);
        let mut lines = BufReader::new(stream);
        let (mut bytes, mut gap, mut tape) = (Vec::new(), Vec::new(), Tape::default());
        let (mut row, mut places) = (csv::ByteRecord::new(), Vec::new());
        let (mut offset, mut line) = (0_u64, 1_u64);
        loop {
            bytes.clear();
            let read = lines.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut bytes);
            let text = bytes.trim_ascii_end();
            let raw = RawRecord { file, line, column: 1, bytes: text, map: layout.map(offset, &[]) };
            let error = match read {
                Ok(0) => break,
                Ok(_) if bytes.len() > limit => Some(SourceError::TooLong { line, limit }.to_string()),
                Ok(_) => None,
                Err(error) => {
                    out.record();
                    out.error(record_error(&raw, text.len(), error.to_string(), true));
                    candidates.lose(&csv::ByteRecord::new());
                    break;
                }
            };
            let is_too_long = error.is_some();
            if let Some(reason) = error {
                out.record();
                out.error(record_error(&raw, 0, reason, true));
                candidates.lose(&csv::ByteRecord::new());
            } else if !text.trim_ascii().is_empty() {
                match tape.parse(text) {
                    Ok(root) => {
                        cells(root, &self.table.header, &mut row, &mut places);
                        candidates.row(&DelimitedRow::of_cells(&row, &gap, text, (offset, line), &places), out);
                    }
                    Err(error) => {
                        out.record();
                        out.error(record_error(&raw, error.offset, error.to_string(), true));
                        candidates.lose(&csv::ByteRecord::new());
                    }
                }
                gap.clear();
            }
            let kept = if text.trim_ascii().is_empty() { 0 } else { text.len() };
            gap.extend_from_slice(bytes.get(kept..).unwrap_or_default());
            offset += bytes.len() as u64;
            line += 1;
            if is_too_long {
                offset += pass_line(&mut lines);
            }
        }
        candidates.end(out);
    }
}

/// Passes over the rest of a line, and returns its bytes.
fn pass_line(lines: &mut impl BufRead) -> u64 {
    let mut passed = 0;
    loop {
        let Ok(buffer) = lines.fill_buf() else { return passed };
        let (end, is_whole) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        lines.consume(end);
        passed += end as u64;
        if is_whole {
            return passed;
        }
    }
}
