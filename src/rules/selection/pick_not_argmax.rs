//! RT402: the pick is not the best candidate under any normaliser of its scores.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT402-pick-not-argmax"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let Some(pick) = view.item.picked() else { return };
    let Some(follows) = view.follows(pick) else { return };
    if follows || (view.is_greedy_path(pick) && view.better_total(pick).is_some()) {
        return seen.holds();
    }
    seen.judge_here(false, || {
        let best = view.best();
        let score = |position| view.score(position).map_or_else(|| "none".to_owned(), |score: f64| score.to_string());
        let better = best.map_or_else(String::new, |best| format!("; {} has {}", view.name(best), score(best)));
        let found = view.score(pick).unwrap_or(f64::NAN);
        let expected = best.and_then(|best| view.score(best)).unwrap_or(f64::NAN);
        Evidence::equals(expected).found(found).detail(format!(
            "picked {} with score {}{better}",
            view.name(pick),
            score(pick)
        ))
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "in {} of {} items the pick is not the best candidate by the reported scores, raw or per token, character, byte or word",
        all.failed, all.judged
    ))
    .help("take the argmax of the reported scores over the reported candidates")
}
