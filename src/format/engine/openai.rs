//! `OpenAI` responses (chat, completions, responses) and the lines of a Batch output file. Also covers every server
//! that copies these shapes and adds no fields of its own.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Dialect, Shape, first_token, payload, unwrap};
use crate::format::engine::wrapped;
use crate::format::field::{find, has};
use crate::format::json::{Kind, Value};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};

/// `choices[].logprobs.content[]`.
pub(super) static CHAT: OpenAi = OpenAi {
    card: &CHAT_CARD,
    confidence: 80,
    is: |record| is_plain(record, Shape::Chat),
    evidence: "choices[].logprobs.content[] with token and logprob",
};
/// `choices[].logprobs.token_logprobs[]`.
pub(super) static COMPLETIONS: OpenAi = OpenAi {
    card: &COMPLETIONS_CARD,
    confidence: 80,
    is: |record| is_plain(record, Shape::Completions),
    evidence: "choices[].logprobs with tokens and token_logprobs side by side",
};
/// `output[].content[].logprobs[]`.
pub(super) static RESPONSES: OpenAi = OpenAi {
    card: &RESPONSES_CARD,
    confidence: 90,
    is: |record| is_plain(record, Shape::Responses),
    evidence: "output[].content[] with text and logprobs",
};
/// `custom_id` and `response.body`.
pub(super) static BATCH: OpenAi = OpenAi {
    card: &BATCH_CARD,
    confidence: 92,
    is: is_batch,
    evidence: "custom_id or status_code around response.body",
};

pub(super) struct OpenAi {
    card: &'static FormatInfo,
    confidence: u8,
    is: fn(Value<'_>) -> bool,
    evidence: &'static str,
}

static CHAT_CARD: FormatInfo = FormatInfo {
    name: "openai-chat",
    about: "chat completions of the OpenAI API and of compatible servers",
    tool: "OpenAI API and Azure (openai-python 3.57), TGI's and Ollama's chat routes",
    files: "JSON Lines, an array or one object: the response, or `{\"request\": …, \"response\": …}`",
    recognised_by: "`choices[].logprobs.content[]` with `token` and `logprob`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response (`logprob_sum`, `logprob_mean`, …)",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "-9999.0 for a token outside the top 20; `content: null` if there is nothing to score",
    traps: "a token need not be in its list; tokens of reasoning and tool calls count in `usage` but have no entry; bytes \
            that do not form a character are all shown as U+FFFD; whether a temperature applies is not documented",
};

static COMPLETIONS_CARD: FormatInfo = FormatInfo {
    name: "openai-completions",
    about: "legacy completions of the OpenAI API and of compatible servers",
    tool: "OpenAI API (openai-python 3.57), llama-cpp-python 0.3.36",
    files: "JSON Lines, an array or one object: the response, or `{\"request\": …, \"response\": …}`",
    recognised_by: "`choices[].logprobs` with `tokens` and `token_logprobs`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "null for the first token with echo; -9999.0",
    traps: "with echo the prompt comes first, and `usage.prompt_tokens` tells where it ends; arrays may continue past the end \
            of the text; lists are keyed by text; llama-cpp-python with echo and no begin token pairs each token with the value of \
            the next position, which the record does not reveal",
};

static RESPONSES_CARD: FormatInfo = FormatInfo {
    name: "openai-responses",
    about: "responses of the OpenAI Responses API",
    tool: "OpenAI API (openai-python 3.57)",
    files: "JSON Lines, an array or one object: the response, or `{\"request\": …, \"response\": …}`",
    recognised_by: "`output[].content[]` with `text` and `logprobs`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "-9999.0; `logprobs: []` if not requested",
    traps: "an empty list is not a truncated list",
};

static BATCH_CARD: FormatInfo = FormatInfo {
    name: "openai-batch",
    about: "output lines of the OpenAI Batch API, of vLLM's run-batch and of compatible services",
    tool: "OpenAI API (openai-python 3.57), vLLM run-batch",
    files: "JSON Lines",
    recognised_by: "`custom_id` with `response.body`, or `response.status_code`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "as in the response inside; `response: null` for a request that failed",
    traps: "lines are not in the order of the requests: `custom_id` names the item",
};

fn is_plain(record: Value<'_>, shape: Shape) -> bool {
    let response = unwrap(record);
    if is_batch(record) || payload::shape(response) != Some(shape) || payload::dialect(response) != Dialect::Plain {
        return false;
    }
    shape != Shape::Chat || first_token(response).is_none_or(is_plain_token)
}

/// Whether a token object has `bytes`, or only fields of the API. A server that adds fields and leaves out `bytes` may
/// define its numbers differently.
fn is_plain_token(token: Value<'_>) -> bool {
    let known = |key: &[u8]| matches!(key, b"token" | b"logprob" | b"bytes" | b"top_logprobs");
    token.get("token").is_some() && (token.get("bytes").is_some() || token.members().all(|(key, _)| known(key.raw())))
}

fn is_batch(record: Value<'_>) -> bool {
    let Some(response) = record.get("response") else { return false };
    let body = response.kind() == Kind::Object && response.get("body").is_some();
    let known = find(response, &["body"])
        .is_some_and(|body| payload::shape(body).is_some() || has(body, "error", Kind::Object));
    let status = response.get("status_code").is_some();
    let failed = response.kind() == Kind::Null && record.get("error").is_some();
    match record.get("custom_id") {
        Some(_) => body && (known || status) || failed,
        None => known && status,
    }
}

impl Format for OpenAi {
    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["choices", "output", "response"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.is), self.confidence, self.evidence)
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let read = wrapped::reader(head, config, payload)?;
        let fields = match self.card.name {
            "openai-completions" => "choices[].logprobs.token_logprobs[]",
            "openai-responses" => "output[].content[].logprobs[].logprob",
            _ => "choices[].logprobs.content[].logprob",
        };
        Ok(Box::new(read.mapped(&[("log-probs", fields)])))
    }
}
