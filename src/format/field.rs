//! Reads single fields of a JSON record: numbers with their digits, texts, ids, booleans.

use std::borrow::Cow;

use crate::format::json::{Kind, Value};
use crate::model::{At, Logged, RowValue, Text};
use crate::numeric::Printed;

/// Usual words in tables for a cell without a value.
#[must_use]
pub fn is_nothing(cell: &[u8]) -> bool {
    matches!(cell, b"null" | b"None" | b"NA" | b"N/A")
}

/// Values that some servers log in place of a missing log-prob; never summed. Sources: vLLM and an older `OpenAI` API
/// (−9999), `SGLang` and llama.cpp (the lowest f32), training code (−1e30), exporters (−999).
pub const SENTINELS: [f64; 4] = [-9999.0, -999.0, f32::MIN as f64, -1e30];

/// A field that does not hold what its format requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Offset in the record.
    pub start: usize,
    /// The expected and the found value.
    pub reason: String,
}

/// The position of a value in its record.
#[must_use]
pub fn at(value: Value<'_>) -> At {
    At::new(value.start(), value.end())
}

/// The observation that a tracing tool's score is of, and the execution that gave it: together they have one score per name,
/// whatever the score's own id.
#[must_use]
pub fn execution(score: Value<'_>) -> Option<[Cow<'_, str>; 2]> {
    let text = |keys: [&str; 2]| keys.iter().find_map(|key| score.get(key)?.as_str());
    Some([text(["observationId", "observation_id"])?, text(["executionTraceId", "execution_trace_id"])?])
}

/// A number of a tool that prints the shortest digits of its doubles: few digits are no rounding.
#[must_use]
pub fn exact(value: Value<'_>) -> Option<Printed> {
    printed(value).map(|number| if number.is_finite() { Printed::from_f64(number.value) } else { number })
}

/// The error for a value of the wrong kind.
#[must_use]
pub fn field_error(value: Value<'_>, what: &str, expected: &str) -> FieldError {
    FieldError { start: value.start(), reason: format!("{what}: expected {expected}, found {}", found(value)) }
}

/// The error for a missing field.
#[must_use]
pub fn lacks(record: Value<'_>, field: &str, expected: &str) -> FieldError {
    FieldError { start: record.start(), reason: format!("missing field `{field}` (expected {expected})") }
}

fn found(value: Value<'_>) -> String {
    let text = String::from_utf8_lossy(value.raw());
    let short: String = text.chars().take(40).collect();
    match value.kind() {
        Kind::String => format!("the string \"{short}\""),
        Kind::Array => "a list".to_owned(),
        Kind::Object => "an object".to_owned(),
        _ => short,
    }
}

/// A number with its digits, with or without quotes. Known sentinels, and those in `more`, become their own variant.
#[must_use]
pub fn logged(number: Printed, more: &[f64]) -> Logged {
    let is_sentinel = |known: &f64| number.value.total_cmp(known).is_eq();
    // Every sentinel is at most −999, so most numbers pass with one comparison.
    if number.value <= -999.0 || !more.is_empty() {
        let near_f32_min = number.value < -3.402_823e38 && number.value > -3.402_824e38;
        if near_f32_min || SENTINELS.iter().chain(more).any(is_sentinel) {
            return Logged::Sentinel(number.value);
        }
    }
    Logged::Number(number)
}

/// A number, `null`, or a number in quotes, as some writers print it.
pub fn number(value: Value<'_>, what: &str, sentinels: &[f64]) -> Result<Logged, FieldError> {
    match value.kind() {
        Kind::Null => Ok(Logged::Null),
        Kind::Number | Kind::String => match Printed::parse(value.raw()) {
            Some(number) => Ok(logged(number, sentinels)),
            None => Err(field_error(value, what, "a number")),
        },
        _ => Err(field_error(value, what, "a number")),
    }
}

/// A number of any kind, including NaN and infinities; None for other values.
#[must_use]
pub fn printed(value: Value<'_>) -> Option<Printed> {
    matches!(value.kind(), Kind::Number | Kind::String).then(|| Printed::parse(value.raw())).flatten()
}

/// A string, without decoding its escapes.
#[must_use]
pub fn text(value: Value<'_>) -> Option<Text<'_>> {
    (value.kind() == Kind::String).then(|| Text::json(value.raw_str()))
}

/// A string or a number as an id.
#[must_use]
pub fn id(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        Kind::String => value.as_str(),
        Kind::Number => Some(Cow::Borrowed(value.raw_str())),
        _ => None,
    }
}

/// A whole number, with or without quotes; `3.0` is accepted.
#[must_use]
pub fn integer(value: Value<'_>) -> Option<i64> {
    match value.kind() {
        Kind::Number | Kind::String => {
            let raw = value.raw_str();
            raw.parse().ok().or_else(|| {
                let number = Printed::parse(raw.as_bytes())?.value;
                #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number within range")]
                (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
            })
        }
        _ => None,
    }
}

/// A non-negative count.
#[must_use]
pub fn count(value: Value<'_>) -> Option<u32> {
    integer(value).and_then(|count| u32::try_from(count).ok())
}

/// A boolean: true, false, 0 or 1, and the spellings of Python and tables.
#[must_use]
pub fn flag(value: Value<'_>) -> Option<bool> {
    match value.kind() {
        Kind::Bool => value.as_bool(),
        Kind::Number | Kind::String => flag_text(value.raw()),
        _ => None,
    }
}

/// The value of a metric that is a number or a yes or no, neither of them in quotes.
#[must_use]
pub fn row_value(value: Value<'_>) -> Option<RowValue> {
    match value.kind() {
        Kind::Bool => value.as_bool().map(RowValue::Flag),
        Kind::Number => printed(value).map(RowValue::Number),
        _ => None,
    }
}

/// A boolean as tables and Python print it.
#[must_use]
pub fn flag_text(raw: &[u8]) -> Option<bool> {
    match raw {
        b"1" | b"1.0" | b"true" | b"True" | b"TRUE" => Some(true),
        b"0" | b"0.0" | b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

/// The value at the end of a path of keys.
#[must_use]
pub fn find<'t>(object: Value<'t>, path: &[&str]) -> Option<Value<'t>> {
    path.iter().try_fold(object, |value, key| value.get(key))
}

/// Whether a field exists and has this kind.
#[must_use]
pub fn has(object: Value<'_>, key: &str, kind: Kind) -> bool {
    object.get(key).is_some_and(|value| value.kind() == kind)
}
