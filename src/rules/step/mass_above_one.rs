//! RT104: the probabilities of one step's alternatives sum to more than 1.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::step(page!("RT104-mass-above-one"), check, say);

fn check(view: &StepView<'_>, seen: &mut Observer<'_>) {
    if view.top.is_empty() {
        return;
    }
    let limit = Approx::new(1.0, noise::NORMALISER);
    if derive::at_most(Approx::exact(view.mass), limit).is_proven() {
        return seen.holds();
    }
    if view.top.iter().any(|entry| entry.logprob.value > noise::NORMALISER) {
        return;
    }
    let mut judged = derive::at_most(view.mass_within_digits(), limit);
    if judged.is_refuted() {
        // A list keyed by text can hold one token twice; only distinct entries count.
        let mass = distinct(view.top).map(|entry| numeric::exp(entry.logprob.value)).sum();
        judged = derive::at_most(Approx::mass(mass, view.widest_alternative()), limit);
    }
    seen.judge(view.step.at, judged.is_proven(), || {
        let mass = judged.reported;
        let detail = format!("the probabilities of the {} alternatives sum to {mass:.6}", view.top.len());
        Evidence::at_most(1.0).found(mass).within(judged.within).detail(detail)
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
        "at {} of {} steps the probabilities of the alternatives sum to more than 1, up to {worst:.4}",
        all.failed, all.judged
    ))
    .help("log the log-softmax over the whole vocabulary; log-probs divided by a temperature lose their normalisation")
}
