//! RT708: a record cannot be parsed. Readers report such records; the rule gives it its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT708-unreadable-record"));
