//! llama.cpp's server: its own route in two shapes, and its OpenAI-compatible routes.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Dialect, Payload, payload, unwrap};
use crate::format::engine::wrapped;
use crate::format::field::{self, FieldError, at, has, text};
use crate::format::json::{Kind, Value};
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::model::{Candidate, Step};

pub(super) static LLAMA_CPP: LlamaCpp = LlamaCpp;

pub(super) struct LlamaCpp;

static INFO: FormatInfo = FormatInfo {
    name: "llama-cpp-server",
    about: "responses of llama.cpp's server: /completion and its OpenAI-compatible routes",
    tool: "llama.cpp b4300 to b10488, and the shape before December 2024",
    files: "JSON Lines, an array or one object",
    recognised_by: "`completion_probabilities[]`, or `tokens_predicted` with `tokens_evaluated`; `choices[].logprobs.content[]` \
                    with `id` and `bytes`, or beside `timings`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e; `prob` (with `post_sampling_probs`, and before December 2024) is a probability",
    sentinels: "-3.4028234663852886e+38 for minus infinity",
    traps: "parts of a character have no entry, so there are fewer entries than `tokens_predicted`; a token that may begin \
            a stop word is empty, and the next entry contains the text of both; a speculative token has exactly 0; the sampled \
            token need not be in its list",
};

fn is_own(record: Value<'_>) -> bool {
    let listed = has(record, "completion_probabilities", Kind::Array);
    let counted = record.get("tokens_predicted").is_some() && record.get("tokens_evaluated").is_some();
    listed || counted
}

fn is_answer(record: Value<'_>) -> bool {
    let answer = unwrap(record);
    is_own(answer) || (payload::shape(answer).is_some() && payload::dialect(answer) == Dialect::LlamaCpp)
}

impl Format for LlamaCpp {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["completion_probabilities", "tokens_predicted", "choices", "output"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(
            head.share(is_answer),
            92,
            "completion_probabilities[], or token ids with bytes beside choices",
        )
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let reader = wrapped::reader(head, config, read)?;
        Ok(Box::new(reader.mapped(&[("log-probs", "completion_probabilities[].logprob")])))
    }
}

fn read(answer: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    if !is_own(answer) {
        return payload(answer);
    }
    let mut candidate = Candidate { at: at(answer), ..Candidate::default() };
    let list = answer.get("completion_probabilities").filter(|list| list.kind() == Kind::Array);
    for entry in list.into_iter().flat_map(|list| list.elements()) {
        let step = if entry.get("probs").is_some() { old(entry)? } else { steps::object(entry, &mut candidate)? };
        candidate.steps.push(step);
    }
    Ok(Some(Payload { candidates: vec![candidate], ..Payload::default() }))
}

/// A token in the shape before December 2024: its text, and the probabilities of the sampler's candidates.
fn old(entry: Value<'_>) -> Result<Step<'_>, FieldError> {
    let token = entry.get("content").and_then(text);
    let mut step = Step { at: at(entry), token, ..Step::default() };
    for listed in entry.get("probs").into_iter().flat_map(|list| list.elements()) {
        let is_own = listed.get("tok_str").and_then(text).zip(token).is_some_and(|(own, token)| own.same(&token));
        if let Some(value) = listed.get("prob").filter(|_| is_own) {
            step.prob = field::number(value, "prob", &[])?;
            step.at = at(value);
            break;
        }
    }
    Ok(step)
}
