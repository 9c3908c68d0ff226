//! RT706: one side of a rollout is exactly 0.0 at one position of nearly all rows, and the other side is not.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::Pair;

pub(super) static RULE: Rule = Rule::candidate(page!("RT706-zero-filled-logprobs"), check, say)
    .counts(&[SIDES[0].filled, SIDES[1].filled])
    .sums(&[SIDES[0].first, SIDES[0].last, SIDES[1].first, SIDES[1].last])
    .histograms(&[SIDES[0].zeros, SIDES[0].contradicted, SIDES[1].zeros, SIDES[1].contradicted])
    .when(|all| filled(all).is_some());

/// Rows that a run is judged by.
const LEAST: u64 = 8;
/// Tokens of a row that is judged.
const LEAST_TOKENS: usize = 3;
/// A log-prob below this is not that of a certain token, in nats.
const UNCERTAIN: f64 = -0.05;
/// Positions that are counted, from either end of a row.
const REACH: usize = 32;
/// Bin of the last token; earlier ones follow.
const LAST: u64 = 64;

/// What is kept of the zeros of one side.
struct Side {
    name: &'static str,
    other: &'static str,
    /// The side's log-prob and the other's.
    values: fn(Pair) -> (f64, f64),
    /// Tokens that are 0.0 where the other side is not certain.
    filled: Key<u64>,
    /// The other side's log-probs where the first or the last token is 0.0, in nats.
    first: Key<ExactSum>,
    last: Key<ExactSum>,
    /// Rows that are 0.0 at a position, and those of them where the other side is not certain, by position.
    zeros: Key<Histogram>,
    contradicted: Key<Histogram>,
}

const SIDES: [Side; 2] = [
    Side {
        name: "engine",
        other: "trainer",
        values: |pair| (pair.engine, pair.trainer),
        filled: Key::new(0, "engine_filled"),
        first: Key::new(0, "trainer_at_first_token"),
        last: Key::new(1, "trainer_at_last_token"),
        zeros: Key::new(0, "engine_zeros_by_position"),
        contradicted: Key::new(1, "engine_filled_by_position"),
    },
    Side {
        name: "trainer",
        other: "engine",
        values: |pair| (pair.trainer, pair.engine),
        filled: Key::new(1, "trainer_filled"),
        first: Key::new(2, "engine_at_first_token"),
        last: Key::new(3, "engine_at_last_token"),
        zeros: Key::new(2, "trainer_zeros_by_position"),
        contradicted: Key::new(3, "trainer_filled_by_position"),
    },
];

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let row: Vec<_> = view.scored().filter_map(|step| Some((step.at, Pair::of(step)?))).collect();
    if row.len() < LEAST_TOKENS {
        return;
    }
    let mut shown = None;
    for side in &SIDES {
        for (at, (place, pair)) in row.iter().enumerate() {
            let (own, other) = (side.values)(*pair);
            if own != 0.0 {
                continue;
            }
            let from_end = row.len() - 1 - at;
            for (key, end) in [(side.first, at), (side.last, from_end)] {
                if end == 0 {
                    seen.add(key, other);
                }
            }
            let bins = [(at, 0), (from_end, LAST)].into_iter().filter(|(at, _)| *at < REACH);
            for bin in bins.map(|(at, offset)| at as u64 + offset) {
                seen.histogram(side.zeros).add(bin, 1);
                if other < UNCERTAIN {
                    seen.histogram(side.contradicted).add(bin, 1);
                }
            }
            if other < UNCERTAIN {
                seen.count(side.filled, 1);
                shown = shown.or(Some((*place, side, other)));
            }
        }
    }
    let Some((at, side, other)) = shown else { return seen.holds() };
    seen.judge(at, false, || {
        let detail = format!("the {}'s log-prob is exactly 0.0, the {}'s is {other}", side.name, side.other);
        Evidence::equals(other).found(0.0).detail(detail)
    });
}

/// A position at which one side is filled.
struct Filled {
    side: &'static Side,
    bin: u64,
    /// Rows that are 0.0 there, and those of them where the other side is not certain.
    zeros: u64,
    contradicted: u64,
}

/// Zeros at other positions are those of sampling in use, which makes tokens certain anywhere.
fn filled(all: &Observed) -> Option<Filled> {
    if all.judged < LEAST {
        return None;
    }
    SIDES.iter().find_map(|side| {
        let (zeros, contradicted) = (all.histograms.get(side.zeros)?, all.histograms.get(side.contradicted)?);
        let bins = [LAST, 0].into_iter().chain(contradicted.bins().map(|(bin, _)| bin));
        let at = |bin: u64| Filled { side, bin, zeros: zeros.count(bin), contradicted: contradicted.count(bin) };
        bins.map(at).find(|found| {
            let elsewhere = all.count(side.filled) - found.contradicted.min(all.count(side.filled));
            20 * found.zeros >= 19 * all.judged
                && 2 * found.contradicted > all.judged
                && 10 * elsewhere <= found.contradicted
        })
    })
}

fn say(all: &Observed) -> Message {
    let Some(Filled { side, bin, zeros, contradicted }) = filled(all) else { return Message::default() };
    let Side { name, other, .. } = side;
    let mean = |key| format!("is {:.2} on average", all.sum(key) / zeros as f64);
    let below = || format!("is below {UNCERTAIN} in {contradicted} of them");
    let (token, value) = match bin {
        LAST => ("the last token".to_owned(), mean(side.last)),
        0 => ("the first token".to_owned(), mean(side.first)),
        bin if bin > LAST => (format!("token {} from the end", bin - LAST + 1), below()),
        bin => (format!("token {}", bin + 1), below()),
    };
    Message::new(format!(
        "the {name}'s log-prob of {token} under the mask is exactly 0.0 in {zeros} of {} rows while the {other}'s {value}: filled, \
         not measured",
        all.judged
    ))
    .help("mask a token that was not sampled, or log the log-prob that was measured; write null where there is none")
}
