//! RT705: the alternatives of neighbouring steps are the same list.

use crate::rules::prelude::*;
use crate::rules::step::contradicts_alternatives;

/// Steps that a run is judged by.
const LEAST: u64 = 3;
/// Log-probs between these are those of tokens that are neither certain nor cut off, in nats.
const CERTAIN: f64 = -1e-6;
const CUT_OFF: f64 = -100.0;

pub(super) static RULE: Rule =
    Rule::candidate(page!("RT705-repeated-vector"), check, say).when(|all| all.failed >= LEAST);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let candidate = view.candidate;
    for two in candidate.steps.windows(2) {
        let [before, step] = two else { continue };
        let (list, top) = (candidate.alternatives(before), candidate.alternatives(step));
        if list.is_empty() || top.is_empty() {
            continue;
        }
        let view = StepView { step, top, mass: 0.0, candidate, resolutions: view.resolutions };
        let contradiction = if is_copy(list, top) { contradicts_alternatives(&view) } else { None };
        match contradiction {
            None => seen.holds(),
            Some(evidence) => seen.judge(step.at, false, || {
                let detail =
                    format!("{}; the {} alternatives are those of the step before", evidence.detail, top.len());
                Evidence { detail, ..evidence }
            }),
        }
    }
}

/// Whether two lists hold the same entries, at least two of them neither certain nor cut off.
fn is_copy(list: &[Alternative<'_>], top: &[Alternative<'_>]) -> bool {
    let same_token = |a: &Alternative<'_>, b: &Alternative<'_>| {
        a.id == b.id
            && match (&a.token, &b.token) {
                (Some(a), Some(b)) => a.same(b),
                (None, None) => true,
                _ => false,
            }
    };
    let same = |(a, b): (&Alternative<'_>, &Alternative<'_>)| {
        a.logprob.value.to_bits() == b.logprob.value.to_bits() && same_token(a, b)
    };
    let is_open = |entry: &&Alternative<'_>| entry.logprob.value < CERTAIN && entry.logprob.value > CUT_OFF;
    list.len() == top.len() && list.iter().zip(top).all(same) && top.iter().filter(is_open).count() >= 2
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "the alternatives of {} of {} steps are those of the step before, entry for entry, and contradict the steps' own log-probs",
        all.failed, all.judged
    ))
    .help("index the alternatives by the token's position within the chunk, as its log-prob is")
}
