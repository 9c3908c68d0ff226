//! The basis of picks: the reported scores, a field without a role, a vote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Place;
use crate::tally::{Exemplar, Flip, Smallest, Switched};

/// Maximum number of reasons. The first ones in sort order are kept, so their counts are complete.
const REASONS: usize = 64;

/// Why a candidate may have been picked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// It has the highest value of a field without a role.
    Highest(String),
    /// It has the lowest value of such a field.
    Lowest(String),
    /// Its answer is the most frequent one.
    Majority,
    /// It has the worst value of a claim with a known direction.
    Worst(String),
}

impl Reason {
    /// Whether it explains a pick that is not the best by the scores.
    #[must_use]
    pub fn is_legitimate(&self) -> bool {
        !matches!(self, Self::Worst(_))
    }
}

/// Number of items that a reason explains.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Reasoned {
    /// Items to which it applies.
    pub judged: u64,
    /// Items whose pick it explains.
    pub explained: u64,
    /// Evidence against chance, in tenths of a bit.
    pub tenths_of_bits: u64,
    /// Items in which at least one value of the field is a fraction, so the field is a measurement.
    pub measured: u64,
}

/// The basis of a stream's picks.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct PickReasons {
    /// Items whose pick can be checked against scores or a reason.
    pub items: u64,
    /// By reason.
    pub reasons: BTreeMap<Reason, Reasoned>,
    /// Items whose pick can be checked against the reported scores.
    pub judged: u64,
    /// Of these items, those whose pick is not the best candidate by any score.
    pub contradicted: u64,
    /// The first of these items.
    pub shown: Smallest<Exemplar, 5>,
    /// Changes if the argmax of the primary score decided.
    pub argmax: Argmax,
    /// Changes if the argmax of scores recomputed from the steps' vectors or alternatives decided.
    pub recomputed: Argmax,
    /// Changes between the best candidate by sum and the best by mean.
    pub sum_or_mean: Argmax,
}

/// Picks compared with the best candidates by other scores.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Argmax {
    /// Items with both.
    pub items: u64,
    /// Of these items, those with a correct answer.
    pub graded: u64,
    /// Graded items that are correct as picked.
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

    /// Adds an item: its pick, the best candidate, and whether each is correct.
    pub fn add(&mut self, place: &Place, item: &str, pick: usize, best: usize, graded: Option<(bool, bool)>) {
        self.items += 1;
        self.graded += u64::from(graded.is_some());
        self.right_before += u64::from(graded.is_some_and(|(before, _)| before));
        self.switched.add(Flip::between(place, item, pick, best), graded);
    }
}

impl PickReasons {
    /// Adds an item to which a reason applies: whether it gives the pick, the probability of that by chance, and
    /// whether its values are measurements.
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
