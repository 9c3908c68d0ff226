//! RT203: a product of probabilities where its logarithm is expected.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT203-probability-product"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.is_probability_product()
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("sum the log-probs; the product underflows to 0 on longer text")
}
