//! RT609: a percentage where a fraction is expected, or the reverse.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::run(page!("RT609-percent-for-fraction"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::Percent));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "is not a fraction between 0 and 1"))
        .help("log fractions; convert them to percentages only for display")
}
