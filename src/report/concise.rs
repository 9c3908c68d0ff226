//! One line per finding, for editors, `grep` and problem matchers.

use std::io::{self, Write};

use crate::report::output::OutputFormat;
use crate::report::words::{count, rows};
use crate::report::{Report, visible};

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "concise",
    about: "One line per finding",
    anchored: false,
    render: |report, _, out| render(report, out),
};

/// Writes the report: what a reader has to act on, then what else fails the gate.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.shown() {
        if let Some(place) = finding.locations.first() {
            write!(out, "{}:{}:{}: ", visible(&place.path), place.line.max(1), place.column.max(1))?;
        }
        writeln!(
            out,
            "{}[{}] {} ({} {})",
            finding.severity.word(),
            visible(&finding.code),
            visible(&finding.message),
            count(finding.count),
            rows(finding.count)
        )?;
    }
    for error in report.errors.iter().filter(|error| error.line == 0) {
        writeln!(out, "{}: error {}", visible(&error.path), visible(&error.reason))?;
    }
    if let Some(line) = report.silenced_line() {
        writeln!(out, "retally: note {}", visible(&line))?;
    }
    for failure in report.gate.iter().flat_map(|gate| &gate.failures) {
        writeln!(out, "retally: error {}", visible(failure))?;
    }
    Ok(())
}
