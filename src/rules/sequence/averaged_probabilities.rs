//! RT205: a score is the mean of probabilities.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT205-averaged-probabilities"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::Prob) && deviations.found.reduce == Reduce::Mean
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("average the log-probs; exp of their mean is the per-token probability")
}
