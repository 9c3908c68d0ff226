//! Checks the metric of one item against the data logged for the item.

use std::borrow::Cow;

use crate::derive::{Judgement, judge as compare};
use crate::metric::choice::{Cut, Fits, compared, outcome};
use crate::metric::combination::{judge_between, judge_combination, judge_mean};
use crate::metric::distribution::judge_entropy;
use crate::metric::pairs::{Said, judge_rollout, judge_token};
use crate::model::{
    CandidateSummary, Counted, Definition, Divisor, ItemSummary, Ranking, RowClaim, RowValue, ScoreOutput, Verdict,
};
use crate::numeric::{Approx, NumberFormat, Printed, pow, softmax};

/// Single-precision roundings granted to a row's number: a tool may compute in single precision and print all digits.
const STAGES: f64 = 8.0;

/// Some tools multiply by 1.44269504089 for 1 ÷ ln 2: twelve digits, with an error of half a unit in the last one.
const SHORT_BITS: f64 = 0.5e-11;

impl Definition<'_> {
    /// Whether its value says that the chosen answer is correct or incorrect: 1 or 0.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self, Self::Right(_) | Self::GreedyGold)
    }

    /// Whether it is a formula over other numbers of the record with known wrong variants.
    #[must_use]
    pub fn is_formula(&self) -> bool {
        matches!(
            self,
            Self::Combination(..)
                | Self::MeanWithZeros { .. }
                | Self::Entropy(_)
                | Self::Between(..)
                | Self::OfToken(..)
                | Self::OfTokens(_)
        )
    }

    /// The fields that would decide it, as text.
    #[must_use]
    pub fn lacks(&self) -> Option<&'static str> {
        match self {
            Self::Lacks(fields) => Some(fields),
            _ => None,
        }
    }

    /// Whether it needs no correct answer: the winning candidate, counts, numbers in the record.
    #[must_use]
    pub fn is_without_gold(&self) -> bool {
        matches!(
            self,
            Self::Winner(_)
                | Self::Only(..)
                | Self::OnlyAtMost(..)
                | Self::Count(_)
                | Self::SameText(..)
                | Self::SameNumber(_)
                | Self::MeanOf(_)
                | Self::WeightedMeanOf(_)
                | Self::SumOf(_)
                | Self::LeastOf(_)
                | Self::GeometricMeanOf(..)
        ) || self.is_formula()
    }
}

/// The verdict on one item's metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowJudgement {
    /// The verdict with its numbers: the logged value, if it is a single number, and the derived value, if there is
    /// one.
    pub judged: Judgement,
    /// Position of the winner, if the metric has one.
    pub winner: Option<usize>,
    /// The exact value that enters an aggregate of probabilities (Brier), if it was derived.
    pub squared: Option<f64>,
}

impl RowJudgement {
    fn unprovable(reported: f64) -> Self {
        let judged = Judgement { verdict: Verdict::Unprovable, reported, expected: f64::NAN, within: 0.0 };
        Self { judged, winner: None, squared: None }
    }
}

/// The value of a metric as one number; true is 1.
#[must_use]
pub fn number(value: &RowValue) -> Option<f64> {
    match value {
        RowValue::Number(number) | RowValue::Pair(number, _) => Some(number.value),
        RowValue::Flag(flag) => Some(f64::from(u8::from(*flag))),
        RowValue::Distribution(..) | RowValue::Opaque => None,
    }
}

/// A metric of one item with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedRow<'m> {
    /// The metric as logged.
    pub metric: &'m RowClaim<'m>,
    /// Its definition; None if unknown, or if custom code computes it that the log does not show.
    pub definition: Option<&'m Definition<'m>>,
    /// The verdict.
    pub row: RowJudgement,
    /// The ways to compare candidates that explain it, if it marks the winner as correct or incorrect.
    pub fits: Fits,
    /// What a refuted number is instead, as text.
    pub instead: Vec<Cow<'static, str>>,
}

impl<'m> JudgedRow<'m> {
    /// Judges the metric of one item by a definition.
    #[must_use]
    pub fn new(item: &ItemSummary, metric: &'m RowClaim<'m>, definition: Option<&'m Definition<'m>>) -> Self {
        let definition = definition.filter(|_| !metric.of.custom);
        let said = definition.and_then(|definition| of_record(&metric.value, definition));
        let (row, instead) = match said {
            Some(Said { judged, instead }) => (RowJudgement { judged, winner: None, squared: None }, instead),
            None => (judge(item, &metric.value, definition), Vec::new()),
        };
        let fits = match definition {
            Some(Definition::Right(ranking)) => Fits::new(item, *ranking, row.judged.reported),
            _ => Fits::default(),
        };
        Self { metric, definition, row, fits, instead }
    }

    /// The formula that the name of a token's number promises, as text.
    #[must_use]
    pub fn meant(&self) -> Option<Cow<'static, str>> {
        match self.definition? {
            Definition::OfToken(promise, ..) => promise.formulas.first().map(|own| promise.sides.words(own.words())),
            _ => None,
        }
    }
}

/// Judges a number that follows from other numbers of its record, with known wrong variants.
fn of_record(value: &RowValue, definition: &Definition<'_>) -> Option<Said> {
    let RowValue::Number(number) = value else { return None };
    let claim = Approx::printed(number);
    match definition {
        Definition::Combination(terms, is_certain) => judge_combination(claim, terms, *is_certain),
        Definition::MeanWithZeros { numbers, fewest, most } => judge_mean(claim, numbers, (*fewest, *most)),
        Definition::Between(low, high) => Some(judge_between(claim, low.as_ref(), high.as_ref())),
        Definition::Entropy(own) => Some(judge_entropy(claim, own)),
        Definition::OfToken(promise, trainer, engine) => judge_token(claim, *promise, trainer, engine),
        Definition::OfTokens(over) => judge_rollout(claim, over),
        _ => None,
    }
}

/// Judges the value of a metric of one item. Unprovable without a definition, or if the record lacks the required data.
fn judge(item: &ItemSummary, value: &RowValue, definition: Option<&Definition<'_>>) -> RowJudgement {
    let judged = match definition {
        None => None,
        Some(Definition::Total(count)) => total(item, value, *count),
        Some(Definition::Shares) => shares(item, value),
        Some(definition) => one_number(item, value, definition),
    };
    judged.unwrap_or_else(|| RowJudgement::unprovable(number(value).unwrap_or(f64::NAN)))
}

/// The number that a definition gives.
struct Derived {
    value: Approx,
    /// Whether it is an exact whole number, free of rounding error.
    is_whole: bool,
    /// Whether a different logged number must be wrong. It need not be if scores are equal within their printed digits.
    is_certain: bool,
    winner: Option<usize>,
}

impl Derived {
    fn new(value: Approx) -> Self {
        Self { value, is_whole: false, is_certain: true, winner: None }
    }

    fn whole(value: f64, is_certain: bool) -> Self {
        Self { is_whole: true, is_certain, ..Self::new(Approx::exact(value)) }
    }

    fn flag(value: bool, is_certain: bool) -> Self {
        Self::whole(f64::from(u8::from(value)), is_certain)
    }
}

fn one_number(item: &ItemSummary, value: &RowValue, definition: &Definition<'_>) -> Option<RowJudgement> {
    let found = number(value)?;
    // A value between 0 and 1 has another definition under the same name.
    if definition.is_choice() && !(is(found, 0.0) || is(found, 1.0)) {
        return None;
    }
    if let Definition::OneOf { right, wrong } = definition {
        return one_of(value, right, wrong);
    }
    let derived = derive(item, definition)?;
    let mut judged = if derived.is_whole {
        compare(Approx::exact(found), derived.value)
    } else {
        let claim = match value {
            RowValue::Number(number) | RowValue::Pair(number, _) => Approx::printed(number),
            _ => Approx::exact(found),
        };
        compare(claim, derived.value.rounded(STAGES, NumberFormat::F32))
    };
    if judged.is_refuted() && !derived.is_certain {
        judged.verdict = Verdict::Unprovable;
    }
    Some(RowJudgement { judged, winner: derived.winner, squared: None })
}

/// A number against several that it may be; refuted only by one that is known to be wrong.
fn one_of(value: &RowValue, right: &[f64], wrong: &[f64]) -> Option<RowJudgement> {
    let RowValue::Number(printed) = value else { return None };
    // Pipelines take the exponentials of what the log prints, and add up a few of them.
    let against = |own: f64| compare(Approx::printed(printed), Approx::exact(own).rounded(STAGES, NumberFormat::F32));
    let found = right.iter().map(|own| against(*own)).find(Judgement::is_proven);
    let judged = found.or_else(|| {
        let first = wrong.iter().position(|own| against(*own).is_proven())?;
        // Of as many ways and units: the right number in the unit of the wrong one.
        let scale = right.len() / wrong.len().max(1);
        Some(against(*right.get(first * scale)?))
    });
    judged.filter(|own| own.verdict != Verdict::Unprovable).map(|judged| RowJudgement {
        judged,
        winner: None,
        squared: None,
    })
}

/// Whether two numbers are the same one; a NaN is none.
pub(super) fn is(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.0
}

fn derive(item: &ItemSummary, definition: &Definition<'_>) -> Option<Derived> {
    let derived = match definition {
        Definition::Right(ranking) => {
            let outcome = outcome(item, *ranking, Cut::Halves)?;
            Derived { winner: Some(outcome.winner), ..Derived::flag(outcome.right?, outcome.is_certain) }
        }
        Definition::Winner(ranking) => {
            let outcome = outcome(item, *ranking, Cut::Halves)?;
            Derived { winner: Some(outcome.winner), ..Derived::whole(outcome.winner as f64, outcome.is_only) }
        }
        Definition::GreedyGold => {
            let position = only(item).or_else(|| item.gold_position())?;
            Derived { winner: Some(position), ..Derived::flag(item.candidates.get(position)?.greedy?, true) }
        }
        Definition::Gold(divisor, output) => Derived::new(score_of(item, item.gold_position()?, *divisor, *output)?),
        Definition::Only(divisor, output) => Derived::new(score_of(item, only(item)?, *divisor, *output)?),
        Definition::OnlyAtMost(divisor, output, limit) => {
            let score = score_of(item, only(item)?, *divisor, *output)?;
            Derived::flag(score.value <= limit.value, !score.agrees(Approx::exact(limit.value)))
        }
        Definition::GoldShare(divisor) => Derived::new(gold_share(item, *divisor)?),
        Definition::GoldLogShare(divisor) => {
            // Computed as a log directly: the share itself may underflow.
            let scores = compared(item, Ranking::By(*divisor), Cut::Halves)?;
            Derived::new(Approx::log_share(&scores, item.gold_position()?))
        }
        Definition::LargestShare(ranking) => {
            let scores = compared(item, *ranking, Cut::Halves)?;
            let shares = (0..scores.len()).map(|at| Approx::log_share(&scores, at).exp());
            Derived::new(shares.max_by(|a, b| a.value.total_cmp(&b.value))?)
        }
        Definition::SquaredDistance => {
            let scores = compared(item, Ranking::By(Divisor::Raw), Cut::Halves)?;
            let gold = item.gold_position()?;
            let distance = |at: usize| Approx::log_share(&scores, at).exp() - Approx::flag(at == gold);
            let squares = (0..scores.len()).map(|at| distance(at) * distance(at));
            Derived::new(Approx::sum(squares, NumberFormat::F64))
        }
        Definition::Count(what) => Derived::whole(count(item.candidates.get(only(item)?)?, *what)?, true),
        Definition::SameText(a, b) => Derived::flag(a.same(b), true),
        Definition::SameNumber(number) => Derived::new(Approx::printed(number)),
        Definition::MeanOf(numbers) => {
            let terms = numbers.iter().map(|number| Approx::exact(number.value));
            let mean = Approx::sum(terms, NumberFormat::F64).over(numbers.len() as f64);
            Derived::new(mean.through_stages(NumberFormat::F64))
        }
        Definition::WeightedMeanOf(numbers) => {
            let terms = numbers.iter().map(|(number, weight)| Approx::exact(number.value * weight.value));
            let weights: f64 = numbers.iter().map(|(_, weight)| weight.value).sum();
            Derived::new(Approx::sum(terms, NumberFormat::F64).over(weights).through_stages(NumberFormat::F64))
        }
        Definition::SumOf(numbers) => {
            let terms = numbers.iter().map(|number| Approx::exact(number.value));
            Derived::new(Approx::sum(terms, NumberFormat::F64).through_stages(NumberFormat::F64))
        }
        Definition::LeastOf(numbers) => {
            let least = numbers.iter().map(|number| number.value).min_by(f64::total_cmp)?;
            Derived::new(Approx::exact(least))
        }
        Definition::GeometricMeanOf(factor, numbers) => {
            // If a factor may be 0, the geometric mean cannot be bounded.
            numbers.iter().chain([factor]).all(|number| number.value > 0.0).then_some(())?;
            let logs = numbers.iter().map(|number| Approx::printed(number).ln());
            let mean = Approx::sum(logs, NumberFormat::F64).over(numbers.len() as f64).exp();
            Derived::new(Approx::printed(factor) * mean)
        }
        Definition::ByName
        | Definition::Total(_)
        | Definition::Shares
        | Definition::OneOf { .. }
        | Definition::Combination(..)
        | Definition::MeanWithZeros { .. }
        | Definition::Entropy(_)
        | Definition::Between(..)
        | Definition::Lacks(_)
        | Definition::OfToken(..)
        | Definition::OfTokens(_) => return None,
    };
    derived.value.value.is_finite().then_some(derived)
}

fn only(item: &ItemSummary) -> Option<usize> {
    (item.candidates.len() == 1).then_some(0)
}

/// A candidate's count: characters, bytes, tokens, words.
fn count(candidate: &CandidateSummary, what: Counted) -> Option<f64> {
    let count = match what {
        Counted::Tokens => (candidate.tokens > 0).then_some(candidate.tokens),
        Counted::Words => candidate.words,
        Counted::Chars => candidate.chars,
        Counted::Bytes => candidate.bytes,
    };
    count.map(f64::from)
}

/// The score of a candidate divided by a divisor, in the unit of an output.
fn score_of(item: &ItemSummary, at: usize, divisor: Divisor, output: ScoreOutput) -> Option<Approx> {
    let candidate = item.candidates.get(at)?;
    let by = divisor.of(candidate).filter(|by| *by > 0.0)?;
    // Without a reported score, the total derived from tokens is used.
    let score = match candidate.claims.first() {
        Some(claim) => claim.number?,
        None => candidate.total?,
    };
    let score = score.over(by).through_stages(NumberFormat::F64);
    Some(match output {
        ScoreOutput::Nats => score,
        ScoreOutput::Negated => -score,
        ScoreOutput::NegatedBits => {
            let bits = (-score).in_bits();
            bits.widened(SHORT_BITS * score.value.abs())
        }
        ScoreOutput::Exp => score.exp(),
        ScoreOutput::ExpNegated => (-score).exp(),
        ScoreOutput::Logistic => score.logistic(),
    })
}

/// The share of all correct answers in Σ exp(score ÷ divisor).
fn gold_share(item: &ItemSummary, divisor: Divisor) -> Option<Approx> {
    let mut scores = Vec::with_capacity(item.candidates.len());
    for candidate in &item.candidates {
        let by = divisor.of(candidate).filter(|by| *by > 0.0)?;
        scores.push(candidate.claims.first()?.number?.over(by));
    }
    let gold: Vec<bool> = (0..scores.len()).map(|at| item.is_gold(at)).collect::<Option<_>>()?;
    let right = (0..scores.len()).filter(|at| gold.get(*at) == Some(&true));
    let shares: Vec<Approx> = right.map(|at| Approx::log_share(&scores, at).exp()).collect();
    (!shares.is_empty()).then(|| Approx::sum(shares, NumberFormat::F64))
}

/// Checks a log-likelihood against the only candidate's score, and the count that will divide it.
fn total(item: &ItemSummary, value: &RowValue, counted: Option<Counted>) -> Option<RowJudgement> {
    let (total, divisor) = match (value, counted) {
        (RowValue::Number(total), None) => (total.value, None),
        (RowValue::Pair(total, divisor), Some(counted)) => (total.value, Some((divisor.value, counted))),
        _ => return None,
    };
    let candidate = item.candidates.first()?;
    let score = candidate.claims.first()?.number?.stored(NumberFormat::F64);
    let mut judged = compare(Approx::exact(total), score);
    // Some tasks score a cleaned text but count the original one, so another count is not an error.
    if judged.is_proven() && divisor.is_some_and(|(found, counted)| !counts(candidate, found, counted)) {
        judged.verdict = Verdict::Unprovable;
    }
    Some(RowJudgement { judged, winner: None, squared: None })
}

/// Whether a candidate has the count that a row states.
fn counts(candidate: &CandidateSummary, found: f64, counted: Counted) -> bool {
    count(candidate, counted).is_some_and(|own| match counted {
        // len(re.split(r"\s+", text)): white space at either end adds one (empty) word.
        Counted::Words => found >= own && found <= own + 2.0,
        _ => is(own, found),
    })
}

/// Checks the position of the correct answer and the softmax of the scores.
fn shares(item: &ItemSummary, value: &RowValue) -> Option<RowJudgement> {
    let RowValue::Distribution(gold, printed) = value else { return None };
    let scores: Option<Vec<Approx>> =
        item.candidates.iter().map(|candidate| candidate.claims.first().and_then(|claim| claim.number)).collect();
    let scores = scores.filter(|scores| scores.iter().all(|score| score.value.is_finite()))?;
    if scores.len() != printed.len() {
        return None;
    }
    let mut kept = RowJudgement::unprovable(f64::NAN);
    kept.judged.verdict = Verdict::Proven;
    for (at, (shown, half)) in printed.iter().zip(half_quanta(printed)).enumerate() {
        let judged = compare(Approx::new(shown.value, half), Approx::log_share(&scores, at).exp());
        if !judged.is_proven() {
            kept.judged = Judgement { verdict: Verdict::Refuted, ..judged };
            break;
        }
    }
    let gold = usize::try_from(*gold).ok().filter(|gold| *gold < scores.len());
    match (item.gold_position(), gold) {
        (Some(known), Some(gold)) if known != gold => kept.judged.verdict = Verdict::Refuted,
        (None, _) | (_, None) if kept.judged.is_proven() => kept.judged.verdict = Verdict::Unprovable,
        _ => {}
    }
    if kept.judged.is_proven() {
        let values: Vec<f64> = scores.iter().map(|score| score.value).collect();
        kept.squared = squared(&softmax(&values), gold);
    }
    Some(kept)
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

/// Half-quanta of an array as numpy prints it: 8 decimals without trailing zeros. If the values span many orders of
/// magnitude, each has that many digits and an exponent.
fn half_quanta(printed: &[Printed]) -> Vec<f64> {
    let exponents = printed.iter().any(|number| number.decimals > 8);
    let decimals = printed.iter().map(|number| number.decimals).max().unwrap_or(8);
    let significant = printed.iter().map(|number| i16::from(number.significant)).max().unwrap_or(8);
    printed
        .iter()
        .map(|number| {
            let decimals =
                if exponents { number.decimals + significant - i16::from(number.significant) } else { decimals };
            // A whole unit rather than half: some numpy versions truncate the digits of the shortest text instead of
            // rounding.
            pow(10.0, -f64::from(decimals.min(8 + 300)))
        })
        .collect()
}
