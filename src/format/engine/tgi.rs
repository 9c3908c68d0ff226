//! Hugging Face TGI: answers with details.

use crate::config::InputConfig;
use crate::format::engine::payload::{Payload, drop_complete, unwrap};
use crate::format::engine::wrapped;
use crate::format::field::{FieldError, at, find, has};
use crate::format::json::{Kind, Value};
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader};
use crate::model::{Candidate, Claim, Definition, Divisor, Ranking, RowMetric, RowValue, Segment, Slice};
use crate::numeric::Printed;

pub(super) static TGI: Tgi = Tgi;

pub(super) struct Tgi;

static INFO: FormatInfo = FormatInfo {
    name: "tgi",
    about: "responses of Hugging Face TGI's /generate with details",
    tool: "text-generation-inference 2 and 3",
    files: "JSON Lines, an array or one object",
    recognised_by: "`details.tokens[]` with `id`, `text`, `logprob` and `special`",
    proven: "`best_of`: the chosen response has the highest mean log-prob, including the end token; totals, means and perplexities that a \
             pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e",
    sentinels: "null for the first prompt token and for those in the prefix cache",
    traps: "values are taken after temperature, top-k and top-p: many are exactly 0, and a list may hold the whole \
            probability; a list includes all tokens tied with its last; `prefill` is empty unless requested",
};

fn is_details(details: Value<'_>) -> bool {
    let token =
        details.get("tokens").filter(|tokens| tokens.kind() == Kind::Array).map(|tokens| tokens.elements().next());
    let shaped = |token: Value<'_>| ["id", "text", "logprob", "special"].iter().all(|key| token.get(key).is_some());
    token.is_some_and(|first| first.is_none_or(shaped)) && details.get("generated_tokens").is_some()
}

fn is_answer(record: Value<'_>) -> bool {
    unwrap_details(record).is_some()
}

fn unwrap_details(record: Value<'_>) -> Option<Value<'_>> {
    let inside = find(record, &["response", "details"]).or_else(|| record.get("details"));
    inside.filter(|details| details.kind() == Kind::Object && is_details(*details))
}

impl Format for Tgi {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["generated_tokens"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_answer), 92, "details.tokens[] with id, text, logprob and special")
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let reader = wrapped::reader(head, config, read)?;
        Ok(Box::new(
            reader.mapped(&[("log-probs", "details.tokens[].logprob"), ("prompt", "details.prefill[].logprob")]),
        ))
    }
}

fn read(answer: Value<'_>) -> Result<Option<Payload<'_>>, FieldError> {
    let Some(details) = unwrap_details(unwrap(answer)) else { return Ok(None) };
    let mut candidates = vec![sequence(details)?];
    let others = details.get("best_of_sequences").filter(|list| list.kind() == Kind::Array);
    for other in others.into_iter().flat_map(|list| list.elements()) {
        candidates.push(sequence(other)?);
    }
    let mut payload = Payload { candidates, ..Payload::default() };
    if let Some(others) = others.filter(|_| payload.candidates.len() > 1) {
        payload.metrics.push(Claim {
            of: RowMetric {
                name: "best_of".into(),
                custom: false,
                definition: Definition::Winner(Ranking::By(Divisor::Tokens)),
            },
            value: RowValue::Number(Printed::from_f64(0.0)),
            at: at(others),
        });
    }
    Ok(Some(payload))
}

fn sequence(details: Value<'_>) -> Result<Candidate<'_>, FieldError> {
    let mut candidate = Candidate { at: at(details), ..Candidate::default() };
    if has(details, "prefill", Kind::Array)
        && let Some(list) = details.get("prefill")
    {
        steps::objects(list, &mut candidate)?;
        let prompt = candidate.steps.len();
        steps::prompt(&mut candidate, prompt);
    }
    let prompt = candidate.steps.len();
    let Some(tokens) = details.get("tokens").filter(|tokens| tokens.kind() == Kind::Array) else {
        return Ok(candidate);
    };
    steps::objects(tokens, &mut candidate)?;
    let tops = details.get("top_tokens").filter(|list| list.kind() == Kind::Array);
    let tops = tops.into_iter().flat_map(|list| list.elements());
    let mut lists: Vec<Slice> = Vec::new();
    for top in tops {
        lists.push(steps::alternatives(top, &mut candidate)?);
    }
    for (step, top) in candidate.steps.iter_mut().skip(prompt).zip(lists) {
        step.top = top;
    }
    let ended = details.get("finish_reason").is_some_and(|reason| reason.raw() == b"eos_token");
    if let Some(last) = candidate.steps.last_mut().filter(|_| ended) {
        last.segment = Segment::End;
    }
    drop_complete(&mut candidate);
    Ok(candidate)
}
