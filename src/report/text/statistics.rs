//! Counts of findings by rule and of verdicts by claim.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::text::claims;
use crate::report::words::{count, rows};
use crate::report::{Finding, Report, visible};

/// Writes a line per rule, the most rows first, and a line per claim.
pub(super) fn tables(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, (&Finding, u64, u64)> = BTreeMap::new();
    for finding in report.shown() {
        let (_, findings, rows) = rules.entry(&finding.code).or_insert((finding, 0, 0));
        *findings += 1;
        *rows = rows.saturating_add(finding.count);
    }
    let mut rules: Vec<(&Finding, u64, u64)> = rules.into_values().collect();
    rules.sort_by_key(|(_, _, rows)| std::cmp::Reverse(*rows));
    let name = rules.iter().map(|(finding, ..)| finding.name.len()).max().unwrap_or(0);
    for (finding, findings, shown) in &rules {
        let noun = if *findings == 1 { "finding" } else { "findings" };
        writeln!(
            out,
            "{}  {:name$}  {:8} {} {noun}, {} {}",
            visible(&finding.code),
            visible(&finding.name),
            finding.severity.word(),
            count(*findings),
            count(*shown),
            rows(*shown)
        )?;
    }
    if !rules.is_empty() {
        writeln!(out)?;
    }
    claims::verdicts(report, out)
}
