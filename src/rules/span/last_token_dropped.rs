//! RT302: the last continuation tokens are missing from a score.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT302-last-token-dropped"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.span(), Some(Span::DropLast(_)))
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("end the sum at the last continuation token")
}
