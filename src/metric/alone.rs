//! Numbers of a summary without rows, against each other: a share of right rows with its n, its standard error, its counts, the
//! same number as a percentage.
//!
//! The standard error of a share of ones and zeros is √(p(1−p)/(n−1)), so that n = 1 + p(1−p)/se². A share of n rows is a whole
//! number of n-ths (GRIM, Brown and Heathers 2017, <https://doi.org/10.1177/1948550616673876>).

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Remark, gives, unit_of};
use crate::metric::shares;
use crate::metric::wrong::AggregateCause;
use crate::model::{Aggregation, RunClaim, plain_name};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// What the summary does not say.
const NO_ROWS: Missing = ("no rows of this metric are logged beside it", "the value of every row");
/// Names of metrics that are 1 or 0 in every row by their definition.
const BINARY: [&str; 10] = [
    "acc",
    "acc_norm",
    "accuracy",
    "em",
    "exact_match",
    "pass@1",
    "pass_rate",
    "solve_rate",
    "success_rate",
    "resolved_rate",
];
/// Names of the number of right rows, and of all rows.
const RIGHT: [&str; 6] = ["correct", "num_correct", "n_correct", "correct_count", "total_correct", "passed"];
const ALL: [&str; 10] = [
    "n",
    "scored_samples",
    "total",
    "num_samples",
    "n_samples",
    "count",
    "total_questions",
    "num_questions",
    "num_examples",
    "total_count",
];
/// Names of numbers by which rows are repeated.
const REPEATS: [&str; 8] = ["epochs", "repeats", "num_repeats", "runs", "num_runs", "seeds", "trials", "k"];

/// Digits behind the point from which on a file prints all it has.
const WHOLE: i16 = 9;

/// The number of a claim within half of its last digit; of a file that prints all digits it has no more.
fn number(asked: &Asked<'_>, claim: &RunClaim) -> Option<Approx> {
    let parse = |claim: &RunClaim| Printed::parse(claim.value.as_bytes()).filter(Printed::is_finite);
    let printed = parse(claim)?;
    let is_whole = || asked.beside.iter().any(|own| parse(own).is_some_and(|number| number.decimals >= WHOLE));
    let half = match claim.of.decimals {
        Some(decimals) => half_of_last_digit(decimals),
        None if is_whole() => 0.0,
        None => half_of_last_digit(printed.decimals),
    };
    Some(Approx::new(printed.value, half).stored(NumberFormat::F64))
}

fn is_binary(claim: &RunClaim) -> bool {
    let of = &claim.of;
    let is_mean = of.aggregation.is_none_or(|own| matches!(own, Aggregation::Mean | Aggregation::PercentMean));
    let is_plain = !of.custom && of.group.is_none() && of.parts.is_empty();
    is_mean && is_plain && BINARY.contains(&&*plain_name(of.row_metric()))
}

/// The object of a summary that holds a number, and the number's name in it.
fn place(metric: &str) -> (&str, &str) {
    metric.rsplit_once('.').unwrap_or(("", metric))
}

/// The claim beside it that has one of several names.
fn stated<'a>(asked: &Asked<'a>, is_it: impl Fn(&RunClaim) -> bool) -> Option<&'a RunClaim> {
    let own = &asked.claim.of;
    let is_beside =
        |other: &&&RunClaim| other.of.task == own.task && (other.of.filter == own.filter || other.of.filter.is_empty());
    asked.beside.iter().filter(is_beside).find(|other| is_it(other)).copied()
}

fn count(asked: &Asked<'_>, names: &[&str]) -> Option<f64> {
    let (own, _) = place(&asked.claim.of.metric);
    let is_it = |other: &RunClaim| {
        let (object, name) = place(&other.of.metric);
        !other.of.stderr && object == own && names.contains(&&*plain_name(name))
    };
    let claim = stated(asked, is_it)?;
    let number = Printed::parse(claim.value.as_bytes())?;
    (number.decimals <= 0 && number.value >= 0.0 && number.is_finite()).then_some(number.value)
}

/// What the other numbers of its summary say of one that has no rows.
pub(super) fn alone(asked: &Asked<'_>) -> Option<Found> {
    let reported = number(asked, asked.claim)?;
    if asked.claim.of.stderr {
        return error(asked, reported);
    }
    of_counts(asked, reported)
        .or_else(|| other_unit(asked, reported))
        .or_else(|| shares::of_whole(asked))
        .or_else(|| no_whole_number(asked, reported))
}

/// √(p(1−p)/(n − 1)), or over n, as far as rounding leaves it open.
fn error_of(share: Approx, below: f64) -> Approx {
    let product = share * (Approx::exact(1.0) - share);
    Approx::new(product.value.max(0.0), product.half).over(below).sqrt()
}

/// A standard error of a share of ones and zeros.
fn error(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    let of = |other: &RunClaim| !other.of.stderr && other.of.metric == asked.claim.of.metric;
    let is_share = |base: &RunClaim| base.of.metric == "accuracy" && base.of.aggregation == Some(Aggregation::Mean);
    let base = stated(asked, of).filter(|base| is_binary(base) || is_share(base))?;
    let is_percent = base.of.aggregation == Some(Aggregation::PercentMean);
    let unit = if is_percent { 100.0 } else { 1.0 };
    let share = number(asked, base)?.over(unit);
    let reported = reported.over(unit);
    if !(0.0..=1.0).contains(&share.value) || reported.value <= 0.0 {
        return None;
    }
    let n = asked.counted.or_else(|| count(asked, &ALL)).filter(|n| *n > 1.0);
    let Some(n) = n.or_else(|| solved(share, reported)) else { return not_divided(share, reported) };
    let is_it = |value: Approx| gives(value, reported);
    let shown = show(n);
    let sample = Derived::new(error_of(share, n - 1.0).scaled(unit), format!("sqrt(p*(1 - p)/(n - 1)), n = {shown}"));
    if is_it(error_of(share, n - 1.0)) {
        return Some(Found::proven(sample));
    }
    let own = error_of(share, n);
    if is_it(own) {
        return asked
            .claim
            .of
            .aggregation
            .is_none()
            .then(|| Found::proven(Derived::new(own.scaled(unit), format!("sqrt(p*(1 - p)/n), n = {shown}"))));
    }
    // A standard error may be clustered or drawn at random; only what is known to be something else is wrong.
    let deviation = error_of(share, 1.0);
    let wrongs = [(deviation, "is √(p(1−p)), not divided by √n"), (deviation.over(n), "is √(p(1−p)) ÷ n, not ÷ √n")];
    let (value, why) = wrongs.into_iter().find(|(value, _)| is_it(*value))?;
    let arithmetic = format!("{} = {}", sample.definition, show(sample.value.value));
    let is_long = reported.half * 1e3 < value.value;
    is_long.then(|| Found::refuted(sample, AggregateCause::Stderr, why, arithmetic))
}

/// A standard error that is a standard deviation, whatever n is.
fn not_divided(share: Approx, reported: Approx) -> Option<Found> {
    let deviation = error_of(share, 1.0);
    // One right and one wrong row have this standard error.
    let is_two = (share.value - 0.5).abs() <= share.half;
    let is_long = reported.half * 1e3 < deviation.value;
    let right = Derived::new(Approx::exact(f64::NAN), "sqrt(p*(1 - p)/(n - 1))");
    let why = "is √(p(1−p)), not divided by √n";
    let arithmetic = format!("sqrt(p*(1 - p)) = {}", show(deviation.value));
    let is_it = !is_two && is_long && gives(deviation, reported);
    is_it.then(|| Found::refuted(right, AggregateCause::Stderr, why, arithmetic))
}

/// n = 1 + p(1−p)/se².
fn n_of(share: Approx, error: Approx) -> f64 {
    1.0 + share.value * (1.0 - share.value) / (error.value * error.value)
}

/// The whole n that a share and its standard error give, if the digits leave one, and the share is a whole number of n-ths.
fn solved(share: Approx, error: Approx) -> Option<f64> {
    /// How far a solved n may lie from a whole number, and how far its digits may leave it open.
    const OPEN: f64 = 0.02;
    let product = share.value * (1.0 - share.value);
    let n = n_of(share, error);
    let open = (n - 1.0) * (2.0 * error.half / error.value + share.half / product.max(share.half));
    let whole = n.round();
    let right = share.value * whole;
    let is_whole = (n - whole).abs() <= OPEN && open <= OPEN && whole >= 2.0;
    (is_whole && (right - right.round()).abs() <= OPEN).then_some(whole)
}

/// A share beside the number of right rows and of all rows.
fn of_counts(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    // A part of a summary names its numbers as the whole does.
    let (object, name) = place(&asked.claim.of.metric);
    let is_part = !object.is_empty() && asked.claim.of.rows.is_none() && BINARY.contains(&&*plain_name(name));
    if !is_binary(asked.claim) && !is_part {
        return None;
    }
    let (right, all) = (count(asked, &RIGHT)?, count(asked, &ALL)?);
    if all < 1.0 || right > all {
        return None;
    }
    let share = Approx::exact(right).over(all);
    let words = format!("{} right of {}, as stated", show(right), show(all));
    if let Some(scale) = unit_of(reported, share) {
        return Some(Found::proven(Derived::new(share.scaled(scale), words)));
    }
    let remark = Remark {
        code: "RT601",
        title: format!(
            "{} {} does not match the counts beside it: {} right of {} is {}",
            asked.claim.of.metric,
            show(reported.value),
            show(right),
            show(all),
            show(share.value)
        ),
        help: "compute the share from the counts that are written to the same file",
        expected: Some(share.value),
        of: (1, 1),
    };
    Some(Found::open(Derived::new(share, words), NO_ROWS).remarked(remark))
}

/// A percentage beside the same number as a fraction.
fn other_unit(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    let base =
        asked.claim.of.rows.as_deref().filter(|_| asked.claim.of.aggregation == Some(Aggregation::PercentMean))?;
    let claim = stated(asked, |other| !other.of.stderr && other.of.metric == base && other.of.rows.is_none())?;
    let own = number(asked, claim)?;
    // Some tools write percentages under both names.
    let scale = if own.value > 1.0 { 1.0 } else { 100.0 };
    let value = own.scaled(scale);
    let derived = Derived::new(value, format!("{} in percent, as stated", claim.of.metric));
    if gives(value, reported) {
        return Some(Found::proven(derived));
    }
    let remark = Remark {
        code: "RT609",
        title: format!(
            "{} {} and {} {} are not one number in two units",
            asked.claim.of.metric,
            show(reported.value),
            claim.of.metric,
            show(own.value)
        ),
        help: "compute one of the two from the other",
        expected: Some(value.value),
        of: (1, 1),
    };
    Some(Found::open(derived, NO_ROWS).remarked(remark))
}

/// A share that no whole number of right rows gives.
fn no_whole_number(asked: &Asked<'_>, reported: Approx) -> Option<Found> {
    let n = asked.counted.or_else(|| count(asked, &ALL)).filter(|n| *n >= 1.0 && n.fract() <= 0.0)?;
    let is_percent = reported.value > 1.0 || asked.claim.of.aggregation == Some(Aggregation::PercentMean);
    let reported = reported.widened(asked.at_least().half - asked.reported().half);
    let share = reported.over(if is_percent { 100.0 } else { 1.0 });
    // Parts of the run may have been averaged, and rows repeated.
    let has_parts = asked.beside.iter().any(|other| other.of.metric.contains('.') || other.of.group.is_some());
    if !is_binary(asked.claim) || has_parts || !(0.0..=1.0).contains(&share.value) {
        return None;
    }
    let repeats = REPEATS.iter().filter_map(|name| count(asked, &[name])).filter(|own| (2.0..=1e3).contains(own));
    let counts: Vec<f64> = std::iter::once(n).chain(repeats.map(|own| own * n)).collect();
    // Rounded either way, cut off, or off by what single precision leaves.
    let open = share.half * 2.0 + 1e-7;
    let fits = |n: f64| {
        let right = share.value * n;
        (right - right.round()).abs() <= open * n
    };
    if counts.into_iter().any(fits) || error_says_otherwise(asked, share, n) {
        return None;
    }
    let right = share.value * n;
    let (low, high) = (right.floor(), right.ceil());
    let words = |own: f64| format!("{}/{} = {}", show(own), show(n), show(own / n));
    let title = format!(
        "{} {} of n = {} is not a whole number of right rows: {} and {} are the nearest",
        asked.claim.of.metric,
        show(reported.value),
        show(n),
        words(low),
        words(high)
    );
    let remark = Remark {
        code: "RT612",
        title,
        help: "report the n that the number is over, and how its parts are weighted if it is no plain share",
        expected: None,
        of: (1, 1),
    };
    let derived = Derived::new(Approx::exact(f64::NAN), format!("{}/{}", show(right), show(n)));
    Some(Found::open(derived, NO_ROWS).remarked(remark))
}

/// Whether the standard error beside it says that it is over another n.
fn error_says_otherwise(asked: &Asked<'_>, share: Approx, n: f64) -> bool {
    let of = |other: &RunClaim| other.of.stderr && other.of.metric == asked.claim.of.metric;
    let Some(error) = stated(asked, of).and_then(|own| number(asked, own)) else { return false };
    (n_of(share, error) - n).abs() > 0.02 * n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::tests::found_without_rows;
    use crate::model::{Located, RunMetric, Verdict};

    /// What is found for the first of some numbers; a name that ends with `_stderr` is a standard error.
    fn found(numbers: &[(&str, &str)]) -> Option<Found> {
        let claims: Vec<RunClaim> = numbers
            .iter()
            .map(|(name, printed)| {
                let (metric, stderr) = name.strip_suffix("_stderr").map_or((*name, false), |metric| (metric, true));
                RunMetric { stderr, ..RunMetric::new("", metric) }.claim(printed, Located::default())
            })
            .collect();
        found_without_rows(&claims, alone)
    }

    #[test]
    fn a_standard_error_follows_from_its_share() {
        // √(0.75·0.25 ÷ 99) = 0.0435194…; over 100: 0.0433012…
        let of = |error: &str, n: &str| found(&[("acc_stderr", error), ("acc", "0.75"), ("n", n)]);
        assert_eq!(of("0.04351941398892446", "100").unwrap().verdict, Verdict::Proven);
        assert_eq!(of("0.0433", "100").unwrap().verdict, Verdict::Proven);
        assert_eq!(of("0.4330127", "100").unwrap().cause, Some(AggregateCause::Stderr));
        assert!(of("0.0512", "100").is_none());
        // Without an n the digits give it: 1 + 0.1875 ÷ se² = 100.
        let alone = found(&[("acc_stderr", "0.04351941398892446"), ("acc", "0.75")]).unwrap();
        assert!(alone.derived.definition.ends_with("n = 100"));
        assert!(found(&[("acc_stderr", "0.0435"), ("acc", "0.75")]).is_none());
        // √(0.8·0.2) = 0.4, whatever n is; √(0.5·0.5) is that of two rows.
        let deviation = found(&[("acc_stderr", "0.4000000000"), ("acc", "0.8000000000")]).unwrap();
        assert_eq!(deviation.cause, Some(AggregateCause::Stderr));
        let two = found(&[("acc_stderr", "0.5000000000"), ("acc", "0.5000000000")]).unwrap();
        assert_eq!(two.verdict, Verdict::Proven);
        // A reward need not be 0 or 1.
        assert!(found(&[("reward_stderr", "0.0435"), ("reward", "0.75"), ("n", "100")]).is_none());
    }

    #[test]
    fn a_share_of_37_rows_is_a_whole_number_of_37ths() {
        let code = |share: &str, n: &str| {
            found(&[("accuracy", share), ("n", n)]).and_then(|own| own.remark).map(|own| own.code)
        };
        // 31/37 = 0.8378…, 32/37 = 0.8648…
        assert_eq!(code("0.853", "37"), Some("RT612"));
        assert_eq!(code("85.3", "37"), Some("RT612"));
        for share in ["0.838", "0.837", "83.8", "0.84", "0.8"] {
            assert_eq!(code(share, "37"), None, "{share}");
        }
        assert_eq!(code("0.853", "1000"), None);
        // Four epochs: 0.8514 = 126/148.
        let epochs = found(&[("accuracy", "0.8514"), ("n", "37"), ("epochs", "4")]);
        assert!(epochs.is_none());
        assert!(found(&[("accuracy", "0.853"), ("n", "37"), ("math.accuracy", "0.9")]).is_none());
    }

    #[test]
    fn counts_and_percentages_beside_it_decide() {
        let of = |share: &str| found(&[("accuracy", share), ("correct", "45"), ("total", "100")]).unwrap();
        assert_eq!(of("0.45").verdict, Verdict::Proven);
        assert_eq!(of("45.0").verdict, Verdict::Proven);
        assert!(of("0.9").remark.unwrap().title.contains("45 right of 100 is 0.45"));
    }
}
