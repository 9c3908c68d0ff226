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

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    for (step, logprob) in view.logged_log_probs() {
        if let Some(logprob) = logprob {
            judge(seen, step.at, logprob);
        }
        let vector = view.candidate.vector(step.logprob_vector);
        if vector.len() > 1 {
            let total = numeric::logsumexp_slice(vector);
            let half = Approx::of_vector(0.0, &view.resolutions.vector).half;
            let judged = derive::judge(Approx::new(total, half), Approx::new(0.0, noise::NORMALISER));
            seen.count(VECTORS_OFF, u64::from(!judged.is_proven()));
            seen.judge(step.at, judged.is_proven(), || {
                let detail =
                    format!("logsumexp of the step's {} values is {total:.6}; for log-probs it is 0", vector.len());
                Evidence::equals(0.0).found(total).within(judged.within).detail(detail)
            });
        }
    }
    for (claim, column) in view.bare_log_likelihoods() {
        if let Some(number) = claim.value.finite() {
            judge(seen, claim.at, Approx::of_column(&number, &column.resolution));
        }
    }
}

fn judge(seen: &mut Observer<'_>, at: crate::model::At, logprob: Approx) {
    let value = logprob.value;
    let judged = derive::at_most(logprob, Approx::new(0.0, noise::SOFTMAX));
    seen.count(VALUES, 1);
    seen.count(POSITIVE, u64::from(judged.is_refuted()));
    seen.judge(at, judged.is_proven(), || {
        Evidence::at_most(0.0)
            .found(value)
            .within(judged.within)
            .detail(format!("{value} is above 0, so its exp is not a probability"))
    });
}

fn say(all: &Observed) -> Message {
    let (positive, values) = (all.count(POSITIVE), all.count(VALUES));
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    let title = if all.count(VECTORS_OFF) > 0 {
        format!("{} log-prob vectors do not sum to 1 (logsumexp is not 0)", all.count(VECTORS_OFF))
    } else {
        format!("{positive} of {values} log-probs are above 0, up to {worst}: these are not log-probs")
    };
    Message::new(title)
        .help("log the log-softmax over the whole vocabulary; sums of logits or probabilities are not log-probs")
}
