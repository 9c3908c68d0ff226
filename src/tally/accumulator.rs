//! State that a rule keeps over all rows besides its `judged` count: counts, exact sums, moments and histograms, each
//! under a key defined by the rule. Text from the log is never a key.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::numeric::ExactSum;

/// The key of an accumulator: its index among the rule's accumulators of this kind, and its name in reports.
pub struct Key<T> {
    at: u8,
    name: &'static str,
    kind: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The key with an index, from 0.
    pub(crate) const fn new(at: u8, name: &'static str) -> Self {
        Self { at, name, kind: PhantomData }
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn index(&self) -> usize {
        usize::from(self.at)
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.at, self.name)
    }
}

/// Mergeable state: the result is the same in any order and grouping, and merging the default changes nothing.
pub trait Accumulator: Default {
    /// Adds another part.
    fn merge(&mut self, other: &Self);
}

impl Accumulator for u64 {
    fn merge(&mut self, other: &Self) {
        *self += other;
    }
}

impl Accumulator for ExactSum {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

/// Counts by whole number, such as picks by position.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Histogram {
    bins: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Adds to the count of a bin.
    pub fn add(&mut self, bin: u64, times: u64) {
        *self.bins.entry(bin).or_default() += times;
    }

    /// The count of a bin.
    #[must_use]
    pub fn count(&self, bin: u64) -> u64 {
        self.bins.get(&bin).copied().unwrap_or(0)
    }

    /// The total count of all bins.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bins.values().sum()
    }

    /// The non-empty bins, in order, with their counts.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.bins.iter().map(|(bin, count)| (*bin, *count))
    }

    /// The fullest bin with its count; of equals, the first.
    #[must_use]
    pub fn mode(&self) -> Option<(u64, u64)> {
        self.bins().max_by_key(|(bin, count)| (*count, std::cmp::Reverse(*bin)))
    }
}

impl Accumulator for Histogram {
    fn merge(&mut self, other: &Self) {
        for (bin, times) in other.bins() {
            self.add(bin, times);
        }
    }
}

/// Floating-point sums over the pairs of one candidate, in log order. [`Moments`] adds them exactly.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct PairSums {
    n: u64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl PairSums {
    /// Adds a pair.
    pub fn add(&mut self, x: f64, y: f64) {
        self.n += 1;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }
}

/// First and second moments of pairs of numbers.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    n: u64,
    x: ExactSum,
    y: ExactSum,
    xx: ExactSum,
    xy: ExactSum,
    yy: ExactSum,
}

/// Second moments of pairs of numbers: sums of squares and products, or their means about the means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Second {
    /// Of the first numbers.
    pub xx: f64,
    /// Of the products.
    pub xy: f64,
    /// Of the second numbers.
    pub yy: f64,
}

impl Moments {
    /// Adds the sums of one candidate.
    pub fn add(&mut self, sums: &PairSums) {
        self.n += sums.n;
        self.x.add(sums.x);
        self.y.add(sums.y);
        self.xx.add(sums.xx);
        self.xy.add(sums.xy);
        self.yy.add(sums.yy);
    }

    /// Number of pairs.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Means of the first and of the second numbers; NaN without pairs.
    #[must_use]
    pub fn means(&self) -> (f64, f64) {
        let n = self.n as f64;
        (self.x.value() / n, self.y.value() / n)
    }

    /// Sums of squares and of products.
    #[must_use]
    pub fn squares(&self) -> Second {
        Second { xx: self.xx.value(), xy: self.xy.value(), yy: self.yy.value() }
    }

    /// Variances and covariance (over all pairs, divided by their number); NaN without pairs.
    #[must_use]
    pub fn variances(&self) -> Second {
        let (n, (x, y), squares) = (self.n as f64, self.means(), self.squares());
        Second { xx: squares.xx / n - x * x, xy: squares.xy / n - x * y, yy: squares.yy / n - y * y }
    }
}

impl Accumulator for Moments {
    fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.x.merge(&other.x);
        self.y.merge(&other.y);
        self.xx.merge(&other.xx);
        self.xy.merge(&other.xy);
        self.yy.merge(&other.yy);
    }
}

/// A rule's accumulators of one kind, by the index of their key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots<T>(Vec<T>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Accumulator> Slots<T> {
    /// The accumulator of a key; created if it does not exist.
    pub fn slot(&mut self, key: Key<T>) -> &mut T {
        let at = key.index();
        if self.0.len() <= at {
            self.0.resize_with(at + 1, T::default);
        }
        &mut self.0[at]
    }

    /// The accumulator of a key, if anything was added to it.
    #[must_use]
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        self.0.get(key.index())
    }

    /// Number of slots in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds another part.
    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize_with(other.0.len(), T::default);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.merge(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_all_pairs() {
        let mut moments = Moments::default();
        for pairs in [&[(1.0, 2.0), (2.0, 4.0)][..], &[(3.0, 9.0)]] {
            let mut sums = PairSums::default();
            for (x, y) in pairs {
                sums.add(*x, *y);
            }
            moments.add(&sums);
        }
        assert_eq!((moments.n(), moments.means()), (3, (2.0, 5.0)));
        assert_eq!(moments.squares(), Second { xx: 14.0, xy: 37.0, yy: 101.0 });
        let variances = moments.variances();
        assert!((variances.xx - 2.0 / 3.0).abs() < 1e-15, "{variances:?}");
        assert!((variances.xy - 7.0 / 3.0).abs() < 1e-14, "{variances:?}");
        assert!((variances.yy - 26.0 / 3.0).abs() < 1e-14, "{variances:?}");
    }

    #[test]
    fn the_fullest_bin_is_the_first_of_equals() {
        let mut histogram = Histogram::default();
        for (bin, times) in [(4, 2), (1, 5), (3, 5)] {
            histogram.add(bin, times);
        }
        assert_eq!((histogram.mode(), histogram.total(), histogram.count(4)), (Some((1, 5)), 12, 2));
    }
}
