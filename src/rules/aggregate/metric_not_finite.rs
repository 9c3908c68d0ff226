//! RT610: a reported number of a run is NaN or infinite, though its rows give a finite one.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT610-metric-nan"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::NotFinite));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "is not a finite number, although the rows give one")).help(
        "leave rows without a value out of the mean on purpose, and look for a division by 0 or the logarithm of 0",
    )
}
