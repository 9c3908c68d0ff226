//! Matthews correlation of labels, for two or more classes as scikit-learn defines it (`matthews_corrcoef`, Gorodkin 2004).

use std::collections::BTreeMap;

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Ways};
use crate::metric::known::{Kind, Metric};
use crate::numeric::{Approx, NumberFormat, sqrt};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &["matthews_corrcoef", "matthews_correlation", "matthews_correlation_coefficient", "mcc"],
        Kind::Number,
    )
};

/// What the labels do not say.
const LABELS: Missing = (
    "labels may be normalised, or some of them left out, before they are compared",
    "gold and predicted labels as compared",
);

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let labels = &asked.facts.columns.joint.labels;
    let rows = asked.facts.columns.rows;
    if labels.total() == 0 || labels.total() != rows {
        return None;
    }
    let value = Approx::exact(matthews(&labels.rows)).rounded(1e4, NumberFormat::F64);
    let right = vec![Derived::new(value, "Matthews correlation of gold and predicted labels")];
    Ways { rows, right, ..Ways::default() }.settle(asked, LABELS)
}

/// (c·s − Σ t·p) ÷ √((s² − Σ p²)·(s² − Σ t²)) with s rows, c right ones, t gold and p predicted rows of each class; 0 where one side
/// has a single class.
fn matthews(labels: &BTreeMap<(String, String), u64>) -> f64 {
    let mut classes: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let (mut all, mut right) = (0.0, 0.0);
    for ((gold, predicted), rows) in labels {
        let rows = *rows as f64;
        all += rows;
        right += if gold == predicted { rows } else { 0.0 };
        classes.entry(gold).or_default().0 += rows;
        classes.entry(predicted).or_default().1 += rows;
    }
    let sum = |of: fn(f64, f64) -> f64| classes.values().map(|(gold, predicted)| of(*gold, *predicted)).sum::<f64>();
    let spread = (all * all - sum(|_, own| own * own)) * (all * all - sum(|own, _| own * own));
    if spread > 0.0 { (right * all - sum(|gold, own| gold * own)) / sqrt(spread) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_and_three_classes_by_hand() {
        let of = |all: &[(&str, &str, u64)]| {
            matthews(&all.iter().map(|(gold, own, rows)| (((*gold).to_owned(), (*own).to_owned()), *rows)).collect())
        };
        // tp 6, tn 3, fp 1, fn 2: (18 − 2) ÷ √(7·8·4·5).
        let binary = of(&[("1", "1", 6), ("0", "0", 3), ("0", "1", 1), ("1", "0", 2)]);
        assert!((binary - 16.0 / 1120.0_f64.sqrt()).abs() < 1e-12);
        // s 4, c 3; t 2 1 1; p 1 2 1: (12 − 5) ÷ √((16 − 6)·(16 − 6)).
        let three = of(&[("a", "a", 1), ("a", "b", 1), ("b", "b", 1), ("c", "c", 1)]);
        assert!((three - 0.7).abs() < 1e-12);
        assert!(of(&[("a", "a", 3)]).abs() < 1e-12);
    }
}
