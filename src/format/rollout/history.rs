//! Training logs: one number per name and step, as written by Hugging Face trainers and verl.
//!
//! transformers: `TrainerState.log_history` in `src/transformers/trainer_callback.py`, saved as `trainer_state.json`.
//! TRL: `get_batch_loss_metrics` in `trl/trainer/dpo_trainer.py`, `log` in `trl/trainer/grpo_trainer.py` (which also
//! writes the table of completions). verl: `compute_data_metrics` in `verl/trainer/ppo/metric_utils.py`,
//! `log_seqlen_unbalance` in `verl/utils/seqlen_balancing.py`, written by the file logger of `verl/utils/tracking.py`.

use std::borrow::Cow;

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, field_error, has, id, integer, printed};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::rollout::texts;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Claim, Definition, Item, Origin, RewardOf, RowFact, RowMetric, RowValue, RunMetric, stable_hash,
};
use crate::numeric::Printed;

pub(super) static HISTORY: History = History;

pub(super) struct History;

static INFO: FormatInfo = FormatInfo {
    name: "trainer-log",
    about: "numbers of training per step, as Hugging Face trainers, TRL and verl log them",
    tool: "transformers 5, TRL 1.16, LLaMA-Factory, ms-swift, verl 0.9",
    files: "`trainer_state.json`; JSON Lines with an object per step, flat or under `data`",
    recognised_by: "`log_history`, or lines with a step, of which some have `rewards/margins` with its parts, `reward` with \
                    `rewards/…`, or a mean beside its minimum and maximum",
    proven: "`rewards/margins` as chosen - rejected; `reward` as the sum of its parts, weighted as the other steps or the advantages \
             of TRL's table of completions show; `minmax_diff`; refuted only: a mean outside of its extremes, a share outside \
             0 … 1",
    unprovable: "losses, rewards and log-probs: they are means over batches that are not logged; which of `logps/chosen` and \
                 `logps/rejected` is which, without the log-probs of the reference model; a reward below the sum of its parts: a function may have scored only some \
                 completions",
    base: "e",
    sentinels: "NaN where a batch has nothing to average",
    traps: "numbers of 16 bits are averaged over batches: small differences decide nothing; a table of completions holds one \
            batch, the log the mean over several steps; logs of plain fine-tuning have nothing to check and are not recognised",
};

/// Names of fractions.
const SHARES: [&str; 6] = [
    "rewards/accuracies",
    "frac_reward_zero_std",
    "completions/clipped_ratio",
    "response_length/clip_ratio",
    "prompt_length/clip_ratio",
    "actor/pg_clipfrac",
];

/// Names of a mean that is not marked by a suffix, with those of its extremes.
const WORDS: [[&str; 3]; 3] = [
    ["mean_length", "min_length", "max_length"],
    ["mean_terminated_length", "min_terminated_length", "max_terminated_length"],
    ["mean_reward", "min_reward", "max_reward"],
];

/// The object with an entry's numbers: the entry, or its `data`.
fn numbers(entry: Value<'_>) -> Value<'_> {
    entry.get("data").filter(|data| data.kind() == Kind::Object && has(entry, "step", Kind::Number)).unwrap_or(entry)
}

/// Keys of an entry's step.
const STEPS: [&str; 6] =
    ["step", "global_step", "_step", "current_steps", "training/global_step", "global_step/max_steps"];

/// The step of an entry.
fn step(entry: Value<'_>) -> Option<Value<'_>> {
    STEPS.iter().find_map(|key| entry.get(key).or_else(|| numbers(entry).get(key)))
}

fn number(entry: Value<'_>, name: &str) -> Option<Printed> {
    entry.get(name).filter(|value| value.kind() == Kind::Number).and_then(printed).filter(Printed::is_finite)
}

/// How a number of an entry is checked against others; None if it is not.
fn definition(entry: Value<'_>, name: &str, weights_follow: bool) -> Option<Definition<'static>> {
    let other = |before: &str, word: &str| number(entry, &format!("{before}{word}"));
    if let Some(before) = name.strip_suffix("rewards/margins") {
        let terms = vec![(1.0, other(before, "rewards/chosen")?), (-1.0, other(before, "rewards/rejected")?)];
        return Some(Definition::Combination(terms, true));
    }
    let of_pair = |word: &str| name.strip_suffix(word).is_some_and(|before| other(before, "rewards/chosen").is_some());
    if of_pair("logps/chosen") || of_pair("logps/rejected") {
        return Some(Definition::Lacks(
            "ref_logps/chosen and ref_logps/rejected (rewards/chosen = beta*(logps/chosen - ref_logps/chosen))",
        ));
    }
    if let Some(before) = name.strip_suffix("/minmax_diff") {
        let terms = vec![(1.0, other(before, "/max")?), (-1.0, other(before, "/min")?)];
        return Some(Definition::Combination(terms, true));
    }
    if SHARES.iter().any(|share| name.ends_with(share)) {
        return Some(Definition::Between(Some(Printed::from_f64(0.0)), Some(Printed::from_f64(1.0))));
    }
    let extremes = match name.strip_suffix("/mean") {
        // Ratios may be capped in one of these numbers and uncapped in another.
        Some(before) if !before.contains("is_ratio") && !before.contains("rollout_is") => {
            [other(before, "/min"), other(before, "/max")]
        }
        Some(_) => return None,
        None => {
            let words = WORDS.iter().find_map(|words| Some((name.strip_suffix(words[0])?, words)));
            words.map_or([None, None], |(before, [_, low, high])| [other(before, low), other(before, high)])
        }
    };
    if let [low, high] = extremes
        && (low.is_some() || high.is_some())
    {
        return Some(Definition::Between(low, high));
    }
    let before = name.strip_suffix("reward").filter(|before| before.is_empty() || *before == "eval_")?;
    // With the completions available, the weights are solved from their advantages.
    let parts = if weights_follow { Vec::new() } else { parts(entry, before) };
    let terms = parts.into_iter().map(|(_, number)| (1.0, number)).collect::<Vec<_>>();
    (!terms.is_empty()).then_some(Definition::Combination(terms, false))
}

/// The means of the reward functions by their names, whose rewards are summed. TRL before 0.17 logs them under the function's
/// name alone.
fn parts<'t>(entry: Value<'t>, before: &str) -> Vec<(&'t str, Printed)> {
    let start = format!("{before}rewards/");
    let of = |(key, value): (crate::format::json::Key<'t>, Value<'t>)| {
        let name = key.raw_str().strip_prefix(&start)?;
        let function = name.strip_suffix("/mean").unwrap_or(name);
        let is_part = !function.contains('/') && !["chosen", "rejected", "margins", "accuracies"].contains(&name);
        let number = printed(value).filter(|_| is_part && value.kind() == Kind::Number)?;
        Some((function, number))
    };
    let mut parts: Vec<(&str, Printed)> = entry.members().filter_map(of).collect();
    parts.sort_by(|a, b| a.0.cmp(b.0));
    parts
}

/// The reward of a batch with the means of its functions.
fn rewarded<'t>(entry: Value<'t>, item: &Cow<'t, str>) -> Option<RowFact<'t>> {
    let reward = entry.get("reward").filter(|reward| reward.kind() == Kind::Number)?;
    let parts: Vec<(Cow<'t, str>, Printed)> =
        parts(entry, "").into_iter().map(|(name, number)| (Cow::Borrowed(name), number)).collect();
    (!parts.is_empty()).then_some(RowFact::Rewarded {
        item: item.clone(),
        name: "reward",
        reward: printed(reward)?,
        parts,
        weights: Vec::new(),
        of: RewardOf::Batch,
        at: at(reward),
    })
}

/// Whether an entry has a number that is determined by others in it.
fn is_checkable(entry: Value<'_>) -> bool {
    const OF_OTHERS: [&str; 2] = ["logps/chosen", "logps/rejected"];
    let entry = numbers(entry);
    entry.kind() == Kind::Object
        && entry.members().any(|(key, value)| {
            let name = key.raw_str();
            let is_share = SHARES.iter().chain(&OF_OTHERS).any(|share| name.ends_with(share));
            value.kind() == Kind::Number && !is_share && definition(entry, name, false).is_some()
        })
}

impl Format for History {
    fn tool(&self) -> &'static str {
        texts::TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        const MARKS: [&str; 7] = {
            let [a, b, c, d, e, f] = STEPS;
            [a, b, c, d, e, f, "log_history"]
        };
        &MARKS
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        if let Some(root) = head.document() {
            let entries = root.get("log_history").filter(|list| list.kind() == Kind::Array);
            let is_one = entries.is_some_and(|list| list.elements().any(is_checkable));
            return if is_one { Confidence::of(92, "log_history") } else { Confidence::none() };
        }
        // Entries of other kinds may come between: evaluations, times.
        let is_any = head.records().any(is_checkable);
        let share = head.share(|record| step(record).is_some());
        if is_any {
            Confidence::of_share(share, 86, "a step, with a mean or margin and its parts")
        } else {
            Confidence::none()
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let is_document = head.document().is_some();
        let framing = if is_document { Some(Framing::Nested(&["log_history"])) } else { head.framing() };
        let framing = framing.ok_or_else(|| "expected JSON".to_owned())?;
        let directory = head.ancestor(1).to_owned();
        let records =
            Records::new(framing, Vec::new(), directory, |origin, directory, out| visit(origin, directory, out));
        Ok(Box::new(records.mapped(&[("item", "step"), ("row metrics", "rewards/margins, reward, …/mean")])))
    }
}

fn visit(origin: &JsonOrigin<'_>, directory: &str, out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    if root.kind() != Kind::Object {
        return Err(field_error(root, "an entry of the log", "an object"));
    }
    let entry = numbers(root);
    let step = step(root);
    let table = step.and_then(integer).filter(|step| texts::is_table_beside(directory, *step));
    let mut names = 0;
    let mut item = Item { complete: true, at: at(root), ..Item::default() };
    for (key, value) in entry.members() {
        let name = key.raw_str();
        names = stable_hash(&(names, name));
        let Some(number) = printed(value).filter(|_| value.kind() == Kind::Number) else { continue };
        let Some(definition) = definition(entry, name, table.is_some()) else { continue };
        let name = Cow::Borrowed(name);
        let of = RowMetric { name, custom: false, definition };
        item.metrics.push(Claim { of, value: RowValue::Number(number), at: at(value) });
    }
    item.id = Cow::Owned(format!("step {}", step.and_then(id).unwrap_or_default()));
    item.facts.extend(rewarded(entry, &item.id).filter(|_| table.is_none()));
    // A step may be logged during training, in an evaluation, and at the end.
    item.distinct = names;
    out.item(&item, origin);
    if let Some((step, reward)) = table.zip(entry.get("reward").filter(|value| value.kind() == Kind::Number)) {
        let metric = RunMetric {
            filter: texts::filter(step),
            aggregation: Some(Aggregation::Other),
            ..RunMetric::new("", "log_history.reward")
        };
        out.metric(metric.claim(reward.raw_str(), origin.locate(at(reward))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn of(text: &str, name: &str) -> Option<Definition<'static>> {
        let mut tape = Tape::default();
        definition(tape.parse(text.as_bytes()).unwrap(), name, false)
    }

    #[test]
    fn numbers_are_held_to_those_beside_them() {
        let number = |text: &str| Printed::parse(text.as_bytes()).unwrap();
        let pair = r#"{"eval_rewards/chosen": 0.5, "eval_rewards/rejected": -0.25, "rewards/chosen": 1}"#;
        let margin = Definition::Combination(vec![(1.0, number("0.5")), (-1.0, number("-0.25"))], true);
        assert_eq!(of(pair, "eval_rewards/margins"), Some(margin));
        assert_eq!(of(pair, "rewards/margins"), None);
        let extremes = r#"{"critic/score/min": 0, "critic/score/max": 1.5, "completions/min_length": 3}"#;
        let between =
            |low: Option<&str>, high: Option<&str>| Some(Definition::Between(low.map(number), high.map(number)));
        assert_eq!(of(extremes, "critic/score/mean"), between(Some("0"), Some("1.5")));
        assert_eq!(of(extremes, "completions/mean_length"), between(Some("3"), None));
        assert_eq!(of(extremes, "actor/loss/mean"), None);
        let parts = r#"{"reward": 3, "rewards/a/mean": 1, "rewards/a/std": 9, "rewards/b": 2, "rewards/margins": 7}"#;
        let sum = Definition::Combination(vec![(1.0, number("1")), (1.0, number("2"))], false);
        assert_eq!(of(parts, "reward"), Some(sum));
    }

    #[test]
    fn plain_fine_tuning_has_nothing_to_check() {
        let mut tape = Tape::default();
        let entry = tape.parse(br#"{"epoch": 0.1, "grad_norm": 2.5, "learning_rate": 1e-05, "loss": 0.7, "step": 10}"#);
        assert!(!is_checkable(entry.unwrap()));
    }
}
