//! Native CSV and TSV: how such a table is recognised and opened.

use crate::config::InputConfig;
use crate::format::json::Kind;
use crate::format::native::columns as fields;
use crate::format::native::csv::{CsvReader, WideReader};
use crate::format::native::mapping::Mapping;
use crate::format::native::roles::{Role, SENTENCE, by_name};
use crate::format::native::table_by_value;
use crate::format::native::wide::{self, Part};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::metric::may_decide;

/// Native CSV.
pub(in crate::format) static CSV: NativeCsv = NativeCsv;

pub(in crate::format) struct NativeCsv;

static INFO: FormatInfo = FormatInfo {
    name: "native-csv",
    about: "a candidate or a token per row",
    tool: "in-house pipelines",
    files: "`.csv`, `.tsv`",
    recognised_by: "a header with an item and a score, log-prob or probability",
    proven: "scores against steps, picks, correctness, greedy flags",
    unprovable: "scores without steps: nothing beneath them is logged",
    base: "e; `retally.toml` declares others",
    sentinels: "an empty cell, null, None, NA; as native-jsonl",
    traps: "rows of one candidate in reverse order; minicons gives a first token without a score 0.0; if a header has several \
            names for one role, retally asks which one is meant",
};

impl Format for NativeCsv {
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
        // JSON is not a table. Ruling it out here is cheaper than setting up a CSV reader.
        if head.records().next().is_some_and(|record| record.kind() == Kind::Object) {
            return Confidence::default();
        }
        let Some(header) = header(head.bytes) else { return Confidence::default() };
        let roles: Vec<Role> = header.iter().filter_map(|name| by_name(name)).map(|(role, _)| role).collect();
        let identified = header.iter().any(|name| name == SENTENCE)
            || roles.iter().any(|role| matches!(role, Role::Item | Role::Prompt | Role::Candidate));
        let values = roles.iter().any(|role| is_value(*role));
        let has = |role: Role| roles.contains(&role);
        let plain = |role: Role| header.iter().any(|name| by_name(name) == Some((role, true)));
        let answers = has(Role::Item) && (has(Role::Correct) || (plain(Role::Pick) && has(Role::Gold)));
        if header.len() < 2 || !identified || !(values || answers) {
            return by_value(head, &header);
        }
        Confidence { percent: if values { 60 } else { 45 }, evidence: format!("a header with {}", header.join(", ")) }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mapping = super::mapping(config)?;
        let delimiter = delimiter(head.bytes);
        if let Some(header) = &config.header {
            let rows = first_rows(head, false);
            let mut reader = CsvReader::new(header.clone(), &rows, mapping)?;
            (reader.delimiter, reader.has_header) = (delimiter, false);
            return Ok(Box::new(reader));
        }
        let header = header(head.bytes).ok_or("expected a header row")?;
        let rows = first_rows(head, true);
        if mapping.paths.is_empty()
            && let Some(reader) = wide_reader(&header, &rows, &mapping, delimiter)?
        {
            return Ok(Box::new(reader));
        }
        let says_values = |name: &String| by_name(name).is_some_and(|(role, _)| is_value(role));
        let is_open = mapping.paths.is_empty() && !header.iter().any(says_values);
        let found = if is_open { table_by_value::find(&header, &rows, &mapping) } else { None };
        let (mapping, evidence) = found.map_or((mapping, Vec::new()), |found| (found.mapping, found.evidence));
        let mut reader = CsvReader::new(header, &rows, mapping)?;
        (reader.delimiter, reader.evidence) = (delimiter, evidence);
        Ok(Box::new(reader))
    }
}

/// The reader of a table with several texts or models side by side in a row.
fn wide_reader(
    header: &[String],
    rows: &[csv::ByteRecord],
    mapping: &Mapping,
    delimiter: u8,
) -> Result<Option<WideReader>, String> {
    let mut readers = Vec::new();
    for (at, columns) in wide::parts(header, rows).into_iter().enumerate() {
        let mut mapping = mapping.clone();
        if matches!(columns.part, Part::Side { .. }) {
            mapping.compared(columns.header.iter().map(String::as_str), wide::are_minimal(&columns, header, rows));
        }
        let mut reader = CsvReader::new(columns.header, rows, mapping)?;
        (reader.delimiter, reader.part) = (delimiter, Some((columns.part, at == 0)));
        // Findings name the columns as they are.
        reader.header = header.to_vec();
        readers.push(reader);
    }
    Ok((!readers.is_empty()).then_some(WideReader(readers)))
}

/// Whether a role is a number that can be audited.
fn is_value(role: Role) -> bool {
    matches!(role, Role::Claim(_)) || role.is_per_token()
}

/// What the values of a table say, where its names do not.
fn by_value(head: &Head<'_>, header: &[String]) -> Confidence {
    let parts = if header.len() < 3 { Vec::new() } else { wide::parts(header, &first_rows(head, true)) };
    if let Some(columns) = parts.first() {
        let what = match &columns.part {
            Part::Side { label, .. } => format!("columns of a {label} text beside those of another one"),
            Part::Model(name) => format!("columns named after {} models, such as {name}", parts.len()),
        };
        return Confidence::of(42, what);
    }
    if header.len() < 3 || header.iter().any(|name| by_name(name).is_some_and(|(role, _)| is_value(role))) {
        return Confidence::default();
    }
    let Ok(mapping) = super::mapping(&InputConfig::default()) else { return Confidence::default() };
    let Some(found) = table_by_value::find(header, &first_rows(head, true), &mapping) else {
        return Confidence::default();
    };
    let columns: Vec<String> = found.evidence.iter().map(|(name, what)| format!("`{name}`: {what}")).collect();
    Confidence::of(38, format!("by their values: {}", columns.join(", ")))
}

/// The complete rows of the head.
fn first_rows(head: &Head<'_>, has_header: bool) -> Vec<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(delimiter(head.bytes)).flexible(true).has_headers(has_header);
    let reader = reader.from_reader(head.bytes);
    let mut rows: Vec<csv::ByteRecord> = reader.into_byte_records().map_while(Result::ok).collect();
    if !head.whole {
        // The last row may be truncated.
        rows.pop();
    }
    rows
}

/// The columns with a number or boolean in at least one of the first rows.
pub(super) fn measured(head: &Head<'_>) -> Vec<String> {
    let Some(header) = header(head.bytes).filter(|header| header.len() > 1) else { return Vec::new() };
    let rows = first_rows(head, true);
    let is_measured = |at: usize, name: &str| {
        let cell = |row: &csv::ByteRecord| fields::cell(name, row.get(at)?).and_then(|cell| cell.number());
        may_decide(name) || rows.iter().any(|row| row.len() == header.len() && cell(row).is_some())
    };
    header.iter().enumerate().filter(|(at, name)| is_measured(*at, name)).map(|(_, name)| name.clone()).collect()
}

fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.contains(&b'\t') { b'\t' } else { b',' }
}

fn header(head: &[u8]) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(head)).flexible(true).from_reader(head);
    let header = reader.headers().ok()?;
    Some(header.iter().map(|name| name.trim().to_owned()).collect())
}
