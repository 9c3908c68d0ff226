//! `retally formats`.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::cli::Failure;
use crate::format::{self, FormatInfo};

/// Arguments of `formats`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Output format of the list.
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let cards: Vec<&FormatInfo> = format::all().map(format::Format::info).collect();
    let text = if args.format == "json" { json(&cards)? } else { lines(&cards) };
    super::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn json(cards: &[&FormatInfo]) -> Result<String, serde_json::Error> {
    let one = |card: &&FormatInfo| {
        serde_json::json!({
            "name": card.name,
            "about": card.about,
            "tool": card.tool,
            "files": card.files,
            "recognised_by": card.recognised_by,
            "proven": card.proven,
            "unprovable": card.unprovable,
            "base": card.base,
            "sentinels": card.sentinels,
            "traps": card.traps,
        })
    };
    let list: Vec<serde_json::Value> = cards.iter().map(one).collect();
    let text = serde_json::to_string_pretty(&list)?;
    Ok(text + "\n")
}

fn lines(cards: &[&FormatInfo]) -> String {
    let width = cards.iter().map(|card| card.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for card in cards {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:width$}  {}; {}", card.name, card.about, card.tool);
    }
    text
}
