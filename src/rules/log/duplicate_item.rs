//! RT701: the same candidate of the same item appears twice in the log.

use crate::model::{Located, Place, Snippet};
use crate::rules::prelude::*;
use crate::tally::Seen;

pub(super) static RULE: Rule =
    Rule::run(page!("RT701-duplicate-item"), check, say).counts(&[COPIES, DIFFERENT, EVERY_ROW, LAST_BATCH, RESUMED]);

/// Rows beyond the first of each.
const COPIES: Key<u64> = Key::new(0, "copies");
/// Rows that differ.
const DIFFERENT: Key<u64> = Key::new(1, "different");
/// Copies of each pattern.
const EVERY_ROW: Key<u64> = Key::new(2, "copies_of_every_row");
const LAST_BATCH: Key<u64> = Key::new(3, "copies_at_the_end");
const RESUMED: Key<u64> = Key::new(4, "copies_scattered");

/// What the copies look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    EveryRow,
    LastBatch,
    Resumed,
}

impl Pattern {
    const ALL: [Self; 3] = [Self::EveryRow, Self::LastBatch, Self::Resumed];

    fn key(self) -> Key<u64> {
        match self {
            Self::EveryRow => EVERY_ROW,
            Self::LastBatch => LAST_BATCH,
            Self::Resumed => RESUMED,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::EveryRow => {
                "every row equally often: perhaps each process wrote everything, or two runs share a file"
            }
            Self::LastBatch => "the first rows again at the end: perhaps a sampler filled the last batch",
            Self::Resumed => "scattered: perhaps a resumed run",
        }
    }
}

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let rows = &run.stream.rows.seen;
    let mut doubled: Vec<Seen> = rows.values().filter(|row| row.count > 1).collect();
    if doubled.is_empty() || run.stream.rows.are_samples() {
        return;
    }
    doubled.sort_by_key(|row| row.last);
    let copies: u64 = doubled.iter().map(|row| u64::from(row.count) - 1).sum();
    let singles = Singles::of(rows.values());
    let pattern = pattern(&doubled, &singles);
    for row in &doubled {
        let (file, line) = row.last;
        let place = Place { file, line, column: 1, ..Place::default() };
        let located = Located { place, snippet: Snippet::default() };
        let (first, times) = (row.first.1, row.count);
        let detail = format!("first on line {first}, {times} times in all; {}", pattern.words());
        let evidence = Evidence::at_most(1.0).found(f64::from(row.count)).detail(detail);
        seen.fail_at(&located, "", evidence);
    }
    seen.count(COPIES, copies);
    seen.count(DIFFERENT, singles.count + doubled.len() as u64);
    seen.count(pattern.key(), copies);
}

/// The rows that appear once.
#[derive(Default)]
struct Singles {
    count: u64,
    /// File and line of the first and the last of them.
    extent: Option<((u32, u64), (u32, u64))>,
}

impl Singles {
    fn of(rows: impl Iterator<Item = Seen>) -> Self {
        let mut singles = Self::default();
        for row in rows.filter(|row| row.count == 1) {
            singles.count += 1;
            let (first, last) = singles.extent.unwrap_or((row.first, row.last));
            singles.extent = Some((first.min(row.first), last.max(row.last)));
        }
        singles
    }
}

fn pattern(doubled: &[Seen], singles: &Singles) -> Pattern {
    let first_copy = doubled.iter().map(|row| row.last).min();
    let last_origin = doubled.iter().map(|row| row.first).max();
    let count = doubled.first().map_or(0, |row| row.count);
    if singles.extent.is_none() && doubled.iter().all(|row| row.count == count) {
        return Pattern::EveryRow;
    }
    let (first_single, last_single) = singles.extent.unzip();
    if first_copy > last_single && (first_single.is_none() || last_origin < first_single) {
        return Pattern::LastBatch;
    }
    Pattern::Resumed
}

fn say(all: &Observed) -> Message {
    let (copies, different) = (all.count(COPIES), all.count(DIFFERENT));
    let rows = if copies == 1 { "row stands" } else { "rows stand" };
    let pattern = Pattern::ALL.into_iter().find(|pattern| all.count(pattern.key()) > 0);
    let pattern = pattern.map_or("", Pattern::words);
    Message::new(format!(
        "{copies} {rows} in the log a second time: {} rows, {different} different ({pattern})",
        copies + different
    ))
    .help(
        "drop the padding after gathering (accelerate: gather_for_metrics), or keep the first row per task, filter, \
         item and candidate",
    )
}
