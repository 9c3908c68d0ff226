//! Tokens with log-probs in the shapes that engines share: a list of token objects, or parallel arrays.

use crate::format::field::{self, FieldError, at, field_error, integer, text};
use crate::format::json::{Kind, Value};
use crate::model::{Alternative, ArrayLength, Candidate, Logged, Segment, Slice, Step, Text};

/// Adds one step per object of a list `[{token, logprob, bytes?, top_logprobs?, …}]`, the shape of `OpenAI`'s chat API
/// that most servers copy. Other names of the same fields are accepted: `id`, `token_id`, `text`, `prob`, `top_probs`,
/// `logProbability`.
pub fn objects<'t>(list: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    for entry in list.elements() {
        let step = object(entry, candidate)?;
        candidate.steps.push(step);
    }
    Ok(())
}

/// One token object.
pub fn object<'t>(entry: Value<'t>, candidate: &mut Candidate<'t>) -> Result<Step<'t>, FieldError> {
    if entry.kind() != Kind::Object {
        return Err(field_error(entry, "tokens", "an object for each token"));
    }
    let mut step = Step { at: at(entry), ..Step::default() };
    for (key, value) in entry.members() {
        match key.raw() {
            b"token" | b"text" | b"decoded_token" => step.token = text(value),
            b"id" | b"token_id" | b"tokenId" => step.token_id = integer(value),
            b"logprob" | b"log_prob" | b"logProbability" | b"log_probability" => {
                step.logprob = field::number(value, "logprob", &[])?;
                step.at = at(value);
            }
            b"prob" => {
                step.prob = field::number(value, "prob", &[])?;
                step.at = at(value);
            }
            b"top_logprobs" | b"top_tokens" => step.top = alternatives(value, candidate)?,
            _ => {}
        }
    }
    Ok(step)
}

/// The alternatives of one token: a list of token objects, a list of `[logprob, id, text]` triples, a map from text to
/// log-prob, or a map from id to `{logprob, decoded_token}`.
pub fn alternatives<'t>(value: Value<'t>, candidate: &mut Candidate<'t>) -> Result<Slice, FieldError> {
    let start = candidate.alternatives.len();
    match value.kind() {
        Kind::Null => return Ok(Slice::default()),
        Kind::Array => {
            for entry in value.elements() {
                match entry.kind() {
                    Kind::Object => listed(entry, candidate)?,
                    Kind::Array => triple(entry, candidate)?,
                    Kind::Null => {}
                    _ => return Err(field_error(entry, "top_logprobs", "an object or a triple for each token")),
                }
            }
        }
        Kind::Object => {
            for (key, entry) in value.members() {
                let token = Text::json(key.raw_str());
                match entry.kind() {
                    Kind::Object => {
                        let logprob = match entry.get("logprob") {
                            Some(value) => field::number(value, "top_logprobs", &[])?,
                            None => Logged::Missing,
                        };
                        let decoded = entry.get("decoded_token").and_then(text);
                        keep(candidate, decoded, key.raw_str().parse().ok(), logprob);
                    }
                    _ => {
                        let logprob = field::number(entry, "top_logprobs", &[])?;
                        keep(candidate, Some(token), None, logprob);
                    }
                }
            }
        }
        _ => return Err(field_error(value, "top_logprobs", "a list or a map")),
    }
    Ok(slice(candidate, start))
}

/// The alternatives from an index of the buffer on.
#[must_use]
pub fn slice(candidate: &Candidate<'_>, start: usize) -> Slice {
    let len = candidate.alternatives.len() - start;
    Slice { start: u32::try_from(start).unwrap_or(u32::MAX), len: u32::try_from(len).unwrap_or(0) }
}

fn listed<'t>(entry: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let (mut token, mut id, mut logprob) = (None, None, Logged::Missing);
    for (key, value) in entry.members() {
        match key.raw() {
            b"token" | b"text" | b"decoded_token" => token = text(value),
            b"id" | b"token_id" | b"tokenId" => id = integer(value),
            b"logprob" | b"log_prob" | b"logProbability" | b"log_probability" => {
                logprob = field::number(value, "top_logprobs", &[])?;
            }
            _ => {}
        }
    }
    keep(candidate, token, id, logprob);
    Ok(())
}

/// `[logprob, id, text]`; the text may be null.
fn triple<'t>(entry: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let mut parts = entry.elements();
    let Some(first) = parts.next() else { return Ok(()) };
    let logprob = field::number(first, "top_logprobs", &[])?;
    let id = parts.next().and_then(integer);
    keep(candidate, parts.next().and_then(text), id, logprob);
    Ok(())
}

/// Keeps an alternative if it has a value; sentinels and nulls do not count as values.
pub fn keep<'t>(candidate: &mut Candidate<'t>, token: Option<Text<'t>>, id: Option<i64>, logprob: Logged) {
    if let Logged::Number(logprob) = logprob {
        candidate.alternatives.push(Alternative { token, id, logprob });
    }
}

/// Parallel arrays, one entry per token; each may be missing.
#[derive(Clone, Copy, Default)]
pub struct Arrays<'t> {
    /// Token texts.
    pub tokens: Option<Value<'t>>,
    /// Token ids.
    pub ids: Option<Value<'t>>,
    /// Log-probs in nats.
    pub logprobs: Option<Value<'t>>,
    /// Alternatives of each token.
    pub top: Option<Value<'t>>,
}

/// Adds one step per entry of parallel arrays.
pub fn arrays<'t>(arrays: Arrays<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let first = candidate.steps.len();
    let named = [
        ("tokens", arrays.tokens),
        ("token_ids", arrays.ids),
        ("logprobs", arrays.logprobs),
        ("top_logprobs", arrays.top),
    ];
    for (role, array) in named {
        let Some(array) = array.filter(|array| array.kind() == Kind::Array) else { continue };
        let mut len = 0_u32;
        for (index, value) in array.elements().enumerate() {
            len += 1;
            if candidate.steps.len() <= first + index {
                candidate.steps.push(Step { at: at(value), ..Step::default() });
            }
            let top = if role == "top_logprobs" { alternatives(value, candidate)? } else { Slice::default() };
            let Some(step) = candidate.steps.get_mut(first + index) else { continue };
            match role {
                "tokens" => step.token = text(value),
                "token_ids" => step.token_id = integer(value),
                "logprobs" => {
                    step.logprob = field::number(value, "logprobs", &[])?;
                    step.at = at(value);
                }
                _ => step.top = top,
            }
        }
        candidate.arrays.push(ArrayLength { role, len, at: at(array) });
    }
    Ok(())
}

/// Marks the first steps as prompt: conditioned on, not scored.
pub fn prompt(candidate: &mut Candidate<'_>, count: usize) {
    for step in candidate.steps.iter_mut().take(count) {
        step.segment = Segment::Prompt;
    }
}
