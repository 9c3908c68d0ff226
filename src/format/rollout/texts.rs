//! Rollouts that training loops write to disk as texts with their rewards: verl's dumps and TRL's tables.
//!
//! verl: `_dump_generations` in `verl/trainer/ppo/ray_trainer.py`.
//! TRL: `GRPOTrainer.log` in `trl/trainer/grpo_trainer.py`.

use crate::config::InputConfig;
use crate::format::field::{self, FieldError, at, has, text};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{Candidate, Item};

pub(super) static TEXTS: Texts = Texts;

pub(super) struct Texts;

static INFO: FormatInfo = FormatInfo {
    name: "rl-texts",
    about: "texts of rollouts with their rewards, as verl and TRL write them",
    tool: "verl 0.9, TRL 1.16",
    files: "`<step>.jsonl` under verl's `rollout_data_dir`; TRL's `completions/completions_<step>.parquet`",
    recognised_by: "`step`, `input`, `output`, `score`, or `step`, `prompt`, `completion`, `advantage`",
    proven: "nothing: no number can be derived from another",
    unprovable: "rewards: their functions are code; advantages: the weights of the rewards and the scaling are settings; \
                 importance ratios: log-probs are not written",
    base: "no log-probs",
    sentinels: "none",
    traps: "verl's `score` is a reward, not a log-prob; TRL has one column per reward function, named after it",
};

/// The context, the sampled text, and a number that comes from the reward.
const SHAPES: [[&str; 3]; 2] = [["input", "output", "score"], ["prompt", "completion", "advantage"]];

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
    fn info(&self) -> &'static FormatInfo {
        &INFO
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
        Ok(Box::new(Records::new(framing, Vec::new(), (), |origin, (), out| visit(origin, out)).mapped(&mapping)))
    }
}

fn visit(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let Some([prompt, completion, _]) = shape(record) else {
        return Err(field::lacks(record, "output", "a text, with a step and a reward"));
    };
    // A prompt has several completions, and not every dump has ids.
    let mut item = Item { complete: true, at: at(record), ..Item::default() };
    item.candidates.push(Candidate {
        prompt: record.get(prompt).and_then(text),
        continuation: record.get(completion).and_then(text),
        at: at(record),
        ..Candidate::default()
    });
    out.item(&item, origin);
    Ok(())
}
