//! `results_<date>.json`: the metrics of the run.

use std::collections::BTreeMap;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{at, has};
use crate::format::harness::lighteval::{date, run_directory};
use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::{JsonOrigin, read_document};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, RunMetric, TaskGroup, Weights};
use crate::source::Opened;

/// The run-level metrics.
pub(in crate::format) static RESULTS: Results = Results;

pub(in crate::format) struct Results;

static INFO: FormatInfo = FormatInfo {
    name: "lighteval-results",
    about: "metrics of lighteval (results_<date>.json)",
    tool: "lighteval 0.4 to 0.13",
    files: "`results/<model>/results_<date>.json`, joined to `details/<model>/<date>/` by the date",
    recognised_by: "`results` with `config_general` and `config_tasks` or `versions`",
    proven: "means and their standard errors, perplexities, bits_per_byte, averages over subtasks and over all tasks",
    unprovable: "bootstrapped standard errors, corpus metrics (F1, MCC, BLEU), largest and smallest values of rows",
    base: "e; bits_per_byte in base 2",
    sentinels: "NaN where a number overflowed",
    traps: "an average over subtasks weights them equally, including standard errors; ppl is per document; a bootstrapped standard \
            error is about 31.6 times too small, because it is divided by the square root of the 1000 draws",
};

impl Format for Results {
    fn tool(&self) -> &'static str {
        "lighteval"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_results = head.document().is_some_and(|root| {
            has(root, "config_general", Kind::Object)
                && (has(root, "results", Kind::Object) || head.is_cut())
                && (root.get("config_tasks").is_some() || root.get("versions").is_some() || head.is_cut())
        });
        if is_results { Confidence::of(95, "one object with results and config_general") } else { Confidence::none() }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let general = head.document().and_then(|root| root.get("config_general"));
        let version = general.and_then(|general| general.get("lighteval_sha")?.as_str());
        Ok(Box::new(ResultsReader {
            key: date(head.name).to_owned(),
            directory: run_directory(head),
            version: version.filter(|sha| sha != "?").map(std::borrow::Cow::into_owned),
        }))
    }
}

struct ResultsReader {
    key: String,
    directory: Option<String>,
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
        read_document(file, stream, out, |origin, out| numbers(origin, out));
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("metrics", "results.<task>.<metric>")])
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }

    fn run_key(&self) -> String {
        self.key.clone()
    }

    fn run_directory(&self) -> Option<String> {
        self.directory.clone()
    }
}

fn numbers(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let tasks = || origin.root.get("results").into_iter().flat_map(|results| results.members());
    let named = || tasks().filter_map(|(name, values)| Some((std::str::from_utf8(name.raw()).ok()?, values)));
    // The tasks that have each metric, for the averages.
    let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (task, values) in named().filter(|(task, _)| !is_average(task)) {
        for (key, _) in values.members().filter(|(_, value)| value.kind() == Kind::Number) {
            holders.entry(key.raw_str()).or_default().push(task);
        }
    }
    for (task, values) in named() {
        for (key, value) in values.members() {
            claim(task, key.raw_str(), value, &holders, origin, out);
        }
    }
}

fn is_average(task: &str) -> bool {
    task == "all" || task.contains(":_average")
}

/// Whether a task is part of an average.
fn enters(task: &str, average: &str) -> bool {
    match average.split_once(":_average") {
        None => true,
        Some((start, end)) => task.strip_prefix(start).is_some_and(|rest| rest.starts_with(':')) && task.ends_with(end),
    }
}

fn claim(
    task: &str,
    key: &str,
    value: Value<'_>,
    holders: &BTreeMap<&str, Vec<&str>>,
    origin: &JsonOrigin<'_>,
    out: &mut dyn Sink,
) {
    let (metric, stderr) = match key.strip_suffix("_stderr") {
        Some(metric) => (metric, true),
        None => (key, false),
    };
    let aggregation = match metric {
        "ppl" => Aggregation::Perplexity,
        _ => crate::metric::quotient(metric).unwrap_or(Aggregation::Mean),
    };
    let members = || holders.get(key).into_iter().flatten().filter(|member| enters(member, task));
    let group = is_average(task).then(|| TaskGroup {
        tasks: members().map(|member| (*member).to_owned()).collect(),
        weights: Weights::Alike,
        nested: false,
        is_empty_group: false,
    });
    let printed = if value.kind() == Kind::Number { value.raw_str() } else { "" };
    out.metric(
        RunMetric {
            stderr,
            aggregation: Some(aggregation), // Of a document that breaks off, tasks that enter an average may be missing.
            custom: origin.is_partial && group.is_some(),
            group,
            ..RunMetric::new(task, metric)
        }
        .claim(printed, origin.locate(at(value))),
    );
}

#[cfg(test)]
mod tests {
    use super::enters;

    #[test]
    fn subtasks_enter_the_average_of_their_task_and_shots() {
        assert!(enters("mmlu:law|5", "mmlu:_average|5"));
        assert!(enters("leaderboard|mmlu:law|5", "leaderboard|mmlu:_average|5"));
        assert!(!enters("mmlu:law|0", "mmlu:_average|5"));
        assert!(!enters("mmlu_pro:law|5", "mmlu:_average|5"));
        assert!(enters("gsm8k|5", "all"));
    }
}
