//! RT211: a score or perplexity has the wrong sign.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT211-sign-lost"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.reduce().is_none()
        && matches!(
            (deviations.convention.output, deviations.found.output),
            (Output::Nats, Output::Negated)
                | (Output::Negated, Output::Nats)
                | (Output::ExpNegated, Output::Exp)
                | (Output::NegatedBits, Output::Bits)
        )
}

fn say(cause: &Cause<'_>) -> Message {
    let remedy = match cause.deviations.convention.output {
        Output::ExpNegated => "exponentiate the negated mean",
        _ => "report the log-prob itself, which is negative",
    };
    cause.message(remedy)
}
