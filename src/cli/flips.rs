//! `retally flips`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use unicode_width::UnicodeWidthStr;

use crate::cli::Failure;
use crate::items::{ChangedPick, Rows};
use crate::report::rows::picks_as_csv;
use crate::report::words::{count, cut};
use crate::report::{ClaimKey, Report, visible};

/// Arguments of `flips`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Output format of the picks.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    #[command(flatten)]
    logs: super::Logs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Text,
    Csv,
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let audit = args.logs.audit()?;
    let inputs = audit.open()?.all_usable()?;
    super::note(inputs.notes());
    let (report, rows) = audit.run_with_rows(inputs);
    super::warn(&report.errors);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        OutputFormat::Text => text(&report, &rows, &mut out),
        OutputFormat::Csv => picks_as_csv(rows.picks(), &mut out),
        OutputFormat::Json => json(&rows, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        other => other?,
    }
    rows.intact()?;
    Ok(ExitCode::SUCCESS)
}

/// An array, an item per line.
fn json(rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let mut between = "[\n";
    for pick in rows.picks() {
        out.write_all(between.as_bytes())?;
        serde_json::to_writer(&mut *out, &pick)?;
        between = ",\n";
    }
    out.write_all(if between == "[\n" { b"[]\n" } else { b"\n]\n" })
}

const HEADINGS: [&str; 7] = ["item", "task", "reported", "recomputed", "gold", "correct", "place"];

/// Characters of a cell.
const CELL: usize = 40;

/// How many picks change and what that means for correctness.
#[derive(Default)]
struct Counts {
    picks: u64,
    gained: u64,
    lost: u64,
}

/// Looks at all picks for the widths of the columns, then prints a line for each.
fn text(report: &Report, rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let mut widths = HEADINGS.map(str::len);
    let mut filled = [false; HEADINGS.len()];
    let mut counts = Counts::default();
    for pick in rows.picks() {
        counts.picks += 1;
        counts.gained += u64::from((pick.was_right, pick.is_right) == (Some(false), Some(true)));
        counts.lost += u64::from((pick.was_right, pick.is_right) == (Some(true), Some(false)));
        for ((width, filled), cell) in widths.iter_mut().zip(&mut filled).zip(cells(&pick)) {
            *width = (*width).max(cell.width());
            *filled |= !cell.is_empty();
        }
    }
    if counts.picks == 0 {
        return writeln!(out, "{}", unchanged(report));
    }
    // A column that no pick fills is left out.
    let mut line = |cells: [String; HEADINGS.len()]| {
        let mut text = String::new();
        for ((cell, width), _) in cells.iter().zip(widths).zip(filled).filter(|(_, filled)| *filled) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(HEADINGS.map(str::to_owned))?;
    for pick in rows.picks() {
        line(cells(&pick))?;
    }
    writeln!(out, "\n{}", summary(&counts))
}

fn cells(pick: &ChangedPick) -> [String; HEADINGS.len()] {
    let text = |text: &str| cut(&visible(text), CELL);
    [
        text(&pick.item),
        text(&pick.task),
        text(&pick.reported),
        text(&pick.recomputed),
        text(pick.gold.as_deref().unwrap_or_default()),
        change(pick).to_owned(),
        format!("{}:{}", visible(&pick.file), pick.line),
    ]
}

/// What the change means for correctness; nothing if no gold answer is logged.
fn change(pick: &ChangedPick) -> &'static str {
    match (pick.was_right, pick.is_right) {
        (Some(false), Some(true)) => "becomes right",
        (Some(true), Some(false)) => "becomes wrong",
        (Some(true), Some(true)) => "stays right",
        (Some(false), Some(false)) => "stays wrong",
        _ => "",
    }
}

fn summary(counts: &Counts) -> String {
    let noun = if counts.picks == 1 { "pick changes" } else { "picks change" };
    let mut line = format!("{} {noun}", count(counts.picks));
    if counts.gained + counts.lost > 0 {
        line.push_str(&format!(": {} right, {} wrong", becoming(counts.gained), becoming(counts.lost)));
    }
    line
}

fn becoming(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "becomes" } else { "become" })
}

/// Why there is nothing to list.
fn unchanged(report: &Report) -> &'static str {
    if report.summary.verdicts.contains_key(&ClaimKey::Pick) {
        "no pick changes"
    } else {
        "no picks are logged, so none can change (a pick is the candidate that was chosen; see docs/schema.md)"
    }
}
