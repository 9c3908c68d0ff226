//! RT106: probabilities are logits divided by their sum.

use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::step(page!("RT106-linear-normalised-logits"), check, say).and_cause(matches, say_cause);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    let (Some(prob), Some(share)) = (view.step.prob.finite(), super::linear_share(view)) else { return };
    seen.judge(view.step.at, !super::is_linear(view), || {
        let detail = format!("logit / sum of logits = {:.6}, the logged probability", share.value);
        Evidence::equals(share.value).found(prob.value).detail(detail)
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "at {} of {} steps the probability is the logit divided by the sum of the logits",
        all.failed, all.judged
    ))
    .help("apply softmax: exp(logit) divided by the sum of exp(logits)")
}

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::LinearLogit)
}

fn say_cause(cause: &Cause<'_>) -> Message {
    cause.message("apply softmax: exp(logit) divided by the sum of exp(logits)")
}
