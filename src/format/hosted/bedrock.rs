//! AWS Bedrock: responses of imported models with `return_logprobs`.

use crate::config::InputConfig;
use crate::format::engine::payload::Payload;
use crate::format::engine::wrapped;
use crate::format::field::{self, FieldError, at, has};
use crate::format::json::{Kind, Value};
use crate::format::steps::{keep, slice};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::model::{Candidate, Logged, Segment, Step};

pub(super) static BEDROCK: Bedrock = Bedrock;

pub(super) struct Bedrock;

static INFO: FormatInfo = FormatInfo {
    name: "bedrock",
    about: "responses of models imported into AWS Bedrock, with return_logprobs",
    tool: "AWS Bedrock custom model import, September 2025",
    files: "JSON Lines, an array or one object",
    recognised_by: "`generation` beside `logprobs[]` of maps from token id to log-prob",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "null for the first token of the prompt",
    traps: "the first key of a map is the token, whatever the values: the order of the keys counts",
};

/// The response of a record: that of a logged pair, or the record itself.
fn response(record: Value<'_>) -> Value<'_> {
    record.get("response").filter(|inside| inside.get("generation").is_some()).unwrap_or(record)
}

fn is_map(entry: Value<'_>) -> bool {
    let is_id = |key: &[u8]| !key.is_empty() && key.iter().all(u8::is_ascii_digit);
    entry.kind() == Kind::Object
        && entry.members().all(|(key, value)| is_id(key.raw()) && field::printed(value).is_some())
}

fn is_bedrock(record: Value<'_>) -> bool {
    let response = response(record);
    let maps = response.get("logprobs").filter(|list| list.kind() == Kind::Array);
    let maps = maps.is_some_and(|list| !list.is_container_empty() && list.elements().take(4).all(is_map));
    has(response, "generation", Kind::String) && maps
}

impl Format for Bedrock {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(
            head.share(is_bedrock),
            92,
            "generation beside logprobs[] of maps from token id to log-prob",
        )
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records = wrapped::reader(head, config, |record| payload(response(record)))?;
        Ok(Box::new(records.mapped(&[("log-probs", "logprobs[]"), ("prompt log-probs", "prompt_logprobs[]")])))
    }
}

fn payload(value: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let mut candidate = Candidate { at: at(value), ..Candidate::default() };
    for (list, segment) in [("prompt_logprobs", Segment::Prompt), ("logprobs", Segment::Continuation)] {
        let Some(list) = value.get(list).filter(|list| list.kind() == Kind::Array) else { continue };
        for entry in list.elements() {
            let mut step = Step { at: at(entry), logprob: Logged::Null, segment, ..Step::default() };
            let start = candidate.alternatives.len();
            for (place, (key, value)) in entry.members().enumerate() {
                let id = key.raw_str().parse().ok();
                let logprob = field::number(value, "logprobs", &[])?;
                if place == 0 {
                    (step.token_id, step.logprob, step.at) = (id, logprob, at(value));
                }
                keep(&mut candidate, None, id, logprob);
            }
            step.top = slice(&candidate, start);
            candidate.steps.push(step);
        }
    }
    Ok(Some(Payload { candidates: vec![candidate], ..Payload::default() }))
}
