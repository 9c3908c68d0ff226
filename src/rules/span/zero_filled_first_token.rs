//! RT312: the first scored step is exactly 0.0 in every row and counts in the length of a mean.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT312-zero-filled-first-token"), check, say)
    .when(|all| all.judged >= 30 && all.failed == all.judged);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let averaged = [ClaimKind::MeanLogprob, ClaimKind::Perplexity, ClaimKind::Loss, ClaimKind::Normalised];
    if !averaged.into_iter().any(|kind| view.claims(kind).next().is_some()) {
        return;
    }
    let mut steps = view.scored().filter_map(|step| Some((step.at, step.logprob.finite()?.value)));
    let Some((at, first)) = steps.next() else { return };
    let mut later = steps.peekable();
    if later.peek().is_none() {
        return;
    }
    let filled = first == 0.0 && later.any(|(_, value)| value != 0.0);
    seen.judge(at, !filled, || {
        Evidence::equals(0.0).detail("the first token's log-prob is exactly 0.0, as if the token were certain")
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "the first token's log-prob is exactly 0.0 in all {} rows and counts in their length",
        all.failed
    ))
    .help("exclude a token without context from sum and length, and log null for it")
}
