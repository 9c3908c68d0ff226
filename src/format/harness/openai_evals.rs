//! `OpenAI` evals: the events of a local recorder.
//!
//! Shapes of 3.0.1, from `evals/record.py` and `evals/metrics.py`.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, find, flag, has, id, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Candidate, Claim, ClaimKind, ColumnId, Definition, Item, Origin, RowMetric, RowValue, RunMetric,
};

/// The events of a run.
pub(in crate::format) static EVENTS: Events = Events;

pub(in crate::format) struct Events;

static INFO: FormatInfo = FormatInfo {
    name: "openai-evals",
    about: "events of a run of OpenAI evals (local recorder)",
    tool: "evals 3.0.1",
    files: "`<run_id>_<model>_<eval>.jsonl`; each file is a separate run",
    recognised_by: "a line with `spec`, then lines with `event_id`, `type` and `data`",
    proven: "`accuracy`: mean of `correct` over the match events",
    unprovable: "`correct`: the eval's code decides it; `logp`: tokens are not logged; `boostrap_std`: it uses unseeded random \
                 halves of the rows",
    base: "`logp`: defined by the author of the eval",
    sentinels: "none",
    traps: "`final_report` may precede the events; `boostrap_std` is not a standard error of the mean",
};

fn is_event(record: Value<'_>) -> bool {
    record.get("event_id").is_some() && has(record, "type", Kind::String) && record.get("data").is_some()
}

fn is_spec(record: Value<'_>) -> bool {
    find(record, &["spec", "eval_name"]).is_some() && find(record, &["spec", "run_id"]).is_some()
}

fn is_report(record: Value<'_>) -> bool {
    has(record, "final_report", Kind::Object)
}

impl Format for Events {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["spec", "final_report", "event_id"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let spec = head.records().next().is_some_and(is_spec);
        let share = head.share(|record| is_spec(record) || is_report(record) || is_event(record));
        let confidence = if spec { 95 } else { 85 };
        Confidence::of_share(share, confidence, "spec, final_report and events with event_id, type and data")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns = vec![ColumnSpec::of_kind("logp", ClaimKind::Score)];
        let mut records = Records::new(Framing::Lines, columns, (), event).mapped(&[
            ("item", "sample_id"),
            ("row metrics", "data.correct of match events"),
            ("metrics", "final_report"),
        ]);
        head.name.clone_into(&mut records.run_key);
        Ok(Box::new(records))
    }
}

fn event(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    if let Some(report) = root.get("final_report") {
        numbers(report, origin, out);
        return Ok(());
    }
    let kind = root.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
    let Some(data) = root.get("data") else { return Ok(()) };
    let sample = root.get("sample_id").and_then(id).unwrap_or_default();
    match kind.as_ref() {
        "match" => {
            let Some(correct) = data.get("correct") else { return Ok(()) };
            let value = flag(correct).map_or(RowValue::Opaque, RowValue::Flag);
            let metric = Claim {
                of: RowMetric {
                    name: Cow::Borrowed("correct"),
                    custom: value == RowValue::Opaque,
                    definition: Definition::ByName,
                },
                value,
                at: at(correct),
            };
            out.item(
                &Item { id: sample, metrics: vec![metric], complete: true, at: at(root), ..Item::default() },
                origin,
            );
        }
        "cond_logp" => {
            let Some(logp) = data.get("logp") else { return Ok(()) };
            let value = field::number(logp, "logp", &[])?;
            let candidate = Candidate {
                continuation: data.get("completion").and_then(text),
                claims: vec![Claim { of: ColumnId(0), value, at: at(logp) }],
                at: at(logp),
                ..Candidate::default()
            };
            // A sample may request several completions, and may repeat a request.
            let number = root.get("event_id").and_then(id).unwrap_or_default();
            out.item(
                &Item {
                    id: Cow::Owned(format!("{sample} (event {number})")),
                    filter: Cow::Borrowed("cond_logp"),
                    candidates: vec![candidate],
                    complete: true,
                    at: at(root),
                    ..Item::default()
                },
                origin,
            );
        }
        _ => {}
    }
    Ok(())
}

fn numbers(report: Value<'_>, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    for (key, value) in report.members() {
        if value.kind() != Kind::Number {
            continue;
        }
        let name = key.as_str();
        let aggregation = if name == "accuracy" { Aggregation::Mean } else { Aggregation::Other };
        out.metric(
            RunMetric {
                rows: Some(if name == "accuracy" { "correct" } else { &*name }.to_owned()),
                aggregation: Some(aggregation),
                ..RunMetric::new("", &name)
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
}
