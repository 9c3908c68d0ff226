//! RT608: rows without a value enter a mean as some constant.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::run(page!("RT608-sentinel-averaged"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::Credit));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "counts the rows without a value as a constant"))
        .help("count a row without a value as 0, or leave it out and report n without it")
}
