//! vLLM: responses of its server, responses of its token-in-token-out route, and dumps of its library's results.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::engine::own_entry::Listed;
use crate::format::engine::payload::{
    self, Dialect, Payload, Shape, chosen, drop_complete, first_token, payload, prompt, unwrap,
};
use crate::format::engine::wrapped::{self, emit, request_id};
use crate::format::field::{self, FieldError, at, count, flag, has, integer, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::steps;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::Formula;
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Logged, Segment, Slice, Step, Steps};

/// The server's chat and completions routes.
pub(super) static SERVER: Served =
    Served { card: &SERVER_CARD, is: is_served, evidence: "fields of vLLM beside choices[].logprobs" };
/// The server's token-in-token-out route.
pub(super) static GENERATE: Served = Served {
    card: &GENERATE_CARD,
    is: is_generated,
    evidence: "choices[].logprobs.content[] with token_id, logprob and rank, without texts",
};
/// Results of the library.
pub(super) static OFFLINE: Offline = Offline;

static SERVER_CARD: FormatInfo = FormatInfo {
    name: "vllm-server",
    about: "chat completions and completions of vLLM's server",
    tool: "vLLM 0.21 to 0.32",
    files: "JSON Lines, an array or one object: the response, or `{\"request\": …, \"response\": …}`",
    recognised_by: "`choices[].logprobs` beside `stop_reason`, `token_ids`, `prompt_logprobs`, `prompt_token_ids` or tokens \
                    `token_id:N`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e; with `--logprobs-mode raw_logits` or `processed_logits` the fields hold logits, which is an error",
    sentinels: "-9999.0 for minus infinity and for a step without a value; null for the first prompt token",
    traps: "the first entry of a list is the sampled token, so lists are not sorted; after top-k a list may hold the whole \
            probability; lists of completions are keyed by text, so two tokens with the same text become one entry; `text_offset` \
            starts at 0 without echo",
};

static GENERATE_CARD: FormatInfo = FormatInfo {
    name: "vllm-generate",
    about: "responses of vLLM's token-in-token-out route",
    tool: "vLLM 0.32",
    files: "JSON Lines, an array or one object",
    recognised_by: "`choices[].logprobs.content[]` with `token_id`, `logprob` and `rank`, without `token`",
    proven: "totals, means and perplexities that a pipeline wrote beside the response",
    unprovable: "the log-probs themselves: logits are not logged; a response contains no total",
    base: "e; logits with the logits modes",
    sentinels: "-9999.0, also for NaN",
    traps: "no texts: tokens are identified by id only",
};

static OFFLINE_CARD: FormatInfo = FormatInfo {
    name: "vllm-offline",
    about: "dumps of RequestOutput and of beam search results from vLLM's library",
    tool: "vLLM 0.21 to 0.32",
    files: "JSON Lines, an array or one object",
    recognised_by: "`outputs[]` with `token_ids` and `cumulative_logprob`, log-probs as maps from id to `logprob`, `rank` and \
                    `decoded_token`, or as flat arrays; `sequences[]` with `tokens` and `cum_logprob`",
    proven: "`cumulative_logprob` and `cum_logprob`: Σ ln p of the sampled tokens, including the end token",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e; logits with the logits modes",
    sentinels: "null for the first prompt token; bare `-Infinity` and NaN",
    traps: "the first key of a map is the step's own token, the rest follow by rank; flat arrays contain the sampled token twice \
            if it is among the top ones; parts of a stream contain the total so far; the total never includes the prompt; with `logprobs: null` there is nothing to check the total against",
};

pub(super) struct Served {
    card: &'static FormatInfo,
    is: fn(Value<'_>) -> bool,
    evidence: &'static str,
}

fn is_bare(record: Value<'_>) -> bool {
    // Lines written by run-batch are Batch lines.
    record.get("custom_id").is_none()
        && record.get("response").is_none_or(|response| response.get("status_code").is_none())
}

fn has_texts(response: Value<'_>) -> bool {
    first_token(response).is_none_or(|token| token.get("token").is_some())
}

fn is_served(record: Value<'_>) -> bool {
    let response = unwrap(record);
    let known = matches!(payload::shape(response), Some(Shape::Chat | Shape::Completions));
    is_bare(record) && known && has_texts(response) && payload::dialect(response) == Dialect::Vllm
}

fn is_generated(record: Value<'_>) -> bool {
    let response = unwrap(record);
    let token = first_token(response);
    let bare = token.is_some_and(|token| {
        token.get("token_id").is_some() && token.get("rank").is_some() && token.get("token").is_none()
    });
    is_bare(record) && bare && payload::shape(response) == Some(Shape::Chat)
}

impl Format for Served {
    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["choices"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.is), 92, self.evidence)
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let reader = wrapped::reader(head, config, payload)?;
        Ok(Box::new(reader.mapped(&[("log-probs", "choices[].logprobs"), ("prompt", "prompt_logprobs")])))
    }
}

pub(super) struct Offline;

/// The results of a record: `outputs` of a request, `sequences` of a beam search.
fn results(record: Value<'_>) -> Option<(Value<'_>, bool)> {
    let outputs = record.get("outputs").map(|list| (list, false));
    outputs.or_else(|| Some((record.get("sequences")?, true))).filter(|(list, _)| list.kind() == Kind::Array)
}

fn is_offline(record: Value<'_>) -> bool {
    let Some((list, beams)) = results(record) else { return false };
    let mut results = list.elements().filter(|result| result.kind() == Kind::Object);
    let Some(first) = results.next() else { return false };
    if beams {
        return has(first, "tokens", Kind::Array) && first.get("cum_logprob").is_some();
    }
    if !has(first, "token_ids", Kind::Array) || first.get("cumulative_logprob").is_none() {
        return false;
    }
    match first.get("logprobs").filter(|logprobs| logprobs.kind() != Kind::Null) {
        Some(logprobs) if logprobs.kind() == Kind::Array => {
            let entry = logprobs.elements().next().and_then(|map| map.members().next());
            entry.is_none_or(|(_, value)| value.get("decoded_token").is_some())
        }
        Some(logprobs) => is_flat(logprobs),
        None => record.get("prompt_logprobs").is_some(),
    }
}

fn is_flat(logprobs: Value<'_>) -> bool {
    ["start_indices", "end_indices", "token_ids", "logprobs"].iter().all(|key| has(logprobs, key, Kind::Array))
}

impl Format for Offline {
    fn info(&self) -> &'static FormatInfo {
        &OFFLINE_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["cum_logprob", "cumulative_logprob"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_offline), 92, "results with token ids, a total, and log-probs by id")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let column = |name| ColumnSpec::with_formulas(name, ClaimKind::Score, vec![Formula::SUM]);
        // Parts of a stream carry the running total besides their own tokens.
        let partial = head.records().any(|record| record.get("finished").and_then(flag) == Some(false));
        let reader = Records::new(
            framing,
            vec![column("cumulative_logprob"), column("cum_logprob")],
            RecordShape { partial },
            visit,
        );
        Ok(Box::new(reader.mapped(&[
            ("log-probs", "outputs[].logprobs[]"),
            ("claim", "outputs[].cumulative_logprob"),
            ("prompt", "prompt_logprobs"),
        ])))
    }
}

/// Shape that the first records show for all records.
struct RecordShape {
    /// Whether records are parts of a stream.
    partial: bool,
}

fn visit(origin: &JsonOrigin<'_>, context: &RecordShape, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let Some((list, beams)) = results(record) else { return Ok(()) };
    let mut candidates = Vec::new();
    for result in list.elements().filter(|result| result.kind() == Kind::Object) {
        candidates.push(if beams { beam(result)? } else { sampled(result)? });
    }
    if let (Some(list), Some(first)) = (record.get("prompt_logprobs"), candidates.first_mut()) {
        if is_flat(list) {
            let mut steps = flat(list, first)?;
            for step in &mut steps {
                step.segment = Segment::Prompt;
            }
            let rest = std::mem::replace(&mut first.steps, steps);
            first.steps.append(rest);
        } else {
            prompt(list, first)?;
        }
    }
    for candidate in &mut candidates {
        drop_complete(candidate);
        if context.partial {
            candidate.claims.clear();
            // The text of a part may be the text of all parts so far.
            candidate.continuation = None;
        }
    }
    let id = request_id(record, candidates.len());
    emit(record, Payload { id, candidates, ..Payload::default() }, origin, out);
    Ok(())
}

fn sampled(result: Value<'_>) -> Result<Candidate<'_>, FieldError> {
    let mut candidate =
        Candidate { index: result.get("index").and_then(count), at: at(result), ..Candidate::default() };
    let ids: Vec<Option<i64>> =
        result.get("token_ids").into_iter().flat_map(|ids| ids.elements()).map(integer).collect();
    match result.get("logprobs") {
        Some(list) if list.kind() == Kind::Array => {
            let listed = Listed::of(list.elements());
            for (at, entry) in list.elements().enumerate() {
                let step = by_id(entry, ids.get(at).copied().flatten(), listed, &mut candidate)?;
                candidate.steps.push(step);
            }
        }
        Some(arrays) if is_flat(arrays) => candidate.steps = flat(arrays, &mut candidate)?,
        _ => {}
    }
    candidate.continuation = result.get("text").and_then(text);
    // If the end token stopped the generation, the stop reason is logged as null.
    let by_end = result.get("finish_reason").is_some_and(|reason| reason.raw() == b"stop")
        && result.get("stop_reason").is_some_and(|reason| reason.kind() == Kind::Null);
    if let Some(last) = candidate.steps.last_mut().filter(|_| by_end) {
        last.segment = Segment::End;
    }
    claim(result, "cumulative_logprob", 0, &mut candidate)?;
    Ok(candidate)
}

/// One sequence of a beam search. The maps cover its last tokens.
fn beam(result: Value<'_>) -> Result<Candidate<'_>, FieldError> {
    let mut candidate = Candidate { at: at(result), ..Candidate::default() };
    let ids: Vec<Option<i64>> = result.get("tokens").into_iter().flat_map(|ids| ids.elements()).map(integer).collect();
    let maps = result.get("logprobs").filter(|list| list.kind() == Kind::Array);
    let prompt = ids.len().saturating_sub(maps.map_or(0, |maps| maps.len()));
    let listed = Listed::of(maps.into_iter().flat_map(|maps| maps.elements()));
    for (entry, id) in maps.into_iter().flat_map(|maps| maps.elements()).zip(ids.iter().skip(prompt)) {
        let step = by_id(entry, *id, listed, &mut candidate)?;
        candidate.steps.push(step);
    }
    claim(result, "cum_logprob", 1, &mut candidate)?;
    Ok(candidate)
}

fn claim<'t>(result: Value<'t>, name: &str, column: u16, candidate: &mut Candidate<'t>) -> Result<(), FieldError> {
    if let Some(value) = result.get(name).filter(|value| value.kind() != Kind::Null) {
        let logged = field::number(value, name, &[])?;
        candidate.claims.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
    }
    Ok(())
}

/// The step of a token in a map from id to value. If the id is not logged, the map itself may identify the entry.
pub(super) fn by_id<'t>(
    entry: Value<'t>,
    id: Option<i64>,
    listed: Listed,
    candidate: &mut Candidate<'t>,
) -> Result<Step<'t>, FieldError> {
    let Some(id) = id else { return chosen(entry, listed.own(entry), candidate) };
    let is_map = entry.kind() == Kind::Object;
    let own = is_map.then(|| entry.members().find(|(key, _)| key.raw_str().parse() == Ok(id))).flatten();
    let mut step = chosen(entry, own, candidate)?;
    if own.is_none() {
        step.logprob = Logged::Null;
    }
    step.token_id = Some(id);
    Ok(step)
}

/// Steps from flat arrays: the slice of each position starts with the position's own token.
fn flat<'t>(arrays: Value<'t>, candidate: &mut Candidate<'t>) -> Result<Steps<'t>, FieldError> {
    let list = |key: &str| -> Vec<Value<'t>> { arrays.get(key).into_iter().flat_map(|list| list.elements()).collect() };
    let (starts, ends) = (list("start_indices"), list("end_indices"));
    let (ids, values, texts) = (list("token_ids"), list("logprobs"), list("decoded_tokens"));
    let mut found = Steps::default();
    // Each entry belongs to one position. Overlapping ranges could yield more steps than there are entries.
    let mut used = 0;
    for (start, end) in starts.iter().zip(&ends) {
        let index = |value: &Value<'_>| count(*value).and_then(|count| usize::try_from(count).ok());
        let (Some(first), Some(end)) = (index(start), index(end)) else {
            return Err(field::field_error(*start, "start_indices", "an index"));
        };
        if first < end && first < used {
            return Err(field::field_error(
                *start,
                "start_indices",
                "an index behind the entries of the position before",
            ));
        }
        used = used.max(end);
        let token = |at: usize| texts.get(at).copied().and_then(text);
        let Some(value) = values.get(first).filter(|_| first < end) else {
            found.push(Step { at: at(*start), logprob: Logged::Null, ..Step::default() });
            continue;
        };
        let mut step = Step { at: at(*value), token: token(first), ..Step::default() };
        step.token_id = ids.get(first).copied().and_then(integer);
        step.logprob = field::number(*value, "logprobs", &[])?;
        let begin = candidate.alternatives.len();
        for entry in first + 1..end.min(values.len()) {
            if let Some(value) = values.get(entry) {
                let logged = field::number(*value, "logprobs", &[])?;
                steps::keep(candidate, token(entry), ids.get(entry).copied().and_then(integer), logged);
            }
        }
        step.top = if candidate.alternatives.len() > begin { steps::slice(candidate, begin) } else { Slice::default() };
        found.push(step);
    }
    Ok(found)
}
