//! verifiers: the rollouts of an evaluation and their averages.
//!
//! Shapes of 0.1, from `state_to_output` in `verifiers/utils/save_utils.py` and `RewardMetric` and `EnvMetrics` in
//! `verifiers/utils/metric_utils.py`: `results.jsonl` beside `metadata.json`.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, find, has, id, lacks, row_value};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::{Document, Records};
use crate::format::rewards;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Aggregation, Claim, Definition, Item, Origin, RowMetric, RowValue, RunMetric, stable_hash};

/// The rollouts.
pub(in crate::format) static ROLLOUTS: Rollouts = Rollouts;
/// Their averages.
pub(in crate::format) static METADATA: Metadata = Metadata;

pub(in crate::format) struct Rollouts;

pub(in crate::format) struct Metadata;

const TOOL: &str = "verifiers 0.1";

static ROLLOUTS_CARD: FormatInfo = FormatInfo {
    name: "verifiers-results",
    about: "rollouts of a verifiers evaluation",
    tool: TOOL,
    files: "`results.jsonl` beside `metadata.json`",
    recognised_by: "`example_id`, `completion`, `reward` and `task` or `timing`",
    proven: "`reward` as the weighted sum of its functions, where the rows leave one set of weights; the averages beside it",
    unprovable: "what a reward function gives: it is code",
    base: "no log-probs",
    sentinels: "none",
    traps: "an example has several rollouts, which may be the same text",
};

static METADATA_CARD: FormatInfo = FormatInfo {
    name: "verifiers-metadata",
    about: "averages of a verifiers evaluation",
    tool: TOOL,
    files: "`metadata.json` beside `results.jsonl`",
    recognised_by: "`env_id`, `model` and `avg_reward`",
    proven: "`avg_reward` and `avg_error` as means over all rollouts, `avg_metrics` over those with a value",
    unprovable: "without the rollouts, all of them",
    base: "none",
    sentinels: "none",
    traps: "means are over rollouts, not over examples",
};

/// Numbers of a rollout that are not metrics.
const OTHERS: [&str; 8] =
    ["example_id", "generation_ms", "scoring_ms", "total_ms", "num_turns", "rollout_id", "trajectory_id", "seed"];

fn is_rollout(row: Value<'_>) -> bool {
    let is_own = ["task", "timing", "generation_ms", "is_completed"].iter().any(|key| row.get(key).is_some());
    row.get("example_id").is_some() && row.get("completion").is_some() && has(row, "reward", Kind::Number) && is_own
}

impl Format for Rollouts {
    fn tool(&self) -> &'static str {
        "verifiers"
    }

    fn info(&self) -> &'static FormatInfo {
        &ROLLOUTS_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &["example_id"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_rollout), 90, "example_id, completion and reward")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let records = Records::new(framing, Vec::new(), (), |origin, (), out| visit(origin, out));
        Ok(Box::new(records.mapped(&[("item", "example_id"), ("row metrics", "reward, metrics")])))
    }
}

fn visit(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let example = row.get("example_id").and_then(id).ok_or_else(|| lacks(row, "example_id", "the example's id"))?;
    // Rollouts of an example are distinguished by their whole logged content.
    let distinct = stable_hash(row.raw());
    let mut item = Item { id: example, complete: true, distinct, at: at(row), ..Item::default() };
    let mut say = |name: &'_ str, value: Value<'_>| {
        let Some(row) = row_value(value) else { return };
        let of = RowMetric { name: Cow::Owned(name.to_owned()), custom: false, definition: Definition::ByName };
        item.metrics.push(Claim { of, value: row, at: at(value) });
    };
    match row.get("metrics").filter(|metrics| metrics.kind() == Kind::Object) {
        // The same stand in the row itself.
        Some(metrics) => {
            row.get("reward").into_iter().for_each(|value| say("reward", value));
            metrics.members().for_each(|(key, value)| say(key.raw_str(), value));
        }
        None => {
            let own =
                row.members().filter(|(key, value)| !OTHERS.contains(&key.raw_str()) && value.kind() == Kind::Number);
            own.for_each(|(key, value)| say(key.raw_str(), value));
        }
    }
    item.facts.extend(rewards::of_metrics(&item.id, row));
    if let Some(error) = row.get("error") {
        let of = RowMetric { name: "error".into(), custom: false, definition: Definition::ByName };
        item.metrics.push(Claim { of, value: RowValue::Flag(error.kind() != Kind::Null), at: at(error) });
    }
    out.item(&item, origin);
    Ok(())
}

impl Format for Metadata {
    fn tool(&self) -> &'static str {
        "verifiers"
    }

    fn info(&self) -> &'static FormatInfo {
        &METADATA_CARD
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn marks(&self) -> &'static [&'static str] {
        &["avg_reward"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_one = |root: Value<'_>| {
            has(root, "env_id", Kind::String) && root.get("model").is_some() && has(root, "avg_reward", Kind::Number)
        };
        match head.document() {
            Some(root) if is_one(root) => Confidence::of(92, "env_id, model and avg_reward"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(Document::new(averages, "avg_reward, avg_metrics.<name>")))
    }
}

fn averages(origin: &JsonOrigin<'_>, out: &mut dyn Sink) {
    let mut say = |name: &str, rows: &str, value: Value<'_>| {
        if value.kind() != Kind::Number {
            return;
        }
        let rows = Some(rows.to_owned());
        let metric = RunMetric { rows, aggregation: Some(Aggregation::Mean), ..RunMetric::new("", name) };
        out.metric(metric.claim(value.raw_str(), origin.locate(at(value))));
    };
    for (name, rows) in [("avg_reward", "reward"), ("avg_error", "error")] {
        if let Some(value) = origin.root.get(name) {
            say(name, rows, value);
        }
    }
    let metrics = find(origin.root, &["avg_metrics"]).into_iter().flat_map(|metrics| metrics.members());
    metrics.for_each(|(key, value)| say(&format!("avg_metrics.{}", key.raw_str()), key.raw_str(), value));
}
