//! `BigScience`'s lm-evaluation-harness: the numbers of tasks under several prompts.
//!
//! Shapes of its branch with prompts of `promptsource`, from `lm_eval/evaluator.py` (`evaluate`, `cli_evaluate`) and
//! `scripts/agg2slim.py`: an entry per task, prompt and metric.

use crate::config::InputConfig;
use crate::format::field::{at, has};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Document;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, RunMetric};

/// The run-level metrics.
pub(in crate::format) static RESULTS: Results = Results;

pub(in crate::format) struct Results;

static INFO: FormatInfo = FormatInfo {
    name: "bigscience-results",
    about: "metrics of BigScience's lm-evaluation-harness (agg.….json, slim.….json)",
    tool: "bigscience-workshop/lm-evaluation-harness of 2022",
    files: "`agg.<settings>.json`, `slim.<settings>.json`",
    recognised_by: "`results` as a list of `task_name` and `prompt_name` with a metric",
    proven: "standard errors of shares",
    unprovable: "everything else: no rows are written in a known shape; standard errors of other metrics are bootstrapped",
    base: "none",
    sentinels: "none",
    traps: "one task has an entry per prompt and metric; bleu, rouge and the like are between 0 and 100",
};

fn entries(root: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    root.get("results").filter(|list| list.kind() == Kind::Array).into_iter().flat_map(|list| list.elements())
}

fn is_entry(entry: Value<'_>) -> bool {
    has(entry, "task_name", Kind::String) && entry.get("prompt_name").is_some()
}

impl Format for Results {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_one = head.document().is_some_and(|root| entries(root).next().is_some() && entries(root).all(is_entry));
        if is_one { Confidence::of(91, "results with task_name and prompt_name") } else { Confidence::none() }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(report, "results[].<metric>")))
    }
}

/// Numbers of an entry that are not metrics.
const OTHERS: [&str; 2] = ["prompt_id", "subset"];

fn report(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    for entry in entries(origin.root) {
        let text = |key: &str| entry.get(key).and_then(|own| own.as_str()).unwrap_or_default();
        let (task, prompt) = (text("task_name"), text("prompt_name"));
        let task = if prompt.is_empty() { task.into_owned() } else { format!("{task} ({prompt})") };
        for (key, value) in entry.members().filter(|(_, value)| value.kind() == Kind::Number) {
            let key = key.as_str();
            if OTHERS.contains(&&*key) {
                continue;
            }
            let name = key.strip_suffix("_stderr");
            let metric = name.unwrap_or(&key);
            let is_share = ["acc", "acc_norm", "em", "exact_match"].contains(&metric);
            let aggregation = Some(if is_share { Aggregation::Mean } else { Aggregation::Other });
            let own = RunMetric { stderr: name.is_some(), aggregation, ..RunMetric::new(&task, metric) };
            out.metric(own.claim(value.raw_str(), origin.locate(at(value))));
        }
    }
}
