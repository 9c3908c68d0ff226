//! What an input that no format recognises has for rows.

use crate::format::Head;
use crate::format::json::Kind;
use crate::format::shape::{FieldShape, shapes};

/// Longest name of a column, in bytes.
const LONGEST: usize = 64;

/// The fields of an input's first rows, if it has rows: several objects, or a table with a header.
#[must_use]
pub(super) fn fields(head: &Head<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = 0_usize;
    for record in head.records().filter(|record| record.kind() == Kind::Object) {
        rows += 1;
        for (key, _) in record.members() {
            let name = key.as_str();
            if !names.iter().any(|known| *known == name) {
                names.push(name.into_owned());
            }
        }
    }
    if rows == 0 {
        names = header(head.bytes);
        let lines =
            head.bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(2).count();
        let is_name = |name: &String| !name.is_empty() && name.len() <= LONGEST;
        return if lines == 2 && names.len() > 1 && names.iter().all(is_name) { names } else { Vec::new() };
    }
    if rows > 1 { names } else { Vec::new() }
}

/// Fields that a message names.
const NAMED: usize = 8;

/// What the fields of an input are, and what they lack to be a log.
pub(super) fn missing(head: &Head<'_>) -> String {
    let fields = shapes(head);
    let expected = "expected records with an item id and token log-probs or a score";
    if fields.is_empty() {
        return format!(
            "{expected}: map the fields in retally.toml, such as [input] item = \"uid\", logprobs = \"out.lps\", score = \
             \"out.total\", or use --input-format"
        );
    }
    let mut named: Vec<String> =
        fields.iter().take(NAMED).map(|field| format!("`{}` ({})", field.path, field.what)).collect();
    if fields.len() > NAMED {
        named.push(format!("{} more", fields.len() - NAMED));
    }
    let item = fields.iter().find(|field| field.is_unique).map(|field| format!("item = \"{}\"", field.path));
    let logprobs: Vec<&FieldShape> = fields.iter().filter(|field| field.may_be_logprobs).collect();
    let values = logprobs.first().map(|field| format!("logprobs = \"{}\"", field.path));
    let how = if values.is_some() {
        let mapped: Vec<String> = item.into_iter().chain(values).collect();
        format!("map them in retally.toml, such as [input] {}, or use --input-format", mapped.join(", "))
    } else {
        "no field has a log-prob per token: log these, or map a score in retally.toml, such as [input] score = \"total\"".to_owned()
    };
    format!("{expected}, found the fields {}; {how}", named.join(", "))
}

/// The names in the first line of a table.
pub(super) fn header(bytes: &[u8]) -> Vec<String> {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    header.split([',', '\t', ';', '|']).map(|name| name.trim().trim_matches('"').to_owned()).collect()
}
