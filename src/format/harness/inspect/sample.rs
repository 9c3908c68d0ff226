//! One sample in one epoch.

use std::borrow::Cow;

use crate::format::Sink;
use crate::format::field::{FieldError, at, count, find, id, lacks, printed};
use crate::format::harness::inspect::{Epochs, answers};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::steps;
use crate::model::{
    Candidate, CandidateClaim, Claim, ColumnId, Definition, Divisor, FieldValue, Item, Logged, LoggedTotal, RowClaim,
    RowField, RowMetric, RowValue, ScoreOutput, Slice, Text,
};
use crate::numeric::Printed;

/// Reads a sample.
pub(super) fn read(origin: &JsonOrigin<'_>, context: &Epochs, out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("id").and_then(id).ok_or_else(|| lacks(root, "id", "the sample's id"))?;
    let epoch = root.get("epoch").and_then(count).unwrap_or(1);
    let mut item = Item {
        id: if epoch > 1 { Cow::Owned(format!("{name} (epoch {epoch})")) } else { name },
        // Metrics are computed over the reduced scores, not over these.
        filter: Cow::Borrowed(if context.epochs > 1 { "epochs" } else { "" }),
        complete: true,
        at: at(root),
        ..Item::default()
    };
    let scores = || match (root.get("scores"), root.get("score")) {
        (Some(scores), _) => scores.members().map(|(key, score)| (key.as_str(), score)).collect(),
        // Early versions have one unnamed score.
        (None, Some(score)) => vec![(Cow::Borrowed(""), score)],
        (None, None) => Vec::new(),
    };
    let choices = || find(root, &["output", "choices"]).into_iter().flat_map(|choices| choices.elements());
    let mut scored_text = false;
    for (name, score) in scores() {
        let prompt = choices().next();
        let perplexity = (!scored_text).then(|| perplexity(score, prompt)).transpose()?.flatten();
        let first = item.metrics.len();
        score_metrics(name.clone(), score, &mut item.metrics);
        if let (Some(definition), [only]) = (answers::definition(&name, score, root), &mut item.metrics[first..]) {
            only.of.definition = definition;
        }
        let Some((candidate, total, tokens)) = perplexity else { continue };
        scored_text = true;
        for metric in item.metrics.iter_mut().skip(first) {
            metric.of.definition = Definition::Only(Divisor::Tokens, ScoreOutput::Negated);
        }
        item.metrics.push(Claim {
            of: RowMetric {
                name: Cow::Owned(format!("{name}.sum_log_probs")),
                custom: false,
                definition: Definition::Only(Divisor::Raw, ScoreOutput::Nats),
            },
            value: RowValue::Pair(total, tokens),
            at: at(score),
        });
        item.candidates.push(candidate);
    }
    if !scored_text {
        for choice in choices() {
            item.candidates.extend(generated(choice)?);
        }
        if let [only] = item.candidates.as_mut_slice() {
            only.claims.extend(scores().into_iter().filter_map(|(_, score)| sum(score, only.steps.len())).take(1));
        }
    }
    if root.get("error").is_some_and(|error| error.kind() != Kind::Null) {
        item.row.push(RowField::new(Cow::Borrowed("error"), FieldValue::Text(Text::plain("error"))));
    }
    out.item(&item, origin);
    Ok(())
}

/// The tokens that an answer was generated from; None if they are not logged.
pub(in crate::format::harness) fn generated(choice: Value<'_>) -> Result<Option<Candidate<'_>>, FieldError> {
    let Some(content) = find(choice, &["logprobs", "content"]).filter(|list| !list.is_container_empty()) else {
        return Ok(None);
    };
    let mut candidate = Candidate { at: at(content), ..Candidate::default() };
    steps::objects(content, &mut candidate)?;
    let text = find(choice, &["message", "content"]).filter(|text| text.kind() == Kind::String);
    let is_there = |key: &str| {
        find(choice, &["message", key]).is_some_and(|part| part.kind() != Kind::Null && !part.is_container_empty())
    };
    // The tokens reliably spell the answer only if no part of it was removed and no token is a part of a character.
    let whole = !is_there("tool_calls") && !is_there("reasoning");
    let plain = |text: &Value<'_>| {
        text.raw().is_ascii() && !text.raw().contains(&b'\\') && !text.raw().starts_with(b"attachment://")
    };
    let greedy = candidate.steps.iter().all(|step| {
        let best = candidate.alternatives(step).first();
        best.is_some_and(|best| step.is_token(best))
    });
    candidate.continuation = text.filter(|text| greedy && whole && plain(text)).map(|text| Text::json(text.raw_str()));
    Ok(Some(candidate))
}

/// The Σ log p that a custom scorer records for an answer, if it covers the same tokens.
fn sum(score: Value<'_>, tokens: usize) -> Option<CandidateClaim> {
    let metadata = score.get("metadata")?;
    let counted = count(metadata.get("num_tokens")?)?;
    let names = ["sum_logprob", "sum_logprobs", "sum_log_prob", "sum_log_probs"];
    let value = names.iter().find_map(|name| metadata.get(name)).filter(|_| counted as usize == tokens)?;
    Some(Claim { of: ColumnId(0), value: Logged::Number(printed(value)?), at: at(value) })
}

/// The prompt's tokens with the sum and count of a perplexity scorer; None for other scorers.
fn perplexity<'t>(
    score: Value<'t>,
    choice: Option<Value<'t>>,
) -> Result<Option<(Candidate<'t>, Printed, Printed)>, FieldError> {
    let part = |key: &str| find(score, &["metadata", key]);
    let (Some(total), Some(tokens)) = (part("sum_log_probs"), part("num_tokens")) else { return Ok(None) };
    let (Some(sum), Some(number), Some(length)) = (printed(total), printed(tokens), count(tokens)) else {
        return Ok(None);
    };
    let mut candidate = Candidate { at: at(score), ..Candidate::default() };
    let content = choice.and_then(|choice| find(choice, &["prompt_logprobs", "content"]));
    if let Some(content) = content {
        steps::objects(content, &mut candidate)?;
        // The list does not include the token itself.
        candidate.alternatives.clear();
        for step in &mut candidate.steps {
            step.top = Slice::default();
        }
        match candidate.steps.len().checked_sub(length as usize) {
            Some(before) => steps::prompt(&mut candidate, before),
            None => candidate.steps.clear(),
        }
    }
    let claims = [Some(total), score.get("value"), part("perplexity")];
    for (column, value) in (0..).zip(claims) {
        if let Some(value) = value
            && let Some(number) = printed(value)
        {
            candidate.claims.push(Claim { of: ColumnId(column), value: Logged::Number(number), at: at(value) });
        }
    }
    if candidate.steps.is_empty() {
        candidate.logged_total =
            Some(LoggedTotal { column: ColumnId(0), total: sum, tokens: Some(length), chars: None, bytes: None });
    }
    Ok(Some((candidate, sum, number)))
}

/// The values of a score as row metrics: one with the scorer's name, or one per key of a score with several.
pub(super) fn score_metrics<'t>(name: Cow<'t, str>, score: Value<'t>, metrics: &mut Vec<RowClaim<'t>>) {
    let Some(value) = score.get("value") else { return };
    let mut push = |name: Cow<'t, str>, value: Value<'t>| {
        let Some(row) = row_value(value) else { return };
        // If two scorers use the same key, it is ambiguous.
        if metrics.iter().all(|metric| metric.of.name != name) {
            let custom = row == RowValue::Opaque;
            metrics.push(Claim {
                of: RowMetric { name, custom, definition: Definition::ByName },
                value: row,
                at: at(value),
            });
        }
    };
    match value.kind() {
        Kind::Object => value.members().for_each(|(key, value)| push(key.as_str(), value)),
        _ => push(name, value),
    }
}

/// A score as a number; None for one that means "not scored".
fn row_value(value: Value<'_>) -> Option<RowValue> {
    let number = |number: f64| Some(RowValue::Number(Printed::from_f64(number)));
    match value.kind() {
        Kind::Bool => value.as_bool().map(RowValue::Flag),
        Kind::Number => Printed::parse(value.raw()).filter(|number| !number.value.is_nan()).map(RowValue::Number),
        Kind::String => match value.raw() {
            b"C" => number(1.0),
            b"P" => number(0.5),
            b"I" | b"N" => number(0.0),
            other => match other.to_ascii_lowercase().as_slice() {
                b"yes" | b"true" => number(1.0),
                b"no" | b"false" => number(0.0),
                _ => Some(printed(value).map_or(RowValue::Opaque, RowValue::Number)),
            },
        },
        Kind::Null => None,
        _ => Some(RowValue::Opaque),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn value(text: &str) -> Option<f64> {
        let mut tape = Tape::default();
        crate::metric::definition::number(&row_value(tape.parse(text.as_bytes()).unwrap())?)
    }

    #[test]
    fn letters_and_words_are_numbers() {
        let found: Vec<Option<f64>> =
            [r#""C""#, r#""P""#, r#""I""#, r#""N""#, r#""Yes""#, "true", "0.25", r#""3""#, "NaN", r#""maybe""#]
                .map(value)
                .to_vec();
        let (one, none) = (Some(1.0), None);
        assert_eq!(found, [one, Some(0.5), Some(0.0), Some(0.0), one, one, Some(0.25), Some(3.0), none, none]);
    }
}
