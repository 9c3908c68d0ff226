//! Rules of the family `sequence`.

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[];
