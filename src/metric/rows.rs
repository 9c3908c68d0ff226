//! What is kept of one metric's rows: mergeable statistics from which the numbers of a run follow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::choice::{self, Cut, outcome};
use crate::metric::definition::{self, RowJudgement};
use crate::model::{Definition, Divisor, ItemSummary, Located, Ranking, RowMetric, RowValue, Verdict, VerdictCounts};
use crate::numeric::{ExactSum, exp};

/// Fewest wrong rows from which on another definition may be named as their cause: one or two follow some definition by
/// chance.
pub const FEWEST: u64 = 3;
/// Refuted rows that are kept to be shown.
const SHOWN: usize = 5;

/// A refuted row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefutedRow {
    /// Where the value stands.
    pub located: Located,
    /// The item's id.
    pub item: String,
    /// The value as logged.
    pub found: f64,
    /// The value as derived.
    pub expected: f64,
}

/// Mergeable statistics of one metric over the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricRows {
    /// Rows seen.
    pub rows: u64,
    /// What is said of them.
    pub verdicts: VerdictCounts,
    /// Rows with a finite number.
    pub numbers: u64,
    /// Rows whose number is NaN or infinite.
    pub not_finite: u64,
    /// Whether some row comes from code that the log does not show.
    pub custom: bool,
    /// Σ of the numbers.
    pub values: ExactSum,
    /// Σ of |number|, for bounds of rounding.
    pub sizes: ExactSum,
    /// Σ of their squares.
    pub squares: ExactSum,
    /// Rows that are a total with a count.
    pub pairs: u64,
    /// Σ of the counts.
    pub weights: ExactSum,
    /// Σ of exp(−number), and of exp(−number ÷ count) where there is a count.
    pub exps: ExactSum,
    /// Σ of number ÷ count.
    pub means: ExactSum,
    /// Rows whose squared distance to the gold answer was derived (Brier).
    pub distributions: u64,
    /// Σ of these distances.
    pub distances: ExactSum,
    /// The divisor that the metric is defined by, where it has one.
    pub own_divisor: Option<Divisor>,
    /// Rows in which each divisor could be tried, and those that it explains.
    pub divisors: BTreeMap<Divisor, (u64, u64)>,
    /// Rows in which each slicing could be tried, and those that it explains.
    pub cuts: BTreeMap<Cut, (u64, u64)>,
    /// First refuted rows, by place.
    pub refuted: Vec<RefutedRow>,
}

impl MetricRows {
    /// Adds the metric's value of one item and judges it; `located` is called only for a row worth showing.
    pub fn observe(&mut self, item: &ItemSummary, metric: &RowMetric<'_>, located: impl FnOnce() -> Located) {
        self.rows += 1;
        self.custom |= metric.custom;
        let RowJudgement { judged, squared, .. } = definition::judge(item, metric);
        self.verdicts.add(judged.verdict);
        if let Some(squared) = squared {
            self.distributions += 1;
            self.distances.add(squared);
        }
        self.add_number(&metric.value);
        if !metric.custom {
            self.fit(item, metric, judged.reported);
        }
        if judged.verdict == Verdict::Refuted {
            let full = self.refuted.len() >= SHOWN;
            if !full || self.refuted.last().is_some_and(|last| item.place < last.located.place) {
                self.show(RefutedRow {
                    located: located(),
                    item: item.id.clone(),
                    found: judged.reported,
                    expected: judged.expected,
                });
            }
        }
    }

    fn add_number(&mut self, value: &RowValue) {
        let Some(number) = definition::number(value) else { return };
        if !number.is_finite() {
            self.not_finite += 1;
            return;
        }
        self.numbers += 1;
        self.values.add(number);
        self.sizes.add(number.abs());
        self.squares.add_product(number, number);
        let mut nll = -number;
        if let RowValue::Pair(_, weight) = value {
            self.pairs += 1;
            self.weights.add(weight.value);
            if weight.value > 0.0 {
                self.means.add(number / weight.value);
                nll = -number / weight.value;
            }
        }
        self.exps.add(exp(nll));
    }

    /// Counts which divisor and which slicing explain the row.
    fn fit(&mut self, item: &ItemSummary, metric: &RowMetric<'_>, found: f64) {
        let Some(Definition::Right(ranking)) = definition::of(item, metric) else { return };
        let explains = |outcome: &choice::Outcome| {
            outcome.right.map(|right| !outcome.is_certain || definition::is(f64::from(u8::from(right)), found))
        };
        if let Ranking::By(divisor) = ranking {
            self.own_divisor = self.own_divisor.max(Some(*divisor));
            for other in Divisor::ALL {
                let outcome = outcome(item, Ranking::By(other), Cut::Halves);
                let Some(explained) = outcome.as_ref().and_then(explains) else { continue };
                count(self.divisors.entry(other).or_default(), explained);
            }
        }
        let mutual = item.candidates.iter().all(|candidate| candidate.unconditional.is_some());
        if mutual && *ranking != Ranking::Lowest {
            for cut in Cut::ALL {
                let outcome = outcome(item, *ranking, cut);
                let Some(explained) = outcome.as_ref().and_then(explains) else { continue };
                count(self.cuts.entry(cut).or_default(), explained);
            }
        }
    }

    fn show(&mut self, row: RefutedRow) {
        let at = self.refuted.partition_point(|kept| kept.located.place < row.located.place);
        self.refuted.insert(at, row);
        self.refuted.truncate(SHOWN);
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.verdicts.merge(&other.verdicts);
        self.numbers += other.numbers;
        self.not_finite += other.not_finite;
        self.custom |= other.custom;
        self.values.merge(&other.values);
        self.sizes.merge(&other.sizes);
        self.squares.merge(&other.squares);
        self.pairs += other.pairs;
        self.weights.merge(&other.weights);
        self.exps.merge(&other.exps);
        self.means.merge(&other.means);
        self.distributions += other.distributions;
        self.distances.merge(&other.distances);
        self.own_divisor = self.own_divisor.max(other.own_divisor);
        for (divisor, (tried, explained)) in other.divisors {
            let mine = self.divisors.entry(divisor).or_default();
            *mine = (mine.0 + tried, mine.1 + explained);
        }
        for (cut, (tried, explained)) in other.cuts {
            let mine = self.cuts.entry(cut).or_default();
            *mine = (mine.0 + tried, mine.1 + explained);
        }
        for row in other.refuted {
            self.show(row);
        }
    }

    /// The one other divisor that explains all rows although the metric's own does not.
    #[must_use]
    pub fn other_divisor(&self, own: Divisor) -> Option<Divisor> {
        let (tried, explained) = *self.divisors.get(&own)?;
        if tried - explained < FEWEST {
            return None;
        }
        let fits = |divisor: &Divisor| self.divisors.get(divisor).is_some_and(|(all, fit)| *all == tried && all == fit);
        Divisor::ALL.into_iter().find(|divisor| *divisor != own && fits(divisor))
    }

    /// The one other slicing that explains all rows although the declared one does not.
    #[must_use]
    pub fn other_cut(&self) -> Option<Cut> {
        let (tried, explained) = *self.cuts.get(&Cut::Halves)?;
        if tried - explained < FEWEST {
            return None;
        }
        let fits = |cut: &Cut| self.cuts.get(cut).is_some_and(|(all, fit)| *all == tried && all == fit);
        Cut::ALL.into_iter().find(|cut| *cut != Cut::Halves && fits(cut))
    }
}

/// Counts a try, and whether it explains the row.
fn count((tried, explained): &mut (u64, u64), is_explained: bool) {
    *tried += 1;
    *explained += u64::from(is_explained);
}
