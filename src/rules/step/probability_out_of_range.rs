//! RT103: a probability below 0 or above 1.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT103-probability-out-of-range"), check, say);

/// Rounding of single-precision softmax stays below this.
const NOISE: f64 = 1e-5;

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    // Logits divided by their sum leave the range, too; RT106 names that cause.
    let Some(number) = view.step.prob.finite().filter(|_| !super::is_linear(view)) else { return };
    let slack = NOISE + view.resolutions.prob.half_quantum(&number);
    let value = number.value;
    seen.judge(view.step.at, value >= -slack && value <= 1.0 + slack, || {
        let limit = if value < 0.0 { 0.0 } else { 1.0 };
        Evidence::equals(limit)
            .found(value)
            .within(slack)
            .detail(format!("the probability {value} lies outside 0 to 1"))
    });
}

fn say(all: &Observed) -> Message {
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    Message::new(format!("{} of {} probabilities lie outside 0 to 1, the farthest is {worst}", all.failed, all.judged))
        .help("log softmax outputs; percentages, logits and log-probs belong into fields of their own")
}
