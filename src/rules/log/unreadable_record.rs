//! RT708: a record cannot be parsed. Readers report such records; this rule only provides its page.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::reported(page!("RT708-unreadable-record"));
