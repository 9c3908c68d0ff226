//! Rules of the family `log`.

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[];
