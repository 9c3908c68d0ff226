//! RT613: responses that equal the gold answer are marked wrong.

use crate::metric::grading::{Graded, Reading};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT613-equal-marked-wrong"), check, say).counts(&[ROWS, WRONG]);

/// Rows whose response equals the gold answer, of the readings that fail.
const ROWS: Key<u64> = Key::new(0, "rows");
/// Of these, rows marked wrong.
const WRONG: Key<u64> = Key::new(1, "wrong");

/// Fewest equal rows, and fewest of them marked wrong, that tell.
const FEWEST: (u64, u64) = (10, 3);
/// Of so many equal rows one may be marked wrong for another reason.
const ONE_OF: u64 = 20;

fn fails(own: &Graded) -> bool {
    own.rows >= FEWEST.0 && own.wrong >= FEWEST.1 && own.wrong * ONE_OF >= own.rows
}

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let items = &run.stream.items;
    // Marks that contradict pick and gold are RT611's.
    if items.correctness().refuted > 0 {
        return;
    }
    for (reading, own) in &items.columns.facts.grading.equal {
        if !fails(own) {
            seen.holds();
            continue;
        }
        let part = seen.part(words(*reading));
        part.failed += own.wrong;
        seen.count(ROWS, own.rows);
        seen.count(WRONG, own.wrong);
        let example = |(item, own): (&String, &crate::metric::grading::Example)| {
            format!("{item}: {} beside the gold answer {}", own.response, own.gold)
        };
        let detail = own.examples.iter().map(example).collect::<Vec<_>>().join("; ");
        seen.fail_at(&run.first_row(), "", Evidence::at_most(0.0).found(own.wrong as f64).detail(detail));
    }
}

fn words(reading: Reading) -> &'static str {
    reading.words()
}

fn say(all: &Observed) -> Message {
    let (rows, wrong) = (all.count(ROWS), all.count(WRONG));
    let whys: Vec<&str> = all.failed_parts().map(|(name, _)| name).collect();
    Message::new(format!(
        "{wrong} of {rows} rows are marked wrong ({} %), although {}",
        crate::numeric::show((wrong as f64 / rows as f64 * 100.0).round()),
        whys.join(", or ")
    ))
    .help("compare answers after the same normalisation on both sides, and read some of these rows")
}
