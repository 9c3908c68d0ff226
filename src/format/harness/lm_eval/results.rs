//! `results_<date>.json`: the metrics of the run.

use std::collections::BTreeSet;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::at;
use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::{JsonOrigin, read_document};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::metric::catalogue::by_name;
use crate::model::{Aggregation, Origin, RunMetric, TaskGroup, Weights};
use crate::numeric::Printed;
use crate::source::Opened;

/// The run-level metrics.
pub(in crate::format) static RESULTS: Results = Results { is_fork: false };
/// The results of lmms-eval, which have the same shape.
pub(in crate::format) static LMMS_RESULTS: Results = Results { is_fork: true };

pub(in crate::format) struct Results {
    is_fork: bool,
}

static INFO: FormatInfo = FormatInfo {
    name: "lm-eval-results",
    about: "metrics of lm-evaluation-harness (results_<date>.json)",
    tool: "lm-evaluation-harness 0.4.0 to 0.4.13, 0.5 preview",
    files: "`results_<date>.json`, joined to the samples by date",
    recognised_by: "`results` and `configs`",
    proven: "means, perplexities, Brier score, standard errors of means, groups",
    unprovable: "bootstrapped standard errors: they depend on Python's generator",
    base: "e; bits per byte in base 2",
    sentinels: "\"N/A\"",
    traps: "a group may weight its tasks by size or equally, and the file does not say which",
};

static FORK: FormatInfo = FormatInfo {
    name: "lmms-eval-results",
    about: "metrics of lmms-eval (<date>_results.json)",
    tool: "lmms-eval 0.7",
    files: "`<date>_results.json`, joined to the samples by date",
    recognised_by: "`results` and `configs` with `lmms_eval_version`",
    proven: "means and their standard errors",
    unprovable: "clustered standard errors; bootstrapped ones",
    base: "none",
    sentinels: "\"N/A\"",
    traps: "stderr and stderr_clt are the same number",
};

/// Keys that only the fork writes.
const FORK_ONLY: [&str; 3] = ["lmms_eval_version", "efficiency", "git_branch"];

/// Whether a document has the metrics of a run.
pub(super) fn is_results(root: Value<'_>) -> bool {
    let is = |key: &str| root.get(key).is_some_and(|value| value.kind() == Kind::Object);
    is("results") && is("configs") && (is("n-shot") || is("versions"))
}

impl Format for Results {
    fn tool(&self) -> &'static str {
        if self.is_fork { "lmms-eval" } else { "lm-eval" }
    }

    fn info(&self) -> &'static FormatInfo {
        if self.is_fork { &FORK } else { &INFO }
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_own = |root: Value<'_>| FORK_ONLY.iter().any(|key| root.get(key).is_some()) == self.is_fork;
        let likely = if !head.is_cut() {
            head.document().is_some_and(|root| is_results(root) && is_own(root))
        } else if self.is_fork {
            let start = head.bytes.get(..64).unwrap_or(head.bytes);
            !super::lmms::key(head.name).is_empty() && memchr::memmem::find(start, b"\"results\"").is_some()
        } else {
            // The document is longer than the head, or truncated: only the first key and the name are available.
            let start = head.bytes.get(..64).unwrap_or(head.bytes);
            head.name.starts_with("results") && memchr::memmem::find(start, b"\"results\"").is_some()
        };
        if likely {
            Confidence { percent: 95, evidence: "one object with results, configs and versions".to_owned() }
        } else {
            Confidence::default()
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let version = head.document().filter(|_| !head.is_cut()).and_then(|root| root.get("lm_eval_version")?.as_str());
        let key = if self.is_fork { super::lmms::key(head.name) } else { super::date(head.name) };
        Ok(Box::new(ResultsReader { key: key.to_owned(), version: version.map(std::borrow::Cow::into_owned) }))
    }
}

struct ResultsReader {
    key: String,
    version: Option<String>,
}

impl Reader for ResultsReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_document(file, stream, out, report);
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("metrics", "results.<task>.\"<metric>,<filter>\"")])
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }

    fn run_key(&self) -> String {
        self.key.clone()
    }
}

/// Emits the metrics of a run.
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
    // In a truncated document, the configuration of a metric may be in the missing part.
    let custom = custom || (origin.is_partial && config.is_none());
    let mut filters: BTreeSet<&str> = BTreeSet::new();
    for (key, value) in values.members() {
        // Only metrics have a filter after a comma; `alias`, `name` and counts do not.
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

/// Emits a claim without a value for each metric of a group's tasks, if the file states that the group has no
/// aggregate.
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

/// The aggregation of a metric without a declared one: perplexities and bits per byte, whichever code computes their
/// rows, and the mean of the metrics that the preview of 0.5 logs as one number per row.
fn by_default(root: Value<'_>, metric: &str) -> Option<Aggregation> {
    let is_preview = root.get("lm_eval_version").is_some_and(|version| version.raw().starts_with(b"0.5"));
    if is_preview && super::samples::ONE_NUMBER.contains(&metric) {
        return Some(Aggregation::Mean);
    }
    let is_of_totals = |own: &Aggregation| *own == Aggregation::Perplexity || own.is_quotient();
    by_name(metric)?.aggregation.filter(is_of_totals)
}

/// The tasks of a group. Their weights (`weight_by_size`) are not written to the results.
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
    // A group that contains itself would recurse forever, so each name is expanded only once.
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

/// The aggregation declared in a task's metric list.
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
