//! RT216: a score is the value of one step.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT216-single-step-score"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.reduce(), Some(Reduce::First | Reduce::Last | Reduce::Min | Reduce::Max))
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("sum over all steps of the continuation")
}
