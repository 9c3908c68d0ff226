//! RT103: a probability below 0 or above 1.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT103-probability-out-of-range"), check, say);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    // Logits divided by their sum are also out of range; RT106 reports that cause.
    let Some(number) = view.step.prob.finite().filter(|_| !super::is_linear(view)) else { return };
    let prob = Approx::of_column(&number, &view.resolutions.prob);
    let value = prob.value;
    let limit = if value < 0.0 { 0.0 } else { 1.0 };
    let judged = derive::judge(prob, Approx::new(limit, noise::SOFTMAX));
    seen.judge(view.step.at, judged.is_proven() || (0.0..=1.0).contains(&value), || {
        Evidence::equals(limit)
            .found(value)
            .within(judged.within)
            .detail(format!("the probability {value} is out of range (0 to 1)"))
    });
}

fn say(all: &Observed) -> Message {
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    Message::new(format!(
        "{} of {} probabilities are out of range (0 to 1); the worst is {worst}",
        all.failed, all.judged
    ))
    .help("log softmax outputs, and put percentages, logits and log-probs into separate fields")
}
