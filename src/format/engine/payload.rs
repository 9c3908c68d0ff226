//! Responses in the shapes of the `OpenAI` API (chat, completions, responses), whichever server wrote them.
//!
//! Most servers copy these shapes and add fields of their own. Some fill the same fields with other values. [`Dialect`]
//! identifies the server by the added fields; numbers that a dialect does not define reliably are dropped.

use std::borrow::Cow;

use crate::format::engine::own_entry::{Listed, with_value};
use crate::format::field::{FieldError, at, count, find, has, integer, text};
use crate::format::json::{Key, Kind, Value};
use crate::format::steps::{self, Arrays};
use crate::model::{Alternative, Candidate, Logged, PickRef, RowClaim, Segment, Slice, Step, Text};
use crate::numeric;

/// Maximum distance from 1 at which the mass of a list counts as the whole distribution: the noise of half precision.
const COMPLETE: f64 = 2e-2;
/// Minimum probability of a last entry that is not rare. A complete distribution would end with a rarer token.
const RARE: f64 = 5e-4;

/// The content of a response.
#[derive(Clone, Debug, Default)]
pub(in crate::format) struct Payload<'t> {
    /// The response's id, if it has one.
    pub(in crate::format) id: Option<Cow<'t, str>>,
    /// The choices, including those without log-probs.
    pub(in crate::format) candidates: Vec<Candidate<'t>>,
    /// The choice that the engine picked.
    pub(in crate::format) pick: PickRef<'t>,
    /// Other values stated about the choices.
    pub(in crate::format) metrics: Vec<RowClaim<'t>>,
}

/// Layout of the log-probs in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Shape {
    /// `choices[].logprobs.content[]`: an object per token.
    Chat,
    /// `choices[].logprobs` with parallel arrays.
    Completions,
    /// `output[].content[].logprobs[]`.
    Responses,
}

/// The server whose extra fields a response has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Dialect {
    /// No extra fields.
    Plain,
    /// vLLM: prompt log-probs, token ids, stop reasons.
    Vllm,
    /// `SGLang`: the matched stop of a choice.
    Sglang,
    /// llama.cpp: ids and bytes of tokens, timings.
    LlamaCpp,
    /// mlx-lm: ids of tokens without bytes.
    MlxLm,
}

/// The log-probs of a response; None for any other value. A choice without log-probs has no steps.
pub(in crate::format) fn payload(value: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let Some(shape) = shape(value) else { return Ok(None) };
    let dialect = dialect(value);
    let mut payload = Payload {
        id: value.get("id").filter(|id| id.kind() == Kind::String).and_then(|id| id.as_str()),
        ..Payload::default()
    };
    match shape {
        Shape::Chat => {
            for choice in choices(value) {
                payload.candidates.push(chat(choice, dialect)?);
            }
        }
        Shape::Completions => {
            let usage = Usage::of(value);
            for choice in choices(value) {
                payload.candidates.push(completions(choice, dialect, usage)?);
            }
        }
        Shape::Responses => payload.candidates.push(responses(value)?),
    }
    if dialect == Dialect::Vllm {
        prompt_logprobs(value, &mut payload.candidates)?;
    }
    payload.candidates.iter_mut().for_each(drop_complete);
    Ok(Some(payload))
}

/// Names of a response inside a record, besides `response`.
const WRAPPERS: [&str; 3] = ["response_obj", "body", "raw_response"];

/// Names of a response in a pipeline's own record. Tools have them, too, in records with many fields of their own: those of
/// inspect and Langfuse hold an answer under `output`.
const PLAIN_WRAPPERS: [&str; 3] = ["completion", "output", "result"];

/// Most fields of a pipeline's own record.
const FEW_FIELDS: usize = 8;

/// The response inside a record that wraps it, or the record itself: a Batch line's `response.body`, a logged pair's
/// `response`, a gateway's `response_obj`, or another usual name.
pub(in crate::format) fn unwrap(record: Value<'_>) -> Value<'_> {
    let response = record.get("response");
    let body = response.and_then(|response| response.get("body"));
    let plain = PLAIN_WRAPPERS.iter().filter(|_| record.len() <= FEW_FIELDS);
    let inside = [body, response].into_iter().chain(WRAPPERS.iter().chain(plain).map(|name| record.get(name)));
    inside.flatten().find(|value| shape(*value).is_some()).unwrap_or(record)
}

/// The shape of a response; None for any other value.
pub(in crate::format) fn shape(value: Value<'_>) -> Option<Shape> {
    if value.kind() != Kind::Object {
        return None;
    }
    if let Some(output) = value.get("output").filter(|output| output.kind() == Kind::Array) {
        let is_text = |part: Value<'_>| has(part, "text", Kind::String) && has(part, "logprobs", Kind::Array);
        let message = |entry: Value<'_>| {
            entry.get("content").is_some_and(|content| content.kind() == Kind::Array && content.elements().any(is_text))
        };
        return output.elements().any(message).then_some(Shape::Responses);
    }
    let shapes = || choices(value).filter_map(choice_shape);
    shapes().find(|shape| *shape == Shape::Completions).or_else(|| shapes().next())
}

fn choice_shape(choice: Value<'_>) -> Option<Shape> {
    // A stream chunk is only a part of a choice.
    if choice.get("delta").is_some() {
        return None;
    }
    let logprobs = choice.get("logprobs")?;
    match logprobs.kind() {
        Kind::Object if has(logprobs, "token_logprobs", Kind::Array) => Some(Shape::Completions),
        Kind::Object => {
            let lists = ["content", "refusal"].map(|key| logprobs.get(key));
            let known = lists.iter().flatten().all(|list| match list.kind() {
                Kind::Null => true,
                Kind::Array => list.elements().next().is_none_or(is_token),
                _ => false,
            });
            (known && lists.iter().any(Option::is_some)).then_some(Shape::Chat)
        }
        // Log-probs were not requested, or there was nothing to score.
        Kind::Null => has(choice, "message", Kind::Object).then_some(Shape::Chat),
        _ => None,
    }
}

/// Whether a value is a token object: a log-prob or probability with a text, bytes or an id.
fn is_token(entry: Value<'_>) -> bool {
    let value = entry.get("logprob").or_else(|| entry.get("prob"));
    value.is_some() && ["token", "bytes", "id", "token_id"].iter().any(|key| entry.get(key).is_some())
}

/// The choices of a response.
pub(in crate::format) fn choices(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let list = value.get("choices").filter(|list| list.kind() == Kind::Array);
    list.into_iter().flat_map(|list| list.elements()).filter(|choice| choice.kind() == Kind::Object)
}

/// The first token object of a response of shape chat.
pub(in crate::format) fn first_token(value: Value<'_>) -> Option<Value<'_>> {
    choices(value).find_map(|choice| {
        let logprobs = choice.get("logprobs")?;
        ["content", "refusal"].iter().find_map(|key| logprobs.get(key)?.elements().next())
    })
}

/// The server whose fields a response has. Each dialect is looked for in several places, because a single field is not
/// reliable.
pub(in crate::format) fn dialect(value: Value<'_>) -> Dialect {
    let first = choices(value).next();
    let in_choice = |key: &str| first.and_then(|choice| choice.get(key));
    let token = first_token(value);
    let in_token = |key: &str| token.and_then(|token| token.get(key)).is_some();
    if in_choice("matched_stop").is_some() {
        return Dialect::Sglang;
    }
    if is_vllm(value, first) {
        return Dialect::Vllm;
    }
    if find(value, &["timings", "predicted_n"]).is_some() || (in_token("id") && in_token("bytes")) {
        return Dialect::LlamaCpp;
    }
    if in_token("id") { Dialect::MlxLm } else { Dialect::Plain }
}

/// The candidate of one choice, or of any other object that holds `logprobs` as a choice does; None without log-probs.
pub(in crate::format) fn choice(value: Value<'_>) -> Result<Option<Candidate<'_>>, FieldError> {
    match choice_shape(value) {
        Some(Shape::Completions) => completions(value, Dialect::Plain, None).map(Some),
        Some(_) => chat(value, Dialect::Plain).map(Some),
        None => Ok(None),
    }
}

fn is_vllm(value: Value<'_>, first: Option<Value<'_>>) -> bool {
    let list_or_null = |value: Value<'_>| matches!(value.kind(), Kind::Array | Kind::Null);
    let mut places = [Some(value), first].into_iter().flatten();
    let prompt = places.any(|place| {
        place.get("prompt_logprobs").is_some_and(list_or_null)
            || place.get("prompt_token_ids").is_some_and(list_or_null)
    });
    let reason = first.is_some_and(|choice| choice.get("stop_reason").is_some());
    let ids = first.is_some_and(|choice| choice.get("token_ids").is_some_and(list_or_null));
    let tokens = first.and_then(|choice| choice.get("logprobs")).is_some_and(|logprobs| {
        let legacy = logprobs.get("tokens").and_then(|tokens| tokens.elements().next());
        let token = legacy.or_else(|| first_token(value)?.get("token"));
        token.is_some_and(|token| token.raw().starts_with(b"token_id:"))
    });
    prompt || reason || ids || tokens || value.get("kv_transfer_params").is_some()
}

/// Token counts stated by a response.
#[derive(Clone, Copy)]
struct Usage {
    prompt: usize,
    completion: usize,
    /// Number of choices that share `completion`.
    choices: usize,
}

impl Usage {
    fn of(value: Value<'_>) -> Option<Self> {
        let part = |key: &str| usize::try_from(find(value, &["usage", key]).and_then(count)?).ok();
        Some(Self {
            prompt: part("prompt_tokens")?,
            completion: part("completion_tokens")?,
            choices: choices(value).count(),
        })
    }

    /// Whether the only choice has as many tokens as prompt and completion together.
    fn is_whole(self, tokens: usize) -> bool {
        self.choices == 1 && self.prompt > 0 && self.prompt + self.completion == tokens
    }
}

fn chat(choice: Value<'_>, dialect: Dialect) -> Result<Candidate<'_>, FieldError> {
    let mut candidate =
        Candidate { index: choice.get("index").and_then(count), at: at(choice), ..Candidate::default() };
    let mut text_of = None;
    for key in ["content", "refusal"] {
        let list = choice.get("logprobs").and_then(|logprobs| logprobs.get(key));
        let Some(list) = list.filter(|list| list.kind() == Kind::Array && !list.is_container_empty()) else { continue };
        steps::objects(list, &mut candidate)?;
        text_of = if text_of.is_none() { Some(key) } else { None };
    }
    if dialect == Dialect::MlxLm {
        // With alternatives, the value is that of the first alternative in an unordered list, not of the sampled token.
        for step in candidate.steps.iter_mut().filter(|step| !step.top.is_empty()) {
            (step.token, step.token_id, step.logprob) = (None, None, Logged::Missing);
        }
    }
    drop_ambiguous(&mut candidate.steps);
    // Only in the plain API do the tokens spell the text. Reasoning and tool calls are in other fields.
    let message = choice.get("message");
    let elsewhere = message.is_some_and(|message| {
        let others = ["reasoning", "reasoning_content", "thinking", "tool_calls", "function_call"];
        others.iter().filter_map(|key| message.get(key)).any(|value| value.kind() != Kind::Null)
    });
    let bytes = choice.get("logprobs").into_iter().flat_map(|logprobs| logprobs.members());
    let bytes = bytes.flat_map(|(_, list)| list.elements()).all(|entry| has(entry, "bytes", Kind::Array));
    if dialect == Dialect::Plain && bytes && !elsewhere {
        candidate.continuation = text_of.and_then(|key| message?.get(key)).and_then(text);
    }
    Ok(candidate)
}

fn completions(choice: Value<'_>, dialect: Dialect, usage: Option<Usage>) -> Result<Candidate<'_>, FieldError> {
    let mut candidate =
        Candidate { index: choice.get("index").and_then(count), at: at(choice), ..Candidate::default() };
    let Some(logprobs) = choice.get("logprobs").filter(|logprobs| logprobs.kind() == Kind::Object) else {
        return Ok(candidate);
    };
    let part = |key: &str| logprobs.get(key).filter(|list| list.kind() == Kind::Array);
    let ids = part("token_ids").or_else(|| choice.get("token_ids").filter(|list| list.kind() == Kind::Array));
    let arrays =
        Arrays { tokens: part("tokens"), ids: None, logprobs: part("token_logprobs"), top: part("top_logprobs") };
    steps::arrays(arrays, &mut candidate)?;
    if let Some(ids) = ids.filter(|ids| ids.len() == candidate.steps.len()) {
        for (step, id) in candidate.steps.iter_mut().zip(ids.elements()) {
            step.token_id = integer(id);
        }
    }
    let offset = part("text_offset").and_then(|offsets| integer(offsets.elements().next()?));
    if let Some(usage) = usage.filter(|usage| is_echo(&candidate, Some(*usage))) {
        // Nothing was generated: the request scored the prompt itself.
        if usage.completion > 0 && usage.prompt < candidate.steps.len() {
            steps::prompt(&mut candidate, usage.prompt);
        }
    }
    drop_ambiguous(&mut candidate.steps);
    // The lists are keyed by text. If two tokens have the same spelling, one of them is lost.
    let by_id = candidate.steps.iter().all(|step| is_placeholder(step.token));
    // Offsets of the API count from the start of the prompt. Servers with other offsets also use other tokenizers.
    let foreign = offset == Some(-1) || offset == Some(0) && !is_echo(&candidate, usage);
    if (matches!(dialect, Dialect::Vllm | Dialect::Sglang) || foreign) && !by_id {
        forget_texts(&mut candidate.alternatives);
    }
    Ok(candidate)
}

/// Whether a choice's tokens start with the prompt.
fn is_echo(candidate: &Candidate<'_>, usage: Option<Usage>) -> bool {
    let null = candidate.steps.first().is_some_and(|step| step.logprob == Logged::Null);
    null || usage.is_some_and(|usage| usage.is_whole(candidate.steps.len()))
}

fn is_placeholder(token: Option<Text<'_>>) -> bool {
    token.is_some_and(|token| token.decoded().starts_with("token_id:"))
}

fn responses(value: Value<'_>) -> Result<Candidate<'_>, FieldError> {
    let mut candidate = Candidate { at: at(value), ..Candidate::default() };
    let mut texts = 0;
    let output = value.get("output").into_iter().flat_map(|output| output.elements());
    let contents = output.filter_map(|entry| entry.get("content").filter(|content| content.kind() == Kind::Array));
    for part in contents.flat_map(|content| content.elements()) {
        let Some(list) = part.get("logprobs").filter(|list| list.kind() == Kind::Array) else { continue };
        if list.is_container_empty() {
            continue;
        }
        steps::objects(list, &mut candidate)?;
        texts += 1;
        candidate.continuation = if texts == 1 { part.get("text").and_then(text) } else { None };
    }
    drop_ambiguous(&mut candidate.steps);
    Ok(candidate)
}

/// Prepends vLLM's prompt tokens: of the whole response (chat) or of each choice (completions).
fn prompt_logprobs<'t>(value: Value<'t>, candidates: &mut [Candidate<'t>]) -> Result<(), FieldError> {
    if let (Some(list), Some(first)) = (value.get("prompt_logprobs"), candidates.first_mut()) {
        prompt(list, first)?;
    }
    let usage = Usage::of(value);
    for (choice, candidate) in choices(value).zip(candidates) {
        let Some(list) = choice.get("prompt_logprobs") else { continue };
        if is_echo(candidate, usage) { echoed(list, candidate)? } else { prompt(list, candidate)? }
    }
    Ok(())
}

/// Adds ids to prompt tokens that the arrays already hold, and replaces their lists by text with lists by id.
fn echoed<'t>(list: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    let entries = if list.kind() == Kind::Array { list.len() } else { 0 };
    if entries > candidate.steps.len() {
        return Ok(());
    }
    let listed = Listed::of(list.elements());
    for (at, entry) in list.elements().enumerate().take(entries) {
        let value = candidate.steps.get(at).and_then(|step| step.logprob.finite());
        let own = value.and_then(|value| with_value(entry, value)).or_else(|| listed.own(entry));
        let own = chosen(entry, own, candidate)?;
        if let Some(step) = candidate.steps.get_mut(at) {
            (step.token_id, step.top) = (own.token_id, own.top);
        }
    }
    Ok(())
}

/// Prepends prompt tokens to a candidate's steps, from a list with one map from id to value per token.
pub(super) fn prompt<'t>(list: Value<'t>, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    if list.kind() != Kind::Array {
        return Ok(());
    }
    let mut steps = Vec::with_capacity(list.len());
    let listed = Listed::of(list.elements());
    for entry in list.elements() {
        let mut step = chosen(entry, listed.own(entry), candidate)?;
        step.segment = Segment::Prompt;
        steps.push(step);
    }
    candidate.steps.splice(0..0, steps);
    Ok(())
}

/// A step from a map of ids to `{logprob, rank, decoded_token}`. `own` is the entry of the step's own token, if known.
pub(super) fn chosen<'t>(
    entry: Value<'t>,
    own: Option<(Key<'t>, Value<'t>)>,
    candidate: &mut Candidate<'t>,
) -> Result<Step<'t>, FieldError> {
    let is_map = entry.kind() == Kind::Object && !entry.is_container_empty();
    if !is_map {
        return Ok(Step { at: at(entry), logprob: Logged::Null, ..Step::default() });
    }
    let top = steps::alternatives(entry, candidate)?;
    let Some((key, own)) = own else {
        return Ok(Step { at: at(entry), logprob: Logged::Missing, top, ..Step::default() });
    };
    let mut step = steps::object(own, candidate)?;
    step.token_id = key.raw_str().parse().ok();
    step.top = top;
    Ok(step)
}

/// Clears the text of tokens that are bytes or empty: several tokens share such a text, so it does not identify one.
pub(super) fn drop_ambiguous(steps: &mut [Step<'_>]) {
    for step in steps.iter_mut().filter(|step| step.token_id.is_none()) {
        let is_ambiguous = |token: &Text<'_>| {
            let decoded = token.decoded();
            decoded.is_empty() || decoded.contains('\u{FFFD}')
        };
        step.token = step.token.filter(|token| !is_ambiguous(token));
    }
}

/// Clears the texts of alternatives, because such a text could be mistaken for the step's own token.
pub(in crate::format) fn forget_texts(alternatives: &mut [Alternative<'_>]) {
    for entry in alternatives {
        entry.token = None;
    }
}

/// Drops lists that hold the whole probability although their last entry is not rare. Such lists are valid for engines
/// that log the distribution after top-k and top-p.
pub(super) fn drop_complete(candidate: &mut Candidate<'_>) {
    let Candidate { steps, alternatives, .. } = candidate;
    for step in steps.iter_mut().filter(|step| !step.top.is_empty()) {
        let probs = || step.top.of(alternatives).iter().map(|entry| numeric::exp(entry.logprob.value));
        let mass: f64 = probs().sum();
        let least = probs().fold(f64::INFINITY, f64::min);
        if (mass - 1.0).abs() < COMPLETE && least >= RARE {
            step.top = Slice::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn read(text: &str, look: impl FnOnce(Payload<'_>)) {
        let mut tape = Tape::default();
        look(payload(tape.parse(text.as_bytes()).unwrap()).unwrap().unwrap());
    }

    #[test]
    fn shapes_are_told_apart_by_their_fields() {
        let of = |text: &str| {
            let mut tape = Tape::default();
            let value = tape.parse(text.as_bytes()).unwrap();
            shape(value).map(|shape| (shape, dialect(value)))
        };
        let chat = |more: &str, token: &str| {
            format!(
                r#"{{"choices": [{{"index": 0, {more} "logprobs": {{"content": [{{"logprob": -1, {token}}}]}}}}]}}"#
            )
        };
        let plain = r#""token": "a", "bytes": [97]"#;
        assert_eq!(of(&chat("", plain)), Some((Shape::Chat, Dialect::Plain)));
        assert_eq!(of(&chat(r#""stop_reason": null,"#, plain)), Some((Shape::Chat, Dialect::Vllm)));
        assert_eq!(of(&chat(r#""matched_stop": 2,"#, plain)), Some((Shape::Chat, Dialect::Sglang)));
        assert_eq!(of(&chat("", r#""id": 3, "token": "a", "bytes": [97]"#)), Some((Shape::Chat, Dialect::LlamaCpp)));
        assert_eq!(of(&chat("", r#""id": 3"#)), Some((Shape::Chat, Dialect::MlxLm)));
        let legacy = r#"{"choices": [{"logprobs": {"tokens": ["a"], "token_logprobs": [-1]}}]}"#;
        assert_eq!(of(legacy), Some((Shape::Completions, Dialect::Plain)));
        assert_eq!(of(r#"{"choices": [{"delta": {}, "logprobs": {"content": []}}]}"#), None);
        assert_eq!(of(r#"{"choices": ["a", "b"]}"#), None);
        assert_eq!(of(r#"{"output": [{"content": [{"text": "a", "logprobs": []}]}]}"#).unwrap().0, Shape::Responses);
    }

    #[test]
    fn with_echo_the_prompt_is_not_scored() {
        let text = |completion: u32| {
            format!(
                r#"{{"choices": [{{"logprobs": {{"tokens": ["a", "b", "c"], "token_logprobs": [null, -1, -2]}}}}],
                "usage": {{"prompt_tokens": {}, "completion_tokens": {completion}}}}}"#,
                3 - completion
            )
        };
        let segments = |completion| {
            let mut found = Vec::new();
            read(&text(completion), |payload| {
                found.extend(payload.candidates[0].steps.iter().map(|step| step.segment));
            });
            found
        };
        assert_eq!(segments(1), [Segment::Prompt, Segment::Prompt, Segment::Continuation]);
        assert_eq!(segments(0), [Segment::Continuation; 3]);
    }

    #[test]
    fn the_value_beside_an_unsorted_list_is_not_handed_over() {
        let text = r#"{"choices": [{"logprobs": {"content": [{"id": 3, "token": "x", "logprob": -4,
            "top_logprobs": [{"id": 3, "token": "x", "logprob": -4}, {"id": 5, "token": "y", "logprob": -0.1}]}]}}]}"#;
        read(text, |payload| {
            let step = payload.candidates[0].steps[0];
            assert_eq!((step.logprob, step.token_id, step.top.len), (Logged::Missing, None, 2));
        });
    }

    #[test]
    fn vllm_names_the_token_of_a_step_by_its_first_key() {
        let text = r#"{"prompt_logprobs": [null, {"7": {"logprob": -3, "rank": 9}, "1": {"logprob": -0.5, "rank": 1}}],
            "choices": [{"logprobs": {"content": [{"token": "a", "bytes": [97], "logprob": -1}]}}]}"#;
        read(text, |payload| {
            let steps = &payload.candidates[0].steps;
            assert_eq!((steps.len(), steps[1].token_id, steps[1].top.len), (3, Some(7), 2));
            assert_eq!((steps[0].logprob, steps[2].segment), (Logged::Null, Segment::Continuation));
        });
    }

    #[test]
    fn a_list_that_is_the_whole_distribution_is_no_evidence() {
        let text = |first: f64, second: f64| {
            format!(
                r#"{{"prompt_logprobs": null, "choices": [{{"logprobs": {{"content": [{{"token": "a", "bytes": [97],
                "logprob": {first}, "top_logprobs": [{{"token": "a", "logprob": {first}}}, {{"token": "b", "logprob": {second}}}]}}]}}}}]}}"#
            )
        };
        read(&text(-0.25, -1.5087), |payload| assert!(payload.candidates[0].steps[0].top.is_empty()));
        read(&text(-0.25, -2.5), |payload| assert_eq!(payload.candidates[0].steps[0].top.len, 2));
        read(&text(-0.0001, -9.3), |payload| assert_eq!(payload.candidates[0].steps[0].top.len, 2));
    }
}
