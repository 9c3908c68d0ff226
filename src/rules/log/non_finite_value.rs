//! RT704: a score is NaN or infinite.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT704-non-finite-value"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    // RT405 reports a NaN that decides the pick.
    if view.primary.is_none() || view.deciding_nan().is_some() {
        return;
    }
    for (position, candidate) in view.item.candidates.iter().enumerate() {
        let Some(score) = view.score(position) else { continue };
        // An infinite score is right where the steps, or the formula found, give an infinite value.
        let explained =
            candidate.claims.iter().any(|claim| Some(&claim.column) == view.primary && claim.explained_by != 0);
        let derived = explained || candidate.derived.is_some_and(|derived| derived.value.is_infinite());
        let holds = score.is_finite() || (score.is_infinite() && derived);
        seen.judge_here(holds, || {
            Evidence::equals(0.0).found(score).detail(format!("{} has score {score}", view.name(position)))
        });
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("{} of {} scores are NaN or infinite", all.failed, all.judged))
        .help("find the step that divides by 0 or takes the log of 0; write null for a score that does not exist")
}
