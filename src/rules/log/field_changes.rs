//! RT709: a field ends, or changes its name or place, in the middle of an input. The layout of the records shows it; this rule
//! only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT709-field-changes"));
