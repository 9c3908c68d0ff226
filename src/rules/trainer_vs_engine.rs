//! Sums over the tokens of a rollout that have two log-probs, the engine's and the trainer's.

use crate::rules::prelude::*;

/// Two log-probs that are closer than this say nothing, in nats.
const DECIDED: f64 = 0.02;
/// A token is a likely one when its two log-probs lie above this on average, in nats.
const LIKELY: f64 = -1.0;
/// Log-probs below this are left out: they are floors, and bounded squares have exact sums. In nats.
const FLOOR: f64 = -50.0;

/// Tokens with both log-probs.
pub(super) const TOKENS: &str = "tokens";
const X: &str = "sum of the engine in thousandths";
const Y: &str = "sum of the trainer in thousandths";
const XX: &str = "sum of squares of the engine in millionths";
const XY: &str = "sum of products in millionths";
const YY: &str = "sum of squares of the trainer in millionths";

/// The two log-probs of one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Of the engine, in nats.
    pub engine: f64,
    /// Of the trainer, in nats.
    pub trainer: f64,
}

impl Pair {
    /// The two log-probs of a step, where it has both.
    pub(super) fn of(step: &crate::model::Step<'_>) -> Option<Self> {
        let pair = Self { engine: step.rollout_logprob.finite()?.value, trainer: step.logprob.finite()?.value };
        let in_range = |value: f64| (FLOOR..=0.01).contains(&value);
        (in_range(pair.engine) && in_range(pair.trainer)).then_some(pair)
    }

    /// Trainer − engine, in nats.
    pub(super) fn difference(self) -> f64 {
        self.trainer - self.engine
    }

    pub(super) fn is_decided(self) -> bool {
        self.difference().abs() > DECIDED
    }

    pub(super) fn is_likely(self) -> bool {
        f64::midpoint(self.engine, self.trainer) > LIKELY
    }
}

/// A magnitude in thousandths, so that sums are exact in any order.
pub(super) fn thousandths(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and some hundred thousand")]
    let thousandths = (value.abs() * 1000.0).round() as u64;
    thousandths
}

/// The tokens of a rollout that have both log-probs.
pub(super) fn pairs<'v>(view: &'v CandidateView<'_>) -> impl Iterator<Item = Pair> + 'v {
    view.scored().filter_map(Pair::of)
}

/// Counts what [`spreads`] and [`is_proportional`] are computed from.
pub(super) fn count_sums(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let mut sums = [(TOKENS, 0), (X, 0), (Y, 0), (XX, 0), (XY, 0), (YY, 0)];
    for pair in pairs(view) {
        let (x, y) = (thousandths(pair.engine.min(0.0)), thousandths(pair.trainer.min(0.0)));
        for ((_, sum), term) in sums.iter_mut().zip([1, x, y, x * x, x * y, y * y]) {
            *sum += term;
        }
    }
    for (name, sum) in sums {
        seen.count(name, sum);
    }
}

/// Squared deviations of the engine's log-probs, of both together and of the trainer's, all times the number of tokens.
pub(super) fn spreads(all: &Observed) -> (i128, i128, i128) {
    let sum = |name: &str| i128::from(all.counter(name));
    let (n, x, y) = (sum(TOKENS), sum(X), sum(Y));
    (n * sum(XX) - x * x, n * sum(XY) - x * y, n * sum(YY) - y * y)
}

/// Whether the trainer's log-probs are those of the engine times one number: at least nine tenths of what lies between
/// them are a slope through the origin.
pub(super) fn is_proportional(all: &Observed) -> bool {
    let sum = |name: &str| i128::from(all.counter(name));
    let (xx, xy, yy) = (sum(XX), sum(XY), sum(YY));
    let between = yy - 2 * xy + xx;
    10 * (yy * xx - xy * xy) <= between * xx
}
