//! RT409: one position is picked in nearly all items.

use std::collections::BTreeMap;

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT409-constant-pick"), check, say).histograms(&[PICKS, GOLD]);

/// Picks by position.
const PICKS: Key<Histogram> = Key::new(0, "picks_by_position");
/// Right answers by position.
const GOLD: Key<Histogram> = Key::new(1, "gold_by_position");

fn check(view: &RunView<'_>, seen: &mut Observer<'_>) {
    let items = &view.stream.items;
    let (picks, gold) = (by_position(&items.pick_positions), by_position(&items.gold_positions));
    let Some((position, count)) = picks.mode() else { return };
    let (total, golds) = (picks.total(), gold.total());
    if total < 30 || golds < 30 {
        return;
    }
    let constant = count * 20 >= total * 19 && gold.count(position) * 10 < golds * 6;
    *seen.histogram(PICKS) = picks;
    *seen.histogram(GOLD) = gold;
    seen.judge_here(!constant, || {
        Evidence::at_most(0.95)
            .found(count as f64 / total as f64)
            .detail(format!("position {position} in {count} of {total} items"))
    });
}

fn by_position(counts: &BTreeMap<u32, u64>) -> Histogram {
    let mut histogram = Histogram::default();
    for (position, times) in counts {
        histogram.add(u64::from(*position), *times);
    }
    histogram
}

fn say(all: &Observed) -> Message {
    let of = |key| all.histograms.get(key).cloned().unwrap_or_default();
    let (picks, gold) = (of(PICKS), of(GOLD));
    let (position, count) = picks.mode().unwrap_or_default();
    Message::new(format!(
        "position {position} is picked in {count} of {} items; the right answer is there in {} of {}",
        picks.total(),
        gold.count(position),
        gold.total()
    ))
    .help("look for scores that are all equal or NaN, and for an argmax over the wrong axis")
}
