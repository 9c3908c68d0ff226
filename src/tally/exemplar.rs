//! The few rows that a report shows, chosen by place and not by arrival.

use serde::{Deserialize, Serialize};

use crate::model::Located;

/// The `K` smallest of the values offered. Offering in any order, merged in any order, gives the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smallest<T, const K: usize> {
    kept: Vec<T>,
}

impl<T, const K: usize> Default for Smallest<T, K> {
    fn default() -> Self {
        Self { kept: Vec::new() }
    }
}

/// What exemplars are ordered by.
pub trait Keyed {
    /// The ordering key; equal keys are the same exemplar.
    type Key: Ord;
    /// The key of a value.
    fn key(&self) -> Self::Key;
}

impl<T: Keyed, const K: usize> Smallest<T, K> {
    /// Whether a value with this key would be kept, so that it need not be built if not.
    pub fn would_keep(&self, key: &T::Key) -> bool {
        self.kept.len() < K || self.kept.last().is_some_and(|last| *key < last.key())
    }

    /// Offers a value.
    pub fn offer(&mut self, value: T) {
        let key = value.key();
        if !self.would_keep(&key) {
            return;
        }
        let at = self.kept.partition_point(|kept| kept.key() < key);
        if self.kept.get(at).is_some_and(|kept| kept.key() == key) {
            return;
        }
        self.kept.insert(at, value);
        self.kept.truncate(K);
    }

    /// Adds another set.
    pub fn merge(&mut self, other: Self) {
        for value in other.kept {
            self.offer(value);
        }
    }

    /// The values kept, smallest first.
    #[must_use]
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// The values kept, to change in place; their keys must stay.
    pub fn kept_mut(&mut self) -> &mut [T] {
        &mut self.kept
    }
}

/// The numbers behind one observation.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// What the log holds.
    pub found: f64,
    /// What it should hold, or the limit that it should keep.
    pub expected: f64,
    /// The tolerance.
    pub within: f64,
    /// Whether `expected` is an upper limit and not a value to be met.
    pub limit: bool,
    /// What the numbers are, in words, where the rule's sentence needs it.
    pub detail: String,
}

impl Evidence {
    /// The value should not exceed a limit.
    #[must_use]
    pub fn at_most(limit: f64) -> Self {
        Self { expected: limit, limit: true, ..Self::default() }
    }

    /// The value should equal another.
    #[must_use]
    pub fn equals(expected: f64) -> Self {
        Self { expected, ..Self::default() }
    }

    /// Sets the value found.
    #[must_use]
    pub fn found(mut self, found: f64) -> Self {
        self.found = found;
        self
    }

    /// Sets the bound.
    #[must_use]
    pub fn within(mut self, within: f64) -> Self {
        self.within = within;
        self
    }

    /// Says what the numbers are.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// How far beyond the bound the value lies; larger is worse. Not a number counts as worst.
    #[must_use]
    pub fn excess(&self) -> f64 {
        let gap = if self.limit { self.found - self.expected } else { (self.found - self.expected).abs() };
        let excess = gap - self.within;
        if excess.is_nan() { f64::INFINITY } else { excess }
    }
}

/// A row that a rule shows.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Exemplar {
    /// Where, with the text around it.
    pub located: Located,
    /// The item's id.
    pub item: String,
    /// The candidate's id or position; empty for a whole item.
    pub candidate: String,
    /// The numbers.
    pub evidence: Evidence,
}

impl Keyed for Exemplar {
    type Key = crate::model::Place;

    fn key(&self) -> Self::Key {
        self.located.place.clone()
    }
}
