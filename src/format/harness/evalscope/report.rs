//! `reports/<model>/<benchmark>.json`: means per subset, category and metric.

#![expect(clippy::trivially_copy_pass_by_ref, clippy::unnecessary_wraps, reason = "every visit has one signature")]

use std::collections::BTreeMap;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, has};
use crate::format::harness::evalscope::{join, plain};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, RunMetric, TaskGroup, Weights};

/// The metrics of a benchmark.
pub(in crate::format) static REPORT: Report = Report;

pub(in crate::format) struct Report;

static INFO: FormatInfo = FormatInfo {
    name: "evalscope-report",
    about: "numbers of a benchmark under evalscope",
    tool: "evalscope 1.14.1 (schema 2) and before (schema 1), native backend",
    files: "`reports/<model>/<benchmark>.json`, joined to the reviews",
    recognised_by: "one object with `dataset_name`, `model_name` and `metrics` that have `categories`",
    proven: "score of a subset: mean of its reviews; `score` and `macro_score` of categories and metrics, from the subsets",
    unprovable: "aggregations other than the mean",
    base: "no log-probs",
    sentinels: "none",
    traps: "every level is rounded to 4 decimals before the next is computed; `score` weights by rows, `macro_score` equally; \
            the `macro_score` of a metric is over the `score` of its categories",
};

/// Every number is rounded to this many decimals.
const DECIMALS: i16 = 4;

fn is_report(root: Value<'_>) -> bool {
    let metrics = root.get("metrics").and_then(|metrics| metrics.elements().next());
    has(root, "dataset_name", Kind::String)
        && has(root, "model_name", Kind::String)
        && metrics.is_some_and(|metric| has(metric, "categories", Kind::Array))
}

impl Format for Report {
    fn tool(&self) -> &'static str {
        "evalscope"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head.document() {
            Some(root) if is_report(root) => Confidence::of(92, "dataset_name, model_name and metrics with categories"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = Records::new(Framing::Elements, Vec::new(), (), read)
            .mapped(&[("metrics", "metrics[].categories[].subsets[].score")]);
        if head.framing() == Some(Framing::Lines) {
            records.framing = Framing::Lines;
        }
        let schema = head.document().and_then(|root| root.get("schema_version")).map_or("1", |schema| schema.raw_str());
        records.version = Some(format!("schema {schema}"));
        records.conventions.push(format!("numbers are rounded to {DECIMALS} decimals at every level"));
        join(&mut records, head);
        Ok(Box::new(records))
    }
}

/// A metric of the report: its name as in the rows, and whether it is a mean.
fn named(metric: Value<'_>) -> Option<(String, bool)> {
    if let Some(identity) = metric.get("identity") {
        let name = identity.get("name")?.as_str()?;
        let mean = identity.get("aggregation")?.as_str()? == "mean";
        let scoped = identity.get("dimensions").is_some_and(|axes| !axes.is_container_empty());
        return Some((plain(&name).into_owned(), mean && !scoped));
    }
    let name = metric.get("name")?.as_str()?;
    let mean = name.starts_with("mean_") || plain(&name) == "accuracy";
    Some((plain(&name).into_owned(), mean))
}

struct Claims<'c> {
    origin: &'c JsonOrigin<'c>,
    metric: String,
    aggregation: Aggregation,
}

impl Claims<'_> {
    fn say(&self, task: &str, value: Option<Value<'_>>, group: Option<TaskGroup>, out: &mut dyn Sink) {
        let Some(value) = value.filter(|value| value.kind() == Kind::Number) else { return };
        out.metric(
            RunMetric {
                aggregation: Some(self.aggregation),
                group,
                decimals: Some(DECIMALS),
                ..RunMetric::new(task, &self.metric)
            }
            .claim(value.raw_str(), self.origin.locate(at(value))),
        );
    }

    fn count(&self, task: &str, value: Option<Value<'_>>, out: &mut dyn Sink) {
        let Some(value) = value.filter(|value| value.kind() == Kind::Number) else { return };
        out.metric(
            RunMetric { aggregation: Some(Aggregation::Other), ..RunMetric::new(task, "n") }
                .claim(value.raw_str(), self.origin.locate(at(value))),
        );
    }
}

fn read(origin: &JsonOrigin<'_>, _: &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let benchmark = root.get("dataset_name").and_then(|name| name.as_str()).unwrap_or_default();
    // Number of rows per task, as counted by the first metric. A later metric may count other rows.
    let mut counted: BTreeMap<String, String> = BTreeMap::new();
    for metric in root.get("metrics").into_iter().flat_map(|metrics| metrics.elements()) {
        let Some((name, mean)) = named(metric) else { continue };
        let claims =
            Claims { origin, metric: name, aggregation: if mean { Aggregation::Mean } else { Aggregation::Other } };
        let categories: Vec<Value<'_>> =
            metric.get("categories").into_iter().flat_map(|categories| categories.elements()).collect();
        let mut tasks = Vec::new();
        let mut alike = true;
        for (position, category) in categories.iter().enumerate() {
            let (subsets, same) = subsets(*category, &benchmark, &claims, &mut counted, out);
            alike &= same;
            if subsets.is_empty() {
                continue;
            }
            let task = format!("{benchmark}, {}", category_name(*category, position));
            if mean && same {
                category_claims(*category, &task, &subsets, categories.len() > 1, &claims, out);
            }
            tasks.push(task);
        }
        if mean && alike && !tasks.is_empty() {
            let weights = if tasks.len() > 1 { Weights::BySize } else { Weights::Alike };
            claims.say(&benchmark, metric.get("score"), Some(group(&tasks, weights)), out);
            let task = format!("{benchmark}, macro_score");
            claims.say(&task, metric.get("macro_score"), Some(group(&tasks, Weights::Alike)), out);
        } else {
            claims.say(&benchmark, metric.get("score"), None, out);
        }
    }
    Ok(())
}

fn group(tasks: &[String], weights: Weights) -> TaskGroup {
    TaskGroup { tasks: tasks.to_vec(), weights, nested: false, is_empty_group: false }
}

fn category_name(category: Value<'_>, position: usize) -> String {
    let name = match category.get("name") {
        Some(name) if name.kind() == Kind::Array => {
            name.elements().filter_map(|part| Some(part.as_str()?.into_owned())).collect::<Vec<String>>().join("/")
        }
        Some(name) => name.as_str().map(std::borrow::Cow::into_owned).unwrap_or_default(),
        None => String::new(),
    };
    if name.is_empty() { format!("category {position}") } else { format!("category {name}") }
}

/// Emits the metrics of a category's subsets. Returns their tasks, and whether earlier metrics counted the same rows.
fn subsets(
    category: Value<'_>,
    benchmark: &str,
    claims: &Claims<'_>,
    counted: &mut BTreeMap<String, String>,
    out: &mut dyn Sink,
) -> (Vec<String>, bool) {
    let (mut tasks, mut same) = (Vec::new(), true);
    for subset in category.get("subsets").into_iter().flat_map(|subsets| subsets.elements()) {
        let Some(name) = subset.get("name").and_then(|name| name.as_str()) else { continue };
        // Sums over other subsets are not rows.
        if subset.get("is_aggregate").and_then(|own| own.as_bool()) == Some(true) {
            continue;
        }
        let task = format!("{benchmark}_{name}");
        claims.say(&task, subset.get("score"), None, out);
        let number = subset.get("num").map(|number| number.raw_str().to_owned()).unwrap_or_default();
        match counted.get(&task) {
            Some(earlier) => same &= *earlier == number,
            None => {
                claims.count(&task, subset.get("num"), out);
                counted.insert(task.clone(), number);
            }
        }
        tasks.push(task);
    }
    (tasks, same)
}

fn category_claims(
    category: Value<'_>,
    task: &str,
    subsets: &[String],
    counts: bool,
    claims: &Claims<'_>,
    out: &mut dyn Sink,
) {
    let weights = if subsets.len() > 1 { Weights::BySize } else { Weights::Alike };
    claims.say(task, find(category, &["score"]), Some(group(subsets, weights)), out);
    let macro_task = format!("{task}, macro_score");
    claims.say(&macro_task, category.get("macro_score"), Some(group(subsets, Weights::Alike)), out);
    if counts {
        claims.count(task, category.get("num"), out);
    }
}
