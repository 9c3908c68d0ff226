//! Rules of the family `precision`.

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[];
