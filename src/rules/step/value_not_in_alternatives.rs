//! RT113: a token's log-prob contradicts the step's own list of alternatives.

use crate::rules::prelude::*;
use crate::rules::step::named;

pub(super) static RULE: Rule = Rule::step(page!("RT113-value-not-in-alternatives"), check, say);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    let (Some(logged), Some(best)) = (view.step.logprob.finite(), view.best()) else { return };
    if !view.can_match() {
        return;
    }
    let own_value = Approx::of_column(&logged, &view.resolutions.logprob);
    let listed =
        |entry: &Alternative<'_>| Approx::of_column(&entry.logprob, &view.resolutions.top).widened(noise::TOKEN);
    // RT112 reports the top alternative's value logged for another token.
    if !view.is_own(best) && derive::judge(own_value, listed(best)).is_proven() {
        return;
    }
    let token = || named(view.step.token, view.step.token_id);
    if let Some(own) = view.own() {
        // A list keyed by text may hold two tokens of one text; any of them may match.
        let matches = view
            .top
            .iter()
            .filter(|entry| view.is_own(entry))
            .any(|entry| derive::judge(own_value, listed(entry)).is_proven());
        seen.judge(view.step.at, matches, || {
            let detail =
                format!("logged {} for {}, but {} among the alternatives", logged.value, token(), own.logprob.value);
            let within = own_value.half + listed(own).half;
            Evidence::equals(own.logprob.value).found(logged.value).within(within).detail(detail)
        });
        return;
    }
    let Some(least) = view.top.iter().min_by(|a, b| a.logprob.value.total_cmp(&b.logprob.value)) else { return };
    let judged = derive::at_most(own_value, listed(least));
    seen.judge(view.step.at, judged.is_proven(), || {
        let detail = format!(
            "logged {} for {}, which is missing from a list that goes down to {}",
            logged.value,
            token(),
            least.logprob.value
        );
        Evidence::at_most(least.logprob.value).found(logged.value).within(judged.within).detail(detail)
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "at {} of {} steps the token's log-prob contradicts the step's alternatives",
        all.failed, all.judged
    ))
    .help("take the token's value and the alternatives from the same distribution at the same position")
}
