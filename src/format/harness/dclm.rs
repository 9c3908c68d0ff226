//! DCLM: the evaluation of a checkpoint over in-context-learning tasks.
//!
//! Shapes of 2024, from `eval/eval_openlm_ckpt.py` and `eval/aggregated_metrics.py` of mlfoundations/dclm.

use crate::config::InputConfig;
use crate::format::field::{at, find};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Document;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, Part, RunMetric};

/// The numbers of a checkpoint.
pub(in crate::format) static RESULTS: Results = Results;

pub(in crate::format) struct Results;

static INFO: FormatInfo = FormatInfo {
    name: "dclm-results",
    about: "evaluation of a checkpoint under DCLM",
    tool: "mlfoundations/dclm of 2024",
    files: "`<name>-heavy.json` and the like, one per checkpoint",
    recognised_by: "`eval_metrics` with `icl`",
    proven: "`aggregated_results` as the plain mean over all tasks",
    unprovable: "tasks: no rows are logged; centred results: the random baselines are in another file; means over lists of tasks",
    base: "none",
    sentinels: "a text in place of a mean: tasks are missing",
    traps: "centred results lie below 0 for a model that is worse than chance",
};

fn tasks(root: Value<'_>) -> Option<Value<'_>> {
    find(root, &["eval_metrics", "icl"]).filter(|tasks| tasks.kind() == Kind::Object)
}

impl Format for Results {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_one = head.document().is_some_and(|root| {
            let is_number = |value: Value<'_>| value.kind() == Kind::Number;
            tasks(root).is_some_and(|tasks| tasks.members().next().is_some_and(|(_, value)| is_number(value)))
        });
        if is_one { Confidence::of(91, "eval_metrics with icl") } else { Confidence::none() }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(report, "eval_metrics.icl.<task>, aggregated_…")))
    }
}

fn report(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let root = origin.root;
    let Some(tasks) = tasks(root) else { return };
    let is_number = |value: &Value<'_>| value.kind() == Kind::Number;
    let mut say = |name: &str, value: Value<'_>, parts: Vec<Part>| {
        let own = RunMetric { aggregation: Some(Aggregation::Other), parts, ..RunMetric::new("", name) };
        out.metric(own.claim(value.raw_str(), origin.locate(at(value))));
    };
    let part = |name: &str, value: Value<'_>| Part {
        name: name.to_owned(),
        printed: value.raw_str().to_owned(),
        sizes: Vec::new(),
    };
    let all: Vec<Part> =
        tasks.members().filter(|(_, own)| is_number(own)).map(|(key, own)| part(&key.as_str(), own)).collect();
    for (key, value) in tasks.members().filter(|(_, own)| is_number(own)) {
        say(&format!("icl.{}", key.as_str()), value, Vec::new());
    }
    for (key, value) in root.members() {
        let name = key.as_str();
        match value.kind() {
            Kind::Number if name == "aggregated_results" => say(&name, value, all.clone()),
            Kind::Number if name.starts_with("aggregated_") => say(&name, value, Vec::new()),
            Kind::Object if name.starts_with("aggregated_") => {
                for (inner, value) in value.members().filter(|(_, own)| is_number(own)) {
                    say(&format!("{name}.{}", inner.as_str()), value, Vec::new());
                }
            }
            _ => {}
        }
    }
    if let Some(value) = find(root, &["eval_metrics", "perplexity"]).filter(is_number) {
        say("eval_metrics.perplexity", value, Vec::new());
    }
}
