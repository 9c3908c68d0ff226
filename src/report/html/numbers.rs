//! Metrics, claims and gaps: what is refuted comes first and is never folded.

use super::Room;
use super::table::{Cell, Kind, Rows, Table};
use super::words::{number, text};
use crate::model::{Verdict, VerdictCounts};
use crate::report::words::{count, order, verdict};
use crate::report::{ClaimKey, MetricReport, Report};

/// Proven rows that are shown before the rest is folded.
const OPEN: usize = 10;

/// The cell of a verdict.
fn cell(verdict: Verdict) -> Cell {
    let class = match verdict {
        Verdict::FromRefuted => "from-refuted",
        other => other.word(),
    };
    Cell::from(verdict.word()).class(class)
}

/// Rows that stay open: all that are not proven, and some that are.
fn open(verdicts: impl Iterator<Item = Verdict>) -> usize {
    verdicts.filter(|verdict| *verdict != Verdict::Proven).count() + OPEN
}

/// A number as printed; digits that no reader compares are left out.
fn reported(printed: &str) -> String {
    /// Longest number that is shown as it is.
    const LONG: usize = 12;
    match printed.parse::<f64>() {
        Ok(value) if printed.len() > LONG => number(Some(value)),
        _ => text(printed),
    }
}

/// A kind of claim in a reader's words.
fn named(claim: &ClaimKey) -> String {
    match claim {
        ClaimKey::Run(name) => format!("{name} (of the run)"),
        ClaimKey::Rows(name) => format!("{name} (of each row)"),
        other => other.to_string(),
    }
}

/// The reported metrics.
pub(super) fn metrics(report: &Report, has_runs: bool, room: Room) -> Option<Table> {
    let columns = [
        ("Metric", Kind::Text),
        ("Verdict", Kind::Text),
        ("Run", Kind::Text),
        ("Task", Kind::Text),
        ("Reported", Kind::Number),
        ("Recomputed", Kind::Number),
        ("Definition", Kind::Code),
    ];
    let mut metrics: Vec<&MetricReport> = report.metrics.iter().collect();
    metrics.sort_by_key(|metric| order(metric.verdict));
    let shown = || metrics.iter().take(room.table);
    let mut rows = Rows::new("Reported metrics beside what their rows give, refuted ones first", &columns)
        .open(open(shown().map(|metric| metric.verdict)))
        .sortable();
    for metric in shown() {
        rows.push([
            text(&metric.metric).into(),
            cell(metric.verdict),
            if has_runs { text(&metric.run) } else { String::new() }.into(),
            text(&metric.task).into(),
            reported(&metric.reported).into(),
            metric.recomputed.map_or_else(String::new, |value| number(Some(value))).into(),
            text(&metric.definition).into(),
        ]);
    }
    rows.draw()
}

/// All claims with their verdicts.
pub(super) fn claims(report: &Report, has_runs: bool, room: Room) -> Option<Table> {
    let columns = [
        ("Claim", Kind::Text),
        ("Verdict", Kind::Text),
        ("Run", Kind::Text),
        ("Task", Kind::Text),
        ("Proven", Kind::Number),
        ("Refuted", Kind::Number),
        ("From a refuted number", Kind::Number),
        ("Not checkable", Kind::Number),
        ("Checked against", Kind::Code),
        ("Field to log", Kind::Text),
    ];
    let mut claims: Vec<(Verdict, &crate::report::ClaimReport)> =
        report.claims.iter().map(|claim| (verdict(&claim.verdicts), claim)).collect();
    claims.sort_by_key(|(verdict, _)| order(*verdict));
    let shown = || claims.iter().take(room.table);
    let mut rows = Rows::new("Every kind of claim with its verdicts, refuted ones first", &columns)
        .open(open(shown().map(|(verdict, _)| *verdict)))
        .sortable();
    // None of a kind is left blank: a red zero would read as bad news.
    let counted = |number: u64, class: &'static str| match number {
        0 => Cell::default(),
        number => Cell::from(count(number)).class(class),
    };
    for (verdict, claim) in shown() {
        let VerdictCounts { proven, refuted, from_refuted, unprovable } = claim.verdicts;
        rows.push([
            text(&named(&claim.claim)).into(),
            cell(*verdict),
            if has_runs { text(&claim.run) } else { String::new() }.into(),
            text(&claim.task).into(),
            counted(proven, ""),
            counted(refuted, "refuted"),
            counted(from_refuted, "from-refuted"),
            counted(unprovable, ""),
            text(&claim.convention).into(),
            text(&claim.missing).into(),
        ]);
    }
    rows.draw()
}

/// What cannot be checked, and why.
pub(super) fn gaps(report: &Report, room: Room) -> Option<Table> {
    let columns =
        [("Claim", Kind::Text), ("How many", Kind::Number), ("Why", Kind::Text), ("Field to log", Kind::Text)];
    let mut rows = Rows::new("What cannot be checked, and the field to log", &columns).open(OPEN);
    for gap in report.coverage.iter().take(room.table) {
        rows.push([
            text(&named(&gap.what)).into(),
            count(gap.count).into(),
            text(&gap.reason).into(),
            text(&gap.log).into(),
        ]);
    }
    rows.draw()
}
