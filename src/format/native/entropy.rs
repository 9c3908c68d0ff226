//! Entropies of tokens beside their whole distributions.

use crate::format::field::{at, exact, printed};
use crate::format::json::{Kind, Value};
use crate::metric::distribution::is_entropy;
use crate::model::{Candidate, Claim, Definition, EntropyOf, RowClaim, RowMetric, RowValue, Step};
use crate::numeric::{Approx, Printed, entropy, half_of_last_digit, ln};

/// Names of an entropy, with the unit where they say it: whether it is bits.
const NAMES: [(&str, Option<bool>); 8] = [
    ("entropy", None),
    ("entropies", None),
    ("token_entropy", None),
    ("token_entropies", None),
    ("entropy_nats", Some(false)),
    ("entropy_bits", Some(true)),
    ("entropies_nats", Some(false)),
    ("entropies_bits", Some(true)),
];
/// Names of lists of tokens.
const TOKENS: [&str; 2] = ["tokens", "steps"];
/// Share of a record's tokens, and their least number, whose entropies hold the others to theirs.
const MOST: f64 = 0.75;
const FEWEST: usize = 3;

/// The entropies of a record's tokens: a list of them, or one in each object of a token.
fn listed<'t>(record: Value<'t>) -> Option<(&'static str, Option<bool>, Vec<Value<'t>>)> {
    let named = |own: Value<'t>, name: &str, kind: Kind| own.get(name).filter(|value| value.kind() == kind);
    let tokens = TOKENS.iter().find_map(|name| named(record, name, Kind::Array));
    NAMES.iter().find_map(|(name, unit)| {
        let list = named(record, name, Kind::Array).map(|list| list.elements().collect());
        let each = || tokens?.elements().map(|token| named(token, name, Kind::Number)).collect::<Option<Vec<_>>>();
        Some((*name, *unit, list.or_else(each).filter(|all: &Vec<_>| !all.is_empty())?))
    })
}

/// The entropies of a record with one candidate whose tokens have their distributions.
pub(super) fn claims<'t>(record: Value<'t>, candidate: &Candidate<'_>) -> Vec<RowClaim<'t>> {
    let named = if candidate.vectors.is_empty() { None } else { listed(record) };
    let Some((name, in_bits, values)) = named.filter(|(.., values)| values.len() == candidate.steps.len()) else {
        return Vec::new();
    };
    let temperature = record.get("temperature").and_then(printed).map(|own| own.value).filter(|own| *own > 0.0);
    let one = |(value, step): (Value<'t>, &Step<'_>)| {
        let number = printed(value).filter(|_| value.kind() == Kind::Number)?;
        // A lone 0 or 1 has all its digits.
        let number = if number.decimals <= 0 { exact(value)? } else { number };
        Some((value, number, EntropyOf { in_bits, ..of_step(candidate, step, temperature)? }))
    };
    let all: Vec<(Value<'t>, Printed, EntropyOf)> =
        values.into_iter().zip(candidate.steps.iter()).filter_map(one).collect();
    let right = all.iter().filter(|(_, number, own)| is_entropy(Approx::printed(number), own)).count();
    let is_due = right >= FEWEST && right as f64 >= MOST * all.len() as f64;
    let claim = |(value, number, own): (Value<'t>, Printed, EntropyOf)| {
        let definition = Definition::Entropy(EntropyOf { is_due, ..own });
        let of = RowMetric { name: name.into(), custom: false, definition };
        Claim { of, value: RowValue::Number(number), at: at(value) }
    };
    all.into_iter().map(claim).collect()
}

fn of_step(candidate: &Candidate<'_>, step: &Step<'_>, temperature: Option<f64>) -> Option<EntropyOf> {
    let half = half_of_last_digit(candidate.vector_decimals);
    let probs = candidate.vector(step.prob_vector);
    let logs: Vec<f64> = probs.iter().map(|prob| ln(*prob)).collect();
    let logprobs = candidate.vector(step.logprob_vector);
    let logits = candidate.vector(step.logit_vector);
    let values = [logits, logprobs, &logs].into_iter().find(|values| values.len() > 1)?;
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let of = |values: &[f64], half: f64| {
        let (nats, moves) = entropy(values);
        // Twice the first order, for the rest.
        Approx::new(nats, 2.0 * half * moves)
    };
    let nats = if logits.len() > 1 || logprobs.len() > 1 {
        of(values, half)
    } else {
        let moved = |prob: &f64| half * (1.0 + ln(prob.max(half)).abs());
        Approx::new(entropy(values).0, probs.iter().map(moved).sum())
    };
    // Log-probs are logits less a constant.
    let tempered = temperature.filter(|own| (own - 1.0).abs() > 0.0 && probs.is_empty());
    let tempered = tempered.map(|own| of(&values.iter().map(|value| value / own).collect::<Vec<f64>>(), half / own));
    Some(EntropyOf { nats, tempered, size: values.len(), in_bits: None, is_due: false })
}
