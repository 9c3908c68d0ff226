//! RT215: a score is off by one constant in every row. The scoreboard finds it; the rule gives it its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT215-constant-shift"));
