//! Cohen's kappa of labels, plain or with linear or quadratic weights between numbers, as scikit-learn defines it
//! (`cohen_kappa_score`).
//!
//! Wrong: the share of equal labels under its name.

use std::collections::BTreeMap;

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Ways, Wrong};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &["cohen_kappa", "cohens_kappa", "kappa", "quadratic_weighted_kappa", "qwk", "weighted_kappa"],
        Kind::Number,
    )
};

/// What the labels do not say.
const LABELS: Missing = (
    "labels may be normalised, or some of them left out, before they are compared",
    "gold and predicted labels as compared",
);

/// How far two labels lie apart.
type Distance<'d> = &'d dyn Fn(&str, &str) -> f64;

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let labels = &asked.facts.columns.joint.labels;
    let rows = asked.facts.columns.rows;
    if labels.total() == 0 || labels.total() != rows {
        return None;
    }
    let mut ways = Ways { rows, ..Ways::default() };
    let exact = |value: f64| Approx::exact(value).rounded(1e4, NumberFormat::F64);
    let mut right = |words: &str, distance: Distance<'_>| {
        ways.right.push(Derived::new(exact(kappa(&labels.rows, distance)), format!("Cohen's kappa{words}")));
    };
    let number = |label: &str| label.parse::<f64>().ok().filter(|own| own.is_finite());
    let all: Vec<&String> = labels.rows.keys().flat_map(|(gold, own)| [gold, own]).collect();
    let is_weighted = asked.claim.of.metric.contains("weight") || asked.claim.of.metric.contains("qwk");
    let are_numbers = all.iter().all(|label| number(label).is_some());
    if !is_weighted {
        right("", &|own, other| f64::from(u8::from(own != other)));
    }
    if are_numbers {
        let gap = |own: &str, other: &str| number(own).zip(number(other)).map_or(f64::NAN, |(own, other)| own - other);
        right(" with quadratic weights", &|own, other| gap(own, other) * gap(own, other));
        right(" with linear weights", &|own, other| gap(own, other).abs());
    }
    let equal = labels.rows.iter().filter(|((gold, own), _)| gold == own).map(|(_, times)| *times).sum::<u64>();
    let share = Approx::exact(equal as f64).over(rows as f64);
    let why = "is the share of equal labels, not corrected for chance";
    ways.wrong.push(Wrong::new(AggregateCause::Mismatch, share, "equal labels/rows", why));
    ways.settle(asked, LABELS)
}

/// 1 − Σ distance · rows ÷ Σ distance · rows expected by chance.
fn kappa(labels: &BTreeMap<(String, String), u64>, distance: Distance<'_>) -> f64 {
    let (mut gold, mut predicted): (BTreeMap<&str, f64>, BTreeMap<&str, f64>) = (BTreeMap::new(), BTreeMap::new());
    let (mut all, mut seen) = (0.0, 0.0);
    for ((own, other), rows) in labels {
        let rows = *rows as f64;
        all += rows;
        seen += rows * distance(own, other);
        *gold.entry(own).or_default() += rows;
        *predicted.entry(other).or_default() += rows;
    }
    let pairs = gold.iter().flat_map(|own| predicted.iter().map(move |other| (own, other)));
    let expected: f64 = pairs.map(|((own, rows), (other, others))| distance(own, other) * rows * others / all).sum();
    1.0 - seen / expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_weighted_by_hand() {
        let of = |all: &[(&str, &str, u64)], distance: Distance<'_>| {
            let labels = all.iter().map(|(gold, own, rows)| (((*gold).to_owned(), (*own).to_owned()), *rows)).collect();
            kappa(&labels, distance)
        };
        // Agreement 0.7, by chance 0.5·0.6 + 0.5·0.4 = 0.5: 0.2 ÷ 0.5.
        let two = [("1", "1", 20), ("1", "0", 5), ("0", "1", 10), ("0", "0", 15)];
        assert!((of(&two, &|own, other| f64::from(u8::from(own != other))) - 0.4).abs() < 1e-12);
        // Of two numbers every weight gives the same.
        let gap = |own: &str, other: &str| own.parse::<f64>().unwrap() - other.parse::<f64>().unwrap();
        assert!((of(&two, &|own, other| gap(own, other) * gap(own, other)) - 0.4).abs() < 1e-12);
    }
}
