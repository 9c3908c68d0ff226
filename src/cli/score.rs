//! `retally score`.

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;
use unicode_width::UnicodeWidthStr;

use crate::cli::Failure;
use crate::report::rows::text_cell;
use crate::report::visible;
use crate::score::ScoredItem;

/// Arguments of `score`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Output format of the scores.
    #[arg(long, value_enum, default_value = "table")]
    format: OutputFormat,
    #[command(flatten)]
    logs: super::Logs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Table,
    Csv,
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let inputs = args.logs.audit()?.open()?.all_usable()?;
    let scored = inputs.score();
    super::warn(&scored.unreadable);
    let items = scored.found;
    if items.is_empty() {
        return Err("no candidates were found in the input".into());
    }
    let mut out = Vec::new();
    let written = match args.format {
        OutputFormat::Table => table(&items, &mut out),
        OutputFormat::Csv => csv(&items, &mut out),
        OutputFormat::Json => {
            crate::report::json::pretty(&items).map_err(Into::into).and_then(|json| writeln!(out, "{json}"))
        }
    };
    written.and_then(|()| super::print(&out))?;
    Ok(ExitCode::SUCCESS)
}

const HEADINGS: [&str; 7] = ["item", "candidate", "tokens", "log p", "mean", "perplexity", "best by"];

fn mark(item: &ScoredItem, position: usize) -> &'static str {
    match (item.best_by_sum == Some(position), item.best_by_mean == Some(position)) {
        (true, true) => "sum, mean",
        (true, false) => "sum only",
        (false, true) => "mean only",
        (false, false) => "",
    }
}

fn table(items: &[ScoredItem], out: &mut Vec<u8>) -> std::io::Result<()> {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.6}"));
    let mut rows: Vec<[String; 7]> = Vec::new();
    for item in items {
        for (position, candidate) in item.candidates.iter().enumerate() {
            rows.push([
                visible(&item.item).into_owned(),
                visible(&candidate.candidate).into_owned(),
                candidate.tokens.to_string(),
                number(candidate.logprob),
                number(candidate.mean),
                number(candidate.perplexity),
                candidate.missing.clone().unwrap_or_else(|| mark(item, position).to_owned()),
            ]);
        }
    }
    let mut widths = HEADINGS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut line = |cells: &[&str]| {
        let mut text = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            // Numbers stand right, names left.
            let aligned = if (2..6).contains(&column) { format!("{space}{cell}") } else { format!("{cell}{space}") };
            text.push_str(&aligned);
            text.push_str("  ");
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&HEADINGS)?;
    for row in &rows {
        line(&row.each_ref().map(String::as_str))?;
    }
    let differing: Vec<&str> = items.iter().filter(|item| item.differs).map(|item| item.item.as_str()).collect();
    if !differing.is_empty() {
        let some = crate::report::words::some(differing.iter().copied(), 5, differing.len() as u64);
        writeln!(
            out,
            "\nsum and mean have different winners in {} of {} items: {}",
            differing.len(),
            items.len(),
            visible(&some)
        )?;
    }
    Ok(())
}

fn csv(items: &[ScoredItem], out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "task",
        "item",
        "candidate",
        "tokens",
        "logprob",
        "mean",
        "perplexity",
        "best_by_sum",
        "best_by_mean",
        "missing",
    ])?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for item in items {
        for (position, candidate) in item.candidates.iter().enumerate() {
            writer.write_record([
                text_cell(&item.task).as_str(),
                &text_cell(&item.item),
                &text_cell(&candidate.candidate),
                &candidate.tokens.to_string(),
                &number(candidate.logprob),
                &number(candidate.mean),
                &number(candidate.perplexity),
                if item.best_by_sum == Some(position) { "true" } else { "false" },
                if item.best_by_mean == Some(position) { "true" } else { "false" },
                candidate.missing.as_deref().unwrap_or(""),
            ])?;
        }
    }
    writer.flush()
}
