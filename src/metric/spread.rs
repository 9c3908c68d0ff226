//! Numbers that say how far the values of a column spread: standard deviations, standard errors, bounds of intervals.
//!
//! The standard error of a mean is sd ÷ √n, with n − 1 or with n (which of a share is √(p(1−p)/n)); of clustered rows
//! √(Σ over clusters of (Σ (x − mean))²) ÷ n, also times G ÷ (G − 1) with G clusters (Miller 2024,
//! <https://arxiv.org/abs/2411.00640>; `inspect_ai/scorer/_metrics/std.py`). Intervals are the mean ± z standard errors, or Wilson's of
//! a share. A bootstrapped one follows from no formula, but lies around its mean.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::columns::ColumnRows;
use crate::metric::fixed::SignedSum;
use crate::metric::found::{Found, Remark, Ways, Wrong};
use crate::metric::named;
use crate::metric::wrong::AggregateCause;
use crate::model::plain_name;
use crate::numeric::{Approx, ExactSum, NumberFormat, show, sqrt, stderr_of_mean};

/// What the rows do not say.
const METHOD: Missing = ("it may be bootstrapped, clustered or of another level", "its method, its level and its seed");

/// Factors of a standard error: 95 %, 90 % and 99 %, as written by hand and in full.
const FACTORS: [(f64, &str); 6] = [
    (1.96, "1.96"),
    (1.959_963_984_540_054, "1.959964"),
    (1.645, "1.645"),
    (1.644_853_626_951_472_7, "1.644854"),
    (2.576, "2.576"),
    (2.575_829_303_548_900_4, "2.575829"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    Error,
    Deviation,
    Variance,
    Low,
    High,
    Margin,
}

const BEHIND: [(&str, Spread); 33] = [
    ("stderr", Spread::Error),
    ("std_err", Spread::Error),
    ("standard_error", Spread::Error),
    ("se", Spread::Error),
    ("sem", Spread::Error),
    ("std", Spread::Deviation),
    ("stdev", Spread::Deviation),
    ("stddev", Spread::Deviation),
    ("std_dev", Spread::Deviation),
    ("standard_deviation", Spread::Deviation),
    ("sd", Spread::Deviation),
    ("var", Spread::Variance),
    ("variance", Spread::Variance),
    ("ci_low", Spread::Low),
    ("ci_lower", Spread::Low),
    ("ci_lo", Spread::Low),
    ("ci95_low", Spread::Low),
    ("ci95_lower", Spread::Low),
    ("lower", Spread::Low),
    ("lower_bound", Spread::Low),
    ("ci_high", Spread::High),
    ("ci_upper", Spread::High),
    ("ci_hi", Spread::High),
    ("ci95_high", Spread::High),
    ("ci95_upper", Spread::High),
    ("upper", Spread::High),
    ("upper_bound", Spread::High),
    ("ci", Spread::Margin),
    ("ci95", Spread::Margin),
    ("ci_95", Spread::Margin),
    ("margin", Spread::Margin),
    ("moe", Spread::Margin),
    ("margin_of_error", Spread::Margin),
];

/// What a name is the spread of; an empty name where it does not say.
fn parse(name: &str) -> Option<(String, Spread)> {
    let own = plain_name(name);
    let own = own.replace("95_ci", "ci").replace("95ci", "ci").replace("ci_95_", "ci95_");
    let bare = own.strip_prefix("std_").or_else(|| own.strip_prefix("stdev_")).or_else(|| own.strip_prefix("stddev_"));
    if let Some(bare) = bare.filter(|bare| !["err", "dev"].iter().any(|word| bare.starts_with(word))) {
        return Some((bare.to_owned(), Spread::Deviation));
    }
    // The longest ending is what it is of: `score_ci_low`, not `score_ci` of `low`.
    let fits = BEHIND.iter().filter_map(|(word, spread)| {
        let bare = own.strip_suffix(word)?;
        (bare.is_empty() || bare.ends_with('_')).then(|| (bare.trim_end_matches('_').to_owned(), *spread, word.len()))
    });
    fits.max_by_key(|(.., length)| *length).map(|(bare, spread, _)| (bare, spread))
}

/// n with Σx and Σx² of the values.
struct Moments {
    n: u64,
    sum: ExactSum,
    squares: ExactSum,
    /// Whether all values are 0 or 1.
    is_share: bool,
    /// Σ over clusters of (Σ (x − mean))², with the number of clusters, by field.
    clustered: Vec<(String, f64, u64)>,
}

impl Moments {
    fn of_column(rows: &ColumnRows) -> Self {
        let is_share = rows.squares == rows.values;
        let mean = rows.values.value() / rows.numbers as f64;
        let clustered = rows.clusters.iter().filter(|(_, own)| !own.has_more).map(|(field, own)| {
            let gap = |(count, sum): &(u64, SignedSum)| {
                let gap = sum.value() - mean * *count as f64;
                gap * gap
            };
            (field.clone(), own.rows.values().map(gap).sum(), own.rows.len() as u64)
        });
        let (sum, squares) = (rows.values.clone(), rows.squares.clone());
        Self { n: rows.numbers, sum, squares, is_share, clustered: clustered.collect() }
    }

    fn of_share(right: u64, n: u64) -> Self {
        let mut sum = ExactSum::default();
        sum.add(right as f64);
        Self { n, squares: sum.clone(), sum, is_share: true, clustered: Vec::new() }
    }

    fn mean(&self) -> Approx {
        Approx::exact(self.sum.value()).over(self.n as f64)
    }

    /// Standard errors of the mean with their formulas.
    fn errors(&self) -> Vec<(Approx, String)> {
        let n = self.n as f64;
        let Some(sample) = stderr_of_mean(self.n, &self.sum, &self.squares) else { return Vec::new() };
        let of = |value: f64| Approx::exact(value).rounded(8.0 * (n + 8.0), NumberFormat::F64);
        let mut errors = vec![
            (of(sample), "sd/sqrt(n)".to_owned()),
            (of(sample * sqrt((n - 1.0) / n)), "sd of all/sqrt(n)".to_owned()),
        ];
        for (field, squares, clusters) in &self.clustered {
            let clusters = *clusters as f64;
            errors.push((of(sqrt(*squares) / n), format!("sqrt(sum over `{field}`)/n, clustered")));
            let unbiased = sqrt(squares * clusters / (clusters - 1.0)) / n;
            errors.push((of(unbiased), format!("sqrt(sum over `{field}`*G/(G - 1))/n, clustered")));
        }
        errors
    }

    /// Wilson's interval of a share.
    fn wilson(&self, z: f64) -> (f64, f64) {
        let (n, p) = (self.n as f64, self.sum.value() / self.n as f64);
        let middle = p + z * z / (2.0 * n);
        let half = z * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
        let whole = 1.0 + z * z / n;
        ((middle - half) / whole, (middle + half) / whole)
    }
}

/// The column that a spread is of: that of its name; without a name, the only one that another number of the summary is about.
fn moments(bare: &str, asked: &Asked<'_>) -> Option<(String, Moments)> {
    let columns = asked.facts.columns;
    let of = |name: &str| {
        let column = named::column(name, columns).map(|own| Moments::of_column(own.rows));
        let share =
            || asked.facts.right.filter(|_| named::is_share(name)).map(|(right, n)| Moments::of_share(right, n));
        Some((name.to_owned(), column.or_else(share)?))
    };
    if !bare.is_empty() {
        return of(bare);
    }
    let mut others = asked.beside.iter().filter(|own| !own.of.stderr && parse(&own.of.metric).is_none());
    let first = others.find_map(|own| of(&own.of.metric))?;
    others.all(|own| of(&own.of.metric).is_none()).then_some(first)
}

/// What the columns give for a number that is a spread by its name; None where it is none.
pub(super) fn spread(asked: &Asked<'_>) -> Option<Found> {
    let (name, spread) = parse(&asked.claim.of.metric)?;
    let (base, own) = moments(&name, asked)?;
    if own.n < 2 {
        return None;
    }
    let mut ways = Ways { rows: asked.facts.columns.rows, over: Some(own.n), ..Ways::default() };
    let n = own.n as f64;
    let errors = own.errors();
    let deviations: Vec<(Approx, String)> = errors
        .iter()
        .take(2)
        .zip(["sd with n - 1", "sd with n"])
        .map(|((error, _), words)| (error.scaled(sqrt(n)), words.to_owned()))
        .collect();
    let named = |words: &str| format!("{words} of {base}");
    match spread {
        Spread::Error => {
            ways.right.extend(errors.iter().map(|(value, words)| Derived::new(*value, named(words))));
            let plain = "is the standard deviation, not divided by √n";
            ways.wrong.extend(deviations.iter().map(|(value, words)| wrong(*value, words, plain)));
            let twice = "is the standard deviation ÷ n, not ÷ √n";
            ways.wrong
                .extend(deviations.iter().map(|(value, words)| wrong(value.over(n), &format!("{words}/n"), twice)));
        }
        Spread::Deviation => {
            ways.right.extend(deviations.iter().map(|(value, words)| Derived::new(*value, named(words))));
            let why = "is the standard error, not the standard deviation";
            ways.wrong.extend(errors.iter().take(2).map(|(value, words)| wrong(*value, words, why)));
            let why = "is the variance, not the standard deviation";
            ways.wrong.extend(deviations.iter().map(|(value, words)| wrong(*value * *value, words, why)));
        }
        Spread::Variance => {
            let squares = deviations.iter().map(|(value, words)| Derived::new(*value * *value, named(words)));
            ways.right.extend(squares);
        }
        Spread::Low | Spread::High | Spread::Margin => intervals(&own, &errors, spread, &base, &mut ways),
    }
    let found = ways.settle(asked, METHOD)?;
    Some(around(found, asked, &base, &own, spread))
}

fn wrong(value: Approx, words: &str, why: &str) -> Wrong {
    Wrong::new(AggregateCause::Stderr, value, words, why)
}

fn intervals(own: &Moments, errors: &[(Approx, String)], spread: Spread, base: &str, ways: &mut Ways) {
    let mean = own.mean();
    for (z, shown) in FACTORS {
        for (error, words) in errors {
            let half = error.scaled(z);
            let (value, sign) = match spread {
                Spread::Low => (mean - half, "mean - "),
                Spread::High => (mean + half, "mean + "),
                _ => (half, ""),
            };
            ways.right.push(Derived::new(value, format!("{sign}{shown}*{words} of {base}")));
            if spread == Spread::Margin {
                ways.right.push(Derived::new(half.scaled(2.0), format!("2*{shown}*{words} of {base}")));
            }
        }
        if own.is_share && spread != Spread::Margin {
            let (low, high) = own.wilson(z);
            let value = Approx::exact(if spread == Spread::Low { low } else { high }).rounded(64.0, NumberFormat::F64);
            ways.right.push(Derived::new(value, format!("Wilson's bound of {base}, z = {shown}")));
        }
    }
}

/// A bound on the wrong side of its mean.
fn around(found: Found, asked: &Asked<'_>, base: &str, own: &Moments, spread: Spread) -> Found {
    let mean = own.mean();
    let scale = if asked.reported().value.abs() > 1.5 && own.is_share { 100.0 } else { 1.0 };
    let (mean, reported) = (mean.scaled(scale), asked.reported());
    let is_beyond = match spread {
        Spread::Low => mean.is_below(reported),
        Spread::High => reported.is_below(mean),
        _ => false,
    };
    if found.missing.is_none() || !is_beyond {
        return found;
    }
    let side = if spread == Spread::Low { "above" } else { "below" };
    let remark = Remark {
        code: "RT605",
        title: format!(
            "{} {} lies {side} mean({base}) = {}, which an interval around it contains",
            asked.claim.of.metric,
            show(reported.value),
            show(mean.value)
        ),
        help: "compute the interval from the same rows as the mean",
        expected: None,
        of: (1, 1),
    };
    found.remarked(remark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::alike::tests::Nowhere;
    use crate::metric::columns::RowColumns;
    use crate::metric::tests::found;
    use crate::model::{FieldValue, RowField, Text, Verdict};

    #[test]
    fn names_say_what_is_spread() {
        let of = |name: &str| parse(name).map(|(bare, _)| bare);
        assert_eq!(of("score_stderr").as_deref(), Some("score"));
        assert_eq!(of("std_score").as_deref(), Some("score"));
        assert_eq!(of("std_err").as_deref(), Some(""));
        assert_eq!(of("accuracy_ci_low").as_deref(), Some("accuracy"));
        assert_eq!(of("accuracy 95% CI lower").as_deref(), Some("accuracy"));
        assert_eq!(of("score"), None);
        assert_eq!(of("response"), None);
    }

    /// 0, 0, 1, 3: mean 1, Σ(x − 1)² = 6; clusters x: 0, 0 and y: 1, 3.
    fn columns() -> RowColumns {
        let mut all = RowColumns::default();
        for (at, (value, cluster)) in (1..).zip([(0.0, "x"), (0.0, "x"), (1.0, "y"), (3.0, "y")]) {
            let score = RowField::new("score".into(), FieldValue::Number(value));
            let cluster = RowField::new("cluster".into(), FieldValue::Text(Text::plain(cluster)));
            all.observe(at, &[score, cluster], &[], &Nowhere);
        }
        all
    }

    #[test]
    fn spreads_by_hand() {
        let of = |name: &str, printed: &str| found(super::spread, &columns(), 4, name, printed).unwrap();
        // √(6 ÷ 3 ÷ 4) = √0.5; √(6 ÷ 4 ÷ 4).
        assert_eq!(of("score_stderr", "0.70711").verdict, Verdict::Proven);
        assert_eq!(of("score_se", "0.61237").verdict, Verdict::Proven);
        // Clusters: (0 − 2)² + (4 − 2)² = 8: √8 ÷ 4, also times √2.
        assert!(of("score_stderr", "0.7071068").derived.definition.starts_with("sd/sqrt(n)"));
        assert!(of("score_stderr", "1.0000").derived.definition.contains("clustered"));
        assert!(of("score_stderr", "1.41421").why.contains("not divided"));
        assert_eq!(of("score_std", "1.4142").verdict, Verdict::Proven);
        assert_eq!(of("std_score", "1.2247").verdict, Verdict::Proven);
        assert!(of("score_std", "0.70711").why.contains("standard error"));
        assert_eq!(of("score_variance", "2.000").verdict, Verdict::Proven);
        // 1 ∓ 1.96·0.70711.
        assert_eq!(of("score_ci_low", "-0.38593").verdict, Verdict::Proven);
        assert_eq!(of("score_ci_high", "2.38593").verdict, Verdict::Proven);
        assert_eq!(of("score_ci95", "1.38593").verdict, Verdict::Proven);
        assert_eq!(of("score_ci_low", "0.1234").verdict, Verdict::Unprovable);
        assert!(of("score_ci_low", "1.2345").remark.is_some());
    }
}
