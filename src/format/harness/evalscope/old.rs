//! evalscope before 1: predictions and reviews in the shape of a chat completion.
//!
//! Shapes of 0.5 to 0.17, from `get_answer` and `_get_review` in `evalscope/evaluator/evaluator.py`. The directories
//! are those of later versions.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, has, id, lacks, printed, row_value, text};
use crate::format::harness::evalscope::{SubsetFile, join, plain};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, Item, PickRef, RowMetric};

/// Reviews: predictions with their scores.
pub(in crate::format) static REVIEWS: Old = Old { card: &REVIEWS_CARD, has: is_review, visit: review };
/// Predictions.
pub(in crate::format) static PREDICTIONS: Old = Old { card: &PREDICTIONS_CARD, has: is_prediction, visit: prediction };

pub(in crate::format) struct Old {
    card: &'static FormatInfo,
    has: fn(Value<'_>) -> bool,
    visit: fn(&JsonOrigin<'_>, &SubsetFile, &mut dyn Sink) -> Result<(), FieldError>,
}

const TOOL: &str = "evalscope 0.5 to 0.17, native backend";

static REVIEWS_CARD: FormatInfo = FormatInfo {
    name: "evalscope-0-reviews",
    about: "reviews of evalscope before 1",
    tool: TOOL,
    files: "`reviews/<model>/<benchmark>_<subset>.jsonl`",
    recognised_by: "`choices[].review` with `gold` and `pred` or `result`",
    proven: "the report's means over these rows; `result` of a choice by its letter",
    unprovable: "`result` of other answers: they are compared by code",
    base: "no log-probs",
    sentinels: "none",
    traps: "the lines look like chat completions of a server; answers may be equal without the same text (1/2 and 0.5)",
};

static PREDICTIONS_CARD: FormatInfo = FormatInfo {
    name: "evalscope-0-predictions",
    about: "predictions of evalscope before 1",
    tool: TOOL,
    files: "`predictions/<model>/<benchmark>_<subset>.jsonl`",
    recognised_by: "`choices` with `answer_id` and `raw_input`, without `review`",
    proven: "nothing: no number can be derived from another",
    unprovable: "nothing: the reviews have the values",
    base: "no log-probs",
    sentinels: "none",
    traps: "the lines look like chat completions of a server",
};

/// The reviews of an answer's choices.
fn reviews(record: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let choices = record.get("choices").into_iter().flat_map(|choices| choices.elements());
    choices.filter_map(|choice| choice.get("review").filter(|review| review.get("result").is_some()))
}

fn is_review(record: Value<'_>) -> bool {
    record.get("raw_input").is_some() && reviews(record).next().is_some()
}

fn is_prediction(record: Value<'_>) -> bool {
    has(record, "answer_id", Kind::String)
        && record.get("raw_input").is_some()
        && has(record, "choices", Kind::Array)
        && reviews(record).next().is_none()
}

impl Format for Old {
    fn tool(&self) -> &'static str {
        "evalscope"
    }

    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["raw_input"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        // Higher confidence than for server responses, which have the same shape.
        Confidence::of_share(head.share(self.has), 95, "choices with raw_input")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut records = Records::new(framing, Vec::new(), SubsetFile::of(head), self.visit)
            .mapped(&[("item", "index"), ("row metrics", "choices[].review.result")]);
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

/// The sample of a line. Lines before 0.8 have no index, but the answer has an id.
fn sample<'t>(origin: &JsonOrigin<'t>, context: &'t SubsetFile, filter: &'static str) -> Result<Item<'t>, FieldError> {
    let root = origin.root;
    let own = root.get("index").or_else(|| root.get("answer_id")).and_then(id);
    Ok(Item {
        id: own.ok_or_else(|| lacks(root, "index", "the sample's index"))?,
        task: Cow::Borrowed(&context.task),
        filter: Cow::Borrowed(filter),
        complete: true,
        at: at(root),
        ..Item::default()
    })
}

fn prediction(origin: &JsonOrigin<'_>, context: &SubsetFile, out: &mut dyn Sink) -> Result<(), FieldError> {
    out.item(&sample(origin, context, "predictions")?, origin);
    Ok(())
}

fn review(origin: &JsonOrigin<'_>, context: &SubsetFile, out: &mut dyn Sink) -> Result<(), FieldError> {
    if context.replaced.contains(&origin.record.line) {
        return Ok(());
    }
    let mut item = sample(origin, context, "")?;
    let mut all = reviews(origin.root);
    // The aggregation of several choices of a sample is a setting.
    if let (Some(review), None) = (all.next(), all.next()) {
        if let Some(result) = review.get("result") {
            push(result, "accuracy", &mut item);
            for (key, value) in result.members() {
                push(value, &key.as_str(), &mut item);
            }
            let flag = result.as_bool().or_else(|| printed(result).and_then(|own| as_flag(own.value)));
            item.correct = flag.map(|flag| (flag, at(result)));
        }
        let letter = |name: &str| {
            let value = find(review, &[name]).filter(|own| own.kind() == Kind::String)?;
            let is_letter = matches!(value.raw(), [letter] if letter.is_ascii_uppercase());
            Some(PickRef::Id(text(value)?, at(value))).filter(|_| is_letter)
        };
        if let (Some(gold), Some(pick)) = (letter("gold"), letter("pred")) {
            (item.gold, item.pick) = (gold, pick);
        } else {
            item.correct = None;
        }
    }
    out.item(&item, origin);
    Ok(())
}

/// 1 and 0 as a boolean.
fn as_flag(value: f64) -> Option<bool> {
    [1.0, 0.0].contains(&value).then_some(value > 0.5)
}

fn push(value: Value<'_>, name: &str, item: &mut Item<'_>) {
    let Some(row) = row_value(value) else { return };
    let name = Cow::Owned(plain(name).into_owned());
    let of = RowMetric { name, custom: false, definition: Definition::ByName };
    item.metrics.push(Claim { of, value: row, at: at(value) });
}
