//! Rows beneath a proven number whose own values nothing in the log checks.
//!
//! A mean is proven by adding up its rows. Whether the mark of a row is right only other fields can show: a response beside
//! the gold answer, or what its definition starts from.

use crate::metric::answer::RunFacts;
use crate::metric::catalogue;
use crate::metric::judged::JudgedMetric;
use crate::metric::named;
use crate::model::{Verdict, plain_name};

/// Names of the items' own correctness.
const CORRECT: [&str; 4] = ["correct", "correctness", "is_correct", "right"];

/// What a number of a run follows from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beneath {
    /// Which items are marked right.
    Marks,
    /// A metric of the rows.
    Rows(String),
    /// A plain field of the rows.
    Column(String),
}

/// What a stream says of its rows, besides the facts that the numbers of a run follow from.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'s> {
    /// Items whose reported correctness neither pick nor gold answer checks.
    pub unchecked: u64,
    /// Columns whose values are claims with verdicts of their own.
    pub claims: &'s [&'s str],
}

/// The rows that a proven number follows from and whose values nothing in the log checks; None if all are checked.
#[must_use]
pub fn unchecked(metric: &JudgedMetric<'_>, facts: &RunFacts<'_>, marks: &Marks<'_>) -> Option<(Beneath, u64)> {
    let claim = metric.claim;
    if metric.verdict != Verdict::Proven || claim.of.stderr || metric.is_count() {
        return None;
    }
    let column = || {
        named::column(&claim.of.metric, facts.columns)
            .filter(|column| metric.definition.contains(column.name))
            .filter(|column| !named::is_extensive(column.name) && !marks.claims.contains(&column.name))
    };
    let (beneath, rows) = if let Some(rows) = facts.rows.get(claim.of.row_metric()) {
        (Beneath::Rows(claim.of.row_metric().to_owned()), rows.verdicts.unprovable)
    } else if facts.right.is_some() && catalogue::rests_on_marks(claim) {
        (Beneath::Marks, marks.unchecked)
    } else {
        let column = column()?;
        // The items' own correctness has verdicts of its own.
        if facts.right.is_some() && CORRECT.contains(&&*plain_name(column.name)) {
            return (marks.unchecked > 0).then_some((Beneath::Marks, marks.unchecked));
        }
        (Beneath::Column(column.name.to_owned()), column.rows.numbers)
    };
    // A mark beside response and gold answer is compared with them.
    let rows = rows.saturating_sub(facts.columns.facts.grading.rows);
    (rows > 0).then_some((beneath, rows))
}

#[cfg(test)]
mod tests {
    use crate::metric::alike::tests::Nowhere;
    use std::collections::BTreeMap;

    use super::*;
    use crate::metric::columns::RowColumns;
    use crate::metric::judged::judge;
    use crate::metric::tokens::TokenTotals;
    use crate::model::{FieldValue, Located, RowField, RunMetric};

    /// The rows that are not checked beneath a number of three rows with one field.
    fn of(metric: &str, value: &str, field: &str, marks: &Marks<'_>) -> Option<(Beneath, u64)> {
        let mut columns = RowColumns::default();
        for (item, value) in (1..).zip([0.5, 0.9, 0.4]) {
            columns.observe(item, &[RowField::new(field.into(), FieldValue::Number(value))], &[], &Nowhere);
        }
        let (rows, tokens) = (BTreeMap::new(), TokenTotals::default());
        let facts = RunFacts {
            rows: &rows,
            columns: &columns,
            tokens: &tokens,
            items: 3,
            unmeasured: 0,
            right: Some((2, 3)),
            doubt: None,
            has_segments: false,
            is_doubled: false,
        };
        let claim = RunMetric::new("", metric).claim(value, Located::default());
        let judged = judge(&[&claim], &facts);
        assert_eq!(judged[0].verdict, Verdict::Proven, "{metric}");
        unchecked(&judged[0], &facts, marks)
    }

    #[test]
    fn marks_and_values_of_columns_are_counted() {
        let marks = Marks { unchecked: 2, claims: &[] };
        assert_eq!(of("accuracy", "0.6666666667", "confidence", &marks), Some((Beneath::Marks, 2)));
        let column = Some((Beneath::Column("faithfulness".into()), 3));
        assert_eq!(of("mean_faithfulness", "0.6", "faithfulness", &marks), column);
    }

    #[test]
    fn what_is_checked_elsewhere_or_is_no_mark_is_not_counted() {
        let marks = Marks { unchecked: 0, claims: &["faithfulness"] };
        assert_eq!(of("accuracy", "0.6666666667", "confidence", &marks), None);
        assert_eq!(of("mean_faithfulness", "0.6", "faithfulness", &marks), None);
        // How long a row took is not a mark.
        assert_eq!(of("mean_latency", "0.6", "latency", &marks), None);
    }
}
