//! Rules of the family `precision`: numerics.

mod half_precision_sum;
mod low_precision_score;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[&low_precision_score::RULE, &half_precision_sum::RULE];
