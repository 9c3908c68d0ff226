//! RT408: the gold answer is a position that no candidate has.

use crate::model::Choice;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT408-gold-out-of-range"), check, say)
    .counts(&[FAR])
    .when(|all| all.failed > 0 && !(all.judged >= FEW && 2 * all.count(FAR) > all.judged));

/// Items whose number lies far outside: where most do, it is an answer and no index.
const FAR: Key<u64> = Key::new(0, "far_outside");
/// Items from which on they say together what the number is.
const FEW: u64 = 3;

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let Choice::Index(gold) = view.item.gold else { return };
    // One candidate alone does not say how many there are, and beside answers the number is one.
    let count = view.item.candidates.len();
    if count < 2 || view.item.candidates.iter().any(|candidate| candidate.answer.is_some()) {
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
    seen.count(FAR, u64::from(usize::try_from(gold).is_ok_and(|gold| gold > 2 * last + 2)));
    seen.judge_here(in_range, || {
        let detail = format!("gold is {gold}, but the candidates are 0 to {last}");
        Evidence::at_most(last as f64).found(gold as f64).detail(detail)
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!("in {} of {} items the gold index is out of range", all.failed, all.judged))
        .help("count positions from 0, and exclude items without an answer")
}
