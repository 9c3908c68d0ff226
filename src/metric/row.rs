//! The metric of one item against what is logged beneath it.
//!
//! Definitions are those of lm-evaluation-harness 0.4 (`lm_eval/api/task.py`, `process_results`), whose names other
//! tools share.

use crate::metric::choice::{Cut, outcome};
use crate::model::{Counted, Divisor, ItemSummary, RowMetric, RowRule, RowValue, ScoreOutput, Verdict};
use crate::numeric::{LN_2, NumberFormat, Printed, exp, exp_m1, softmax};

/// How a metric of one item is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowDefinition {
    /// \[argmax of score ÷ divisor is gold\].
    Argmax(Divisor),
    /// \[argmax of score − unconditional score is gold\].
    MutualInfo,
    /// Whether the gold candidate's tokens are all the most likely ones.
    GreedyGold,
    /// The log-likelihood itself.
    Loglikelihood,
    /// The log-likelihood with the words that it is divided by.
    PerWord,
    /// The log-likelihood with the bytes that it is divided by.
    PerByte,
    /// Gold and the softmax of the scores.
    Brier,
}

/// The definition of a metric: what its format says, else by its name and the shape of its item.
#[must_use]
pub fn definition(item: &ItemSummary, metric: &RowMetric<'_>) -> Option<RowDefinition> {
    match metric.rule {
        RowRule::ByName => by_name(item, &metric.name),
        RowRule::Argmax(divisor) => Some(RowDefinition::Argmax(divisor)),
        RowRule::ArgmaxMutual => Some(RowDefinition::MutualInfo),
        RowRule::GreedyGold => Some(RowDefinition::GreedyGold),
        _ => None,
    }
}

fn by_name(item: &ItemSummary, name: &str) -> Option<RowDefinition> {
    let several = item.candidates.len() > 1;
    let one = item.candidates.len() == 1;
    match name {
        "acc" if several => Some(RowDefinition::Argmax(Divisor::Raw)),
        // One request per document: the harness asks whether the target is the greedy continuation.
        "acc" if one => Some(RowDefinition::GreedyGold),
        "acc_norm" if several => Some(RowDefinition::Argmax(Divisor::Chars)),
        "acc_bytes" if several => Some(RowDefinition::Argmax(Divisor::Bytes)),
        "acc_mutual_info" if several => Some(RowDefinition::MutualInfo),
        "exact_match" | "exact_match_mc" if several => Some(RowDefinition::GreedyGold),
        "perplexity" if one => Some(RowDefinition::Loglikelihood),
        "word_perplexity" if one => Some(RowDefinition::PerWord),
        "byte_perplexity" | "bits_per_byte" if one => Some(RowDefinition::PerByte),
        "brier_score" if several => Some(RowDefinition::Brier),
        _ => None,
    }
}

/// Whether a row's value of a metric is itself a claim: that the item is right or wrong, or a number whose
/// definition the format knows.
#[must_use]
pub fn is_claim(metric: &RowMetric<'_>) -> bool {
    let by_name = ["acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "exact_match_mc"];
    metric.rule != RowRule::ByName || by_name.contains(&metric.name.as_ref())
}

/// Whether a metric needs no right answer: which candidate wins, counts, numbers in the record.
#[must_use]
pub fn is_without_gold(metric: &RowMetric<'_>) -> bool {
    matches!(
        metric.rule,
        RowRule::Winner(_)
            | RowRule::WinnerMutual
            | RowRule::Only(..)
            | RowRule::Count(_)
            | RowRule::SameText(..)
            | RowRule::SameNumber(_)
            | RowRule::MeanOf(_)
            | RowRule::Ratio(..)
            | RowRule::OnlyAtMost(..)
            | RowRule::LeastOf(_)
            | RowRule::GeometricMeanOf(..)
    )
}

/// What is said of one item's metric.
#[derive(Clone, Debug, PartialEq)]
pub struct RowJudgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The value as logged, where it is one number.
    pub found: f64,
    /// The value as derived; NaN where it cannot be.
    pub expected: f64,
    /// Position of the winner, where the metric has one.
    pub winner: Option<usize>,
    /// The exact value that enters an aggregate of probabilities (Brier), where it was derived.
    pub squared: Option<f64>,
}

impl RowJudgement {
    fn unprovable(found: f64) -> Self {
        Self { verdict: Verdict::Unprovable, found, expected: f64::NAN, winner: None, squared: None }
    }
}

/// The value of a metric as one number, a yes being 1.
#[must_use]
pub fn number(value: &RowValue) -> Option<f64> {
    match value {
        RowValue::Number(number) | RowValue::Pair(number, _) => Some(number.value),
        RowValue::Flag(flag) => Some(f64::from(u8::from(*flag))),
        RowValue::Distribution(..) | RowValue::Opaque => None,
    }
}

/// Judges the metric of one item.
#[must_use]
pub fn judge(item: &ItemSummary, metric: &RowMetric<'_>) -> RowJudgement {
    let found = number(&metric.value).unwrap_or(f64::NAN);
    let unprovable = RowJudgement::unprovable(found);
    if metric.custom {
        return unprovable;
    }
    match definition(item, metric) {
        None => by_rule(item, metric, found).unwrap_or(unprovable),
        Some(RowDefinition::Argmax(divisor)) => choice(item, found, divisor, false),
        Some(RowDefinition::MutualInfo) => choice(item, found, Divisor::Raw, true),
        Some(RowDefinition::GreedyGold) => greedy(item, found),
        Some(RowDefinition::Loglikelihood) => loglikelihood(item, &metric.value, None),
        Some(RowDefinition::PerWord) => loglikelihood(item, &metric.value, Some(Count::Words)),
        Some(RowDefinition::PerByte) => loglikelihood(item, &metric.value, Some(Count::Bytes)),
        Some(RowDefinition::Brier) => brier(item, &metric.value),
    }
}

/// A number that a rule gives, with how far rounding may have taken a correct computation.
struct Expected {
    value: f64,
    bound: f64,
    winner: Option<usize>,
}

impl Expected {
    /// A number without rounding.
    fn exact(value: f64) -> Self {
        Self { value, bound: 0.0, winner: None }
    }

    fn position(at: usize) -> Self {
        Self { winner: Some(at), ..Self::exact(at as f64) }
    }

    fn flag(value: bool) -> Self {
        Self::exact(f64::from(u8::from(value)))
    }
}

/// Judges a metric whose definition its format gives. None where the record lacks what it takes.
fn by_rule(item: &ItemSummary, metric: &RowMetric<'_>, found: f64) -> Option<RowJudgement> {
    let expected = expected(item, &metric.rule)?;
    let printed = match &metric.value {
        RowValue::Number(number) => *number,
        _ => Printed::from_f64(found),
    };
    // A tool may compute in single precision and print all its digits.
    let rounding = 8.0 * NumberFormat::F32.half_ulp(expected.value);
    let bound = expected.bound + rounding + 0.5 * crate::numeric::pow(10.0, -f64::from(printed.decimals));
    let is_whole = matches!(
        metric.rule,
        RowRule::Winner(_)
            | RowRule::WinnerMutual
            | RowRule::GoldPosition
            | RowRule::PickIsGold
            | RowRule::Argmin
            | RowRule::SameText(..)
            | RowRule::OnlyAtMost(..)
            | RowRule::Count(_)
    );
    let agrees = if is_whole { same(expected.value, found) } else { (expected.value - found).abs() <= bound };
    let verdict = if agrees || expected.value.total_cmp(&found).is_eq() {
        Verdict::Proven
    } else if expected.bound.is_finite() && !found.is_nan() {
        Verdict::Refuted
    } else {
        Verdict::Unprovable
    };
    Some(RowJudgement { verdict, found, expected: expected.value, winner: expected.winner, squared: None })
}

fn expected(item: &ItemSummary, rule: &RowRule<'_>) -> Option<Expected> {
    match rule {
        RowRule::Winner(divisor) => winner(item, *divisor, false),
        RowRule::WinnerMutual => winner(item, Divisor::Raw, true),
        RowRule::GoldPosition => item.gold_position().map(Expected::position),
        RowRule::PickIsGold => item.is_gold(item.picked()?).map(Expected::flag),
        RowRule::Gold(divisor, output) => score_of(item, item.gold_position()?, *divisor, *output),
        RowRule::Only(divisor, output) => score_of(item, only(item)?, *divisor, *output),
        RowRule::OnlyAtMost(divisor, output, limit) => {
            let score = score_of(item, only(item)?, *divisor, *output)?;
            let certain = (score.value - limit.value).abs() > score.bound;
            let bound = if certain { 0.0 } else { f64::INFINITY };
            Some(Expected { bound, ..Expected::flag(score.value <= limit.value) })
        }
        RowRule::Argmin => {
            let (right, certain) = crate::metric::choice::least(item)?;
            Some(Expected { bound: if certain { 0.0 } else { f64::INFINITY }, ..Expected::flag(right) })
        }
        RowRule::GoldShare(divisor) => share(item, *divisor),
        RowRule::GoldLogShare(divisor) => log_share(item, *divisor),
        RowRule::SquaredDistance => squared_distance(item),
        RowRule::LargestShare(divisor) => largest_share(item, *divisor, false),
        RowRule::LargestShareMutual => largest_share(item, Divisor::Raw, true),
        RowRule::Count(what) => {
            let candidate = item.candidates.get(only(item)?)?;
            let count = match what {
                Counted::Tokens => (candidate.tokens > 0).then_some(candidate.tokens),
                Counted::Chars => candidate.chars,
                Counted::Bytes => candidate.bytes,
            };
            count.map(|count| Expected::exact(f64::from(count)))
        }
        RowRule::SameText(a, b) => Some(Expected::flag(a.same(b))),
        RowRule::SameNumber(number) => {
            let bound = 0.5 * crate::numeric::pow(10.0, -f64::from(number.decimals.min(17)));
            Some(Expected { value: number.value, bound, winner: None })
        }
        RowRule::MeanOf(numbers) => {
            let count = numbers.len() as f64;
            let value = crate::numeric::exact_sum(numbers.iter().map(|number| number.value)) / count;
            let bound = numbers.iter().map(|number| 8.0 * f64::EPSILON * number.value.abs()).sum::<f64>();
            (!numbers.is_empty()).then_some(Expected { value, bound, winner: None })
        }
        RowRule::Ratio(total, count) => {
            let value = total.value / count.value;
            value.is_finite().then_some(Expected { value, bound: 8.0 * f64::EPSILON * value.abs(), winner: None })
        }
        RowRule::LeastOf(numbers) => {
            let least = numbers.iter().map(|number| number.value).min_by(f64::total_cmp)?;
            Some(Expected::exact(least))
        }
        RowRule::GeometricMeanOf(factor, numbers) => geometric_mean(factor, numbers),
        RowRule::ExpOfDifference(one, other) => exp_of_differences(&[(*one, *other)]),
        RowRule::ExpOfDifferences(pairs) => exp_of_differences(pairs),
        RowRule::ByName | RowRule::Argmax(_) | RowRule::ArgmaxMutual | RowRule::GreedyGold => None,
    }
}

/// exp(Σ(x − y)). Each log-prob lies within half of its last digit, or within single precision, and so does the sum.
fn exp_of_differences(pairs: &[(Printed, Printed)]) -> Option<Expected> {
    let open = |number: &Printed| {
        let printed = 0.5 * crate::numeric::pow(10.0, -f64::from(number.decimals.min(17)));
        printed.max(NumberFormat::F32.half_ulp(number.value))
    };
    let sum = crate::numeric::exact_sum(pairs.iter().flat_map(|(one, other)| [one.value, -other.value]));
    let sizes: f64 = pairs.iter().map(|(one, other)| (one.value - other.value).abs()).sum();
    let digits: f64 = pairs.iter().map(|(one, other)| open(one) + open(other)).sum();
    let running = crate::numeric::gamma(pairs.len() as u64, NumberFormat::F32) * sizes;
    let value = exp(sum);
    (value.is_finite() && !pairs.is_empty()).then_some(Expected {
        value,
        bound: value * exp_m1(digits + running),
        winner: None,
    })
}

/// factor · exp(mean ln x), within what the printed digits leave open; None for numbers that are not positive.
fn geometric_mean(factor: &Printed, numbers: &[Printed]) -> Option<Expected> {
    let half = |number: &Printed| 0.5 * crate::numeric::pow(10.0, -f64::from(number.decimals));
    let is_positive = |number: &Printed| number.value.is_finite() && number.value > half(number);
    if numbers.is_empty() || !is_positive(factor) || !numbers.iter().all(is_positive) {
        return None;
    }
    let count = numbers.len() as f64;
    let logs = crate::numeric::exact_sum(numbers.iter().map(|number| crate::numeric::ln(number.value)));
    // ln is steepest at the low end of what a printed number may be.
    let slack = |number: &Printed| half(number) / (number.value - half(number));
    let open = numbers.iter().map(slack).sum::<f64>() / count + slack(factor);
    let value = factor.value * exp(logs / count);
    Some(Expected { value, bound: value * (exp_m1(open) + 64.0 * f64::EPSILON), winner: None })
}

fn only(item: &ItemSummary) -> Option<usize> {
    (item.candidates.len() == 1).then_some(0)
}

/// The position of the winner; its bound is infinite where the printed digits leave several.
fn winner(item: &ItemSummary, divisor: Divisor, mutual: bool) -> Option<Expected> {
    let (at, certain) = crate::metric::choice::winner(item, divisor, mutual)?;
    Some(Expected { bound: if certain { 0.0 } else { f64::INFINITY }, ..Expected::position(at) })
}

/// The score of a candidate over a divisor, through an output.
fn score_of(item: &ItemSummary, at: usize, divisor: Divisor, output: ScoreOutput) -> Option<Expected> {
    let candidate = item.candidates.get(at)?;
    let by = divisor.of(candidate).filter(|by| *by > 0.0)?;
    // A total that is derived from tokens is at hand where none is reported.
    let (score, half) = match candidate.claims.first() {
        Some(claim) => (claim.value?, claim.half),
        None => candidate.total?,
    };
    let (score, half) = (score / by, half / by);
    let half = half + 4.0 * f64::EPSILON * score.abs();
    let raised = |power: f64| (exp(power), exp(power) * (exp_m1(half) + 4.0 * f64::EPSILON));
    let (value, bound) = match output {
        ScoreOutput::Nats => (score, half),
        ScoreOutput::Negated => (-score, half),
        // Some tools multiply by 1.44269504089, which has 12 digits.
        ScoreOutput::NegatedBits => (-score / LN_2, half / LN_2 + 1e-11 * score.abs()),
        ScoreOutput::Exp => raised(score),
        ScoreOutput::ExpNegated => raised(-score),
        // Its slope is at most a quarter.
        ScoreOutput::Logistic => (1.0 / (1.0 + exp(-score)), 0.25 * half + 4.0 * f64::EPSILON),
    };
    value.is_finite().then_some(Expected { value, bound, winner: None })
}

/// The right answer's share of Σ exp(score ÷ divisor).
fn share(item: &ItemSummary, divisor: Divisor) -> Option<Expected> {
    let mut scores = Vec::with_capacity(item.candidates.len());
    let mut slack = 64.0 * f64::EPSILON;
    for candidate in &item.candidates {
        let by = divisor.of(candidate).filter(|by| *by > 0.0)?;
        let claim = candidate.claims.first()?;
        scores.push(claim.value? / by);
        slack += 2.0 * claim.half / by;
    }
    let gold: Vec<bool> = (0..scores.len()).map(|at| item.is_gold(at)).collect::<Option<_>>()?;
    let shares = softmax(&scores);
    let value: f64 = shares.iter().zip(&gold).filter(|(_, gold)| **gold).map(|(share, _)| share).sum();
    (gold.contains(&true) && value.is_finite()).then_some(Expected { value, bound: slack * value, winner: None })
}

/// The natural logarithm of the only right answer's share, without the detour over a share that may vanish.
fn log_share(item: &ItemSummary, divisor: Divisor) -> Option<Expected> {
    let compared = crate::metric::choice::compared(item, divisor, Cut::Halves, false)?;
    let scores: Vec<f64> = compared.iter().map(|(score, _)| *score).collect();
    let (gold, half) = *compared.get(item.gold_position()?)?;
    let value = gold - crate::numeric::logsumexp(scores.iter().copied());
    let sizes = scores.iter().map(|score| score.abs()).fold(0.0, f64::max);
    let bound = half + compared.iter().map(|(_, half)| *half).fold(0.0, f64::max) + 64.0 * f64::EPSILON * sizes;
    value.is_finite().then_some(Expected { value, bound, winner: None })
}

/// Σ(share − \[right\])² over all candidates.
fn squared_distance(item: &ItemSummary) -> Option<Expected> {
    let compared = crate::metric::choice::compared(item, Divisor::Raw, Cut::Halves, false)?;
    let scores: Vec<f64> = compared.iter().map(|(score, _)| *score).collect();
    let slack = 64.0 * f64::EPSILON + compared.iter().map(|(_, half)| 4.0 * half).sum::<f64>();
    let value = squared(&softmax(&scores), Some(item.gold_position()?))?;
    value.is_finite().then_some(Expected { value, bound: slack, winner: None })
}

/// The largest share of Σ exp of what is compared.
fn largest_share(item: &ItemSummary, divisor: Divisor, mutual: bool) -> Option<Expected> {
    let compared = crate::metric::choice::compared(item, divisor, Cut::Halves, mutual)?;
    let scores: Vec<f64> = compared.iter().map(|(score, _)| *score).collect();
    let slack = 64.0 * f64::EPSILON + compared.iter().map(|(_, half)| 2.0 * half).sum::<f64>();
    let value = softmax(&scores).into_iter().fold(0.0, f64::max);
    (value > 0.0 && value.is_finite()).then_some(Expected { value, bound: slack * value, winner: None })
}

/// Whether two numbers are the same one; a NaN is none.
pub(crate) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.0
}

/// Whether a value can be a row's right or wrong: anything between is another definition under the same name.
fn is_yes_or_no(found: f64) -> bool {
    same(found, 0.0) || same(found, 1.0)
}

fn choice(item: &ItemSummary, found: f64, divisor: Divisor, mutual: bool) -> RowJudgement {
    let Some(outcome) = outcome(item, divisor, Cut::Halves, mutual).filter(|_| is_yes_or_no(found)) else {
        return RowJudgement::unprovable(found);
    };
    let expected = f64::from(u8::from(outcome.right));
    let verdict = if same(found, expected) {
        Verdict::Proven
    } else if outcome.certain {
        Verdict::Refuted
    } else {
        Verdict::Unprovable
    };
    RowJudgement { verdict, found, expected, winner: Some(outcome.winner), squared: None }
}

fn greedy(item: &ItemSummary, found: f64) -> RowJudgement {
    let position = if item.candidates.len() == 1 { Some(0) } else { item.gold_position() };
    let flag = position.and_then(|at| item.candidates.get(at)).and_then(|candidate| candidate.greedy);
    let Some(flag) = flag.filter(|_| is_yes_or_no(found)) else { return RowJudgement::unprovable(found) };
    let expected = f64::from(u8::from(flag));
    let verdict = if same(found, expected) { Verdict::Proven } else { Verdict::Refuted };
    RowJudgement { verdict, found, expected, winner: position, squared: None }
}

#[derive(Clone, Copy)]
enum Count {
    Words,
    Bytes,
}

fn loglikelihood(item: &ItemSummary, value: &RowValue, count: Option<Count>) -> RowJudgement {
    let (total, divisor) = match (value, count) {
        (RowValue::Number(total), None) => (total.value, None),
        (RowValue::Pair(total, divisor), Some(count)) => (total.value, Some((divisor.value, count))),
        _ => return RowJudgement::unprovable(f64::NAN),
    };
    let candidate = item.candidates.first();
    let Some((score, half)) =
        candidate.and_then(|only| only.claims.first()).and_then(|claim| Some((claim.value?, claim.half)))
    else {
        return RowJudgement::unprovable(total);
    };
    let equal = (score - total).abs() <= half + crate::numeric::NumberFormat::F64.half_ulp(score)
        || score.total_cmp(&total).is_eq();
    let verdict = match (equal, divisor) {
        (false, _) => Verdict::Refuted,
        (true, None) => Verdict::Proven,
        // Some tasks score a cleaned text and count the original one: another count is not wrong.
        (true, Some((found, count))) => {
            if candidate.is_some_and(|candidate| counts(candidate, found, count)) {
                Verdict::Proven
            } else {
                Verdict::Unprovable
            }
        }
    };
    RowJudgement { verdict, found: total, expected: score, winner: None, squared: None }
}

fn counts(candidate: &crate::model::CandidateSummary, found: f64, count: Count) -> bool {
    match count {
        Count::Bytes => candidate.bytes.is_some_and(|bytes| same(f64::from(bytes), found)),
        // len(re.split(r"\s+", text)): white space at either end counts as one more (empty) word.
        Count::Words => candidate.words.is_some_and(|words| {
            let words = f64::from(words);
            found >= words && found <= words + 2.0
        }),
    }
}

fn brier(item: &ItemSummary, value: &RowValue) -> RowJudgement {
    let RowValue::Distribution(gold, printed) = value else { return RowJudgement::unprovable(f64::NAN) };
    let scores: Option<Vec<f64>> =
        item.candidates.iter().map(|candidate| candidate.claims.first().and_then(|claim| claim.value)).collect();
    let halves = item.candidates.iter().filter_map(|candidate| candidate.claims.first().map(|claim| claim.half));
    // Each score may lie half a quantum off; that changes a probability by at most twice that, relative.
    let slack = 2.0 * halves.fold(0.0, f64::max) + 64.0 * f64::EPSILON;
    let Some(scores) = scores.filter(|scores| scores.iter().all(|score| score.is_finite())) else {
        return RowJudgement::unprovable(f64::NAN);
    };
    let gold = usize::try_from(*gold).ok().filter(|gold| *gold < scores.len());
    if scores.len() != printed.len() {
        return RowJudgement::unprovable(f64::NAN);
    }
    let probabilities = softmax(&scores);
    let halves = half_quanta(printed);
    let mut verdict = Verdict::Proven;
    let (mut found, mut expected) = (f64::NAN, f64::NAN);
    for ((own, shown), half) in probabilities.iter().zip(printed).zip(halves) {
        if verdict == Verdict::Proven && ((own - shown.value).abs() > half + slack * own || shown.value.is_nan()) {
            verdict = Verdict::Refuted;
            (found, expected) = (shown.value, *own);
        }
    }
    let known = item.gold_position();
    match (known, gold) {
        (Some(known), Some(gold)) if known != gold => verdict = Verdict::Refuted,
        (None, _) | (_, None) if verdict == Verdict::Proven => verdict = Verdict::Unprovable,
        _ => {}
    }
    let squared = (verdict == Verdict::Proven).then(|| squared(&probabilities, gold)).flatten();
    RowJudgement { verdict, found, expected, winner: None, squared }
}

/// Σ (p − \[k = gold\])².
fn squared(probabilities: &[f64], gold: Option<usize>) -> Option<f64> {
    let gold = gold?;
    let terms = probabilities.iter().enumerate().map(|(at, p)| {
        let gap = p - f64::from(u8::from(at == gold));
        gap * gap
    });
    Some(crate::numeric::exact_sum(terms))
}

/// Half-quanta of an array as numpy prints it: 8 decimals with trailing zeros cut, or, when the values span many
/// orders, as many digits for each with an exponent.
fn half_quanta(printed: &[Printed]) -> Vec<f64> {
    let exponents = printed.iter().any(|number| number.decimals > 8);
    let decimals = printed.iter().map(|number| number.decimals).max().unwrap_or(8);
    let significant = printed.iter().map(|number| i16::from(number.significant)).max().unwrap_or(8);
    printed
        .iter()
        .map(|number| {
            let decimals =
                if exponents { number.decimals + significant - i16::from(number.significant) } else { decimals };
            // One unit and not half: numpy's digits are those of the shortest text, cut and not rounded, in some
            // versions.
            crate::numeric::pow(10.0, -f64::from(decimals.min(8 + 300)))
        })
        .collect()
}
