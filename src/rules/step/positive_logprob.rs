//! RT102: some log-probs of a column exceed 0, most do not.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT102-positive-logprob"), check, say)
    .counts(&[SENTINELS])
    .when(|all| all.failed > 0 && all.failed * 2 <= all.judged);

/// Values that are exactly +1.0.
const SENTINELS: Key<u64> = Key::new(0, "sentinels");

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    for (step, logprob) in view.logged_log_probs() {
        if let Some(logprob) = logprob {
            judge(seen, step.at, logprob);
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
    let judged = derive::at_most(logprob, Approx::new(0.0, noise::NORMALISER));
    let sentinel = value.total_cmp(&1.0).is_eq();
    seen.count(SENTINELS, u64::from(sentinel));
    seen.judge(at, judged.is_proven(), || {
        let what = if sentinel { "; some servers write +1.0 for \"no value\"" } else { "" };
        Evidence::at_most(0.0).found(value).within(judged.within).detail(format!("{value} is above 0{what}"))
    });
}

fn say(all: &Observed) -> Message {
    let (count, total) = (all.failed, all.judged);
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    let message = Message::new(format!("{count} of {total} log-probs are above 0, up to {worst}"));
    if all.count(SENTINELS) == count {
        message.help("+1.0 means \"no value\" in some servers: write null, or declare it under [input] sentinels in retally.toml")
    } else {
        message.help("find the code that adds to or skips the log-softmax for these tokens: no probability is above 1")
    }
}
