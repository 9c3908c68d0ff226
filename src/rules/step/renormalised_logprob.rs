//! RT117: the engine's log-probs are renormalised over the tokens that sampling kept, the trainer's are not.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::{TOKENS, count_sums, is_proportional, pairs, thousandths};

pub(super) static RULE: Rule = Rule::candidate(page!("RT117-renormalised-logprob"), check, say).when(fires);

/// Tokens of either kind, likely and unlikely, that a run is judged by.
const LEAST: u64 = 16;
/// No sampling that anybody uses cuts off more mass than this takes, in nats: a twelfth would be left.
const FAR: f64 = 2.5;

const KINDS: [(&str, &str); 2] =
    [("likely tokens", "likely tokens higher"), ("unlikely tokens", "unlikely tokens higher")];
const RATIOS: &str = "sum of trainer/engine in millionths";
const CERTAIN: &str = "tokens that are certain to the engine alone";
const BEYOND: &str = "tokens far apart";

/// Tokens of one kind whose log-probs differ.
#[derive(Clone, Copy, Default)]
struct Decided {
    all: u64,
    /// Those where the engine's is the higher one.
    higher: u64,
}

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    count_sums(view, seen);
    let (mut likely, mut unlikely) = (Decided::default(), Decided::default());
    let (mut ratios, mut certain, mut beyond, mut gap) = (0, 0, 0, 0.0);
    for pair in pairs(view) {
        let difference = pair.difference();
        ratios += thousandths(1000.0 * numeric::exp(difference.min(10.0)));
        certain += u64::from(pair.engine >= 0.0 && pair.is_decided());
        beyond += u64::from(difference.abs() > FAR);
        if pair.is_decided() {
            let kind = if pair.is_likely() { &mut likely } else { &mut unlikely };
            kind.all += 1;
            kind.higher += u64::from(difference < 0.0);
            gap += difference;
        }
    }
    for (name, count) in [(RATIOS, ratios), (CERTAIN, certain), (BEYOND, beyond)] {
        seen.count(name, count);
    }
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
            "at {higher} of {all} tokens that differ by more than 0.02 the engine's log-prob is the higher one; the mean of \
             trainer - engine is {mean:.3}"
        ))
    });
}

/// Mass that was cut off lifts what is left, likely or not, by no more than that mass is worth. Noise lies on either
/// side, a temperature lifts one end and presses the other, and a log-prob times a number moves the more the lower it is.
fn fires(all: &Observed) -> bool {
    let lifted = |(kind, above): (&str, &str)| {
        let (decided, higher) = (all.counter(kind), all.counter(above));
        decided >= LEAST && 20 * higher >= 19 * decided
    };
    KINDS.into_iter().all(lifted) && 100 * all.counter(BEYOND) <= all.counter(TOKENS) && !is_proportional(all)
}

fn say(all: &Observed) -> Message {
    let sum = |names: [&str; 2]| names.iter().map(|name| all.counter(name)).sum::<u64>();
    let [(likely, likely_higher), (unlikely, unlikely_higher)] = KINDS;
    let (decided, higher) = (sum([likely, unlikely]), sum([likely_higher, unlikely_higher]));
    let tokens = all.counter(TOKENS);
    let kept = all.counter(RATIOS) as f64 / tokens as f64 / 1e6;
    let certain = match all.counter(CERTAIN) {
        0 => String::new(),
        count => format!("; {count} tokens have a log-prob of 0 in the engine alone"),
    };
    Message::new(format!(
        "the engine's log-probs are renormalised over the tokens that sampling kept, the trainer's are not: they are higher \
         at {higher} of {decided} tokens that differ, and the mass kept, the mean of exp(trainer - engine) over {tokens} \
         tokens, is {kept:.3}{certain}"
    ))
    .help(
        "let both sides normalise over the same tokens: sample without top-p, top-k and min-p, return the engine's raw \
         log-probs (vLLM: `logprobs_mode`), or renormalise the trainer's over the tokens that were kept",
    )
}
