//! RT703: a value that means "no value" entered a sum.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT703-sentinel-value"), check, say);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let sentinels = || view.scored().filter(|step| matches!(step.logprob, Logged::Sentinel(_)));
    if sentinels().next().is_none() {
        return;
    }
    let total: f64 = view.scored().filter_map(|step| step.logprob.value()).sum();
    let count = view.scored().count() as f64;
    let kinds = [(ClaimKind::Score, 1.0), (ClaimKind::MeanLogprob, count)];
    for (kind, divisor) in kinds {
        for (claim, column) in view.claims(kind) {
            let Some(number) = claim.value.value() else { continue };
            let expected = total / divisor;
            let half = claim.value.finite().map_or(0.0, |number| column.resolution.half_quantum(&number));
            let slack = half
                + count * view.resolutions.logprob.half_quantum(&numeric::Printed::from_f64(0.0))
                + total.abs() * 1e-6;
            let entered = (number - expected).abs() <= slack;
            let value = sentinels().next().and_then(|step| step.logprob.value()).unwrap_or(f64::NAN);
            seen.judge(claim.at, !entered, || {
                let detail = format!("`{}` {number} contains the {value} of a token that has no log-prob", column.name);
                Evidence::equals(total - value).found(number).within(slack).detail(detail)
            });
        }
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("in {} rows a value that means \"no value\" was summed", all.failed))
        .help("write null where there is no log-prob, and stop on it before summing")
}
