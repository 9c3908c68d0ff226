//! RT503: conditional and unconditional scores are taken from the wrong slices.

use crate::metric::choice::Cut;
use crate::rules::normalised::fail;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT503-pmi-halves-mixed"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for (name, rows) in &run.stream.items.metrics {
        let Some(other) = rows.other_cut().filter(|_| rows.verdicts.refuted > 0) else { continue };
        let slices = match other {
            Cut::Interleaved => "every second score taken as conditional",
            Cut::Swapped => "the halves swapped",
            Cut::Halves => continue,
        };
        let right = rows.cuts.get(&Cut::Halves).map_or(0, |(_, explained)| *explained);
        let detail = format!("{right} of {n} rows match as requested, {n} of {n} with {slices}", n = rows.rows);
        fail(name, rows, seen, &detail);
    }
}

fn say(all: &Observed) -> Message {
    let names: Vec<String> = all.failed_parts().map(|(name, wrong)| format!("{name} in {wrong} rows")).collect();
    Message::new(format!("scores with and without the context are mixed up; wrong: {}", names.join(", ")))
        .help("slice the scores as the requests were built: the first half has the context, the second half has none")
}
