//! RT104: the alternatives of one step hold more than the whole probability.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT104-mass-above-one"), check, say);

/// Softmax with a sequential single-precision denominator is off by up to 8e-4 over a large vocabulary.
const NOISE: f64 = 1e-3;

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    if view.top.is_empty() {
        return;
    }
    if view.mass <= 1.0 + NOISE {
        return seen.holds();
    }
    if view.top.iter().any(|entry| entry.logprob.value > NOISE) {
        return;
    }
    let mut mass = view.mass;
    // Probabilities of a list sum up to about 1, and their widths to about that of one.
    let widest = view.top.iter().map(|entry| view.resolutions.top.half_quantum(&entry.logprob)).fold(0.0, f64::max);
    let slack = NOISE + mass * widest;
    if mass > 1.0 + slack {
        // A list keyed by text can hold one token twice; only distinct entries count.
        mass = distinct(view.top).map(|entry| numeric::exp(entry.logprob.value)).sum();
    }
    seen.judge(view.step.at, mass <= 1.0 + slack, || {
        let detail = format!("the {} alternatives' probabilities add up to {mass:.6}", view.top.len());
        Evidence::at_most(1.0).found(mass).within(slack).detail(detail)
    });
}

fn distinct<'v>(top: &'v [Alternative<'v>]) -> impl Iterator<Item = &'v Alternative<'v>> {
    top.iter()
        .enumerate()
        .filter(|(at, entry)| {
            !top[..*at].iter().any(|before| match (before.id, entry.id) {
                (Some(a), Some(b)) => a == b,
                _ => matches!((&before.token, &entry.token), (Some(a), Some(b)) if a.same(b)),
            })
        })
        .map(|(_, entry)| entry)
}

fn say(all: &Observed) -> Message {
    let worst = all.worst.as_ref().map_or(0.0, |row| row.evidence.found);
    Message::new(format!(
        "at {} of {} steps the alternatives' probabilities add up to more than 1, at most to {worst:.4}",
        all.failed, all.judged
    ))
    .help("log the log-softmax over the whole vocabulary; log-probs divided by a temperature lose their normalisation")
}
