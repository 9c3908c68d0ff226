//! RT403: the greedy flag contradicts the alternatives.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT403-greedy-flag-wrong"), check, say);

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    for (position, candidate) in view.item.candidates.iter().enumerate() {
        // In a tie at the top, the greedy token is unknown: no verdict.
        let (Some(flag), Some(top)) = (candidate.greedy, candidate.all_top1) else { continue };
        seen.judge_here(flag == top, || {
            let detail = if flag {
                format!("{} is flagged greedy, but not every token is the top alternative", view.name(position))
            } else {
                format!("{} is not flagged greedy, but every token is the top alternative", view.name(position))
            };
            Evidence::equals(f64::from(u8::from(top))).found(f64::from(u8::from(flag))).detail(detail)
        });
    }
}

fn say(all: &Observed) -> Message {
    Message::new(format!("{} of {} greedy flags contradict the alternatives", all.failed, all.judged))
        .help("set the flag if every token of the continuation is the argmax at its position")
}
