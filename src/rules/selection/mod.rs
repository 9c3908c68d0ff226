//! Rules of the family `selection`: was the right candidate picked?

mod constant_pick;
mod gold_out_of_range;
mod greedy_beats_total;
mod greedy_flag_wrong;
mod length_bias;
mod mixed_score_kinds;
mod nan_pick;
mod pick_not_argmax;
mod tie_broken_by_order;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &greedy_beats_total::RULE,
    &pick_not_argmax::RULE,
    &greedy_flag_wrong::RULE,
    &tie_broken_by_order::RULE,
    &nan_pick::RULE,
    &length_bias::RULE,
    &gold_out_of_range::RULE,
    &constant_pick::RULE,
    &mixed_score_kinds::RULE,
];
