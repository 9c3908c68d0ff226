//! RT306: the end token counts in some rows and not in others. Disagreement between rows is seen by the scoreboard as a mixture of two spans.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT306-end-token-inconsistent"), matches, say);

/// In the length and not in the sum: a mean over one step more than was summed.
fn matches(deviations: &Deviations) -> bool {
    deviations.span() == Some(Span::WithoutEnd) && deviations.found.scale == Scale::TokensPlusOne
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("count the end token in both the sum and the length, or in neither")
}
