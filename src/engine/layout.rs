//! Counts the fields of a JSON record in the layout of its input.

use crate::format::field::is_nothing;
use crate::format::json::{Kind, Value};
use crate::numeric::Printed;
use crate::tally::{Field, FieldKind, Position};

/// Levels of objects that are looked into.
const DEPTH: usize = 3;

/// Sees a record.
pub(super) fn see(records: &mut Field, at: Position, root: Value<'_>) {
    look(records, at, root, 0);
}

/// Sees a row of a table. A cell that is empty is not there.
pub(super) fn see_cells<'c>(records: &mut Field, at: Position, cells: impl Iterator<Item = (&'c str, &'c [u8])>) {
    let mut below = records.see(at, FieldKind::Object);
    for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        let Some(field) = below.member(name, 0) else { continue };
        let kind = cell_kind(cell);
        if let Ok(text) = std::str::from_utf8(cell) {
            field.value(at, text, kind == FieldKind::Text);
        }
        field.see(at, kind).end();
    }
    below.end();
}

fn cell_kind(cell: &[u8]) -> FieldKind {
    match cell {
        _ if is_nothing(cell) => FieldKind::Null,
        b"true" | b"True" | b"false" | b"False" => FieldKind::Bool,
        _ if Printed::parse(cell).is_some() => FieldKind::Number,
        _ => FieldKind::Text,
    }
}

fn look(field: &mut Field, at: Position, value: Value<'_>, depth: usize) {
    let kind = kind(value);
    match kind {
        FieldKind::Bool | FieldKind::Number | FieldKind::Text => {
            field.value(at, value.raw_str(), kind == FieldKind::Text);
        }
        _ => {}
    }
    let mut below = field.see(at, kind);
    // Of a list of objects the first one stands for all.
    let object = if kind == FieldKind::List { value.elements().next() } else { Some(value) };
    if let Some(object) = object.filter(|_| depth < DEPTH) {
        for (name, value) in object.members() {
            if let Some(field) = below.member(name.raw_str(), depth) {
                look(field, at, value, depth + 1);
            }
        }
    }
    below.end();
}

fn kind(value: Value<'_>) -> FieldKind {
    match value.kind() {
        Kind::Null => FieldKind::Null,
        Kind::Bool => FieldKind::Bool,
        Kind::Number => FieldKind::Number,
        Kind::String if value.raw_str().is_empty() => FieldKind::EmptyText,
        Kind::String => FieldKind::Text,
        Kind::Array => match value.elements().next().map(|first| first.kind()) {
            None => FieldKind::EmptyList,
            Some(Kind::Number) => FieldKind::Numbers,
            Some(_) => FieldKind::List,
        },
        Kind::Object if value.is_container_empty() => FieldKind::EmptyObject,
        Kind::Object => FieldKind::Object,
    }
}
