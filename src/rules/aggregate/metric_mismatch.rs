//! RT601: a reported metric is not the aggregate of its rows.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT601-metric-mismatch"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::Mismatch));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "does not match the rows"))
        .help("compute the metric from the logged rows, in the step that writes both")
}
