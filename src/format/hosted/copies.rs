//! APIs that copy the shapes of `OpenAI` and add fields: Mistral, Together, Fireworks.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Dialect, Payload, Shape, choices, first_token, forget_texts, unwrap};
use crate::format::engine::wrapped::{self, Read};
use crate::format::field::{FieldError, has};
use crate::format::json::{Kind, Value};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::model::Logged;

pub(super) static MISTRAL: Copy = Copy {
    card: &MISTRAL_CARD,
    is: is_mistral,
    evidence: "choices[].logprobs.content[] with token_id",
    read: payload::payload,
    field: "choices[].logprobs.content[].logprob",
};
pub(super) static TOGETHER: Copy = Copy {
    card: &TOGETHER_CARD,
    is: is_together,
    evidence: "choices[].logprobs with token_logprobs and token_ids",
    read: together,
    field: "choices[].logprobs.token_logprobs[]",
};
pub(super) static FIREWORKS: Copy = Copy {
    card: &FIREWORKS_CARD,
    is: is_fireworks,
    evidence: "token_ids beside text_offset, or tokens with text_offset or sampling_logprob",
    read: fireworks,
    field: "choices[].logprobs.content[].logprob or token_logprobs[]",
};

pub(super) struct Copy {
    card: &'static FormatInfo,
    is: fn(Value<'_>) -> bool,
    evidence: &'static str,
    read: Read,
    field: &'static str,
}

static MISTRAL_CARD: FormatInfo = FormatInfo {
    name: "mistral",
    about: "chat completions of Mistral's API",
    tool: "mistralai 3.7",
    files: "JSON Lines, an array or one object",
    recognised_by: "`choices[].logprobs.content[]` with `token_id` and `bytes`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "null",
    traps: "`choices[].prompt_logprobs.content[]` belong to the prompt and are never part of a total",
};

static TOGETHER_CARD: FormatInfo = FormatInfo {
    name: "together",
    about: "chat and text completions of Together's API",
    tool: "together 3.1",
    files: "JSON Lines, an array or one object",
    recognised_by: "`choices[].logprobs` with `token_logprobs` and `token_ids`, also for chat",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "null for the first token of an echoed prompt",
    traps: "ids are floats; lists are keyed by text, so tokens that are not whole characters share a key; the end token is \
            in the arrays but not in the text; an echoed prompt is stored separately under `prompt[]`",
};

static FIREWORKS_CARD: FormatInfo = FormatInfo {
    name: "fireworks",
    about: "chat and text completions of Fireworks' API",
    tool: "fireworks-ai 1.2",
    files: "JSON Lines, an array or one object",
    recognised_by: "tokens with `sampling_logprob` or with `token_id` and `text_offset`; `token_ids` beside `text_offset`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "0.0 for the first token with echo",
    traps: "`sampling_logprob` describes the distribution after top-p and is not read; lists keyed by text are not compared \
            with the tokens, because tokens that are not whole characters share a key",
};

fn logprobs(record: Value<'_>) -> Option<Value<'_>> {
    choices(unwrap(record)).find_map(|choice| choice.get("logprobs").filter(|value| value.kind() == Kind::Object))
}

fn is_mistral(record: Value<'_>) -> bool {
    let response = unwrap(record);
    let token = first_token(response);
    let has_key = |key: &str| token.is_some_and(|token| token.get(key).is_some());
    payload::shape(response) == Some(Shape::Chat)
        && payload::dialect(response) == Dialect::Plain
        && has_key("token_id")
        && has_key("bytes")
        && !["rank", "sampling_logprob", "text_offset"].into_iter().any(has_key)
}

fn is_together(record: Value<'_>) -> bool {
    let Some(logprobs) = logprobs(record) else { return false };
    has(logprobs, "token_logprobs", Kind::Array)
        && has(logprobs, "token_ids", Kind::Array)
        && logprobs.get("text_offset").is_none()
}

fn is_fireworks(record: Value<'_>) -> bool {
    let Some(logprobs) = logprobs(record) else { return false };
    let arrays = has(logprobs, "token_logprobs", Kind::Array)
        && has(logprobs, "token_ids", Kind::Array)
        && has(logprobs, "text_offset", Kind::Array);
    let token = first_token(unwrap(record));
    let has_key = |key: &str| token.is_some_and(|token| token.get(key).is_some());
    arrays || has_key("sampling_logprob") || has_key("text_offset") && has_key("token_id")
}

impl Format for Copy {
    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["choices"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.is), 91, self.evidence)
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records = wrapped::reader(head, config, self.read)?;
        Ok(Box::new(records.mapped(&[("log-probs", self.field)])))
    }
}

fn together(value: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let Some(mut payload) = payload::payload(value)? else { return Ok(None) };
    for step in payload.candidates.iter_mut().flat_map(|candidate| &mut candidate.steps) {
        // The lists have no ids, so a token is found in its list only by its spelling.
        step.token = step.token.filter(|token| !token.is_empty() && !token.decoded().contains('\u{FFFD}'));
    }
    Ok(Some(payload))
}

fn fireworks(value: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let arrays = payload::shape(value) == Some(Shape::Completions);
    let Some(mut payload) = payload::payload(value)? else { return Ok(None) };
    for candidate in payload.candidates.iter_mut().filter(|_| arrays) {
        forget_texts(&mut candidate.alternatives);
        let Some(first) = candidate.steps.first_mut() else { continue };
        // The first token of an echoed prompt has no context. A zero without a list means "no value".
        let zero = first.logprob.value().is_some_and(|value| value.abs() <= 0.0);
        if zero && first.top.is_empty() {
            first.logprob = Logged::Null;
        }
    }
    Ok(Some(payload))
}
