//! RT305: values belong to the neighbouring position.

use crate::model::Step;
use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::thousandths;

pub(super) static RULE: Rule = Rule::candidate(page!("RT305-shifted-by-one"), check, say)
    .and_cause(matches, say_cause)
    .when(|all| shift(all).is_some());

/// Pairs of neighbours that a run is judged by.
const LEAST: u64 = 16;
/// Least mean distance of columns that are not aligned, in thousandths of a nat: noise of number formats is smaller.
const APART: u64 = 250;
/// Columns that are shifted lie this many times closer when they are shifted back.
const CLOSER: u64 = 5;

const PAIRS: &str = "pairs of neighbours";
const SAME: &str = "distance at the same token in thousandths";
const EARLIER: &str = "distance of the trainer to the token before in thousandths";
const LATER: &str = "distance of the trainer to the token after in thousandths";

/// How far two log-probs lie apart, in thousandths of a nat.
fn distance(a: f64, b: f64) -> u64 {
    thousandths((a - b).abs().min(1000.0))
}

/// The trainer's and the engine's log-prob of a step that counts.
fn both(step: &Step<'_>) -> Option<(f64, f64)> {
    Some((step.logprob.finite()?.value, step.rollout_logprob.finite()?.value)).filter(|_| step.segment.is_scored())
}

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let (mut pairs, mut same, mut earlier, mut later) = (0, 0, 0, 0);
    for two in view.candidate.steps.windows(2) {
        let [one, next] = two else { continue };
        let (Some((trainer, engine)), Some((next_trainer, next_engine))) = (both(one), both(next)) else { continue };
        pairs += 1;
        same += distance(trainer, engine);
        later += distance(trainer, next_engine);
        earlier += distance(next_trainer, engine);
    }
    if pairs == 0 {
        return;
    }
    for (name, sum) in [(PAIRS, pairs), (SAME, same), (EARLIER, earlier), (LATER, later)] {
        seen.count(name, sum);
    }
    let nearest = earlier.min(later);
    seen.judge_here(nearest * CLOSER > same, || {
        let mean = |sum: u64| sum as f64 / pairs as f64 / 1000.0;
        let side = if earlier < later { "before" } else { "after" };
        Evidence::equals(mean(nearest)).found(mean(same)).detail(format!(
            "over {pairs} pairs of neighbours the trainer's log-prob lies {:.3} from the engine's of the same token and {:.3} \
             from the engine's of the token {side}",
            mean(same),
            mean(nearest)
        ))
    });
}

/// The token whose engine's log-prob the trainer's is, and the mean distances there and at the same token, in thousandths.
fn shift(all: &Observed) -> Option<(&'static str, u64, u64)> {
    let pairs = all.counter(PAIRS);
    let same = all.counter(SAME);
    if pairs < LEAST || same < APART * pairs {
        return None;
    }
    let sides = [("before", all.counter(EARLIER)), ("after", all.counter(LATER))];
    sides.into_iter().find(|(_, sum)| sum * CLOSER <= same).map(|(side, sum)| (side, sum, same))
}

fn say(all: &Observed) -> Message {
    let pairs = all.counter(PAIRS) as f64;
    let (side, shifted, same) = shift(all).unwrap_or_default();
    let mean = |sum: u64| sum as f64 / pairs / 1000.0;
    Message::new(format!(
        "the trainer's log-probs are the engine's of the token {side}: they lie {:.3} apart on average at the same token and \
         {:.3} when shifted by one, over {pairs} pairs of neighbours",
        mean(same),
        mean(shifted)
    ))
    .help("take the log-prob of token t from the logits at t - 1 on both sides, and cut both to the same tokens")
}

fn matches(deviations: &Deviations) -> bool {
    matches!(deviations.span(), Some(Span::ShiftLater | Span::ShiftEarlier))
}

fn say_cause(cause: &Cause<'_>) -> Message {
    cause.message("sum over the continuation's own positions: token t is predicted by the logits at t - 1")
}
