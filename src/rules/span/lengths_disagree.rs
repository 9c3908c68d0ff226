//! RT308: the parallel arrays of one candidate have different lengths.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT308-lengths-disagree"), check, say);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let arrays = &view.candidate.arrays;
    let Some(longest) = arrays.iter().max_by_key(|array| array.len) else { return };
    if arrays.len() < 2 {
        return;
    }
    let Some(short) = arrays.iter().find(|array| array.len != longest.len) else { return seen.holds() };
    seen.judge(short.at, false, || {
        let lengths: Vec<String> = arrays.iter().map(|array| format!("{} {}", array.role, array.len)).collect();
        Evidence::equals(f64::from(longest.len))
            .found(f64::from(short.len))
            .detail(format!("entries: {}", lengths.join(", ")))
    });
}

fn say(all: &Observed) -> Message {
    Message::new(format!("{} of {} candidates have parallel arrays of different lengths", all.failed, all.judged))
        .help("cut tokens, ids, log-probs and alternatives at the same positions")
}
