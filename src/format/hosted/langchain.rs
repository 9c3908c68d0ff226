//! `LangChain`: serialised messages and results.

use crate::config::InputConfig;
use crate::format::engine::payload::{self, Payload};
use crate::format::engine::wrapped;
use crate::format::field::{self, FieldError, find, has};
use crate::format::json::{Kind, Value};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};

pub(super) static LANGCHAIN: LangChain = LangChain;

pub(super) struct LangChain;

static INFO: FormatInfo = FormatInfo {
    name: "langchain",
    about: "serialised messages and results of LangChain",
    tool: "langchain-core 0.3 to 1.8",
    files: "JSON Lines, an array or one object",
    recognised_by: "`response_metadata.logprobs` (also under `data` or `kwargs`), or `generations[][].generation_info.logprobs`",
    proven: "totals, means and perplexities that a pipeline wrote beside the message",
    unprovable: "the log-probs themselves: logits are not logged; a message contains no total",
    base: "e",
    sentinels: "as in the original response",
    traps: "one shape per serialiser: model_dump, messages_to_dict, load.dumps; completions have parallel arrays",
};

/// The message of a record: bare, or wrapped by one of the serialisers.
fn message(record: Value<'_>) -> Option<Value<'_>> {
    let inside = ["data", "kwargs"].iter().filter_map(|key| record.get(key));
    std::iter::once(record).chain(inside).find(|message| has(*message, "response_metadata", Kind::Object))
}

fn generations(record: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let outer = record.get("generations").filter(|list| list.kind() == Kind::Array);
    let inner = outer.into_iter().flat_map(|list| list.elements()).filter(|list| list.kind() == Kind::Array);
    inner.flat_map(|list| list.elements())
}

/// The object with the log-probs of a generation: its own metadata, or that of its message.
fn scored(generation: Value<'_>) -> Option<Value<'_>> {
    let information = generation.get("generation_info").filter(|place| place.get("logprobs").is_some());
    information.or_else(|| find(message(generation.get("message")?)?, &["response_metadata"]))
}

fn is_langchain(record: Value<'_>) -> bool {
    let metadata = message(record).and_then(|message| message.get("response_metadata"));
    metadata.is_some_and(|metadata| metadata.get("logprobs").is_some())
        || generations(record).any(|generation| has(generation, "generation_info", Kind::Object))
}

impl Format for LangChain {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["response_metadata", "generation_info"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_langchain), 92, "response_metadata.logprobs or generation_info.logprobs")
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records = wrapped::reader(head, config, read)?;
        Ok(Box::new(records.mapped(&[("log-probs", "response_metadata.logprobs or generation_info.logprobs")])))
    }
}

fn read(record: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let mut payload = Payload::default();
    if let Some(message) = message(record) {
        if let Some(metadata) = message.get("response_metadata") {
            payload.candidates.extend(payload::choice(metadata)?);
        }
        payload.id = message.get("id").and_then(field::id);
    }
    for place in generations(record).filter_map(scored) {
        payload.candidates.extend(payload::choice(place)?);
    }
    Ok((!payload.candidates.is_empty()).then_some(payload))
}
