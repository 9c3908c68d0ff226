//! AI2 olmo-eval, the successor of OLMES: rows per document, and the metrics of tasks.
//!
//! Shapes of 2026, from `build_predictions` in `olmo_eval/runners/io/builders.py`, `olmo_eval/common/metrics` and `MetricsOutput`
//! in `olmo_eval/runners/common/models.py`.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, exact, find, has, lacks, text};
use crate::format::harness::olmes::predictions::{candidate, columns};
use crate::format::harness::olmes::stem;
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Document, Records};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Claim, Definition, Divisor, Item, Origin, PickRef, Ranking, RowMetric, RowValue, RunMetric,
    ScoreOutput,
};

/// The rows.
pub(in crate::format) static ROWS: Rows = Rows;
/// The metrics of tasks.
pub(in crate::format) static TASKS: Tasks = Tasks;

pub(in crate::format) struct Rows;

pub(in crate::format) struct Tasks;

static ROWS_CARD: FormatInfo = FormatInfo {
    name: "olmo-eval-predictions",
    about: "rows of AI2 olmo-eval (…-predictions.jsonl)",
    tool: "olmo-eval of 2026",
    files: "`predictions/<model>/<task>_<hash>-predictions.jsonl`",
    recognised_by: "`model_output` with `instance_metrics` and `doc_id`",
    proven: "logits_per_token, logits_per_char, bits_per_byte from sum_logits; `bits_per_byte`, `perplexity` and `greedy_accuracy` of a \
             row; its `accuracy` by log-probs where all normalisers agree, otherwise as the scorer of the same name has it",
    unprovable: "sum_logits and is_greedy: no tokens are logged; which normaliser an accuracy uses: all of them have one name; judges",
    base: "e; bits_per_byte in base 2, positive, lower is better",
    sentinels: "fields of log-probs are missing where the model returned none",
    traps: "the leading space of a choice counts as a character; the first of equal values wins; a label that is no position stands \
            for the first choice",
};

static TASKS_CARD: FormatInfo = FormatInfo {
    name: "olmo-eval-metrics",
    about: "metrics of AI2 olmo-eval (metrics.json)",
    tool: "olmo-eval of 2026",
    files: "`metrics.json` in the directory above the predictions",
    recognised_by: "`tasks` with `metrics` and `num_instances`, and `summary`",
    proven: "`accuracy`, `f1`, `recall`, `perplexity` and `greedy_accuracy` as means over rows; `summary`",
    unprovable: "bits_per_byte: over rows or bytes, under one name; pass@k; files of several models",
    base: "as in the rows",
    sentinels: "none",
    traps: "a row without a value counts as 0 in most means",
};

/// Metrics that are means over rows.
const MEANS: [&str; 6] = ["accuracy", "f1", "recall", "perplexity", "greedy_accuracy", "tool_accuracy"];

impl Format for Rows {
    fn tool(&self) -> &'static str {
        "olmo-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &ROWS_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(|record| {
            has(record, "model_output", Kind::Array)
                && has(record, "instance_metrics", Kind::Object)
                && record.get("doc_id").is_some()
        });
        Confidence::of_share(share, 95, "rows with model_output, instance_metrics and doc_id")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let task = stem(head.name, "-predictions.jsonl").to_owned();
        let framing = head.framing().unwrap_or(Framing::Lines);
        let mut records =
            Records::new(framing, columns(), task, |origin, task, out| visit(origin, task, out)).mapped(&[
                ("item", "doc_id"),
                ("score", "model_output[].sum_logits"),
                ("gold", "label"),
                ("metrics", "instance_metrics"),
            ]);
        // predictions/<model>/ is beside the metrics.
        records.run_directory = Some(head.ancestor(3).to_owned());
        Ok(Box::new(records))
    }
}

fn visit(origin: &JsonOrigin<'_>, task: &str, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let Some(outputs) = row.get("model_output").filter(|value| value.kind() == Kind::Array) else {
        return Err(lacks(row, "model_output", "a list"));
    };
    let label = row.get("label").filter(|label| label.kind() == Kind::Number);
    let mut item = Item {
        id: row.get("doc_id").and_then(field::id).unwrap_or_default(),
        task: Cow::Owned(task.to_owned()),
        complete: true,
        at: at(row),
        gold: label.and_then(|label| Some(PickRef::Index(field::integer(label)?, at(label)))).unwrap_or_default(),
        ..Item::default()
    };
    for output in outputs.elements() {
        let mut own = candidate(output, None)?;
        own.continuation = output.get("text").and_then(text);
        item.candidates.push(own);
    }
    let metrics = row.get("instance_metrics");
    for (metric, scorers) in metrics.into_iter().flat_map(|metrics| metrics.members()) {
        for (scorer, value) in scorers.members() {
            let Some(number) = exact(value).filter(|_| value.kind() == Kind::Number) else { continue };
            let (metric, scorer) = (metric.as_str(), scorer.as_str());
            let definition = definition(row, (&metric, &scorer), outputs);
            let (name, custom) = (format!("{metric}:{scorer}").into(), definition == Definition::ByName);
            let of = RowMetric { name, custom, definition };
            item.metrics.push(Claim { of, value: RowValue::Number(number), at: at(value) });
        }
    }
    out.item(&item, origin);
    Ok(())
}

/// How a row's metric is computed from its outputs.
fn definition<'t>(row: Value<'t>, (metric, scorer): (&str, &str), outputs: Value<'t>) -> Definition<'t> {
    let count = outputs.len();
    let label = row.get("label").filter(|label| label.kind() == Kind::Number).and_then(field::integer);
    let gold = label.and_then(|label| usize::try_from(label).ok()).filter(|label| *label < count);
    let of_gold = |divisor, output| match gold {
        _ if count == 1 => Definition::Only(divisor, output),
        Some(_) => Definition::Gold(divisor, output),
        None => Definition::ByName,
    };
    match (metric, scorer) {
        ("bits_per_byte", "bits_per_byte") => of_gold(Divisor::Bytes, ScoreOutput::NegatedBits),
        ("perplexity", "perplexity") => of_gold(Divisor::Tokens, ScoreOutput::ExpNegated),
        ("corpus_perplexity", "logprob") if count == 1 => Definition::Only(Divisor::Tokens, ScoreOutput::ExpNegated),
        ("greedy_accuracy", "logprob") if gold.is_some() => Definition::GreedyGold,
        ("accuracy", "logprob") => match gold.and_then(|gold| right(outputs, gold)) {
            Some(true) => Definition::Right(Ranking::By(Divisor::Raw)),
            Some(false) => {
                Definition::Lacks("the task's metric (by log-prob, per token, per character or less the unconditional)")
            }
            None => Definition::ByName,
        },
        ("accuracy" | "f1" | "recall", scorer) if metric != scorer => {
            let own = find(row, &["instance_metrics", scorer, scorer]).and_then(exact);
            own.map_or(Definition::ByName, Definition::SameNumber)
        }
        _ => Definition::ByName,
    }
}

/// Whether all normalisers say the same of the gold choice; None without a log-prob of every choice.
fn right(outputs: Value<'_>, gold: usize) -> Option<bool> {
    let numbers = |name: &str| -> Option<Vec<f64>> {
        outputs.elements().map(|output| Some(output.get(name).and_then(exact)?.value)).collect()
    };
    let sums = numbers("sum_logits")?;
    let is_best = |values: &[f64]| {
        let best = (0..values.len()).rev().max_by(|a, b| values[*a].total_cmp(&values[*b]));
        best == Some(gold)
    };
    let per = |name: &str| -> Option<Vec<f64>> {
        let divided = sums.iter().zip(numbers(name)?).map(|(sum, count)| sum / count.max(1.0));
        Some(divided.collect())
    };
    let half = sums.len() / 2;
    // The second half may be the choices without their question.
    let mutual: Vec<f64> = (0..half).map(|at| sums[at] - sums[half + at]).collect();
    let is_even = half > 1 && sums.len() == 2 * half && gold < half;
    let raw = is_best(&sums);
    Some(
        is_best(&per("num_tokens")?) == raw
            && is_best(&per("num_chars")?) == raw
            && (!is_even || is_best(&mutual) == raw),
    )
}

impl Format for Tasks {
    fn tool(&self) -> &'static str {
        "olmo-eval"
    }

    fn info(&self) -> &'static FormatInfo {
        &TASKS_CARD
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_task = |task: Value<'_>| has(task, "metrics", Kind::Object) && task.get("num_instances").is_some();
        let is_one = |root: Value<'_>| {
            has(root, "summary", Kind::Object)
                && has(root, "tasks", Kind::Array)
                && root.get("tasks").is_some_and(|tasks| tasks.elements().next().is_some_and(is_task))
        };
        match head.document() {
            Some(root) if is_one(root) => Confidence::of(93, "tasks with metrics and num_instances, and summary"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(numbers, "tasks[].metrics, summary")))
    }
}

/// The start of the names of a task's files.
fn file_stem(task: Value<'_>, name: &str) -> String {
    let plain: String = name.chars().map(|own| if matches!(own, ':' | '/' | '\\' | ' ') { '_' } else { own }).collect();
    let hash = task.get("task_hash").and_then(|hash| hash.as_str());
    let end = hash.as_deref().and_then(|hash| hash.get(hash.len().saturating_sub(6)..));
    end.map_or_else(|| plain.clone(), |end| format!("{plain}_{end}"))
}

fn numbers(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let root = origin.root;
    for task in root.get("tasks").into_iter().flat_map(|tasks| tasks.elements()) {
        let name = task.get("task").and_then(|name| name.as_str()).unwrap_or_default();
        let stem = file_stem(task, &name);
        // The rows of several models are told apart by their directories only.
        let has_model = has(task, "model", Kind::String);
        let mut say = |metric: &str, own: &str, value: Value<'_>| {
            let is_mean = !has_model && own.split(':').next().is_some_and(|own| MEANS.contains(&own));
            let aggregation = Some(if is_mean { Aggregation::Mean } else { Aggregation::Other });
            if value.kind() == Kind::Number {
                let rows = Some(own.to_owned());
                let metric = RunMetric { rows, aggregation, ..RunMetric::new(&stem, metric) };
                out.metric(metric.claim(value.raw_str(), origin.locate(at(value))));
            }
        };
        for (metric, scorers) in task.get("metrics").into_iter().flat_map(|metrics| metrics.members()) {
            for (scorer, value) in scorers.members() {
                let own = format!("{}:{}", metric.as_str(), scorer.as_str());
                say(&own, &own, value);
            }
        }
        if let Some(summary) = find(root, &["summary", &name])
            && let (Some(own), Some(score)) = (summary.get("metric").and_then(|own| own.as_str()), summary.get("score"))
        {
            say("summary", &own, score);
        }
        if let Some(count) = task.get("num_instances").filter(|count| count.kind() == Kind::Number) {
            let n = RunMetric { aggregation: Some(Aggregation::Other), ..RunMetric::new(&stem, "n") };
            out.metric(n.claim(count.raw_str(), origin.locate(at(count))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    #[test]
    fn an_accuracy_is_decided_where_all_normalisers_agree() {
        let of = |text: &str, gold: usize| {
            let mut tape = Tape::default();
            right(tape.parse(text.as_bytes()).unwrap(), gold)
        };
        let output = |sum: &str, tokens: u32, chars: u32| {
            format!(r#"{{"sum_logits": {sum}, "num_tokens": {tokens}, "num_chars": {chars}}}"#)
        };
        let list = |outputs: &[String]| format!("[{}]", outputs.join(", "));
        let clear = list(&[output("-1.0", 1, 4), output("-9.0", 1, 4), output("-8.0", 1, 4)]);
        assert_eq!([0, 1].map(|gold| of(&clear, gold)), [Some(true), Some(true)]);
        // -1 and -3 log-probs, -1 and -0.75 per token.
        let length = list(&[output("-1.0", 1, 4), output("-3.0", 4, 12)]);
        assert_eq!(of(&length, 0), Some(false));
        assert_eq!(of(r#"[{"text": "a"}]"#, 0), None);
    }
}
