//! Langfuse: exported scores of traces, observations and dataset runs.
//!
//! Shape of the API's versions 1 and 2: `NumericScore`, `BooleanScore` and `CategoricalScore` in
//! `fern/apis/server/definition/commons.yml` of langfuse/langfuse, as a page of `GET /api/public/v2/scores` or one per line.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, exact, has, lacks};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Claim, Definition, Item, Origin, RowClaim, RowMetric, RowValue, RunMetric, stable_hash,
};

pub(super) static SCORES: Scores = Scores;

pub(super) struct Scores;

static INFO: FormatInfo = FormatInfo {
    name: "langfuse-scores",
    about: "exported scores of Langfuse",
    tool: "Langfuse 3 to 5, API 1 and 2",
    files: "a page of scores (`data` beside `meta`), an array or JSON Lines",
    recognised_by: "`name`, `value`, `dataType` and `source` beside `traceId`, `sessionId` or `datasetRunId`",
    proven: "`stringValue` of a boolean score; a score of a dataset run (`accuracy`, `avg_accuracy`, `mean_accuracy`) that is the mean of the \
             scores of that name",
    unprovable: "the scores themselves; a score of a dataset run that is not that mean: which traces belong to a run is not in the scores",
    base: "none",
    sentinels: "categorical scores without a number",
    traps: "an export may hold scores of other traces; a boolean score has the value 1 or 0",
};

/// Words in front of or behind the name of a score that is a mean of others.
const MEANS: [&str; 3] = ["average", "avg", "mean"];

fn is_score(record: Value<'_>) -> bool {
    let is_of = |key: &&str| has(record, key, Kind::String);
    has(record, "name", Kind::String)
        && has(record, "dataType", Kind::String)
        && has(record, "source", Kind::String)
        && ["value", "stringValue"].iter().any(|key| record.get(key).is_some())
        && ["traceId", "sessionId", "datasetRunId"].iter().any(is_of)
}

/// The scores of a page of the API.
fn page(root: Value<'_>) -> Option<Value<'_>> {
    root.get("data").filter(|data| data.kind() == Kind::Array && root.get("meta").is_some())
}

impl Format for Scores {
    fn tool(&self) -> &'static str {
        "langfuse"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        const EVIDENCE: &str = "name, value, dataType and source of scores";
        let of_page = head.document().and_then(page).is_some_and(|list| list.elements().next().is_some_and(is_score));
        if of_page { Confidence::of(92, EVIDENCE) } else { Confidence::of_share(head.share(is_score), 92, EVIDENCE) }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let is_page = head.document().and_then(page).is_some();
        let framing = if is_page { Some(Framing::Nested(&["data"])) } else { head.framing() };
        let framing = framing.ok_or_else(|| "expected JSON".to_owned())?;
        let records = Records::new(framing, Vec::new(), (), visit);
        Ok(Box::new(records.mapped(&[("item", "traceId"), ("filter", "name"), ("row metrics", "value")])))
    }
}

/// The name of the scores that a score of a run is the mean of.
fn beneath(name: &str) -> &str {
    let strip = |word: &&str| {
        let front = name.strip_prefix(*word).and_then(|rest| rest.strip_prefix(['_', '-', ' ', '.']));
        front.or_else(|| name.strip_suffix(*word).and_then(|rest| rest.strip_suffix(['_', '-', ' ', '.'])))
    };
    MEANS.iter().find_map(strip).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn visit(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let text = |key: &str| root.get(key).and_then(|value| value.as_str()).filter(|own| !own.is_empty());
    let name = text("name").ok_or_else(|| lacks(root, "name", "the score's name"))?;
    let value = root.get("value").filter(|value| value.kind() == Kind::Number);
    let of_row = text("traceId").or_else(|| text("sessionId"));
    if let (None, Some(_)) = (&of_row, text("datasetRunId")) {
        let Some(value) = value else { return Ok(()) };
        let beneath = beneath(&name).to_owned();
        let metric = RunMetric {
            filter: beneath.clone(),
            rows: Some(beneath),
            aggregation: Some(Aggregation::Mean),
            ..RunMetric::new("", &name)
        };
        out.metric(metric.claim(value.raw_str(), origin.locate(at(value))));
        return Ok(());
    }
    let id = of_row.ok_or_else(|| lacks(root, "traceId", "what the score is of"))?;
    let once = field::execution(root).filter(|ids| ids.iter().all(|id| !id.is_empty()));
    let (id, distinct) = match once {
        Some([observation, execution]) => (Cow::Owned(format!("{observation} {execution}")), 0),
        None => {
            let id = text("observationId").map_or(id.clone(), |part| Cow::Owned(format!("{id} {part}")));
            // A trace may be scored several times.
            (id, root.get("id").and_then(field::id).map_or(0, |id| stable_hash(&*id)))
        }
    };
    let mut item = Item { id, filter: name.clone(), distinct, complete: true, at: at(root), ..Item::default() };
    item.metrics.extend(value.and_then(|value| score(name.clone(), value)));
    item.metrics.extend(value.and_then(|value| said(root, &name, value)));
    if !item.metrics.is_empty() {
        out.item(&item, origin);
    }
    Ok(())
}

/// A score: what gives it is code, a model or a person.
fn score<'t>(name: Cow<'t, str>, value: Value<'t>) -> Option<RowClaim<'t>> {
    let of = RowMetric { name, custom: true, definition: Definition::ByName };
    Some(Claim { of, value: RowValue::Number(exact(value)?), at: at(value) })
}

/// The text of a boolean score.
fn said<'t>(root: Value<'t>, name: &str, value: Value<'t>) -> Option<RowClaim<'t>> {
    root.get("dataType").and_then(|kind| kind.as_str()).filter(|kind| kind == "BOOLEAN")?;
    let text = root.get("stringValue")?;
    let flag = match &*text.as_str()? {
        "True" => true,
        "False" => false,
        _ => return None,
    };
    let definition = Definition::SameNumber(exact(value)?);
    let of = RowMetric { name: format!("{name}.stringValue").into(), custom: false, definition };
    Some(Claim { of, value: RowValue::Flag(flag), at: at(text) })
}

#[cfg(test)]
mod tests {
    use super::beneath;

    #[test]
    fn the_mean_of_a_score_is_named_after_it() {
        let names = ["avg_accuracy", "accuracy-mean", "average helpfulness", "mean", "meaning", "f1"].map(beneath);
        assert_eq!(names, ["accuracy", "accuracy", "helpfulness", "mean", "meaning", "f1"]);
    }
}
