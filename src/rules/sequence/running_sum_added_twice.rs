//! RT209: a score is the sum of its running sums.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT209-running-sum-added-twice"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    deviations.reduce() == Some(Reduce::Running)
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("report the last running sum")
}
