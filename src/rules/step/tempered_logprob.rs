//! RT110: the trainer's log-probs are those of another temperature than the engine's.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::{BOTH, add_moments, pairs, spreads};
use crate::tally::Second;

pub(super) static RULE: Rule = Rule::candidate(page!("RT110-tempered-logprob"), check, say)
    .counts(&[LIKELY, LIKELY_HIGHER, CANDIDATES_HIGHER, CANDIDATES_LOWER])
    .moments(&[BOTH])
    .when(|all| lean(all).is_some());

/// Likely tokens whose log-probs differ.
const LIKELY: Key<u64> = Key::new(0, "likely_tokens");
/// Those where the trainer's is the higher one.
const LIKELY_HIGHER: Key<u64> = Key::new(1, "likely_tokens_higher");
/// Candidates where the trainer's are the higher ones.
const CANDIDATES_HIGHER: Key<u64> = Key::new(2, "candidates_higher");
/// Candidates where they are the lower ones.
const CANDIDATES_LOWER: Key<u64> = Key::new(3, "candidates_lower");

/// Likely tokens that a candidate is judged by.
const LEAST: u64 = 4;

/// How the trainer's distributions compare with the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lean {
    /// As at a lower temperature.
    Sharper,
    /// As at a higher one.
    Flatter,
}

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    add_moments(view, seen);
    let (mut higher, mut lower, mut gap) = (0, 0, 0.0);
    for pair in pairs(view).filter(|pair| pair.is_likely() && pair.is_decided()) {
        gap += pair.difference();
        *(if pair.difference() > 0.0 { &mut higher } else { &mut lower }) += 1;
    }
    let likely: u64 = higher + lower;
    if likely < LEAST {
        return;
    }
    seen.count(LIKELY, likely);
    seen.count(LIKELY_HIGHER, higher);
    // Noise has either sign.
    let most = higher.max(lower);
    let one_sided = 4 * most >= 3 * likely;
    if one_sided {
        seen.count(if higher > lower { CANDIDATES_HIGHER } else { CANDIDATES_LOWER }, 1);
    }
    seen.judge_here(!one_sided, || {
        let (side, mean) = (if higher > lower { "higher" } else { "lower" }, gap / likely as f64);
        Evidence::equals(0.0).found(mean).detail(format!(
            "at {most} of {likely} likely tokens the trainer's log-prob is {side} than the engine's; the mean difference \
             is {mean:.3}"
        ))
    });
}

/// Both ends have to move: likely tokens up and unlikely ones down, or the other way round. Noise moves neither; mass
/// that one side has cut off moves both ends the same way.
fn lean(all: &Observed) -> Option<Lean> {
    let Second { xx: engine, xy: both, yy: trainer } = spreads(all)?;
    let agree = |key| all.judged >= 8 && all.count(key) * 10 >= all.judged * 9;
    // The slope of each column on the other: noise in one of them makes one slope smaller and neither greater than 1.
    let wider = trainer * 8.0 > engine * 9.0 && both > engine && both < trainer;
    let narrower = engine * 8.0 > trainer * 9.0 && both < engine && both > trainer;
    if wider && agree(CANDIDATES_HIGHER) {
        Some(Lean::Sharper)
    } else if narrower && agree(CANDIDATES_LOWER) {
        Some(Lean::Flatter)
    } else {
        None
    }
}

fn say(all: &Observed) -> Message {
    let (likely, higher) = (all.count(LIKELY), all.count(LIKELY_HIGHER));
    let (temperature, side, count) = match lean(all) {
        Some(Lean::Flatter) => ("higher", "lower", likely - higher),
        _ => ("lower", "higher", higher),
    };
    let ratio = spreads(all).map_or(f64::NAN, |spreads| numeric::sqrt(spreads.yy / spreads.xx));
    Message::new(format!(
        "the trainer's log-probs were computed at a {temperature} temperature than the engine's: {side} at {count} of {likely} \
         likely tokens, with {ratio:.2} times the spread"
    ))
    .help(
        "take both from logits divided by the same temperature: let the engine return processed log-probs (vLLM: \
         `logprobs_mode`), or divide the trainer's logits by the temperature of the rollout",
    )
}
