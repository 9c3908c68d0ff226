//! Rules of the family `normalised`.

mod normaliser_mismatch;
mod pmi_halves_mixed;

use crate::metric::MetricRows;
use crate::rules::Rule;
use crate::rules::prelude::*;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[&normaliser_mismatch::RULE, &pmi_halves_mixed::RULE];

/// Fails the refuted rows of a metric, those that are kept with their place first.
fn fail(name: &str, rows: &MetricRows, seen: &mut Observer<'_>, detail: &str) {
    for row in &rows.refuted {
        let evidence = Evidence::equals(row.expected).found(row.found).detail(detail);
        seen.fail_at(&row.located, &row.item, evidence);
    }
    let shown = rows.refuted.len() as u64;
    seen.more(rows.rows.saturating_sub(shown), rows.verdicts.refuted.saturating_sub(shown));
    seen.part(name).failed += rows.verdicts.refuted;
}
