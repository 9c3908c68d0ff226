//! GitHub Actions: the text report, then the findings as workflow commands, which the runner turns into annotations.

use std::io::{self, Write};

use crate::model::Severity;
use crate::report::output::OutputFormat;
use crate::report::words::{count, cut, rows};
use crate::report::{Anchors, Finding, Rendering, Report, page_of, text, visible};

/// Annotations of one level that the runner keeps of a step.
pub const MAX_PER_LEVEL: usize = 10;
/// Characters that the runner keeps of a message.
pub const MAX_MESSAGE: usize = 4_096;
/// Room for the sentence about omitted findings.
const MAX_BODY: usize = MAX_MESSAGE - 200;

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "github",
    about: "The text report, then annotations of GitHub Actions",
    anchored: true,
    render,
};

/// Writes the report.
pub fn render(report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    text::render(report, with.style, out)?;
    for (severity, level) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "notice")] {
        let findings: Vec<&Finding> = report.shown().filter(|finding| finding.severity == severity).collect();
        for (at, finding) in findings.iter().take(MAX_PER_LEVEL).enumerate() {
            let left = if at + 1 == MAX_PER_LEVEL { findings.len() - MAX_PER_LEVEL } else { 0 };
            writeln!(out, "{}", command(level, finding, left, &with.anchors))?;
        }
    }
    if let Some(line) = report.silenced_line() {
        writeln!(out, "::notice title=retally::{}", data(&visible(&line)))?;
    }
    Ok(())
}

/// One workflow command. `left` are the findings of its level that have none.
fn command(level: &str, finding: &Finding, left: usize, anchors: &Anchors) -> String {
    let anchor = anchors.of(finding);
    let title = format!("{} {}", visible(&finding.code), visible(&finding.name));
    let mut message = cut(&lines(finding).join("\n"), MAX_BODY);
    if left > 0 {
        let noun = if left == 1 { level.to_owned() } else { format!("{level}s") };
        message.push_str(&format!("\n{} more {noun}: see the report in the log of this step", count(left as u64)));
    }
    format!(
        "::{level} file={},line={},title={}::{}",
        property(&visible(&anchor.path)),
        anchor.line.max(1),
        property(&cut(&title, 200)),
        data(&message)
    )
}

/// The text of an annotation.
fn lines(finding: &Finding) -> Vec<String> {
    let mut lines = vec![visible(&finding.message).into_owned()];
    lines.extend(finding.impact_lines.iter().map(|line| format!("impact: {}", visible(line))));
    lines.extend(finding.evidence_lines.iter().map(|line| format!("evidence: {}", visible(line))));
    if finding.evidence_lines.is_empty() && finding.count > 1 {
        lines.push(format!("evidence: {} {} like this", count(finding.count), rows(finding.count)));
    }
    if let Some(place) = finding.locations.first() {
        lines.push(format!("first seen in {}:{}:{}", visible(&place.path), place.line, place.column));
    }
    if !finding.help.is_empty() {
        lines.push(format!("fix: {}", visible(&finding.help)));
    }
    lines.push(format!("more: {}", page_of(&finding.code)));
    lines
}

/// Text of a message as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property as the runner reads it back.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_for_its_place() {
        assert_eq!(data("50%, a:b\r\nc %0A"), "50%25, a:b%0D%0Ac %250A");
        assert_eq!(property("a,b: 50%"), "a%2Cb%3A 50%25");
    }
}
