//! RT205: a score is the mean of probabilities.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT205-averaged-probabilities"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    // The product, which a probability is held to, is of the same term.
    let departs = deviations.term().is_some() || deviations.reduce().is_some();
    departs && deviations.found.term == Term::Prob && deviations.found.reduce == Reduce::Mean
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("average the log-probs; exp of their mean is the per-token probability")
}
