//! `<task>-predictions.jsonl`: a row per document with the outputs of its requests.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, flag, has, lacks, text};
use crate::format::harness::olmes::requests::Requests;
use crate::format::harness::olmes::stem;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::{Formula, Scale};
use crate::model::{
    Candidate, Claim, ClaimKind, ColumnId, Counted, Definition, Divisor, Item, Logged, LoggedTotal, PickRef, Ranking,
    RowMetric, RowValue, ScoreOutput, Step, Text,
};
use crate::numeric::Printed;

/// The rows.
pub(in crate::format) static PREDICTIONS: Predictions = Predictions;

pub(in crate::format) struct Predictions;

static INFO: FormatInfo = FormatInfo {
    name: "olmes-predictions",
    about: "rows of AI2 OLMES (…-predictions.jsonl)",
    tool: "OLMES and oe-eval of 2024 to 2026",
    files: "`task-000-<task>-predictions.jsonl`, texts from `…-requests.jsonl` beside it",
    recognised_by: "`model_output` with `metrics`, `task_hash` and `doc_id`",
    proven: "logits_per_token, logits_per_char, bits_per_byte (logits_per_byte) from sum_logits; sum_logits where tokens are \
             logged; predicted_index_*, acc_*, *_corr",
    unprovable: "sum_logits and is_greedy without tokens; per byte without the requests; values derived from generated text",
    base: "e; bits_per_byte, and logits_per_byte of older versions, in base 2, positive, lower is better",
    sentinels: "sum_logits -999 with rank null: the choice was not among the most likely tokens",
    traps: "logits are log-probs; the leading space of a choice counts as a character; the first of equal values wins; \
            unconditional requests have ids of their own and no rows; num_tokens and sum_logits of generated text refer to the \
            untruncated text; at most 100 outputs of a document are kept",
};

/// Claims in the order of their columns.
const CLAIMS: [&str; 5] = ["sum_logits", "logits_per_token", "logits_per_char", "bits_per_byte", "logits_per_byte"];
/// Maximum outputs kept per document. A document with more is incomplete.
const KEPT: usize = 100;
/// Tolerance for the factor 1.44269504089 that the tool uses in place of 1 ÷ ln 2.
const TWELVE_DIGITS: f64 = 1e-9;

/// Name prefixes of metrics that have no definition here, but whose mean is the task's metric.
const MEANS: [&str; 5] = ["acc", "exact_match", "f1", "no_answer", "recall"];

pub(super) fn columns() -> Vec<ColumnSpec> {
    let per_char = vec![Formula { scale: Scale::Chars, ..Formula::SUM }];
    let bits = |name| ColumnSpec {
        tolerance: Some(TWELVE_DIGITS),
        ..ColumnSpec::with_formulas(name, ClaimKind::BitsPerByte, vec![Formula::BITS_PER_BYTE])
    };
    vec![
        ColumnSpec::of_kind("sum_logits", ClaimKind::Score),
        ColumnSpec::of_kind("logits_per_token", ClaimKind::MeanLogprob),
        ColumnSpec::with_formulas("logits_per_char", ClaimKind::Normalised, per_char),
        bits("bits_per_byte"),
        bits("logits_per_byte"),
    ]
}

struct TaskRequests {
    task: String,
    requests: Requests,
}

impl Format for Predictions {
    fn tool(&self) -> &'static str {
        "olmes"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["model_output"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| {
            has(record, "model_output", Kind::Array)
                && has(record, "metrics", Kind::Object)
                && record.get("doc_id").is_some()
                && (record.get("task_hash").is_some() || record.get("native_id").is_some())
        });
        Confidence::of_share(share, 95, "rows with model_output, metrics and task_hash")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let task = stem(head.name, "-predictions.jsonl").to_owned();
        let requests = Requests::read(&format!("{}/{task}-requests.jsonl", head.ancestor(1)));
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut records = Records::new(framing, columns(), TaskRequests { task, requests }, visit);
        records.conventions =
            vec!["bits_per_byte, logits_per_byte: base 2, positive, per byte with the leading space".to_owned()];
        Ok(Box::new(records.mapped(&[
            ("item", "doc_id"),
            ("score", "model_output[].sum_logits"),
            ("logprobs", "model_output[].logits"),
            ("gold", "label"),
            ("metrics", "metrics"),
        ])))
    }
}

fn visit(origin: &JsonOrigin<'_>, context: &TaskRequests, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let Some(outputs) = row.get("model_output").filter(|value| value.kind() == Kind::Array) else {
        return Err(lacks(row, "model_output", "a list"));
    };
    let id = row.get("doc_id").and_then(field::id).unwrap_or_default();
    let metrics = row.get("metrics");
    let mut item = Item {
        id: id.clone(),
        task: context.task.as_str().into(),
        complete: true,
        at: at(row),
        gold: gold(row, metrics),
        ..Item::default()
    };
    for (position, output) in (0_u32..).zip(outputs.elements()) {
        item.candidates.push(candidate(output, context.requests.text(&id, position))?);
    }
    let label = row.get("label").filter(|label| label.kind() == Kind::Number).and_then(field::printed);
    for (name, value) in metrics.into_iter().flat_map(|metrics| metrics.members()) {
        let (Ok(name), Some(number)) = (std::str::from_utf8(name.raw()), field::printed(value)) else { continue };
        let definition = if item.candidates.len() < KEPT {
            definition(name, label, item.candidates.len())
        } else {
            Definition::ByName
        };
        // Row metrics of other code need not enter the task's metric by their mean.
        let is_defined = definition != Definition::ByName || MEANS.iter().any(|start| name.starts_with(start));
        item.metrics.push(Claim {
            of: RowMetric { name: Text::json(name).decoded(), custom: !is_defined, definition },
            value: RowValue::Number(number),
            at: at(value),
        });
    }
    out.item(&item, origin);
    Ok(())
}

/// The correct answer: the label if it is a position. The tool maps any other label to the first choice.
fn gold<'t>(row: Value<'t>, metrics: Option<Value<'t>>) -> PickRef<'t> {
    let label = row.get("label").filter(|label| label.kind() == Kind::Number);
    let place = label.or_else(|| metrics?.get("correct_choice"));
    let index = place.and_then(|place| Some(PickRef::Index(field::integer(place)?, at(place))));
    index.unwrap_or_default()
}

pub(super) fn candidate<'t>(output: Value<'t>, asked: Option<&'t str>) -> Result<Candidate<'t>, FieldError> {
    let mut candidate = Candidate { at: at(output), ..Candidate::default() };
    let count = |name: &str| output.get(name).and_then(field::count);
    let chars = count("num_chars");
    // If the character count differs, the tool counted another text, so its bytes are unknown.
    let asked = asked.filter(|text| chars.is_some_and(|chars| text.chars().count().max(1) == chars as usize));
    candidate.continuation = asked.map(Text::plain);
    for (column, name) in (0_u16..).zip(CLAIMS) {
        let Some(value) = output.get(name) else { continue };
        // The tool compares and averages −999 like any other number.
        let number = match value.kind() {
            Kind::Number => field::printed(value).map_or(Logged::Null, Logged::Number),
            _ => field::number(value, name, &[])?,
        };
        candidate.claims.push(Claim { of: ColumnId(column), value: number, at: at(value) });
    }
    candidate.greedy = output.get("is_greedy").and_then(|value| Some((flag(value)?, at(value))));
    candidate.unconditional =
        output.get("sum_logits_uncond").and_then(field::printed).map_or(Logged::Missing, Logged::Number);
    candidate.logged_total = output.get("sum_logits").and_then(field::printed).map(|total| LoggedTotal {
        column: ColumnId(0),
        total,
        tokens: count("num_tokens").map(|tokens| tokens.max(1)),
        chars,
        bytes: count("num_bytes"),
    });
    if let Some(logits) = output.get("logits").filter(|logits| logits.kind() == Kind::Array) {
        let mut tokens = output.get("tokens").into_iter().flat_map(|tokens| tokens.elements());
        for value in logits.elements() {
            let logprob = field::number(value, "logits", &[])?;
            let token = tokens.next().and_then(text);
            candidate.steps.push(Step { token, logprob, at: at(value), ..Step::default() });
        }
    }
    Ok(candidate)
}

/// How a row's metric is computed from its outputs.
fn definition<'t>(name: &str, label: Option<Printed>, outputs: usize) -> Definition<'t> {
    let divisor = |name: &str| match name {
        "raw" => Some(Divisor::Raw),
        "per_token" => Some(Divisor::Tokens),
        "per_char" => Some(Divisor::Chars),
        "per_byte" => Some(Divisor::Bytes),
        _ => None,
    };
    let known = match name {
        "predicted_index_uncond" => Some(Definition::Winner(Ranking::Mutual)),
        "acc_uncond" => Some(Definition::Right(Ranking::Mutual)),
        "correct_choice" => label.map(Definition::SameNumber),
        "sum_logits_corr" => Some(Definition::Gold(Divisor::Raw, ScoreOutput::Nats)),
        "logits_per_token_corr" => Some(Definition::Gold(Divisor::Tokens, ScoreOutput::Nats)),
        "logits_per_char_corr" => Some(Definition::Gold(Divisor::Chars, ScoreOutput::Nats)),
        "bits_per_byte_corr" | "logits_per_byte_corr" => {
            Some(Definition::Gold(Divisor::Bytes, ScoreOutput::NegatedBits))
        }
        "bits_per_byte" if outputs == 1 => Some(Definition::Only(Divisor::Bytes, ScoreOutput::NegatedBits)),
        "num_tokens" if outputs == 1 => Some(Definition::Count(Counted::Tokens)),
        _ => None,
    };
    let index = || {
        name.strip_prefix("predicted_index_").and_then(divisor).map(|divisor| Definition::Winner(Ranking::By(divisor)))
    };
    let right = || name.strip_prefix("acc_").and_then(divisor).map(|divisor| Definition::Right(Ranking::By(divisor)));
    known.or_else(index).or_else(right).unwrap_or_default()
}
