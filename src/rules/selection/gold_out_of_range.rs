//! RT408: the gold answer is a position that no candidate has.

use crate::model::Choice;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT408-gold-out-of-range"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let Choice::Index(gold) = view.item.gold else { return };
    // One candidate alone does not say how many there are.
    let count = view.item.candidates.len();
    if count < 2 {
        return;
    }
    let last = view
        .item
        .candidates
        .iter()
        .filter_map(|candidate| candidate.index)
        .max()
        .map_or(count - 1, |last| last as usize);
    let in_range = usize::try_from(gold).is_ok_and(|gold| gold <= last);
    seen.judge_here(in_range, || {
        let detail = format!("gold is {gold}, but the candidates are 0 to {last}");
        Evidence::at_most(last as f64).found(gold as f64).detail(detail)
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!("in {} of {} items the gold index is out of range", all.failed, all.judged))
        .help("count positions from 0, and exclude items without an answer")
}
