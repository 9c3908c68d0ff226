//! RT303: prompt tokens are in a score.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT303-prompt-tokens-scored"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.span(), Some(Span::WithPrompt(_) | Span::WholeText))
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("mask the prompt tokens before summing")
}
