//! RT307: padding is in a score.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT307-padding-scored"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.span() == Some(Span::WithPadding)
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("mask everything after the end of the sequence before summing")
}
