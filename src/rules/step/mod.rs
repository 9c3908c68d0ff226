//! Rules of the family `step`: is each number what its name says?

mod argmax_instead_of_token;
mod fields_disagree;
mod linear_normalised_logits;
mod mass_above_one;
mod positive_logprob;
mod probability_out_of_range;
mod renormalised_logprob;
mod shortlist_softmax;
mod sides_do_not_match;
mod tempered_logprob;
mod unnormalised_logprobs;
mod value_not_in_alternatives;

use crate::derive::judge;
use crate::model::Text;
use crate::numeric::Approx;
use crate::rules::{Rule, StepView};
use crate::tally::Evidence;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &unnormalised_logprobs::RULE,
    &positive_logprob::RULE,
    &probability_out_of_range::RULE,
    &mass_above_one::RULE,
    &linear_normalised_logits::RULE,
    &shortlist_softmax::RULE,
    &tempered_logprob::RULE,
    &renormalised_logprob::RULE,
    &sides_do_not_match::RULE,
    &argmax_instead_of_token::RULE,
    &value_not_in_alternatives::RULE,
    &fields_disagree::RULE,
];

/// The numbers, where the step's log-prob contradicts its alternatives.
pub(super) fn contradicts_alternatives(view: &StepView<'_>) -> Option<Evidence> {
    match value_not_in_alternatives::judged(view)? {
        value_not_in_alternatives::Judged::Contradicts(evidence) => Some(evidence),
        value_not_in_alternatives::Judged::Holds => None,
    }
}

/// A token's name in messages: its text, else its id.
fn named(token: Option<Text<'_>>, id: Option<i64>) -> String {
    match (token, id) {
        (Some(token), _) => format!("`{}`", token.decoded()),
        (None, Some(id)) => format!("token {id}"),
        (None, None) => "the token".to_owned(),
    }
}

/// The step's logit divided by the sum of all logits.
fn linear_share(view: &StepView<'_>) -> Option<Approx> {
    let logits = view.candidate.vector(view.step.logit_vector);
    let own = view.entry(view.step.logit_vector)?;
    let resolution = &view.resolutions.vector;
    let entry = |logit: f64| Approx::of_vector(logit, resolution);
    let share = entry(own) / Approx::sum(logits.iter().map(|logit| entry(*logit)), crate::numeric::NumberFormat::F32);
    Some(share).filter(|share| logits.len() > 1 && share.value.is_finite())
}

/// Whether the logged probability is that share, and not the softmax.
fn is_linear(view: &StepView<'_>) -> bool {
    let (Some(prob), Some(share)) = (view.step.prob.finite(), linear_share(view)) else { return false };
    let logits = view.candidate.vector(view.step.logit_vector);
    let prob = Approx::of_column(&prob, &view.resolutions.prob);
    let own = view.step.token_id.and_then(|id| usize::try_from(id).ok()).unwrap_or(usize::MAX);
    let softmax = crate::numeric::exp(crate::numeric::log_softmax(logits, own));
    judge(prob, share).is_proven() && judge(prob, Approx::new(softmax, share.half)).is_refuted()
}
