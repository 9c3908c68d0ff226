//! The review report: one page of Markdown, below [`LIMIT`] characters on any input.
//!
//! Text from the log appears only in code spans, each fenced by more backticks than it contains; a reader of `CommonMark` or
//! of GitHub's dialect finds no link, image or HTML in it.

use std::io::{self, Write};

use crate::model::{Severity, Verdict};
use crate::report::blocks::{Block, blocks};
use crate::report::headline::{headline, totals};
use crate::report::output::{OutputFormat, Rendering};
use crate::report::words::{count, rows, verdict};
use crate::report::{ClaimReport, MetricReport, Report, page_of, visible};

/// Most characters of a report: what fits a comment on a pull request, with room to spare.
pub const LIMIT: usize = 60_000;

/// Characters shown of a text of the log.
const TEXT: usize = 120;
/// Characters shown of a sentence, which may quote several texts.
const SENTENCE: usize = 500;

/// Most tasks of a cause.
const TASKS: usize = 20;

/// How many entries of each list are shown; lowered until the page fits.
const ROOMS: [usize; 7] = [100, 50, 25, 12, 6, 3, 1];

/// This output.
pub static OUTPUT: OutputFormat =
    OutputFormat { name: "markdown", about: "One page for a code review", anchored: false, render };

/// Writes the report.
pub fn render(report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    for room in ROOMS {
        page = write(report, with, room);
        if page.chars().count() <= LIMIT {
            break;
        }
    }
    out.write_all(page.as_bytes())
}

fn write(report: &Report, with: &Rendering, room: usize) -> String {
    let mut page = format!("## retally: {}\n\n", prose(&headline(report)));
    let totals = totals(report);
    page.push_str(&format!(
        "{} proven, {} refuted, {}{} unprovable, in {} {} of {} {}.\n",
        count(totals.proven),
        count(totals.refuted),
        match totals.from_refuted {
            0 => String::new(),
            some => format!("{} from a refuted number, ", count(some)),
        },
        count(totals.unprovable),
        count(report.summary.records),
        if report.summary.records == 1 { "record" } else { "records" },
        count(report.inputs.len() as u64),
        if report.inputs.len() == 1 { "file" } else { "files" },
    ));
    unreadable(report, room, &mut page);
    causes(report, room, &mut page);
    numbers(report, room, &mut page);
    impact(report, room, &mut page);
    open_claims(report, room, &mut page);
    if !with.command.is_empty() {
        page.push_str(&format!("\n### Reproduce\n\n{}\n", span(&with.command, SENTENCE)));
    }
    page
}

fn unreadable(report: &Report, room: usize, page: &mut String) {
    let fatal: Vec<_> = report.errors.iter().filter(|error| error.fatal).collect();
    if fatal.is_empty() {
        return;
    }
    page.push('\n');
    for error in fatal.iter().take(room) {
        page.push_str(&format!("- {}: {}\n", span(&error.path, TEXT), span(&error.reason, SENTENCE)));
    }
    more(fatal.len(), room, page);
}

fn causes(report: &Report, room: usize, page: &mut String) {
    if let Some(gate) = &report.gate {
        for line in gate.failures.iter().chain(&gate.notes).take(room) {
            page.push_str(&format!("\nGate: {}\n", span(line, SENTENCE)));
        }
    }
    excused(report, page);
    if report.shown().next().is_none() {
        return;
    }
    page.push_str("\n### Causes\n");
    let loud = blocks(report, report.shown().filter(|finding| finding.severity != Severity::Note));
    for block in loud.iter().take(room) {
        cause(block, room, page);
    }
    more(loud.len(), room, page);
    let notes: Vec<_> = report.shown().filter(|finding| finding.severity == Severity::Note).collect();
    if notes.is_empty() {
        return;
    }
    page.push_str(&format!("\n<details><summary>Notes ({})</summary>\n\n", count(notes.len() as u64)));
    for finding in notes.iter().take(room) {
        page.push_str(&format!("- **{}** {}\n", prose(&finding.code), span(&finding.message, SENTENCE)));
    }
    more(notes.len(), room, page);
    page.push_str("\n</details>\n");
}

/// Findings that a baseline knows or the configuration excepts, in one line.
fn excused(report: &Report, page: &mut String) {
    let known = report.findings.iter().filter(|finding| finding.is_known()).count();
    let excepted = report.findings.iter().filter(|finding| finding.excepted.is_some()).count();
    let parts: Vec<String> = [(known, "in the baseline"), (excepted, "excepted by the configuration")]
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, how)| format!("{} {how}", count(*number as u64)))
        .collect();
    if !parts.is_empty() {
        page.push_str(&format!("\nFindings not listed: {}.\n", parts.join(", ")));
    }
    if let Some(line) = report.silenced_line() {
        page.push_str(&format!("\n{}.\n", prose(&line)));
    }
}

fn cause(block: &Block<'_>, room: usize, page: &mut String) {
    let finding = block.first;
    let tasks = if block.all.len() > 1 { format!("{}: ", block.tasks) } else { String::new() };
    page.push_str(&format!(
        "\n**{} [{}]({})** {tasks}{}\n\n",
        finding.severity.word(),
        prose(&finding.code),
        page_of(&finding.code),
        span(&block.message, SENTENCE)
    ));
    if block.all.len() > 1 {
        page.push_str("| task | what |\n|---|---|\n");
        for own in block.all.iter().take(room.min(TASKS)) {
            let what = match block.own(own).as_str() {
                "" => format!("{} {}", count(own.count), rows(own.count)),
                what => cell(what),
            };
            page.push_str(&format!("| {} | {what} |\n", cell(&own.task)));
        }
        more(block.all.len(), room.min(TASKS), page);
        page.push('\n');
    }
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            page.push_str(&format!("- {name}: {}\n", span(text, SENTENCE)));
        }
    };
    if block.all.len() == 1 && !finding.task.is_empty() {
        line("task", &finding.task);
    }
    line("certainty", finding.certainty.word());
    if let Some(place) = finding.locations.first() {
        line("first seen", &format!("{}:{}:{}", place.path, place.line, place.column));
    }
    line("arithmetic", &finding.label);
    for evidence in finding.evidence_lines.iter().take(6) {
        line("evidence", evidence);
    }
    if finding.evidence_lines.is_empty() {
        line("evidence", &format!("{} {}", count(finding.count), rows(finding.count)));
    }
    for impact in finding.impact_lines.iter().take(3) {
        line("impact", impact);
    }
    line("fix", &finding.help);
}

fn numbers(report: &Report, room: usize, page: &mut String) {
    if report.metrics.is_empty() && report.claims.is_empty() {
        return;
    }
    page.push_str("\n### Claims\n");
    if !report.metrics.is_empty() {
        page.push_str("\n| task | metric | reported | recomputed | verdict |\n|---|---|---:|---:|---|\n");
        // What is wrong comes first.
        let order = |metric: &&MetricReport| match metric.verdict {
            Verdict::Refuted => 0,
            Verdict::FromRefuted => 1,
            Verdict::Unprovable => 2,
            Verdict::Proven => 3,
        };
        let mut metrics: Vec<&MetricReport> = report.metrics.iter().collect();
        metrics.sort_by_key(order);
        for metric in metrics.iter().take(room) {
            page.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                cell(&metric.task),
                cell(&metric.metric),
                cell(&metric.reported),
                metric.recomputed.map_or_else(|| "–".to_owned(), |value| value.to_string()),
                metric.verdict.word()
            ));
        }
        more(metrics.len(), room, page);
    }
    let mut claims: Vec<&ClaimReport> = report.claims.iter().filter(|claim| !claim.claim.is_of_run()).collect();
    if claims.is_empty() {
        return;
    }
    claims.sort_by_key(|claim| {
        let verdicts = &claim.verdicts;
        (verdicts.refuted == 0, verdicts.from_refuted == 0, verdicts.unprovable == 0)
    });
    page.push_str(
        "\n| task | claim | convention | proven | refuted | from refuted | unprovable | verdict |\n|---|---|---|---:|---:|---:|---:|---|\n",
    );
    for claim in claims.iter().take(room) {
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            cell(&claim.task),
            cell(&claim.claim.to_string()),
            cell(&claim.convention),
            count(claim.verdicts.proven),
            count(claim.verdicts.refuted),
            count(claim.verdicts.from_refuted),
            count(claim.verdicts.unprovable),
            verdict(&claim.verdicts).word()
        ));
    }
    more(claims.len(), room, page);
}

fn impact(report: &Report, room: usize, page: &mut String) {
    let changed: Vec<_> =
        report.diagnoses.iter().filter_map(|diagnosis| Some((diagnosis, diagnosis.impact.as_ref()?))).collect();
    if changed.is_empty() {
        return;
    }
    page.push_str("\n### Impact\n\n| task | claim | changed picks | accuracy as reported | accuracy recomputed |\n|---|---|---:|---:|---:|\n");
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}"));
    for (diagnosis, impact) in changed.iter().take(room) {
        page.push_str(&format!(
            "| {} | {} | {} of {} | {} | {} |\n",
            cell(&diagnosis.task),
            cell(&diagnosis.claim),
            match impact.undecided {
                0 => count(impact.flips),
                open => format!("{} (and {} undecided by the digits)", count(impact.flips), count(open)),
            },
            count(impact.items),
            share(impact.accuracy_before),
            share(impact.accuracy_after)
        ));
    }
    more(changed.len(), room, page);
}

fn open_claims(report: &Report, room: usize, page: &mut String) {
    let gaps = &report.coverage;
    if gaps.is_empty() {
        return;
    }
    page.push_str("\n### Not checked\n\n| claim | how many | why | to prove it, log |\n|---|---:|---|---|\n");
    for gap in gaps.iter().take(room) {
        page.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            cell(&gap.what.to_string()),
            count(gap.count),
            cell(&gap.reason),
            cell(&gap.log)
        ));
    }
    more(gaps.len(), room, page);
}

/// That a list goes on.
fn more(total: usize, room: usize, page: &mut String) {
    if total > room {
        page.push_str(&format!(
            "\n{} more are omitted here; the JSON report lists all.\n",
            count((total - room) as u64)
        ));
    }
}

/// Text of the program, with what Markdown would read as markup escaped.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        if "\\`*_{}[]<>#+-!|@~&".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Text of the log as a code span. A backslash does not escape inside of one: the fence is longer than any run of
/// backticks in the text.
fn span(text: &str, limit: usize) -> String {
    let shown = visible(text);
    let cut: String = shown.chars().take(limit).collect();
    let more = if cut.len() < shown.len() {
        format!(" ({} characters)", count(text.chars().count() as u64))
    } else {
        String::new()
    };
    let text = if cut.trim().is_empty() { format!("\"{cut}\"") } else { cut };
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let room = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}{more}")
}

/// The same in a table, where a bar ends the cell even in a code span.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { span(text, TEXT).replace('|', "\\|") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_text_stays_inside_its_span() {
        assert_eq!(span("a`b``c", 99), "```a`b``c```");
        assert_eq!(span("`", 99), "`` ` ``");
        assert_eq!(span(" x", 99), "`  x `");
        assert_eq!(span("", 99), "`\"\"`");
        assert_eq!(span("ab\ncd", 3), "`ab\\` (5 characters)");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(prose("[a](b) @c <d>"), "\\[a\\](b) \\@c \\<d\\>");
    }
}
