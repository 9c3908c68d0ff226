//! Tables as CSV.

use std::io::{self, Write};

use super::{ChangedPick, FailedRow, text_cell};

/// The names of the columns of rows that fail. A file that starts with them was written here.
pub(super) const ROWS: [&str; 13] = [
    "code",
    "severity",
    "fingerprint",
    "file",
    "line",
    "column",
    "field",
    "task",
    "item",
    "candidate",
    "claim",
    "reported",
    "recomputed",
];

/// The names of the columns of changed picks.
const PICKS: [&str; 10] =
    ["task", "item", "reported_pick", "recomputed_pick", "gold", "was_right", "is_right", "code", "file", "line"];

/// Whether a file starts with a header that was written here.
pub(super) fn is_rows(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    first == ROWS.join(",").as_bytes() || first == PICKS.join(",").as_bytes()
}

/// Rows that fail.
pub(super) fn rows(rows: impl Iterator<Item = FailedRow>, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(ROWS)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in rows {
        writer.write_record([
            row.code.as_str(),
            row.severity.word(),
            &row.fingerprint,
            &text_cell(&row.file),
            &row.line.to_string(),
            &row.column.to_string(),
            &text_cell(&row.field),
            &text_cell(&row.task),
            &text_cell(&row.item),
            &text_cell(&row.candidate),
            &text_cell(&row.claim),
            &number(row.reported),
            &number(row.recomputed),
        ])?;
    }
    writer.flush()
}

/// Changed picks.
pub(super) fn picks(picks: impl Iterator<Item = ChangedPick>, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(PICKS)?;
    let truth = |value: Option<bool>| value.map_or_else(String::new, |value| value.to_string());
    for pick in picks {
        writer.write_record([
            text_cell(&pick.task).as_str(),
            &text_cell(&pick.item),
            &text_cell(&pick.reported),
            &text_cell(&pick.recomputed),
            &text_cell(pick.gold.as_deref().unwrap_or_default()),
            &truth(pick.was_right),
            &truth(pick.is_right),
            &pick.code,
            &text_cell(&pick.file),
            &pick.line.to_string(),
        ])?;
    }
    writer.flush()
}
