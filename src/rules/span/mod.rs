//! Rules of the family `span`: are these the right steps?

mod empty_span;
mod end_token_inconsistent;
mod first_token_dropped;
mod last_token_dropped;
mod lengths_disagree;
mod padding_scored;
mod prompt_tokens_scored;
mod shifted_by_one;
mod tokens_do_not_spell_text;
mod zero_filled_first_token;

use crate::rules::Rule;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &first_token_dropped::RULE,
    &last_token_dropped::RULE,
    &prompt_tokens_scored::RULE,
    &empty_span::RULE,
    &shifted_by_one::RULE,
    &end_token_inconsistent::RULE,
    &padding_scored::RULE,
    &lengths_disagree::RULE,
    &tokens_do_not_spell_text::RULE,
    &zero_filled_first_token::RULE,
];
