//! RT612: a share is no whole number of right rows. `metric::alone` compares it with the n beside it.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT612-impossible-mean"));
