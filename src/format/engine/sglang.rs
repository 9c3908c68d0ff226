//! `SGLang`: responses of its native route (triples of log-prob, id and text) and of its OpenAI-compatible routes.

use crate::config::ColumnSpec;
use crate::config::InputConfig;
use crate::format::engine::payload::{self, Dialect, Payload, drop_complete, payload, unwrap};
use crate::format::engine::wrapped;
use crate::format::field::{self, FieldError, at, field_error, find, integer, text};
use crate::format::json::{Kind, Value};
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::formula::Formula;
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, PickRef, Segment, Step};

/// The client's mean over a choice's tokens.
const MEANS: &str = "normalized_prompt_logprobs";

pub(super) static SGLANG: Sglang = Sglang;

pub(super) struct Sglang;

static INFO: FormatInfo = FormatInfo {
    name: "sglang",
    about: "responses of SGLang's /generate route and of its OpenAI-compatible routes",
    tool: "SGLang 0.5.23",
    files: "JSON Lines, an array or one object",
    recognised_by: "`meta_info` with `output_token_logprobs` or `input_token_logprobs`; `matched_stop` beside \
                    `choices[].logprobs`",
    proven: "`normalized_prompt_logprobs` of `select` and its decision; totals, means and perplexities that a pipeline wrote \
             beside the response",
    unprovable: "the log-probs themselves: logits are not logged; `sequence_score` of a beam depends on a length penalty that \
                 the response does not contain",
    base: "e",
    sentinels: "-3.4028234663852886e+38 for minus infinity; null for the first input token",
    traps: "the value comes first in a triple; the sampled token need not be in its list; values are scaled by the \
            temperature; input ids at the end of the vocabulary are logged as 0; `text_offset` is -1 throughout",
};

fn is_generated(record: Value<'_>) -> bool {
    let list = |key: &str| find(record, &["meta_info", key]).is_some_and(|list| list.kind() == Kind::Array);
    list("output_token_logprobs") || list("input_token_logprobs")
}

fn is_answer(record: Value<'_>) -> bool {
    let answer = unwrap(record);
    is_generated(answer) || (payload::shape(answer).is_some() && payload::dialect(answer) == Dialect::Sglang)
}

impl Format for Sglang {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["meta_info", "matched_stop"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(
            head.share(is_answer),
            92,
            "meta_info with token log-probs, or matched_stop beside choices",
        )
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let reader = wrapped::reader_with(
            head,
            config,
            read,
            vec![ColumnSpec::with_formulas(MEANS, ClaimKind::MeanLogprob, vec![Formula::MEAN])],
        )?;
        Ok(Box::new(reader.mapped(&[
            ("log-probs", "meta_info.output_token_logprobs[][0]"),
            ("prompt", "meta_info.input_token_logprobs[][0]"),
        ])))
    }
}

fn read(answer: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    if !is_generated(answer) {
        return payload(answer);
    }
    let Some(info) = answer.get("meta_info") else { return Ok(None) };
    if let Some(choices) = answer.get("choices").filter(|choices| is_selection(info, *choices)) {
        return selection(answer, info, choices).map(Some);
    }
    let mut candidate = Candidate { at: at(answer), ..Candidate::default() };
    triples(info, "input_token_logprobs", "input_top_logprobs", Segment::Prompt, &mut candidate)?;
    triples(info, "output_token_logprobs", "output_top_logprobs", Segment::Continuation, &mut candidate)?;
    drop_complete(&mut candidate);
    let id = info.get("id").and_then(field::id);
    Ok(Some(Payload { id, candidates: vec![candidate], ..Payload::default() }))
}

fn triples<'t>(
    info: Value<'t>,
    key: &str,
    lists: &str,
    segment: Segment,
    candidate: &mut Candidate<'t>,
) -> Result<(), FieldError> {
    let list = |key: &str| info.get(key).filter(|list| list.kind() == Kind::Array);
    let mut tops = list(lists).into_iter().flat_map(|list| list.elements());
    for entry in list(key).into_iter().flat_map(|list| list.elements()) {
        let mut step = triple(entry, key)?;
        step.segment = segment;
        if segment == Segment::Prompt {
            // Ids beyond the vocabulary, such as those of images, are written as 0.
            step.token_id = step.token_id.filter(|id| *id != 0);
        }
        if let Some(top) = tops.next() {
            step.top = steps::alternatives(top, candidate)?;
        }
        candidate.steps.push(step);
    }
    Ok(())
}

/// `[log-prob, id, text]`.
fn triple<'t>(entry: Value<'t>, what: &str) -> Result<Step<'t>, FieldError> {
    let mut parts = entry.elements();
    let Some(value) = parts.next().filter(|_| entry.kind() == Kind::Array) else {
        return Err(field_error(entry, what, "a triple of log-prob, id and text"));
    };
    let logprob = field::number(value, what, &[])?;
    let token_id = parts.next().and_then(integer);
    Ok(Step { at: at(value), logprob, token_id, token: parts.next().and_then(text), ..Step::default() })
}

/// Whether an answer is the client's selection among choices: lists of triples, one per choice.
fn is_selection(info: Value<'_>, choices: Value<'_>) -> bool {
    let means = info.get("normalized_prompt_logprobs").filter(|means| means.kind() == Kind::Array);
    choices.kind() == Kind::Array && means.is_some_and(|means| means.len() == choices.len())
}

/// The choices that the client scored, each with the mean over its tokens, and the choice that it selected.
fn selection<'t>(answer: Value<'t>, info: Value<'t>, choices: Value<'t>) -> Result<Payload<'t>, FieldError> {
    let list = |key: &str| -> Vec<Value<'t>> {
        let list = info.get(key).filter(|list| list.kind() == Kind::Array);
        list.into_iter().flat_map(|list| list.elements()).collect()
    };
    let (means, inputs) = (list(MEANS), list("input_token_logprobs"));
    let mut payload = Payload::default();
    for (index, choice) in choices.elements().enumerate() {
        let mut candidate =
            Candidate { id: field::id(choice), index: u32::try_from(index).ok(), ..Candidate::default() };
        candidate.at = at(choice);
        for entry in inputs.get(index).into_iter().flat_map(Value::elements) {
            candidate.steps.push(triple(entry, "input_token_logprobs")?);
        }
        // The client drops falsy values: null, and a log-prob of exactly 0.
        let zero = candidate.steps.iter().any(|step| step.logprob.value() == Some(0.0));
        if let Some(mean) = means.get(index).filter(|_| !zero) {
            let value = field::number(*mean, MEANS, &[])?;
            candidate.claims.push(Claim { of: ColumnId(0), value, at: at(*mean) });
        }
        payload.candidates.push(candidate);
    }
    if let Some((decision, name)) = answer.get("decision").and_then(|decision| Some((decision, text(decision)?))) {
        payload.pick = PickRef::Id(name, at(decision));
    }
    Ok(payload)
}
