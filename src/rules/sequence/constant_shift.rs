//! RT215: a score is off by one constant in every row. The scoreboard detects it; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT215-constant-shift"));
