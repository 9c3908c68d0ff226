//! RT206: a score is divided by another length than the number of scored tokens.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT206-wrong-length-divisor"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(
        deviations.scale(),
        Some(
            Scale::TokensPlusOne
                | Scale::TokensMinusOne
                | Scale::Padded
                | Scale::PromptAndContinuation
                | Scale::Chars
                | Scale::Bytes
                | Scale::Words
        )
    )
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("divide by the number of scored tokens, or do not divide")
}
