//! bigcode-evaluation-harness: `evaluation_results.json` (shares of programs that pass their tests), and the programs.

use crate::config::InputConfig;
use crate::format::field::{at, has};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Document, Records};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Aggregation, Origin, RunMetric};

/// The run-level metrics.
pub(in crate::format) static RESULTS: Results = Results;

pub(in crate::format) struct Results;

static INFO: FormatInfo = FormatInfo {
    name: "bigcode-results",
    about: "metrics of bigcode-evaluation-harness (evaluation_results.json)",
    tool: "bigcode-evaluation-harness of 2024",
    files: "`evaluation_results.json`",
    recognised_by: "`pass@k` or other numbers of tasks beside a `config` with `n_samples`",
    proven: "nothing; a share outside 0 to 1 is refuted",
    unprovable: "pass@k and the numbers of other tasks: the programs would have to be run, and which of them pass is not logged",
    base: "none",
    sentinels: "only the shared ones",
    traps: "pass@k is an estimate over all samples of a problem, not the share of problems for which one of k passes",
};

/// The programs; these files hold no numbers.
pub(in crate::format) static GENERATIONS: Generations = Generations;

pub(in crate::format) struct Generations;

static GENERATIONS_CARD: FormatInfo = FormatInfo {
    name: "bigcode-generations",
    about: "programs of bigcode-evaluation-harness (generations_<task>.json)",
    tool: "bigcode-evaluation-harness of 2024",
    files: "`generations_<task>.json` beside the results",
    recognised_by: "a list of lists of texts, and nothing else",
    proven: "nothing: it contains no numbers",
    unprovable: "nothing",
    base: "none",
    sentinels: "only the shared ones",
    traps: "the texts include the prompts",
};

impl Format for Generations {
    fn tool(&self) -> &'static str {
        "bigcode"
    }

    fn info(&self) -> &'static FormatInfo {
        &GENERATIONS_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let mut problems = head.records().peekable();
        let is_texts = |problem: Value<'_>| {
            problem.kind() == Kind::Array
                && problem.elements().next().is_some()
                && problem.elements().all(|program| program.kind() == Kind::String)
        };
        let is_list = head.framing() == Some(Framing::Elements) && problems.peek().is_some() && problems.all(is_texts);
        if is_list { Confidence::of(45, "a list of lists of texts") } else { Confidence::none() }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Records::new(Framing::Elements, Vec::new(), (), |_, (), _| Ok(()))))
    }
}

/// The numbers of a task: pass@k, or what its own evaluation gives (`avg_accuracy`, `bleu`, `num_failed_execution`, …).
fn numbers(root: Value<'_>) -> impl Iterator<Item = (&str, &str, Value<'_>)> {
    let tasks = root.members().filter(|(task, values)| task.raw() != b"config" && values.kind() == Kind::Object);
    tasks.flat_map(|(task, values)| {
        let named = values.members().map(move |(metric, value)| (task.raw_str(), metric.raw_str(), value));
        named.filter(|(_, _, value)| value.kind() == Kind::Number)
    })
}

impl Format for Results {
    fn tool(&self) -> &'static str {
        "bigcode"
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_results = head.document().is_some_and(|root| {
            // Where the head ends within the configuration, only the name of the metric says whose it is.
            let is_share = |(_, metric, _): (&str, &str, Value<'_>)| metric.starts_with("pass@");
            numbers(root).next().is_some()
                && root.get("config").is_some_and(|config| {
                    has(config, "n_samples", Kind::Number) || (head.is_cut() && numbers(root).all(is_share))
                })
        });
        if is_results {
            Confidence::of(92, "numbers of tasks beside a config with n_samples")
        } else {
            Confidence::none()
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(report, "<task>.\"pass@k\"")))
    }
}

fn report(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    for (task, metric, value) in numbers(origin.root) {
        // What other numbers are in is up to the task.
        let aggregation = if metric.starts_with("pass@") { None } else { Some(Aggregation::Other) };
        let own = RunMetric { aggregation, ..RunMetric::new(task, metric) };
        out.metric(own.claim(value.raw_str(), origin.locate(at(value))));
    }
}
