//! Sums over the tokens of a rollout that have two log-probs, the engine's and the trainer's.

use crate::rules::prelude::*;
use crate::tally::{PairSums, Second};

/// Two log-probs closer than this are not evidence, in nats.
const DECIDED: f64 = 0.02;
/// A token is a likely one when its two log-probs lie above this on average, in nats.
const LIKELY: f64 = -1.0;
/// Log-probs below this are left out: they are floors, and bounded squares have exact sums. In nats.
const FLOOR: f64 = -50.0;
/// Values above this are not log-probs; half-precision noise stays below it. In nats.
const CEILING: f64 = 0.01;

/// Columns that vary by less than this have no spread to compare, in nats: it is the noise of number formats.
const NOISE: f64 = 1e-3;

/// Log-probs of the engine and the trainer, of the tokens that have both.
pub(super) const BOTH: Key<Moments> = Key::new(0, "engine_and_trainer");

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
        let in_range = |value: f64| (FLOOR..=CEILING).contains(&value);
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

/// The tokens of a rollout that have both log-probs.
pub(super) fn pairs<'v>(view: &'v CandidateView<'_>) -> impl Iterator<Item = Pair> + 'v {
    view.scored().filter_map(Pair::of)
}

/// Adds what [`spreads`] and [`is_proportional`] are computed from.
pub(super) fn add_moments(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let mut sums = PairSums::default();
    pairs(view).for_each(|pair| sums.add(pair.engine.min(0.0), pair.trainer.min(0.0)));
    seen.moments(BOTH).add(&sums);
}

/// Variances of the engine's (x) and the trainer's (y) log-probs and their covariance, where both columns vary.
pub(super) fn spreads(all: &Observed) -> Option<Second> {
    let spreads = all.moments.get(BOTH)?.variances();
    (spreads.xx.min(spreads.yy) > NOISE * NOISE).then_some(spreads)
}

/// Whether the trainer's log-probs are the engine's times one number: a line through the origin explains at least nine
/// tenths of their difference.
pub(super) fn is_proportional(all: &Observed) -> bool {
    let Some(moments) = all.moments.get(BOTH) else { return true };
    let Second { xx, xy, yy } = moments.squares();
    let between = yy - 2.0 * xy + xx;
    10.0 * (yy * xx - xy * xy) <= between * xx
}

/// How far two log-probs lie apart, in nats; one floor among them must not outweigh the rest.
pub(super) fn distance(a: f64, b: f64) -> f64 {
    (a - b).abs().min(1000.0)
}

/// Distances over pairs of neighbouring tokens: summed over one candidate or over all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Neighbours {
    /// Pairs of neighbours.
    pub pairs: u64,
    /// Distances between the trainer's and the engine's log-prob of the same token, in nats.
    pub same: f64,
    /// Distances of the trainer's to the engine's of the token before.
    pub earlier: f64,
    /// Distances of the trainer's to the engine's of the token after.
    pub later: f64,
}

/// Under which keys a rule keeps [`Neighbours`].
pub(super) struct NeighbourKeys {
    pub pairs: Key<u64>,
    pub same: Key<ExactSum>,
    pub earlier: Key<ExactSum>,
    pub later: Key<ExactSum>,
}

impl NeighbourKeys {
    /// Adds those of a candidate.
    pub(super) fn keep(&self, own: &Neighbours, seen: &mut Observer<'_>) {
        seen.count(self.pairs, own.pairs);
        for (key, sum) in [(self.same, own.same), (self.earlier, own.earlier), (self.later, own.later)] {
            seen.add(key, sum);
        }
    }

    /// Those of all candidates.
    pub(super) fn of(&self, all: &Observed) -> Neighbours {
        let (same, earlier, later) = (all.sum(self.same), all.sum(self.earlier), all.sum(self.later));
        Neighbours { pairs: all.count(self.pairs), same, earlier, later }
    }
}

impl Neighbours {
    /// Pairs of neighbours that a run is judged by.
    const LEAST: u64 = 16;
    /// Least mean distance of columns that are not aligned, in nats: noise of number formats is smaller.
    pub(super) const APART: f64 = 0.25;
    /// Columns that are shifted lie this many times closer when they are shifted back.
    pub(super) const CLOSER: f64 = 5.0;

    /// Those of one candidate.
    pub(super) fn of(view: &CandidateView<'_>) -> Self {
        let mut own = Self::default();
        for two in view.candidate.steps.windows(2) {
            let [one, next] = two else { continue };
            let (Some((trainer, engine)), Some((next_trainer, next_engine))) = (both(one), both(next)) else {
                continue;
            };
            own.pairs += 1;
            own.same += distance(trainer, engine);
            own.later += distance(trainer, next_engine);
            own.earlier += distance(next_trainer, engine);
        }
        own
    }

    /// The neighbour, `before` or `after`, whose engine's log-prob the trainer's is, with the sum of the distances there.
    pub(super) fn shift(&self) -> Option<(&'static str, f64)> {
        if self.pairs < Self::LEAST || self.same < Self::APART * self.pairs as f64 {
            return None;
        }
        let sides = [("before", self.earlier), ("after", self.later)];
        sides.into_iter().find(|(_, sum)| sum * Self::CLOSER <= self.same)
    }
}

/// The trainer's and the engine's log-prob of a step that counts.
fn both(step: &crate::model::Step<'_>) -> Option<(f64, f64)> {
    Some((step.logprob.finite()?.value, step.rollout_logprob.finite()?.value)).filter(|_| step.segment.is_scored())
}
