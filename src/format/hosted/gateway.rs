//! Gateways and tracers that store a model's response as an object or as a JSON string: `LiteLLM`, Langfuse,
//! `OpenTelemetry` (`OpenInference`), `MLflow`.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::payload::{self, choices};
use crate::format::engine::wrapped::column;
use crate::format::field::{self, FieldError, at, find, has};
use crate::format::hosted::nested::{self, Lift};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Candidate, CandidateClaim, Claim, ClaimKind, ColumnId, Item, Origin};

pub(super) static LITELLM: Gateway = Gateway {
    card: &LITELLM_CARD,
    is: is_litellm,
    marks: &[],
    evidence: "a response beside call_type, or choices[].message.logprobs as one number",
    answers: |record, found| {
        let id = id(record, &["id"]);
        let value = ["response", "response_obj"].iter().find_map(|key| record.get(key)).unwrap_or(record);
        found.push(Answer { value, id, claims: Some(record) });
    },
    field: "response.choices[].logprobs",
};
pub(super) static LANGFUSE: Gateway = Gateway {
    card: &LANGFUSE_CARD,
    is: is_langfuse,
    marks: &["traceId"],
    evidence: "observations with traceId, type and output",
    answers: |record, found| {
        if let Some(value) = record.get("output") {
            found.push(Answer { value, id: id(record, &["id"]), claims: record.get("metadata") });
        }
    },
    field: "output.choices[].logprobs",
};
pub(super) static OTEL: Gateway = Gateway {
    card: &OTEL_CARD,
    is: is_otel,
    marks: &["resourceSpans", "trace_id", "span_id"],
    evidence: "spans with attributes and trace ids",
    answers: otel,
    field: "attributes[\"output.value\"].choices[].logprobs",
};
pub(super) static MLFLOW: Gateway = Gateway {
    card: &MLFLOW_CARD,
    is: is_mlflow,
    marks: &["spans"],
    evidence: "data.spans[] beside info",
    answers: |record, found| {
        for span in find(record, &["data", "spans"]).into_iter().flat_map(|spans| spans.elements()) {
            if let Some(value) = find(span, &["attributes", "mlflow.spanOutputs"]) {
                found.push(Answer { value, id: id(span, &["span_id"]), claims: None });
            }
        }
    },
    field: "data.spans[].attributes[\"mlflow.spanOutputs\"].choices[].logprobs",
};

/// A place in a record that may hold a model's response.
struct Answer<'t> {
    /// The response, or a string that contains it.
    value: Value<'t>,
    /// The item's id.
    id: Option<Cow<'t, str>>,
    /// An object with numbers that a pipeline may have added about the response.
    claims: Option<Value<'t>>,
}

pub(super) struct Gateway {
    card: &'static FormatInfo,
    is: fn(Value<'_>) -> bool,
    /// See [`Format::marks`].
    marks: &'static [&'static str],
    evidence: &'static str,
    answers: for<'t> fn(Value<'t>, &mut Vec<Answer<'t>>),
    field: &'static str,
}

static LITELLM_CARD: FormatInfo = FormatInfo {
    name: "litellm",
    about: "logged calls of LiteLLM: standard logging payloads and spend logs",
    tool: "litellm 1.109 and 1.110",
    files: "JSON Lines, an array or one object",
    recognised_by: "two of `call_type`, `response_cost`, `custom_llm_provider` and similar fields beside `response`, or `choices[].message.logprobs` as one number",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the single number of the TGI route: a sum without its tokens",
    base: "e",
    sentinels: "as in the response inside",
    traps: "`response` may be a JSON string; bare `ModelResponse` objects are openai-chat; old versions made up TGI's \
            alternatives",
};

static LANGFUSE_CARD: FormatInfo = FormatInfo {
    name: "langfuse",
    about: "exported observations of Langfuse",
    tool: "Langfuse 3 to 5",
    files: "JSON Lines, an array or one object",
    recognised_by: "`traceId`, `type` and `startTime` beside `output`",
    proven: "totals, means and perplexities in `metadata` against the response in `output`",
    unprovable: "observations whose output is only a text or a message",
    base: "e",
    sentinels: "as in the response inside",
    traps: "`output` and `metadata` may be JSON strings; spans and events are not responses; the export may contain other kinds of scores",
};

static OTEL_CARD: FormatInfo = FormatInfo {
    name: "otel",
    about: "spans of OpenTelemetry with OpenInference attributes, also as Phoenix exports them",
    tool: "opentelemetry-sdk 1.3x, OTLP JSON, OpenInference",
    files: "JSON Lines or an array: spans, or export requests (`resourceSpans`)",
    recognised_by: "`resourceSpans`, or `attributes` with `context.trace_id`",
    proven: "nothing on its own: spans contain no totals",
    unprovable: "the log-probs themselves; GenAI attributes have none",
    base: "e",
    sentinels: "as in the response inside",
    traps: "the response is a JSON string in `output.value`, truncated if attribute lengths are limited",
};

static MLFLOW_CARD: FormatInfo = FormatInfo {
    name: "mlflow-traces",
    about: "traces of MLflow",
    tool: "MLflow 3",
    files: "JSON Lines, an array or one object",
    recognised_by: "`info` beside `data.spans[]`",
    proven: "nothing on its own: traces contain no totals",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e",
    sentinels: "as in the response inside",
    traps: "attributes are JSON strings; the preview in `info` is truncated and not read",
};

fn id<'t>(value: Value<'t>, path: &[&str]) -> Option<Cow<'t, str>> {
    find(value, path).and_then(field::id)
}

/// The sum of the log-probs that the TGI route writes to a message.
fn message_sum(choice: Value<'_>) -> Option<Value<'_>> {
    let message = choice.get("message")?;
    ["logprobs", "_logprob"].iter().find_map(|key| message.get(key)).filter(|sum| sum.kind() == Kind::Number)
}

fn is_litellm(record: Value<'_>) -> bool {
    let signs = ["call_type", "startTime", "custom_llm_provider", "api_base", "litellm_call_id", "response_cost"];
    let logged = ["response", "response_obj"].iter().any(|key| record.get(key).is_some())
        && signs.iter().filter(|key| record.get(key).is_some()).count() >= 2;
    logged || choices(record).any(|choice| message_sum(choice).is_some())
}

fn is_langfuse(record: Value<'_>) -> bool {
    has(record, "traceId", Kind::String)
        && has(record, "type", Kind::String)
        && record.get("startTime").is_some()
        && ["input", "output", "metadata"].iter().any(|key| record.get(key).is_some())
        || has(record, "traceId", Kind::String)
            && has(record, "type", Kind::String)
            && record.get("input").is_some()
            && record.get("output").is_some()
}

fn is_otel(record: Value<'_>) -> bool {
    let export = record.get("resourceSpans").is_some_and(|spans| spans.kind() == Kind::Array);
    let span = has(record, "attributes", Kind::Object)
        && ["trace_id", "span_id"].iter().any(|key| find(record, &["context", key]).is_some());
    export || span
}

fn is_mlflow(record: Value<'_>) -> bool {
    let spans = find(record, &["data", "spans"]).is_some_and(|spans| spans.kind() == Kind::Array);
    spans && has(record, "info", Kind::Object)
}

/// Spans in a list of export requests, or the span itself.
fn otel<'t>(record: Value<'t>, found: &mut Vec<Answer<'t>>) {
    if let Some(resources) = record.get("resourceSpans") {
        let list = |value: Value<'t>, key: &str| value.get(key).into_iter().flat_map(|list| list.elements());
        let scopes = resources.elements().flat_map(|resource| list(resource, "scopeSpans"));
        for span in scopes.flat_map(|scope| list(scope, "spans")) {
            let attributes = list(span, "attributes");
            let output = attributes
                .filter(|attribute| attribute.get("key").is_some_and(|key| key.raw() == b"output.value"))
                .find_map(|attribute| find(attribute, &["value", "stringValue"]));
            if let Some(value) = output {
                found.push(Answer { value, id: id(span, &["spanId"]), claims: None });
            }
        }
    } else if let Some(value) = find(record, &["attributes", "output.value"]) {
        found.push(Answer { value, id: id(record, &["context", "span_id"]), claims: None });
    } else if let Some(value) = find(record, &["attributes", "output", "value"]) {
        found.push(Answer { value, id: id(record, &["context", "span_id"]), claims: None });
    }
}

/// Context of a reader.
struct AnswerColumns {
    answers: for<'t> fn(Value<'t>, &mut Vec<Answer<'t>>),
    /// Names of numbers beside a response, with their columns. The first column is for the sum in a message.
    claims: Vec<String>,
}

impl Format for Gateway {
    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        self.marks
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.is), 93, self.evidence)
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let mut columns = vec![ColumnSpec::of_kind("message.logprobs", ClaimKind::Score)];
        let mut claims = Vec::new();
        for record in head.records() {
            let mut found = Vec::new();
            (self.answers)(record, &mut found);
            let places = found.iter().filter_map(|answer| answer.claims);
            for (key, _) in places.flat_map(|place| place.members()) {
                let name = key.as_str();
                if claims.iter().any(|known| *known == name) {
                    continue;
                }
                if let Some(spec) = column(&name, config) {
                    columns.push(spec);
                    claims.push(name.into_owned());
                }
            }
        }
        let mapping: Vec<(&'static str, &str)> = std::iter::once(("log-probs", self.field))
            .chain(claims.iter().map(|name| ("claim", name.as_str())))
            .collect();
        let context = AnswerColumns { answers: self.answers, claims: claims.clone() };
        Ok(Box::new(Records::new(framing, columns, context, visit).mapped(&mapping)))
    }
}

fn visit(origin: &JsonOrigin<'_>, context: &AnswerColumns, out: &mut dyn Sink) -> Result<(), FieldError> {
    let mut answers = Vec::new();
    (context.answers)(origin.root, &mut answers);
    for answer in answers {
        let claims = claims(&answer, context)?;
        let read =
            nested::look(origin, answer.value, |inner, lift, value| emit(value, &answer, &claims, lift, inner, out));
        if let Some(Err(field_error)) = read {
            let start = if answer.value.kind() == Kind::String { answer.value.start() } else { field_error.start };
            return Err(FieldError { start, reason: field_error.reason });
        }
    }
    Ok(())
}

/// The numbers beside a response.
fn claims(answer: &Answer<'_>, context: &AnswerColumns) -> Result<Vec<CandidateClaim>, FieldError> {
    let mut found = Vec::new();
    for (name, column) in context.claims.iter().zip(1..) {
        if let Some(value) = answer.claims.and_then(|place| place.get(name)) {
            let logged = field::number(value, name, &[])?;
            found.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
        }
    }
    Ok(found)
}

fn emit(
    value: Value<'_>,
    answer: &Answer<'_>,
    claims: &[CandidateClaim],
    lift: &Lift,
    origin: &dyn Origin,
    out: &mut dyn Sink,
) -> Result<(), FieldError> {
    let Some(mut payload) = payload::payload(payload::unwrap(value))? else {
        return sums(value, answer, lift, origin, out);
    };
    if payload.candidates.iter().all(|candidate| candidate.steps.is_empty()) {
        return sums(value, answer, lift, origin, out);
    }
    lift.candidates(&mut payload.candidates);
    if let [only] = payload.candidates.as_mut_slice() {
        only.claims.extend_from_slice(claims);
    }
    let id = answer.id.clone().or(payload.id).unwrap_or_default();
    let item = Item { id, candidates: payload.candidates, complete: true, at: lift.at(at(value)), ..Item::default() };
    out.item(&item, origin);
    Ok(())
}

/// Sums in messages whose tokens are not logged.
fn sums(
    value: Value<'_>,
    answer: &Answer<'_>,
    lift: &Lift,
    origin: &dyn Origin,
    out: &mut dyn Sink,
) -> Result<(), FieldError> {
    let mut item = Item { complete: true, at: lift.at(at(value)), ..Item::default() };
    for sum in choices(payload::unwrap(value)).filter_map(message_sum) {
        let mut candidate = Candidate { at: at(sum), ..Candidate::default() };
        let logged = field::number(sum, "message.logprobs", &[])?;
        candidate.claims.push(Claim { of: ColumnId(0), value: logged, at: at(sum) });
        item.candidates.push(candidate);
    }
    lift.candidates(&mut item.candidates);
    if !item.candidates.is_empty() {
        item.id = answer.id.clone().unwrap_or_default();
        out.item(&item, origin);
    }
    Ok(())
}
