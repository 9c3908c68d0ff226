//! A judge's score as the expectation over the alternatives of its number's tokens (G-Eval, Liu et al. 2023,
//! <https://arxiv.org/abs/2303.16634>; `deepeval/metrics/g_eval/utils.py` weighs the digits of the score token).
//!
//! A number of two tokens has the probability of both. Wrong: the expectation over the alternatives of its first digit, which
//! takes a 10 for a 1 (<https://github.com/comet-ml/opik/issues/8134>).

use std::borrow::Cow;

use crate::format::field::{at, printed};
use crate::format::json::{Kind, Value};
use crate::model::{Claim, Definition, RowClaim, RowMetric, RowValue, plain_name};
use crate::numeric::exp;

/// What a score is divided by.
const SCALES: [f64; 4] = [1.0, 10.0, 5.0, 100.0];
/// Probability below which tools leave an alternative out.
const LEAST: f64 = 0.01;
/// Digits of a token that is a number.
const DIGITS: usize = 3;

/// A token of an answer: its text, its log-prob in nats, its alternatives as logged.
struct Token<'t> {
    text: Cow<'t, str>,
    logprob: f64,
    top: Option<Value<'t>>,
}

impl<'t> Token<'t> {
    fn of(entry: Value<'t>) -> Option<Self> {
        let text = entry.get("token")?.as_str()?;
        Some(Self { text, logprob: printed(entry.get("logprob")?)?.value, top: entry.get("top_logprobs") })
    }

    /// The alternatives of the token: its number, where it is one, and its probability.
    fn alternatives(&self) -> impl Iterator<Item = (Option<f64>, f64)> {
        let entries = self.top.into_iter().flat_map(|top| top.elements()).filter_map(Token::of);
        entries.map(|own| (number(&own.text), exp(own.logprob)))
    }

    /// Those that are numbers.
    fn chances(&self) -> Chances {
        self.alternatives().filter_map(|(own, chance)| Some((own?, chance))).collect()
    }
}

/// The number that a token is.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_number = (1..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The tokens of the score: the first number behind a word that says so, else the only one.
fn score_tokens<'s, 't>(tokens: &'s [Token<'t>]) -> Option<&'s [Token<'t>]> {
    let mut before = String::new();
    let mut groups: Vec<(usize, usize, bool)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match (number(&token.text), groups.last_mut()) {
            (Some(_), Some((_, end, _))) if *end == at => *end = at + 1,
            (Some(_), _) => {
                let is_said = ["score", "rating", "grade"].iter().any(|word| before.contains(word));
                groups.push((at, at + 1, is_said));
            }
            (None, _) => before.push_str(&token.text.to_lowercase()),
        }
    }
    let mut said = groups.iter().filter(|(.., is_said)| *is_said);
    let (start, end, _) = match (said.next(), groups.as_slice()) {
        (Some(first), _) => *first,
        (None, [only]) => *only,
        (None, _) => return None,
    };
    tokens.get(start..end)
}

/// Numbers with their probabilities.
type Chances = Vec<(f64, f64)>;

fn expectation(chances: &Chances) -> Option<f64> {
    let whole: f64 = chances.iter().map(|(_, chance)| chance).sum();
    (whole > 0.0).then(|| chances.iter().map(|(number, chance)| number * chance).sum::<f64>() / whole)
}

/// The expectations that a score may be, and those that leave out its second digit.
fn expected(tokens: &[Token<'_>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let tokens = score_tokens(tokens)?;
    let first = tokens.first()?.chances();
    let mut wrong: Vec<f64> = Vec::new();
    let mut ways: Vec<Chances> = Vec::new();
    match tokens {
        [_] => ways.push(first),
        [one, other] => {
            let (tens, chance) = (number(&one.text)?, exp(one.logprob));
            let is_own = |(own, _): &&(f64, f64)| (*own - tens).abs() <= 0.0;
            let others: Chances = first.iter().filter(|own| !is_own(own)).copied().collect();
            let both = other.chances().into_iter().map(|(unit, own)| (tens * 10.0 + unit, chance * own));
            let with_both: Chances = others.iter().copied().chain(both).collect();
            // What follows the first digit and is no digit ends the number.
            let ends: f64 = other.alternatives().filter(|(own, _)| own.is_none()).map(|(_, own)| chance * own).sum();
            let whole = (tens * 10.0 + number(&other.text)?, chance);
            let with_ends = with_both.iter().copied().chain([(tens, ends)]).collect();
            ways.push(with_both);
            ways.push(with_ends);
            ways.push(others.into_iter().chain([whole]).collect());
            wrong.extend(expectation(&first));
        }
        _ => return None,
    }
    let likely = |own: &Chances| -> Chances { own.iter().filter(|(_, chance)| *chance >= LEAST).copied().collect() };
    let means = ways.iter().flat_map(|own| [expectation(own), expectation(&likely(own))]).flatten();
    let sums = ways.iter().map(|own| own.iter().map(|(number, chance)| number * chance).sum::<f64>());
    Some((means.chain(sums).collect(), wrong))
}

fn is_score(name: &str) -> bool {
    let own = plain_name(name);
    ["g_eval", "geval", "expected_score", "weighted_score", "judge_score", "llm_score"]
        .iter()
        .any(|word| own.contains(word))
        || own == "score"
}

/// The scores beside a response, held against its tokens.
pub(super) fn metrics<'t>(record: Value<'t>, response: Value<'t>) -> Vec<RowClaim<'t>> {
    let is_number = |value: &Value<'_>| value.kind() == Kind::Number;
    let named = record.members().filter(|(key, value)| is_number(value) && is_score(&key.as_str()));
    let named: Vec<(Cow<'t, str>, Value<'t>)> = named.map(|(key, value)| (key.as_str(), value)).collect();
    let choice = response.get("choices").and_then(|choices| choices.elements().next());
    let list = choice.and_then(|choice| choice.get("logprobs")?.get("content"));
    let Some(list) = list.filter(|_| !named.is_empty()) else { return Vec::new() };
    let tokens: Option<Vec<Token<'_>>> = list.elements().map(Token::of).collect();
    let Some((right, wrong)) = tokens.and_then(|tokens| expected(&tokens)) else { return Vec::new() };
    let scaled =
        |all: &[f64]| -> Vec<f64> { SCALES.iter().flat_map(|scale| all.iter().map(move |own| own / scale)).collect() };
    let (right, wrong) = (scaled(&right), scaled(&wrong));
    let one = |(name, value): (Cow<'t, str>, Value<'t>)| {
        let definition = Definition::OneOf { right: right.clone(), wrong: wrong.clone() };
        let of = RowMetric { name, custom: false, definition };
        Some(Claim { of, value: RowValue::Number(printed(value)?), at: at(value) })
    };
    named.into_iter().filter_map(one).collect()
}
