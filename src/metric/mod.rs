//! Metrics: the value of one item, the aggregate over items, the standard error.

use serde::{Deserialize, Serialize};

use crate::model::{ItemSummary, Located, RowMetric};

/// Mergeable statistics of one metric over the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricRows {
    /// Rows seen.
    pub rows: u64,
}

impl MetricRows {
    /// Adds the metric's value of one item and judges it; `located` is called only for a row worth showing.
    pub fn observe(&mut self, _item: &ItemSummary, _metric: &RowMetric<'_>, _located: impl FnOnce() -> Located) {
        self.rows += 1;
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
    }
}
