//! RT606: a whole is not the mean of its parts under the weights that it is said to have.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT606-group-weights"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::GroupWeights));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "is not the mean of its parts by their rows")).help(
        "weight each part by its rows, or name the number for what it is (macro for equal weights), and log n of each part",
    )
}
