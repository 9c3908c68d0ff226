//! What a rule sees at each level.

use crate::formula::{Deviations, SequenceFacts, StepResolutions};
use crate::model::{
    Alternative, Candidate, CandidateSummary, ColumnId, Item, ItemSummary, MetricClaim, RowMetric, Step,
};
use crate::numeric::Resolution;
use crate::rules::JudgedMetric;
use crate::tally::{ColumnTally, StreamTally};

/// One step in its candidate.
pub struct StepView<'v> {
    /// The step.
    pub step: &'v Step<'v>,
    /// Its alternatives, in logged order.
    pub top: &'v [Alternative<'v>],
    /// The candidate.
    pub candidate: &'v Candidate<'v>,
    /// Resolutions of the step-level columns.
    pub resolutions: &'v StepResolutions,
}

/// One candidate with its tokens.
pub struct CandidateView<'v> {
    /// The candidate.
    pub candidate: &'v Candidate<'v>,
    /// The item that it belongs to.
    pub item: &'v Item<'v>,
    /// Sum and mean of its log-probs.
    pub facts: &'v SequenceFacts,
    /// Resolutions of the step-level columns.
    pub resolutions: &'v StepResolutions,
    /// Resolutions of the claim columns, by index.
    pub claim_resolutions: &'v [Resolution],
    /// Kinds of the claim columns, by index.
    pub kinds: &'v [crate::model::ClaimKind],
}

/// One item, its candidates without their tokens.
pub struct ItemView<'v> {
    /// The item.
    pub item: &'v ItemSummary,
    /// The score column that picks follow from, if there is one.
    pub primary: Option<ColumnId>,
    /// Whether the lowest value of that column is the best one.
    pub lower_is_better: bool,
    /// Metrics of the item, where its record is still at hand.
    pub metrics: &'v [RowMetric<'v>],
}

impl ItemView<'_> {
    /// The reported primary score of a candidate: None when not logged or null.
    #[must_use]
    pub fn score(&self, position: usize) -> Option<f64> {
        let column = self.primary?;
        self.item.candidates.get(position)?.claims.iter().find(|claim| claim.column == column)?.value
    }

    /// Half-quantum of the reported primary score of a candidate.
    #[must_use]
    pub fn half(&self, position: usize) -> f64 {
        let find = || {
            let column = self.primary?;
            self.item.candidates.get(position)?.claims.iter().find(|claim| claim.column == column)
        };
        find().map_or(0.0, |claim| claim.half)
    }
}

/// What a score is divided by before candidates are compared.
const DIVISORS: [fn(&CandidateSummary) -> Option<f64>; 6] = [
    |_| Some(1.0),
    |candidate| (candidate.tokens > 0).then(|| f64::from(candidate.tokens)),
    |candidate| candidate.chars.filter(|chars| *chars > 0).map(f64::from),
    |candidate| candidate.bytes.filter(|bytes| *bytes > 0).map(f64::from),
    |candidate| {
        candidate.chars.and_then(|chars| chars.checked_sub(candidate.delimiter)).filter(|n| *n > 0).map(f64::from)
    },
    |candidate| candidate.words.filter(|words| *words > 0).map(f64::from),
];

impl ItemView<'_> {
    /// Whether a candidate is the best one by some reported column, as reported or divided by some length. None when
    /// scores are missing or not numbers.
    #[must_use]
    pub fn follows(&self, pick: usize) -> Option<bool> {
        let columns = self.item.candidates.get(pick)?.claims.iter().map(|claim| claim.column);
        let mut judged = false;
        for column in columns {
            for divisor in DIVISORS {
                match self.is_best(pick, column, divisor) {
                    Some(true) => return Some(true),
                    Some(false) => judged = true,
                    None => {}
                }
            }
        }
        judged.then_some(false)
    }

    fn is_best(&self, pick: usize, column: ColumnId, divisor: fn(&CandidateSummary) -> Option<f64>) -> Option<bool> {
        let sign = if self.lower_is_better && Some(column) == self.primary { -1.0 } else { 1.0 };
        let mut values: Vec<(f64, f64)> = Vec::with_capacity(self.item.candidates.len());
        for candidate in &self.item.candidates {
            let claim = candidate.claims.iter().find(|claim| claim.column == column)?;
            let divisor = divisor(candidate)?;
            let value = claim.value.filter(|value| !value.is_nan())?;
            values.push((sign * value / divisor, claim.half / divisor));
        }
        let (own, half) = *values.get(pick)?;
        Some(values.iter().all(|(value, other)| own + half + other >= *value))
    }
}

/// A whole run of one task under one filter.
pub struct RunView<'v> {
    /// What its rows gave.
    pub stream: &'v StreamTally,
    /// Its columns of claims.
    pub columns: &'v [(ColumnId, &'v str, &'v ColumnTally)],
    /// The numbers that the pipeline reported of it.
    pub metrics: &'v [&'v MetricClaim],
    /// The same, judged.
    pub judged: &'v [JudgedMetric<'v>],
}

/// A deviation of a column from its convention that explains its rows.
pub struct Cause<'v> {
    /// The column's name.
    pub column: &'v str,
    /// What differs.
    pub deviations: &'v Deviations,
    /// The formula found, in words.
    pub found: &'v str,
    /// The convention, in words.
    pub convention: &'v str,
}
