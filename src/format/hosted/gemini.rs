//! Gemini: responses of the Developer API and of Vertex AI, as REST JSON or SDK dumps, and lines of Vertex batches.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, count, find, has, integer, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::steps::{keep, slice};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::formula::Formula;
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Item, Logged, Slice, Step};
use crate::numeric::Printed;

pub(super) static GEMINI: Gemini = Gemini;

pub(super) struct Gemini;

static INFO: FormatInfo = FormatInfo {
    name: "gemini",
    about: "responses of Gemini and Vertex AI, and Vertex batch predictions",
    tool: "google-genai 3.4 to 3.6, REST v1 and v1beta",
    files: "JSON Lines, an array or one object; the body of an event stream (`data: {…}`)",
    recognised_by: "`candidates[]` with `logprobsResult` or `avgLogprobs` (snake_case in SDK dumps)",
    proven: "avgLogprobs as mean and logProbabilitySum as sum of the chosen candidates",
    unprovable: "averages without logprobsResult; averages of responses with thoughts, whose tokens \
                 are not listed; averages in the chunks of a stream",
    base: "e",
    sentinels: "none; a missing logProbability is 0.0, because protocol buffers omit zeros",
    traps: "the chosen token need not be among the top candidates; Vertex AI has no logProbabilitySum; a failed batch line \
            has an empty response",
};

/// A field by its REST name or by its SDK name.
fn either<'t>(value: Value<'t>, names: [&str; 2]) -> Option<Value<'t>> {
    names.iter().find_map(|name| value.get(name)).filter(|value| value.kind() != Kind::Null)
}

/// The response of a record: the response of a batch line or of a logged pair, or the record itself.
fn response(record: Value<'_>) -> Value<'_> {
    record.get("response").filter(|inside| inside.get("candidates").is_some()).unwrap_or(record)
}

fn candidates(record: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let list = response(record).get("candidates").filter(|list| list.kind() == Kind::Array);
    list.into_iter().flat_map(|list| list.elements())
}

fn is_gemini(record: Value<'_>) -> bool {
    let scored = candidates(record).any(|candidate| {
        either(candidate, ["avgLogprobs", "avg_logprobs"]).is_some()
            || either(candidate, ["logprobsResult", "logprobs_result"]).is_some()
    });
    // A failed line of a batch.
    let failed = has(record, "processed_time", Kind::String) && find(record, &["request", "contents"]).is_some();
    scored || failed
}

impl Format for Gemini {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["candidates", "processed_time"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        if !head.records().any(|record| candidates(record).next().is_some()) {
            return Confidence::none();
        }
        Confidence::of_share(head.share(is_gemini), 92, "candidates[] with logprobsResult or avgLogprobs")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let snake = head.records().flat_map(candidates).any(|candidate| candidate.get("avg_logprobs").is_some());
        let names = if snake { ["log_probability_sum", "avg_logprobs"] } else { ["logProbabilitySum", "avgLogprobs"] };
        let columns = vec![
            ColumnSpec::with_formulas(names[0], ClaimKind::Score, vec![Formula::SUM]),
            ColumnSpec::with_formulas(names[1], ClaimKind::MeanLogprob, vec![Formula::MEAN]),
        ];
        let is_streamed = head.records().flat_map(candidates).any(|candidate| either(candidate, FINISH).is_none());
        let records = Records::new(framing, columns, Context { is_streamed }, visit).mapped(&[
            ("log-probs", "candidates[].logprobsResult.chosenCandidates[].logProbability"),
            ("claim", names[0]),
            ("claim", names[1]),
        ]);
        Ok(Box::new(records))
    }
}

/// Why a candidate ended. Of the chunks of a stream, only the last one has it.
const FINISH: [&str; 2] = ["finishReason", "finish_reason"];

struct Context {
    /// Whether records are chunks of streamed responses. The average in a chunk is not only over the tokens of the chunk, and
    /// chunks of one response share its id.
    is_streamed: bool,
}

fn visit(origin: &JsonOrigin<'_>, context: &Context, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let mut item = Item { complete: true, at: at(record), ..Item::default() };
    let names = ["thoughtsTokenCount", "thoughts_token_count"];
    let usage = either(response(record), ["usageMetadata", "usage_metadata"]);
    let thoughts = usage.and_then(|usage| either(usage, names)).and_then(count).unwrap_or(0);
    for value in candidates(record) {
        let candidate = candidate(value, thoughts > 0 || context.is_streamed)?;
        if !candidate.steps.is_empty() || !candidate.claims.is_empty() {
            item.candidates.push(candidate);
        }
    }
    if item.candidates.is_empty() {
        return Ok(());
    }
    let inside = || either(response(record), ["responseId", "response_id"]).and_then(field::id);
    let outer = ["custom_id", "key", "id"].iter().find_map(|key| record.get(key).and_then(field::id));
    if !context.is_streamed {
        item.id = outer.or_else(inside).unwrap_or_default();
    }
    out.item(&item, origin);
    Ok(())
}

fn candidate(value: Value<'_>, more_tokens: bool) -> Result<Candidate<'_>, FieldError> {
    let mut candidate = Candidate { index: value.get("index").and_then(count), at: at(value), ..Candidate::default() };
    let mut claim = |column: u16, value: Option<Value<'_>>, what: &str| {
        let Some(value) = value else { return Ok(()) };
        let logged = field::number(value, what, &[])?;
        candidate.claims.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
        Ok(())
    };
    let result = either(value, ["logprobsResult", "logprobs_result"]);
    let sum = result.and_then(|result| either(result, ["logProbabilitySum", "log_probability_sum"]));
    claim(0, sum, "logProbabilitySum")?;
    if !more_tokens {
        claim(1, either(value, ["avgLogprobs", "avg_logprobs"]), "avgLogprobs")?;
    }
    let Some(result) = result else { return Ok(candidate) };
    let list = |names| either(result, names).into_iter().flat_map(|list: Value<'_>| list.elements());
    let mut tops = list(["topCandidates", "top_candidates"]);
    for chosen in list(["chosenCandidates", "chosen_candidates"]) {
        let top = tops.next().map_or(Ok(Slice::default()), |top| alternatives(top, &mut candidate))?;
        let (value, place) = log_probability(chosen)?;
        candidate.steps.push(Step {
            token: chosen.get("token").and_then(text),
            token_id: either(chosen, ["tokenId", "token_id"]).and_then(integer),
            logprob: value,
            top,
            at: at(place),
            ..Step::default()
        });
    }
    Ok(candidate)
}

/// The log-prob of an entry with its position; 0 if the zero was omitted.
fn log_probability(entry: Value<'_>) -> Result<(Logged, Value<'_>), FieldError> {
    let zero = Printed { value: 0.0, decimals: 0, significant: 1 };
    match entry.get("logProbability").or_else(|| entry.get("log_probability")) {
        Some(value) => Ok((field::number(value, "logProbability", &[])?, value)),
        None => Ok((Logged::Number(zero), entry)),
    }
}

fn alternatives<'t>(top: Value<'t>, candidate: &mut Candidate<'t>) -> Result<Slice, FieldError> {
    let start = candidate.alternatives.len();
    for entry in top.get("candidates").into_iter().flat_map(|list| list.elements()) {
        let (value, _) = log_probability(entry)?;
        let id = either(entry, ["tokenId", "token_id"]).and_then(integer);
        keep(candidate, entry.get("token").and_then(text), id, value);
    }
    Ok(slice(candidate, start))
}
