//! RT200: a score is refuted and no formula of the grammar explains it. The scoreboard finds it; the rule gives it its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT200-score-unexplained"));
