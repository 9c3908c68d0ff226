//! RT200: a score is refuted and no formula of the grammar explains it. The scoreboard detects it; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT200-score-unexplained"));
