//! Predictions and reviews: one line per sample.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, has, id, lacks, printed};
use crate::format::harness::evalscope::{SubsetFile, join, plain};
use crate::format::harness::inspect::generated;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Records, Visit};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, Item, RowMetric, RowValue};

/// The model's answers.
pub(in crate::format) static PREDICTIONS: Lines = Lines {
    card: &PREDICTIONS_CARD,
    has: is_prediction,
    evidence: "index and model_output",
    mapping: &[("item", "index"), ("steps", "model_output.choices[].logprobs.content")],
    visit: prediction,
};
/// The scores of the answers.
pub(in crate::format) static REVIEWS: Lines = Lines {
    card: &REVIEWS_CARD,
    has: is_review,
    evidence: "index and sample_score",
    mapping: &[("item", "index"), ("row metrics", "sample_score.score.value")],
    visit: review,
};

pub(in crate::format) struct Lines {
    card: &'static FormatInfo,
    has: fn(Value<'_>) -> bool,
    evidence: &'static str,
    mapping: &'static [(&'static str, &'static str)],
    visit: Visit<SubsetFile>,
}

static PREDICTIONS_CARD: FormatInfo = FormatInfo {
    name: "evalscope-predictions",
    about: "answers of a model under evalscope, with log-probs if requested",
    tool: "evalscope 1.14.1, native backend",
    files: "`predictions/<model>/<benchmark>_<subset>.jsonl`",
    recognised_by: "lines with `index` and `model_output`",
    proven: "token log-probs against their alternatives; no aggregates",
    unprovable: "scores: they are in the reviews",
    base: "e",
    sentinels: "-9999.0 as a log-prob",
    traps: "a resumed run appends, so the last line of an index counts; local models log the most likely token of each step, \
            not the sampled one",
};

static REVIEWS_CARD: FormatInfo = FormatInfo {
    name: "evalscope-reviews",
    about: "scores of a model's answers under evalscope",
    tool: "evalscope 1.14.1, native backend",
    files: "`reviews/<model>/<benchmark>_<subset>.jsonl`, joined to `reports/<model>/<benchmark>.json`",
    recognised_by: "lines with `index` and `sample_score`",
    proven: "the report's means over these rows",
    unprovable: "values of a sample: answers are extracted and compared by code that is not in the log",
    base: "no log-probs",
    sentinels: "none",
    traps: "a resumed run appends, so the last line of an index counts; a sample whose judge failed has no value and is not \
            counted",
};

fn is_prediction(record: Value<'_>) -> bool {
    has(record, "index", Kind::Number) && has(record, "model_output", Kind::Object)
}

fn is_review(record: Value<'_>) -> bool {
    has(record, "index", Kind::Number) && find(record, &["sample_score", "score", "value"]).is_some()
}

impl Format for Lines {
    fn tool(&self) -> &'static str {
        "evalscope"
    }

    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn marks(&self) -> &'static [&'static str] {
        &["model_output", "sample_score"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(self.has), 92, self.evidence)
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let context = SubsetFile::of(head);
        let count = context.replaced.len();
        let mut records = Records::new(framing, Vec::new(), context, self.visit).mapped(self.mapping);
        if count > 0 {
            records.conventions.push(format!("{count} lines are superseded by a later line with the same index"));
        }
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

/// The sample of a line; None if a later line replaces it.
fn sample<'t>(
    origin: &JsonOrigin<'t>,
    context: &'t SubsetFile,
    filter: &'static str,
) -> Result<Option<Item<'t>>, FieldError> {
    if context.replaced.contains(&origin.record.line) {
        return Ok(None);
    }
    let index =
        origin.root.get("index").and_then(id).ok_or_else(|| lacks(origin.root, "index", "the sample's index"))?;
    Ok(Some(Item {
        id: index,
        task: Cow::Borrowed(&context.task),
        filter: Cow::Borrowed(filter),
        complete: true,
        at: at(origin.root),
        ..Item::default()
    }))
}

fn prediction(origin: &JsonOrigin<'_>, context: &SubsetFile, out: &mut dyn Sink) -> Result<(), FieldError> {
    // The reviews contain the same samples, so the predictions are a separate stream.
    let Some(mut item) = sample(origin, context, "predictions")? else { return Ok(()) };
    let choices = find(origin.root, &["model_output", "choices"]);
    for choice in choices.into_iter().flat_map(|choices| choices.elements()) {
        item.candidates.extend(generated(choice)?);
    }
    out.item(&item, origin);
    Ok(())
}

fn review(origin: &JsonOrigin<'_>, context: &SubsetFile, out: &mut dyn Sink) -> Result<(), FieldError> {
    let Some(mut item) = sample(origin, context, "")? else { return Ok(()) };
    let values = find(origin.root, &["sample_score", "score", "value"]);
    for (key, value) in values.into_iter().flat_map(|values| values.members()) {
        let row = match value.kind() {
            Kind::Bool => value.as_bool().map(RowValue::Flag),
            _ => printed(value).map(RowValue::Number),
        };
        let Some(row) = row else { continue };
        item.metrics.push(Claim {
            of: RowMetric {
                name: Cow::Owned(plain(&key.as_str()).into_owned()),
                custom: false,
                definition: Definition::ByName,
            },
            value: row,
            at: at(value),
        });
    }
    out.item(&item, origin);
    Ok(())
}
