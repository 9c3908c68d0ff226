//! JSON Lines and JSON documents with JSON in strings: `{"raw_response": "{\"choices\": […]}"}`, `{"logprobs": "[-0.5, -1.5]"}`.
//!
//! A string is replaced by the list or the object that it holds, with blanks in place of quotes and escapes: the text keeps its
//! length, and every place in it is that of the input.

use std::io;

use memchr::memmem;
use serde_json::Value;

use crate::source::unpack::in_place::{InPlace, LONGEST};
use crate::source::unpack::{Head, Stream, literal};

/// Lines that are looked at.
const LINES: usize = 8;
/// Bytes in which the first lines are looked for.
const LONGEST_HEAD: usize = 4 << 20;
/// Levels of objects that are looked into.
const LEVELS: usize = 8;
/// Parts of names of log-probs.
const OF_LOGPROBS: [&str; 3] = ["logprob", "log_prob", "logits"];
/// Parts of names of texts, whatever they look like: a response may be `[0.5, 1]`.
const OF_TEXTS: [&str; 20] = [
    "answer",
    "arguments",
    "choice",
    "completion",
    "content",
    "context",
    "continuation",
    "doc",
    "generat",
    "gold",
    "input",
    "label",
    "output",
    "pred",
    "prompt",
    "question",
    "response",
    "solution",
    "target",
    "text",
];

/// The fields of a text whose strings are lists or objects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strings {
    /// Their keys, as they are written.
    keys: Vec<Vec<u8>>,
    /// Whether the text is one document.
    is_document: bool,
}

/// What the strings of a field hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// A list or an object with log-probs in it.
    Logprobs,
    /// A list of numbers, or of lists of them.
    Numbers,
    /// A list of texts, with their number.
    Texts(usize),
    /// A text.
    Other,
}

/// The fields of a text whose strings hold lists or objects with the values of tokens. Reads more until a line is complete.
pub(super) fn recognise(head: &mut Head) -> io::Result<Option<Strings>> {
    if !may_have(&head.bytes) {
        return Ok(None);
    }
    while !head.whole && memchr::memchr(b'\n', &head.bytes).is_none() && head.bytes.len() < LONGEST_HEAD {
        head.grow(head.bytes.len() * 4)?;
    }
    let lines = complete_lines(head);
    if !lines.is_empty() {
        return Ok(keys(&lines).map(|keys| Strings { keys, is_document: false }));
    }
    // A document whose first line is no record.
    while !head.whole {
        if head.bytes.len() > LONGEST || !has_escaped_name(&head.bytes) {
            return Ok(None);
        }
        head.grow(head.bytes.len() * 4)?;
    }
    let Ok(document) = serde_json::from_slice::<Value>(&head.bytes) else { return Ok(None) };
    Ok(keys(&[document]).map(|keys| Strings { keys, is_document: true }))
}

/// Whether a text may have a list or an object in a string. Nearly no text has; those need not be parsed.
fn may_have(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 6] = [b"[-", b"[[-", b"[0.", b"[ -", b"(-", b"[\\\""];
    let is_in_quotes = |at: usize| {
        let (before, rest) = head.split_at(at);
        before.ends_with(b"\"") && STARTS.iter().any(|start| rest.starts_with(start))
    };
    memchr::memchr2_iter(b'[', b'(', head).any(is_in_quotes) || has_escaped_name(head)
}

/// Whether a text has the name of log-probs inside a string.
fn has_escaped_name(head: &[u8]) -> bool {
    let is_in_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let is_escaped = |at: usize| {
        let before = head.get(at.saturating_sub(24)..at).unwrap_or_default();
        memmem::rfind(before, b"\\\"").is_some_and(|quote| before.iter().skip(quote + 2).all(is_in_name))
    };
    let has_escapes = memmem::find(head, b"\\\"").is_some();
    has_escapes && OF_LOGPROBS.iter().any(|name| memmem::find_iter(head, name.as_bytes()).any(is_escaped))
}

/// The first complete lines, if all of them are objects.
fn complete_lines(head: &Head) -> Vec<Value> {
    let mut lines: Vec<&[u8]> = head.bytes.split(|byte| *byte == b'\n').collect();
    if !head.whole {
        lines.pop();
    }
    let lines = lines.into_iter().filter(|line| !line.trim_ascii().is_empty()).take(LINES);
    let parsed: Option<Vec<Value>> =
        lines.map(|line| serde_json::from_slice(line).ok().filter(Value::is_object)).collect();
    parsed.unwrap_or_default()
}

/// A list or an object that a string holds.
fn inside(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    let is_one = trimmed.starts_with(['[', '{', '(']) && trimmed.ends_with([']', '}', ')']);
    if !is_one {
        return None;
    }
    serde_json::from_str(trimmed).ok().or_else(|| {
        let mut out = Vec::new();
        literal::inline(trimmed, &mut out).then(|| serde_json::from_slice(&out).ok())?
    })
}

fn held(key: &str, text: &str) -> Held {
    // Names of attributes have dots; their formats read what is in them.
    let Some(value) = inside(text).filter(|_| !key.contains('.') && key != "stringValue") else { return Held::Other };
    if has_logprobs(&value, LEVELS) {
        return Held::Logprobs;
    }
    let lower = key.to_ascii_lowercase();
    let Some(entries) = value.as_array().filter(|entries| !entries.is_empty()) else { return Held::Other };
    if OF_TEXTS.iter().any(|name| lower.contains(name)) {
        return Held::Other;
    }
    let is_number = |value: &Value| value.is_number() || value.is_null();
    let is_pair = |list: &[Value]| matches!(list, [token, number] if token.is_string() && number.is_number());
    let are_numbers = |value: &Value| {
        is_number(value) || value.as_array().is_some_and(|list| list.iter().all(is_number) || is_pair(list))
    };
    if entries.iter().all(are_numbers) {
        Held::Numbers
    } else if entries.iter().all(Value::is_string) {
        Held::Texts(entries.len())
    } else {
        Held::Other
    }
}

/// Whether a value has log-probs in it.
fn has_logprobs(value: &Value, levels: usize) -> bool {
    let is_named = |key: &str, value: &Value| {
        let key = key.to_ascii_lowercase();
        OF_LOGPROBS.iter().any(|name| key.contains(name))
            && (value.is_number() || value.is_array() || value.is_object())
    };
    match value {
        Value::Object(members) => {
            members.iter().any(|(key, own)| is_named(key, own) || levels > 0 && has_logprobs(own, levels - 1))
        }
        Value::Array(entries) => levels > 0 && entries.iter().any(|own| has_logprobs(own, levels - 1)),
        _ => false,
    }
}

/// What the strings of one field hold in all records.
struct Field {
    key: String,
    held: Vec<Held>,
    /// Whether some number has a fraction.
    has_fraction: bool,
}

/// The keys of the fields whose strings hold the values of tokens in all records.
fn keys(records: &[Value]) -> Option<Vec<Vec<u8>>> {
    let mut fields: Vec<Field> = Vec::new();
    for record in records {
        look(record, LEVELS, &mut fields);
    }
    let is_all = |field: &Field, is: fn(Held) -> bool| field.held.iter().all(|own| is(*own));
    let of_numbers = |field: &Field| field.has_fraction && is_all(field, |own| own == Held::Numbers);
    let has_numbers = fields.iter().any(of_numbers);
    let is_taken = |field: &&Field| {
        is_all(field, |own| own == Held::Logprobs)
            || of_numbers(field)
            || has_numbers && is_all(field, |own| matches!(own, Held::Texts(_)))
    };
    let keys: Vec<Vec<u8>> = fields
        .iter()
        .filter(is_taken)
        .filter_map(|field| {
            let written = serde_json::to_vec(&field.key).ok()?;
            written.get(1..written.len() - 1).map(<[u8]>::to_vec)
        })
        .collect();
    (!keys.is_empty()).then_some(keys)
}

fn look(value: &Value, levels: usize, fields: &mut Vec<Field>) {
    match value {
        Value::Object(members) => {
            for (key, own) in members {
                if let Some(text) = own.as_str().filter(|text| !text.is_empty()) {
                    let held = held(key, text);
                    let known = fields.iter().position(|field| field.key == *key).unwrap_or_else(|| {
                        fields.push(Field { key: key.clone(), held: Vec::new(), has_fraction: false });
                        fields.len() - 1
                    });
                    if let Some(field) = fields.get_mut(known) {
                        field.held.push(held);
                        field.has_fraction |= held == Held::Numbers && text.contains('.');
                    }
                } else if levels > 0 {
                    look(own, levels - 1, fields);
                }
            }
        }
        Value::Array(entries) if levels > 0 => entries.iter().for_each(|own| look(own, levels - 1, fields)),
        _ => {}
    }
}

/// The text with these strings replaced.
pub(super) fn open(strings: Strings, stream: Stream) -> Stream {
    let Strings { keys, is_document } = strings;
    let change = move |text: &mut [u8]| replace(text, &keys);
    if is_document { Box::new(InPlace::whole(stream, change)) } else { Box::new(InPlace::lines(stream, change)) }
}

/// The end of a JSON string that starts at an offset, behind its closing quote.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Replaces the strings of some keys in a JSON text.
fn replace(text: &mut [u8], keys: &[Vec<u8>]) {
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'"', text.get(at..).unwrap_or_default()).map(|found| at + found) {
        let Some(end) = end_of_string(text, start) else { return };
        at = end;
        let is_key = text.get(start + 1..end - 1).is_some_and(|key| keys.iter().any(|known| known == key));
        if !is_key {
            continue;
        }
        let blanks = |from: usize| {
            text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count()
        };
        let colon = end + blanks(end);
        if text.get(colon) != Some(&b':') {
            continue;
        }
        let value = colon + 1 + blanks(colon + 1);
        if text.get(value) != Some(&b'"') {
            continue;
        }
        let Some(end) = end_of_string(text, value) else { return };
        if let Some(own) = text.get_mut(value..end)
            && let Some(new) = unquoted(own)
        {
            own.copy_from_slice(&new);
        }
        at = end;
    }
}

/// The list or the object in a JSON string, as long as the string with its quotes.
fn unquoted(string: &[u8]) -> Option<Vec<u8>> {
    let text: String = serde_json::from_slice(string).ok()?;
    inside(&text)?;
    let new = if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        in_place(string)?
    } else {
        let mut out = Vec::new();
        literal::inline(&text, &mut out).then(|| without_blanks(&out))?
    };
    (new.len() <= string.len()).then(|| {
        let mut new = new;
        new.resize(string.len(), b' ');
        new
    })
}

/// The content of a string that is JSON: its escapes undone, and the bytes that they took as blanks behind the next mark.
fn in_place(string: &[u8]) -> Option<Vec<u8>> {
    let content = string.get(1..string.len().checked_sub(1)?)?;
    let mut out = vec![b' '];
    let (mut at, mut is_inside, mut is_escaped) = (0, false, false);
    while at < content.len() {
        let next = one(content, at)?;
        let taken = content.get(at..next)?;
        let decoded: String = serde_json::from_slice(&[b"\"", taken, b"\""].concat()).ok()?;
        at = next;
        match (decoded.as_str(), is_inside) {
            ("\"", _) if !is_escaped => is_inside = !is_inside,
            // Line ends between values are blanks.
            ("\n" | "\r" | "\t", false) => {
                out.extend(std::iter::repeat_n(b' ', taken.len()));
                continue;
            }
            _ => {}
        }
        is_escaped = is_inside && decoded == "\\" && !is_escaped;
        out.extend_from_slice(decoded.as_bytes());
        if !is_inside && matches!(decoded.as_str(), "[" | "]" | "{" | "}" | "," | ":" | " " | "\"") {
            out.resize((at + 1).max(out.len()), b' ');
        }
    }
    out.push(b' ');
    Some(out)
}

/// The end of the character or the escape at an offset of a string's content.
fn one(content: &[u8], at: usize) -> Option<usize> {
    let escape = |at: usize| (content.get(at) == Some(&b'\\')).then(|| content.get(at + 1)).flatten();
    match escape(at) {
        Some(b'u') => {
            let is_high = content
                .get(at + 2..at + 6)
                .is_some_and(|code| matches!(code, [b'd' | b'D', b'8' | b'9' | b'a'..=b'b' | b'A'..=b'B', ..]));
            let is_pair = is_high && escape(at + 6) == Some(&b'u');
            Some(at + if is_pair { 12 } else { 6 })
        }
        Some(_) => Some(at + 2),
        None => {
            let rest = content.get(at + 1..)?;
            let more = rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
            Some(at + 1 + more)
        }
    }
}

/// A JSON text without the blanks between its values.
fn without_blanks(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        if *byte == b'"' {
            let end = end_of_string(json, at).unwrap_or(json.len());
            out.extend_from_slice(json.get(at..end).unwrap_or_default());
            at = end;
            continue;
        }
        if *byte != b' ' {
            out.push(*byte);
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn replaced(text: &str) -> Option<String> {
        let stream = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let mut head = Head { bytes: Vec::new(), stream, whole: false };
        head.grow(1 << 10).unwrap();
        let strings = recognise(&mut head).unwrap()?;
        let mut out = String::new();
        open(strings, head.again()).read_to_string(&mut out).unwrap();
        assert_eq!(out.len(), text.len(), "{out}");
        Some(out)
    }

    #[test]
    fn what_a_string_holds_stays_where_it_was() {
        let inner =
            r#"{"choices": [{"logprobs": {"tokens": ["a\"b", "\n", "é"], "token_logprobs": [-0.5, -1.25, -2]}}]}"#;
        let line = format!("{{\"id\": 1, \"raw\": {}, \"sum\": -3.75}}\n", serde_json::to_string(inner).unwrap());
        let text = line.repeat(3);
        let new = replaced(&text).unwrap();
        let record: Value = serde_json::from_str(new.lines().next().unwrap()).unwrap();
        assert_eq!(record["raw"], serde_json::from_str::<Value>(inner).unwrap());
        // Numbers keep their places.
        assert_eq!(new.find("-1.25"), text.find("-1.25"));
        assert_eq!(new.find("-3.75"), text.find("-3.75"));
    }

    #[test]
    fn lists_are_read_as_json_python_or_numpy_writes_them() {
        for (tokens, values) in
            [(r#"[\"a\", \"b\"]"#, "[-0.5, -1.5]"), ("['a', 'b']", "(-0.5, -1.5)"), (r#"['a', \"b\"]"#, "[-0.5 -1.5]")]
        {
            let new =
                replaced(&format!("{{\"tokens\": \"{tokens}\", \"lps\": \"{values}\", \"text\": \"[0.5, 1]\"}}\n"))
                    .unwrap();
            let record: Value = serde_json::from_str(&new).unwrap();
            let expected = serde_json::json!({"tokens": ["a", "b"], "lps": [-0.5, -1.5], "text": "[0.5, 1]"});
            assert_eq!(record, expected, "{new}");
        }
        let escaped = r#"{"lps": "[\u002d0.5, -1.5]", "t": "\ud83d\ude00"}"#;
        assert!(replaced(&format!("{escaped}\n{{\"lps\": \"[-1.0]\"}}\n")).unwrap().contains("-0.5"));
    }

    #[test]
    fn a_document_is_replaced_as_a_whole() {
        let inner = serde_json::to_string(r#"{"logprobs": [-0.5, -1.5]}"#).unwrap();
        let new = replaced(&format!("{{\n \"calls\": [\n  {{\"body\": {inner}}}\n ]\n}}\n")).unwrap();
        let document: Value = serde_json::from_str(&new).unwrap();
        assert_eq!(document["calls"][0]["body"]["logprobs"][1], -1.5);
    }

    #[test]
    fn texts_stay_texts() {
        for text in [
            r#"{"response": "[0.5, -1]"}"#,
            r#"{"response": "{\"answer\": 3}", "lps": [-0.5]}"#,
            r#"{"ids": "[1, 2]", "tokens": "['a']"}"#,
            r#"{"lps": "[-0.5, x]"}"#,
            r#"{"note": "the \"logprobs\" of [-1]"}"#,
            r#"{"lps": [-0.5], "names": "[\"a\", \"b\"]"}"#,
            r#"{"output.value": "{\"logprobs\": [-0.5]}"}"#,
        ] {
            assert_eq!(replaced(&format!("{text}\n{text}\n")), None, "{text}");
        }
        // In all records, or in none.
        assert_eq!(replaced("{\"a\": \"[-0.5]\"}\n{\"a\": \"none\"}\n"), None);
    }
}
