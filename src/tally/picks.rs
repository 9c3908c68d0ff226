//! What picks follow from: the reported scores, a field that nothing is known of, a vote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Place;
use crate::tally::{Exemplar, Flip, Smallest, Switched};

/// Reasons that are kept: the first in their order, so that the counts of those kept are whole.
const REASONS: usize = 64;

/// Why a candidate may have been picked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// It has the highest value of a field without a role.
    Highest(String),
    /// It has the lowest one.
    Lowest(String),
    /// Its answer is the one that most candidates come to.
    Majority,
    /// It has the worst value of a claim whose direction is known.
    Worst(String),
}

impl Reason {
    /// Whether it excuses a pick that is not the best by the scores.
    #[must_use]
    pub fn is_legitimate(&self) -> bool {
        !matches!(self, Self::Worst(_))
    }
}

/// How many items a reason explains.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Reasoned {
    /// Items that it speaks of.
    pub judged: u64,
    /// Items whose pick it gives.
    pub explained: u64,
    /// How little chance would have given them, in tenths of a bit.
    pub tenths_of_bits: u64,
    /// Items in which the field is not a whole number throughout: it measures something.
    pub measured: u64,
}

/// What the picks of a stream follow from.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct PickReasons {
    /// Items whose pick can be held to scores or to a reason.
    pub items: u64,
    /// By reason.
    pub reasons: BTreeMap<Reason, Reasoned>,
    /// Items whose pick can be held to the reported scores.
    pub judged: u64,
    /// Of these, items whose pick is not the best candidate by any of them.
    pub contradicted: u64,
    /// The first of them.
    pub shown: Smallest<Exemplar, 5>,
    /// What the argmax of the primary score would change.
    pub argmax: Argmax,
    /// What the argmax of scores recomputed from the steps' vectors or alternatives would change.
    pub recomputed: Argmax,
    /// How the best candidate by the sum differs from that by the mean.
    pub sum_or_mean: Argmax,
}

/// Picks beside the best candidates by other scores.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Argmax {
    /// Items with both.
    pub items: u64,
    /// Of these, items with a right answer.
    pub graded: u64,
    /// Right as picked.
    pub right_before: u64,
    /// The picks that change.
    pub switched: Switched,
}

impl Argmax {
    /// Adds another part.
    pub fn merge(&mut self, other: Self) {
        self.items += other.items;
        self.graded += other.graded;
        self.right_before += other.right_before;
        self.switched.merge(other.switched);
    }

    /// Adds an item: its pick and the best candidate, and whether each is right.
    pub fn add(&mut self, place: &Place, item: &str, pick: usize, best: usize, graded: Option<(bool, bool)>) {
        self.items += 1;
        self.graded += u64::from(graded.is_some());
        self.right_before += u64::from(graded.is_some_and(|(before, _)| before));
        self.switched.add(Flip::between(place, item, pick, best), graded);
    }
}

impl PickReasons {
    /// Adds an item that a reason speaks of: whether it gives the pick, and the chance that it does, and whether its values
    /// are measured.
    pub fn observe(&mut self, reason: Reason, gives: bool, chance: f64, measured: bool) {
        let own = self.reasons.entry(reason).or_default();
        own.judged += 1;
        own.measured += u64::from(measured);
        if gives {
            own.explained += 1;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance is at most 1")]
            let tenths = (-10.0 * crate::numeric::log2(chance.clamp(1e-9, 1.0))) as u64;
            own.tenths_of_bits += tenths;
        }
        self.trim();
    }

    /// Adds another part.
    pub fn merge(&mut self, other: Self) {
        self.items += other.items;
        self.judged += other.judged;
        self.contradicted += other.contradicted;
        for (reason, theirs) in other.reasons {
            let own = self.reasons.entry(reason).or_default();
            own.judged += theirs.judged;
            own.explained += theirs.explained;
            own.tenths_of_bits += theirs.tenths_of_bits;
            own.measured += theirs.measured;
        }
        self.shown.merge(other.shown);
        self.argmax.merge(other.argmax);
        self.recomputed.merge(other.recomputed);
        self.sum_or_mean.merge(other.sum_or_mean);
        self.trim();
    }

    fn trim(&mut self) {
        while self.reasons.len() > REASONS {
            self.reasons.pop_last();
        }
    }
}
