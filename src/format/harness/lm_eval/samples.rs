//! `samples_<task>_<date>.jsonl`: a row per document and filter, with the results of its requests as strings.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, at, field_error, lacks, printed};
use crate::format::harness::lm_eval::recording::Recording;
use crate::format::harness::lm_eval::task::TaskConfig;
use crate::format::json::{Kind, Value};
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader};
use crate::model::{
    Candidate, Claim, ClaimKind, ColumnId, Definition, Divisor, Item, Logged, PickRef, RowClaim, RowMetric, RowValue,
    ScoreOutput, Text,
};
use crate::numeric::Printed;

/// The rows.
pub(in crate::format) static SAMPLES: Samples = Samples;

pub(in crate::format) struct Samples;

static INFO: FormatInfo = FormatInfo {
    name: "lm-eval-samples",
    about: "rows of lm-evaluation-harness (samples_<task>_<date>.jsonl)",
    tool: "lm-evaluation-harness 0.4.0 to 0.4.13, 0.5 preview",
    files: "`samples_<task>_<date>.jsonl`; JSON arrays before 0.4.3",
    recognised_by: "`filtered_resps` and `arguments` with `resps` or `doc_id`",
    proven: "row metrics: acc, acc_norm, acc_bytes, acc_mutual_info, exact_match, brier_score, perplexity, word and byte \
             perplexity, bits per byte; of 0.5 bpb, logprob, choice_logprob, choice_prob_norm, choice_logprob_norm; with a recording \
             beside the rows, log-likelihoods and greedy flags",
    unprovable: "log-likelihoods and greedy flags without a recording (lm-eval-recording): tokens are not logged; metrics of a \
                 custom `process_results`",
    base: "e; `perplexity` of a row is a log-likelihood, not a perplexity",
    sentinels: "only the shared ones",
    traps: "numbers and flags in quotes; a row per document and filter; 0.5 counts the delimiter as part of a choice",
};

/// Keys of a row that are not metrics, for versions that do not list the metrics.
const STRUCTURE: [&str; 12] = [
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
    "schema",
];

fn framing(bytes: &[u8]) -> Framing {
    if bytes.trim_ascii_start().first() == Some(&b'[') { Framing::Elements } else { Framing::Lines }
}

/// Whether a row has a combination of fields that only this harness writes.
pub(super) fn is_row(value: Value<'_>) -> bool {
    value.get("filtered_resps").is_some()
        && value.get("arguments").is_some()
        && (value.get("doc_id").is_some() || value.get("resps").is_some())
}

/// Applies `look` to the first row, as far as the head contains it.
fn first_row(head: &Head<'_>, look: impl FnOnce(Value<'_>) -> bool) -> bool {
    // If the first row is longer than the head, the fields that `look` tests may be in the missing part.
    let is_likely = || {
        let line = head.bytes.trim_ascii_start();
        let is_cut = !head.whole && memchr::memchr(b'\n', line).is_none();
        is_cut && find(line, b"\"doc_id\"") && (find(line, b"\"resps\"") || find(line, b"\"arguments\""))
    };
    head.records().next().is_some_and(look) || is_likely()
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

impl Format for Samples {
    fn tool(&self) -> &'static str {
        "lm-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        if first_row(head, is_row) {
            Confidence { percent: 95, evidence: "rows with filtered_resps and doc_id".to_owned() }
        } else {
            Confidence::default()
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns = vec![ColumnSpec::of_kind("loglikelihood", ClaimKind::Score)];
        let context = TaskConfig::beside(head.path, head.name);
        let version = context.version.clone();
        let run = Run { task: context, recording: Recording::beside(head.path, head.name) };
        let mut records = Records::new(framing(head.bytes), columns, run, |origin, run, out| {
            let item = item(origin.root, &run.task)?;
            let Some(recording) = &run.recording else {
                out.item(&item, origin);
                return Ok(());
            };
            let recorded = recording.of(&item);
            let mut item = item;
            recorded.attach(&mut item)?;
            out.item(&item, origin);
            Ok(())
        });
        super::date(head.name).clone_into(&mut records.run_key);
        records.version = version;
        Ok(Box::new(records.mapped(&[
            ("item", "doc_id"),
            ("filter", "filter"),
            ("score", "filtered_resps[][0]"),
            ("greedy", "filtered_resps[][1]"),
        ])))
    }
}

/// What is beside the rows.
struct Run {
    task: TaskConfig,
    /// The tokens that were scored, where they were recorded.
    recording: Option<Recording>,
}

/// One request: its context and what was scored after it.
#[derive(Clone, Copy)]
struct Request<'t> {
    context: Option<Value<'t>>,
    continuation: Option<Value<'t>>,
}

/// The requests, written as `{"gen_args_0": {"arg_0": …}}` or, before 0.4.3, as a list of lists.
fn requests<'t>(arguments: Value<'t>) -> Vec<Request<'t>> {
    let of = |request: Value<'t>| {
        if request.kind() == Kind::Object {
            return Request { context: request.get("arg_0"), continuation: request.get("arg_1") };
        }
        let mut parts = request.elements();
        Request { context: parts.next(), continuation: parts.next() }
    };
    match arguments.kind() {
        Kind::Object => {
            // The number in a key is the position of the request, regardless of the order of the keys.
            let place = |key: &str| key.rsplit('_').next().and_then(|digits| digits.parse::<u32>().ok());
            let mut requests: Vec<(Option<u32>, Request<'t>)> =
                arguments.members().map(|(key, request)| (place(key.raw_str()), of(request))).collect();
            requests.sort_by_key(|(place, _)| *place);
            requests.into_iter().map(|(_, request)| request).collect()
        }
        _ => arguments.elements().map(of).collect(),
    }
}

/// A boolean, also in Python's spelling.
fn flag(value: Value<'_>) -> Option<bool> {
    match (value.kind(), value.raw()) {
        (Kind::Bool, _) => value.as_bool(),
        (Kind::String, b"True") => Some(true),
        (Kind::String, b"False") => Some(false),
        _ => None,
    }
}

/// The log-likelihood of a response: `["-1.5", "True"]`, or for whole texts `"-1.5"`.
fn loglikelihood<'t>(response: Value<'t>, request: Request<'t>) -> Option<(Value<'t>, Option<Value<'t>>)> {
    match response.kind() {
        Kind::Array => {
            let mut parts = response.elements();
            // The preview of 0.5 keeps a list of repeats; here it has one entry.
            if let (Some(only), None) = (response.elements().next(), response.elements().nth(1))
                && only.kind() == Kind::Array
            {
                parts = only.elements();
            }
            let (score, greedy) = (parts.next()?, parts.next()?);
            (parts.next().is_none() && flag(greedy).is_some() && printed(score).is_some())
                .then_some((score, Some(greedy)))
        }
        // Generated text may look like a number. Only a request without a second argument scores a whole text.
        Kind::String | Kind::Number if request.continuation.is_none() => {
            printed(response).is_some().then_some((response, None))
        }
        _ => None,
    }
}

fn is_empty(value: Option<Value<'_>>) -> bool {
    value.is_some_and(|value| value.kind() == Kind::String && value.raw().is_empty())
}

/// One document under one filter.
pub(super) fn item<'t>(row: Value<'t>, context: &TaskConfig) -> Result<Item<'t>, FieldError> {
    if row.kind() != Kind::Object {
        return Err(field_error(row, "record", "an object"));
    }
    let responses = row.get("filtered_resps").or_else(|| row.get("resps"));
    let Some(responses) = responses else {
        return Err(lacks(row, "filtered_resps", "the responses to the requests"));
    };
    let text = |value: Value<'t>| match value.kind() {
        Kind::String => value.as_str(),
        Kind::Number => Some(Cow::Borrowed(value.raw_str())),
        _ => None,
    };
    let metrics = metrics(row, context);
    let requests = row.get("arguments").map(requests).unwrap_or_default();
    let scored: Option<Vec<(Value<'t>, Option<Value<'t>>)>> = responses
        .elements()
        .zip(requests.iter().copied())
        .map(|(response, request)| loglikelihood(response, request))
        .collect();
    let generated = context.output_type.as_deref() == Some("generate_until");
    let complete = responses.elements().count() == requests.len();
    let scored = scored.filter(|_| complete && !generated).unwrap_or_default();
    let mut item = Item {
        id: row.get("doc_id").and_then(text).unwrap_or_default(),
        task: Cow::Owned(context.task.clone().unwrap_or_default()),
        filter: row.get("filter").and_then(text).unwrap_or(Cow::Borrowed("none")),
        metrics,
        complete: true,
        at: at(row),
        ..Item::default()
    };
    // Mutual information scores every choice twice: after the context, then after an empty one.
    let half = scored.len() / 2;
    let doubled = scored.len() >= 4
        && scored.len().is_multiple_of(2)
        && item.metrics.iter().any(|metric| metric.of.name == "acc_mutual_info")
        && requests.iter().skip(half).all(|request| is_empty(request.context))
        && !requests.iter().take(half).all(|request| is_empty(request.context));
    let count = if doubled { half } else { scored.len() };
    let choices: Vec<Option<Value<'t>>> = requests
        .iter()
        .take(count)
        .map(|request| request.continuation.or(request.context).filter(|value| value.kind() == Kind::String))
        .collect();
    let same = |a: &Option<Value<'t>>, b: &Option<Value<'t>>| a.map(|a| a.raw_str()) == b.map(|b| b.raw_str());
    let multiple_input = count > 1
        && choices.windows(2).all(|pair| matches!(pair, [a, b] if same(a, b)))
        && requests.windows(2).take(count - 1).any(|pair| matches!(pair, [a, b] if !same(&a.context, &b.context)));
    let rolling = requests.first().is_some_and(|request| request.continuation.is_none());
    let delimiter = if rolling { Some(0) } else { delimiter(&choices, context) };
    for (position, (score, greedy)) in scored.iter().take(count).enumerate() {
        let own = printed(*score);
        let second = doubled.then(|| scored.get(half + position)).flatten();
        let prompt = requests.get(position).and_then(|request| request.context).filter(|_| !rolling);
        let mut candidate = Candidate {
            at: at(*score),
            claims: vec![Claim { of: ColumnId(0), value: own.map_or(Logged::Null, Logged::Number), at: at(*score) }],
            greedy: greedy.and_then(|greedy| Some((flag(greedy)?, at(greedy)))),
            unconditional: second.and_then(|(score, _)| printed(*score)).map_or(Logged::Missing, Logged::Number),
            prompt: prompt.filter(|value| value.kind() == Kind::String).map(|value| Text::json(value.raw_str())),
            ..Candidate::default()
        };
        if let (Some(delimiter), false) = (delimiter, multiple_input) {
            candidate.continuation = choices.get(position).copied().flatten().map(|text| Text::json(text.raw_str()));
            candidate.delimiter_chars = delimiter;
        }
        item.candidates.push(candidate);
    }
    let choose = match context.output_type.as_deref() {
        Some(kind) => kind == "multiple_choice",
        None => count > 1,
    };
    if choose && !multiple_input {
        gold(row, context, &choices, delimiter, &mut item);
    }
    if choose && multiple_input {
        // The choices are the contexts, and `doc_to_text` names the field with the position of the correct one.
        let field = context.doc_to_text.as_deref().and_then(|field| row.get("doc")?.get(field));
        let index = field
            .filter(|field| field.kind() == Kind::Number)
            .and_then(|field| Some(PickRef::Index(crate::format::field::integer(field)?, at(field))));
        item.gold = index.unwrap_or_default();
    }
    if choose && count == 1 {
        // With a single choice, `acc` is not the greedy flag; it is always 1.
        for metric in &mut item.metrics {
            metric.of.custom = true;
        }
    }
    Ok(item)
}

/// Characters of the delimiter in front of the choices; None if it is ambiguous.
fn delimiter(choices: &[Option<Value<'_>>], context: &TaskConfig) -> Option<u32> {
    let declared = context.delimiter.as_deref().unwrap_or(" ");
    let starts = |choice: &Option<Value<'_>>| {
        choice.is_some_and(|choice| choice.as_str().is_some_and(|text| text.starts_with(declared)))
    };
    let with = choices.iter().filter(|choice| starts(choice)).count();
    // The delimiter is subtracted from lengths in bytes and in characters alike, so it must be ASCII.
    if with == choices.len() && declared.is_ascii() {
        u32::try_from(declared.len()).ok()
    } else {
        (with == 0).then_some(0)
    }
}

/// Records the correct answers: `target` is a position, a list of positions, or the text of a choice.
fn gold<'t>(
    row: Value<'t>,
    context: &TaskConfig,
    choices: &[Option<Value<'t>>],
    delimiter: Option<u32>,
    item: &mut Item<'t>,
) {
    let Some(target) = row.get("target") else { return };
    let Some(text) = (match target.kind() {
        Kind::String => target.as_str(),
        Kind::Number => Some(Cow::Borrowed(target.raw_str())),
        _ => None,
    }) else {
        return;
    };
    let skip = delimiter.unwrap_or(0) as usize;
    let named = |wanted: &str| {
        choices.iter().position(|choice| {
            let choice = choice.and_then(|choice| choice.as_str());
            choice.is_some_and(|choice| choice.chars().skip(skip).eq(wanted.chars()))
        })
    };
    if let Ok(index) = text.parse::<i64>() {
        // A number may be a position or the text of a choice, depending on the field that it comes from. If that field
        // is unknown, a number is used only if both readings mean the same choice.
        let field = context.doc_to_target.as_deref().and_then(|field| row.get("doc")?.get(field));
        let other = named(&text).filter(|found| i64::try_from(*found).ok() != Some(index));
        match (field.map(|field| field.kind()), other) {
            (Some(Kind::Number), _) | (_, None) => item.gold = PickRef::Index(index, at(target)),
            (Some(Kind::String), Some(found)) => {
                item.gold = PickRef::Index(i64::try_from(found).unwrap_or(-1), at(target));
            }
            _ => {}
        }
        return;
    }
    if let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let positions: Option<Vec<usize>> = list.split(',').map(|part| part.trim().parse().ok()).collect();
        if let Some(positions) = positions.filter(|positions| positions.iter().all(|at| *at < choices.len())) {
            for (position, candidate) in item.candidates.iter_mut().enumerate() {
                candidate.gold = Some((positions.contains(&position), at(target)));
            }
        }
        return;
    }
    if let Some(found) = named(&text) {
        item.gold = PickRef::Index(i64::try_from(found).unwrap_or(-1), at(target));
    }
}

fn metrics<'t>(row: Value<'t>, context: &TaskConfig) -> Vec<RowClaim<'t>> {
    let listed: Option<Vec<Cow<'t, str>>> =
        row.get("metrics").map(|names| names.elements().filter_map(|name| name.as_str()).collect());
    let is_metric = |key: &str| match &listed {
        Some(listed) => listed.iter().any(|name| name == key),
        None => !STRUCTURE.contains(&key),
    };
    row.members()
        .filter_map(|(key, value)| {
            let name = std::str::from_utf8(key.raw()).ok().filter(|name| is_metric(name))?;
            let value_of_row = row_value(value);
            let definition = definition(name, &value_of_row);
            Some(Claim {
                of: RowMetric {
                    name: Text::json(name).decoded(),
                    custom: context.custom || !context.known,
                    definition,
                },
                value: value_of_row,
                at: at(value),
            })
        })
        .collect()
}

/// Metrics that 0.5 adds, or logs as one number.
pub(super) const ONE_NUMBER: [&str; 6] =
    ["brier_score", "bpb", "logprob", "choice_logprob", "choice_prob_norm", "choice_logprob_norm"];

/// How these metrics are computed from their row. Other metrics are defined by their name.
fn definition<'t>(name: &str, value: &RowValue) -> Definition<'t> {
    match (name, value) {
        ("brier_score", RowValue::Number(_)) => Definition::SquaredDistance,
        ("bpb", _) => Definition::Gold(Divisor::Bytes, ScoreOutput::NegatedBits),
        ("logprob", _) => Definition::Gold(Divisor::Raw, ScoreOutput::Nats),
        ("choice_logprob", _) => Definition::GoldLogShare(Divisor::Raw),
        ("choice_prob_norm", _) => Definition::GoldShare(Divisor::Bytes),
        ("choice_logprob_norm", _) => Definition::GoldLogShare(Divisor::Bytes),
        _ => Definition::ByName,
    }
}

fn row_value(value: Value<'_>) -> RowValue {
    match value.kind() {
        Kind::Array => {
            let mut parts = value.elements();
            let (Some(first), Some(second), None) = (parts.next(), parts.next(), parts.next()) else {
                return RowValue::Opaque;
            };
            let Some(number) = plain(first) else { return RowValue::Opaque };
            if let Some(second) = plain(second) {
                return RowValue::Pair(number, second);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a position; anything else fails the range check")]
            let gold = number.value as i64;
            distribution(second).map_or(RowValue::Opaque, |probabilities| RowValue::Distribution(gold, probabilities))
        }
        _ => match (flag(value), printed(value)) {
            (Some(flag), _) => RowValue::Flag(flag),
            (None, Some(number)) => RowValue::Number(number),
            (None, None) => RowValue::Opaque,
        },
    }
}

fn plain(value: Value<'_>) -> Option<Printed> {
    (value.kind() == Kind::Number).then(|| Printed::parse(value.raw())).flatten()
}

/// One number per candidate: a list, or an array as numpy prints it.
fn distribution(value: Value<'_>) -> Option<Vec<Printed>> {
    match value.kind() {
        Kind::Array => value.elements().map(plain).collect(),
        Kind::String => {
            let text = value.as_str()?;
            let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
            inside.split_whitespace().map(|number| Printed::parse(number.as_bytes())).collect()
        }
        _ => None,
    }
}
