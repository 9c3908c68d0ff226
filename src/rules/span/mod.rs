//! Rules of the family `span`.

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[];
