//! Dumps of rollouts under the tensor names of training loops: verl, TRL, `OpenRLHF`, slime, `SkyRL`, prime-rl.
//!
//! Every token may have two log-probs: the engine's, from sampling, and the trainer's, from a second pass. A mask marks
//! the tokens that count. The other positions hold 0.0 as padding, or a meaningless value.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{self, FieldError, at, has, integer};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::rollout::pairs::{REFERENCE, Sides, claims, flag, sums};
use crate::format::{Confidence, Format, FormatInfo, Head, Reader, Sink};
use crate::model::{ArrayLength, Candidate, Claim, ClaimKind, ColumnId, Item, Logged, RowFact, Segment, Step};

pub(super) static ROLLOUT: Rollout = Rollout;

pub(super) struct Rollout;

static INFO: FormatInfo = FormatInfo {
    name: "rl-rollout",
    about: "rollouts of reinforcement learning with the log-probs of engine and trainer",
    tool: "field names of verl 0.9, TRL 1.16, OpenRLHF 0.11, slime, SkyRL, prime-rl",
    files: "JSON Lines, an array or one object: a rollout, or a batch as lists of lists",
    recognised_by: "`rollout_log_probs`, `old_log_probs`, `sampling_per_token_logps`, `completion_logprobs` and similar fields, \
                    with a mask or ids of equal length",
    proven: "importance ratios as exp(trainer - engine), estimators of their divergence (k1, k2, k3; against a reference model \
             where its log-probs are logged), distances, of tokens and over the mask; sums of log-probs; a shift by one token between \
             the two sides; statistically, two different temperatures, or an engine renormalised over the tokens kept by sampling",
    unprovable: "the log-probs themselves: logits are not logged; which of the two sides is right; a temperature that both \
                 sides share",
    base: "e",
    sentinels: "0.0 where the mask is 0",
    traps: "masked tokens hold arbitrary values and never count; engine and trainer differ by the noise of their number \
            formats; OpenRLHF's arrays have one entry fewer than the sequence",
};

/// Log-probs of the engine, then those of the trainer.
const SIDES: [&str; 13] = [
    "rollout_log_probs",
    "rollout_logprobs",
    "sampling_per_token_logps",
    "completion_logprobs",
    "inference_logprobs",
    "generation_logprobs",
    "old_log_probs",
    "old_logprobs",
    "old_per_token_logps",
    "action_log_probs",
    "trainer_logprobs",
    "prev_logprobs",
    "log_probs",
];
/// The engine's log-probs and the trainer's.
const BOTH: (&[&str], &[&str]) = SIDES.split_at(6);
const ENGINE: &[&str] = BOTH.0;
const TRAINER: &[&str] = BOTH.1;
/// Masks of the tokens that count.
const MASKS: [&str; 7] =
    ["token_loss_mask", "response_mask", "loss_mask", "loss_masks", "completion_mask", "action_mask", "response_masks"];
/// Token ids.
const IDS: [&str; 8] = [
    "token_ids",
    "responses",
    "response_ids",
    "completion_ids",
    "sequences",
    "response_tokens",
    "output_ids",
    "tokens",
];
/// Totals over the mask, from the trainer or the engine.
const TOTALS: [(&str, Side); 4] = [
    ("old_log_prob_sum", Side::Trainer),
    ("sum_old_log_probs", Side::Trainer),
    ("rollout_log_prob_sum", Side::Engine),
    ("sum_rollout_log_probs", Side::Engine),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Trainer,
    Engine,
}

/// The first of these fields of a record that is a list.
fn list<'t>(record: Value<'t>, names: &[&'static str]) -> Option<(&'static str, Value<'t>)> {
    names.iter().find_map(|name| Some((*name, record.get(name).filter(|value| value.kind() == Kind::Array)?)))
}

fn is_numbers(list: Value<'_>) -> bool {
    list.elements().next().is_none_or(|first| matches!(first.kind(), Kind::Number | Kind::Null))
}

fn is_batch(list: Value<'_>) -> bool {
    list.elements().next().is_some_and(|first| first.kind() == Kind::Array && is_numbers(first))
}

fn is_rollout(record: Value<'_>) -> bool {
    let engine = list(record, ENGINE);
    let trainer = list(record, TRAINER);
    let Some((name, values)) = engine.or(trainer) else { return false };
    // Many tools write plain `log_probs` next to tokens. With a mask they come from a trainer.
    let beside = list(record, &MASKS).or_else(|| list(record, &IDS).filter(|_| name != "log_probs"));
    (is_numbers(values) || is_batch(values)) && beside.is_some()
}

impl Format for Rollout {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn marks(&self) -> &'static [&'static str] {
        &SIDES
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = head.share(is_rollout);
        let first = head.records().find(|record| is_rollout(*record));
        let names = first.map(|record| {
            let names = [list(record, ENGINE), list(record, TRAINER), list(record, &MASKS)];
            names.into_iter().flatten().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
        });
        Confidence::of_share(share, 90, names.unwrap_or_default())
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let first = head.records().find(|record| is_rollout(*record));
        let mut mapping = Vec::new();
        if let Some(record) = first {
            let roles: [(&'static str, &[&'static str]); 4] = [
                ("log-probs of the engine", ENGINE),
                ("log-probs of the trainer", TRAINER),
                ("mask", &MASKS),
                ("token ids", &IDS),
            ];
            mapping.extend(roles.iter().filter_map(|(role, names)| Some((*role, list(record, names)?.0))));
        }
        let trainer = head.records().any(|record| list(record, TRAINER).is_some());
        let mut columns = Vec::new();
        let mut context = DumpColumns { trainer, totals: Vec::new() };
        for (name, side) in TOTALS {
            let of_steps = side == if trainer { Side::Trainer } else { Side::Engine };
            if of_steps && head.records().any(|record| record.get(name).is_some()) {
                columns.push(ColumnSpec::of_kind(name, ClaimKind::Score));
                context.totals.push(name);
                mapping.push(("claim", name));
            }
        }
        Ok(Box::new(Records::new(framing, columns, context, visit).mapped(&mapping)))
    }
}

/// Context of a reader.
struct DumpColumns {
    /// Whether the steps' log-probs are the trainer's.
    trainer: bool,
    /// Names of totals of the steps, with their columns.
    totals: Vec<&'static str>,
}

/// The lists of one rollout, and the side that its values belong to.
#[derive(Clone, Copy)]
struct Lists<'t> {
    values: Value<'t>,
    other: Option<Value<'t>>,
    mask: Option<Value<'t>>,
    ids: Option<Value<'t>>,
    reference: Option<Value<'t>>,
    attention: Option<Value<'t>>,
}

fn visit(origin: &JsonOrigin<'_>, context: &DumpColumns, out: &mut dyn Sink) -> Result<(), FieldError> {
    let record = origin.root;
    let (engine, trainer) = (list(record, ENGINE), list(record, TRAINER));
    // A record without the trainer's list has only the engine's values.
    let (values, other) =
        if context.trainer { (trainer, engine.filter(|_| trainer.is_some())) } else { (engine, None) };
    let Some((_, values)) = values.or(engine) else {
        return Err(field::lacks(record, ENGINE[0], "a list of log-probs"));
    };
    let lists = Lists {
        values,
        other: other.map(|(_, list)| list),
        mask: list(record, &MASKS).map(|(_, list)| list),
        ids: list(record, &IDS).map(|(_, list)| list),
        reference: list(record, &REFERENCE).map(|(_, list)| list),
        attention: list(record, &["attention_mask"]).map(|(_, list)| list),
    };
    let id = ["uid", "request_id", "index", "id"].iter().find_map(|key| record.get(key).and_then(field::id));
    let is_export = has(record, "inference_logprobs", Kind::Array) && has(record, "importance_ratio", Kind::Array);
    let fields = || record.members().map(|(key, value)| (Cow::Borrowed(key.raw_str()), value));
    if !is_batch(values) {
        let mut item = item(record, lists, context, id.unwrap_or_default())?;
        item.metrics = claims(fields(), &sides(lists, context), is_export);
        out.item(&item, origin);
        return Ok(());
    }
    let all = [lists.other, lists.mask, lists.ids, lists.reference, lists.attention];
    let mut rows = all.map(|list| list.into_iter().flat_map(|list| list.elements()));
    // Fields with one entry per rollout.
    let count = values.len();
    let mut beside: Vec<_> = fields()
        .filter(|(_, value)| value.kind() == Kind::Array && value.len() == count)
        .map(|(name, value)| (name, value.elements()))
        .collect();
    for (at, values) in values.elements().enumerate() {
        let [other, mask, ids, reference, attention] =
            rows.each_mut().map(|rows| rows.next().filter(|row| row.kind() == Kind::Array));
        let part = Lists { values, other, mask, ids, reference, attention };
        let id = format!("{}[{at}]", id.as_deref().unwrap_or_default());
        let mut item = item(record, part, context, Cow::Owned(id))?;
        let own = beside.iter_mut().filter_map(|(name, rows)| Some((name.clone(), rows.next()?)));
        item.metrics = claims(own, &sides(part, context), is_export);
        out.item(&item, origin);
    }
    Ok(())
}

/// The log-probs of a rollout with its masks. Lists of another length have no common positions with the trainer's.
fn sides<'t>(lists: Lists<'t>, context: &DumpColumns) -> Sides<'t> {
    let alike = |list: Option<Value<'t>>| list.filter(|list| context.trainer && list.len() == lists.values.len());
    Sides {
        trainer: lists.values,
        engine: alike(lists.other),
        reference: alike(lists.reference),
        mask: lists.mask,
        attention: alike(lists.attention),
    }
}

/// One rollout.
fn item<'t>(
    record: Value<'t>,
    lists: Lists<'t>,
    context: &DumpColumns,
    id: Cow<'t, str>,
) -> Result<Item<'t>, FieldError> {
    let mut candidate = Candidate { at: at(lists.values), ..Candidate::default() };
    let len = lists.values.len();
    let length = |list: Value<'_>| u32::try_from(list.len()).unwrap_or(u32::MAX);
    candidate.arrays.push(ArrayLength { role: "log_probs", len: length(lists.values), at: at(lists.values) });
    for (role, list) in [("other log_probs", lists.other), ("mask", lists.mask)] {
        if let Some(list) = list {
            candidate.arrays.push(ArrayLength { role, len: length(list), at: at(list) });
        }
    }
    // Ids of the whole sequence are aligned at its end.
    let skipped = lists.ids.map_or(0, |ids| ids.len().saturating_sub(len));
    let mut ids = lists.ids.into_iter().flat_map(|ids| ids.elements()).skip(skipped);
    let mut mask = lists.mask.into_iter().flat_map(|mask| mask.elements());
    // Lists of different lengths have no common positions.
    let other = lists.other.filter(|other| other.len() == len);
    let mut other = other.into_iter().flat_map(|other| other.elements());
    for value in lists.values.elements() {
        let counts = mask.next().and_then(flag).unwrap_or(true);
        // Padding follows the last token that counts. Masked tokens before it are input, not samples.
        let segment = if counts { Segment::Continuation } else { Segment::Prompt };
        let logprob = match field::number(value, "log-probs", &[])? {
            // The value of a masked token is meaningless.
            _ if !counts => Logged::Null,
            logged => logged,
        };
        let other =
            other.next().filter(|_| counts).map(|value| field::printed(value).map_or(Logged::Null, Logged::Number));
        candidate.steps.push(Step {
            token_id: ids.next().and_then(integer),
            logprob,
            rollout_logprob: other.unwrap_or_default(),
            segment,
            at: at(value),
            ..Step::default()
        });
    }
    for (name, column) in context.totals.iter().zip(0..) {
        if let Some(value) = record.get(name).filter(|value| value.kind() != Kind::Array) {
            let logged = field::number(value, name, &[])?;
            candidate.claims.push(Claim { of: ColumnId(column), value: logged, at: at(value) });
        }
    }
    let mut item = Item { id, complete: true, at: at(record), facts: reward(record, lists), ..Item::default() };
    item.facts.extend(sums(&sides(lists, context)));
    item.candidates.push(candidate);
    Ok(item)
}

const ADVANTAGE: [&str; 2] = ["advantages", "advantage"];

/// The reward of a rollout with its advantage and its group: the rollouts of one prompt. An advantage per token is that of the
/// last token that counts.
fn reward<'t>(record: Value<'t>, lists: Lists<'t>) -> Vec<RowFact<'t>> {
    let one = |names: &[&str]| names.iter().find_map(|name| record.get(name).filter(|own| own.kind() == Kind::Number));
    let reward = one(&["rewards", "reward", "score"]).and_then(field::printed);
    let per_token = || {
        let values = list(record, &["advantages"])?.1.elements();
        let mask: Vec<bool> = lists.mask?.elements().map(|own| flag(own).unwrap_or(false)).collect();
        values.zip(mask).filter(|(_, counts)| *counts).filter_map(|(value, _)| field::printed(value)).last()
    };
    let advantage = one(&ADVANTAGE).and_then(field::printed).or_else(per_token);
    let named = |names: &[&str]| names.iter().find_map(|name| record.get(name).and_then(field::id));
    let group = named(&["group_id", "prompt_id", "example_id", "problem_id", "prompt"]);
    let group = group.or_else(|| record.get("content")?.elements().next()?.as_str());
    // verl gives all rollouts of a prompt the same `uid`.
    let group = group.or_else(|| named(&["uid"]));
    let (Some(reward), Some(advantage), Some(group)) = (reward, advantage, group) else { return Vec::new() };
    let (reward, advantage) = (reward.value, advantage.value);
    let at = one(&ADVANTAGE).or_else(|| Some(list(record, &["advantages"])?.1)).map_or_else(|| at(record), at);
    vec![RowFact::Rollout { group: crate::model::stable_hash(&*group), reward, advantage, at }]
}
