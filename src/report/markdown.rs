//! The review report: one page of Markdown, below [`LIMIT`] characters on any input.
//!
//! Text from the log appears only in code spans, each fenced by more backticks than it contains; a reader of `CommonMark` or
//! of GitHub's dialect finds no link, image or HTML in it.

use std::io::{self, Write};

use crate::model::{Severity, Verdict, VerdictCounts};
use crate::numeric::show;
use crate::report::blocks::{Block, blocks};
use crate::report::headline::{headline, totals};
use crate::report::output::{OutputFormat, Rendering};
use crate::report::words::{count, order, rows, verdict};
use crate::report::{ClaimReport, Finding, MetricReport, Report, page_of, visible};

/// Most characters of a report: what fits a comment on a pull request, with room to spare.
pub const LIMIT: usize = 60_000;

/// Characters shown of a text of the log.
const TEXT: usize = 120;
/// Characters shown of a sentence, which may quote several texts.
const SENTENCE: usize = 500;

/// Most tasks of a cause.
const TASKS: usize = 6;
/// Most rows of any other table: the page of one cause fits a screen, whatever the number of tasks.
const OPEN: usize = 4;

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
    let parts = [
        (totals.proven, "proven"),
        (totals.refuted, "refuted"),
        (totals.from_refuted, "from a refuted number"),
        (totals.unprovable, "unprovable"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let mut parts: Vec<String> = parts.map(|(number, word)| format!("{} {word}", count(*number))).collect();
    parts.push(format!(
        "in {} {} of {} {}",
        count(report.summary.records),
        if report.summary.records == 1 { "record" } else { "records" },
        count(report.inputs.len() as u64),
        if report.inputs.len() == 1 { "file" } else { "files" },
    ));
    page.push_str(&format!("{}.\n", parts.join(", ")));
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
        "\n**{} [{}]({})** {tasks}{}\n",
        finding.severity.word(),
        prose(&finding.code),
        page_of(&finding.code),
        span(&block.message, SENTENCE)
    ));
    if block.all.len() > 1 {
        let what = |own: &Finding| match block.own(own).as_str() {
            "" => format!("{} {}", count(own.count), rows(own.count)),
            what => cell(what),
        };
        let tasks = block.all.iter().take(room.min(TASKS)).map(|own| vec![cell(&own.task), what(own)]);
        table(&["task", "what"], &tasks.collect::<Vec<_>>(), page);
        more(block.all.len(), room.min(TASKS), page);
    }
    page.push('\n');
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

/// The numbers of the run and the claims that are not proven, the wrong ones first; the others are counted.
fn numbers(report: &Report, room: usize, page: &mut String) {
    if report.metrics.is_empty() && report.claims.is_empty() {
        return;
    }
    page.push_str("\n### Claims\n");
    let room = room.min(OPEN);
    let mut metrics: Vec<&MetricReport> = report.metrics.iter().collect();
    metrics.sort_by_key(|metric| order(metric.verdict));
    let wrong = metrics.iter().filter(|metric| metric.verdict != Verdict::Proven);
    let rows = wrong.clone().take(room).map(|metric| {
        vec![
            cell(&metric.task),
            cell(&metric.metric),
            cell(&metric.reported),
            metric.recomputed.map_or_else(|| "–".to_owned(), show),
            metric.verdict.word().to_owned(),
        ]
    });
    table(&["task", "metric", "reported:", "recomputed:", "verdict"], &rows.collect::<Vec<_>>(), page);
    let wrong = wrong.count();
    more(wrong, room, page);
    let mut claims: Vec<(Verdict, &ClaimReport)> = report
        .claims
        .iter()
        .filter(|claim| !claim.claim.is_of_run())
        .map(|claim| (verdict(&claim.verdicts), claim))
        .collect();
    claims.sort_by_key(|(verdict, _)| order(*verdict));
    // Why claims cannot be checked is said below.
    let open = claims.iter().filter(|(verdict, _)| matches!(verdict, Verdict::Refuted | Verdict::FromRefuted));
    let number = |number: u64| if number == 0 { String::new() } else { count(number) };
    let rows = open.clone().take(room).map(|(verdict, claim)| {
        let VerdictCounts { proven, refuted, from_refuted, unprovable } = claim.verdicts;
        vec![
            cell(&claim.task),
            cell(&claim.claim.to_string()),
            cell(&claim.convention),
            number(proven),
            number(refuted),
            number(from_refuted),
            number(unprovable),
            verdict.word().to_owned(),
        ]
    });
    let columns = ["task", "claim", "convention", "proven:", "refuted:", "from refuted:", "unprovable:", "verdict"];
    table(&columns, &rows.collect::<Vec<_>>(), page);
    let open = open.count();
    more(open, room, page);
    let unprovable = claims.iter().filter(|(verdict, _)| *verdict == Verdict::Unprovable).count();
    let counts = [
        ("Proven as a whole", metrics.len() - wrong, "number of the run", "numbers of the run"),
        ("Proven as a whole", claims.len() - open - unprovable, "kind of claim", "kinds of claims"),
        ("Not checkable", unprovable, "kind of claim", "kinds of claims"),
    ];
    let counts = counts.into_iter().filter(|(_, number, ..)| *number > 0);
    let counts: Vec<String> = counts
        .map(|(what, number, one, many)| {
            format!("{what}: {} {}.", count(number as u64), if number == 1 { one } else { many })
        })
        .collect();
    if !counts.is_empty() {
        page.push_str(&format!("\n{}\n", counts.join(" ")));
    }
}

/// What changes, where there is more to say than the lines of one cause.
fn impact(report: &Report, room: usize, page: &mut String) {
    let room = room.min(OPEN);
    let changed = report.diagnoses.iter().filter_map(|diagnosis| Some((diagnosis, diagnosis.impact.as_ref()?)));
    let mut changed: Vec<_> = changed.collect();
    if changed.len() < 2 {
        return;
    }
    changed.sort_by_key(|(_, impact)| std::cmp::Reverse(impact.flips));
    page.push_str("\n### Impact\n");
    let share = |share: Option<f64>| share.map_or_else(String::new, |share| format!("{share:.4}"));
    let rows = changed.iter().take(room).map(|(diagnosis, impact)| {
        let flips = match impact.undecided {
            0 => count(impact.flips),
            open => format!("{} (and {} undecided by the digits)", count(impact.flips), count(open)),
        };
        vec![
            cell(&diagnosis.task),
            cell(&diagnosis.claim),
            format!("{flips} of {}", count(impact.items)),
            share(impact.accuracy_before),
            share(impact.accuracy_after),
        ]
    });
    let columns = ["task", "claim", "changed picks:", "accuracy as reported:", "accuracy recomputed:"];
    table(&columns, &rows.collect::<Vec<_>>(), page);
    more(changed.len(), room, page);
}

fn open_claims(report: &Report, room: usize, page: &mut String) {
    let room = room.min(OPEN);
    let gaps = &report.coverage;
    if gaps.is_empty() {
        return;
    }
    page.push_str("\n### Not checked\n");
    let rows = gaps
        .iter()
        .take(room)
        .map(|gap| vec![cell(&gap.what.to_string()), count(gap.count), cell(&gap.reason), cell(&gap.log)]);
    table(&["claim", "how many:", "why", "to prove it, log"], &rows.collect::<Vec<_>>(), page);
    more(gaps.len(), room, page);
}

/// A table. A colon behind a column's name sets it to the right; a column that no row fills is left out.
fn table(columns: &[&str], rows: &[Vec<String>], page: &mut String) {
    if rows.is_empty() {
        return;
    }
    let is_filled = |at: usize| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()));
    let filled: Vec<usize> = (0..columns.len()).filter(|at| is_filled(*at)).collect();
    page.push('\n');
    let mut line = |of: &dyn Fn(usize) -> String| {
        let cells: Vec<String> = filled.iter().map(|at| of(*at)).collect();
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    };
    let name = |at: usize| columns.get(at).copied().unwrap_or_default();
    line(&|at| name(at).trim_end_matches(':').to_owned());
    line(&|at| if name(at).ends_with(':') { "---:".to_owned() } else { "---".to_owned() });
    for row in rows {
        line(&|at| row.get(at).filter(|cell| !cell.is_empty()).cloned().unwrap_or_else(|| "–".to_owned()));
    }
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
