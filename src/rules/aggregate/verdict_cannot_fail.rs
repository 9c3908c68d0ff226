//! RT617: a judge without a threshold passes every row, also with a score of 0.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT617-verdict-cannot-fail"), check, say).counts(&[ROWS, ZEROS]);

/// Rows that the first such judge passes.
const ROWS: Key<u64> = Key::new(0, "rows");
/// Of these, rows with a score of 0.
const ZEROS: Key<u64> = Key::new(1, "zeros");
/// Fewest rows with a score of 0 that tell.
const FEWEST: u64 = 3;

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for (judge, own) in &run.stream.items.columns.facts.judges {
        if own.zeros < FEWEST || own.passed < own.rows {
            seen.holds();
            continue;
        }
        seen.part(judge).failed += 1;
        seen.count(ROWS, own.rows);
        seen.count(ZEROS, own.zeros);
        let detail = format!("{judge} passes {0} of {0} rows, {1} of them with a score of 0", own.rows, own.zeros);
        let evidence = Evidence::at_most(0.0).found(own.zeros as f64).detail(detail);
        seen.fail_at(&run.first_row(), "", evidence);
    }
}

fn say(all: &Observed) -> Message {
    let names: Vec<&str> = all.failed_parts().map(|(name, _)| name).collect();
    let (rows, zeros) = (all.count(ROWS), all.count(ZEROS));
    Message::new(format!(
        "{} passes in {rows} of {rows} rows, {zeros} of them with a score of 0, and no threshold is logged",
        names.join(", ")
    ))
    .help("set the threshold of the assertion, and log the one that was used")
}
