//! `<task>-metrics.json` and `metrics-all.jsonl`: the metrics of tasks; `metrics.json`: the metrics of the run.

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, has, lacks};
use crate::format::harness::olmes::{stem, stem_of};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, RunMetric};
use crate::numeric::Printed;

/// The metrics of tasks and runs.
pub(in crate::format) static METRICS: Metrics = Metrics;

pub(in crate::format) struct Metrics;

static INFO: FormatInfo = FormatInfo {
    name: "olmes-metrics",
    about: "metrics of AI2 OLMES (…-metrics.json, metrics.json, metrics-all.jsonl)",
    tool: "OLMES and oe-eval of 2024 to 2026",
    files: "`task-000-<task>-metrics.json`, `metrics.json`, `metrics-all.jsonl` beside the predictions",
    recognised_by: "`metrics` with `task_hash` and `task_config`; `all_primary_scores` with `tasks`",
    proven: "means over documents, primary_score",
    unprovable: "aggregates over several tasks, whose weights are not logged",
    base: "as in the rows",
    sentinels: "only the shared ones",
    traps: "the mean of bits_per_byte is over documents, not bytes; all_primary_scores are strings with six significant digits; \
            the means of *_corr include -999 of choices that were not found",
};

impl Format for Metrics {
    fn tool(&self) -> &'static str {
        "olmes"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["task_hash", "all_primary_scores"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| is_task(record) || is_run(record));
        Confidence::of_share(share, 94, "metrics of a task with task_hash, or all_primary_scores of tasks")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().unwrap_or(Framing::Elements);
        let own = stem(head.name, "-metrics.json");
        let stem = if own == head.name { String::new() } else { own.to_owned() };
        Ok(Box::new(Records::new(framing, Vec::new(), Named { stem }, visit).mapped(&[("metrics", "metrics")])))
    }
}

/// Information from the file name: the prefix shared with the task's other files; empty for files of several tasks.
struct Named {
    stem: String,
}

fn is_task(record: Value<'_>) -> bool {
    has(record, "metrics", Kind::Object)
        && has(record, "task_name", Kind::String)
        && record.get("task_hash").is_some()
        && record.get("model_output").is_none()
}

fn is_run(record: Value<'_>) -> bool {
    has(record, "all_primary_scores", Kind::Array) && has(record, "tasks", Kind::Array)
}

fn visit(origin: &JsonOrigin<'_>, named: &Named, out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    if !is_run(root) {
        if !is_task(root) {
            return Err(lacks(root, "metrics", "an object, with task_name and task_hash"));
        }
        let name = root.get("task_name").and_then(|name| name.as_str()).unwrap_or_default();
        let position = root.get("task_idx").and_then(field::integer);
        let by_position = || position.map_or_else(|| name.clone().into_owned(), |at| stem_of(at, &name));
        let task = if named.stem.is_empty() { by_position() } else { named.stem.clone() };
        numbers(root, &task, origin, out);
        return Ok(());
    }
    let primary = || root.get("all_primary_scores").into_iter().flat_map(|scores| scores.elements());
    for (position, task) in (0..).zip(root.get("tasks").into_iter().flat_map(|tasks| tasks.elements())) {
        let text = |value: Option<Value<'_>>| value.and_then(|value| value.as_str()).map(std::borrow::Cow::into_owned);
        let alias = text(task.get("alias"));
        let name = text(field::find(task, &["task_config", "task_name"])).or_else(|| alias.clone()).unwrap_or_default();
        let stem = stem_of(position, &name);
        numbers(task, &stem, origin, out);
        let (Some(alias), Some(metric)) = (alias, primary_metric(task)) else { continue };
        for score in primary() {
            let Some(text) = score.as_str() else { continue };
            let printed = text.strip_prefix(alias.as_str()).and_then(|rest| rest.strip_prefix(": "));
            let Some(number) = printed.and_then(|printed| Printed::parse(printed.as_bytes())) else { continue };
            out.metric(
                RunMetric {
                    rows: Some(metric.clone()),
                    aggregation: Some(Aggregation::Mean),
                    decimals: Some(six_digits(number.value)),
                    ..RunMetric::new(&stem, "primary_score")
                }
                .claim(printed.unwrap_or_default(), origin.locate(at(score))),
            );
        }
    }
    Ok(())
}

/// Decimals of a number that is printed with six significant digits.
fn six_digits(value: f64) -> i16 {
    let mut decimals = 6;
    let mut size = value.abs();
    while size >= 1.0 && decimals > -300 {
        size /= 10.0;
        decimals -= 1;
    }
    decimals
}

fn primary_metric(task: Value<'_>) -> Option<String> {
    Some(field::find(task, &["task_config", "primary_metric"])?.as_str()?.into_owned())
}

/// The metrics of one task.
fn numbers(task: Value<'_>, stem: &str, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let primary = primary_metric(task);
    let metrics = task.get("metrics");
    let extra = metrics.and_then(|metrics| metrics.get("extra_metrics")).filter(|extra| extra.kind() == Kind::Object);
    for (name, value) in metrics.into_iter().chain(extra).flat_map(|metrics| metrics.members()) {
        let (Ok(name), Kind::Number) = (std::str::from_utf8(name.raw()), value.kind()) else { continue };
        out.metric(
            RunMetric {
                rows: primary.clone().filter(|_| name == "primary_score"),
                aggregation: Some(Aggregation::Mean),
                ..RunMetric::new(stem, name)
            }
            .claim(value.raw_str(), origin.locate(at(value))),
        );
    }
    if let Some(count) = task.get("num_instances").filter(|count| count.kind() == Kind::Number) {
        out.metric(
            RunMetric { aggregation: Some(Aggregation::Other), ..RunMetric::new(stem, "n") }
                .claim(count.raw_str(), origin.locate(at(count))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::six_digits;

    #[test]
    fn six_significant_digits_leave_fewer_decimals_of_larger_numbers() {
        assert_eq!([0.437_512, 1.091_27, 95.8477].map(six_digits), [6, 5, 4]);
        assert_eq!(six_digits(f64::INFINITY), -300);
    }
}
