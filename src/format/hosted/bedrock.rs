//! AWS Bedrock: responses of imported models with `return_logprobs`.

use crate::config::InputConfig;
use crate::format::engine::own_entry::Listed;
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
    traps: "the token is the first key of a map, but maps have no order: it is known by the sizes of the maps, the least likely \
            of one more than the others hold",
};

/// The response of a record: the response of a logged pair, or the record itself.
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

    fn marks(&self) -> &'static [&'static str] {
        &["generation"]
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
    let maps = ["prompt_logprobs", "logprobs"].into_iter().filter_map(|name| value.get(name));
    let maps = maps.filter(|list| list.kind() == Kind::Array).flat_map(|list| list.elements());
    let listed = Listed::of(maps);
    for (list, segment) in [("prompt_logprobs", Segment::Prompt), ("logprobs", Segment::Continuation)] {
        let Some(list) = value.get(list).filter(|list| list.kind() == Kind::Array) else { continue };
        for entry in list.elements() {
            let is_map = entry.kind() == Kind::Object && !entry.is_container_empty();
            let unknown = if is_map { Logged::Missing } else { Logged::Null };
            let mut step = Step { at: at(entry), logprob: unknown, segment, ..Step::default() };
            let start = candidate.alternatives.len();
            if let Some((key, value)) = listed.own(entry) {
                step.token_id = key.raw_str().parse().ok();
                (step.logprob, step.at) = (field::number(value, "logprobs", &[])?, at(value));
            }
            for (key, value) in entry.members() {
                let id = key.raw_str().parse().ok();
                let logprob = field::number(value, "logprobs", &[])?;
                keep(&mut candidate, None, id, logprob);
            }
            step.top = slice(&candidate, start);
            candidate.steps.push(step);
        }
    }
    Ok(Some(Payload { candidates: vec![candidate], ..Payload::default() }))
}
