//! What the lists of a native record say of its row: what a search returned, the answers to a question, samples that passed.

use std::borrow::Cow;

use crate::format::field::{flag, id, printed};
use crate::format::json::{Key, Kind, Value};
use crate::metric::field_names::{ANSWERS, GAINS, JUDGED, RANKS, RETURNED, is_named};
use crate::model::{FieldValue, Returned, RowFact, Vote, answer_hash};

/// Entries of a list that are looked at.
const ENTRIES: usize = 1 << 12;

const IDS: [&str; 7] = ["doc_id", "docId", "document_id", "documentId", "docid", "id", "_id"];
const RELEVANCES: [&str; 8] =
    ["relevance", "rating", "grade", "rel", "gain", "is_relevant", "relevant", "relevance_grade"];

const ANSWER: [&str; 6] = ["answer", "extracted_answer", "prediction", "pred", "final_answer", "parsed_answer"];
const GOLD: [&str; 8] =
    ["gold", "gold_answer", "target", "ground_truth", "reference", "answer", "correct_answer", "label"];
const RIGHT: [&str; 8] =
    ["correct", "is_correct", "passed", "correctness", "corrects", "passes", "successes", "scores"];
/// Longest answer, in bytes; what is longer is a response.
const LONGEST: usize = 64;

/// The first member of an object with one of several names that is of use.
fn first<'t, T>(object: Value<'t>, names: &[&str], of: impl Fn(Value<'t>) -> Option<T>) -> Option<T> {
    object.members().filter(|(key, _)| is_named(&key.as_str(), names)).find_map(|(_, value)| of(value))
}

/// The same of members that are lists: every record has other members, whose names need no look.
fn first_list<'t, T>(object: Value<'t>, names: &[&str], of: impl Fn(Value<'t>) -> Option<T>) -> Option<T> {
    let lists = object.members().filter(|(_, value)| value.kind() == Kind::Array);
    lists.filter(|(key, _)| is_named(&key.as_str(), names)).find_map(|(_, value)| of(value))
}

/// A relevance: a number, or a yes or no.
fn relevance(value: Value<'_>) -> Option<f64> {
    match value.kind() {
        Kind::Bool => value.as_bool().map(|own| f64::from(u8::from(own))),
        Kind::Number => printed(value).map(|number| number.value).filter(|number| number.is_finite()),
        _ => None,
    }
}

/// The id of an entry: itself, or a field of it.
fn entry_id(entry: Value<'_>) -> Option<Cow<'_, str>> {
    if entry.kind() == Kind::Object { IDS.iter().find_map(|key| id(entry.get(key)?)) } else { id(entry) }
}

fn is_list(value: Value<'_>) -> Option<Value<'_>> {
    (value.kind() == Kind::Array && (1..=ENTRIES).contains(&value.len())).then_some(value)
}

/// Documents with their relevance: a list of ids, of objects, or an object by id.
fn judged(value: Value<'_>) -> Option<Vec<(Cow<'_, str>, f64)>> {
    match value.kind() {
        Kind::Object if value.len() <= ENTRIES => {
            let all: Option<Vec<_>> = value.members().map(|(key, own)| Some((key.as_str(), relevance(own)?))).collect();
            let mut all = all?;
            // The order of an object's keys says nothing of an ideal that follows the order of the judgments.
            all.sort_by(|(_, own), (_, other)| other.total_cmp(own));
            Some(all)
        }
        Kind::Array if value.len() <= ENTRIES => {
            let one = |entry: Value<'_>| match entry.kind() {
                Kind::Object => RELEVANCES.iter().find_map(|key| relevance(entry.get(key)?)),
                _ => Some(1.0),
            };
            value.elements().map(|entry| Some((entry_id(entry)?, one(entry)?))).collect()
        }
        _ => None,
    }
}

fn rank(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

fn of_gains(gains: &[f64], judged: Option<Vec<f64>>) -> Returned {
    let relevant = gains.iter().enumerate().filter(|(_, own)| **own > 0.0).map(|(at, own)| (rank(at), *own)).collect();
    Returned { relevant, documents: u32::try_from(gains.len()).ok(), judged, is_rank_zero: false }
}

/// The relevance of entries that say it themselves, in the order of their ranks.
fn graded(list: Value<'_>) -> Option<Vec<f64>> {
    let mut all: Vec<(f64, f64)> = Vec::new();
    for (at, entry) in list.elements().enumerate() {
        if entry.kind() != Kind::Object {
            return None;
        }
        let rank = entry.get("rank").and_then(relevance).unwrap_or(at as f64);
        all.push((rank, RELEVANCES.iter().find_map(|key| relevance(entry.get(key)?))?));
    }
    all.sort_by(|(own, _), (other, _)| own.total_cmp(other));
    Some(all.into_iter().map(|(_, relevance)| relevance).collect())
}

/// What a search returned for the query of a record.
fn returned(record: Value<'_>) -> Option<Returned> {
    let list = first_list(record, &RETURNED, is_list);
    if let (Some(list), Some(judged)) = (list, first(record, &JUDGED, judged)) {
        let ids: Option<Vec<Cow<'_, str>>> = list.elements().map(entry_id).collect();
        let of = |id: &str| judged.iter().find(|(known, _)| known == id).map_or(0.0, |(_, relevance)| *relevance);
        let gains: Vec<f64> = ids?.iter().map(|id| of(id)).collect();
        return Some(of_gains(&gains, Some(judged.into_iter().map(|(_, relevance)| relevance).collect())));
    }
    let gains =
        first_list(record, &GAINS, |value| is_list(value)?.elements().map(relevance).collect::<Option<Vec<f64>>>());
    if let Some(gains) = gains.or_else(|| graded(list?)) {
        return Some(of_gains(&gains, None));
    }
    let is_rank = |(key, value): &(Key<'_>, Value<'_>)| {
        matches!(value.kind(), Kind::Number | Kind::Bool | Kind::Null) && is_named(&key.as_str(), &RANKS)
    };
    let rank = record.members().find(is_rank)?.1;
    let number = relevance(rank).filter(|_| rank.kind() == Kind::Number);
    if number.is_none() && rank.kind() != Kind::Null {
        return None;
    }
    Some(of_rank(number))
}

/// The only relevant document at a rank; below 1 it was not found.
fn of_rank(number: Option<f64>) -> Returned {
    let found = number.filter(|number| *number >= 1.0 && *number < f64::from(u32::MAX) && number.fract() <= 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number within range"
    )]
    let relevant = found.map(|number| (number as u32, 1.0)).into_iter().collect();
    let is_rank_zero = number.is_some_and(|number| number.abs() <= 0.0);
    Returned { relevant, documents: None, judged: Some(vec![1.0]), is_rank_zero }
}

/// A short answer.
fn answer(value: Value<'_>) -> Option<Cow<'_, str>> {
    let own = id(value)?;
    (own.len() <= LONGEST).then_some(own)
}

fn flags(value: Value<'_>) -> Option<Vec<bool>> {
    let is_flag = |value: Value<'_>| match value.kind() {
        Kind::Bool => value.as_bool(),
        Kind::Number => relevance(value).filter(|own| [0.0, 1.0].contains(own)).and_then(|_| flag(value)),
        _ => None,
    };
    is_list(value)?.elements().map(is_flag).collect()
}

/// The answers to a question, where the record says which are right; else how many samples passed.
fn votes<'t>(record: Value<'t>) -> Option<RowFact<'t>> {
    let right = first_list(record, &RIGHT, flags);
    let list = first_list(record, &ANSWERS, |value| is_list(value).filter(|list| list.len() > 1));
    let one = |entry: Value<'t>| {
        let own = if entry.kind() == Kind::Object { first(entry, &ANSWER, answer)? } else { answer(entry)? };
        let is_right = (entry.kind() == Kind::Object).then(|| first(entry, &RIGHT, |own| own.as_bool())).flatten();
        Some((own, is_right))
    };
    if let Some(entries) = list.and_then(|list| list.elements().map(one).collect::<Option<Vec<_>>>()) {
        let gold = first(record, &GOLD, answer);
        let votes: Option<Vec<Vote>> = entries
            .iter()
            .enumerate()
            .map(|(at, (own, is_right))| {
                let of_list =
                    right.as_ref().filter(|all| all.len() == entries.len()).and_then(|all| all.get(at).copied());
                let equal = || gold.as_ref().map(|gold| gold.trim() == own.trim());
                Some(Vote { answer: answer_hash(own), right: is_right.or(of_list).or_else(equal)? })
            })
            .collect();
        if let Some(votes) = votes {
            return Some(RowFact::Votes(votes));
        }
    }
    let right = right.filter(|all| all.len() > 1)?;
    let count = |own: usize| u32::try_from(own).unwrap_or(u32::MAX);
    Some(RowFact::Samples { samples: count(right.len()), right: count(right.iter().filter(|own| **own).count()) })
}

/// The facts that the lists of a record give.
#[must_use]
pub(super) fn facts(record: Value<'_>) -> Vec<RowFact<'_>> {
    returned(record).map(RowFact::Returned).into_iter().chain(votes(record)).collect()
}

/// The same for a row of a table that has no lists: the rank of the relevant document.
#[must_use]
pub(super) fn of_cell(name: &str, value: &FieldValue<'_>) -> Option<RowFact<'static>> {
    let number = match value {
        FieldValue::Number(number) => Some(*number),
        FieldValue::Nothing => None,
        FieldValue::Flag(_) | FieldValue::Text(_) => return None,
    };
    is_named(name, &RANKS).then(|| RowFact::Returned(of_rank(number)))
}
