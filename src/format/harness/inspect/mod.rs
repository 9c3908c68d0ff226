//! `inspect_ai`: one log per task, as one JSON document or as a zip of its parts.
//!
//! Shapes of 0.3.50 to 0.3.285, from `inspect_ai/log/_log.py` and `inspect_ai/log/_recorders`. A zip is read as lines:
//! its header, then a line per sample.

mod answers;
mod header;
mod sample;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, count, find, has};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::ClaimKind;

pub(super) use sample::generated;

/// The log as one document.
pub(in crate::format) static JSON: Json = Json;
/// The log as a zip.
pub(in crate::format) static EVAL: Eval = Eval;

pub(in crate::format) struct Json;

pub(in crate::format) struct Eval;

const TOOL: &str = "inspect_ai 0.3.50 to 0.3.285";
const PROVEN: &str = "`sum_log_probs`, value (mean negative log-likelihood) and perplexity of the perplexity scorers; mean, \
                      accuracy, standard error, deviation and variance of any scorer's values; `perplexity_per_token`, \
                      `perplexity_per_seq`, `scored_samples`";
const UNPROVABLE: &str = "values of scorers: their code is not in the log; bootstrapped and clustered standard errors; numbers \
                          over epochs whose reductions are not logged";
const BASE: &str = "e; `value` of the perplexity scorers is a mean negative log-likelihood";
const SENTINELS: &str = "a NaN value marks an unscored sample; -9999.0 as a log-prob";
const TRAPS: &str = "metrics are computed after the epochs are reduced; the hf provider logs the most likely token of \
                     each step, not the sampled one; the alternatives of prompt tokens lack the token itself and are not \
                     read; `events` repeat the outputs";

static JSON_CARD: FormatInfo = FormatInfo {
    name: "inspect-json",
    about: "log of inspect_ai as one JSON document",
    tool: TOOL,
    files: "`<created>_<task>_<id>.json`; each file is a separate run",
    recognised_by: "`version`, `eval` with `task` and `model`, and `plan`, `results` or `samples`",
    proven: PROVEN,
    unprovable: UNPROVABLE,
    base: BASE,
    sentinels: SENTINELS,
    traps: TRAPS,
};

static EVAL_CARD: FormatInfo = FormatInfo {
    name: "inspect-eval",
    about: "log of inspect_ai as a zip (.eval), read as a header and a line per sample",
    tool: TOOL,
    files: "`<created>_<task>_<id>.eval`; each file is a separate run",
    recognised_by: "a first record with `version` and `eval`, then records with `id`, `epoch` and `input`",
    proven: PROVEN,
    unprovable: UNPROVABLE,
    base: BASE,
    sentinels: SENTINELS,
    traps: TRAPS,
};

/// Context needed to read the samples.
#[derive(Clone, Debug, Default)]
struct Epochs {
    /// Number of times each sample was run.
    epochs: u32,
}

fn is_header(root: Value<'_>) -> bool {
    let eval = root.get("eval");
    let names = eval.is_some_and(|eval| has(eval, "task", Kind::String) && has(eval, "model", Kind::String));
    names
        && has(root, "version", Kind::Number)
        && ["plan", "results", "samples", "status", "stats"].iter().any(|key| root.get(key).is_some())
}

fn is_sample(record: Value<'_>) -> bool {
    record.get("id").is_some()
        && has(record, "epoch", Kind::Number)
        && record.get("input").is_some()
        && record.get("target").is_some()
}

/// A reader of samples, with the context from the log's header.
fn records(framing: Framing, header: Option<Value<'_>>, head: &Head<'_>) -> Records<Epochs> {
    let epochs = header.and_then(|header| count(find(header, &["eval", "config", "epochs"])?)).unwrap_or(1);
    let version = header.and_then(|header| find(header, &["eval", "packages", "inspect_ai"])?.as_str());
    let columns = vec![
        ColumnSpec::of_kind("sum_log_probs", ClaimKind::Score),
        ColumnSpec::of_kind("value", ClaimKind::Loss),
        ColumnSpec::of_kind("perplexity", ClaimKind::Perplexity),
    ];
    let mut records = Records::new(framing, columns, Epochs { epochs }, sample_or_header).mapped(&[
        ("item", "samples[].id, epoch"),
        ("steps", "output.choices[].logprobs.content, or prompt_logprobs.content under a perplexity scorer"),
        ("row metrics", "scores.<scorer>.value"),
        ("metrics", "results.scores[].metrics"),
    ]);
    records.version = version.map(std::borrow::Cow::into_owned);
    head.name.clone_into(&mut records.run_key);
    records.conventions = vec![
        "C, P, I and N count as 1, 0.5, 0 and 0; NaN is unscored".to_owned(),
        "value of a perplexity scorer: mean negative log-likelihood per token, in nats".to_owned(),
    ];
    if epochs > 1 {
        records.conventions.push(format!("{epochs} epochs, reduced per sample before any metric"));
    }
    records
}

fn sample_or_header(origin: &JsonOrigin<'_>, context: &Epochs, out: &mut dyn Sink) -> Result<(), FieldError> {
    if origin.root.kind() == Kind::Array {
        header::reductions(origin.root, origin, context, out);
        return Ok(());
    }
    if is_header(origin.root) {
        return header::read(origin, context, out);
    }
    sample::read(origin, context, out)
}

impl Format for Json {
    fn tool(&self) -> &'static str {
        "inspect"
    }

    fn info(&self) -> &'static FormatInfo {
        &JSON_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if is_header(root) => Confidence::of(95, "one object with version, eval and results"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = records(Framing::Nested(&["samples"]), head.document(), head);
        records.shell = Some(header::read);
        Ok(Box::new(records))
    }
}

impl Format for Eval {
    fn tool(&self) -> &'static str {
        "inspect"
    }

    fn info(&self) -> &'static FormatInfo {
        &EVAL_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let mut records = head.records();
        let first = records.next().is_some_and(is_header) && head.framing() == Some(Framing::Lines);
        let samples = records.next().is_some_and(|second| is_sample(second) || second.kind() == Kind::Array);
        // A header whose samples are beyond the bytes that recognition reads.
        if first && head.document().is_none() && (samples || !head.whole) {
            Confidence::of(95, "a header with version and eval, then samples")
        } else {
            Confidence::none()
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(records(Framing::Lines, head.records().next(), head)))
    }
}
