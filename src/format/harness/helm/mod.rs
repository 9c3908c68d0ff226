//! Stanford HELM: requests with the tokens of their answers, metrics per instance, metrics of the run.
//!
//! Shapes of 0.2 to 0.5, from `helm/benchmark/metrics/{metric,basic_metrics,language_modeling_metrics}.py` and
//! `helm/common/request.py`. The files of a run are in one directory. A field without a value is left out.

mod requests;
mod scored;
mod stats;
mod texts;
mod worst;

use crate::format::field::has;
use crate::format::json::{Kind, Value};
use crate::numeric::Printed;

pub(super) use requests::SCENARIO_STATE;
pub(super) use stats::{PER_INSTANCE, STATS};

/// The task of the per-instance and run-level metrics. The requests are a separate set of rows.
const INSTANCES: &str = "instances";
/// The task of the requests.
const REQUESTS: &str = "requests";

/// Name prefixes of statistics about the request rather than the quality of its answer.
const BOOKKEEPING: [&str; 10] = [
    "batch_size",
    "finish_reason_",
    "inference_",
    "num_completion",
    "num_instances",
    "num_output_tokens",
    "num_prompt_tokens",
    "num_references",
    "prompt_truncated",
    "training_",
];

/// Whether a statistic is about scores or answers.
fn is_result(name: &str) -> bool {
    !name.starts_with("num_train_") && !BOOKKEEPING.iter().any(|start| name.starts_with(start))
}

/// Key that metrics are grouped by: the split, its part, and the perturbation of the input.
fn context(holder: Value<'_>) -> String {
    context_of(holder, holder.get("perturbation").filter(|value| value.kind() == Kind::Object))
}

/// The same under another perturbation, or none.
fn context_of(holder: Value<'_>, perturbation: Option<Value<'_>>) -> String {
    let text = |key: &str| holder.get(key).and_then(|value| value.as_str());
    let mut context = text("split").unwrap_or_default().into_owned();
    if let Some(part) = text("sub_split") {
        context.push('/');
        context.push_str(&part);
    }
    if let Some(perturbation) = perturbation {
        context.push('/');
        context.push_str(&perturbed(perturbation));
    }
    context
}

/// A perturbation in words: its name, then its parameters in the order of their names. The instances that it is computed on are not a parameter.
fn perturbed(perturbation: Value<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut name = String::new();
    for (key, value) in perturbation.members() {
        match key.raw() {
            b"name" => value.raw_str().clone_into(&mut name),
            b"robustness" | b"fairness" | b"computed_on" => {}
            // One number may be written as 0.1 and as 1e-1.
            _ => match Printed::parse(value.raw()) {
                Some(number) => words.push(format!(" {}={}", key.raw_str(), number.value)),
                None => words.push(format!(" {}={}", key.raw_str(), value.raw_str())),
            },
        }
    }
    words.sort_unstable();
    name + &words.concat()
}

/// The id of an instance in one trial.
fn instance_id(id: &str, trial: i64) -> String {
    if trial == 0 { id.to_owned() } else { format!("{id} (trial {trial})") }
}

/// Whether a value is a named statistic.
fn is_stat(value: Value<'_>) -> bool {
    value.get("name").is_some_and(|name| has(name, "name", Kind::String))
        && has(value, "count", Kind::Number)
        && has(value, "sum", Kind::Number)
        && value.get("sum_squared").is_some()
}

#[cfg(test)]
mod tests {
    use super::context;
    use crate::format::json::Tape;

    #[test]
    fn numbers_are_grouped_by_split_and_perturbation() {
        let of = |text: &str| context(Tape::default().parse(text.as_bytes()).unwrap());
        assert_eq!(of(r#"{"name": "logprob", "split": "test"}"#), "test");
        assert_eq!(of(r#"{"split": "test", "sub_split": "toxic"}"#), "test/toxic");
        let typos = r#""prob": 0.1, "robustness": true, "fairness": false, "name": "misspelling""#;
        assert_eq!(
            of(&format!(r#"{{"perturbation": {{"computed_on": "perturbed", {typos}}}}}"#)),
            "/misspelling prob=0.1"
        );
        assert_eq!(
            of(r#"{"split": "test", "perturbation": {"prob": 1, "name": "dialect", "mapping": "x"}}"#),
            "test/dialect mapping=x prob=1"
        );
        assert_eq!(of(r#"{"perturbation": {"prob": 1e-1, "name": "misspelling"}}"#), "/misspelling prob=0.1");
        assert_eq!(of("{}"), "");
    }
}
