//! RT114: two fields that hold the same thing in two forms do not agree.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT114-fields-disagree"), check, say);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    if let (Some(logprob), Some(prob)) = (view.step.logprob.finite(), view.step.prob.finite()) {
        let derived = Approx::of_column(&logprob, &view.resolutions.logprob).widened(noise::SOFTMAX).exp();
        let judged = derive::judge(Approx::of_column(&prob, &view.resolutions.prob), derived);
        // RT106 reports logits logged as probabilities, RT101 and RT102 report log-probs above 0.
        if !super::is_linear(view) && logprob.value <= noise::NORMALISER {
            seen.judge(view.step.at, judged.is_proven(), || {
                let detail = format!(
                    "exp({}) = {}, but the logged probability is {}",
                    logprob.value,
                    numeric::show(derived.value),
                    prob.value
                );
                Evidence::equals(derived.value).found(prob.value).within(judged.within).detail(detail)
            });
        }
    }
    let vector = |slice| view.candidate.vector(slice);
    let (logits, logprobs, probs) =
        (vector(view.step.logit_vector), vector(view.step.logprob_vector), vector(view.step.prob_vector));
    if logits.len() <= 1 {
        return;
    }
    let half = Approx::of_vector(0.0, &view.resolutions.vector).half;
    if logits.len() == logprobs.len() {
        let differences =
            || logits.iter().zip(logprobs).map(|(logit, logprob)| logit - logprob).filter(|x| x.is_finite());
        let (low, high) =
            differences().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        // Either end is a difference of two entries.
        let end = |value: f64| Approx::new(value, 2.0 * half);
        let judged = derive::judge(end(high), end(low).widened(noise::SHIFT));
        seen.judge(view.step.at, judged.is_proven(), || {
            let detail = format!("logit - log-prob ranges from {low:.6} to {high:.6} over one vocabulary; it should be constant, the logsumexp");
            Evidence::equals(low).found(high).within(judged.within).detail(detail)
        });
    }
    if logits.len() == probs.len() {
        let same = logits.iter().zip(probs).all(|(logit, prob)| (logit - prob).abs() <= 2.0 * half);
        seen.judge(view.step.at, !same, || {
            Evidence::equals(0.0).detail("the logits equal the probabilities, value by value")
        });
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("at {} of {} places two fields for the same quantity disagree", all.failed, all.judged))
        .help("write both fields from the same tensor, after the same processing")
}
