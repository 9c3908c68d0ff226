//! RT701: the same candidate of the same item stands in the log twice.

use crate::model::{Located, Place, Snippet};
use crate::rules::prelude::*;
use crate::tally::Seen;

pub(super) static RULE: Rule = Rule::run(page!("RT701-duplicate-item"), check, say);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let rows = &run.stream.seen;
    let mut doubled: Vec<&Seen> = rows.values().filter(|row| row.count > 1).collect();
    if doubled.is_empty() {
        return;
    }
    doubled.sort_by_key(|row| row.last);
    let copies: u64 = doubled.iter().map(|row| u64::from(row.count) - 1).sum();
    let pattern = pattern(&doubled, &rows.values());
    for row in &doubled {
        let (file, line) = row.last;
        let place = Place { file, line, column: 1, field: String::new() };
        let located = Located { place, snippet: Snippet::default() };
        let (first, times) = (row.first.1, row.count);
        let detail = format!("first on line {first}, {times} times in all; {pattern}");
        let evidence = Evidence::at_most(1.0).found(f64::from(row.count)).detail(detail);
        seen.fail_at(&located, "", evidence);
    }
    seen.count("copies", copies);
    seen.count("different", rows.len() as u64);
}

/// What the copies look like.
fn pattern<'s>(doubled: &[&Seen], all: &(impl Iterator<Item = &'s Seen> + Clone)) -> &'static str {
    let first_copy = doubled.iter().map(|row| row.last).min();
    let last_single = all.clone().filter(|row| row.count == 1).map(|row| row.last).max();
    let last_origin = doubled.iter().map(|row| row.first).max();
    let first_single = all.clone().filter(|row| row.count == 1).map(|row| row.first).min();
    let count = doubled.first().map_or(0, |row| row.count);
    if all.clone().all(|row| row.count == count) {
        return "every row as often: each process wrote everything, or two runs share a file";
    }
    if first_copy > last_single && (first_single.is_none() || last_origin < first_single) {
        return "the first rows again at the end: a sampler that filled the last batch";
    }
    "scattered: a run that was resumed"
}

fn say(all: &Observed) -> Message {
    let (copies, different) = (all.counter("copies"), all.counter("different"));
    let rows = if copies == 1 { "row stands" } else { "rows stand" };
    let first = all.exemplars.kept().first().map_or("", |row| row.evidence.detail.as_str());
    let pattern = first.split_once("; ").map_or("", |(_, pattern)| pattern);
    Message::new(format!(
        "{copies} {rows} in the log a second time: {} rows, {different} different ({pattern})",
        copies + different
    ))
    .help(
        "drop the padding after gathering (accelerate: gather_for_metrics), or keep the first row per task, filter, \
         item and candidate",
    )
}
