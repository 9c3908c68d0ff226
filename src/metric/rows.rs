//! State kept for one metric's rows: mergeable statistics from which the metrics of a run are derived.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::choice::Cut;
use crate::metric::definition::{self, JudgedRow, RowJudgement};
use crate::model::{Definition, Divisor, ItemSummary, Located, Ranking, RowValue, Verdict, VerdictCounts};
use crate::numeric::{ExactSum, exp};

/// Minimum number of wrong rows before another definition is named as their cause: one or two rows match some
/// definition by chance.
pub const FEWEST: u64 = 3;
/// Maximum number of refuted rows kept for display.
const SHOWN: usize = 5;

/// A refuted row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefutedRow {
    /// The position of the value.
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
    /// Verdicts on the rows.
    pub verdicts: VerdictCounts,
    /// Rows with a finite number.
    pub numbers: u64,
    /// Rows whose number is NaN or infinite.
    pub not_finite: u64,
    /// Whether at least one row comes from custom code that the log does not show.
    pub custom: bool,
    /// Whether at least one row is checked against other numbers of its own record by a formula.
    pub is_of_record: bool,
    /// The fields that would decide a row, as text; empty if no row lacks any.
    pub lacks: String,
    /// Σ of the numbers.
    pub values: ExactSum,
    /// Σ of |number|, for rounding bounds.
    pub sizes: ExactSum,
    /// Σ of their squares.
    pub squares: ExactSum,
    /// Rows with a number whose record states a failure.
    pub failed: u64,
    /// Σ of their numbers.
    pub failed_values: ExactSum,
    /// Σ of the squares of their numbers.
    pub failed_squares: ExactSum,
    /// Rows with a total and a count.
    pub pairs: u64,
    /// Σ of the counts.
    pub weights: ExactSum,
    /// Σ of exp(−number), or of exp(−number ÷ count) for rows with a count.
    pub exps: ExactSum,
    /// Σ of number ÷ count.
    pub means: ExactSum,
    /// Rows whose squared distance to the gold answer was derived (Brier).
    pub distributions: u64,
    /// Σ of these distances.
    pub distances: ExactSum,
    /// The divisor in the metric's definition, if any.
    pub own_divisor: Option<Divisor>,
    /// Rows in which each divisor could be tried, and rows that it explains.
    pub divisors: BTreeMap<Divisor, (u64, u64)>,
    /// Rows in which each cut could be tried, and rows that it explains.
    pub cuts: BTreeMap<Cut, (u64, u64)>,
    /// First refuted rows, by place.
    pub refuted: Vec<RefutedRow>,
}

impl MetricRows {
    /// Adds the metric's value for one item. `located` is called only for a row that will be shown.
    pub fn observe(
        &mut self,
        item: &ItemSummary,
        own: &JudgedRow<'_>,
        has_failed: bool,
        located: impl FnOnce() -> Located,
    ) {
        let RowJudgement { judged, squared, .. } = own.row;
        self.rows += 1;
        self.custom |= own.metric.of.custom;
        self.is_of_record |= own.definition.is_some_and(Definition::is_formula);
        self.needs(own.definition.and_then(Definition::lacks).unwrap_or_default());
        self.verdicts.add(judged.verdict);
        if let Some(squared) = squared {
            self.distributions += 1;
            self.distances.add(squared);
        }
        self.add_number(&own.metric.value);
        if let Some(number) = definition::number(&own.metric.value).filter(|number| has_failed && number.is_finite()) {
            self.failed += 1;
            self.failed_values.add(number);
            self.failed_squares.add_product(number, number);
        }
        if let Some(Definition::Right(Ranking::By(divisor))) = own.definition {
            self.own_divisor = self.own_divisor.max(Some(*divisor));
        }
        count(&mut self.divisors, Divisor::ALL.into_iter().zip(own.fits.divisors));
        count(&mut self.cuts, Cut::ALL.into_iter().zip(own.fits.cuts));
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

    /// Of several texts, keeps the last in sort order, which is the same for any order of the rows.
    fn needs(&mut self, fields: &str) {
        if fields > self.lacks.as_str() {
            fields.clone_into(&mut self.lacks);
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

    fn show(&mut self, row: RefutedRow) {
        let at = self.refuted.partition_point(|kept| kept.located.place < row.located.place);
        self.refuted.insert(at, row);
        self.refuted.truncate(SHOWN);
    }

    /// Adds the state of another worker.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.verdicts.merge(&other.verdicts);
        self.numbers += other.numbers;
        self.not_finite += other.not_finite;
        self.custom |= other.custom;
        self.is_of_record |= other.is_of_record;
        self.needs(&other.lacks);
        self.values.merge(&other.values);
        self.sizes.merge(&other.sizes);
        self.squares.merge(&other.squares);
        self.failed += other.failed;
        self.failed_values.merge(&other.failed_values);
        self.failed_squares.merge(&other.failed_squares);
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

    /// The only other divisor that explains all rows, if the metric's own does not.
    #[must_use]
    pub fn other_divisor(&self, own: Divisor) -> Option<Divisor> {
        let (tried, explained) = *self.divisors.get(&own)?;
        if tried - explained < FEWEST {
            return None;
        }
        let fits = |divisor: &Divisor| self.divisors.get(divisor).is_some_and(|(all, fit)| *all == tried && all == fit);
        Divisor::ALL.into_iter().find(|divisor| *divisor != own && fits(divisor))
    }

    /// The only other cut that explains all rows, if the declared one does not.
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

/// Counts the alternatives that could be tried for a row, and those that explain it.
fn count<K: Ord>(counts: &mut BTreeMap<K, (u64, u64)>, row: impl Iterator<Item = (K, Option<bool>)>) {
    for (way, fits) in row {
        let Some(fits) = fits else { continue };
        let (tried, explained) = counts.entry(way).or_default();
        *tried += 1;
        *explained += u64::from(fits);
    }
}
