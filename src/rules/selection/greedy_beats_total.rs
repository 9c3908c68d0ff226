//! RT401: the pick is the token-by-token greedy path while another candidate has the higher total.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT401-greedy-beats-total"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let Some(pick) = view.item.picked() else { return };
    // Without reported scores, the tokens give the totals.
    let Some(follows) = view.follows(pick).or_else(|| view.follows_totals(pick)) else { return };
    if follows || !view.is_greedy_path(pick) {
        return seen.holds();
    }
    let Some((best, own, other)) = view.better_total(pick) else { return seen.holds() };
    seen.judge_here(false, || {
        let name = |position| view.name(position);
        let parting = view.parting(pick, best).map_or_else(String::new, |(at, mine, theirs)| {
            if mine.total_cmp(&theirs).is_eq() {
                format!("; the two tie at step {} ({mine})", at + 1)
            } else {
                format!("; at step {} the pick's token is more likely ({mine} against {theirs})", at + 1)
            }
        });
        let detail = format!(
            "picked {} with total {own}; {} has {other}, {:.4} nats more{parting}",
            name(pick),
            name(best),
            other - own
        );
        Evidence::equals(other).found(own).detail(detail)
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "in {} of {} items the pick is the greedy path, but another candidate has a higher total",
        all.failed, all.judged
    ))
    .help("pick the candidate with the highest total log-prob: the most likely token at each step does not give the most likely sequence")
}
