//! RT405: a score is not a number and decides the pick.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT405-nan-pick"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    if view.primary.is_none() {
        return;
    }
    let Some(position) = view.deciding_nan() else { return seen.holds() };
    seen.judge_here(false, || {
        let best = view.best().map_or_else(String::new, |best| {
            format!("; the best finite score is {}'s {}", view.name(best), view.score(best).unwrap_or(f64::NAN))
        });
        Evidence::equals(0.0)
            .found(f64::NAN)
            .detail(format!("{} has score NaN and wins the argmax{best}", view.name(position)))
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!("in {} of {} items a NaN score decides the pick", all.failed, all.judged))
        .help("find the source of the NaN and fail the run on it: argmax treats the first NaN as the largest value")
}
