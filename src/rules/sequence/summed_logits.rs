//! RT202: a score is the sum of raw logits.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT202-summed-logits"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::Logit)
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("take the log-softmax of each step before summing: the normaliser differs from context to context, so it does not cancel")
}
