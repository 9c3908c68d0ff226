//! Cohere: chat of API v2 with chunks of tokens, and generate of API v1 with likelihoods.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::payload::Payload;
use crate::format::engine::wrapped;
use crate::format::field::{self, FieldError, at, has, integer, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::formula::Formula;
use crate::model::{ArrayLength, Candidate, Claim, ClaimKind, ColumnId, Item, Logged, Segment, Step};

pub(super) static V2: V2Chat = V2Chat;
pub(super) static V1: V1Generate = V1Generate;

pub(super) struct V2Chat;
pub(super) struct V1Generate;

static V2_CARD: FormatInfo = FormatInfo {
    name: "cohere-chat",
    about: "chat responses of Cohere's API v2",
    tool: "cohere 7.3",
    files: "JSON Lines, an array or one object",
    recognised_by: "`logprobs[]` of chunks with `token_ids` and `logprobs` side by side",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "only the shared ones",
    traps: "a chunk may hold several tokens and has one text for all of them",
};

static V1_CARD: FormatInfo = FormatInfo {
    name: "cohere-generate",
    about: "generations of Cohere's API v1 with return_likelihoods",
    tool: "cohere 5 to 7.3",
    files: "JSON Lines, an array or one object",
    recognised_by: "`generations[]` with `likelihood` and `token_likelihoods`",
    proven: "likelihood as mean of the token likelihoods",
    unprovable: "likelihoods without token_likelihoods",
    base: "e: likelihoods are log-probs; `likelihood` is their mean per token",
    sentinels: "the `likelihood` key is missing if there is none",
    traps: "with return_likelihoods ALL the first token has no value and does not count",
};

/// The response of a record: the response of a logged pair, or the record itself.
fn response<'t>(record: Value<'t>, list: &str) -> Value<'t> {
    record.get("response").filter(|inside| inside.get(list).is_some()).unwrap_or(record)
}

fn is_chunk(chunk: Value<'_>) -> bool {
    has(chunk, "token_ids", Kind::Array) && chunk.get("token").is_none()
}

fn is_chat(record: Value<'_>) -> bool {
    let list = response(record, "logprobs").get("logprobs").filter(|list| list.kind() == Kind::Array);
    list.is_some_and(|list| !list.is_container_empty() && list.elements().take(8).all(is_chunk))
}

impl Format for V2Chat {
    fn info(&self) -> &'static FormatInfo {
        &V2_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["token_ids"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_chat), 92, "logprobs[] of chunks with token_ids and logprobs")
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records = wrapped::reader(head, config, chat)?;
        Ok(Box::new(records.mapped(&[("log-probs", "logprobs[].logprobs[]")])))
    }
}

fn chat(value: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let value = response(value, "logprobs");
    let Some(list) = value.get("logprobs").filter(|list| list.kind() == Kind::Array) else { return Ok(None) };
    let mut candidate = Candidate { at: at(value), ..Candidate::default() };
    for chunk in list.elements() {
        let part = |key: &str| chunk.get(key).filter(|list| list.kind() == Kind::Array);
        let (Some(ids), Some(values)) = (part("token_ids"), part("logprobs")) else { continue };
        let only = chunk.get("text").filter(|_| ids.len() == 1).and_then(text);
        // Checked per chunk: summed over all chunks, opposite mismatches would cancel out.
        if ids.len() != values.len() {
            for (role, list) in [("token_ids", ids), ("logprobs", values)] {
                let len = u32::try_from(list.len()).unwrap_or(u32::MAX);
                candidate.arrays.push(ArrayLength { role, len, at: at(list) });
            }
        }
        let mut ids = ids.elements();
        for value in values.elements() {
            candidate.steps.push(Step {
                token: only,
                token_id: ids.next().and_then(integer),
                logprob: field::number(value, "logprobs", &[])?,
                at: at(value),
                ..Step::default()
            });
        }
    }
    let id = value.get("id").filter(|id| id.kind() == Kind::String).and_then(|id| id.as_str());
    Ok(Some(Payload { id, candidates: vec![candidate], ..Payload::default() }))
}

fn generations(record: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let list = response(record, "generations").get("generations").filter(|list| list.kind() == Kind::Array);
    list.into_iter().flat_map(|list| list.elements())
}

fn is_generate(record: Value<'_>) -> bool {
    generations(record).any(|generation| {
        generation.get("likelihood").is_some() && generation.get("text").is_some()
            || has(generation, "token_likelihoods", Kind::Array)
    })
}

impl Format for V1Generate {
    fn info(&self) -> &'static FormatInfo {
        &V1_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["likelihood", "token_likelihoods"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_generate), 92, "generations[] with likelihood and token_likelihoods")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let columns = vec![ColumnSpec::with_formulas("likelihood", ClaimKind::MeanLogprob, vec![Formula::MEAN])];
        let records = Records::new(framing, columns, (), generate).mapped(&[
            ("claim", "generations[].likelihood"),
            ("log-probs", "generations[].token_likelihoods[].likelihood"),
        ]);
        Ok(Box::new(records))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of a visit")]
fn generate(origin: &JsonOrigin<'_>, _context: &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let mut item = Item { complete: true, at: at(record), ..Item::default() };
    for generation in generations(record) {
        let mut candidate = Candidate { at: at(generation), ..Candidate::default() };
        if let Some(value) = generation.get("likelihood") {
            let logged = field::number(value, "likelihood", &[])?;
            candidate.claims.push(Claim { of: ColumnId(0), value: logged, at: at(value) });
        }
        for entry in generation.get("token_likelihoods").into_iter().flat_map(|list| list.elements()) {
            let value = entry.get("likelihood").filter(|value| value.kind() != Kind::Null);
            candidate.steps.push(Step {
                token: entry.get("token").and_then(text),
                logprob: value.map_or(Ok(Logged::Null), |value| field::number(value, "likelihood", &[]))?,
                segment: if value.is_some() { Segment::Continuation } else { Segment::Prompt },
                at: at(value.unwrap_or(entry)),
                ..Step::default()
            });
        }
        item.candidates.push(candidate);
    }
    item.id = response(record, "generations").get("id").and_then(field::id).unwrap_or_default();
    if !item.candidates.is_empty() {
        out.item(&item, origin);
    }
    Ok(())
}
