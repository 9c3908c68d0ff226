//! Rules of the family `log`.

mod duplicate_item;
mod missing_item;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[&duplicate_item::RULE, &missing_item::RULE];
