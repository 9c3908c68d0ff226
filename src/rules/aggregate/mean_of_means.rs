//! RT603: the rows' means are averaged without weighting them by length.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT603-mean-of-means"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::MeanOfMeans));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "averages the rows' means instead of their tokens")).help(
        "add up numerators and denominators (log-probs and tokens, edits and words) over all rows, then divide once",
    )
}
