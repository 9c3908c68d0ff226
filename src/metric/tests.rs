//! Helpers for the tests of single metrics, and tests that cover all metrics.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::aggregate::stderr;
use super::found::Found;
use super::*;
use crate::metric::row::judge;
use crate::model::{
    Aggregation, At, CandidateSummary, Choice, Claim, ClaimKind, ColumnKey, Definition, Divisor, ItemSummary, Located,
    Place, Ranking, Reported, RowClaim, RowMetric, RowValue, RunClaim, RunMetric, ScoreOutput, Verdict,
};
use crate::numeric::{Approx, Printed, show};

/// Candidates of (score, text after the delimiter " ", unconditional score).
pub(super) fn item(candidates: &[(f64, &str, Option<f64>)], gold: i64) -> ItemSummary {
    let candidates = candidates
        .iter()
        .map(|(score, text, unconditional)| CandidateSummary {
            claims: vec![Reported {
                column: ColumnKey::new("score", ClaimKind::Score),
                number: Some(Approx::exact(*score)),
                lower_is_better: false,
                explained_by: 0,
                refuted: false,
                promises: true,
            }],
            chars: u32::try_from(text.chars().count() + 1).ok(),
            bytes: u32::try_from(text.len() + 1).ok(),
            words: u32::try_from(text.split_whitespace().count()).ok(),
            delimiter: 1,
            unconditional: *unconditional,
            greedy: Some(false),
            ..CandidateSummary::default()
        })
        .collect();
    ItemSummary { candidates, gold: Choice::Index(gold), ..ItemSummary::default() }
}

pub(super) fn metric(name: &'static str, value: RowValue) -> RowClaim<'static> {
    Claim {
        of: RowMetric { name: Cow::Borrowed(name), custom: false, definition: Definition::ByName },
        value,
        at: At::default(),
    }
}

pub(super) fn number(text: &str) -> Printed {
    Printed::parse(text.as_bytes()).unwrap()
}

pub(super) fn row_verdict(name: &'static str, item: &ItemSummary, value: &str) -> Verdict {
    judge(item, &metric(name, RowValue::Number(number(value)))).row.judged.verdict
}

/// What the columns of rows give for a number of a run.
pub(super) fn found(
    of: impl Fn(&Asked<'_>) -> Option<Found>,
    columns: &RowColumns,
    items: u64,
    name: &str,
    printed: &str,
) -> Option<Found> {
    let (rows, tokens) = (BTreeMap::new(), TokenTotals::default());
    let facts = RunFacts {
        rows: &rows,
        columns,
        tokens: &tokens,
        items,
        unmeasured: items,
        right: None,
        doubt: None,
        has_segments: false,
        is_doubled: false,
    };
    let claim = RunMetric::new("", name).claim(printed, Located::default());
    of(&Asked { claim: &claim, printed: number(printed), counted: None, facts: &facts, beside: &[&claim] })
}

/// What is found for the first of some numbers of a summary without rows.
pub(super) fn found_without_rows(claims: &[RunClaim], of: impl FnOnce(&Asked<'_>) -> Option<Found>) -> Option<Found> {
    let (rows, columns, tokens) = (BTreeMap::new(), RowColumns::default(), TokenTotals::default());
    let facts = RunFacts {
        rows: &rows,
        columns: &columns,
        tokens: &tokens,
        items: 0,
        unmeasured: 0,
        right: None,
        doubt: None,
        has_segments: false,
        is_doubled: false,
    };
    let beside: Vec<&RunClaim> = claims.iter().collect();
    of(&Asked { claim: &claims[0], printed: number(&claims[0].value), counted: None, facts: &facts, beside: &beside })
}

/// What is known of a run.
#[derive(Clone, Default)]
pub(super) struct Run {
    pub(super) rows: BTreeMap<String, MetricRows>,
    pub(super) tokens: TokenTotals,
    pub(super) items: u64,
    pub(super) right: Option<(u64, u64)>,
    /// The n reported by the pipeline.
    pub(super) counted: Option<&'static str>,
}

/// Rows of one metric, one number each.
pub(super) fn rows_of(name: &'static str, values: &[&str]) -> BTreeMap<String, MetricRows> {
    rows(name, values.iter().map(|value| (*value, RowValue::Number(number(value)))))
}

/// Rows of one metric, a total with a count each.
pub(super) fn pairs_of(name: &'static str, values: &[(&str, &str)]) -> BTreeMap<String, MetricRows> {
    rows(name, values.iter().map(|(total, count)| (*total, RowValue::Pair(number(total), number(count)))))
}

fn rows<'v>(name: &'static str, values: impl Iterator<Item = (&'v str, RowValue)>) -> BTreeMap<String, MetricRows> {
    let mut rows = MetricRows::default();
    for (score, value) in values {
        let (one, own) = (item(&[(score.parse().unwrap(), "x", None)], 0), metric(name, value));
        rows.observe(&one, &judge(&one, &own), false, Located::default);
    }
    BTreeMap::from([(name.to_owned(), rows)])
}

/// Candidates of (log-prob in nats, tokens, bytes).
pub(super) fn tokens_of(candidates: &[(f64, u32, u32)]) -> TokenTotals {
    let mut totals = TokenTotals::default();
    for (total, tokens, bytes) in candidates {
        let (total, bytes) = (Some(Approx::exact(*total)), Some(*bytes));
        totals.add_candidate(&CandidateSummary { total, tokens: *tokens, bytes, ..CandidateSummary::default() });
    }
    totals
}

fn judged<T>(name: &str, printed: &str, run: &Run, look: impl FnOnce(&JudgedMetric<'_>) -> T) -> T {
    let (metric, stderr) = name.strip_suffix("_stderr").map_or((name, false), |metric| (metric, true));
    let claim = RunMetric { stderr, ..RunMetric::new("", metric) }.claim(printed, Located::default());
    let n = run.counted.map(|counted| RunMetric::new("", "n").claim(counted, Located::default()));
    let claims: Vec<&RunClaim> = [&claim].into_iter().chain(&n).collect();
    let facts = RunFacts {
        rows: &run.rows,
        columns: &RowColumns::default(),
        tokens: &run.tokens,
        items: run.items,
        unmeasured: run.rows.values().map(|rows| run.items - rows.rows).min().unwrap_or(run.items),
        right: run.right,
        doubt: None,
        has_segments: false,
        is_doubled: false,
    };
    look(&super::judged::judge(&claims, &facts)[0])
}

/// The verdict on a run's metric; a name that ends with `_stderr` is a standard error.
pub(super) fn verdict_of(name: &str, printed: &str, run: &Run) -> Verdict {
    judged(name, printed, run, |judged| judged.verdict)
}

/// The rows left out of a proven mean: rows with a value, all rows, and the mean with zeros for the others.
fn partial_of(name: &str, printed: &str, run: &Run) -> Option<(u64, u64, String)> {
    judged(name, printed, run, |judged| judged.partial.clone().map(|own| (own.over, own.of, show(own.with_zeros))))
}

#[test]
fn a_mean_of_some_rows_says_of_how_many() {
    let mean = || rows_of("acc", &["1", "0", "1", "1"]);
    let run = Run { items: 5, rows: mean(), ..Run::default() };
    assert_eq!(verdict_of("acc", "0.75", &run), Verdict::Proven);
    assert_eq!(partial_of("acc", "0.75", &run), Some((4, 5, "0.6".to_owned())));
    assert_eq!(partial_of("acc_stderr", "0.25", &run), None);
    assert_eq!(partial_of("acc", "0.75", &Run { items: 4, rows: mean(), ..Run::default() }), None);
    let shares = Run { items: 4, right: Some((3, 3)), ..Run::default() };
    assert_eq!(partial_of("accuracy", "1.0", &shares), Some((3, 4, "0.75".to_owned())));
    assert_eq!(partial_of("accuracy", "1.0", &Run { counted: Some("3"), ..shares }), None);
}

/// Why a run's metric is wrong.
pub(super) fn cause_of(name: &str, printed: &str, run: &Run) -> Option<AggregateCause> {
    judged(name, printed, run, |judged| judged.cause)
}

fn defined(item: &ItemSummary, definition: Definition<'static>, value: &str) -> Verdict {
    let mut metric = metric("m", RowValue::Number(number(value)));
    metric.of.definition = definition;
    judge(item, &metric).row.judged.verdict
}

#[test]
fn numbers_of_the_record_decide_without_a_gold_answer() {
    let none = ItemSummary::default();
    let parts = |texts: [&str; 2]| texts.map(number).to_vec();
    assert_eq!(defined(&none, Definition::LeastOf(parts(["1", "0"])), "0"), Verdict::Proven);
    assert_eq!(defined(&none, Definition::LeastOf(parts(["1", "1"])), "0"), Verdict::Refuted);
    assert_eq!(defined(&none, Definition::MeanOf(parts(["1", "0"])), "0.5"), Verdict::Proven);
    assert_eq!(defined(&none, Definition::MeanOf(parts(["1", "0"])), "0.25"), Verdict::Refuted);
    // 0.5 · √(4 · 9) = 3, with a relative error of 0.005/4/2 + 0.005/9/2 + 0.0005/0.5: 0.0057.
    let mean = || Definition::GeometricMeanOf(number("0.500"), parts(["4.00", "9.00"]));
    assert_eq!(defined(&none, mean(), "3.005"), Verdict::Proven);
    assert_eq!(defined(&none, mean(), "3.010"), Verdict::Refuted);
    let zero = Definition::GeometricMeanOf(number("1"), parts(["0.0", "9.0"]));
    assert_eq!(defined(&none, zero, "0"), Verdict::Unprovable);
    // 1 ÷ (1 + e^ln 3) = 0.25; e^ln 3 = 3.
    let one = item(&[(-1.098_612_288_668_109_8, "a", None)], 0);
    let raw = Divisor::Raw;
    assert_eq!(defined(&one, Definition::Only(raw, ScoreOutput::Logistic), "0.25"), Verdict::Proven);
    assert_eq!(defined(&one, Definition::Only(raw, ScoreOutput::Logistic), "0.75"), Verdict::Refuted);
    let most = |limit: &str| Definition::OnlyAtMost(raw, ScoreOutput::ExpNegated, number(limit));
    assert_eq!(defined(&one, most("3.1"), "1"), Verdict::Proven);
    assert_eq!(defined(&one, most("2.9"), "1"), Verdict::Refuted);
    // At the limit, rounding decides.
    assert_ne!(defined(&one, most("3"), "0"), Verdict::Refuted);
    assert_ne!(defined(&one, most("3"), "1"), Verdict::Refuted);
}

#[test]
fn shares_and_losses_by_hand() {
    // softmax(0, ln 3) = 0.25, 0.75.
    let two = item(&[(0.0, "a", None), (1.098_612_288_668_109_8, "b", None)], 1);
    let raw = Ranking::By(Divisor::Raw);
    assert_eq!(defined(&two, Definition::LargestShare(raw), "0.75"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::LargestShare(raw), "0.25"), Verdict::Refuted);
    assert_eq!(defined(&two, Definition::GoldShare(Divisor::Raw), "0.75"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::GoldShare(Divisor::Raw), "0.70"), Verdict::Refuted);
    assert_eq!(defined(&two, Definition::GoldLogShare(Divisor::Raw), "-0.2876820724517809"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::GoldLogShare(Divisor::Raw), "-0.31"), Verdict::Refuted);
    assert_eq!(defined(&two, Definition::SquaredDistance, "0.125"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::SquaredDistance, "0.0625"), Verdict::Refuted);
    assert_eq!(defined(&two, Definition::Winner(raw), "1"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::Winner(raw), "0"), Verdict::Refuted);
    // Choice 0 has the lowest loss; choice 1 is correct.
    assert_eq!(defined(&two, Definition::Right(Ranking::Lowest), "0.0"), Verdict::Proven);
    assert_eq!(defined(&two, Definition::Right(Ranking::Lowest), "1.0"), Verdict::Refuted);
    // −1 − −1 = 0, −2 − (−2 − ln 3) = ln 3.
    let facts = item(&[(-1.0, "a", Some(-1.0)), (-2.0, "b", Some(-2.0 - 1.098_612_288_668_109_8))], 1);
    assert_eq!(defined(&facts, Definition::LargestShare(Ranking::Mutual), "0.75"), Verdict::Proven);
    assert_eq!(defined(&facts, Definition::LargestShare(Ranking::Mutual), "0.7310585786300049"), Verdict::Refuted);
}

#[test]
fn aggregates_by_hand() {
    let rows = pairs_of("m", &[("-1.0", "1"), ("-3.0", "3"), ("-8.0", "4")]);
    let rows = &rows["m"];
    let near = |aggregation: Aggregation, right: f64| {
        let derived = aggregation.derive("m", rows).unwrap().value;
        assert!((derived.value - right).abs() < 1e-14 * right.abs(), "{aggregation:?}: {derived:?}");
        assert!(derived.half < 1e-13 * right.abs(), "{aggregation:?}: {derived:?}");
    };
    near(Aggregation::Mean, -4.0);
    near(Aggregation::PercentMean, -400.0);
    near(Aggregation::Sum, -12.0);
    near(Aggregation::Rows, 3.0);
    // 12 ÷ 8 = 1.5.
    near(Aggregation::WeightedMean, -1.5);
    near(Aggregation::WeightedPerplexity, 4.481_689_070_338_065);
    near(Aggregation::BitsPerByte, 2.164_042_561_333_445);
    near(Aggregation::Perplexity, 54.598_150_033_144_236);
    near(Aggregation::ExpOfMean, 0.018_315_638_888_734_18);
    // Deviations 3, 1, −4: 26 ÷ 2 = 13, √(13 ÷ 3).
    near(Aggregation::SampleVariance, 13.0);
    near(Aggregation::SampleDeviation, 3.605_551_275_463_989);
    assert!((stderr(rows).unwrap().value.value - 2.081_665_999_466_133).abs() < 1e-14);
    assert_eq!(Aggregation::Other.derive("m", rows), None);
}

#[test]
fn wrong_standard_errors_have_names() {
    // sd = √(1/3) over 0, 0, 1: √(1/3 ÷ 3) = 1/3.
    let run = Run { items: 3, rows: rows_of("acc", &["0.0", "0.0", "1.0"]), ..Run::default() };
    let arithmetic = |printed: &str| judged("acc_stderr", printed, &run, |judged| judged.arithmetic.clone());
    assert_eq!(verdict_of("acc_stderr", "0.3333333333333333", &run), Verdict::Proven);
    assert!(arithmetic("0.5773502691896257").contains("the standard deviation, not divided by √n"));
    assert!(arithmetic("0.2721655269759087").contains("Σ(x − mean)² ÷ n in place of n − 1"));
    assert!(arithmetic("0.19245008972987526").contains("the standard deviation ÷ n, not ÷ √n"));
    assert_eq!(arithmetic("0.9"), "sd/√3 = 0.333333333");
}

#[test]
fn a_percentage_is_told_from_another_number() {
    let run = Run { items: 4, rows: rows_of("acc", &["0.0", "0.0", "1.0", "0.0"]), ..Run::default() };
    assert_eq!(verdict_of("acc", "0.25", &run), Verdict::Proven);
    assert_eq!(cause_of("acc", "25.0", &run), Some(AggregateCause::Percent));
    assert_eq!(cause_of("acc", "0.5", &run), Some(AggregateCause::Mismatch));
    assert_eq!(cause_of("acc", "37.0", &run), Some(AggregateCause::Percent));
}

#[test]
fn rows_that_failed_left_the_denominator() {
    let run = Run { items: 4, right: Some((3, 3)), counted: Some("4"), ..Run::default() };
    assert_eq!(cause_of("accuracy", "1.0", &run), Some(AggregateCause::DroppedRows));
}

#[test]
fn merging_in_any_order_gives_the_same() {
    let parts: Vec<MetricRows> = (0..4_u64)
        .map(|at| {
            let mut rows = MetricRows::default();
            for line in 0..4 {
                let one = item(&[(-1.0, "a", None), (-2.0, "b", None)], 0);
                let place = Place { file: 0, line: at * 4 + line, column: 1, ..Place::default() };
                let located = Located { place: place.clone(), ..Located::default() };
                let one = ItemSummary { place, ..one };
                let own = metric("acc", RowValue::Flag(line % 2 == 0));
                rows.observe(&one, &judge(&one, &own), false, || located);
            }
            rows
        })
        .collect();
    let merged = |order: [usize; 4]| {
        let mut all = MetricRows::default();
        for at in order {
            all.merge(parts[at].clone());
        }
        all
    };
    let all = merged([0, 1, 2, 3]);
    assert_eq!(all, merged([3, 1, 0, 2]));
    assert_eq!((all.verdicts.proven, all.verdicts.refuted), (8, 8));
    let lines: Vec<u64> = all.refuted.iter().map(|row| row.located.place.line).collect();
    assert_eq!(lines, [1, 3, 5, 7, 9]);
}

#[test]
fn numbers_over_lost_rows_are_open_unless_the_others_give_them() {
    let run = Run { items: 4, right: Some((3, 4)), ..Run::default() };
    let of = |printed: &str| {
        judged("accuracy", printed, &run, |own| {
            let mut all = [own.clone()];
            super::judged::with_lost_rows(&mut all);
            (own.verdict, all[0].verdict, all[0].cause)
        })
    };
    assert_eq!(of("0.5"), (Verdict::Refuted, Verdict::Unprovable, None));
    assert_eq!(of("0.75"), (Verdict::Proven, Verdict::Proven, None));
}
