//! RT213: a perplexity, a loss or a score stands in the place of another of them.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT213-perplexity-mixup"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.is_perplexity()
        || deviations.is_loss()
        || matches!(
            (deviations.convention.output, deviations.found.output),
            (Output::ExpNegated, Output::Negated) | (Output::Negated, Output::ExpNegated)
        )
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("report what the field says: a log-prob as log-prob, a loss as mean negative log-prob, a perplexity as exp of the loss")
}
