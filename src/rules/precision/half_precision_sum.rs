//! RT805: only a running sum in bf16 or fp16 gives the claims.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT805-half-precision-sum"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.reduce().is_some_and(|reduce| reduce.half_precision().is_some())
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("add up in single or double precision")
}
