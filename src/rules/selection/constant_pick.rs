//! RT409: one position is picked in nearly all items.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT409-constant-pick"), check, say);

fn check(view: &RunView<'_>, seen: &mut Observer<'_>) {
    let items = &view.stream.items;
    let total: u64 = items.pick_positions.values().sum();
    let golds: u64 = items.gold_positions.values().sum();
    let Some((position, count)) =
        items.pick_positions.iter().max_by_key(|(position, count)| (**count, std::cmp::Reverse(**position)))
    else {
        return;
    };
    let there = items.gold_positions.get(position).copied().unwrap_or(0);
    if total < 30 || golds < 30 {
        return;
    }
    let constant = count * 20 >= total * 19 && there * 10 < golds * 6;
    seen.count("position", u64::from(*position));
    seen.count("picks", *count);
    seen.count("all picks", total);
    seen.count("gold there", there);
    seen.count("all gold", golds);
    seen.judge_here(!constant, || {
        Evidence::at_most(0.95)
            .found(*count as f64 / total as f64)
            .detail(format!("position {position} in {count} of {total} items"))
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!(
        "position {} is picked in {} of {} items; the right answer is there in {} of {}",
        all.counter("position"),
        all.counter("picks"),
        all.counter("all picks"),
        all.counter("gold there"),
        all.counter("all gold")
    ))
    .help("look for scores that are all equal or not numbers, and for an argmax over the wrong axis")
}
