//! Metrics: the value of one item, the aggregate over items, the standard error.

pub mod aggregate;
pub mod choice;
pub mod row;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::choice::{Cut, outcome};
use crate::metric::row::RowDefinition;
use crate::model::{Divisor, ItemSummary, Located, RowMetric, RowValue, Verdict, VerdictCounts};
use crate::numeric::{ExactSum, exp};

/// Fewest wrong rows from which on another definition may be named as their cause: one or two follow some definition by
/// chance.
pub const FEWEST: u64 = 3;
/// Refuted rows that are kept to be shown.
const SHOWN: usize = 5;

/// A refuted row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefutedRow {
    /// The position of the value.
    pub located: Located,
    /// The item's id.
    pub item: String,
    /// The value as logged.
    pub found: f64,
    /// The value as derived.
    pub expected: f64,
}

/// Mergeable statistics of one metric over the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricRows {
    /// Rows seen.
    pub rows: u64,
    /// What is said of them.
    pub verdicts: VerdictCounts,
    /// Rows with a finite number.
    pub numbers: u64,
    /// Rows whose number is NaN or infinite.
    pub not_finite: u64,
    /// Whether some row comes from code that the log does not show.
    pub custom: bool,
    /// Σ of the numbers.
    pub values: ExactSum,
    /// Σ of |number|, for bounds of rounding.
    pub sizes: ExactSum,
    /// Σ of their squares.
    pub squares: ExactSum,
    /// The smallest and the largest number.
    pub range: Option<(f64, f64)>,
    /// Rows that are a total with a count.
    pub pairs: u64,
    /// Σ of the counts.
    pub weights: ExactSum,
    /// Σ of exp(−number), and of exp(−number ÷ count) where there is a count.
    pub exps: ExactSum,
    /// Σ of number ÷ count.
    pub means: ExactSum,
    /// Rows whose squared distance to the gold answer was derived (Brier).
    pub distributions: u64,
    /// Σ of these distances.
    pub distances: ExactSum,
    /// The divisor that the metric is defined by, where it has one.
    pub own_divisor: Option<Divisor>,
    /// Rows in which each divisor could be tried, and those that it explains.
    pub divisors: BTreeMap<Divisor, (u64, u64)>,
    /// Rows in which each slicing could be tried, and those that it explains.
    pub cuts: BTreeMap<Cut, (u64, u64)>,
    /// First refuted rows, by place.
    pub refuted: Vec<RefutedRow>,
}

impl MetricRows {
    /// Adds the metric's value of one item and judges it; `located` is called only for a row worth showing.
    pub fn observe(&mut self, item: &ItemSummary, metric: &RowMetric<'_>, located: impl FnOnce() -> Located) {
        self.rows += 1;
        self.custom |= metric.custom;
        let judged = row::judge(item, metric);
        self.verdicts.add(judged.verdict);
        if let Some(squared) = judged.squared {
            self.distributions += 1;
            self.distances.add(squared);
        }
        self.add_number(&metric.value);
        if !metric.custom {
            self.fit(item, metric, judged.found);
        }
        if judged.verdict == Verdict::Refuted {
            let full = self.refuted.len() >= SHOWN;
            if !full || self.refuted.last().is_some_and(|last| item.place < last.located.place) {
                self.show(RefutedRow {
                    located: located(),
                    item: item.id.clone(),
                    found: judged.found,
                    expected: judged.expected,
                });
            }
        }
    }

    fn add_number(&mut self, value: &RowValue) {
        let Some(number) = row::number(value) else { return };
        if !number.is_finite() {
            self.not_finite += 1;
            return;
        }
        self.numbers += 1;
        self.values.add(number);
        self.sizes.add(number.abs());
        self.squares.add_product(number, number);
        self.widen((number, number));
        let mut nll = -number;
        if let RowValue::Pair(_, weight) = value {
            self.pairs += 1;
            self.weights.add(weight.value);
            if weight.value > 0.0 {
                self.means.add(number / weight.value);
                nll = -number / weight.value;
            }
        }
        self.exps.add(exp(nll));
    }

    fn widen(&mut self, (low, high): (f64, f64)) {
        self.range = Some(self.range.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
    }

    /// Counts which divisor and which slicing explain the row.
    fn fit(&mut self, item: &ItemSummary, metric: &RowMetric<'_>, found: f64) {
        let (divisor, mutual) = match row::definition(item, metric) {
            Some(RowDefinition::Argmax(divisor)) => {
                self.own_divisor = self.own_divisor.max(Some(divisor));
                (divisor, false)
            }
            Some(RowDefinition::MutualInfo) => (Divisor::Raw, true),
            _ => return,
        };
        let explains =
            |outcome: &choice::Outcome| row::same(f64::from(u8::from(outcome.right)), found) || !outcome.certain;
        if !mutual {
            for other in Divisor::ALL {
                let Some(outcome) = outcome(item, other, Cut::Halves, false) else { continue };
                let (tried, explained) = self.divisors.entry(other).or_default();
                *tried += 1;
                *explained += u64::from(explains(&outcome));
            }
        }
        if item.candidates.iter().all(|candidate| candidate.unconditional.is_some()) {
            for cut in Cut::ALL {
                let Some(outcome) = outcome(item, divisor, cut, mutual) else { continue };
                let (tried, explained) = self.cuts.entry(cut).or_default();
                *tried += 1;
                *explained += u64::from(explains(&outcome));
            }
        }
    }

    fn show(&mut self, row: RefutedRow) {
        let at = self.refuted.partition_point(|kept| kept.located.place < row.located.place);
        self.refuted.insert(at, row);
        self.refuted.truncate(SHOWN);
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.verdicts.merge(&other.verdicts);
        self.numbers += other.numbers;
        self.not_finite += other.not_finite;
        self.custom |= other.custom;
        self.values.merge(&other.values);
        self.sizes.merge(&other.sizes);
        self.squares.merge(&other.squares);
        if let Some(range) = other.range {
            self.widen(range);
        }
        self.pairs += other.pairs;
        self.weights.merge(&other.weights);
        self.exps.merge(&other.exps);
        self.means.merge(&other.means);
        self.distributions += other.distributions;
        self.distances.merge(&other.distances);
        self.own_divisor = self.own_divisor.max(other.own_divisor);
        for (divisor, (tried, explained)) in other.divisors {
            let mine = self.divisors.entry(divisor).or_default();
            *mine = (mine.0 + tried, mine.1 + explained);
        }
        for (cut, (tried, explained)) in other.cuts {
            let mine = self.cuts.entry(cut).or_default();
            *mine = (mine.0 + tried, mine.1 + explained);
        }
        for row in other.refuted {
            self.show(row);
        }
    }

    /// The one other divisor that explains all rows although the metric's own does not.
    #[must_use]
    pub fn other_divisor(&self, own: Divisor) -> Option<Divisor> {
        let (tried, explained) = *self.divisors.get(&own)?;
        if tried - explained < FEWEST {
            return None;
        }
        let fits = |divisor: &Divisor| self.divisors.get(divisor).is_some_and(|(all, fit)| *all == tried && all == fit);
        Divisor::ALL.into_iter().find(|divisor| *divisor != own && fits(divisor))
    }

    /// The one other slicing that explains all rows although the declared one does not.
    #[must_use]
    pub fn other_cut(&self) -> Option<Cut> {
        let (tried, explained) = *self.cuts.get(&Cut::Halves)?;
        if tried - explained < FEWEST {
            return None;
        }
        let fits = |cut: &Cut| self.cuts.get(cut).is_some_and(|(all, fit)| *all == tried && all == fit);
        Cut::ALL.into_iter().find(|cut| *cut != Cut::Halves && fits(cut))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::metric::aggregate::{Aggregation, other_stderrs, stderr};
    use crate::metric::row::judge;
    use crate::model::{
        At, CandidateSummary, Choice, ClaimKind, ColumnKey, Divisor, Place, Reported, RowRule, ScoreOutput,
    };
    use crate::numeric::Printed;

    /// Candidates of (score, text behind the delimiter " ", unconditional score).
    fn item(candidates: &[(f64, &str, Option<f64>)], gold: i64) -> ItemSummary {
        let candidates = candidates
            .iter()
            .map(|(score, text, unconditional)| CandidateSummary {
                claims: vec![Reported {
                    column: ColumnKey::new("score", ClaimKind::Score),
                    value: Some(*score),
                    half: 0.0,
                    lower_is_better: false,
                    explained_by: 0,
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

    fn metric(name: &'static str, value: RowValue) -> RowMetric<'static> {
        RowMetric { name: Cow::Borrowed(name), value, at: At(0), custom: false, rule: RowRule::ByName }
    }

    fn number(text: &str) -> Printed {
        Printed::parse(text.as_bytes()).unwrap()
    }

    fn verdict(item: &ItemSummary, name: &'static str, value: &str) -> Verdict {
        judge(item, &metric(name, RowValue::Number(number(value)))).verdict
    }

    #[test]
    fn each_divisor_has_its_metric() {
        // −4.4 ÷ 4 chars = −1.1, ÷ 8 bytes = −0.55; −4.2 ÷ 4 = −1.05 either way.
        let words = item(&[(-4.4, "вода", None), (-5.6, "water", None), (-4.2, "woda", None)], 0);
        assert_eq!(verdict(&words, "acc", "0.0"), Verdict::Proven);
        assert_eq!(verdict(&words, "acc_norm", "0.0"), Verdict::Proven);
        assert_eq!(verdict(&words, "acc_bytes", "1.0"), Verdict::Proven);
        assert_eq!(verdict(&words, "acc_norm", "1.0"), Verdict::Refuted);
    }

    #[test]
    fn mutual_information_takes_the_context_away() {
        let facts = item(&[(-4.0, "a", Some(-14.0)), (-5.9, "b", Some(-10.2)), (-6.3, "c", Some(-11.7))], 0);
        assert_eq!(verdict(&facts, "acc_mutual_info", "1.0"), Verdict::Proven);
        let mut rows = MetricRows::default();
        // Every second of −4, −5.9, −6.3, −14, −10.2, −11.7: 1.9, 7.7, 1.5.
        let wrong = metric("acc_mutual_info", RowValue::Number(number("0.0")));
        rows.observe(&facts, &wrong, Located::default);
        rows.observe(&facts, &wrong, Located::default);
        // Two rows may follow another slicing by chance.
        assert_eq!(rows.other_cut(), None);
        rows.observe(&facts, &wrong, Located::default);
        assert_eq!(rows.other_cut(), Some(Cut::Interleaved));
    }

    #[test]
    fn a_missing_score_or_gold_decides_nothing() {
        let mut one = item(&[(-1.0, "a", None), (-2.0, "b", None)], 7);
        assert_eq!(verdict(&one, "acc", "0.0"), Verdict::Unprovable);
        one.gold = Choice::Index(0);
        one.candidates[1].claims[0].value = None;
        assert_eq!(verdict(&one, "acc", "1.0"), Verdict::Unprovable);
    }

    #[test]
    fn what_the_printed_digits_leave_open_is_not_refuted() {
        let mut close = item(&[(-1.0, "a", None), (-1.001, "b", None)], 0);
        assert_eq!(verdict(&close, "acc", "0.0"), Verdict::Refuted);
        for candidate in &mut close.candidates {
            candidate.claims[0].half = 0.005;
        }
        assert_eq!(verdict(&close, "acc", "0.0"), Verdict::Unprovable);
    }

    #[test]
    fn brier_is_read_as_numpy_prints_it() {
        // softmax(0, ln 3) = 0.25, 0.75.
        let two = item(&[(0.0, "a", None), (1.098_612_288_668_109_8, "b", None)], 1);
        let of = |gold, values: [&str; 2]| {
            let value = RowValue::Distribution(gold, values.iter().map(|text| number(text)).collect());
            judge(&two, &metric("brier_score", value))
        };
        let right = of(1, ["0.25", "0.75"]);
        assert_eq!(right.verdict, Verdict::Proven);
        assert!((right.squared.unwrap() - 0.125).abs() < 1e-15);
        assert_eq!(of(0, ["0.25", "0.75"]).verdict, Verdict::Refuted);
        assert_eq!(of(1, ["0.24999000", "0.75001000"]).verdict, Verdict::Refuted);
    }

    #[test]
    fn numbers_of_the_record_decide_without_a_gold_answer() {
        let with = |item: &ItemSummary, rule: RowRule<'static>, value: &str| {
            let value = RowValue::Number(number(value));
            judge(item, &RowMetric { rule, ..metric("m", value) }).verdict
        };
        let none = ItemSummary::default();
        let parts = |texts: [&str; 2]| texts.map(number).to_vec();
        assert_eq!(with(&none, RowRule::LeastOf(parts(["1", "0"])), "0"), Verdict::Proven);
        assert_eq!(with(&none, RowRule::LeastOf(parts(["1", "1"])), "0"), Verdict::Refuted);
        // 0.5 · √(4 · 9) = 3, open by 0.005/4/2 + 0.005/9/2 + 0.0005/0.5 of it: 0.0057.
        let mean = || RowRule::GeometricMeanOf(number("0.500"), parts(["4.00", "9.00"]));
        assert_eq!(with(&none, mean(), "3.005"), Verdict::Proven);
        assert_eq!(with(&none, mean(), "3.010"), Verdict::Refuted);
        assert_eq!(with(&none, RowRule::GeometricMeanOf(number("1"), parts(["0.0", "9.0"])), "0"), Verdict::Unprovable);
        // 1 ÷ (1 + e^ln 3) = 0.25; e^ln 3 = 3.
        let one = item(&[(-1.098_612_288_668_109_8, "a", None)], 0);
        let raw = Divisor::Raw;
        assert_eq!(with(&one, RowRule::Only(raw, ScoreOutput::Logistic), "0.25"), Verdict::Proven);
        assert_eq!(with(&one, RowRule::Only(raw, ScoreOutput::Logistic), "0.75"), Verdict::Refuted);
        let most = |limit: &str| RowRule::OnlyAtMost(raw, ScoreOutput::ExpNegated, number(limit));
        assert_eq!(with(&one, most("3.1"), "1"), Verdict::Proven);
        assert_eq!(with(&one, most("2.9"), "1"), Verdict::Refuted);
        // At the limit rounding decides.
        assert_ne!(with(&one, most("3"), "0"), Verdict::Refuted);
        assert_ne!(with(&one, most("3"), "1"), Verdict::Refuted);
    }

    #[test]
    fn shares_and_losses_by_hand() {
        let ruled = |item: &ItemSummary, rule: RowRule<'static>, value: &str| {
            let metric = RowMetric { rule, ..metric("m", RowValue::Number(number(value))) };
            judge(item, &metric).verdict
        };
        // softmax(0, ln 3) = 0.25, 0.75.
        let two = item(&[(0.0, "a", None), (1.098_612_288_668_109_8, "b", None)], 1);
        assert_eq!(ruled(&two, RowRule::LargestShare(Divisor::Raw), "0.75"), Verdict::Proven);
        assert_eq!(ruled(&two, RowRule::LargestShare(Divisor::Raw), "0.25"), Verdict::Refuted);
        assert_eq!(ruled(&two, RowRule::GoldLogShare(Divisor::Raw), "-0.2876820724517809"), Verdict::Proven);
        assert_eq!(ruled(&two, RowRule::GoldLogShare(Divisor::Raw), "-0.31"), Verdict::Refuted);
        assert_eq!(ruled(&two, RowRule::SquaredDistance, "0.125"), Verdict::Proven);
        assert_eq!(ruled(&two, RowRule::SquaredDistance, "0.0625"), Verdict::Refuted);
        // The lowest loss is choice 0's, the right one is choice 1.
        assert_eq!(ruled(&two, RowRule::Argmin, "0.0"), Verdict::Proven);
        assert_eq!(ruled(&two, RowRule::Argmin, "1.0"), Verdict::Refuted);
        // −1 − −1 = 0, −2 − (−2 − ln 3) = ln 3.
        let facts = item(&[(-1.0, "a", Some(-1.0)), (-2.0, "b", Some(-2.0 - 1.098_612_288_668_109_8))], 1);
        assert_eq!(ruled(&facts, RowRule::LargestShareMutual, "0.75"), Verdict::Proven);
        assert_eq!(ruled(&facts, RowRule::LargestShareMutual, "0.7310585786300049"), Verdict::Refuted);
    }

    #[test]
    fn tokens_are_the_score_where_none_is_reported() {
        let mut two = item(&[(0.0, "a", None), (0.0, "b", None)], 1);
        for (candidate, total) in two.candidates.iter_mut().zip([-3.0, -2.0]) {
            candidate.claims.clear();
            candidate.total = Some((total, 0.0));
        }
        assert_eq!(verdict(&two, "acc", "1.0"), Verdict::Proven);
    }

    #[test]
    fn a_whole_text_counts_words_and_bytes() {
        let text = item(&[(-12.5, "two words", None)], 0);
        let pair = |count: &str| RowValue::Pair(number("-12.5"), number(count));
        assert_eq!(judge(&text, &metric("word_perplexity", pair("2"))).verdict, Verdict::Proven);
        // The harness counts an empty word at white space at the end; another text is another count.
        assert_eq!(judge(&text, &metric("word_perplexity", pair("9"))).verdict, Verdict::Unprovable);
        assert_eq!(judge(&text, &metric("byte_perplexity", pair("10"))).verdict, Verdict::Proven);
        let other = RowValue::Pair(number("-12.4"), number("2"));
        assert_eq!(judge(&text, &metric("word_perplexity", other)).verdict, Verdict::Refuted);
    }

    fn perplexities() -> MetricRows {
        let mut rows = MetricRows::default();
        for (score, count) in [("-1.0", "1"), ("-3.0", "3"), ("-8.0", "4")] {
            let one = item(&[(score.parse().unwrap(), "x", None)], 0);
            let value = RowValue::Pair(number(score), number(count));
            rows.observe(&one, &metric("word_perplexity", value), Located::default);
        }
        rows
    }

    #[test]
    fn aggregates_by_hand() {
        let rows = perplexities();
        let derive = |aggregation: Aggregation| aggregation.derive("m", &rows).unwrap().value;
        assert!((derive(Aggregation::Mean) + 4.0).abs() < 1e-15);
        assert!((derive(Aggregation::Perplexity) - 54.598_150_033_144_236).abs() < 1e-12);
        // 12 ÷ 8 = 1.5.
        assert!((derive(Aggregation::WeightedPerplexity) - 4.481_689_070_338_065).abs() < 1e-14);
        assert!((derive(Aggregation::BitsPerByte) - 2.164_042_561_333_445).abs() < 1e-14);
        // (e + e + e²) ÷ 3.
        assert!((rows.exps.value() / 3.0 - 4.275_206_585_282_913).abs() < 1e-12);
        // Deviations 3, 1, −4: 26 ÷ 2 = 13, √(13 ÷ 3).
        assert!((stderr(&rows).unwrap().value - 2.081_665_999_466_133).abs() < 1e-14);
    }

    #[test]
    fn wrong_standard_errors_have_names() {
        // sd = √13.
        let fits = other_stderrs(2.081_665_999_466_133, 3);
        let find = |value: f64| fits.iter().find(|(other, _)| (other - value).abs() < 1e-12).map(|(_, words)| *words);
        assert_eq!(find(crate::numeric::sqrt(13.0)), Some("the standard deviation, not divided by √n"));
        assert_eq!(find(crate::numeric::sqrt(26.0 / 9.0)), Some("Σ(x − mean)² ÷ n in place of n − 1"));
    }

    #[test]
    fn merging_in_any_order_gives_the_same() {
        let parts: Vec<MetricRows> = (0..4_u64)
            .map(|at| {
                let mut rows = MetricRows::default();
                for line in 0..4 {
                    let one = item(&[(-1.0, "a", None), (-2.0, "b", None)], 0);
                    let place = Place { file: 0, line: at * 4 + line, column: 1, field: String::new() };
                    let located = Located { place: place.clone(), ..Located::default() };
                    let one = ItemSummary { place, ..one };
                    rows.observe(&one, &metric("acc", RowValue::Flag(line % 2 == 0)), || located);
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
}
