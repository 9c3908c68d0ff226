//! The minimal pairs of JSON records.

use std::sync::Arc;

use crate::format::field::flag;
use crate::format::json::{Kind, Value};
use crate::format::native::mapping::Mapping;
use crate::format::native::pairs::{PairField, Pairs, are_minimal, is_text};
use crate::format::native::paths::holds_objects;
use crate::format::native::roles::Role;
use crate::format::native::slots::Slots;
use crate::model::ColumnId;

/// The pairs of records that all have the same fields, and none of their own that are those of one text.
pub(super) fn find(records: &[Value<'_>], mapping: &Mapping) -> Option<Arc<Pairs>> {
    let first = records.first()?;
    let names: Vec<&str> = first.members().map(|(key, _)| key.raw_str()).collect();
    let is_object = |name: &str| first.get(name).is_some_and(|value| value.kind() == Kind::Object);
    let pairs = Pairs::among(&names, is_object)?;
    let is_whole = |record: &Value<'_>| {
        let has_both = |field: &PairField| {
            let [right, wrong] = field.keys.each_ref().map(|key| record.get(key));
            right.zip(wrong).is_some_and(|(right, wrong)| {
                right.kind() == wrong.kind() || [right.kind(), wrong.kind()].contains(&Kind::Null)
            })
        };
        pairs.fields.iter().all(has_both) && !has_own_text(*record, mapping) && has_numbers(&pairs, *record, mapping)
    };
    let says = |name: &String| records.iter().all(|record| record.get(name).and_then(flag).is_some());
    let verdict = pairs.verdict.clone().filter(says);
    records.iter().all(is_whole).then(|| Arc::new(Pairs { verdict, ..pairs.clone() }))
}

/// Whether both sides have a number that can be audited.
fn has_numbers(pairs: &Pairs, record: Value<'_>, mapping: &Mapping) -> bool {
    [0, 1].into_iter().all(|side| {
        let slots = slots(pairs, record, side, mapping);
        !slots.claims.is_empty() || slots.filled.iter().any(|slot| slot.role.is_per_token())
    })
}

/// The fields of one side.
pub(super) fn slots<'t>(pairs: &Pairs, record: Value<'t>, side: usize, mapping: &Mapping) -> Slots<'t> {
    let value = |field: &PairField| record.get(field.keys.get(side)?);
    if let Some(object) = pairs.fields.iter().find(|field| field.name.is_empty()).and_then(value) {
        return Slots::of(object, mapping);
    }
    let mut slots = Slots::default();
    for field in &pairs.fields {
        let Some(value) = value(field) else { continue };
        if is_text(&field.name) {
            slots.fill(Role::Continuation, value, false, "");
        } else {
            slots.add(&field.name, "", value, mapping);
        }
    }
    slots
}

/// Whether a record has a text with numbers of its own.
fn has_own_text(record: Value<'_>, mapping: &Mapping) -> bool {
    let slots = Slots::of(record, mapping);
    slots.get(Role::Candidates).is_some_and(holds_objects)
        || !slots.claims.is_empty()
        || slots.filled.iter().any(|slot| slot.role.is_per_token() || slot.role.is_vector())
}

/// Settles whether the numbers of both texts are scores that these are compared by: their tokens are logged, or the texts of nearly
/// all pairs have as many words, and whichever length a sum is divided by, the same one wins.
pub(super) fn settle(pairs: &Pairs, records: &[Value<'_>], mapping: &mut Mapping) {
    let has_tokens = |record: &Value<'_>| {
        let slots = slots(pairs, *record, 0, mapping);
        slots.filled.iter().any(|slot| slot.role.is_per_token() && slot.value.kind() == Kind::Array)
    };
    if records.iter().any(has_tokens) {
        return;
    }
    let texts = |record: &Value<'_>| {
        let of_side = |side: usize| {
            if let Some(field) = pairs.fields.iter().find(|field| is_text(&field.name)) {
                return record.get(field.keys.get(side)?)?.as_str().map(|text| text.split_whitespace().count());
            }
            let text = slots(pairs, *record, side, mapping).get(Role::Continuation)?.as_str()?;
            Some(text.split_whitespace().count())
        };
        Some((of_side(0)?, of_side(1)?))
    };
    let are_even = are_minimal(records.iter().map(texts));
    let mut names: Vec<String> = pairs.fields.iter().map(|field| field.name.clone()).collect();
    if let Some(first) = records.first() {
        let columns = slots(pairs, *first, 0, mapping).claims;
        let known = columns.iter().filter_map(|(column, _)| mapping.columns.get(usize::from(column.0)));
        names.extend(known.map(|spec| spec.column.name.to_string()));
    }
    mapping.compared(names.iter().map(String::as_str), are_even);
}

/// The column that a field of both sides is a claim of.
pub(super) fn column(name: &str, value: Option<Value<'_>>, mapping: &Mapping) -> Option<ColumnId> {
    let is_number = value.is_some_and(|value| value.kind() == Kind::Number);
    mapping.column_of_claim(name).or_else(|| mapping.column(name).filter(|_| is_number))
}
