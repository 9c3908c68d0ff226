//! RT615: a grade lies outside the scale that its row declares.

use crate::numeric::show;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT615-grade-outside-scale"), check, say).counts(&[ROWS, OUTSIDE]);

/// Rows with a grade and its scale.
const ROWS: Key<u64> = Key::new(0, "rows");
/// Of these, rows whose grade lies outside.
const OUTSIDE: Key<u64> = Key::new(1, "outside");

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let scale = &run.stream.items.columns.joint.scale;
    let Some((grade, end)) = scale.worst else {
        if scale.rows > 0 {
            seen.holds();
        }
        return;
    };
    seen.count(ROWS, scale.rows);
    seen.count(OUTSIDE, scale.outside);
    let detail = format!("a grade of {} on a scale that ends at {}", show(grade), show(end));
    seen.fail_at(&run.first_row(), "", Evidence::at_most(end).found(grade).detail(detail));
}

fn say(all: &Observed) -> Message {
    let (rows, outside) = (all.count(ROWS), all.count(OUTSIDE));
    let first = all.exemplars.kept().first().map(|row| row.evidence.detail.clone()).unwrap_or_default();
    let lie = if outside == 1 { "lies" } else { "lie" };
    Message::new(format!("{outside} of {rows} grades {lie} outside the scale of their rows, the farthest {first}"))
        .help("reject a grade outside the scale when it is parsed; it distorts the mean")
}
