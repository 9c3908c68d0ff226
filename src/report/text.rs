//! The report for a terminal. With the feature `cli`, the first place of each finding is drawn over its record.

#[cfg(feature = "cli")]
mod drawing;

use std::io::{self, Write};

use crate::model::{Severity, VerdictCounts};
use crate::report::output::OutputFormat;
pub use crate::report::style::{Detail, Style};
use crate::report::words::{count, rows, verdict};
use crate::report::{Finding, InputError, InputErrorKind, Report, visible};

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
        silenced(report, out)?;
        return failures(report, out);
    }
    summary(report, out)?;
    silenced(report, out)?;
    gate(report, style, out)
}

/// Writes findings alone.
pub fn findings(findings: &[Finding], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let is_shown =
        |finding: &&Finding| finding.excepted.is_none() && (style.detail == Detail::Known || !finding.is_known());
    for finding in findings.iter().filter(is_shown) {
        write!(out, "{}", heading(finding, style))?;
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
                writeln!(out, "   {}", visible(&finding.label))?;
            }
        }
        details(finding, out)?;
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

fn heading(finding: &Finding, style: Style) -> String {
    let colour = match finding.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    };
    let tag = paint(&format!("{}[{}]", finding.severity.word(), visible(&finding.code)), colour, style);
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
    writeln!(out, "more      retally explain {}", visible(&finding.code))
}

/// Maximum number of named files that are not logs.
const NAMED: usize = 3;

fn errors(report: &Report, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    // Directories of logs also contain configurations and settings, which the user did not mean.
    let is_beside = |error: &InputError| {
        let is_no_log = !error.fatal && error.kind == InputErrorKind::Unrecognised;
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
        writeln!(out, "unrecognised log format, not read: {}{more} (-v shows what was expected)", named.join(", "))?;
    }
    if whole.is_empty() && beside.is_empty() { Ok(()) } else { writeln!(out) }
}

/// The formula that the claims of a column are held to, where it is one in all runs and tasks.
fn held_to<'r>(report: &'r Report, claim: &str) -> Option<&'r str> {
    let mut of_claim = report.claims.iter().filter(|own| own.claim.to_string() == claim);
    let first = of_claim.next()?;
    let is_one = of_claim.all(|own| own.convention == first.convention);
    Some(first.convention.as_str()).filter(|formula| is_one && !formula.is_empty())
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let verdicts: Vec<(String, &VerdictCounts)> =
        summary.verdicts.iter().map(|(claim, counts)| (claim.to_string(), counts)).collect();
    let width = verdicts.iter().map(|(claim, _)| claim.len()).max().unwrap_or(0).max(8);
    let of_words = verdicts.iter().map(|(_, counts)| verdict(counts).word().len()).max().unwrap_or(0).max(10);
    for (claim, counts) in &verdicts {
        let mut parts = Vec::new();
        for (number, word) in [
            (counts.proven, "proven"),
            (counts.refuted, "refuted"),
            (counts.from_refuted, "from a refuted number"),
            (counts.unprovable, "unprovable"),
        ] {
            if number > 0 {
                parts.push(format!("{} {word}", count(number)));
            }
        }
        let held_to =
            held_to(report, claim).map_or_else(String::new, |formula| format!(", held to {}", visible(formula)));
        writeln!(
            out,
            "{:width$}  {:of_words$}  {} of {}{held_to}",
            visible(claim),
            verdict(counts).word(),
            parts.join(", "),
            count(counts.total())
        )?;
    }
    for gap in &report.coverage {
        writeln!(
            out,
            "not checked: {} {} ({}); to prove it, log {}",
            count(gap.count),
            visible(&gap.what.to_string()),
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
            let (severity, code, rows_all) = (finding.severity.word(), visible(&finding.code), count(finding.count));
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

/// What disabled rules hide.
fn silenced(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.silenced_line().map_or(Ok(()), |line| writeln!(out, "{}", visible(&line)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_text_has_nothing_else() {
        assert_eq!(ascii("2 errors · é…"), "2 errors - \\u{e9}...");
    }
}
