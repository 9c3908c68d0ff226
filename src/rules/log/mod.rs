//! Rules of the family `log`: the log itself.

mod field_changes;
mod mixed_conventions;
mod non_finite_value;
mod repeated_vector;
mod sentinel_value;
mod unreadable_record;
mod zero_filled_logprobs;

mod duplicate_item;
mod missing_item;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &duplicate_item::RULE,
    &missing_item::RULE,
    &sentinel_value::RULE,
    &non_finite_value::RULE,
    &repeated_vector::RULE,
    &zero_filled_logprobs::RULE,
    &mixed_conventions::RULE,
    &unreadable_record::RULE,
    &field_changes::RULE,
];
