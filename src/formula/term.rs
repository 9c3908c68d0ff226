//! The value of one step under each term.

use crate::formula::{StepResolutions, Term};
use crate::model::{Alternative, Candidate, Logged, Step};
use crate::numeric::{self, Approx, Printed, Resolution};

/// ln p of the step's own token: as logged, else from a whole vector, else from its probability.
#[must_use]
pub(crate) fn log_prob(candidate: &Candidate<'_>, step: &Step<'_>, resolutions: &StepResolutions) -> Option<Approx> {
    match step.logprob {
        Logged::Number(number) if !number.value.is_nan() => {
            return Some(Approx::of_column(&number, &resolutions.logprob));
        }
        Logged::Missing => {}
        _ => return None,
    }
    if let Some(value) = vector_log_prob(candidate, step, resolutions) {
        return Some(value);
    }
    let number = step.prob.finite().filter(|number| number.value > 0.0)?;
    Some(Approx::of_column(&number, &resolutions.prob).ln())
}

/// ln p of the step's own token from a whole vector: log-probs, logits or probabilities.
fn vector_log_prob(candidate: &Candidate<'_>, step: &Step<'_>, resolutions: &StepResolutions) -> Option<Approx> {
    let own = usize::try_from(step.token_id?).ok()?;
    let from = |slice| candidate.vector(slice);
    if let Some(value) = from(step.logprob_vector).get(own) {
        return Some(Approx::of_vector(*value, &resolutions.vector));
    }
    let logits = from(step.logit_vector);
    if own < logits.len() {
        return Some(Approx::log_softmax(logits, own, widest(logits, &resolutions.vector)));
    }
    let value = *from(step.prob_vector).get(own)?;
    (value > 0.0).then(|| Approx::of_vector(value, &resolutions.vector).ln())
}

/// ln p of the step's own token from its whole vector, else from its own entry among the alternatives: whatever the step says of
/// itself. None where the log has neither.
#[must_use]
pub(crate) fn recomputed(candidate: &Candidate<'_>, step: &Step<'_>, resolutions: &StepResolutions) -> Option<Approx> {
    if let Some(value) = vector_log_prob(candidate, step, resolutions) {
        return Some(value);
    }
    let mut own = candidate.alternatives(step).iter().filter(|entry| step.is_token(entry));
    let entry = own.next().filter(|entry| entry.logprob.is_finite())?;
    own.next().is_none().then(|| Approx::of_column(&entry.logprob, &resolutions.top))
}

/// The largest half-width in a vector: that of its largest entry.
fn widest(values: &[f64], resolution: &Resolution) -> f64 {
    let sizes = values.iter().map(|value| value.abs()).filter(|size| size.is_finite());
    Approx::of_vector(sizes.fold(0.0, f64::max), resolution).half
}

/// The value of a step under a term; None where the log lacks what it takes.
pub(super) fn step_value(
    candidate: &Candidate<'_>,
    step: &Step<'_>,
    resolutions: &StepResolutions,
    term: Term,
) -> Option<Approx> {
    let vector = &resolutions.vector;
    let value = match term {
        Term::LogProb => log_prob(candidate, step, resolutions)?,
        Term::Prob => match step.prob.finite() {
            Some(number) => Approx::of_column(&number, &resolutions.prob),
            None => log_prob(candidate, step, resolutions)?.exp(),
        },
        Term::Logit => match step.logit.finite() {
            Some(number) => Approx::of_column(&number, &resolutions.logit),
            None => {
                let (logits, own) = own_entry(candidate, step)?;
                Approx::of_vector(*logits.get(own)?, vector)
            }
        },
        Term::LinearLogit => {
            let (logits, own) = own_entry(candidate, step)?;
            let total =
                Approx::sum(logits.iter().map(|logit| Approx::of_vector(*logit, vector)), numeric::NumberFormat::F32);
            // Pipelines multiply the shares and take the log at the end: two negative ones cancel.
            let share = Approx::of_vector(*logits.get(own)?, vector) / total;
            (share.value != 0.0).then(|| share.abs().ln())?
        }
        Term::ShortlistLogProb => {
            let own = log_prob(candidate, step, resolutions)?;
            let top = candidate.alternatives(step);
            if top.len() < 2 {
                return None;
            }
            let listed: Vec<Approx> =
                top.iter().map(|entry| Approx::of_column(&entry.logprob, &resolutions.top)).collect();
            let mass = Approx::logsumexp(&listed);
            mass.value.is_finite().then(|| own - mass)?
        }
        Term::Top1LogProb => {
            if let Some(best) = best(candidate.alternatives(step)) {
                return Some(Approx::of_column(&best, &resolutions.top));
            }
            let (logits, _) = own_entry(candidate, step)?;
            let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?.0;
            Approx::log_softmax(logits, best, widest(logits, vector))
        }
        Term::DoubleSoftmax => {
            let (logits, own) = own_entry(candidate, step)?;
            let once = numeric::softmax(logits);
            // A share moves by at most twice the logits' half-width, relative to itself, and is at most 1.
            let half = numeric::exp_m1(2.0 * widest(logits, vector));
            Approx::log_softmax(&once, own, half)
        }
        Term::Tempered(tenths) => {
            let (logits, own) = own_entry(candidate, step)?;
            let temperature = f64::from(tenths) / 10.0;
            let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
            Approx::log_softmax(&scaled, own, widest(logits, vector) / temperature)
        }
    };
    Some(value)
}

/// The highest log-prob of a list.
fn best(top: &[Alternative<'_>]) -> Option<Printed> {
    let finite = top.iter().map(|entry| entry.logprob).filter(Printed::is_finite);
    finite.max_by(|a, b| a.value.total_cmp(&b.value))
}

fn own_entry<'c>(candidate: &'c Candidate<'_>, step: &Step<'_>) -> Option<(&'c [f64], usize)> {
    let logits = candidate.vector(step.logit_vector);
    let own = usize::try_from(step.token_id?).ok()?;
    (own < logits.len()).then_some((logits, own))
}
