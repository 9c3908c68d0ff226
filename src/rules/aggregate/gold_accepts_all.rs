//! RT614: every candidate of an item is a right answer.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT614-gold-accepts-all"), check, say).when(fires);

/// Fewest such items that tell.
const FEWEST: u64 = 3;
/// Of so many items one may be a question that any answer suits.
const ONE_OF: u64 = 20;

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let candidates = view.item.candidates.len();
    if candidates < 2 {
        return;
    }
    let gold: Option<Vec<bool>> = (0..candidates).map(|at| view.item.is_gold(at)).collect();
    let Some(gold) = gold else { return };
    let right = gold.iter().filter(|own| **own).count();
    seen.judge_here(right < candidates, || {
        Evidence::at_most((candidates - 1) as f64)
            .found(right as f64)
            .detail(format!("all {candidates} candidates are right answers"))
    });
}

fn fires(all: &Observed) -> bool {
    all.failed >= FEWEST && all.failed * ONE_OF >= all.judged
}

fn say(all: &Observed) -> Message {
    let (failed, judged) = (all.failed, all.judged);
    Message::new(format!("in {failed} of {judged} items every candidate is a right answer, so that any pick is right"))
        .help("look at how the gold answer is joined to the candidates: an empty text or a missing id matches all of them")
}
