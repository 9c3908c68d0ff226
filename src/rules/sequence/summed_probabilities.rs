//! RT201: a score is the sum of probabilities.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT201-summed-probabilities"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    let departs = deviations.term().is_some() || deviations.reduce().is_some();
    departs && deviations.found.term == Term::Prob && deviations.found.reduce == Reduce::Sum
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("sum the log-probs: probabilities multiply, their logs add")
}
