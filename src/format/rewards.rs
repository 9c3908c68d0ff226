//! The reward of a row beside the parts that it is made of: an object of them, or fields named after them.

use std::borrow::Cow;

use crate::format::field::{at, flag, printed};
use crate::format::json::{Kind, Value};
use crate::model::{RewardOf, RowFact, plain_name};
use crate::numeric::Printed;

/// Names of the whole.
const TOTALS: [&str; 6] =
    ["reward", "total_reward", "reward_total", "final_reward", "overall_reward", "combined_reward"];
/// Names of objects that hold the parts.
const HOLDERS: [&str; 11] = [
    "reward_components",
    "reward_parts",
    "reward_breakdown",
    "reward_details",
    "reward_dict",
    "reward_functions",
    "reward_terms",
    "component_rewards",
    "sub_rewards",
    "rewards",
    "rewards_breakdown",
];
/// Names of objects or lists with the weights.
const WEIGHTS: [&str; 3] = ["reward_weights", "reward_weight", "weights"];
/// Words in the name of a number that is about the reward and no part of it.
const ABOUT: [&str; 26] = [
    "advantage",
    "avg",
    "baseline",
    "centered",
    "clipped",
    "ema",
    "group",
    "id",
    "max",
    "mean",
    "min",
    "model",
    "norm",
    "normalised",
    "normalized",
    "raw",
    "ref",
    "running",
    "scaled",
    "shaped",
    "std",
    "sum",
    "time",
    "total",
    "weight",
    "weights",
];
/// Most parts.
const MOST: usize = 8;

/// The part that a field of the row is, by its name: `rewards/format`, `format_reward`, `reward_format`.
fn part(name: &str) -> Option<&str> {
    let inner =
        ["rewards/", "reward/", "rewards.", "reward.", "reward_"].iter().find_map(|word| name.strip_prefix(word));
    let own = inner.or_else(|| name.strip_suffix("_reward"))?;
    let plain = plain_name(own);
    (!plain.is_empty() && !plain.split('_').any(|word| ABOUT.contains(&word))).then_some(own)
}

/// A part's number; a yes or no counts as 1 or 0.
fn value(value: Value<'_>) -> Option<Printed> {
    match value.kind() {
        Kind::Number => printed(value),
        Kind::Bool => flag(value).map(|flag| Printed::from_f64(f64::from(u8::from(flag)))),
        _ => None,
    }
}

fn whole(record: Value<'_>) -> Option<(&'static str, Value<'_>)> {
    TOTALS.into_iter().find_map(|name| Some((name, record.get(name).filter(|own| own.kind() == Kind::Number)?)))
}

/// The parts of a record's reward by name, in order; empty where it has fewer than two.
fn parts<'t>(record: Value<'t>) -> Vec<(Cow<'t, str>, Printed)> {
    let holder = HOLDERS.iter().find_map(|name| record.get(name).filter(|own| own.kind() == Kind::Object));
    let mut parts: Vec<(Cow<'t, str>, Printed)> = match holder {
        Some(holder) => holder
            .members()
            .filter(|(key, _)| !TOTALS.contains(&&*key.as_str()))
            .filter_map(|(key, own)| Some((key.as_str(), value(own)?)))
            .collect(),
        None => record
            .members()
            .filter(|(key, _)| !TOTALS.contains(&&*key.as_str()))
            .filter_map(|(key, own)| {
                let name = key.as_str();
                part(&name)?;
                Some((name, value(own)?))
            })
            .collect(),
    };
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    parts.dedup_by(|a, b| a.0 == b.0);
    if (2..=MOST).contains(&parts.len()) { parts } else { Vec::new() }
}

/// The declared weights of some parts; empty where one of them has none.
fn weights(record: Value<'_>, parts: &[(Cow<'_, str>, Printed)]) -> Vec<f64> {
    let Some(own) = WEIGHTS.iter().find_map(|name| record.get(name).filter(|own| own.kind() == Kind::Object)) else {
        return Vec::new();
    };
    let weight = |name: &str| own.get(name).and_then(printed).map(|number| number.value);
    parts.iter().map(|(name, _)| weight(name)).collect::<Option<_>>().unwrap_or_default()
}

/// Whether a record has a reward beside at least two parts.
#[must_use]
pub(in crate::format) fn is_rewarded(record: Value<'_>) -> bool {
    whole(record).is_some() && !parts(record).is_empty()
}

/// The reward of a record with its parts; None without them.
#[must_use]
pub(in crate::format) fn rewarded<'t>(item: &Cow<'t, str>, record: Value<'t>) -> Option<RowFact<'t>> {
    let (name, whole) = whole(record)?;
    let parts = parts(record);
    let weights = weights(record, &parts);
    let item = item.clone();
    (!parts.is_empty()).then_some(RowFact::Rewarded {
        item,
        name,
        reward: printed(whole)?,
        parts,
        weights,
        of: RewardOf::Rollout,
        at: at(whole),
    })
}

/// The reward of a row whose functions are under `metrics`. A row without any of them failed before they were asked.
#[must_use]
pub(in crate::format) fn of_metrics<'t>(item: &Cow<'t, str>, record: Value<'t>) -> Option<RowFact<'t>> {
    let (name, whole) = whole(record)?;
    let mut parts: Vec<(Cow<'t, str>, Printed)> =
        record.get("metrics")?.members().filter_map(|(key, own)| Some((key.as_str(), value(own)?))).collect();
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let is_some = (1..=MOST).contains(&parts.len());
    is_some.then_some(RowFact::Rewarded {
        item: item.clone(),
        name,
        reward: printed(whole)?,
        parts,
        weights: Vec::new(),
        of: RewardOf::Rollout,
        at: at(whole),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    type Parts = Vec<(String, f64)>;

    /// The parts of a record's reward, and their declared weights.
    fn of(record: &str) -> Option<(Parts, Vec<f64>)> {
        let mut tape = Tape::default();
        let fact = rewarded(&Cow::Borrowed("q"), tape.parse(record.as_bytes()).unwrap())?;
        let RowFact::Rewarded { parts, weights, .. } = fact else { return None };
        Some((parts.into_iter().map(|(name, number)| (name.into_owned(), number.value)).collect(), weights))
    }

    #[test]
    fn parts_stand_in_an_object_or_beside_the_reward() {
        let two = |a: &str, b: &str| vec![(a.to_owned(), 1.0), (b.to_owned(), 0.5)];
        let object = r#"{"reward": 0.9, "reward_components": {"format": 0.5, "answer": true}}"#;
        assert_eq!(of(object), Some((two("answer", "format"), vec![])));
        let flat = r#"{"reward": 0.9, "rewards/format": 0.5, "rewards/answer": 1}"#;
        assert_eq!(of(flat), Some((two("rewards/answer", "rewards/format"), vec![])));
        let named = r#"{"total_reward": 0.9, "length_reward": 0.5, "accuracy_reward": 1, "mean_reward": 3}"#;
        assert_eq!(of(named), Some((two("accuracy_reward", "length_reward"), vec![])));
        let declared = r#"{"reward": 0.9, "rewards": {"a": 1, "b": 0.5}, "reward_weights": {"b": 0.2, "a": 0.8}}"#;
        assert_eq!(of(declared), Some((two("a", "b"), vec![0.8, 0.2])));
    }

    #[test]
    fn one_part_or_none_is_no_sum() {
        assert_eq!(of(r#"{"reward": 0.9, "reward_components": {"answer": 1}}"#), None);
        assert_eq!(of(r#"{"reward": 0.9, "reward_mean": 1, "reward_std": 0.5}"#), None);
        assert_eq!(of(r#"{"rewards": {"a": 1, "b": 2}}"#), None);
    }
}
