//! `retally trace`.

use std::fmt::Write as _;
use std::process::ExitCode;

use unicode_width::UnicodeWidthStr;

use crate::cli::Failure;
use crate::report::visible;
use crate::trace::{Trace, TracedCandidate};

/// Arguments of `trace`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The item's id.
    #[arg(long, value_name = "ID")]
    item: String,
    /// Show only this candidate.
    #[arg(long, value_name = "ID")]
    candidate: Option<String>,
    /// Output format of the trace.
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
    #[command(flatten)]
    logs: super::Logs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let audit = args.logs.audit()?;
    let inputs = audit.open()?.all_usable()?;
    let traced = audit.trace(&inputs, &args.item, args.candidate.as_deref());
    super::warn(&traced.unreadable);
    let trace = traced.found?;
    let text = if args.format == "json" { crate::report::json::pretty(&trace)? + "\n" } else { draw(&trace) };
    super::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The candidates one after another, then the notes. Writing to a String cannot fail.
fn draw(trace: &Trace) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "item {}", visible(&trace.item));
    for candidate in &trace.candidates {
        steps(candidate, &mut out);
        for claim in &candidate.claims {
            let verdict = if claim.recomputed.is_none() {
                "cannot be recomputed"
            } else if claim.agrees {
                "matches"
            } else {
                "does not match"
            };
            let _ = writeln!(
                out,
                "  {} reported {}: {verdict} (bound {:.1e})",
                visible(&claim.column),
                claim.reported,
                claim.bound
            );
            if !claim.arithmetic.is_empty() {
                let _ = writeln!(out, "    {}", claim.arithmetic);
            }
            for fit in &claim.fits {
                let _ = writeln!(out, "    matches {fit}");
            }
        }
    }
    if !trace.notes.is_empty() {
        let _ = writeln!(out);
    }
    for note in &trace.notes {
        let _ = writeln!(out, "{}", visible(note));
    }
    out
}

fn steps(candidate: &TracedCandidate, out: &mut String) {
    let picked = if candidate.picked { " (picked)" } else { "" };
    let _ = writeln!(out, "\ncandidate {}{picked}", visible(&candidate.candidate));
    let tokens: Vec<_> = candidate.steps.iter().map(|step| visible(&step.token)).collect();
    let width = tokens.iter().map(|token| token.width()).max().unwrap_or(0).max(5);
    let _ =
        writeln!(out, "  step  token{}  {:>10}  {:>12}  {:>12}  top-1", " ".repeat(width - 5), "p", "log p", "total");
    for (at, (step, token)) in candidate.steps.iter().zip(&tokens).enumerate() {
        let space = " ".repeat(width.saturating_sub(token.width()));
        let top1 = match step.top1 {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        let _ = writeln!(
            out,
            "  {:>4}  {token}{space}  {:>10.6}  {:>12.6}  {:>12.6}  {top1}",
            at + 1,
            step.prob,
            step.logprob,
            step.total
        );
    }
}
