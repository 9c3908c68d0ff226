//! RT101: a column of log-probs holds something else: most values exceed 0, or whole vectors do not add up to 1.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT101-unnormalised-logprobs"), check, say)
    .counts(&[VALUES, POSITIVE, VECTORS_OFF])
    .when(|all| all.count(POSITIVE) * 2 > all.count(VALUES) || all.count(VECTORS_OFF) > 0);

/// Single values.
const VALUES: Key<u64> = Key::new(0, "values");
/// Those above 0.
const POSITIVE: Key<u64> = Key::new(1, "positive");
/// Vectors whose logsumexp is not 0.
const VECTORS_OFF: Key<u64> = Key::new(2, "vectors_off");

/// How far logsumexp of a whole vector may lie from 0: single precision over a large vocabulary stays far below it.
const VECTOR_SLACK: f64 = 1e-3;

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    for step in &view.candidate.steps {
        if let Some(number) = step.logprob.finite() {
            let slack = super::positive_slack(view.resolutions.logprob.half_quantum(&number));
            judge(seen, step.at, number.value, slack);
        }
        let vector = view.candidate.vector(step.logprob_vector);
        if vector.len() > 1 {
            let total = numeric::logsumexp_slice(vector);
            let half = view.resolutions.vector.half_quantum(&numeric::Printed::from_f64(0.0));
            let slack = VECTOR_SLACK + half;
            let holds = total.abs() <= slack;
            seen.count(VECTORS_OFF, u64::from(!holds));
            seen.judge(step.at, holds, || {
                let detail =
                    format!("logsumexp of the step's {} values is {total:.6}; of log-probs it is 0", vector.len());
                Evidence::equals(0.0).found(total).within(slack).detail(detail)
            });
        }
    }
    for (claim, column) in view.bare_log_likelihoods() {
        if let Some(number) = claim.value.finite() {
            let slack = super::positive_slack(column.resolution.half_quantum(&number));
            judge(seen, claim.at, number.value, slack);
        }
    }
}

fn judge(seen: &mut Observer<'_>, at: crate::model::At, value: f64, slack: f64) {
    seen.count(VALUES, 1);
    seen.count(POSITIVE, u64::from(value > slack));
    seen.judge(at, value <= slack, || {
        Evidence::at_most(0.0)
            .found(value)
            .within(slack)
            .detail(format!("{value} is above 0; exp of it is no probability"))
    });
}

fn say(all: &Observed) -> Message {
    let (positive, values) = (all.count(POSITIVE), all.count(VALUES));
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    let title = if all.count(VECTORS_OFF) > 0 {
        format!("{} vectors of log-probs do not add up to 1 (logsumexp is not 0)", all.count(VECTORS_OFF))
    } else {
        format!("{positive} of {values} log-probs are above 0, up to {worst}: these are not log-probs")
    };
    Message::new(title)
        .help("log the log-softmax over the whole vocabulary; sums of logits or of probabilities are no log-probs")
}
