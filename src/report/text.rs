//! The report for a terminal, drawn by miette over windows of the records.

use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::format::NO_FORMAT;
use crate::model::Severity;
use crate::report::output::OutputFormat;
pub use crate::report::style::{Detail, Style};
use crate::report::words::{count, rows, verdict};
use crate::report::{Finding, InputError, Report, visible};

/// Characters of a record that are drawn before, in and after the marked value.
const WINDOW: usize = 200;

/// Largest line and column that are drawn: miette counts on from them.
const FARTHEST: usize = usize::MAX >> 8;

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
    findings(&report.findings, style, out)?;
    errors(report, style.detail, out)?;
    if style.detail == Detail::Quiet {
        return failures(report, out);
    }
    summary(report, out)?;
    gate(report, style, out)
}

/// Writes findings alone.
pub fn findings(findings: &[Finding], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(0);
    let is_shown =
        |finding: &&Finding| finding.excepted.is_none() && (style.detail == Detail::Known || !finding.is_known());
    for finding in findings.iter().filter(is_shown) {
        write!(out, "{}", heading(finding, style))?;
        if let Some(shown) = Shown::of(finding) {
            let mut drawn = String::new();
            if handler.render_report(&mut drawn, &shown).is_ok() {
                // miette prints the severity on a separate line, which the heading already contains.
                let says = |line: &&str| !["", "×", "x", "⚠", "!", "☞", ">"].contains(&uncoloured(line).trim());
                for line in drawn.lines().filter(says) {
                    writeln!(out, "{}", line.trim_end())?;
                }
            }
        } else if let Some(place) = finding.locations.first() {
            let field = if place.field.is_empty() { String::new() } else { format!(" {}", visible(&place.field)) };
            writeln!(out, "   at {}:{}:{}{field}", visible(&place.path), place.line, place.column)?;
            if !place.item.is_empty() {
                writeln!(out, "   item {}", visible(&place.item))?;
            }
            if !finding.label.is_empty() {
                writeln!(out, "   {}", visible(&finding.label))?;
            }
        }
        details(finding, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A line without sequences that set colours.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

fn paint(text: &str, code: &str, style: Style) -> String {
    if style.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn heading(finding: &Finding, style: Style) -> String {
    let colour = match finding.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    };
    let tag = paint(&format!("{}[{}]", finding.severity.word(), finding.code), colour, style);
    let known = if finding.is_known() { " (known)" } else { "" };
    format!("{tag}: {}{known}\n", paint(&visible(&finding.message), "1", style))
}

fn details(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    for line in &finding.evidence_lines {
        writeln!(out, "evidence  {}", visible(line))?;
    }
    if finding.evidence_lines.is_empty() && finding.count > 1 {
        writeln!(out, "evidence  {} {} like this", count(finding.count), rows(finding.count))?;
    }
    for line in &finding.impact_lines {
        writeln!(out, "impact    {}", visible(line))?;
    }
    if !finding.help.is_empty() {
        writeln!(out, "fix       {}", visible(&finding.help))?;
    }
    writeln!(out, "more      retally explain {}", finding.code)
}

/// Maximum number of named files that are not logs.
const NAMED: usize = 3;

fn errors(report: &Report, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    // Directories of logs also contain configurations and settings, which the user did not mean.
    let is_beside = |error: &InputError| {
        let is_no_log = !error.fatal && error.reason.starts_with(NO_FORMAT);
        is_no_log && !report.inputs.is_empty() && detail != Detail::Known
    };
    let (beside, whole): (Vec<_>, Vec<_>) =
        report.errors.iter().filter(|error| error.line == 0).partition(|error| is_beside(error));
    for error in &whole {
        writeln!(out, "{}: {}", visible(&error.path), visible(&error.reason))?;
    }
    if !beside.is_empty() {
        let named: Vec<String> = beside.iter().take(NAMED).map(|error| visible(&error.path).into_owned()).collect();
        let more = beside.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {} more", count(more as u64)) } else { String::new() };
        writeln!(out, "{NO_FORMAT}, not read: {}{more} (-v shows what was expected)", named.join(", "))?;
    }
    if whole.is_empty() && beside.is_empty() { Ok(()) } else { writeln!(out) }
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let width = summary.verdicts.keys().map(String::len).max().unwrap_or(0).max(8);
    for (kind, counts) in &summary.verdicts {
        let mut parts = Vec::new();
        for (number, word) in
            [(counts.proven, "proven"), (counts.refuted, "refuted"), (counts.unprovable, "unprovable")]
        {
            if number > 0 {
                parts.push(format!("{} {word}", count(number)));
            }
        }
        writeln!(
            out,
            "{:width$}  {:10}  {} of {}",
            visible(kind),
            verdict(counts),
            parts.join(", "),
            count(counts.total())
        )?;
    }
    for gap in &report.coverage {
        writeln!(
            out,
            "not checked: {} {} ({}); to prove it, log {}",
            count(gap.count),
            visible(&gap.what),
            visible(&gap.reason),
            visible(&gap.log)
        )?;
    }
    if !report.skipped_fields.is_empty() {
        writeln!(out, "skipped for missing fields: rules on {}", visible(&report.skipped_fields.join(", ")))?;
    }
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
fn gate(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(known) = report.baseline.map(|baseline| baseline.known).filter(|known| *known > 0) {
        let (noun, them) = if known == 1 { ("finding", "it") } else { ("findings", "them") };
        let hint = if style.detail == Detail::Known { String::new() } else { format!("; -v shows {them}") };
        writeln!(out, "baseline: {} known {noun}{hint}", count(known))?;
    }
    for finding in &report.findings {
        if let Some(reason) = &finding.excepted {
            let (severity, code, rows_all) = (finding.severity.word(), &finding.code, count(finding.count));
            let (message, reason) = (visible(&finding.message), visible(reason));
            writeln!(out, "excepted: {severity}[{code}] {message} ({rows_all} {}): {reason}", rows(finding.count))?;
        }
    }
    let Some(gate) = &report.gate else { return Ok(()) };
    for note in &gate.notes {
        writeln!(out, "note: {}", visible(note))?;
    }
    failures(report, out)
}

/// Gate failures besides findings.
fn failures(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for failure in report.gate.iter().flat_map(|gate| &gate.failures) {
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

/// A finding's first place as miette draws it: one line, made harmless, with the true column.
#[derive(Debug)]
struct Shown {
    path: String,
    line: usize,
    column: usize,
    window: String,
    mark: (usize, usize),
    label: String,
}

impl Shown {
    fn of(finding: &Finding) -> Option<Self> {
        let place = finding.locations.first()?;
        let snippet = &finding.snippet;
        if snippet.text.is_empty() {
            return None;
        }
        let part = |from: usize, to: usize| snippet.text.get(from..to).unwrap_or_default();
        let mark_end = snippet.mark.saturating_add(snippet.mark_len);
        // An audit's windows are narrow; a stored report may contain anything.
        let (before, mark, after) =
            (part(0, snippet.mark), part(snippet.mark, mark_end), snippet.text.get(mark_end..).unwrap_or_default());
        let from = before.char_indices().rev().nth(WINDOW).map_or(0, |(at, _)| at);
        let to = |text: &str| text.char_indices().nth(WINDOW).map_or(text.len(), |(at, _)| at);
        let dots = if snippet.cut_before || from > 0 { "…" } else { "" };
        let end = if snippet.cut_after || to(after) < after.len() { "…" } else { "" };
        let (before, mark, after) = (
            visible(before.get(from..).unwrap_or_default()),
            visible(mark.get(..to(mark)).unwrap_or_default()),
            visible(after.get(..to(after)).unwrap_or_default()),
        );
        let start = dots.len() + before.len();
        Some(Self {
            path: visible(&place.path).into_owned(),
            line: usize::try_from(place.line).unwrap_or(usize::MAX).min(FARTHEST),
            column: usize::try_from(place.column).unwrap_or(usize::MAX).min(FARTHEST),
            window: format!("{dots}{before}{mark}{after}{end}"),
            mark: (start, mark.len().max(1)),
            label: visible(&finding.label).into_owned(),
        })
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // miette prints the column within the window; convert it to the column within the line.
        let column = self.column.saturating_sub(1).saturating_sub(span.offset()) + span.offset();
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            self.window.as_bytes(),
            (0, self.window.len()).into(),
            self.line.saturating_sub(1),
            column,
            1,
        )))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("")
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new(Some(self.label.clone()), self.mark.0, self.mark.1);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_no_text() {
        assert_eq!(uncoloured("  \x1b[31m×\x1b[0m m"), "  × m");
        assert_eq!(uncoloured("plain m"), "plain m");
    }

    #[test]
    fn ascii_text_has_nothing_else() {
        assert_eq!(ascii("2 errors · é…"), "2 errors - \\u{e9}...");
    }
}
