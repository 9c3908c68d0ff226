//! The JSON report: the report model as it is, pretty-printed, with a final newline.

use std::io::{self, Write};

use crate::report::Report;

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
