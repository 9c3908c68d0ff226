//! What records look like: whether they are native ones, and which of their fields play which roles.

use crate::format::field::flag;
use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, MappedRole};
use crate::format::native::mapping::Mapping;
use crate::format::native::pair_fields;
use crate::format::native::pairs::{Pairs, is_text};
use crate::format::native::parallel::Parallel;
use crate::format::native::paths::holds_objects;
use crate::format::native::roles::{Role, by_name};
use crate::format::native::slots::{Slot, Slots};
use crate::format::rewards;
use crate::model::ColumnId;

/// Names of a token's value in an object per token.
const VALUES: [&str; 7] = ["logprob", "log_prob", "lp", "prob", "p", "probability", "logit"];

/// Whether an object has the fields that a native record needs.
#[must_use]
pub(super) fn looks_native(record: Value<'_>, mapping: &Mapping) -> bool {
    if record.kind() != Kind::Object {
        return false;
    }
    let slots = Slots::of(record, mapping);
    let has = |role| slots.get(role).is_some();
    let nested = first_candidate(&slots).is_some_and(|first| {
        let inner = Slots::of(first, mapping);
        let has_tokens = || inner.get(Role::Tokens).is_some_and(|tokens| tokens.kind() == Kind::Array);
        inner.has_content() || has(Role::Pick) || has_tokens()
    });
    let identified = has(Role::Item) || has(Role::Prompt) || has(Role::Continuation);
    let has_content = || slots.has_content() || Parallel::of(record, &slots, mapping).is_some();
    nested || ((identified || has(Role::Tokens)) && has_content())
}

/// Whether the names of a record's fields, or of its candidates' ones, say which values are those of tokens.
#[must_use]
pub(super) fn names_tokens(record: Value<'_>, mapping: &Mapping) -> bool {
    let has = |slots: &Slots<'_>| slots.filled.iter().any(says_values);
    let slots = Slots::of(record, mapping);
    has(&slots) || first_candidate(&slots).is_some_and(|first| has(&Slots::of(first, mapping)))
}

/// Whether a field is a list of values of tokens by its name, or one of objects that name their value.
fn says_values(slot: &Slot<'_>) -> bool {
    let first = || slot.value.elements().next().filter(|first| first.kind() == Kind::Object);
    let has_number = |first: Value<'_>| VALUES.iter().any(|name| first.get(name).is_some());
    let is_of_objects = || slot.value.kind() == Kind::Array && first().is_some_and(has_number);
    slot.role.is_per_token() || slot.role.is_vector() || slot.role == Role::Tokens && is_of_objects()
}

/// The first candidate of a record that holds its candidates as objects.
fn first_candidate<'t>(slots: &Slots<'t>) -> Option<Value<'t>> {
    let list = slots.get(Role::Candidates).filter(|list| holds_objects(*list))?;
    match list.kind() {
        Kind::Object => list.members().next().map(|(_, first)| first),
        _ => list.elements().next(),
    }
}

impl Mapping {
    /// Whether a record says by a name which item it is of.
    #[must_use]
    pub(super) fn has_item(&self, record: Value<'_>) -> bool {
        Slots::of(record, self).get(Role::Item).is_some()
    }

    /// Whether an object says by a name which candidate it is.
    #[must_use]
    pub(super) fn has_candidate(&self, object: Value<'_>) -> bool {
        Slots::of(object, self).get(Role::Candidate).is_some()
    }
}

/// Whether an object is a row of answers without scores: an item that was right or wrong, or its pick beside the right answer;
/// also one that lost its value; or an item's reward beside its parts.
#[must_use]
pub(super) fn is_answer(record: Value<'_>, mapping: &Mapping) -> bool {
    if record.kind() != Kind::Object {
        return false;
    }
    let slots = Slots::of(record, mapping);
    let says_right = slots.get(Role::Correct).is_some_and(|value| value.kind() == Kind::Null || flag(value).is_some());
    let plain = |role| slots.slot(role).is_some_and(|slot| slot.is_strong);
    let is_decided = says_right || (plain(Role::Pick) && slots.get(Role::Gold).is_some());
    slots.get(Role::Item).is_some() && (is_decided || rewards::is_rewarded(record))
}

/// Roles claimed by two plain names of a record, with the names. The user must choose.
#[must_use]
pub(super) fn ambiguities(record: Value<'_>) -> Vec<(Role, String, String)> {
    let mut seen: Vec<(Role, bool, String, Value<'_>)> = Vec::new();
    let mut found = Vec::new();
    for (key, value) in record.members() {
        let Ok(name) = std::str::from_utf8(key.raw()) else { continue };
        let Some((role, strong)) = by_name(name) else { continue };
        // A number where a list per token is expected is one of the whole text.
        let is_of_text = role.is_per_token() && value.kind() == Kind::Number;
        if matches!(role, Role::Claim(_) | Role::Filter) || is_of_text {
            continue;
        }
        if let Some((.., other, first)) = seen.iter().find(|(known, tier, ..)| *known == role && *tier == strong) {
            // A duplicate key is one field; its last value counts.
            if *other != name && first.raw() != value.raw() {
                found.push((role, other.clone(), name.to_owned()));
            }
        } else {
            seen.push((role, strong, name.to_owned(), value));
        }
    }
    // A weak name is never used if a plain one exists, so two weak names matter only without a plain one.
    found.retain(|(role, other, _)| {
        by_name(other).is_some_and(|(_, strong)| strong) || !seen.iter().any(|(known, tier, ..)| known == role && *tier)
    });
    found
}

/// The mapping from a record's fields to roles.
#[must_use]
pub(super) fn mapping_of(record: Value<'_>, mapping: &Mapping) -> Vec<MappedField> {
    let slots = Slots::of(record, mapping);
    let mut fields = slots.mapped(mapping);
    if let Some(pairs) = &mapping.pairs {
        fields.extend(of_pairs(pairs, record, mapping));
        return fields;
    }
    if let Some(parallel) = Parallel::of(record, &slots, mapping) {
        let claims = parallel.claims(mapping).into_iter();
        fields.extend(claims.filter_map(|(name, column)| of_claim(name, column, mapping)));
    }
    if let Some(first) = first_candidate(&slots) {
        fields.extend(Slots::of(first, mapping).mapped(mapping).into_iter().map(|mut nested| {
            nested.field.is_nested = true;
            nested
        }));
    }
    fields
}

/// A field under another name than that of its column.
fn of_claim(name: &str, column: ColumnId, mapping: &Mapping) -> Option<MappedField> {
    let spec = mapping.columns.get(usize::from(column.0))?;
    let role = MappedRole::Claim(spec.accepted.first().copied());
    Some(MappedField { column: spec.column.name.to_string(), ..MappedField::new(role, name) })
}

/// The fields of both texts of a minimal pair, and the one that says which is preferred.
fn of_pairs(pairs: &Pairs, record: Value<'_>, mapping: &Mapping) -> Vec<MappedField> {
    let mut fields = Vec::new();
    for side in [0, 1] {
        for field in &pairs.fields {
            let Some(key) = field.keys.get(side) else { continue };
            if field.name.is_empty() {
                let own = pair_fields::slots(pairs, record, side, mapping).mapped(mapping);
                fields.extend(own.into_iter().map(|mut own| {
                    own.column =
                        if matches!(own.role, MappedRole::Claim(_)) { own.field.path.clone() } else { String::new() };
                    own.field.path = format!("{key}.{}", own.field.path);
                    own
                }));
            } else if is_text(&field.name) {
                fields.push(MappedField::new(MappedRole::Role(Role::Continuation), key.clone()));
            } else if let Some(column) = pair_fields::column(&field.name, record.get(key), mapping) {
                fields.extend(of_claim(key, column, mapping));
            } else if let Some((role, _)) = by_name(&field.name) {
                fields.push(MappedField::new(MappedRole::Role(role), key.clone()));
            }
        }
    }
    let verdict = pairs.verdict.as_ref().map(|name| MappedField::new(MappedRole::Role(Role::Pick), name.clone()));
    fields.retain(|field| field.role != MappedRole::Role(Role::Correct));
    fields.extend(verdict);
    fields
}
