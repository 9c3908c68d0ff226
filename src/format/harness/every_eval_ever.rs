//! Every Eval Ever: the aggregate file of an evaluation and its instances.
//!
//! Shapes of schema 0.3.0, from `every_eval_ever/schemas`. An evaluation is `<uuid>.json` with `<uuid>_samples.jsonl`.

#![expect(clippy::trivially_copy_pass_by_ref, clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, id, lacks, printed};
use crate::format::json::{Kind, Tape, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::metric::quotient;
use crate::model::{Aggregation, Claim, Definition, Item, Origin, RowClaim, RowMetric, RowValue, RunMetric};
use crate::numeric::Printed;

/// The aggregate file.
pub(in crate::format) static AGGREGATE: Aggregate = Aggregate;
/// The instances.
pub(in crate::format) static INSTANCES: Instances = Instances;

pub(in crate::format) struct Aggregate;

pub(in crate::format) struct Instances;

const TOOL: &str = "every_eval_ever 0.3.0";
const FILES: &str = "`<uuid>.json`, joined to `<uuid>_samples.jsonl`";

static AGGREGATE_CARD: FormatInfo = FormatInfo {
    name: "every-eval-ever",
    about: "numbers of an evaluation under the Every Eval Ever schema",
    tool: TOOL,
    files: FILES,
    recognised_by: "`schema_version`, `evaluation_id` and `evaluation_results` with `score_details`",
    proven: "`score` as the mean of its instances, `standard_error`, `num_samples`; perplexities converted from \
             lm-evaluation-harness",
    unprovable: "scores without instances; scores that are not means; confidence intervals",
    base: "none",
    sentinels: "none",
    traps: "instances belong to a score by `evaluation_result_id`; where it is null their `score` may be a stub of 0",
};

static INSTANCES_CARD: FormatInfo = FormatInfo {
    name: "every-eval-ever-instances",
    about: "instances of an evaluation under the Every Eval Ever schema",
    tool: TOOL,
    files: FILES,
    recognised_by: "lines with `evaluation_id`, `sample_id` and `evaluation` with `score`",
    proven: "`score`, if the metadata repeats it",
    unprovable: "`score` and `is_correct` otherwise: log-probs of choices are not in the schema",
    base: "none",
    sentinels: "none",
    traps: "a row per document and metric; `input.reference` may be an index as text even if the choices are words",
};

fn is_aggregate(root: Value<'_>) -> bool {
    let first = root.get("evaluation_results").and_then(|results| results.elements().next());
    root.get("schema_version").is_some()
        && root.get("evaluation_id").is_some()
        && first.is_some_and(|result| result.get("evaluation_name").is_some())
}

fn is_instance(record: Value<'_>) -> bool {
    record.get("evaluation_id").is_some()
        && record.get("sample_id").is_some()
        && find(record, &["evaluation", "score"]).is_some()
}

/// The part of the file name that the two files of an evaluation share.
fn key(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.strip_suffix("_samples").unwrap_or(stem).to_owned()
}

impl Format for Aggregate {
    fn tool(&self) -> &'static str {
        "every-eval-ever"
    }

    fn info(&self) -> &'static FormatInfo {
        &AGGREGATE_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["evaluation_id"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if is_aggregate(root) => Confidence::of(92, "schema_version and evaluation_results"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Elements);
        let mut records = Records::new(framing, Vec::new(), (), numbers)
            .mapped(&[("metrics", "evaluation_results[].score_details.score")]);
        let version = head.document().and_then(|root| root.get("schema_version")?.as_str());
        records.version = version.map(|version| format!("schema {version}"));
        records.run_key = key(head.name);
        Ok(Box::new(records))
    }
}

impl Format for Instances {
    fn tool(&self) -> &'static str {
        "every-eval-ever"
    }

    fn info(&self) -> &'static FormatInfo {
        &INSTANCES_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["evaluation_id"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_instance), 92, "evaluation_id, sample_id and evaluation.score")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut records = Records::new(framing, Vec::new(), (), instance).mapped(&[
            ("item", "sample_id"),
            ("task", "evaluation_name"),
            ("filter", "evaluation_result_id"),
            ("row metrics", "evaluation.score"),
        ]);
        records.run_key = key(head.name);
        Ok(Box::new(records))
    }
}

fn numbers(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    for result in origin.root.get("evaluation_results").into_iter().flat_map(|results| results.elements()) {
        let task = result.get("evaluation_name").and_then(id).unwrap_or_default();
        let result_id = result.get("evaluation_result_id").and_then(id).unwrap_or_default();
        let config = |key: &str| find(result, &["metric_config", key]).and_then(|value| value.as_str());
        // Version 0.0.1 names neither the metric nor the result.
        let named = config("metric_name").or_else(|| config("metric_id")).unwrap_or_else(|| result_id.clone());
        let metric = if named.is_empty() { Cow::Borrowed("score") } else { named };
        // An accuracy is a mean of its rows. For other scores, only a match with the rows shows that.
        let accuracy = config("metric_kind").is_some_and(|kind| kind == "accuracy");
        let claim = |name: &str, value: Value<'_>| {
            RunMetric {
                filter: result_id.clone().into_owned(),
                rows: Some("score".to_owned()),
                aggregation: Some(Aggregation::Mean),
                custom: !accuracy,
                ..RunMetric::new(&task, name)
            }
            .claim(value.raw_str(), origin.locate(at(value)))
        };
        let number = |path: &[&str]| find(result, path).filter(|value| value.kind() == Kind::Number);
        if let Some(score) = number(&["score_details", "score"]) {
            let mut score = claim(&metric, score);
            if let Some(aggregation) = quotient(&metric) {
                score.of.rows = Some(metric.clone().into_owned());
                score.of.aggregation = Some(aggregation);
            }
            out.metric(score);
        }
        if let Some(error) = number(&["score_details", "uncertainty", "standard_error", "value"]) {
            let method = find(result, &["score_details", "uncertainty", "standard_error", "method"]);
            let analytic = method.and_then(|method| method.as_str()).is_none_or(|method| method == "analytic");
            if analytic && quotient(&metric).is_none() {
                let mut error = claim(&metric, error);
                error.of.stderr = true;
                out.metric(error);
            }
        }
        if let Some(count) = number(&["score_details", "uncertainty", "num_samples"]) {
            let mut count = claim("num_samples", count);
            (count.of.rows, count.of.custom) = (None, false);
            out.metric(count);
        }
    }
    Ok(())
}

fn instance(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("sample_id").and_then(id).ok_or_else(|| lacks(root, "sample_id", "the instance's id"))?;
    let result = root.get("evaluation_result_id").and_then(id);
    let item = |filter: Cow<'_, str>, metric: RowClaim<'_>, out: &mut dyn Sink| {
        let item = Item {
            id: name.clone(),
            task: root.get("evaluation_name").and_then(id).unwrap_or_default(),
            filter,
            metrics: vec![metric],
            complete: true,
            at: at(root),
            ..Item::default()
        };
        out.item(&item, origin);
    };
    let metadata = find(root, &["metadata", "lm_eval_metrics"]);
    let nested = metadata.and_then(|text| text.as_str());
    let mut tape = Tape::default();
    let nested = nested.as_ref().and_then(|text| tape.parse(text.as_bytes()).ok());
    let score = find(root, &["evaluation", "score"]);
    if result.is_none() {
        // For log-likelihoods of whole texts, the score of the row is only a stub.
        let raw = find(root, &["output", "raw"]).and_then(|raw| raw.elements().next()).and_then(printed);
        let mut pairs = 0_usize;
        for (key, value) in nested.into_iter().flat_map(|metrics| metrics.members()) {
            let Some((total, count)) = pair(value) else { continue };
            pairs += 1;
            let metric = Claim {
                of: RowMetric {
                    name: key.as_str(),
                    custom: false,
                    definition: raw.map_or(Definition::ByName, Definition::SameNumber),
                },
                value: RowValue::Pair(total, count),
                at: metadata.map_or_else(|| at(root), at),
            };
            item(key.as_str(), metric, out);
        }
        if pairs > 0 {
            return Ok(());
        }
    }
    let Some((score, number)) = score.and_then(|score| Some((score, printed(score)?))) else { return Ok(()) };
    let again = result.as_ref().and_then(|result| printed(nested?.get(result)?));
    let metric = Claim {
        of: RowMetric {
            name: Cow::Borrowed("score"),
            custom: false,
            definition: again.map_or(Definition::ByName, Definition::SameNumber),
        },
        value: RowValue::Number(number),
        at: at(score),
    };
    item(result.clone().unwrap_or_default(), metric, out);
    Ok(())
}

/// A total with its count: `[-272.7, 52]`.
fn pair(value: Value<'_>) -> Option<(Printed, Printed)> {
    let mut parts = value.elements();
    let both = (printed(parts.next()?)?, printed(parts.next()?)?);
    (value.kind() == Kind::Array && parts.next().is_none()).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn both_files_have_one_key() {
        assert_eq!(key("f3df-0a.json"), "f3df-0a");
        assert_eq!(key("f3df-0a_samples.jsonl"), "f3df-0a");
    }
}
