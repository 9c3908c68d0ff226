//! The fields of one object of a native record by role.

use std::borrow::Cow;

use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, MappedRole};
use crate::format::native::mapping::{Inner, Mapping};
use crate::format::native::paths::{self, holds_objects};
use crate::format::native::roles::{Role, SENTENCE, by_name};
use crate::model::ColumnId;

/// A field with its role.
#[derive(Clone, Copy)]
pub(super) struct Slot<'t> {
    pub(super) role: Role,
    pub(super) value: Value<'t>,
    /// Whether its name is a plain one.
    pub(super) is_strong: bool,
    /// Its name; empty for a field that has its role by a path.
    pub(super) name: &'t str,
    /// Where its values are in the entries of its list.
    pub(super) inner: Inner,
}

/// The fields of one object by role. A plain name takes precedence over an ambiguous one.
#[derive(Default)]
pub(super) struct Slots<'t> {
    pub(super) filled: Vec<Slot<'t>>,
    pub(super) filters: Vec<Value<'t>>,
    pub(super) claims: Vec<(ColumnId, Value<'t>)>,
    /// The first numbers without a role.
    pub(super) side: Vec<(Cow<'t, str>, Value<'t>)>,
}

/// Maximum numbers without a role kept per record.
pub(super) const SIDE_VALUES: usize = 16;

/// Levels of objects that are looked into for numbers.
const LEVELS: usize = 3;

/// Names of an object that holds what a record says of its candidate, the likeliest first.
const WRAPPERS: [&str; 9] =
    ["response", "raw_response", "completion", "output", "result", "generation", "data", "out", "model_output"];

impl<'t> Slots<'t> {
    pub(super) fn of(object: Value<'t>, mapping: &Mapping) -> Self {
        let mut slots = Self::of_members(object, mapping);
        slots.unwrap(object, mapping);
        if mapping.is_deep {
            slots.look_into(object, "", LEVELS, mapping);
        }
        slots.follow_paths(object, mapping);
        if let Some(sentence) = object.get(SENTENCE) {
            // A sentence within an item is a candidate of it.
            let role = if slots.get(Role::Item).is_some() { Role::Candidate } else { Role::Item };
            slots.fill(role, sentence, false, SENTENCE);
        }
        slots
    }

    /// The fields of an object by their names.
    fn of_members(object: Value<'t>, mapping: &Mapping) -> Self {
        let mut slots = Self { filled: Vec::with_capacity(16), ..Self::default() };
        for (key, value) in object.members() {
            let Ok(name) = std::str::from_utf8(key.raw()) else { continue };
            slots.add(name, name, value, mapping);
        }
        slots.unfold(mapping);
        slots
    }

    /// Adds a field by its name. `key` is its name in the record, empty where that is another one.
    pub(super) fn add(&mut self, name: &str, key: &'t str, value: Value<'t>, mapping: &Mapping) {
        if let Some(column) = mapping.column_of_claim(name) {
            if !matches!(value.kind(), Kind::Array | Kind::Object) {
                self.claims.push((column, value));
            }
            return;
        }
        let known = by_name(name);
        // A single number under the name of a list per token is about the whole text.
        if value.kind() == Kind::Number
            && known.is_some_and(|(role, _)| role.is_per_token())
            && let Some(column) = mapping.column(name)
        {
            self.claims.push((column, value));
            return;
        }
        if value.kind() == Kind::Number && known.is_none() && self.side.len() < SIDE_VALUES {
            self.side.push((if key.is_empty() { Cow::Owned(name.to_owned()) } else { Cow::Borrowed(key) }, value));
        }
        if let Some((role, is_strong)) = known {
            if role == Role::Filter {
                self.filters.push(value);
            }
            self.fill(role, value, is_strong, key);
        }
    }

    /// Takes lists out of an object under the name of one: `{"content": [{"token": …, "logprob": …}]}`, or `{"tokens": […],
    /// "token_logprobs": […]}`.
    fn unfold(&mut self, mapping: &Mapping) {
        let is_object = |slot: &&Slot<'t>| slot.role == Role::Logprobs && slot.value.kind() == Kind::Object;
        let Some(slot) = self.filled.iter().find(is_object).copied() else { return };
        let content = slot.value.get("content").filter(|list| list.kind() == Kind::Array);
        if let Some(list) = content.filter(|list| holds_objects(*list)) {
            self.filled.retain(|slot| slot.role != Role::Logprobs);
            self.fill(Role::Logprobs, list, slot.is_strong, slot.name);
            return;
        }
        let inside = Self::of_members(slot.value, mapping);
        if inside.has_values() {
            self.filled.retain(|slot| slot.role != Role::Logprobs);
            self.adopt(inside, "");
        }
    }

    /// Takes the fields of the object that holds what a record says of its candidate, if the record itself does not say it.
    fn unwrap(&mut self, object: Value<'t>, mapping: &Mapping) {
        if self.has_values() || self.get(Role::Candidates).is_some_and(holds_objects) {
            return;
        }
        for name in WRAPPERS {
            let Some(inner) = object.get(name).filter(|inner| inner.kind() == Kind::Object) else { continue };
            let inside = Self::of_members(inner, mapping);
            if inside.has_values() {
                self.filled.retain(|slot| slot.name != name);
                self.adopt(inside, name);
                return;
            }
        }
    }

    /// Takes the fields of an object inside this one, where this one does not have their roles.
    fn adopt(&mut self, inside: Self, name: &str) {
        for slot in inside.filled {
            if self.get(slot.role).is_none() {
                self.filled.push(slot);
            }
        }
        for (column, value) in inside.claims {
            if !self.claims.iter().any(|(known, _)| *known == column) {
                self.claims.push((column, value));
            }
        }
        for (own, value) in inside.side {
            let path = if name.is_empty() { own } else { Cow::Owned(format!("{name}.{own}")) };
            self.add_side(path, value);
        }
    }

    fn add_side(&mut self, name: Cow<'t, str>, value: Value<'t>) {
        if self.side.len() < SIDE_VALUES && !self.side.iter().any(|(known, _)| *known == name) {
            self.side.push((name, value));
        }
    }

    /// Adds the numbers inside the objects of an object, by their paths.
    fn look_into(&mut self, object: Value<'t>, at: &str, levels: usize, mapping: &Mapping) {
        for (key, value) in object.members() {
            let path = if at.is_empty() { key.as_str() } else { Cow::Owned(format!("{at}.{}", key.raw_str())) };
            match value.kind() {
                Kind::Object if levels > 0 && !self.is_taken(value) => {
                    self.look_into(value, &path, levels - 1, mapping);
                }
                Kind::Number if !at.is_empty() && mapping.column(&path).is_none() && !self.has_number(value) => {
                    self.add_side(path, value);
                }
                _ => {}
            }
        }
    }

    /// Whether a number is already one of the record, under the name in its object.
    fn has_number(&self, number: Value<'_>) -> bool {
        let claims = self.claims.iter().map(|(_, value)| value);
        claims.chain(self.side.iter().map(|(_, value)| value)).any(|value| value.start() == number.start())
    }

    /// Whether an object has a role, such as that of a map of alternatives.
    fn is_taken(&self, object: Value<'t>) -> bool {
        self.filled.iter().any(|slot| slot.value.start() == object.start() && slot.role != Role::Continuation)
    }

    fn follow_paths(&mut self, object: Value<'t>, mapping: &Mapping) {
        for (at, (role, path)) in (0_u16..).zip(&mapping.paths) {
            let Some(reached) = paths::reach(object, path) else { continue };
            let inner = Inner { path: at, rest: u16::try_from(reached.rest).unwrap_or(u16::MAX) };
            let is_list =
                role.is_per_token() || matches!(role, Role::Tokens | Role::TokenIds | Role::Segments | Role::Mask);
            let value = if reached.rest == 0 || is_list { Some(reached.value) } else { paths::single(object, path) };
            let Some(value) = value else { continue };
            match role {
                Role::Claim(kind) => {
                    let name = path.join(".");
                    if let Some(column) = mapping.column(&name) {
                        // A field of the record itself was already found by its name.
                        if !self.claims.iter().any(|(known, _)| *known == column) {
                            self.claims.push((column, value));
                        }
                    } else if let Some(index) = mapping.columns.iter().position(|spec| spec.column.kind == *kind) {
                        self.claims.push((ColumnId(u16::try_from(index).unwrap_or(0)), value));
                    }
                }
                role => {
                    self.filled.retain(|slot| slot.role != *role);
                    self.filled.push(Slot { role: *role, value, is_strong: true, name: "", inner });
                }
            }
        }
    }

    pub(super) fn fill(&mut self, role: Role, value: Value<'t>, is_strong: bool, name: &'t str) {
        let own = Slot { role, value, is_strong, name, inner: Inner::default() };
        match self.filled.iter_mut().find(|slot| slot.role == role) {
            Some(slot) if is_strong && !slot.is_strong => *slot = own,
            Some(_) => {}
            None => self.filled.push(own),
        }
    }

    /// Whether there are lists of values of tokens.
    fn has_values(&self) -> bool {
        let is_list = |slot: &Slot<'_>| slot.value.kind() == Kind::Array;
        self.filled.iter().any(|slot| (slot.role.is_per_token() || slot.role.is_vector()) && is_list(slot))
    }

    /// Whether there is a number to audit: a claim, or token values.
    pub(super) fn has_content(&self) -> bool {
        let is_of_tokens = |slot: &Slot<'_>| slot.role.is_per_token() || slot.role.is_vector();
        !self.claims.is_empty()
            || self.filled.iter().any(|slot| is_of_tokens(slot) && slot.value.kind() != Kind::Object)
    }

    pub(super) fn slot(&self, role: Role) -> Option<&Slot<'t>> {
        self.filled.iter().find(|slot| slot.role == role)
    }

    pub(super) fn get(&self, role: Role) -> Option<Value<'t>> {
        self.slot(role).map(|slot| slot.value)
    }

    /// The fields of the object, with their roles.
    pub(super) fn mapped(&self, mapping: &Mapping) -> Vec<MappedField> {
        let mapped_path =
            |role| mapping.paths.iter().find(|(mapped, _)| *mapped == role).map(|(_, path)| path.join("."));
        let roles = self.filled.iter().map(|slot| {
            let by_path = || mapped_path(slot.role).unwrap_or_default();
            let path = if slot.name.is_empty() { by_path() } else { slot.name.to_owned() };
            MappedField::new(MappedRole::Role(slot.role), path)
        });
        let columns = self.claims.iter().filter_map(|(column, _)| mapping.columns.get(usize::from(column.0)));
        let claims = columns.map(|spec| {
            MappedField::new(MappedRole::Claim(spec.accepted.first().copied()), spec.column.name.to_string())
        });
        roles.chain(claims).collect()
    }

    pub(super) fn name(&self, role: Role) -> &'t str {
        self.slot(role).map_or("", |slot| slot.name)
    }
}
