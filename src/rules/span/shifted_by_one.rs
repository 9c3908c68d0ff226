//! RT305: values belong to the neighbouring position.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::{NeighbourKeys, Neighbours};

pub(super) static RULE: Rule = Rule::candidate(page!("RT305-shifted-by-one"), check, say)
    .and_cause(matches, say_cause)
    .counts(&[PAIRS])
    .sums(&[SAME, EARLIER, LATER])
    .when(|all| shift(all).is_some());

/// Pairs of neighbouring tokens.
const PAIRS: Key<u64> = Key::new(0, "pairs_of_neighbours");
/// Distances between the trainer's and the engine's log-prob of the same token, in nats.
const SAME: Key<ExactSum> = Key::new(0, "distance_at_same_token");
/// Distances of the trainer's to the engine's of the token before.
const EARLIER: Key<ExactSum> = Key::new(1, "distance_to_token_before");
/// Distances of the trainer's to the engine's of the token after.
const LATER: Key<ExactSum> = Key::new(2, "distance_to_token_after");

const KEYS: NeighbourKeys = NeighbourKeys { pairs: PAIRS, same: SAME, earlier: EARLIER, later: LATER };

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let own = Neighbours::of(view);
    if own.pairs == 0 {
        return;
    }
    KEYS.keep(&own, seen);
    let Neighbours { pairs, same, earlier, later } = own;
    let nearest = f64::min(earlier, later);
    seen.judge_here(nearest * Neighbours::CLOSER > same, || {
        let mean = |sum: f64| sum / pairs as f64;
        let side = if earlier < later { "before" } else { "after" };
        Evidence::equals(mean(nearest)).found(mean(same)).detail(format!(
            "over {pairs} pairs of neighbours the mean distance of the trainer's log-prob to the engine's is {:.3} at the same \
             token and {:.3} at the token {side}",
            mean(same),
            mean(nearest)
        ))
    });
}

/// The token whose engine's log-prob the trainer's is, and the distances there and at the same token, in nats.
fn shift(all: &Observed) -> Option<(&'static str, f64, f64)> {
    let neighbours = KEYS.of(all);
    neighbours.shift().map(|(side, sum)| (side, sum, neighbours.same))
}

fn say(all: &Observed) -> Message {
    let pairs = all.count(PAIRS) as f64;
    let (side, shifted, same) = shift(all).unwrap_or_default();
    let mean = |sum: f64| sum / pairs;
    Message::new(format!(
        "the trainer's log-probs match the engine's at the token {side}: the mean distance is {:.3} at the same token and {:.3} \
         shifted by one, over {pairs} pairs of neighbours",
        mean(same),
        mean(shifted)
    ))
    .help("take the log-prob of token t from the logits at t - 1 on both sides, and slice both to the same tokens")
}

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.span(), Some(Span::ShiftLater | Span::ShiftEarlier))
}

fn say_cause(cause: &Cause<'_>) -> Message {
    cause.message("sum over the continuation's own positions: token t is predicted by the logits at t - 1")
}
