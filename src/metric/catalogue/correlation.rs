//! Pearson's, Spearman's and Kendall's correlation of a person's and a program's numbers, as `scipy.stats` defines them
//! (`pearsonr`, `spearmanr`, `kendalltau`). Equal numbers share their rank; τ-b takes ties out of both sides, τ-a does not, τ-c
//! is Stuart's.
//!
//! Wrong: one coefficient under the name of another; the square of Pearson's.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Ways, Wrong};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::plain_name;
use crate::numeric::{Approx, NumberFormat, spearman, sqrt};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &[
            "correlation",
            "kendall",
            "kendall_tau",
            "kendall_tau_b",
            "kendalltau",
            "pearson",
            "pearson_corr",
            "pearson_correlation",
            "pearson_r",
            "pearsonr",
            "spearman",
            "spearman_corr",
            "spearman_correlation",
            "spearman_rho",
            "spearmanr",
        ],
        Kind::Number,
    )
};

/// What the rows do not say.
const SIDES: Missing =
    ("it is unclear which two columns it is of", "the two numbers of every row, under names that say so");

/// Pairs with how often each appears.
type Pairs = Vec<((f64, f64), u64)>;

/// A coefficient with its name.
struct Coefficient {
    family: &'static str,
    name: &'static str,
    value: f64,
}

/// Σ over pairs of weight · f.
fn weighed(pairs: &Pairs, of: impl Fn(f64, f64) -> f64) -> f64 {
    pairs.iter().map(|((x, y), times)| of(*x, *y) * *times as f64).sum()
}

fn pearson(pairs: &Pairs) -> f64 {
    let n = weighed(pairs, |_, _| 1.0);
    let (mean_x, mean_y) = (weighed(pairs, |x, _| x) / n, weighed(pairs, |_, y| y) / n);
    let product = weighed(pairs, |x, y| (x - mean_x) * (y - mean_y));
    let squares =
        weighed(pairs, |x, _| (x - mean_x) * (x - mean_x)) * weighed(pairs, |_, y| (y - mean_y) * (y - mean_y));
    product / sqrt(squares)
}

/// Kendall's τ-b, τ-a and τ-c.
fn kendall(pairs: &Pairs) -> [f64; 3] {
    let n = weighed(pairs, |_, _| 1.0);
    let (mut balance, mut tied_x, mut tied_y) = (0.0, 0.0, 0.0);
    for (at, ((x, y), times)) in pairs.iter().enumerate() {
        let times = *times as f64;
        let own = times * (times - 1.0) / 2.0;
        tied_x += own;
        tied_y += own;
        for ((other_x, other_y), others) in pairs.iter().skip(at + 1) {
            let both = times * *others as f64;
            let (dx, dy) = (x.total_cmp(other_x), y.total_cmp(other_y));
            tied_x += if dx.is_eq() { both } else { 0.0 };
            tied_y += if dy.is_eq() { both } else { 0.0 };
            if dx.is_ne() && dy.is_ne() {
                balance += if dx == dy { both } else { -both };
            }
        }
    }
    let all = n * (n - 1.0) / 2.0;
    let distinct = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.dedup_by(|a, b| a.total_cmp(b).is_eq());
        values.len() as f64
    };
    let fewest = distinct(pairs.iter().map(|((x, _), _)| *x).collect())
        .min(distinct(pairs.iter().map(|((_, y), _)| *y).collect()));
    [balance / sqrt((all - tied_x) * (all - tied_y)), balance / all, 2.0 * balance / (n * n * (fewest - 1.0) / fewest)]
}

fn coefficients(pairs: &Pairs) -> Vec<Coefficient> {
    let of = |family, name, value| Coefficient { family, name, value };
    let all: Vec<(f64, f64)> = pairs
        .iter()
        .flat_map(|(pair, times)| std::iter::repeat_n(*pair, usize::try_from(*times).unwrap_or(0)))
        .collect();
    let [b, a, c] = kendall(pairs);
    vec![
        of("pearson", "Pearson's r", pearson(pairs)),
        of("spearman", "Spearman's rho", spearman(&all)),
        of("kendall", "Kendall's tau-b", b),
        of("kendall", "Kendall's tau-a", a),
        of("kendall", "Kendall's tau-c", c),
    ]
}

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let columns = asked.facts.columns;
    let own = &columns.joint.pairs;
    let count = own.total();
    if count < 3 || own.has_more {
        return None;
    }
    let pairs: Pairs =
        own.rows.iter().map(|((x, y), times)| ((f64::from_bits(*x), f64::from_bits(*y)), *times)).collect();
    let name = plain_name(&asked.claim.of.metric);
    let mut ways = Ways { rows: columns.rows, over: Some(count), ..Ways::default() };
    let exact = |value: f64| Approx::exact(value).rounded(64.0 * (count as f64 + 64.0), NumberFormat::F64);
    for own in coefficients(&pairs) {
        if name.contains(own.family) || name == "correlation" {
            ways.right.push(Derived::new(exact(own.value), format!("{} of {count} pairs", own.name)));
            if own.family == "pearson" {
                let why = "is the square of Pearson's r";
                let square = exact(own.value * own.value);
                ways.wrong.push(Wrong::new(AggregateCause::Mismatch, square, "r^2", why));
            }
        } else {
            let why = format!("is {}", own.name);
            ways.wrong.push(Wrong::new(AggregateCause::Mismatch, exact(own.value), own.name, &why));
        }
    }
    ways.settle(asked, SIDES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::alike::tests::Nowhere;
    use crate::metric::columns::RowColumns;
    use crate::metric::tests::found;
    use crate::model::{FieldValue, RowField, Verdict};

    #[test]
    fn coefficients_by_hand() {
        let pairs: Pairs = vec![((1.0, 1.0), 1), ((2.0, 3.0), 1), ((3.0, 2.0), 1), ((4.0, 4.0), 1)];
        // Σ dx·dy = 2.25 + −0.25·… = 4 over √(5·5).
        assert!((pearson(&pairs) - 0.8).abs() < 1e-12);
        // Five pairs in order, one not, of six.
        assert!((kendall(&pairs)[0] - 4.0 / 6.0).abs() < 1e-12);
        // A tie on one side: 2 in order of 3 pairs, 1 tied: 2 ÷ √(3·2), 2 ÷ 3, 2·2 ÷ (9·(2−1)/2).
        let tied: Pairs = vec![((1.0, 1.0), 1), ((2.0, 1.0), 1), ((3.0, 2.0), 1)];
        let [b, a, c] = kendall(&tied);
        assert!((b - 2.0 / 6.0_f64.sqrt()).abs() < 1e-12);
        assert!((a - 2.0 / 3.0).abs() < 1e-12);
        assert!((c - 8.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn one_coefficient_is_not_another() {
        let mut all = RowColumns::default();
        for (at, (human, score)) in (1..).zip([(1.0, 1.0), (2.0, 1.5), (3.0, 1.25), (4.0, 4.0), (5.0, 3.0)]) {
            let field = |name: &'static str, value: f64| RowField::new(name.into(), FieldValue::Number(value));
            all.observe(at, &[field("human", human), field("score", score)], &[], &Nowhere);
        }
        let of = |name: &str, printed: &str| found(super::of_columns, &all, 5, name, printed).unwrap();
        // Ranks 0 1 2 3 4 against 0 2 1 4 3: 1 − 6·4 ÷ 120 = 0.8; τ = (8 − 2) ÷ 10.
        assert_eq!(of("spearman", "0.8").verdict, Verdict::Proven);
        assert_eq!(of("kendall_tau", "0.6").verdict, Verdict::Proven);
        assert!(of("pearson", "0.8000").why.contains("Spearman"));
        assert_eq!(of("spearman", "0.4321").verdict, Verdict::Unprovable);
    }
}
