//! RT207: a score carries a length penalty that is not declared.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::cause(page!("RT207-length-penalty-mismatch"), matches, say);

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.scale(), Some(Scale::Power(_) | Scale::Gnmt(_)))
}

fn say(cause: &Cause<'_>) -> Message {
    cause.message("apply the length penalty only in the beam search, or declare it")
}
