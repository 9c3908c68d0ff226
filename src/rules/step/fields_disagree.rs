//! RT114: two fields that hold the same thing in two forms do not agree.

use crate::rules::judged;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT114-fields-disagree"), check, say);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    if let (Some(logprob), Some(prob)) = (view.step.logprob.finite(), view.step.prob.finite()) {
        let expected = numeric::exp(logprob.value);
        let slack = view.resolutions.prob.half_quantum(&prob)
            + expected * numeric::exp_m1(view.resolutions.logprob.half_quantum(&logprob))
            + expected * 1e-5;
        // Logits under the name of a probability are RT106's, a log-prob above 0 RT101's and RT102's.
        if !super::is_linear(view) && logprob.value <= 1e-3 {
            seen.judge(view.step.at, (prob.value - expected).abs() <= slack, || {
                let detail = format!(
                    "exp({}) = {}, the logged probability is {}",
                    logprob.value,
                    judged::show(expected),
                    prob.value
                );
                Evidence::equals(expected).found(prob.value).within(slack).detail(detail)
            });
        }
    }
    let vector = |slice| view.candidate.vector(slice);
    let (logits, logprobs, probs) =
        (vector(view.step.logit_vector), vector(view.step.logprob_vector), vector(view.step.prob_vector));
    let half = view.resolutions.vector.half_quantum(&numeric::Printed::from_f64(0.0));
    if logits.len() > 1 && logits.len() == logprobs.len() {
        let differences =
            || logits.iter().zip(logprobs).map(|(logit, logprob)| logit - logprob).filter(|x| x.is_finite());
        let (low, high) =
            differences().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let slack = 4.0 * half + 1e-4;
        seen.judge(view.step.at, high - low <= slack, || {
            let detail = format!("logit - log-prob runs from {low:.6} to {high:.6} over one vocabulary; it is one constant, the logsumexp");
            Evidence::equals(low).found(high).within(slack).detail(detail)
        });
    }
    if logits.len() > 1 && logits.len() == probs.len() {
        let same = logits.iter().zip(probs).all(|(logit, prob)| (logit - prob).abs() <= 2.0 * half);
        seen.judge(view.step.at, !same, || {
            Evidence::equals(0.0).detail("the logits are the probabilities, value by value")
        });
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("at {} of {} places two fields for the same thing disagree", all.failed, all.judged))
        .help("write both fields from the same tensor, after the same processing")
}
