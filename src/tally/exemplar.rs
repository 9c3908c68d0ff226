//! The few rows that a report displays, chosen by place rather than by order of arrival.

use serde::{Deserialize, Serialize};

use crate::model::Located;

/// The `K` smallest of the offered values. The result is the same for any order of offers and merges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smallest<T, const K: usize> {
    kept: Vec<T>,
}

impl<T, const K: usize> Default for Smallest<T, K> {
    fn default() -> Self {
        Self { kept: Vec::new() }
    }
}

/// A value with a sort key.
pub trait Keyed {
    /// The sort key; equal keys mean the same exemplar.
    type Key: Ord;
    /// The key of a value.
    fn key(&self) -> Self::Key;
}

impl<T: Keyed, const K: usize> Smallest<T, K> {
    /// Whether a value with this key would be kept. If not, it need not be built.
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

    /// The values kept, for changes in place that leave their keys as they are.
    pub fn kept_mut(&mut self) -> &mut [T] {
        &mut self.kept
    }
}

/// The numbers behind one observation.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// The value in the log.
    pub found: f64,
    /// The expected value, or the limit.
    pub expected: f64,
    /// The tolerance.
    pub within: f64,
    /// Whether `expected` is an upper limit rather than an exact value.
    pub limit: bool,
    /// A description of the numbers, if the rule's message needs one.
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

    /// Sets the tolerance.
    #[must_use]
    pub fn within(mut self, within: f64) -> Self {
        self.within = within;
        self
    }

    /// Sets the description of the numbers.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Excess of the value over the bound; larger is worse. NaN counts as the worst.
    #[must_use]
    pub fn excess(&self) -> f64 {
        let gap = if self.limit { self.found - self.expected } else { (self.found - self.expected).abs() };
        let excess = gap - self.within;
        if excess.is_nan() { f64::INFINITY } else { excess }
    }
}

/// A row displayed by a rule.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Exemplar {
    /// The place, with the text around it.
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
