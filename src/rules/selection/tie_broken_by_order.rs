//! RT404: exact ties at the top decide picks.

use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::item(page!("RT404-tie-broken-by-order"), check, say).counts(&[PICKED, PICKED_FIRST]).when(|all| {
        all.judged >= 30
            && all.failed >= 3
            && all.failed * 20 >= all.judged
            && all.count(PICKED_FIRST) == all.count(PICKED)
    });

/// Tied items with a pick.
const PICKED: Key<u64> = Key::new(0, "picked");
/// Those where it is the first of the tied ones.
const PICKED_FIRST: Key<u64> = Key::new(1, "picked_first");

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let merits: Option<Vec<f64>> =
        (0..view.item.candidates.len()).map(|at| view.merit(at).filter(|merit| !merit.is_nan())).collect();
    let Some(merits) = merits.filter(|merits| merits.len() >= 2) else { return };
    let best = merits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let tied: Vec<usize> = (0..merits.len()).filter(|at| merits[*at].total_cmp(&best).is_eq()).collect();
    // If all are equal, nothing was scored: a different bug.
    if tied.len() < 2 || tied.len() == merits.len() {
        return seen.holds();
    }
    if let Some(pick) = view.item.picked() {
        seen.count(PICKED, 1);
        seen.count(PICKED_FIRST, u64::from(tied.first() == Some(&pick)));
    }
    seen.judge_here(false, || {
        let names: Vec<String> = tied.iter().map(|at| view.name(*at)).collect();
        let score = tied.first().and_then(|at| view.score(*at)).unwrap_or(best);
        Evidence::equals(best).found(best).detail(format!("{} tie at {score}", names.join(" and ")))
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "in {} of {} items the best score is an exact tie, and the order of the candidates decides",
        all.failed, all.judged
    ))
    .help("score in single precision or better, or treat ties explicitly")
}
