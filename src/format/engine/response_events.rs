//! Events of streamed `OpenAI` responses: lines, or the body of server-sent events.
//!
//! The tokens come piece by piece, and the last event repeats all of them as one response. That one is read.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Shape, payload, unwrap};
use crate::format::engine::wrapped;
use crate::format::json::{Kind, Value};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};

pub(super) static RESPONSE_EVENTS: ResponseEvents = ResponseEvents;

pub(super) struct ResponseEvents;

static INFO: FormatInfo = FormatInfo {
    name: "openai-response-events",
    about: "events of streamed responses of the OpenAI Responses API",
    tool: "OpenAI API (openai-python 3.57)",
    files: "JSON Lines of events, or the body of the event stream (`event: …`, `data: {…}`)",
    recognised_by: "`type` that begins with `response.`, and text events with `logprobs`",
    proven: "nothing: a response contains no total",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e",
    sentinels: "-9999.0; `logprobs: []` if not requested",
    traps: "the tokens stand in the deltas, in `response.output_text.done` and in the last event; only the last one is read, so a \
            stream that was cut off has no tokens",
};

/// What the `type` of every event begins with.
const OF_RESPONSE: &str = "response.";

fn is_event(record: Value<'_>) -> bool {
    let of_response =
        record.get("type").and_then(|kind| kind.as_str()).is_some_and(|kind| kind.starts_with(OF_RESPONSE));
    of_response && ["sequence_number", "response", "item_id", "item"].iter().any(|key| record.get(key).is_some())
}

fn has_values(record: Value<'_>) -> bool {
    let is_listed = |list: Value<'_>| list.kind() == Kind::Array && list.elements().next().is_some();
    is_event(record)
        && (record.get("logprobs").is_some_and(is_listed) || payload::shape(unwrap(record)) == Some(Shape::Responses))
}

impl Format for ResponseEvents {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["sequence_number", "response", "item_id"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        if !head.sample().any(has_values) {
            return Confidence::none();
        }
        // More than `openai-responses`, which recognises the last event.
        Confidence::of_share(head.share(is_event), 91, "events: type response.*, with logprobs")
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let read = wrapped::reader(head, config, payload)?;
        Ok(Box::new(read.mapped(&[("log-probs", "response.output[].content[].logprobs[].logprob")])))
    }
}
