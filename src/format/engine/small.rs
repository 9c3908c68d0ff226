//! Servers that return a plain list of token objects: Ollama, mlx-lm.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Dialect, Payload, Shape, drop_ambiguous, payload, unwrap};
use crate::format::engine::wrapped::{self, Read};
use crate::format::field::{FieldError, at};
use crate::format::json::{Kind, Value};
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::model::Candidate;

pub(super) static OLLAMA: Small = Small {
    card: &OLLAMA_CARD,
    is: |record| is_ollama(unwrap_ollama(record)),
    evidence: "logprobs[] with token and logprob beside done and created_at",
    read: ollama,
    field: "logprobs[].logprob",
};
pub(super) static MLX_LM: Small = Small {
    card: &MLX_CARD,
    is: |record| {
        let answer = unwrap(record);
        payload::shape(answer) == Some(Shape::Chat) && payload::dialect(answer) == Dialect::MlxLm
    },
    evidence: "choices[].logprobs.content[] with id and logprob, without bytes",
    read: payload,
    field: "choices[].logprobs.content[].logprob",
};

pub(super) struct Small {
    card: &'static FormatInfo,
    is: fn(Value<'_>) -> bool,
    evidence: &'static str,
    read: Read,
    field: &'static str,
}

static OLLAMA_CARD: FormatInfo = FormatInfo {
    name: "ollama",
    about: "responses of Ollama's /api/generate and /api/chat",
    tool: "Ollama 0.12.11 and later",
    files: "JSON Lines (including the lines of a stream, each with its own tokens), an array or one object",
    recognised_by: "`logprobs[]` with `token` and `logprob` beside `done`, `created_at`, `eval_count`, `response` or `message`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "-3.4028234663852886e+38 for minus infinity; no field if there is no value",
    traps: "tokens of the thinking part are in the list but not in the text; bytes are those of the text, so parts of characters \
            are lost; the sampled token need not be in its list",
};

static MLX_CARD: FormatInfo = FormatInfo {
    name: "mlx-lm",
    about: "responses of mlx-lm's server",
    tool: "mlx-lm 0.32.2",
    files: "JSON Lines, an array or one object",
    recognised_by: "`choices[].logprobs.content[]` with `id` and `logprob`, without `bytes`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; with `top_logprobs` the sampled token's value is not in the \
                 response at all",
    base: "e",
    sentinels: "an empty object if there is no value",
    traps: "with `top_logprobs` the entry repeats the first element of an unsorted list, not the sampled token, so such values \
            are not summed; tokens are vocabulary pieces",
};

impl Format for Small {
    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["choices", "done", "created_at", "eval_count", "response", "message"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.is), 91, self.evidence)
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let reader = wrapped::reader(head, config, self.read)?;
        Ok(Box::new(reader.mapped(&[("log-probs", self.field)])))
    }
}

fn unwrap_ollama(record: Value<'_>) -> Value<'_> {
    record.get("response").filter(|answer| is_ollama(*answer)).unwrap_or(record)
}

fn is_ollama(answer: Value<'_>) -> bool {
    let list = answer.get("logprobs").filter(|list| list.kind() == Kind::Array);
    let first = list.and_then(|list| list.elements().next());
    let token = first.is_some_and(|token| token.get("token").is_some() && token.get("logprob").is_some());
    let signs = ["done", "created_at", "eval_count", "response", "message"];
    token && signs.iter().filter(|key| answer.get(key).is_some()).count() >= 2
}

fn ollama(record: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let answer = unwrap_ollama(record);
    let Some(list) = answer.get("logprobs").filter(|list| list.kind() == Kind::Array) else { return Ok(None) };
    let mut candidate = Candidate { at: at(answer), ..Candidate::default() };
    steps::objects(list, &mut candidate)?;
    drop_ambiguous(&mut candidate.steps);
    Ok(Some(Payload { candidates: vec![candidate], ..Payload::default() }))
}
