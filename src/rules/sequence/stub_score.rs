//! RT210: a score is constantly 0 or null although the steps do not add up to 0. The scoreboard detects it; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT210-stub-score"));
