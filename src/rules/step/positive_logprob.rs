//! RT102: some log-probs of a column exceed 0, most do not.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT102-positive-logprob"), check, say)
    .counts(&[SENTINELS])
    .when(|all| all.failed > 0 && all.failed * 2 <= all.judged);

/// Values that are exactly +1.0.
const SENTINELS: Key<u64> = Key::new(0, "sentinels");
/// Rounding of softmax implementations stays below this.
const NOISE: f64 = 1e-3;

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    for step in &view.candidate.steps {
        if let Some(number) = step.logprob.finite() {
            let slack = NOISE + view.resolutions.logprob.half_quantum(&number);
            judge(seen, step.at, number.value, slack);
        }
    }
    for (claim, column) in view.bare_log_likelihoods() {
        if let Some(number) = claim.value.finite() {
            judge(seen, claim.at, number.value, NOISE + column.resolution.half_quantum(&number));
        }
    }
}

fn judge(seen: &mut Observer<'_>, at: crate::model::At, value: f64, slack: f64) {
    let sentinel = value.total_cmp(&1.0).is_eq();
    seen.count(SENTINELS, u64::from(sentinel));
    seen.judge(at, value <= slack, || {
        let what = if sentinel { "; some servers write +1.0 for no value" } else { "" };
        Evidence::at_most(0.0).found(value).within(slack).detail(format!("{value} is above 0{what}"))
    });
}

fn say(all: &Observed) -> Message {
    let (count, total) = (all.failed, all.judged);
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    let message = Message::new(format!("{count} of {total} log-probs are above 0, up to {worst}"));
    if all.count(SENTINELS) == count {
        message.help("+1.0 stands for \"no value\" in some servers: write null, or list it under [input] sentinels in retally.toml")
    } else {
        message.help("no probability is above 1: find the step that adds to or skips the log-softmax for these tokens")
    }
}
