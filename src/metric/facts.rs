//! What is kept of the facts of rows that are no plain fields: verdicts of judges, rollouts, searches, votes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::capped::{Capped, kept};
use crate::metric::grading::Grading;
use crate::metric::ranking::Rankings;
use crate::metric::votes::Votes;
use crate::model::{RolloutMask, RowFact, RowField};
use crate::numeric::ExactSum;

/// Judges that are kept.
const JUDGES: usize = 32;
/// Rollouts that are kept.
const ROLLOUTS: usize = 1 << 16;
/// Pairs of counts that are kept.
const SAMPLES: usize = 1 << 10;
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

/// How far the probabilities of trainer and engine lie apart.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct GapRows {
    /// Rollouts.
    pub rows: u64,
    /// Σ of the gaps.
    pub sum: ExactSum,
    /// Tokens.
    pub tokens: u64,
}

/// The facts of the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RowFacts {
    /// Rows with any fact.
    pub rows: u64,
    /// Judges without a logged threshold, by name.
    pub judges: BTreeMap<String, JudgeRows>,
    /// Gaps between trainer and engine.
    pub gaps: BTreeMap<RolloutMask, GapRows>,
    /// Rollouts by their group, and the bits of their reward and advantage.
    rollouts: Capped<(u64, u64, u64), u64, ROLLOUTS>,
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
    pub(super) fn observe(&mut self, facts: &[RowFact<'_>], row: &[RowField<'_>]) {
        let is_plain = |fact: &RowFact<'_>| matches!(fact, RowFact::Graded { .. });
        self.rows += u64::from(!facts.iter().all(is_plain));
        for fact in facts {
            match fact {
                RowFact::Judged { judge, passes, is_zero } => {
                    let Some(own) = kept(&mut self.judges, judge, JUDGES) else { continue };
                    own.rows += 1;
                    own.passed += u64::from(*passes);
                    own.zeros += u64::from(*passes && *is_zero);
                }
                RowFact::ProbsDiff { mask, sum, tokens } => {
                    let own = self.gaps.entry(*mask).or_default();
                    own.rows += 1;
                    own.sum.add(*sum);
                    own.tokens += tokens;
                }
                RowFact::Rollout { group, reward, advantage } => {
                    self.rollouts.change((*group, reward.to_bits(), advantage.to_bits()), |times| *times += 1);
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

    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (judge, theirs) in other.judges {
            let Some(own) = kept(&mut self.judges, &judge, JUDGES) else { continue };
            own.rows += theirs.rows;
            own.passed += theirs.passed;
            own.zeros += theirs.zeros;
        }
        for (mask, theirs) in other.gaps {
            let own = self.gaps.entry(mask).or_default();
            own.rows += theirs.rows;
            own.sum.merge(&theirs.sum);
            own.tokens += theirs.tokens;
        }
        self.rollouts.merge(other.rollouts, |own, theirs| *own += theirs);
        self.rankings.merge(other.rankings);
        self.votes.merge(other.votes);
        self.grading.merge(other.grading);
        self.samples.merge(other.samples, |own, theirs| *own += theirs);
    }

    /// Rewards with their advantages, by group.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<u64, Vec<(f64, f64)>> {
        let mut groups: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        for ((group, reward, advantage), times) in &self.rollouts.rows {
            let own = groups.entry(*group).or_default();
            let one = (f64::from_bits(*reward), f64::from_bits(*advantage));
            own.extend((0..(*times).min(EQUAL)).map(|_| one));
        }
        // Some of the last one's rows may have been left out.
        if self.rollouts.has_more {
            groups.pop_last();
        }
        groups
    }
}
