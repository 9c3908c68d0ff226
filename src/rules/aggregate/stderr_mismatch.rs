//! RT605: a standard error is not sd ÷ √n.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT605-stderr-mismatch"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::Stderr));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "does not match the standard error of the rows"))
        .help("divide the sample standard deviation (n − 1) by √n")
}
