//! lm-evaluation-harness before 0.4: results and, if they were written, the rows.
//!
//! Shapes of 0.2 and 0.3, from `lm_eval/evaluator.py` (`evaluate`, `write_out_info`) and its `main.py`. Metrics have no
//! filter, and the rows print every value as text.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, has, id, integer, lacks, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Document, Records};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{
    Aggregation, Candidate, Claim, ClaimKind, ColumnId, Definition, Divisor, Item, Origin, PickRef, Ranking, RowClaim,
    RowMetric, RowValue, RunMetric,
};
use crate::numeric::Printed;

/// The run-level metrics.
pub(in crate::format) static RESULTS: OldResults = OldResults;
/// The rows of a task.
pub(in crate::format) static ROWS: OldRows = OldRows;

pub(in crate::format) struct OldResults;

pub(in crate::format) struct OldRows;

const TOOL: &str = "lm-evaluation-harness 0.2 and 0.3";
/// What makes results and rows of a directory one run.
const RUN: &str = "lm-eval-old";

static RESULTS_CARD: FormatInfo = FormatInfo {
    name: "lm-eval-old-results",
    about: "metrics of lm-evaluation-harness before 0.4",
    tool: TOOL,
    files: "`<any name>.json` of `--output_path`; belongs to the rows in its directory",
    recognised_by: "`results`, `versions` and `config` with `model`, without `configs`",
    proven: "means and their standard errors, perplexities, from the rows that `--write_out` writes",
    unprovable: "numbers without rows; bootstrapped standard errors; f1 and mcc over all rows: their rows are pairs",
    base: "e; bits per byte in base 2",
    sentinels: "none",
    traps: "`ppl` is e to the mean of losses over documents, not over tokens",
};

static ROWS_CARD: FormatInfo = FormatInfo {
    name: "lm-eval-old-rows",
    about: "rows of lm-evaluation-harness before 0.4 (<task>_write_out_info.json)",
    tool: TOOL,
    files: "`<task>_write_out_info.json` of `--output_base_path`: a list with an object per document",
    recognised_by: "`doc_id`, `prompt_0` and `logit_0`",
    proven: "`acc` of a choice as the argmax of `logit_0`, `logit_1`, … against `truth`; a perplexity's row as its log-likelihood",
    unprovable: "`acc_norm`: the choices' lengths are not logged; answers that were generated",
    base: "e",
    sentinels: "none",
    traps: "`logit_0` is a log-likelihood or a generated text; values are texts",
};

impl Format for OldResults {
    fn tool(&self) -> &'static str {
        RUN
    }

    fn info(&self) -> &'static FormatInfo {
        &RESULTS_CARD
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_one = |root: Value<'_>| {
            let config = root.get("config").filter(|config| config.kind() == Kind::Object);
            let is_set =
                config.is_some_and(|config| config.get("model").is_some() && config.get("num_fewshot").is_some());
            has(root, "results", Kind::Object)
                && has(root, "versions", Kind::Object)
                && is_set
                && root.get("configs").is_none()
        };
        match head.document() {
            Some(root) if is_one(root) => Confidence::of(91, "results, versions and config without configs"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(report, "results.<task>.<metric>")))
    }
}

fn report(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    for (task, values) in origin.root.get("results").into_iter().flat_map(|results| results.members()) {
        for (key, value) in values.members().filter(|(_, value)| value.kind() == Kind::Number) {
            out.metric(metric(task.raw_str(), key.raw_str()).claim(value.raw_str(), origin.locate(at(value))));
        }
    }
}

/// A metric by its name in the results.
fn metric(task: &str, key: &str) -> RunMetric {
    let name = key.strip_suffix("_stderr");
    let metric = name.unwrap_or(key);
    let aggregation = match metric {
        "ppl" => Some(Aggregation::Perplexity),
        "acc" | "acc_norm" | "em" | "mc1" | "mc2" => Some(Aggregation::Mean),
        _ => TOTALS.iter().find(|(own, _)| *own == metric).map(|(_, aggregation)| *aggregation),
    };
    RunMetric { stderr: name.is_some(), aggregation, ..RunMetric::new(task, metric) }
}

/// Metrics whose rows are a log-likelihood with its divisor.
const TOTALS: [(&str, Aggregation); 3] = [
    ("word_perplexity", Aggregation::WeightedPerplexity),
    ("byte_perplexity", Aggregation::WeightedPerplexity),
    ("bits_per_byte", Aggregation::BitsPerByte),
];

fn is_row(row: Value<'_>) -> bool {
    row.get("doc_id").is_some() && row.get("prompt_0").is_some() && row.get("logit_0").is_some()
}

impl Format for OldRows {
    fn tool(&self) -> &'static str {
        RUN
    }

    fn info(&self) -> &'static FormatInfo {
        &ROWS_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["prompt_0"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_row), 91, "doc_id, prompt_0 and logit_0")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let columns = vec![ColumnSpec::of_kind("logit", ClaimKind::Score)];
        let stem = head.name.rsplit_once('.').map_or(head.name, |(stem, _)| stem);
        let task = stem.strip_suffix("_write_out_info").unwrap_or(stem).to_owned();
        let records = Records::new(framing, columns, task, |origin, task, out| visit(origin, task, out));
        Ok(Box::new(records.mapped(&[("item", "doc_id"), ("score", "logit_<n>"), ("gold", "truth")])))
    }
}

fn visit(origin: &JsonOrigin<'_>, task: &str, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let doc = row.get("doc_id").and_then(id).ok_or_else(|| lacks(row, "doc_id", "the document's id"))?;
    let mut item = Item { id: doc, task: Cow::Borrowed(task), complete: true, at: at(row), ..Item::default() };
    let responses: Vec<Value<'_>> = (0..).map_while(|place: u32| row.get(&format!("logit_{place}"))).collect();
    let is_number = |response: &&Value<'_>| response.kind() == Kind::Number;
    let truth = row.get("truth");
    let gold = truth.and_then(integer).filter(|gold| usize::try_from(*gold).is_ok_and(|gold| gold < responses.len()));
    let is_choice = responses.len() > 1 && responses.iter().all(|response| is_number(&response)) && gold.is_some();
    let is_total = responses.first().is_some_and(|response| is_number(&response)) && !is_choice;
    let scored = if is_choice { responses.len() } else { usize::from(is_total) };
    for (index, response) in (0_u32..).zip(responses.iter().take(scored)) {
        let value = field::number(*response, "logit", &[])?;
        item.candidates.push(Candidate {
            index: Some(index),
            claims: vec![Claim { of: ColumnId(0), value, at: at(*response) }],
            at: at(*response),
            ..Candidate::default()
        });
    }
    if let Some(candidate) = item.candidates.first_mut().filter(|_| is_total)
        && let Some(greedy) = responses.get(1)
        && let Some(flag) = greedy.as_bool()
    {
        candidate.greedy = Some((flag, at(*greedy)));
    }
    if let (Some(gold), Some(place), true) = (gold, truth, is_choice) {
        item.gold = PickRef::Index(gold, at(place));
    }
    let is_value = |name: &str| {
        !(name == "doc_id" || name == "truth" || name.starts_with("prompt_") || name.starts_with("logit_"))
    };
    for (key, value) in row.members().filter(|(key, _)| is_value(key.raw_str())) {
        item.metrics.extend(row_metric(key.raw_str(), value, is_choice, is_total));
    }
    out.item(&item, origin);
    Ok(())
}

/// A metric's value, printed as text.
fn row_metric<'t>(name: &'t str, value: Value<'t>, is_choice: bool, is_total: bool) -> Option<RowClaim<'t>> {
    let text = value.raw_str();
    let parsed = match text {
        "True" => Some(RowValue::Flag(true)),
        "False" => Some(RowValue::Flag(false)),
        _ => printed(value).map(RowValue::Number).or_else(|| pair(name, text)),
    };
    let definition = match name {
        "acc" if is_choice => Definition::Right(Ranking::By(Divisor::Raw)),
        "acc" if is_total => Definition::GreedyGold,
        "ppl" if is_total => Definition::Total(None),
        _ => Definition::ByName,
    };
    Some(Claim {
        of: RowMetric { name: Cow::Borrowed(name), custom: false, definition },
        value: parsed?,
        at: at(value),
    })
}

/// `(-123.4, 56)`: a log-likelihood with the number of words or bytes that divides it.
fn pair(name: &str, text: &str) -> Option<RowValue> {
    TOTALS.iter().find(|(own, _)| *own == name)?;
    let (total, count) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some(RowValue::Pair(Printed::parse(total.trim().as_bytes())?, Printed::parse(count.trim().as_bytes())?))
}
