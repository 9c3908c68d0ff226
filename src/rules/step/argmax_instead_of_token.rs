//! RT112: the value logged for a step is the top alternative's, whatever the step's token is.

use crate::rules::prelude::*;
use crate::rules::step::named;

pub(super) static RULE: Rule = Rule::step(page!("RT112-argmax-instead-of-token"), check, say)
    .and_cause(matches, say_cause)
    .when(|all| all.failed >= 3 && all.failed == all.judged)
    .recomputes();

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    let (Some(logged), Some(best)) = (view.step.logprob.finite(), view.best()) else { return };
    if !view.can_match() || view.is_own(best) {
        return;
    }
    let judged = derive::judge(
        Approx::of_column(&logged, &view.resolutions.logprob),
        Approx::of_column(&best.logprob, &view.resolutions.top),
    );
    let own = view.own().map(|entry| entry.logprob.value);
    // In a tie at the top, the value fits either token.
    if own.is_some_and(|own| !Approx::new(own, 2.0 * judged.within).is_below(Approx::exact(best.logprob.value))) {
        return;
    }
    seen.judge(view.step.at, !judged.is_proven(), || {
        let own = own.map_or_else(String::new, |own| format!(", its own entry is {own}"));
        let detail = format!(
            "logged {} for {}, the value of the top alternative, {}{own}",
            logged.value,
            named(view.step.token, view.step.token_id),
            named(best.token, best.id)
        );
        Evidence::equals(own_or(best, view)).found(logged.value).within(judged.within).detail(detail)
    });
}

/// The expected value: the token's own, or at most the list's smallest.
fn own_or(best: &Alternative<'_>, view: &StepView<'_>) -> f64 {
    let least = view.top.iter().map(|entry| entry.logprob.value).fold(best.logprob.value, f64::min);
    view.own().map_or(least, |entry| entry.logprob.value)
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "at all {} steps whose token is not the top alternative, the logged log-prob is the top alternative's",
        all.failed
    ))
    .help("gather the log-prob at the token's own id, not at the argmax")
}

fn matches(deviations: &Deviations) -> bool {
    deviations.term() == Some(Term::Top1LogProb)
}

fn say_cause(cause: &Cause<'_>) -> Message {
    cause.message("gather the log-prob at the token's own id, not at the argmax")
}
