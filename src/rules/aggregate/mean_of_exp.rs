//! RT602: a mean of exponentials instead of the exponential of the mean.

use crate::metric::AggregateCause;
use crate::rules::aggregate::{observe, title};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT602-mean-of-exp"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    observe(run, seen, |cause| matches!(cause, AggregateCause::MeanOfExp));
}

fn say(all: &Observed) -> Message {
    Message::new(title(all, "is the mean of exponentials, not the exponential of the mean"))
        .help("average the log-likelihoods first, then take exp(-mean) once")
}
