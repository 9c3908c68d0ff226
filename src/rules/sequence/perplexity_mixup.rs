//! RT213: a perplexity, loss or score in a column declared as another of them.

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
    cause.message(
        "report what the field name says: a loss is the mean negative log-prob, a perplexity is exp of the loss",
    )
}
