//! RT208: a score is divided by its length twice.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT208-normalised-twice"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.scale() == Some(Scale::Squared)
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("divide once")
}
