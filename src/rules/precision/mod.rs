//! Rules of the family `precision`: numerics.

mod low_precision_score;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[&low_precision_score::RULE];
