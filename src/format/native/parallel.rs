//! Lists with an entry per candidate, or objects with one per label, beside one another in a record.

use std::borrow::Cow;

use crate::format::field::{integer, text};
use crate::format::json::{Key, Kind, Value};
use crate::format::native::mapping::Mapping;
use crate::format::native::roles::Role;
use crate::format::native::slots::{SIDE_VALUES, Slot, Slots};
use crate::model::{At, ColumnId, Text};

/// Where a candidate is in a list or an object.
#[derive(Clone, Copy)]
pub(super) enum Entry<'t> {
    Position(usize),
    Label(&'t str),
}

impl<'t> Entry<'t> {
    /// The entry of a list, or the member of an object.
    fn of(self, holder: Value<'t>) -> Option<Value<'t>> {
        match self {
            Self::Position(at) => holder.elements().nth(at),
            Self::Label(label) => holder.get(label),
        }
    }

    /// The entries of a list, or the members of an object by their labels.
    fn all(holder: Value<'t>) -> Vec<Self> {
        if holder.kind() == Kind::Array {
            return (0..holder.len()).map(Self::Position).collect();
        }
        let mut labels: Vec<&'t str> = holder.members().map(|(key, _)| key.raw_str()).collect();
        labels.sort_unstable();
        labels.into_iter().map(Self::Label).collect()
    }
}

/// The candidates of a record whose fields have an entry for each of them.
pub(super) struct Parallel<'t> {
    pub(super) entries: Vec<Entry<'t>>,
    /// The field that says how many there are.
    holder: Value<'t>,
    /// The fields with a number or a text for each candidate.
    beside: Vec<(&'t str, Value<'t>)>,
}

fn is_array(value: &Value<'_>) -> bool {
    value.kind() == Kind::Array
}

/// The values of a list or of the members of an object.
fn values(holder: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    holder.elements().chain(holder.members().map(|(_, value)| value))
}

/// Whether a value has an entry for each candidate, which all are of one kind.
fn has_entries(holder: Value<'_>, is_one: impl Fn(Value<'_>) -> bool) -> bool {
    matches!(holder.kind(), Kind::Array | Kind::Object) && values(holder).count() > 1 && values(holder).all(is_one)
}

/// Whether two fields have entries for the same candidates.
fn are_alike(one: Value<'_>, other: Value<'_>) -> bool {
    match (one.kind(), other.kind()) {
        (Kind::Array, Kind::Array) => one.len() == other.len(),
        (Kind::Object, Kind::Object) => {
            let count = |object: Value<'_>| object.members().count();
            count(one) == count(other) && one.members().all(|(key, _)| other.get(key.raw_str()).is_some())
        }
        _ => false,
    }
}

impl<'t> Parallel<'t> {
    /// The candidates of a record by the values of their tokens, or by their scores beside a pick.
    pub(super) fn of(record: Value<'t>, slots: &Slots<'t>, mapping: &Mapping) -> Option<Self> {
        let holder = tokens(record, slots).or_else(|| scores(record, slots, mapping))?;
        let is_one = |one: Value<'_>| matches!(one.kind(), Kind::Number | Kind::String);
        let is_beside = |(_, value): &(Key<'t>, Value<'t>)| are_alike(holder, *value) && has_entries(*value, is_one);
        let beside = record.members().filter(is_beside).map(|(key, value)| (key.raw_str(), value)).collect();
        Some(Self { entries: Entry::all(holder), holder, beside })
    }

    /// The place of one candidate.
    pub(super) fn at(&self, entry: Entry<'t>) -> Option<At> {
        entry.of(self.holder).map(crate::format::field::at)
    }

    /// The fields of one candidate.
    pub(super) fn slots(&self, record: &Slots<'t>, entry: Entry<'t>, mapping: &Mapping) -> Slots<'t> {
        let mut own = Slots::default();
        for slot in &record.filled {
            let is_own = slot.role.is_per_token() || matches!(slot.role, Role::Tokens | Role::TokenIds);
            if is_own
                && are_alike(self.holder, slot.value)
                && let Some(value) = entry.of(slot.value).filter(is_array)
            {
                own.filled.push(Slot { value, ..*slot });
            }
        }
        for (name, list) in &self.beside {
            let Some(value) = entry.of(*list).filter(|value| value.kind() == Kind::Number) else { continue };
            match column(name, mapping) {
                Some(column) => own.claims.push((column, value)),
                None if own.side.len() < SIDE_VALUES => own.side.push((Cow::Borrowed(name), value)),
                None => {}
            }
        }
        own
    }

    /// The text of one candidate.
    pub(super) fn text(&self, entry: Entry<'t>) -> Option<Text<'t>> {
        self.beside.iter().find_map(|(_, list)| text(entry.of(*list)?))
    }

    /// The fields with a number for each candidate that is a claim, and its column.
    pub(super) fn claims(&self, mapping: &Mapping) -> Vec<(&'t str, ColumnId)> {
        let are_numbers = |list: Value<'_>| values(list).all(|value| value.kind() == Kind::Number);
        let numbers = self.beside.iter().filter(|(_, list)| are_numbers(*list));
        numbers.filter_map(|(name, _)| Some((*name, column(name, mapping)?))).collect()
    }
}

/// The column of a field with an entry for each candidate. A list of scores is called so.
fn column(name: &str, mapping: &Mapping) -> Option<ColumnId> {
    mapping.column_of_claim(name).or_else(|| mapping.column_of_claim(name.strip_suffix('s')?))
}

/// The field with the values of the tokens of each candidate.
fn tokens<'t>(record: Value<'t>, slots: &Slots<'t>) -> Option<Value<'t>> {
    let is_numbers = |own: Value<'_>| {
        own.kind() == Kind::Array && own.elements().all(|one| matches!(one.kind(), Kind::Number | Kind::Null))
    };
    let of_role = |role| slots.get(role).filter(|holder| has_entries(*holder, is_numbers));
    let holder = [Role::Logprobs, Role::Surprisals, Role::Probs].into_iter().find_map(of_role)?;
    (holder.kind() == Kind::Array || are_labels(record, slots, holder)).then_some(holder)
}

/// Whether the keys of an object are the labels of candidates: another field has the same ones, or one of them is picked.
fn are_labels(record: Value<'_>, slots: &Slots<'_>, holder: Value<'_>) -> bool {
    let mut others = record.members().filter(|(_, other)| other.start() != holder.start());
    let is_named = |role| {
        let name = slots.get(role).filter(|value| value.kind() == Kind::String);
        name.is_some_and(|name| holder.members().any(|(key, _)| key.raw() == name.raw()))
    };
    is_named(Role::Pick) || is_named(Role::Gold) || others.any(|(_, other)| are_alike(holder, other))
}

/// The field with a score of each candidate, where pick and right answer are two of them.
fn scores<'t>(record: Value<'t>, slots: &Slots<'t>, mapping: &Mapping) -> Option<Value<'t>> {
    let (pick, gold) = (slots.get(Role::Pick)?, slots.get(Role::Gold)?);
    let names = |holder: Value<'_>, choice: Value<'_>| match (holder.kind(), choice.kind()) {
        (Kind::Object, Kind::String) => holder.members().any(|(key, _)| key.raw() == choice.raw()),
        (Kind::Array, Kind::Number) => {
            integer(choice).is_some_and(|at| usize::try_from(at).is_ok_and(|at| at < holder.len()))
        }
        _ => false,
    };
    // The record itself is the candidate where it has a score or tokens of its own.
    if !slots.claims.is_empty() || slots.filled.iter().any(|slot| slot.role.is_per_token() || slot.role.is_vector()) {
        return None;
    }
    let is_number = |value: Value<'_>| value.kind() == Kind::Number;
    let mut found = record.members().filter(|(key, value)| {
        column(key.raw_str(), mapping).is_some()
            && has_entries(*value, is_number)
            && names(*value, pick)
            && names(*value, gold)
    });
    found.next().map(|(_, value)| value)
}
