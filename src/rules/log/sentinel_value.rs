//! RT703: a value that means "no value" entered a sum.

use crate::numeric::NumberFormat;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT703-sentinel-value"), check, say);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let sentinels = || view.scored().filter(|step| matches!(step.logprob, Logged::Sentinel(_)));
    if sentinels().next().is_none() {
        return;
    }
    let terms = view.scored().filter_map(|step| {
        let value = step.logprob.value()?;
        // A sentinel is a constant of the pipeline, whatever its digits.
        Some(
            step.logprob
                .finite()
                .map_or(Approx::exact(value), |number| Approx::of_column(&number, &view.resolutions.logprob)),
        )
    });
    let total = Approx::sum(terms, NumberFormat::F32);
    let count = view.scored().count() as f64;
    let kinds = [(ClaimKind::Score, 1.0), (ClaimKind::MeanLogprob, count)];
    for (kind, divisor) in kinds {
        for (claim, column) in view.claims(kind) {
            let Some(number) = claim.value.value() else { continue };
            let claimed = claim
                .value
                .finite()
                .map_or(Approx::exact(number), |number| Approx::of_column(&number, &column.resolution));
            let judged = derive::judge(claimed, total.over(divisor).through_stages(NumberFormat::F32));
            let value = sentinels().next().and_then(|step| step.logprob.value()).unwrap_or(f64::NAN);
            seen.judge(claim.at, !judged.is_proven(), || {
                let detail = format!("`{}` {number} contains the {value} of a token that has no log-prob", column.name);
                Evidence::equals(total.value - value).found(number).within(judged.within).detail(detail)
            });
        }
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("a placeholder for \"no value\" was summed in {} rows", all.failed))
        .help("write null where there is no log-prob, and fail on it before summing")
}
