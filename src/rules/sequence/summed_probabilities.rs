//! RT201: a score is the sum of probabilities.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT201-summed-probabilities"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::Prob) && deviations.found.reduce == Reduce::Sum
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("sum the log-probs: probabilities multiply, their logs add")
}
