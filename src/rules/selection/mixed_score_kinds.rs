//! RT411: candidates of one item carry scores of different formulas. The scoreboard detects it; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT411-mixed-score-kinds"));
