//! `results/<model>/<dataset>.json`: the metrics of a dataset, with its documents if the run dumped them.

#![expect(clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, at, flag, has};
use crate::format::harness::opencompass::predictions::{label, scored};
use crate::format::harness::opencompass::{DatasetPart, join, values};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, ClaimKind, ColumnId, Item, Origin, RunMetric};
use crate::source::beside;

/// The metrics of a dataset.
pub(in crate::format) static RESULTS: Results = Results;

pub(in crate::format) struct Results;

static INFO: FormatInfo = FormatInfo {
    name: "opencompass-results",
    about: "numbers of OpenCompass for one dataset (results/<model>/<dataset>.json)",
    tool: "OpenCompass 0.5.4",
    files: "`results/<model>/<dataset>.json`, joined to `predictions/<model>/<dataset>.json`",
    recognised_by: "`details` with `type` PPL or GEN, or a list with `example_abbr`; without details, its location beside \
                    the predictions",
    proven: "`accuracy` as 100 · the share of right predictions; picks and `correct` in the details of labels; `bpc`, \
             `average_ppl` and `average_mink` over the predictions; a `score` that is the share of `correct`",
    unprovable: "`correct` of generated texts; any other `score` or metric: their evaluators are code; `correct_bpb`",
    base: "percentages; `bpc` in bits",
    sentinels: "none",
    traps: "the details repeat the predictions and lose the prefix `label: `; `correct_bpb` uses the lowest label, not the right \
            one",
};

/// Filter of the rows from the details, to keep them apart from the predictions.
const DETAILS: &str = "details";

fn has_details(root: Value<'_>) -> bool {
    let is_kind = |details: Value<'_>| {
        details.get("type").and_then(|kind| kind.as_str()).is_some_and(|kind| kind == "PPL" || kind == "GEN")
    };
    let is_list = |details: Value<'_>| {
        details.kind() == Kind::Array
            && details.elements().next().is_some_and(|first| has(first, "example_abbr", Kind::String))
    };
    root.get("details").is_some_and(|details| is_kind(details) || is_list(details))
}

/// Whether predictions with the same name exist where the tool writes them.
fn has_predictions(head: &Head<'_>) -> bool {
    let stem = head.name.rsplit_once('.').map_or(head.name, |(stem, _)| stem);
    let (run, model) = (head.ancestor(3), head.ancestor_name(1));
    let found = |name: &str| beside(&format!("{run}/predictions/{model}/{name}.json")).is_some();
    head.ancestor_name(2) == "results" && (found(stem) || found(&format!("{stem}_0")))
}

impl Format for Results {
    fn tool(&self) -> &'static str {
        "opencompass"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if has_details(root) => Confidence::of(90, "details of type PPL or GEN, or with example_abbr"),
            Some(root) if has_numbers(root) && has_predictions(head) => {
                Confidence::of(85, "numbers, with predictions of the same name in the run")
            }
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let columns =
            vec![ColumnSpec::of_kind("PPL", ClaimKind::Loss), ColumnSpec::of_kind("Loglikelihood", ClaimKind::Score)];
        let mut records = Records::new(Framing::Nested(&["details"]), columns, DatasetPart::of(head), detail)
            .mapped(&[("metrics", "members with numbers"), ("correct", "details.<n>.correct")]);
        records.shell = Some(metrics);
        records.conventions.push("accuracy: a percentage".to_owned());
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

fn has_numbers(root: Value<'_>) -> bool {
    root.members().any(|(_, value)| value.kind() == Kind::Number)
}

fn detail(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    // A member is keyed by its number; an element of a list has no key.
    let root = origin.root;
    let (id, document) = match root.members().next() {
        Some((key, value)) if root.len() == 1 && value.kind() == Kind::Object => (key.as_str(), value),
        // This member states the type of the details.
        Some((key, _)) if root.len() == 1 && key.is("type") => return Ok(()),
        _ => (root.get("example_abbr").and_then(|name| name.as_str()).unwrap_or_default(), root),
    };
    let mut item = Item {
        id,
        task: Cow::Borrowed(&context.task),
        filter: Cow::Borrowed(DETAILS),
        complete: true,
        at: at(document),
        ..Item::default()
    };
    let labels = document.get("origin_prediction").filter(|origin| origin.kind() == Kind::Object);
    for (key, value) in labels.into_iter().flat_map(|labels| labels.members()) {
        for (name, column) in [("PPL", ColumnId(0)), ("Loglikelihood", ColumnId(1))] {
            if let Some(score) = value.get(name).filter(|_| value.kind() == Kind::Object) {
                item.candidates.push(scored(key.as_str(), score, name, column)?);
            }
        }
    }
    if !item.candidates.is_empty() {
        item.pick = document.get("predictions").map(label).unwrap_or_default();
        item.gold = document.get("references").map(label).unwrap_or_default();
    }
    let correct = document.get("correct").map(|value| match value.kind() {
        Kind::Array => value.elements().next().unwrap_or(value),
        _ => value,
    });
    item.correct = correct.and_then(|value| Some((flag(value)?, at(value))));
    out.item(&item, origin);
    Ok(())
}

fn metrics(origin: &JsonOrigin<'_>, context: &DatasetPart, out: &mut dyn Sink) -> Result<(), FieldError> {
    let is_documents = origin.root.get("details").is_some();
    let filter = if is_documents { DETAILS } else { "" };
    for (key, value) in origin.root.members() {
        if value.kind() != Kind::Number {
            continue;
        }
        let name = key.as_str();
        let (rows, aggregation) = match name.as_ref() {
            "accuracy" => (None, Aggregation::PercentMean),
            // Most text evaluators report the share of correct answers as `score`. Others average finer values.
            "score" if is_documents => (Some("accuracy"), Aggregation::PercentMean),
            "bpc" => (Some(values::LOSS), Aggregation::BitsPerRepeatedCount),
            "average_ppl" => (Some(values::PPL_OF_TEXT), Aggregation::WeightedMean),
            "average_mink" => (Some(values::MINK), Aggregation::WeightedMean),
            _ => (None, Aggregation::Other),
        };
        out.metric(
            RunMetric {
                filter: filter.to_owned(),
                rows: rows.map(str::to_owned),
                aggregation: Some(aggregation),
                custom: rows == Some("accuracy"),
                ..RunMetric::new(&context.task, &name)
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
    Ok(())
}
