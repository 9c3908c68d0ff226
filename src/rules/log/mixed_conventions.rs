//! RT707: two groups of rows follow two formulas. The scoreboard detects it; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT707-mixed-conventions"));
