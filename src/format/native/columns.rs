//! The plain fields of a native record, whatever their names.

use std::borrow::Cow;

use crate::format::field::{is_nothing, text};
use crate::format::json::{Kind, Value};
use crate::metric::may_decide;
use crate::model::{FieldValue, RowField, Text};
use crate::numeric::Printed;

/// Maximum number of fields read per record; records written by people have fewer.
const FIELDS: usize = 1 << 10;

/// Objects and lists whose entries are metric values.
const HOLDERS: [&str; 6] = ["metrics", "scores", "score", "results", "evaluation", "values"];
/// Fields that name the metric, and the metric's value, in a record with one value.
const NAMES: [&str; 3] = ["metric", "metric_name", "name"];
const VALUES: [&str; 2] = ["value", "score"];

/// A plain value.
fn plain(value: Value<'_>) -> Option<FieldValue<'_>> {
    match value.kind() {
        Kind::Null => Some(FieldValue::Nothing),
        Kind::Bool => value.as_bool().map(FieldValue::Flag),
        Kind::Number => Printed::parse(value.raw()).map(|number| FieldValue::Number(number.value)),
        Kind::String => text(value).map(FieldValue::Text),
        Kind::Array | Kind::Object => None,
    }
}

/// The value of a metric in an object with its name: `{"metric": "NDCG@10", "value": 0.5}`.
fn named(object: Value<'_>) -> Option<RowField<'_>> {
    let name = NAMES.iter().find_map(|key| object.get(key)?.as_str())?;
    let value = VALUES.iter().find_map(|key| plain(object.get(key)?))?;
    let is_measured = matches!(value, FieldValue::Number(_) | FieldValue::Flag(_) | FieldValue::Nothing);
    is_measured.then(|| RowField::new(name, value))
}

/// The plain fields of a record, including those inside an object of metrics.
#[must_use]
pub(super) fn row(record: Value<'_>) -> Vec<RowField<'_>> {
    let mut row = Vec::new();
    for (key, value) in record.members().take(FIELDS) {
        let name = key.as_str();
        if let Some(value) = plain(value) {
            row.push(RowField::new(name, value));
            continue;
        }
        let holds = HOLDERS.contains(&name.as_ref());
        match value.kind() {
            Kind::Object if holds => {
                for (inner, value) in value.members().take(FIELDS) {
                    let own = plain(value).or_else(|| VALUES.iter().find_map(|key| plain(value.get(key)?)));
                    row.extend(own.map(|value| RowField::new(inner.as_str(), value)));
                }
            }
            Kind::Array if holds => row.extend(value.elements().take(FIELDS).filter_map(named)),
            _ => {}
        }
    }
    if let Some(own) = named(record) {
        row.push(own);
    }
    row.truncate(FIELDS);
    row
}

/// The names of a record's fields that hold a number, a boolean or null, or a value to compare with a gold answer.
#[must_use]
pub(super) fn measured(record: Value<'_>) -> Vec<String> {
    let is_measured = |field: &RowField<'_>| !matches!(field.value, FieldValue::Text(_)) || may_decide(&field.name);
    let plain = row(record).into_iter().filter(is_measured).map(|field| field.name.into_owned());
    let has_entries =
        |value: Value<'_>| matches!(value.kind(), Kind::Array | Kind::Object) && !value.is_container_empty();
    let lists = record.members().filter(|(_, value)| has_entries(*value)).map(|(key, _)| key.as_str().into_owned());
    plain.chain(lists.filter(|name| may_decide(name))).collect()
}

/// A cell of a table.
#[must_use]
pub(super) fn cell<'r>(name: &'r str, raw: &'r [u8]) -> Option<RowField<'r>> {
    let raw = raw.trim_ascii();
    let value = match raw {
        b"" | b"NULL" => FieldValue::Nothing,
        _ if is_nothing(raw) => FieldValue::Nothing,
        b"true" | b"True" | b"TRUE" => FieldValue::Flag(true),
        b"false" | b"False" | b"FALSE" => FieldValue::Flag(false),
        _ => match Printed::parse(raw) {
            // A NaN cell means that there is no number.
            Some(number) if number.value.is_nan() => FieldValue::Nothing,
            Some(number) => FieldValue::Number(number.value),
            None => FieldValue::Text(Text::plain(std::str::from_utf8(raw).ok()?)),
        },
    };
    Some(RowField::new(Cow::Borrowed(name), value))
}
