//! The numbers of a run, as results have them.

use std::collections::BTreeSet;

use crate::format::Sink;
use crate::format::field::at;
use crate::format::harness::lm_eval::samples::ONE_NUMBER;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::metric::catalogue::by_name;
use crate::model::{Aggregation, Origin, RunMetric, TaskGroup, Weights};
use crate::numeric::Printed;

/// The numbers of a run.
pub(super) fn report(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let root = origin.root;
    for (task, values) in root.get("results").into_iter().flat_map(|results| results.members()) {
        let Ok(task) = std::str::from_utf8(task.raw()) else { continue };
        claims(root, task, values, origin, out);
        without_value(root, task, values, origin, out);
    }
}

fn claims(root: Value<'_>, task: &str, values: Value<'_>, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let config = root.get("configs").and_then(|configs| configs.get(task));
    let custom =
        config.and_then(|config| config.get("process_results")).is_some_and(|value| value.kind() == Kind::String);
    let group = group(root, task);
    // What a document that breaks off says of a number may stand behind the break.
    let custom = custom || (origin.is_partial && config.is_none());
    let mut filters: BTreeSet<&str> = BTreeSet::new();
    for (key, value) in values.members() {
        // Only metrics have a filter behind a comma; `alias`, `name` and counts have none.
        let Ok(key) = std::str::from_utf8(key.raw()) else { continue };
        let Some((name, filter)) = key.rsplit_once(',') else { continue };
        if name.ends_with("_stderr_clustered") {
            continue;
        }
        let stderr = name.strip_suffix("_stderr").or_else(|| name.strip_suffix("_stderr_clt"));
        let (metric, stderr) = match stderr {
            Some(metric) => (metric, true),
            None => (name, false),
        };
        let printed = match value.kind() {
            Kind::Number => value.raw_str(),
            // Some versions write numpy values as strings; "N/A" is not a claim.
            Kind::String if Printed::parse(value.raw()).is_some() => value.raw_str(),
            _ => "",
        };
        filters.insert(filter);
        out.metric(
            RunMetric {
                filter: filter.to_owned(),
                stderr,
                aggregation: config.and_then(|config| aggregation(config, metric)).or_else(|| by_default(root, metric)),
                group: group.clone(),
                custom,
                ..RunMetric::new(task, metric)
            }
            .claim(printed, origin.locate(at(value))),
        );
    }
    let samples = root.get("n-samples").and_then(|samples| samples.get(task)?.get("effective"));
    if let Some(value) = samples.filter(|value| value.kind() == Kind::Number) {
        for filter in filters {
            out.metric(
                RunMetric {
                    filter: filter.to_owned(),
                    aggregation: Some(Aggregation::Other),
                    ..RunMetric::new(task, "n")
                }
                .claim(value.raw_str(), origin.locate(at(value))),
            );
        }
    }
}

/// A claim without a value for each metric of a group's tasks, where the file says that nothing was aggregated for it.
fn without_value(root: Value<'_>, task: &str, values: Value<'_>, origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let is_empty = values.get("sample_count").is_some_and(|counts| counts.is_container_empty());
    let has_metric = values.members().any(|(key, _)| key.raw_str().contains(','));
    let Some(group) = group(root, task).filter(|_| is_empty && !has_metric) else { return };
    let first = group.tasks.first().and_then(|first| root.get("results")?.get(first));
    for (key, _) in first.into_iter().flat_map(|first| first.members()) {
        let Some((metric, filter)) = key.raw_str().rsplit_once(',') else { continue };
        if metric.ends_with("_stderr") {
            continue;
        }
        out.metric(
            RunMetric {
                filter: filter.to_owned(),
                group: Some(TaskGroup { is_empty_group: true, ..group.clone() }),
                ..RunMetric::new(task, metric)
            }
            .claim("", origin.locate(at(values))),
        );
    }
}

/// The aggregation that a metric has without being told: perplexities and bits per byte whatever code computes their rows,
/// and the mean of those that the preview of 0.5 logs as one number per row.
fn by_default(root: Value<'_>, metric: &str) -> Option<Aggregation> {
    let is_preview = root.get("lm_eval_version").is_some_and(|version| version.raw().starts_with(b"0.5"));
    if is_preview && ONE_NUMBER.contains(&metric) {
        return Some(Aggregation::Mean);
    }
    let is_of_totals = |own: &Aggregation| *own == Aggregation::Perplexity || own.is_quotient();
    by_name(metric)?.aggregation.filter(is_of_totals)
}

/// The tasks of a group of tasks. How they are weighed (`weight_by_size`) is not written to the results.
fn group(root: Value<'_>, task: &str) -> Option<TaskGroup> {
    let subtasks = root.get("group_subtasks")?;
    let members = |name: &str| -> Vec<String> {
        let list = subtasks.get(name).into_iter().flat_map(|list| list.elements());
        list.filter_map(|member| Some(member.as_str()?.into_owned())).collect()
    };
    let direct = members(task);
    if direct.is_empty() {
        return None;
    }
    let mut leaves: BTreeSet<String> = BTreeSet::new();
    let mut open = direct.clone();
    // A group that holds itself would never end: no name is opened twice.
    let mut opened: BTreeSet<String> = BTreeSet::from([task.to_owned()]);
    while let Some(name) = open.pop() {
        let inside = members(&name);
        if inside.is_empty() {
            leaves.insert(name);
        } else if opened.insert(name) {
            open.extend(inside);
        }
    }
    Some(TaskGroup {
        tasks: leaves.into_iter().collect(),
        weights: Weights::Either,
        nested: opened.len() > 1,
        is_empty_group: false,
    })
}

/// The aggregation that a task's metric list names.
fn aggregation(config: Value<'_>, metric: &str) -> Option<Aggregation> {
    let entry = config
        .get("metric_list")?
        .elements()
        .find(|entry| entry.get("metric").and_then(|name| name.as_str()).is_some_and(|name| name == metric))?;
    Some(match entry.get("aggregation")?.as_str()?.as_ref() {
        "mean" => Aggregation::Mean,
        "perplexity" => Aggregation::Perplexity,
        "weighted_perplexity" => Aggregation::WeightedPerplexity,
        "bits_per_byte" => Aggregation::BitsPerByte,
        "brier_score" => Aggregation::Brier,
        _ => Aggregation::Other,
    })
}
