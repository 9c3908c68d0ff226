//! Rules of the family `sequence`: is the total the sum of the parts?

mod averaged_probabilities;
mod constant_shift;
mod length_penalty_mismatch;
mod mean_for_sum;
mod normalised_twice;
mod perplexity_mixup;
mod probability_product;
mod running_sum_added_twice;
mod score_unexplained;
mod sign_lost;
mod single_step_score;
mod stub_score;
mod summed_logits;
mod summed_probabilities;
mod wrong_length_divisor;
mod wrong_log_base;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &score_unexplained::RULE,
    &summed_probabilities::RULE,
    &summed_logits::RULE,
    &probability_product::RULE,
    &mean_for_sum::RULE,
    &averaged_probabilities::RULE,
    &wrong_length_divisor::RULE,
    &length_penalty_mismatch::RULE,
    &normalised_twice::RULE,
    &running_sum_added_twice::RULE,
    &stub_score::RULE,
    &sign_lost::RULE,
    &wrong_log_base::RULE,
    &perplexity_mixup::RULE,
    &constant_shift::RULE,
    &single_step_score::RULE,
];
