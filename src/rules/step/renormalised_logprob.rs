//! RT117: the engine's log-probs are renormalised over the tokens that sampling kept, the trainer's are not.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::{BOTH, add_moments, is_proportional, pairs};

pub(super) static RULE: Rule = Rule::candidate(page!("RT117-renormalised-logprob"), check, say)
    .counts(&[LIKELY, LIKELY_HIGHER, UNLIKELY, UNLIKELY_HIGHER, CERTAIN, BEYOND])
    .sums(&[RATIOS])
    .moments(&[BOTH])
    .when(fires);

/// Tokens of either kind, likely and unlikely, that a run is judged by.
const LEAST: u64 = 16;
/// Sampling in use raises a log-prob by less than this, in nats: it would leave a twelfth of the mass.
const FAR: f64 = 2.5;

/// Likely tokens whose log-probs differ, and those of them where the engine's is the higher one.
const LIKELY: Key<u64> = Key::new(0, "likely_tokens");
const LIKELY_HIGHER: Key<u64> = Key::new(1, "likely_tokens_higher");
/// The same of unlikely tokens.
const UNLIKELY: Key<u64> = Key::new(2, "unlikely_tokens");
const UNLIKELY_HIGHER: Key<u64> = Key::new(3, "unlikely_tokens_higher");
/// Tokens that are certain to the engine alone.
const CERTAIN: Key<u64> = Key::new(4, "certain_to_engine");
/// Tokens whose log-probs lie farther apart than [`FAR`].
const BEYOND: Key<u64> = Key::new(5, "far_apart");
/// Trainer's probability ÷ engine's, over all tokens.
const RATIOS: Key<ExactSum> = Key::new(0, "trainer_by_engine");

const KINDS: [(Key<u64>, Key<u64>); 2] = [(LIKELY, LIKELY_HIGHER), (UNLIKELY, UNLIKELY_HIGHER)];

/// Tokens of one kind whose log-probs differ.
#[derive(Clone, Copy, Default)]
struct Decided {
    all: u64,
    /// Those where the engine's is the higher one.
    higher: u64,
}

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    add_moments(view, seen);
    let (mut likely, mut unlikely) = (Decided::default(), Decided::default());
    let (mut ratios, mut certain, mut beyond, mut gap) = (0.0, 0, 0, 0.0);
    for pair in pairs(view) {
        let difference = pair.difference();
        ratios += numeric::exp(difference.min(10.0));
        certain += u64::from(pair.engine >= 0.0 && pair.is_decided());
        beyond += u64::from(difference.abs() > FAR);
        if pair.is_decided() {
            let kind = if pair.is_likely() { &mut likely } else { &mut unlikely };
            kind.all += 1;
            kind.higher += u64::from(difference < 0.0);
            gap += difference;
        }
    }
    seen.add(RATIOS, ratios);
    seen.count(CERTAIN, certain);
    seen.count(BEYOND, beyond);
    for ((all, higher), decided) in KINDS.into_iter().zip([likely, unlikely]) {
        seen.count(all, decided.all);
        seen.count(higher, decided.higher);
    }
    let (all, higher) = (likely.all + unlikely.all, likely.higher + unlikely.higher);
    if all == 0 {
        return;
    }
    seen.judge_here(20 * higher < 19 * all, || {
        let mean = gap / all as f64;
        Evidence::equals(0.0).found(mean).detail(format!(
            "at {higher} of {all} tokens that differ by more than 0.02 the engine's log-prob is higher; the mean of trainer \
             - engine is {mean:.3}"
        ))
    });
}

/// Renormalising raises the log-probs of all tokens that are left, likely or not, by at most the mass that was cut off.
/// Noise has either sign, a temperature raises one end and lowers the other, and a factor moves low log-probs more.
fn fires(all: &Observed) -> bool {
    let lifted = |(kind, above)| {
        let (decided, higher) = (all.count(kind), all.count(above));
        decided >= LEAST && 20 * higher >= 19 * decided
    };
    KINDS.into_iter().all(lifted) && 100 * all.count(BEYOND) <= tokens(all) && !is_proportional(all)
}

/// Tokens that have both log-probs.
fn tokens(all: &Observed) -> u64 {
    all.moments.get(BOTH).map_or(0, Moments::n)
}

fn say(all: &Observed) -> Message {
    let sum = |keys: [Key<u64>; 2]| keys.into_iter().map(|key| all.count(key)).sum::<u64>();
    let [(likely, likely_higher), (unlikely, unlikely_higher)] = KINDS;
    let (decided, higher) = (sum([likely, unlikely]), sum([likely_higher, unlikely_higher]));
    let tokens = tokens(all);
    let kept = all.sum(RATIOS) / tokens as f64;
    let certain = match all.count(CERTAIN) {
        0 => String::new(),
        count => format!("; {count} tokens have a log-prob of 0 only in the engine"),
    };
    Message::new(format!(
        "the engine's log-probs are renormalised over the tokens kept by sampling, the trainer's are not: they are higher at \
         {higher} of {decided} tokens that differ, and the kept mass, the mean of exp(trainer - engine) over {tokens} tokens, is {kept:.3}{certain}"
    ))
    .help(
        "normalise both sides over the same tokens: sample without top-p, top-k and min-p, return the engine's raw \
         log-probs (vLLM: `logprobs_mode`), or renormalise the trainer's over the kept tokens",
    )
}
