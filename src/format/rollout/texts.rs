//! Rollouts that training loops write to disk as texts with their rewards: verl's dumps and TRL's tables.
//!
//! verl: `_dump_generations` in `verl/trainer/ppo/ray_trainer.py`.
//! TRL: `GRPOTrainer.log` in `trl/trainer/grpo_trainer.py`.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, has, integer, printed, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Candidate, FieldValue, Item, RowFact, RowField, stable_hash};

pub(super) static TEXTS: Texts = Texts;

pub(super) struct Texts;

static INFO: FormatInfo = FormatInfo {
    name: "rl-texts",
    about: "texts of rollouts with their rewards, as verl and TRL write them",
    tool: "verl 0.9, TRL 1.16",
    files: "`<step>.jsonl` under verl's `rollout_data_dir`; TRL's `completions/completions_<step>.parquet`",
    recognised_by: "`step`, `input`, `output`, `score`, or `step`, `prompt`, `completion`, `advantage`",
    proven: "nothing alone; the weights of TRL's rewards follow from the advantages, and decide `reward` in the \
             `trainer_state.json` beside the tables",
    unprovable: "rewards: their functions are code; importance ratios: log-probs are not written",
    base: "no log-probs",
    sentinels: "none",
    traps: "verl's `score` is a reward, not a log-prob; TRL has one column per reward function, named after it",
};

/// The context, the sampled text, and a number that comes from the reward.
const SHAPES: [[&str; 3]; 2] = [["input", "output", "score"], ["prompt", "completion", "advantage"]];

/// The tool of the files that TRL and verl write during a training.
pub(super) const TOOL: &str = "rl-training";

/// The filter of the rows of a step.
pub(super) fn filter(step: i64) -> String {
    format!("step {step}")
}

/// Whether TRL's table of completions for a step is in the log's directory.
pub(super) fn is_table_beside(directory: &str, step: i64) -> bool {
    crate::source::beside(&format!("{directory}/completions/completions_{step:05}.parquet")).is_some()
}

/// The field names of a record, if it is a rollout without log-probs.
fn shape(record: Value<'_>) -> Option<[&'static str; 3]> {
    let is_text = |name: &str| record.get(name).is_some_and(|value| value.kind() != Kind::Number);
    let without_logs = || record.members().all(|(key, _)| !key.raw_str().contains("log"));
    SHAPES.into_iter().find(|[prompt, completion, number]| {
        has(record, "step", Kind::Number)
            && is_text(prompt)
            && is_text(completion)
            && has(record, number, Kind::Number)
            && without_logs()
    })
}

impl Format for Texts {
    fn tool(&self) -> &'static str {
        TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &["step"]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let first = head.records().find_map(shape).unwrap_or_default();
        let evidence = format!("step, {}", first.join(", "));
        Confidence::of_share(head.share(|record| shape(record).is_some()), 88, evidence)
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let [prompt, completion, _] = head.records().find_map(shape).unwrap_or(SHAPES[0]);
        let mapping = [("prompt", prompt), ("continuation", completion)];
        let mut records = Records::new(framing, Vec::new(), (), |origin, (), out| visit(origin, out)).mapped(&mapping);
        if head.ancestor_name(1) == "completions" {
            records.run_directory = Some(head.ancestor(2).to_owned());
        }
        Ok(Box::new(records))
    }
}

fn visit(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let Some([prompt, completion, number]) = shape(record) else {
        return Err(field::lacks(record, "output", "a text, with a step and a reward"));
    };
    // A prompt has several completions, and not every dump has ids.
    let mut item = Item { complete: true, at: at(record), ..Item::default() };
    if number == "advantage" {
        item.filter = Cow::Owned(record.get("step").and_then(integer).map(filter).unwrap_or_default());
        if let Some(fact) = rewards(record, record.get(prompt)) {
            // A summary may name the mean of one of them.
            if let RowFact::Rewards { parts, .. } = &fact {
                for (name, value) in parts {
                    item.row.push(RowField::new(name.clone(), FieldValue::Number(*value)));
                }
            }
            item.facts.push(fact);
        }
    }
    item.candidates.push(Candidate {
        prompt: record.get(prompt).and_then(text),
        continuation: record.get(completion).and_then(text),
        at: at(record),
        ..Candidate::default()
    });
    out.item(&item, origin);
    Ok(())
}

/// The rewards of a completion by function, with its advantage and the group of its prompt.
fn rewards<'t>(record: Value<'t>, prompt: Option<Value<'t>>) -> Option<RowFact<'t>> {
    let numbers = record.members().filter(|(_, value)| value.kind() == Kind::Number);
    let mut parts: Vec<(Cow<'t, str>, f64)> = numbers
        .filter_map(|(key, value)| Some((Cow::Borrowed(key.raw_str()), printed(value)?.value)))
        .filter(|(name, _)| name != "step")
        .collect();
    let at = parts.iter().position(|(name, _)| name == "advantage")?;
    let (_, advantage) = parts.remove(at);
    Some(RowFact::Rewards { group: stable_hash(prompt?.raw()), parts, advantage })
}
