//! What the fields of an input's first records look like: their kinds, lengths and ranges, by path.

use std::collections::BTreeSet;

use crate::format::Head;
use crate::format::json::{Kind, Value};
use crate::numeric::Printed;

/// Maximum number of fields that are described.
const FIELDS: usize = 200;
/// Levels of objects and lists that are looked into.
const LEVELS: usize = 6;
/// Entries of a list that are looked at.
const ENTRIES: usize = 64;

/// A field of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldShape {
    /// Its path: keys joined by dots, with `[]` for the entries of a list of objects and `*` for labels.
    pub path: String,
    /// What its values are, such as `5–40 numbers ≤ 0` or `string, unique`.
    pub what: String,
    /// Whether it may hold the log-probs of tokens: lists of numbers, none of them above 0.
    pub may_be_logprobs: bool,
    /// Whether its values are short, and different in all records.
    pub is_unique: bool,
}

/// What is known of the values at one path.
#[derive(Default)]
struct Values {
    path: String,
    strings: usize,
    numbers: usize,
    whole: usize,
    flags: usize,
    others: usize,
    /// Least and most of the numbers.
    range: Option<(f64, f64)>,
    /// Fewest and most entries of the list that the values are in.
    lengths: Option<(usize, usize)>,
    /// The different short values.
    seen: BTreeSet<String>,
}

/// Longest value that may name a record, in bytes.
const LONGEST: usize = 64;

impl Values {
    fn see(&mut self, raw: &str, kind: Kind, length: Option<usize>) {
        match kind {
            Kind::String => self.strings += 1,
            Kind::Number => {
                self.numbers += 1;
                self.whole += usize::from(raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
                if let Some(number) = Printed::parse(raw.as_bytes()).filter(Printed::is_finite) {
                    let (least, most) = self.range.unwrap_or((number.value, number.value));
                    self.range = Some((least.min(number.value), most.max(number.value)));
                }
            }
            Kind::Bool => self.flags += 1,
            Kind::Null => {}
            Kind::Array | Kind::Object => self.others += 1,
        }
        if let Some(length) = length {
            let (least, most) = self.lengths.unwrap_or((length, length));
            self.lengths = Some((least.min(length), most.max(length)));
        }
        if raw.len() <= LONGEST && self.seen.len() < FIELDS {
            self.seen.insert(raw.to_owned());
        }
    }

    fn shape(self, records: usize) -> FieldShape {
        let is_one = self.lengths.is_none();
        let is_unique = is_one && records > 1 && self.seen.len() == records;
        let what = match (self.strings, self.numbers, self.flags, self.others) {
            (0, 0, 0, 0) => "null".to_owned(),
            (_, 0, 0, 0) if is_one && is_unique => "string, unique".to_owned(),
            (_, 0, 0, 0) if is_one => "string".to_owned(),
            (_, 0, 0, 0) => "strings".to_owned(),
            (0, _, 0, 0) if is_one => one_number(&self, is_unique),
            (0, _, 0, 0) => format!("numbers{}", signs(self.range)),
            (0, 0, _, 0) => "true or false".to_owned(),
            (0, 0, 0, _) => "lists".to_owned(),
            _ => "values of several kinds".to_owned(),
        };
        let what = match self.lengths {
            Some((least, most)) if least == most => format!("{least} {what}"),
            Some((least, most)) => format!("{least}–{most} {what}"),
            None => what,
        };
        let is_of_numbers = self.numbers > 0 && self.strings + self.flags + self.others == 0;
        let may_be_logprobs =
            is_of_numbers && !is_one && self.range.is_some_and(|(least, most)| most <= 0.0 && least < 0.0);
        let may_be_id = is_unique && (self.numbers == 0 || self.whole == self.numbers);
        FieldShape { path: self.path, what, may_be_logprobs, is_unique: may_be_id }
    }
}

fn one_number(values: &Values, is_unique: bool) -> String {
    let kind = if values.whole == values.numbers { "integer" } else { "number" };
    match values.range {
        _ if is_unique && values.whole == values.numbers => format!("{kind}, unique"),
        Some((least, most)) if least == most => format!("{kind}, {least}"),
        Some((least, most)) => format!("{kind} from {least} to {most}"),
        None => kind.to_owned(),
    }
}

/// What the signs of numbers say of what they may be.
fn signs(range: Option<(f64, f64)>) -> &'static str {
    match range {
        Some((_, most)) if most <= 0.0 => " ≤ 0",
        Some((least, most)) if least >= 0.0 && most <= 1.0 => " from 0 to 1",
        Some((least, _)) if least >= 0.0 => " ≥ 0",
        _ => "",
    }
}

/// The fields of an input's first records, in the order in which they come; empty for an input without records.
#[must_use]
pub fn shapes(head: &Head<'_>) -> Vec<FieldShape> {
    let mut fields: Vec<Values> = Vec::new();
    let mut records = 0;
    for record in head.sample().filter(|record| record.kind() == Kind::Object) {
        records += 1;
        look(record, &mut String::new(), None, LEVELS, &mut fields);
    }
    if records == 0 {
        records = rows(head, &mut fields);
    }
    fields.into_iter().map(|field| field.shape(records)).collect()
}

fn at<'f>(fields: &'f mut Vec<Values>, path: &str) -> Option<&'f mut Values> {
    if let Some(known) = fields.iter().position(|field| field.path == path) {
        return fields.get_mut(known);
    }
    if fields.len() < FIELDS {
        fields.push(Values { path: path.to_owned(), ..Values::default() });
        return fields.last_mut();
    }
    None
}

fn look(value: Value<'_>, path: &mut String, length: Option<usize>, levels: usize, fields: &mut Vec<Values>) {
    let before = path.len();
    match value.kind() {
        Kind::Object if levels > 0 && !path.is_empty() && are_alike(value) => {
            path.push_str(".*");
            for (_, own) in value.members().take(ENTRIES) {
                look(own, path, length, levels - 1, fields);
            }
            path.truncate(before);
        }
        Kind::Object if levels > 0 => {
            for (key, own) in value.members() {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key.as_str());
                look(own, path, length, levels - 1, fields);
                path.truncate(before);
            }
        }
        Kind::Array if levels > 0 && value.elements().next().is_some_and(|first| first.kind() != Kind::Array) => {
            let is_of_objects = value.elements().next().is_some_and(|first| first.kind() == Kind::Object);
            if is_of_objects {
                path.push_str("[]");
            }
            for entry in value.elements().take(ENTRIES) {
                look(entry, path, Some(value.len()), levels - 1, fields);
            }
            path.truncate(before);
        }
        kind => {
            if let Some(field) = at(fields, path) {
                field.see(value.raw_str(), kind, length);
            }
        }
    }
}

/// Whether the members of an object are objects with the same fields: options by their labels.
fn are_alike(object: Value<'_>) -> bool {
    let keys = |own: Value<'_>| own.members().map(|(key, _)| key.as_str().into_owned()).collect::<BTreeSet<String>>();
    let mut members = object.members().map(|(_, own)| own);
    let Some(first) = members.next().filter(|first| first.kind() == Kind::Object) else { return false };
    let first = keys(first);
    let mut others = members.peekable();
    others.peek().is_some() && others.all(|own| own.kind() == Kind::Object && keys(own) == first)
}

/// The cells of a table's first rows under its header. Returns the number of rows.
fn rows(head: &Head<'_>, fields: &mut Vec<Values>) -> usize {
    let first = head.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(head.bytes);
    let Some(header) = reader.headers().ok().cloned().filter(|header| header.len() > 1) else { return 0 };
    let mut count = 0;
    for row in reader.records().map_while(Result::ok).take(ENTRIES).filter(|row| row.len() == header.len()) {
        count += 1;
        for (name, cell) in header.iter().zip(row.iter()) {
            let kind = match cell.trim() {
                "" => Kind::Null,
                "true" | "false" | "True" | "False" | "TRUE" | "FALSE" => Kind::Bool,
                cell if Printed::parse(cell.as_bytes()).is_some() => Kind::Number,
                _ => Kind::String,
            };
            if let Some(field) = at(fields, name.trim()) {
                field.see(cell.trim(), kind, None);
            }
        }
    }
    if count == 0 {
        fields.clear();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, String)> {
        let head = Head::new("a", "a", text.as_bytes(), true);
        shapes(&head).into_iter().map(|field| (field.path, field.what)).collect()
    }

    #[test]
    fn fields_are_described_by_their_values() {
        let text = "{\"id\": \"a\", \"out\": {\"pieces\": [{\"s\": \"x\", \"lp\": -0.5}], \"n\": 1}, \"ok\": true, \"lps\": [-1, -2]}\n\
                    {\"id\": \"b\", \"out\": {\"pieces\": [{\"s\": \"x\", \"lp\": -0.5}, {\"s\": \"y\", \"lp\": -2}], \"n\": 2.5}, \"ok\": false, \"lps\": [0.5]}\n";
        let expected = [
            ("id", "string, unique"),
            ("out.pieces[].s", "1–2 strings"),
            ("out.pieces[].lp", "1–2 numbers ≤ 0"),
            ("out.n", "number from 1 to 2.5"),
            ("ok", "true or false"),
            ("lps", "1–2 numbers"),
        ];
        assert_eq!(seen(text), expected.map(|(path, what)| (path.to_owned(), what.to_owned())));
        let table = "id,p\n1,0.5\n2,0.25\n";
        let expected = [("id", "integer, unique"), ("p", "number from 0.25 to 0.5")];
        assert_eq!(seen(table), expected.map(|(path, what)| (path.to_owned(), what.to_owned())));
        assert!(seen("plain text\nof two lines").is_empty() && seen("").is_empty());
    }
}
