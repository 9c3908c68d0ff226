//! RT304: all scores are exactly 0.0, and no logged value explains it.

use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::candidate(page!("RT304-empty-span"), check, say).when(|all| all.judged >= 2 && all.failed == all.judged);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    if !view.candidate.steps.is_empty() {
        return;
    }
    for (claim, column) in view.claims(ClaimKind::Score) {
        if let Some(number) = claim.value.finite() {
            seen.judge(claim.at, number.value != 0.0, || {
                Evidence::equals(0.0)
                    .detail(format!("`{}` is {}, the log-prob of no tokens", column.name, number.value))
            });
        }
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("all {} scores are exactly 0.0: no tokens were scored", all.failed)).help(
        "check the slice of the continuation (an empty span sums to 0), and log the tokens' log-probs beside the score",
    )
}
