//! Rules of the family `step`.

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[];
