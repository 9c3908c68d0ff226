//! RT402: the pick is not the best candidate under any normaliser of its scores.

use crate::rules::prelude::*;

/// What picks follow from is known once all of them are seen.
pub(super) static RULE: Rule = Rule::reported(page!("RT402-pick-not-argmax"));
