//! RT411: candidates of one item carry scores of different formulas. The scoreboard finds it; the rule gives it its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT411-mixed-score-kinds"));
