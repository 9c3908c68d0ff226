//! The roles of fields whose names do not say them, by their values: a list of numbers per token is known by the numbers that
//! follow from it, or by its name beside as many pieces of text; the pick by the scores.

use crate::format::field::flag;
use crate::format::json::{Kind, Value};
use crate::format::native::by_value::{Field, Following, follow_from, following, is_short};
use crate::format::native::look::names_tokens;
use crate::format::native::mapping::Mapping;
use crate::format::native::paths::{entries, holds_objects, reach, within};
use crate::format::native::record::{is_pair, item};
use crate::format::native::roles::Role;
use crate::model::{Item, PickRef};
use crate::numeric::Printed;

/// Fewest records from which roles may be read off.
const FEWEST: usize = 3;
/// Parts of names of lists of log-probs, and of negative ones.
const HINTS: [&str; 8] = ["logprob", "log_prob", "logp", "lps", "_lp", "nll", "surprisal", "neg_log"];
/// Names of log-probs that are too short to look for in other names.
const SHORT: [&str; 2] = ["lp", "ll"];

/// A role with the path of the field that plays it.
pub(super) type Path = (Role, Vec<String>);

/// A field whose role was found by its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) path: Path,
    /// What the values show.
    pub(super) evidence: String,
}

/// What the values of records say of their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The fields whose roles they say.
    pub(super) known: Vec<Known>,
    /// The lists that may hold the values of the tokens alike, with what each of them would prove, where that is so.
    pub(super) alike: Vec<(Path, String)>,
}

impl Found {
    pub(super) fn paths(&self) -> Vec<Path> {
        self.known.iter().map(|known| known.path.clone()).collect()
    }
}

/// The fields with token-level values, and what else the records need. Nothing where the names say it, or where the values do not
/// decide.
pub(super) fn find(records: &[Value<'_>], mapping: &Mapping) -> Found {
    let records: Vec<Value<'_>> = records.iter().copied().filter(is_short).collect();
    let records = records.as_slice();
    let Some(first) = records.first().filter(|_| records.len() >= FEWEST) else { return Found::default() };
    if records.iter().any(|record| record.kind() != Kind::Object) || names_tokens(*first, mapping) {
        return Found::default();
    }
    let mapping = &Mapping { is_deep: true, ..mapping.clone() };
    let mut known = match lists(records, mapping) {
        Ok(known) => known,
        Err(alike) => return Found { known: Vec::new(), alike },
    };
    let all = records.len();
    let mut add = |role: Role, key: &str, evidence: String| {
        known.push(Known { path: (role, vec![key.to_owned()]), evidence });
    };
    if let Some(key) = item_id(records, mapping) {
        add(Role::Item, key, format!("differs in all {all} records"));
    }
    let within = known.iter().find(|known| known.path.0 == Role::Candidates).map(|known| known.path.1.clone());
    if let Some(list) = within
        && let Some(key) = candidate_id(records, &list, mapping)
    {
        let evidence = "differs among the candidates of each item".to_owned();
        known.push(Known { path: (Role::Candidate, vec![key.to_owned()]), evidence });
    }
    let paths: Vec<Path> = known.iter().map(|known| known.path.clone()).collect();
    let named = Mapping { paths: [mapping.paths.clone(), paths].concat(), ..mapping.clone() };
    known.extend(choices(records, &named));
    Found { known, alike: Vec::new() }
}

/// A way to read the records.
struct Reading {
    known: Vec<Known>,
    /// Position of the values of the tokens among these.
    values: usize,
    /// Numbers that follow from the values of the tokens.
    follows: Following,
    /// The fields of these numbers.
    names: Vec<String>,
    /// Whether the list is called so, and is beside as many texts, or holds them.
    is_named: bool,
}

impl Reading {
    fn rank(&self) -> (Following, bool) {
        (self.follows, self.is_named)
    }
}

/// The list of numbers per token, with the list of texts beside it and the list of candidates that holds them; or the ones that
/// explain the records alike.
fn lists(records: &[Value<'_>], mapping: &Mapping) -> Result<Vec<Known>, Vec<(Path, String)>> {
    let mut readings: Vec<Reading> = Vec::new();
    for holder in holders(records) {
        let objects: Vec<Value<'_>> = records.iter().flat_map(|record| objects(*record, &holder)).collect();
        for path in number_lists(&objects) {
            let Some(numbers) = numbers(&objects, &path) else { continue };
            let texts = pieces(&objects, &path);
            let key = path.last().map(String::as_str).unwrap_or_default();
            let is_hint = HINTS.iter().any(|hint| key.to_ascii_lowercase().contains(hint)) || SHORT.contains(&key);
            // Numbers of objects are as often scores of candidates.
            let is_through = is_through_list(&objects, &path);
            let is_of_pairs = are_pairs(&objects, &path);
            let has_tokens = !is_through || texts.as_deref().is_some_and(|own| are_short(&objects, own));
            if !(is_hint || has_tokens || is_of_pairs) {
                continue;
            }
            for role in numbers.may_be() {
                let known = |role: Role, path: &[String], evidence: &str| Known {
                    path: (role, path.to_vec()),
                    evidence: evidence.to_owned(),
                };
                let list = (!holder.is_empty()).then(|| known(Role::Candidates, &holder, "objects with such lists"));
                let tokens = texts.as_ref().map(|texts| known(Role::Tokens, texts, "as many texts"));
                let values = usize::from(list.is_some());
                let own = known(role, &path, "");
                let known: Vec<Known> = list.into_iter().chain([own]).chain(tokens).collect();
                let paths = known.iter().map(|known| known.path.clone()).collect();
                let read = Mapping { paths, ..mapping.clone() };
                let items: Vec<Item<'_>> = records.iter().filter_map(|record| item(*record, &read).ok()).collect();
                let is_named = is_hint && texts.is_some() && has_tokens && role != Role::Probs
                    || is_of_pairs && role == Role::Logprobs;
                let (follows, names) = following(&items, mapping);
                readings.push(Reading { known, values, follows, names, is_named });
            }
        }
    }
    readings.retain(|reading| reading.follows.fields > 0 || reading.is_named);
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.rank()));
    for reading in &mut readings {
        let follows = match reading.names.as_slice() {
            [] if reading.known.len() > reading.values + 1 => "called so, beside as many texts".to_owned(),
            [] => "pairs of a text and a number".to_owned(),
            names => follow_from(names),
        };
        if let Some(values) = reading.known.get_mut(reading.values) {
            values.evidence = follows;
        }
    }
    let best = readings.first().map(Reading::rank).unwrap_or_default();
    let mut alike = readings.into_iter().filter(|reading| reading.rank() == best);
    match (alike.next(), alike.next()) {
        (Some(one), None) => Ok(one.known),
        (Some(one), Some(other)) => {
            let of = |reading: Reading| reading.known.into_iter().nth(reading.values);
            let all = [one, other].into_iter().chain(alike).filter_map(of);
            Err(all.map(|known| (known.path, known.evidence)).collect())
        }
        (None, _) => Err(Vec::new()),
    }
}

/// The objects of a record that have lists: the record itself for an empty path, else the entries of a list in it.
fn objects<'t>(record: Value<'t>, holder: &[String]) -> Vec<Value<'t>> {
    if holder.is_empty() {
        return vec![record];
    }
    let list = reach(record, holder).filter(|reached| reached.rest == 0).map(|reached| reached.value);
    list.map(|list| entries(list).into_iter().map(|(_, entry)| entry).collect()).unwrap_or_default()
}

/// Levels of objects that are looked into for lists.
const LEVELS: usize = 3;

/// Where the objects may be that have a list of numbers: the records themselves, or the entries of a list in them.
fn holders(records: &[Value<'_>]) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    if let Some(first) = records.first() {
        look_for(*first, &mut Vec::new(), &mut |path, value| {
            if holds_objects(value) {
                found.push(path.to_vec());
            }
        });
    }
    found
}

/// Calls a function for every list and object within the objects of an object.
fn look_for<'t>(object: Value<'t>, at: &mut Vec<String>, see: &mut dyn FnMut(&[String], Value<'t>)) {
    for (key, value) in object.members() {
        if !matches!(value.kind(), Kind::Array | Kind::Object) {
            continue;
        }
        at.push(key.as_str().into_owned());
        see(at, value);
        if value.kind() == Kind::Object && at.len() < LEVELS {
            look_for(value, at, see);
        }
        at.pop();
    }
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

/// The paths of lists that may hold a number per token: lists of numbers, and numbers of the objects in a list.
fn number_lists(objects: &[Value<'_>]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let Some(first) = objects.first() else { return found };
    look_for(*first, &mut Vec::new(), &mut |path, value| {
        let Some(entry) = value.elements().next().filter(|_| value.kind() == Kind::Array) else { return };
        if entry.kind() != Kind::Object {
            found.push(path.to_vec());
            return;
        }
        // Objects with lists of numbers are candidates.
        let is_list = |own: Value<'_>| own.elements().next().is_some_and(|first| first.kind() == Kind::Number);
        if entry.members().any(|(_, own)| own.kind() == Kind::Array && is_list(own)) {
            return;
        }
        let numbers = entry.members().filter(|(_, own)| own.kind() == Kind::Number);
        found.extend(numbers.map(|(key, _)| [path, &[key.as_str().into_owned()]].concat()));
    });
    found
}

/// What the numbers at a path have in common, if all objects have numbers there.
fn numbers(objects: &[Value<'_>], path: &[String]) -> Option<Numbers> {
    let mut all: Option<Numbers> = None;
    for object in objects {
        let reached = reach(*object, path).filter(|reached| reached.value.kind() == Kind::Array)?;
        let rest = path.get(path.len() - reached.rest..)?;
        // A list for each candidate, or one of the record.
        let is_of_pairs = reached.value.elements().next().is_some_and(is_pair);
        let is_nested =
            !is_of_pairs && reached.value.elements().next().is_some_and(|entry| entry.kind() == Kind::Array);
        let lists: Vec<Value<'_>> = if is_nested { reached.value.elements().collect() } else { vec![reached.value] };
        for entry in lists.iter().flat_map(Value::elements) {
            let number = if is_of_pairs { entry.elements().nth(1) } else { within(entry, rest) };
            let Some(value) = number.filter(|value| value.kind() != Kind::Null) else { continue };
            let value = Printed::parse(value.raw()).filter(|_| value.kind() == Kind::Number)?.value;
            let known = all.unwrap_or(Numbers { least: value, most: value });
            all = Some(Numbers { least: known.least.min(value), most: known.most.max(value) });
        }
    }
    all
}

/// Whether a path leads to lists of a token beside its number in all objects.
fn are_pairs(objects: &[Value<'_>], path: &[String]) -> bool {
    let list = |object: &Value<'_>| reach(*object, path).is_some_and(|own| own.value.elements().all(is_pair));
    objects.iter().all(list) && objects.iter().any(|own| reach(*own, path).is_some_and(|own| own.value.len() > 0))
}

/// Whether a path goes through a list to a number of each of its entries.
fn is_through_list(objects: &[Value<'_>], path: &[String]) -> bool {
    objects.first().and_then(|first| reach(*first, path)).is_some_and(|reached| reached.rest > 0)
}

/// The path of the texts beside the numbers of a path: a list that is as long in all objects, or a text of the same entries.
fn pieces(objects: &[Value<'_>], numbers: &[String]) -> Option<Vec<String>> {
    let (key, around) = numbers.split_last()?;
    let sibling = |own: String| [around, &[own]].concat();
    if is_through_list(objects, numbers) {
        let first = objects.first().and_then(|first| reach(*first, numbers))?.value.elements().next()?;
        let mut texts = first.members().filter(|(_, value)| value.kind() == Kind::String);
        return texts.next().map(|(own, _)| sibling(own.as_str().into_owned()));
    }
    let is_parallel = |own: &str| {
        objects.iter().all(|object| {
            let Some(parent) = reach(*object, around).map(|reached| reached.value) else { return false };
            let (Some(list), Some(numbers)) = (parent.get(own), parent.get(key)) else { return false };
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
    let first = reach(*objects.first()?, around)?.value;
    first.members().map(|(own, _)| own.as_str().into_owned()).find(|own| is_parallel(own)).map(sibling)
}

/// Longest mean length of the texts of tokens, in bytes.
const LONGEST_TOKEN: usize = 16;

/// Whether the texts of the entries of a list are as short as tokens.
fn are_short(objects: &[Value<'_>], path: &[String]) -> bool {
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for object in objects {
        let Some(reached) = reach(*object, path) else { return false };
        let rest = path.get(path.len() - reached.rest..).unwrap_or_default();
        for text in reached.value.elements().filter_map(|entry| within(entry, rest)) {
            count += 1;
            bytes += text.raw().len();
        }
    }
    count > objects.len() && bytes <= LONGEST_TOKEN * count
}

/// A field that tells all records apart, where no name says that it does.
pub(super) fn item_id<'t>(records: &[Value<'t>], mapping: &Mapping) -> Option<&'t str> {
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
fn candidate_id<'t>(records: &[Value<'t>], list: &[String], mapping: &Mapping) -> Option<&'t str> {
    let first = objects(*records.first()?, list).into_iter().next()?;
    let is_labelled = reach(*records.first()?, list).is_some_and(|reached| reached.value.kind() == Kind::Object);
    if is_labelled || mapping.has_candidate(first) {
        return None;
    }
    let names = |key: &str, record: &Value<'t>| {
        let candidates = objects(*record, list);
        are_names(candidates.iter().filter_map(|entry| entry.get(key)), candidates.len())
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
const RIGHT: [&str; 10] =
    ["gold", "right", "answer", "oracle", "label", "target", "reference", "truth", "key", "correct"];

/// The fields with the pick, the right answer, and whether they are the same, where no name says them: the pick is the best
/// candidate by some number in all records, in whichever direction.
fn choices(records: &[Value<'_>], mapping: &Mapping) -> Vec<Known> {
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
    let all = items.len();
    let field = |role: Role, key: &str, evidence: String| Known { path: (role, vec![key.to_owned()]), evidence };
    let best = || format!("the best candidate by a number of theirs in all {all} records");
    found.extend(pick.map(|(key, _)| field(Role::Pick, key, best())));
    found.extend(gold.map(|(key, _)| field(Role::Gold, key, format!("a candidate in all {all} records"))));
    if let (Some((_, picks)), Some((_, golds))) = (pick, gold) {
        let says = |key: &&&str| {
            items
                .iter()
                .zip(picks.iter().zip(golds))
                .all(|((record, _), (pick, gold))| record.get(key).and_then(flag) == Some(pick == gold))
        };
        let correct = keys.iter().find(says).filter(|_| known.correct.is_none());
        let same = || format!("whether these two are the same in all {all} records");
        found.extend(correct.map(|key| field(Role::Correct, key, same())));
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
