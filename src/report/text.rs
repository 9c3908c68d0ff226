//! The report for a terminal: the verdict, a block per cause, and what was checked. With the feature `cli`, the first place of
//! each finding is drawn over its record.

mod claims;
#[cfg(feature = "cli")]
mod drawing;
mod fold;
mod statistics;

use std::io::{self, Write};

use crate::model::Severity;
use crate::report::blocks::{Block, blocks};
use crate::report::headline::{headline, totals};
use crate::report::output::OutputFormat;
pub use crate::report::style::{Detail, Style};
use crate::report::text::fold::columns;
pub(crate) use crate::report::text::fold::fold;
use crate::report::words::{count, rows};
use crate::report::{Finding, InputError, InputErrorKind, Report, page_of, visible};

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "text",
    about: "For people: every finding with its line, its arithmetic and its impact",
    anchored: false,
    render: |report, with, out| render(report, with.style, out),
};

/// Writes the report.
pub fn render(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if style.unicode {
        return draw(report, style, out);
    }
    let mut bytes = Vec::new();
    draw(report, style, &mut bytes)?;
    out.write_all(ascii(&String::from_utf8_lossy(&bytes)).as_bytes())
}

fn draw(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if style.detail == Detail::Quiet {
        findings(report, style, out)?;
        errors(report, style, out)?;
        silenced(report, out)?;
        return failures(report, "", out);
    }
    // Nothing was audited: the errors say why.
    if report.inputs.is_empty() && report.findings.is_empty() && !report.errors.is_empty() {
        return errors(report, style, out);
    }
    let verdict = headline(report);
    writeln!(out, "{}\n", paint(&visible(&verdict), colour_of(report), style))?;
    if style.detail == Detail::Statistics {
        statistics::tables(report, out)?;
    } else {
        findings(report, style, out)?;
    }
    errors(report, style, out)?;
    match style.detail {
        Detail::Known => claims::table(report, style, out)?,
        Detail::Statistics => {}
        _ => claims::line(report, style, out)?,
    }
    last_line(report, out)?;
    silenced(report, out)?;
    gate(report, &verdict, style, out)
}

/// The colour of the verdict: red where something fails, green where all claims are proven.
fn colour_of(report: &Report) -> &'static str {
    let counts = report.shown_counts();
    let totals = totals(report);
    let fails = report.gate.as_ref().is_some_and(|gate| !gate.passed) || report.errors.iter().any(|error| error.fatal);
    if counts.error > 0 || fails {
        "1;31"
    } else if counts.warning > 0 || totals.refuted > 0 || totals.proven == 0 {
        "1;33"
    } else {
        "1;32"
    }
}

/// Writes the findings alone, a block per cause.
pub fn findings(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let is_shown =
        |finding: &&Finding| finding.excepted.is_none() && (style.detail == Detail::Known || !finding.is_known());
    for block in blocks(report, report.findings.iter().filter(is_shown)) {
        let finding = block.first;
        write!(out, "{}", heading(&block, style))?;
        if let Some(lines) = drawn(finding, style) {
            for line in lines {
                writeln!(out, "{line}")?;
            }
        } else if let Some(place) = finding.locations.first() {
            let field = if place.field.is_empty() { String::new() } else { format!(" {}", visible(&place.field)) };
            writeln!(out, "   at {}:{}:{}{field}", visible(&place.path), place.line, place.column)?;
            if !place.item.is_empty() {
                writeln!(out, "   item {}", visible(&place.item))?;
            }
            if !finding.label.is_empty() {
                for line in fold(&visible(&finding.label), style.width.saturating_sub(3)) {
                    writeln!(out, "   {line}")?;
                }
            }
        }
        details(&block, style, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The lines that show a finding's first place in its record; None when the finding has no text of the record.
#[cfg(feature = "cli")]
fn drawn(finding: &Finding, style: Style) -> Option<Vec<String>> {
    drawing::lines(finding, style)
}

/// Drawing takes the feature `cli`.
#[cfg(not(feature = "cli"))]
fn drawn(_finding: &Finding, _style: Style) -> Option<Vec<String>> {
    None
}

fn paint(text: &str, code: &str, style: Style) -> String {
    if style.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn heading(block: &Block<'_>, style: Style) -> String {
    let finding = block.first;
    let colour = match finding.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    };
    let tag = paint(&format!("{}[{}]", finding.severity.word(), visible(&finding.code)), colour, style);
    let known = if finding.is_known() { " (known)" } else { "" };
    let tasks = if block.tasks.is_empty() { String::new() } else { format!("{}: ", visible(&block.tasks)) };
    let message = paint(&format!("{tasks}{}", visible(&block.message)), "1", style);
    format!("{tag}: {message}{known}\n")
}

/// Columns of the words before each line of a block.
const KEYS: usize = 10;

/// A line of a block under its key, folded.
fn keyed(key: &str, text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (at, line) in fold(&visible(text), style.width.saturating_sub(KEYS)).iter().enumerate() {
        writeln!(out, "{:KEYS$}{line}", if at == 0 { key } else { "" })?;
    }
    Ok(())
}

fn details(block: &Block<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let finding = block.first;
    tasks(block, style, out)?;
    let certainty = finding.certainty.word();
    match finding.evidence_lines.split_first() {
        Some((first, more)) => {
            keyed("evidence", &format!("{certainty}: {first}"), style, out)?;
            more.iter().try_for_each(|line| keyed("evidence", line, style, out))?;
        }
        None if finding.count > 1 => {
            let text = format!("{certainty}: {} {} like this", count(finding.count), rows(finding.count));
            keyed("evidence", &text, style, out)?;
        }
        None => keyed("evidence", certainty, style, out)?,
    }
    finding.impact_lines.iter().try_for_each(|line| keyed("impact", line, style, out))?;
    if !finding.help.is_empty() {
        keyed("fix", &finding.help, style, out)?;
    }
    keyed("more", &format!("retally explain {}, {}", finding.code, page_of(&finding.code)), style, out)
}

/// Most tasks that a block lists.
const TASKS: usize = 10;

/// The tasks of a block, the worst one first.
fn tasks(block: &Block<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if block.all.len() < 2 {
        return Ok(());
    }
    let shown = if style.detail == Detail::Known { block.all.len() } else { TASKS };
    let shown = block.all.iter().take(shown);
    let width = shown.clone().map(|finding| columns(&visible(&finding.task))).max().unwrap_or(0);
    for (at, finding) in shown.enumerate() {
        let task = visible(&finding.task);
        let room = " ".repeat(width.saturating_sub(columns(&task)));
        let own = block.own(finding);
        let own = if own.is_empty() { format!("{} {}", count(finding.count), rows(finding.count)) } else { own };
        keyed(if at == 0 { "tasks" } else { "" }, &format!("{task}{room}  {}", visible(&own)), style, out)?;
    }
    match block.all.len().checked_sub(TASKS).filter(|more| *more > 0 && style.detail != Detail::Known) {
        Some(more) => keyed("", &format!("and {} more (-v lists them)", count(more as u64)), style, out),
        None => Ok(()),
    }
}

/// Maximum number of named files that are not logs.
const NAMED: usize = 3;

fn errors(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    // Directories of logs also contain configurations and settings, which the user did not mean.
    let is_beside = |error: &InputError| {
        let is_no_log = !error.fatal && error.kind == InputErrorKind::Unrecognised;
        is_no_log && !report.inputs.is_empty() && style.detail != Detail::Known
    };
    let (beside, whole): (Vec<_>, Vec<_>) =
        report.errors.iter().filter(|error| error.line == 0).partition(|error| is_beside(error));
    for error in &whole {
        // What is to be copied into a file or a shell is not folded.
        writeln!(out, "{}: {}", visible(&error.path), visible(&error.reason))?;
    }
    if !beside.is_empty() {
        let named: Vec<String> = beside.iter().take(NAMED).map(|error| visible(&error.path).into_owned()).collect();
        let more = beside.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {} more", count(more as u64)) } else { String::new() };
        writeln!(out, "unrecognised log format, not read: {}{more} (-v shows what was expected)", named.join(", "))?;
    }
    if (whole.is_empty() && beside.is_empty()) || report.inputs.is_empty() { Ok(()) } else { writeln!(out) }
}

/// How many findings, candidates and items there are.
fn last_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let findings = report.shown_counts();
    let mut counts = Vec::new();
    for (number, word) in [(findings.error, "error"), (findings.warning, "warning"), (findings.note, "note")] {
        if number > 0 {
            counts.push(format!("{number} {word}{}", if number == 1 { "" } else { "s" }));
        }
    }
    if counts.is_empty() {
        let known = report.findings.iter().any(Finding::is_known);
        counts.push(if known { "no new findings" } else { "no findings" }.to_owned());
    }
    writeln!(
        out,
        "{} · {} {} · {} {}",
        counts.join(", "),
        count(summary.candidates),
        if summary.candidates == 1 { "candidate" } else { "candidates" },
        count(summary.items),
        if summary.items == 1 { "item" } else { "items" }
    )
}

/// Lines about the baseline, the exceptions and the policy.
fn gate(report: &Report, verdict: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(known) = report.baseline.map(|baseline| baseline.known).filter(|known| *known > 0) {
        let (noun, them) = if known == 1 { ("finding", "it") } else { ("findings", "them") };
        let hint = if style.detail == Detail::Known { String::new() } else { format!("; -v shows {them}") };
        writeln!(out, "baseline: {} known {noun}{hint}", count(known))?;
    }
    for finding in &report.findings {
        if let Some(reason) = &finding.excepted {
            let (severity, code, rows_all) = (finding.severity.word(), visible(&finding.code), count(finding.count));
            let (message, reason) = (visible(&finding.message), visible(reason));
            writeln!(out, "excepted: {severity}[{code}] {message} ({rows_all} {}): {reason}", rows(finding.count))?;
        }
    }
    let Some(gate) = &report.gate else { return Ok(()) };
    for note in &gate.notes {
        writeln!(out, "note: {}", visible(note))?;
    }
    failures(report, verdict, out)
}

/// What disabled rules hide.
fn silenced(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.silenced_line().map_or(Ok(()), |line| writeln!(out, "{}", visible(&line)))
}

/// Gate failures besides findings, but for the one that the verdict says.
fn failures(report: &Report, verdict: &str, out: &mut dyn Write) -> io::Result<()> {
    let failures = report.gate.iter().flat_map(|gate| &gate.failures);
    for failure in failures.filter(|failure| !verdict.ends_with(failure.as_str())) {
        writeln!(out, "fails: {}", visible(failure))?;
    }
    Ok(())
}

/// Text without any character that a terminal of another encoding could not show.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '·' | '−' | '–' | '—' => out.push('-'),
            '…' => out.push_str("..."),
            '×' => out.push('x'),
            'Σ' => out.push_str("sum "),
            '≠' => out.push_str("!="),
            '≤' => out.push_str("<="),
            '≥' => out.push_str(">="),
            '÷' => out.push('/'),
            '±' => out.push_str("+-"),
            '→' => out.push_str("->"),
            plain if plain.is_ascii() => out.push(plain),
            other => out.extend(other.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_text_has_nothing_else() {
        assert_eq!(ascii("2 errors · é…"), "2 errors - \\u{e9}...");
    }
}
