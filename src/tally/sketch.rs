//! Data for the charts: samples and histograms of bounded size that merge exactly.

use serde::{Deserialize, Serialize};

use crate::model::{Place, TokenPath};
use crate::tally::{Keyed, Smallest};

/// Number of bins of a residual histogram.
pub const BINS: usize = 15;

/// Upper edges of the bins, in hard bounds; the last bin is open. Bin 7 holds the rows within the bound.
pub const BIN_EDGES: [f64; BINS - 1] =
    [-1e6, -1e5, -1e4, -1e3, -100.0, -10.0, -1.0, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// Bin of the rows within the bound.
pub const WITHIN: usize = BINS / 2;

/// Rows by (reported − derived) ÷ hard bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Residuals {
    /// Rows per bin, see [`BIN_EDGES`].
    pub bins: [u64; BINS],
}

impl Residuals {
    /// Counts one row. `agrees` says whether the values agree within the bound: the middle bin includes its edges.
    pub fn add(&mut self, difference: f64, bound: f64, agrees: bool) {
        let bin = if agrees || difference.is_nan() {
            WITHIN
        } else {
            let ratio = if bound > 0.0 { difference / bound } else { difference * f64::INFINITY };
            let bin = BIN_EDGES.partition_point(|edge| ratio >= *edge);
            // Beyond the bound by less than the rounding error of the ratio.
            if bin == WITHIN { if difference > 0.0 { WITHIN + 1 } else { WITHIN - 1 } } else { bin }
        };
        if let Some(rows) = self.bins.get_mut(bin) {
            *rows += 1;
        }
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
    }
}

/// Maximum number of judged rows kept.
const SAMPLE: usize = 240;
/// Maximum number of rows kept that contradict the convention, so that a few among many remain visible.
const SAMPLE_OFF: usize = 120;
/// Number of formulas with values in a kept row: the simplest ones.
pub const SKETCHED: usize = 64;

/// One judged row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Sort key for sampling: a hash of its place.
    pub order: u64,
    /// Input, line, column.
    pub at: (u32, u64, u64),
    /// Scored tokens.
    pub tokens: u32,
    /// The claim.
    pub reported: f64,
    /// The convention's value.
    pub derived: f64,
    /// The hard bound between the two.
    pub bound: f64,
    /// Whether they agree.
    pub follows: bool,
    /// The set of principal formulas that explain it; 0 without a search.
    pub set: u128,
    /// Values of the first formulas of the grammar, None without an operand; empty without a search.
    pub values: Vec<Option<f64>>,
}

impl Mark {
    /// The hash that decides which rows are kept. It does not depend on the input's index, so the same rows are kept
    /// however inputs are numbered.
    #[must_use]
    pub fn order(line: u64, column: u64) -> u64 {
        // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit changes half of the output's.
        let mut hash =
            line.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (column.wrapping_sub(1)).wrapping_mul(0xd1b5_4a32_d192_ed03);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

impl Keyed for Mark {
    type Key = (u64, (u32, u64, u64));

    fn key(&self) -> Self::Key {
        (self.order, self.at)
    }
}

/// A sample of a column's judged rows.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    all: Smallest<Mark, SAMPLE>,
    off: Smallest<Mark, SAMPLE_OFF>,
}

impl Sample {
    /// Whether a row with this key would be kept.
    #[must_use]
    pub fn would_keep(&self, order: u64, at: (u32, u64, u64), follows: bool) -> bool {
        self.all.would_keep(&(order, at)) || (!follows && self.off.would_keep(&(order, at)))
    }

    /// Offers a row.
    pub fn offer(&mut self, mark: Mark) {
        if !mark.follows {
            self.off.offer(mark.clone());
        }
        self.all.offer(mark);
    }

    /// Adds another sample.
    pub fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        self.off.merge(other.off);
    }

    /// Sets the index of the input.
    pub(super) fn renumber(&mut self, file: u32) {
        for mark in self.all.kept_mut().iter_mut().chain(self.off.kept_mut()) {
            mark.at.0 = file;
        }
    }

    /// The rows kept, in the order of the input.
    #[must_use]
    pub fn marks(&self) -> Vec<&Mark> {
        let mut marks: Vec<&Mark> = self.all.kept().iter().chain(self.off.kept()).collect();
        marks.sort_by_key(|mark| mark.at);
        marks.dedup_by_key(|mark| mark.at);
        marks
    }
}

/// An item whose pick changes, with the tokens of the two candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonSketch {
    /// Difference by which the better candidate wins under the convention; larger ones are shown first.
    pub margin: f64,
    /// The position of the item.
    pub place: Place,
    /// The item's id.
    pub item: String,
    /// The candidate that the pipeline picked.
    pub picked: PathSketch,
    /// The candidate that the convention picks.
    pub wins: PathSketch,
}

/// The tokens of one candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathSketch {
    /// The candidate's id or position.
    pub candidate: String,
    /// The primary claim as reported.
    pub reported: Option<f64>,
    /// The same under the convention.
    pub derived: Option<f64>,
    /// Steps in and around the scored span.
    pub path: TokenPath,
}

impl ComparisonSketch {
    /// The key of a comparison. A comparison that would be dropped need not be built.
    #[must_use]
    pub fn key_of(margin: f64, place: &Place, item: &str) -> (u64, Place, String) {
        // The bits of positive numbers sort like the numbers; the largest margin comes first.
        (!margin.abs().to_bits(), place.clone(), item.to_owned())
    }
}

impl Keyed for ComparisonSketch {
    type Key = (u64, Place, String);

    fn key(&self) -> Self::Key {
        Self::key_of(self.margin, &self.place, &self.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_counted_in_bounds() {
        let mut residuals = Residuals::default();
        residuals.add(0.5, 1.0, true);
        residuals.add(1.0, 1.0, true);
        residuals.add(1.0, 1.0, false);
        residuals.add(-1.0, 1.0, false);
        residuals.add(5.0, 1.0, false);
        residuals.add(-50.0, 1.0, false);
        residuals.add(f64::INFINITY, 1.0, false);
        residuals.add(-3.0, 0.0, false);
        let mut expected = [0; BINS];
        expected[WITHIN] = 2;
        expected[WITHIN + 1] = 2;
        expected[WITHIN - 1] = 1;
        expected[WITHIN - 2] = 1;
        expected[BINS - 1] = 1;
        expected[0] = 1;
        assert_eq!(residuals.bins, expected);
    }

    #[test]
    fn a_sample_holds_few_contradictions_among_many_rows() {
        let mut sample = Sample::default();
        for line in 1..10_000 {
            let (order, at, follows) = (Mark::order(line, 7), (0, line, 7), line % 3_000 != 0);
            if sample.would_keep(order, at, follows) {
                let mark = Mark {
                    order,
                    at,
                    tokens: 1,
                    reported: 0.0,
                    derived: 0.0,
                    bound: 0.0,
                    follows,
                    set: 0,
                    values: Vec::new(),
                };
                sample.offer(mark);
            }
        }
        let marks = sample.marks();
        let off: Vec<u64> = marks.iter().filter(|mark| !mark.follows).map(|mark| mark.at.1).collect();
        assert_eq!(off, [3_000, 6_000, 9_000]);
        assert!((SAMPLE..=SAMPLE + 3).contains(&marks.len()), "{}", marks.len());
        assert!(marks.is_sorted_by_key(|mark| mark.at));
    }
}
