//! What was checked, in one line or as a table.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::model::VerdictCounts;
use crate::report::headline::totals;
use crate::report::style::Style;
use crate::report::text::fold::fold;
use crate::report::words::{count, verdict};
use crate::report::{Report, visible};

/// Reasons that the line names.
const REASONS: usize = 2;

/// The verdicts on all claims, and why some cannot be checked.
pub(super) fn line(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let totals = totals(report);
    if totals.total() == 0 {
        return Ok(());
    }
    let text = [parts(&totals, " · ", "not checkable"), reasons(report)].concat();
    for line in fold(&text, style.width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The counts that are not 0, with their words; `open` is that of the unprovable ones.
fn parts(counts: &VerdictCounts, between: &str, open: &str) -> String {
    let words = [
        (counts.proven, "proven"),
        (counts.refuted, "refuted"),
        (counts.from_refuted, "from a refuted number"),
        (counts.unprovable, open),
    ];
    let parts: Vec<String> = words
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    parts.join(between)
}

/// Why claims cannot be checked, the most frequent reasons first.
fn reasons(report: &Report) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for gap in &report.coverage {
        *reasons.entry(&gap.reason).or_default() += gap.count;
    }
    let mut reasons: Vec<(&str, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    if reasons.is_empty() {
        return String::new();
    }
    let mut named: Vec<String> = reasons.iter().take(REASONS).map(|(reason, _)| visible(reason).into_owned()).collect();
    if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
        named.push(format!("{more} more {}", if more == 1 { "reason" } else { "reasons" }));
    }
    format!(": {} (-v lists them)", named.join("; "))
}

/// A line per claim, what to log for those that cannot be checked, and the rules that had nothing to look at.
pub(super) fn table(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    verdicts(report, out)?;
    for gap in &report.coverage {
        let text = format!(
            "not checked: {} {} ({}); to prove it, log {}",
            count(gap.count),
            visible(&gap.what.to_string()),
            visible(&gap.reason),
            visible(&gap.log)
        );
        for line in fold(&text, style.width) {
            writeln!(out, "{line}")?;
        }
    }
    if !report.skipped_fields.is_empty() {
        writeln!(out, "skipped for missing fields: rules on {}", visible(&report.skipped_fields.join(", ")))?;
    }
    Ok(())
}

/// A line per claim.
pub(super) fn verdicts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdicts: Vec<(String, &VerdictCounts)> =
        report.summary.verdicts.iter().map(|(claim, counts)| (claim.to_string(), counts)).collect();
    let width = verdicts.iter().map(|(claim, _)| claim.len()).max().unwrap_or(0).max(8);
    let of_words = verdicts.iter().map(|(_, counts)| verdict(counts).word().len()).max().unwrap_or(0).max(10);
    for (claim, counts) in &verdicts {
        let held_to =
            held_to(report, claim).map_or_else(String::new, |formula| format!(", held to {}", visible(formula)));
        writeln!(
            out,
            "{:width$}  {:of_words$}  {} of {}{held_to}",
            visible(claim),
            verdict(counts).word(),
            parts(counts, ", ", "unprovable"),
            count(counts.total())
        )?;
    }
    Ok(())
}

/// The formula that the claims of a column are held to, where it is one in all runs and tasks.
fn held_to<'r>(report: &'r Report, claim: &str) -> Option<&'r str> {
    let mut of_claim = report.claims.iter().filter(|own| own.claim.to_string() == claim);
    let first = of_claim.next()?;
    let is_one = of_claim.all(|own| own.convention == first.convention);
    Some(first.convention.as_str()).filter(|formula| is_one && !formula.is_empty())
}
