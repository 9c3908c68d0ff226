//! The metric of one item, defined by its name or by its format.

use crate::metric::catalogue::by_name;
use crate::metric::definition::JudgedRow;
use crate::model::{Definition, ItemSummary, RowClaim};

/// Judges the metric of one item.
#[must_use]
pub fn judge<'m>(item: &ItemSummary, metric: &'m RowClaim<'m>) -> JudgedRow<'m> {
    let said = match &metric.of.definition {
        Definition::ByName => by_name(&metric.of.name).and_then(|known| known.of_row(item.candidates.len())),
        said => Some(said),
    };
    JudgedRow::new(item, metric, said)
}

/// Whether a row's value of a metric is itself a claim: the correctness of the item, or a number with a definition
/// known to the format.
#[must_use]
pub fn is_claim(metric: &RowClaim<'_>) -> bool {
    metric.of.definition != Definition::ByName || by_name(&metric.of.name).is_some_and(super::known::Metric::says_right)
}
