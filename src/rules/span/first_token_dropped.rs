//! RT301: the first continuation tokens are missing from a score.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT301-first-token-dropped"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.span(), Some(Span::DropFirst(_)))
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("start the sum at the first continuation token: position t is predicted by the logits at t - 1")
}
