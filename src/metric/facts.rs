//! What is kept of the facts of rows that are no plain fields: verdicts of judges, rollouts, searches, votes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::alike::{Alike, FirstRow};
use crate::metric::capped::{Capped, kept};
use crate::metric::grading::Grading;
use crate::metric::ranking::Rankings;
use crate::metric::reward_sums::{RewardSums, Rewarded};
use crate::metric::votes::Votes;
use crate::model::{Origin, RowFact, RowField, TokenMask, TokenSums};
use crate::numeric::ExactSum;

/// Judges that are kept.
const JUDGES: usize = 32;
/// Rewards of a rollout that are told apart.
const REWARDS: usize = 8;
/// Rollouts that are kept.
const ROLLOUTS: usize = 1 << 16;
/// Pairs of counts that are kept.
const SAMPLES: usize = 1 << 10;
/// Names of numbers that are means of values that no single row has.
const COUNTED: usize = 1 << 10;
/// Equal rollouts of a group that are looked at.
const EQUAL: u64 = 1 << 10;

/// What a judge says of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JudgeRows {
    /// Rows.
    pub rows: u64,
    /// Rows that it passes.
    pub passed: u64,
    /// Rows that it passes with a score of 0.
    pub zeros: u64,
}

/// A sum over rollouts.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RolloutSum {
    /// The sum.
    pub value: ExactSum,
    /// Σ of the sizes of what was added, for bounds of rounding.
    pub size: ExactSum,
}

impl RolloutSum {
    fn add(&mut self, number: f64) {
        self.value.add(number);
        self.size.add(number.abs());
    }

    fn merge(&mut self, other: &Self) {
        self.value.merge(&other.value);
        self.size.merge(&other.size);
    }
}

/// How far trainer and engine lie apart over the tokens of one mask.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenRows {
    /// Rollouts.
    pub rows: u64,
    /// Tokens.
    pub tokens: u64,
    /// Σ |exp(trainer) − exp(engine)|.
    pub probs_diff: RolloutSum,
    /// Σ of its squares.
    pub squares: RolloutSum,
    /// The largest.
    pub largest: f64,
    /// Σ (engine − trainer).
    pub k1: RolloutSum,
    /// Σ (r − 1 − ln r) with r = exp(trainer − engine).
    pub k3: RolloutSum,
    /// The same with r = exp(engine − trainer).
    pub k3_swapped: RolloutSum,
}

impl TokenRows {
    fn observe(&mut self, sums: &TokenSums) {
        self.rows += 1;
        self.tokens += sums.tokens;
        self.probs_diff.add(sums.probs_diff);
        self.squares.add(sums.squares);
        self.largest = self.largest.max(sums.largest);
        self.k1.add(sums.k1);
        self.k3.add(sums.k3);
        self.k3_swapped.add(sums.k3_swapped);
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.tokens += other.tokens;
        self.probs_diff.merge(&other.probs_diff);
        self.squares.merge(&other.squares);
        self.largest = self.largest.max(other.largest);
        self.k1.merge(&other.k1);
        self.k3.merge(&other.k3);
        self.k3_swapped.merge(&other.k3_swapped);
    }
}

/// What a number of the run is the mean of.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Rows.
    pub rows: u64,
    /// Σ of what is averaged.
    pub sum: RolloutSum,
    /// Σ of the counts.
    pub count: RolloutSum,
}

/// Rollouts by their group, and the bits of their rewards by function and of their advantage.
pub type Rewards = Capped<(u64, Vec<u64>, u64), u64, ROLLOUTS>;

/// The facts of the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RowFacts {
    /// Rows with any fact.
    pub rows: u64,
    /// Judges without a logged threshold, by name.
    pub judges: BTreeMap<String, JudgeRows>,
    /// Distances between trainer and engine.
    pub tokens: BTreeMap<TokenMask, TokenRows>,
    /// Rollouts with several rewards, by the names of their functions.
    pub rewards: BTreeMap<Vec<String>, Rewards>,
    /// Rollouts by their group, and the bits of their reward and advantage.
    rollouts: Capped<(u64, u64, u64), Alike, ROLLOUTS>,
    /// Rewards with the parts that they are made of.
    pub reward_sums: RewardSums,
    /// What numbers of the run are means of, by name: Σ, Σ of the sizes and the count.
    pub counted: BTreeMap<String, Counted>,
    /// Searches.
    pub rankings: Rankings,
    /// Votes.
    pub votes: Votes,
    /// Marks.
    pub grading: Grading,
    /// Samples of problems and right ones of them.
    pub samples: Capped<(u32, u32), u64, SAMPLES>,
}

impl RowFacts {
    pub(super) fn observe(&mut self, facts: &[RowFact<'_>], row: &[RowField<'_>], origin: &dyn Origin) {
        let is_plain = |fact: &RowFact<'_>| matches!(fact, RowFact::Graded { .. } | RowFact::Rewarded { .. });
        self.rows += u64::from(!facts.iter().all(is_plain));
        for fact in facts {
            match fact {
                RowFact::Judged { judge, passes, is_zero } => {
                    let Some(own) = kept(&mut self.judges, judge, JUDGES) else { continue };
                    own.rows += 1;
                    own.passed += u64::from(*passes);
                    own.zeros += u64::from(*passes && *is_zero);
                }
                RowFact::Tokens(sums) => self.tokens.entry(sums.mask).or_default().observe(sums),
                RowFact::Rewards { group, parts, advantage } => self.observe_rewards(*group, parts, *advantage),
                RowFact::Rollout { group, reward, advantage, at } => {
                    let key = (*group, reward.to_bits(), advantage.to_bits());
                    self.rollouts.change(key, |own| own.see("", *at, origin));
                }
                RowFact::Rewarded { item, name, reward, parts, weights, of, at } => {
                    let parts = parts.iter().map(|(name, number)| (name.as_ref(), *number)).collect();
                    let row = Rewarded { item, reward: *reward, parts, weights, of: *of, at: *at };
                    self.reward_sums.observe(name, &row, origin);
                }
                RowFact::Counted { name, sum, count } => {
                    let Some(own) = kept(&mut self.counted, name, COUNTED) else { continue };
                    own.rows += 1;
                    own.sum.add(*sum);
                    own.count.add(*count);
                }
                RowFact::Returned(returned) => self.rankings.observe(returned, row),
                RowFact::Votes(votes) => {
                    self.votes.observe(votes);
                    let count = |own: usize| u32::try_from(own).unwrap_or(u32::MAX);
                    let right = count(votes.iter().filter(|vote| vote.right).count());
                    self.samples.change((count(votes.len()), right), |times| *times += 1);
                }
                RowFact::Graded { item, gold, responses, right } => {
                    let responses: Vec<&str> = responses.iter().map(AsRef::as_ref).collect();
                    self.grading.observe(item, gold, &responses, *right);
                }
                RowFact::Samples { samples, right } => self.samples.change((*samples, *right), |times| *times += 1),
            }
        }
    }

    fn observe_rewards(&mut self, group: u64, parts: &[(Cow<'_, str>, f64)], advantage: f64) {
        let mut parts: Vec<(&str, f64)> = parts.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
        parts.sort_unstable_by_key(|(name, _)| *name);
        if parts.is_empty() || parts.len() > REWARDS {
            return;
        }
        let names: Vec<String> = parts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let bits = parts.iter().map(|(_, value)| value.to_bits()).collect();
        self.rewards.entry(names).or_default().change((group, bits, advantage.to_bits()), |times| *times += 1);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (judge, theirs) in other.judges {
            let Some(own) = kept(&mut self.judges, &judge, JUDGES) else { continue };
            own.rows += theirs.rows;
            own.passed += theirs.passed;
            own.zeros += theirs.zeros;
        }
        for (mask, theirs) in other.tokens {
            self.tokens.entry(mask).or_default().merge(&theirs);
        }
        for (names, theirs) in other.rewards {
            self.rewards.entry(names).or_default().merge(theirs, |own, theirs| *own += theirs);
        }
        self.rollouts.merge(other.rollouts, Alike::merge);
        for (name, theirs) in other.counted {
            let Some(own) = kept(&mut self.counted, &name, COUNTED) else { continue };
            own.rows += theirs.rows;
            own.sum.merge(&theirs.sum);
            own.count.merge(&theirs.count);
        }
        self.reward_sums.merge(other.reward_sums);
        self.rankings.merge(other.rankings);
        self.votes.merge(other.votes);
        self.grading.merge(other.grading);
        self.samples.merge(other.samples, |own, theirs| *own += theirs);
    }

    /// Rewards with their advantages, by group.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<u64, Vec<(f64, f64)>> {
        let mut groups: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        for ((group, reward, advantage), alike) in &self.rollouts.rows {
            let own = groups.entry(*group).or_default();
            let one = (f64::from_bits(*reward), f64::from_bits(*advantage));
            own.extend((0..alike.times.min(EQUAL)).map(|_| one));
        }
        // Some of the last one's rows may have been left out.
        if self.rollouts.has_more {
            groups.pop_last();
        }
        groups
    }

    /// The first rollout of a group with a reward and an advantage.
    #[must_use]
    pub fn first_rollout(&self, group: u64, (reward, advantage): (f64, f64)) -> Option<&FirstRow> {
        self.rollouts.rows.get(&(group, reward.to_bits(), advantage.to_bits()))?.first.as_ref()
    }

    /// Sets the index of the input in all places.
    pub fn renumber(&mut self, file: u32) {
        self.rollouts.rows.values_mut().for_each(|alike| alike.renumber(file));
        self.reward_sums.renumber(file);
    }
}
