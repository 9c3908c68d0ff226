//! Harbor, the successor of Terminal-Bench: the result of a job, and the results of its trials.
//!
//! Shapes of 0.1 to 0.26, from `JobResult` in `harbor/models/job/result.py`, `TrialResult` in `harbor/models/trial/result.py`,
//! `harbor/metrics` and `harbor/utils/pass_at_k.py`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::InputConfig;
use crate::format::field::{FieldError, at, count, exact, find, has, lacks};
use crate::format::json::{Kind, Value};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Claim, Definition, Item, Origin, RowClaim, RowFact, RowMetric, RowValue, RunMetric};
use crate::numeric::Printed;

/// The result of a job.
pub(in crate::format) static JOB: Job = Job;
/// The results of trials.
pub(in crate::format) static TRIAL: Trial = Trial;

pub(in crate::format) struct Job;

pub(in crate::format) struct Trial;

static JOB_CARD: FormatInfo = FormatInfo {
    name: "harbor-job",
    about: "result of a Harbor job",
    tool: "Harbor 0.1 to 0.26",
    files: "`result.json` of a job; each file is a separate run",
    recognised_by: "`n_total_trials` and `stats` with `evals`",
    proven: "`mean`, `sum`, `min` and `max` from `reward_stats`; `pass_at_k` where the names of the trials tell their tasks; \
             `n_trials`, `n_errors`",
    unprovable: "metrics of own scripts; rewards: the verifier is code",
    base: "none",
    sentinels: "none",
    traps: "trials without a reward counted as 0 up to 0.8 and are left out later: both are accepted; a trial with an error may have a \
            reward",
};

static TRIAL_CARD: FormatInfo = FormatInfo {
    name: "harbor-trial",
    about: "result of a Harbor trial",
    tool: "Harbor 0.1 to 0.26",
    files: "`result.json` of a trial, in a directory of the job's",
    recognised_by: "`trial_name`, `task_name` and `agent_info`",
    proven: "nothing",
    unprovable: "rewards: the verifier is code",
    base: "none",
    sentinels: "none",
    traps: "a trial without `verifier_result` has no reward; the job's `result.json` says how it counts",
};

/// Longest part of a task's name that a trial's name begins with, in characters.
const CUT: usize = 32;

impl Format for Job {
    fn tool(&self) -> &'static str {
        "harbor"
    }

    fn info(&self) -> &'static FormatInfo {
        &JOB_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_job = |root: Value<'_>| {
            has(root, "n_total_trials", Kind::Number)
                && find(root, &["stats", "evals"]).is_some_and(|evals| evals.kind() == Kind::Object)
        };
        match head.document() {
            Some(root) if is_job(root) => Confidence::of(92, "n_total_trials and stats with evals"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let records = Records::new(Framing::Elements, Vec::new(), (), job);
        Ok(Box::new(records.mapped(&[("item", "stats.evals.<key>"), ("row metrics", "metrics, n_trials, n_errors")])))
    }
}

fn claim<'t>(name: Cow<'t, str>, value: Value<'t>, definition: Definition<'t>) -> Option<RowClaim<'t>> {
    let number = exact(value).filter(|_| value.kind() == Kind::Number)?;
    // What has no definition here was computed by code.
    let custom = definition == Definition::ByName;
    Some(Claim { of: RowMetric { name, custom, definition }, value: RowValue::Number(number), at: at(value) })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]
fn job(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let evals: Vec<(Cow<'_, str>, Value<'_>)> = find(root, &["stats", "evals"])
        .filter(|evals| evals.kind() == Kind::Object)
        .ok_or_else(|| lacks(root, "stats.evals", "the results by agent and data set"))?
        .members()
        .map(|(key, eval)| (key.as_str(), eval))
        .collect();
    let total = root.get("n_total_trials").and_then(count).map(|total| total as usize);
    for (key, value) in &evals {
        let rewards = Rewards::of(*value, total.filter(|_| evals.len() == 1));
        let mut item = Item { id: key.clone(), complete: true, at: at(*value), ..Item::default() };
        item.metrics.extend(rewards.metrics(*value));
        let counts = [("n_trials", rewards.named.len()), ("n_errors", rewards.failed.len())];
        for (name, own) in counts {
            let Some(said) = value.get(name) else { continue };
            let definition = Definition::Combination(vec![(1.0, Printed::from_f64(own as f64))], true);
            item.metrics.extend(claim(name.into(), said, definition));
        }
        out.item(&item, origin);
        for (task, samples) in rewards.tasks() {
            let (id, facts) = (Cow::Owned(task), vec![samples]);
            let item = Item { id, task: key.clone(), facts, complete: true, at: at(*value), ..Item::default() };
            out.item(&item, origin);
        }
        let pass_at_k = value.get("pass_at_k").filter(|own| own.kind() == Kind::Object);
        for (k, value) in pass_at_k.into_iter().flat_map(|own| own.members()) {
            if value.kind() == Kind::Number {
                let metric = RunMetric::new(key, &format!("pass@{}", k.as_str()));
                out.metric(metric.claim(value.raw_str(), origin.locate(at(value))));
            }
        }
    }
    Ok(())
}

/// The rewards of an agent on a data set.
struct Rewards<'t> {
    /// The trials of each reward, by its name.
    by_name: BTreeMap<Cow<'t, str>, Vec<(Printed, Cow<'t, str>)>>,
    /// Trials with any reward.
    named: BTreeSet<Cow<'t, str>>,
    /// Trials with an error.
    failed: BTreeSet<Cow<'t, str>>,
    /// All trials of the job, where it has this one only.
    total: Option<usize>,
}

/// The names in the lists of an object.
fn names(lists: Value<'_>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    lists.members().flat_map(|(key, list)| {
        let key = key.as_str();
        list.elements().filter_map(move |name| Some((key.clone(), name.as_str()?)))
    })
}

impl<'t> Rewards<'t> {
    fn of(eval: Value<'t>, total: Option<usize>) -> Self {
        let lists = |name: &str| eval.get(name).filter(|lists| lists.kind() == Kind::Object);
        let mut by_name: BTreeMap<Cow<'t, str>, Vec<(Printed, Cow<'t, str>)>> = BTreeMap::new();
        for (reward, values) in lists("reward_stats").into_iter().flat_map(|stats| stats.members()) {
            let trials = names(values).filter_map(|(value, trial)| Some((Printed::parse(value.as_bytes())?, trial)));
            by_name.insert(reward.as_str(), trials.collect());
        }
        let failed = lists("exception_stats").into_iter().flat_map(names).map(|(_, trial)| trial).collect();
        let named = by_name.values().flatten().map(|(_, trial)| trial.clone()).collect();
        Self { by_name, named, failed, total }
    }

    /// Trials with an error and no reward.
    fn lost(&self) -> impl Iterator<Item = &Cow<'t, str>> {
        self.failed.difference(&self.named)
    }

    /// Trials without a reward that may count as 0: at least those with an error, at most the rest of the job.
    fn without(&self) -> (usize, usize) {
        let lost = self.lost().count();
        let others = self.total.map_or(lost, |total| total.saturating_sub(self.named.len()));
        (lost, others.max(lost))
    }

    /// The metrics of the data set over the rewards.
    fn metrics(&self, eval: Value<'t>) -> Vec<RowClaim<'t>> {
        let list = eval.get("metrics").filter(|metrics| metrics.kind() == Kind::Array);
        let metrics: Vec<Value<'t>> = list.into_iter().flat_map(|list| list.elements()).collect();
        let mut claims: Vec<RowClaim<'t>> = Vec::new();
        for (name, value) in metrics.iter().flat_map(Value::members) {
            let name = name.as_str();
            // With several rewards a metric goes by the reward's name, and its own is not logged.
            let definition = match self.by_name.values().next() {
                Some(trials) if self.by_name.len() == 1 => self.aggregated(&name, trials),
                _ => self.by_name.get(&name).map(|trials| self.any(trials)),
            };
            let name = Cow::Owned(format!("metrics.{name}"));
            let again = claims.iter().any(|own| own.of.name == name);
            claims.extend(claim(name, value, definition.unwrap_or_default()).filter(|_| !again));
        }
        claims
    }

    fn aggregated(&self, metric: &str, trials: &[(Printed, Cow<'t, str>)]) -> Option<Definition<'static>> {
        let numbers: Vec<Printed> = trials.iter().map(|(value, _)| *value).collect();
        let (fewest, most) = self.without();
        match metric {
            "mean" => Some(Definition::MeanWithZeros { numbers, fewest, most }),
            "sum" => Some(Definition::SumOf(numbers)),
            // A trial without a reward may be the least.
            "min" if most == 0 => Some(Definition::LeastOf(numbers)),
            "max" => {
                let right = numbers.iter().map(|number| number.value).fold(f64::MIN, f64::max);
                Some(Definition::OneOf { right: vec![right, right.max(0.0)], wrong: Vec::new() })
            }
            _ => None,
        }
    }

    /// A reward by any of the metrics that Harbor has. Trials that lack it count as 0.
    fn any(&self, trials: &[(Printed, Cow<'t, str>)]) -> Definition<'static> {
        let values = || trials.iter().map(|(value, _)| value.value);
        let sum: f64 = values().sum();
        let (fewest, most) = self.without();
        let lacking = self.named.len().saturating_sub(trials.len());
        let means = [0, fewest, most].map(|zeros| sum / (trials.len() + lacking + zeros) as f64);
        let ends = [values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max), 0.0];
        Definition::OneOf { right: means.into_iter().chain(ends).chain([sum]).collect(), wrong: Vec::new() }
    }

    /// Trials and right ones of each task; empty unless the names of the trials tell their tasks and rewards are marks. Tasks
    /// have equally many trials: otherwise two of them may share a name.
    fn tasks(&self) -> Vec<(String, RowFact<'static>)> {
        let mut tasks: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
        let Some(trials) = self.by_name.values().next().filter(|_| self.by_name.len() == 1) else { return Vec::new() };
        let lost = self.lost().map(|trial| (None, trial));
        for (reward, trial) in trials.iter().map(|(reward, trial)| (Some(reward.value), trial)).chain(lost) {
            let task = trial.rsplit_once("__").map(|(task, _)| task).filter(|task| task.chars().count() < CUT);
            let is_mark = reward.is_none_or(|own| [0.0, 1.0].iter().any(|mark| own.total_cmp(mark).is_eq()));
            let Some(task) = task.filter(|_| is_mark) else { return Vec::new() };
            let own = tasks.entry(task).or_default();
            own[0] += 1;
            own[1] += u32::from(reward.is_some());
            own[2] += u32::from(reward.is_some_and(|reward| reward > 0.5));
        }
        let first = tasks.values().next().map(|own| own[0]);
        if tasks.values().any(|own| Some(own[0]) != first) {
            return Vec::new();
        }
        let rewarded = tasks.into_iter().filter(|(_, own)| own[1] > 0);
        let one =
            |(task, [_, samples, right]): (&str, [u32; 3])| (task.to_owned(), RowFact::Samples { samples, right });
        rewarded.map(one).collect()
    }
}

impl Format for Trial {
    fn tool(&self) -> &'static str {
        "harbor-trials"
    }

    fn info(&self) -> &'static FormatInfo {
        &TRIAL_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let is_trial = |root: Value<'_>| {
            has(root, "trial_name", Kind::String)
                && has(root, "task_name", Kind::String)
                && has(root, "agent_info", Kind::Object)
        };
        match head.document() {
            Some(root) if is_trial(root) => Confidence::of(92, "trial_name, task_name and agent_info"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut records = Records::new(Framing::Elements, Vec::new(), (), trial)
            .mapped(&[("item", "trial_name"), ("row metrics", "verifier_result.rewards")]);
        // Every trial has its own directory.
        records.run_directory = Some(head.ancestor(2).to_owned());
        Ok(Box::new(records))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "every visit has one signature")]
fn trial(origin: &JsonOrigin<'_>, (): &(), out: &mut dyn Sink) -> Result<(), FieldError> {
    let root = origin.root;
    let name = root.get("trial_name").and_then(|name| name.as_str());
    let id = name.ok_or_else(|| lacks(root, "trial_name", "the trial's name"))?;
    let mut item = Item { id, complete: true, at: at(root), ..Item::default() };
    let rewards = find(root, &["verifier_result", "rewards"]).filter(|rewards| rewards.kind() == Kind::Object);
    for (key, value) in rewards.into_iter().flat_map(|rewards| rewards.members()) {
        item.metrics.extend(claim(key.as_str(), value, Definition::ByName));
    }
    out.item(&item, origin);
    Ok(())
}
