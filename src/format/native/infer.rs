//! The roles of fields whose names do not say them, by their values: a list of numbers per token is known by the numbers that
//! follow from it, or by its name beside as many pieces of text; the pick by the scores.

use crate::format::field::flag;
use crate::format::json::{Kind, Value};
use crate::format::native::by_value::{Field, following, is_short};
use crate::format::native::record::{Mapping, item, names_tokens};
use crate::format::native::roles::Role;
use crate::model::{Item, PickRef};
use crate::numeric::Printed;

/// Fewest records from which roles may be read off.
const FEWEST: usize = 3;
/// Parts of names of lists of log-probs, and of negative ones.
const HINTS: [&str; 8] = ["logprob", "log_prob", "logp", "lps", "_lp", "nll", "surprisal", "neg_log"];

/// A role with the path of the field that plays it.
pub(super) type Path = (Role, Vec<String>);

/// The paths of fields with token-level values, and of what else the records need. None where the names say it, or where the
/// values do not decide.
pub(super) fn paths(records: &[Value<'_>], mapping: &Mapping) -> Option<Vec<Path>> {
    let records: Vec<Value<'_>> = records.iter().copied().filter(is_short).collect();
    let records = records.as_slice();
    let first = records.first().filter(|_| records.len() >= FEWEST)?;
    if records.iter().any(|record| record.kind() != Kind::Object) || names_tokens(*first, mapping) {
        return None;
    }
    let mut found = lists(records, mapping)?;
    if let Some(key) = item_id(records, mapping) {
        found.push((Role::Item, vec![key.to_owned()]));
    }
    let within = found.iter().find(|(role, _)| *role == Role::Candidates).and_then(|(_, path)| path.first().cloned());
    if let Some(list) = within
        && let Some(key) = candidate_id(records, &list, mapping)
    {
        found.push((Role::Candidate, vec![key.to_owned()]));
    }
    let named = Mapping { paths: [mapping.paths.clone(), found.clone()].concat(), ..mapping.clone() };
    found.extend(choices(records, &named));
    Some(found)
}

/// A way to read the records.
struct Reading {
    paths: Vec<Path>,
    /// Numbers that follow from the values of the tokens.
    follows: usize,
    /// Whether the list is called so, and stands beside as many texts.
    is_named: bool,
}

impl Reading {
    fn rank(&self) -> (usize, bool) {
        (self.follows, self.is_named)
    }
}

/// The list of numbers per token, with the list of texts beside it and the list of candidates that holds them.
fn lists(records: &[Value<'_>], mapping: &Mapping) -> Option<Vec<Path>> {
    let mut readings: Vec<Reading> = Vec::new();
    for holder in holders(records) {
        let objects: Vec<Value<'_>> = records.iter().flat_map(|record| holder.objects(*record)).collect();
        for (key, numbers) in number_lists(&objects) {
            let pieces = pieces(&objects, key);
            let is_hint = HINTS.iter().any(|hint| key.to_ascii_lowercase().contains(hint));
            readings.extend(numbers.may_be().into_iter().map(|role| {
                let path = |role: Role, key: &str| (role, vec![key.to_owned()]);
                let list = holder.key().map(|list| path(Role::Candidates, list));
                let tokens = pieces.map(|pieces| path(Role::Tokens, pieces));
                let paths: Vec<Path> = list.into_iter().chain([path(role, key)]).chain(tokens).collect();
                let read = Mapping { paths: paths.clone(), ..mapping.clone() };
                let items: Vec<Item<'_>> = records.iter().filter_map(|record| item(*record, &read).ok()).collect();
                let is_named = is_hint && pieces.is_some() && role != Role::Probs;
                Reading { paths, follows: following(&items, mapping), is_named }
            }));
        }
    }
    readings.retain(|reading| reading.follows > 0 || reading.is_named);
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.rank()));
    match readings.as_slice() {
        [best, second, ..] if best.rank() == second.rank() => None,
        [best, ..] => Some(best.paths.clone()),
        [] => None,
    }
}

/// Where the objects lie that have a list of numbers: the records themselves, or the entries of a list in them.
enum Holder<'k> {
    Record,
    List(&'k str),
}

impl<'k> Holder<'k> {
    fn key(&self) -> Option<&'k str> {
        match self {
            Self::Record => None,
            Self::List(key) => Some(key),
        }
    }

    fn objects<'t>(&self, record: Value<'t>) -> Vec<Value<'t>> {
        match self {
            Self::Record => vec![record],
            Self::List(key) => record.get(key).map(|list| list.elements().collect()).unwrap_or_default(),
        }
    }
}

fn holders<'t>(records: &[Value<'t>]) -> Vec<Holder<'t>> {
    let Some(first) = records.first() else { return Vec::new() };
    let is_list = |value: Value<'_>| {
        value.kind() == Kind::Array && value.elements().next().is_some_and(|entry| entry.kind() == Kind::Object)
    };
    let keys = first.members().filter(|(_, value)| is_list(*value)).map(|(key, _)| Holder::List(key.raw_str()));
    std::iter::once(Holder::Record).chain(keys).collect()
}

/// What the numbers of a list have in common.
#[derive(Clone, Copy)]
struct Numbers {
    least: f64,
    most: f64,
}

impl Numbers {
    /// What such numbers may be, per token.
    fn may_be(self) -> Vec<Role> {
        let Self { least, most } = self;
        let mut roles = Vec::new();
        if most <= 0.0 && least < 0.0 {
            roles.push(Role::Logprobs);
        }
        if least >= 0.0 && most > 0.0 {
            roles.push(Role::Surprisals);
            if most <= 1.0 {
                roles.push(Role::Probs);
            }
        }
        roles
    }
}

/// The keys of lists of numbers that all objects have.
fn number_lists<'t>(objects: &[Value<'t>]) -> Vec<(&'t str, Numbers)> {
    let Some(first) = objects.first() else { return Vec::new() };
    let numbers = |key: &str| {
        let mut all: Option<Numbers> = None;
        for object in objects {
            let list = object.get(key).filter(|list| list.kind() == Kind::Array)?;
            // A list for each candidate, or one of the record.
            let is_nested = list.elements().next().is_some_and(|entry| entry.kind() == Kind::Array);
            let lists: Vec<Value<'_>> = if is_nested { list.elements().collect() } else { vec![list] };
            for entry in lists.iter().flat_map(Value::elements) {
                if entry.kind() == Kind::Null {
                    continue;
                }
                let value = Printed::parse(entry.raw()).filter(|_| entry.kind() == Kind::Number)?.value;
                let known = all.unwrap_or(Numbers { least: value, most: value });
                all = Some(Numbers { least: known.least.min(value), most: known.most.max(value) });
            }
        }
        all
    };
    first.members().filter_map(|(key, _)| Some((key.raw_str(), numbers(key.raw_str())?))).collect()
}

/// The key of a list of texts that is as long as a list of numbers in all objects.
fn pieces<'t>(objects: &[Value<'t>], numbers: &str) -> Option<&'t str> {
    let is_parallel = |key: &str| {
        objects.iter().all(|object| {
            let (Some(list), Some(numbers)) = (object.get(key), object.get(numbers)) else { return false };
            let is_text = |list: Value<'_>| list.elements().all(|entry| entry.kind() == Kind::String);
            let are_alike = |(texts, numbers): (Value<'_>, Value<'_>)| match texts.kind() {
                Kind::Array => texts.len() == numbers.len() && is_text(texts),
                kind => kind == Kind::String && numbers.kind() != Kind::Array,
            };
            list.kind() == Kind::Array
                && list.len() == numbers.len()
                && list.elements().zip(numbers.elements()).all(are_alike)
        })
    };
    objects.first()?.members().map(|(key, _)| key.raw_str()).find(|key| is_parallel(key))
}

/// A field that tells all records apart, where no name says that it does.
fn item_id<'t>(records: &[Value<'t>], mapping: &Mapping) -> Option<&'t str> {
    let first = records.first()?;
    if mapping.has_item(*first) {
        return None;
    }
    first
        .members()
        .map(|(key, _)| key.raw_str())
        .find(|key| are_names(records.iter().filter_map(|record| record.get(key)), records.len()))
}

/// A field that tells the candidates of each item apart, where no name says that it does.
fn candidate_id<'t>(records: &[Value<'t>], list: &str, mapping: &Mapping) -> Option<&'t str> {
    let first = records.first()?.get(list)?.elements().next()?;
    if mapping.has_candidate(first) {
        return None;
    }
    let names = |key: &str, record: &Value<'t>| {
        let Some(list) = record.get(list) else { return false };
        are_names(list.elements().filter_map(|entry| entry.get(key)), list.len())
    };
    first.members().map(|(key, _)| key.raw_str()).find(|key| records.iter().all(|record| names(key, record)))
}

/// Longest name of an item or a candidate.
const LONGEST: usize = 64;

/// Whether values are short texts or whole numbers, as many as wanted and all different.
fn are_names<'t>(values: impl Iterator<Item = Value<'t>>, wanted: usize) -> bool {
    let mut seen: Vec<&str> = Vec::with_capacity(wanted);
    for value in values {
        let raw = value.raw_str();
        let is_name = match value.kind() {
            Kind::String => raw.len() <= LONGEST && !raw.contains(' '),
            Kind::Number => raw.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        };
        if !is_name || seen.contains(&raw) {
            return false;
        }
        seen.push(raw);
    }
    seen.len() == wanted && wanted > 1
}

/// Parts of names of fields that hold the right answer.
const RIGHT: [&str; 9] = ["gold", "answer", "oracle", "label", "target", "reference", "truth", "key", "correct"];

/// The fields with the pick, the right answer, and whether they are the same, where no name says them: the pick is the best
/// candidate by some number in all records, in whichever direction.
fn choices(records: &[Value<'_>], mapping: &Mapping) -> Vec<Path> {
    let items: Vec<(Value<'_>, Item<'_>)> =
        records.iter().filter_map(|record| Some((*record, item(*record, mapping).ok()?))).collect();
    let is_choice = |(_, item): &(Value<'_>, Item<'_>)| item.candidates.len() > 1;
    if items.len() < FEWEST_PICKS || !items.iter().all(is_choice) {
        return Vec::new();
    }
    let Some((first, known)) = items.first() else { return Vec::new() };
    let has = |choice: &PickRef<'_>| !matches!(choice, PickRef::Missing);
    let positions = |key: &str| -> Option<Vec<usize>> {
        items.iter().map(|(record, item)| position(record.get(key)?, item)).collect()
    };
    let keys: Vec<&str> = first.members().map(|(key, _)| key.raw_str()).collect();
    let named: Vec<(&str, Vec<usize>)> = keys.iter().filter_map(|key| Some((*key, positions(key)?))).collect();
    let winners = winners(&items);
    let is_pick = |picks: &[usize]| winners.iter().any(|winners| winners == picks);
    let varies = |picks: &[usize]| picks.iter().any(|pick| Some(pick) != picks.first());
    let pick = named.iter().find(|(_, picks)| varies(picks) && is_pick(picks)).filter(|_| !has(&known.pick));
    let is_right = |key: &str| RIGHT.iter().any(|part| key.to_ascii_lowercase().contains(part));
    let gold = pick.and_then(|(pick, _)| named.iter().find(|(key, _)| key != pick && is_right(key)));
    let gold = gold.filter(|_| !has(&known.gold));
    let mut found = Vec::new();
    found.extend(pick.map(|(key, _)| (Role::Pick, vec![(*key).to_owned()])));
    found.extend(gold.map(|(key, _)| (Role::Gold, vec![(*key).to_owned()])));
    if let (Some((_, picks)), Some((_, golds))) = (pick, gold) {
        let says = |key: &&&str| {
            items
                .iter()
                .zip(picks.iter().zip(golds))
                .all(|((record, _), (pick, gold))| record.get(key).and_then(flag) == Some(pick == gold))
        };
        let correct = keys.iter().find(says).filter(|_| known.correct.is_none());
        found.extend(correct.map(|key| (Role::Correct, vec![(*key).to_owned()])));
    }
    found
}

/// Fewest records from which a field may be taken for the pick.
const FEWEST_PICKS: usize = 5;

/// The position of the candidate that a value names.
fn position(value: Value<'_>, item: &Item<'_>) -> Option<usize> {
    match value.kind() {
        Kind::Number => value.raw_str().parse().ok().filter(|at| *at < item.candidates.len()),
        Kind::String => {
            let text = value.as_str()?;
            item.candidates.iter().position(|candidate| candidate.id.as_deref() == Some(&*text))
        }
        _ => None,
    }
}

/// The best candidates of all items by each number that all candidates have: the highest ones, and the lowest ones.
fn winners(items: &[(Value<'_>, Item<'_>)]) -> Vec<Vec<usize>> {
    let first = items.iter().take(1).filter_map(|(_, item)| item.candidates.first());
    let fields = Field::all(first);
    let by = |field: Field<'_>, sign: f64| -> Option<Vec<usize>> {
        let best = |item: &Item<'_>| {
            let values = item.candidates.iter().map(|candidate| Some(sign * field.value(candidate)?));
            let values: Vec<f64> = values.collect::<Option<_>>()?;
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            values.iter().position(|value| *value == most)
        };
        items.iter().map(|(_, item)| best(item)).collect()
    };
    let signed = [1.0, -1.0].into_iter().flat_map(|sign| fields.iter().map(move |field| (*field, sign)));
    signed.filter_map(|(field, sign)| by(field, sign)).collect()
}
