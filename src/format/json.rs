//! A JSON record as a flat tape: kinds, byte spans and the digits as printed.
//!
//! The tokenizer is jiter's. A tape and not a tree, because a record may hold a hundred thousand numbers and
//! is looked at once; a tape and not typed structs, because field names are the log's own, numbers must
//! keep their digits, and every finding must name the byte that it is about.

use std::borrow::Cow;

use jiter::{Jiter, JiterErrorType, JsonErrorType, Peek};

use crate::model::Text;

/// Containers inside containers beyond which a record is not read.
const DEPTH: usize = 128;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number; bare NaN, Infinity and -Infinity as Python writes them included.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// First byte; of a string, its opening quote.
    start: u32,
    /// One past the last byte.
    end: u32,
    /// Index after the node's subtree.
    next: u32,
}

/// A record that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    /// Byte offset in the record.
    pub offset: usize,
    /// What was expected and found.
    pub reason: String,
}

/// The reusable memory of a parsed record.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    /// A copy of the record with its lone surrogates replaced, when it has some.
    patched: Vec<u8>,
}

impl Tape {
    /// Parses one whole JSON text. White space may follow it, nothing else.
    pub fn parse<'t>(&'t mut self, bytes: &'t [u8]) -> Result<Value<'t>, JsonError> {
        self.nodes.clear();
        if u32::try_from(bytes.len()).is_err() {
            return Err(JsonError { offset: 0, reason: "the record is longer than 4 GiB".to_owned() });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
            offset: error.valid_up_to(),
            reason: "expected UTF-8, found a byte that is none".to_owned(),
        })?;
        match fill(bytes, &mut self.nodes) {
            Ok(()) => Ok(Value { nodes: &self.nodes, text, at: 0 }),
            Err(error) if is_surrogate(&error) => {
                self.patched.clear();
                self.patched.extend_from_slice(bytes);
                replace_lone_surrogates(&mut self.patched);
                self.nodes.clear();
                fill(&self.patched, &mut self.nodes).map_err(|error| explain(&error, &self.patched))?;
                // The patch writes ASCII over ASCII.
                let text = std::str::from_utf8(&self.patched).unwrap_or_default();
                Ok(Value { nodes: &self.nodes, text, at: 0 })
            }
            Err(error) => Err(explain(&error, bytes)),
        }
    }
}

fn fill(bytes: &[u8], nodes: &mut Vec<Node>) -> Result<(), jiter::JiterError> {
    let mut parser = Parser { jiter: Jiter::new(bytes).with_allow_inf_nan(), bytes, nodes };
    let peek = parser.jiter.peek()?;
    parser.value(peek, 0)?;
    parser.jiter.finish()
}

fn is_surrogate(error: &jiter::JiterError) -> bool {
    matches!(
        error.error_type,
        JiterErrorType::JsonError(
            JsonErrorType::LoneLeadingSurrogateInHexEscape
                | JsonErrorType::InvalidUnicodeCodePoint
                | JsonErrorType::UnexpectedEndOfHexEscape
                | JsonErrorType::InvalidEscape
        )
    )
}

/// Writes `\ufffd` over every surrogate escape that has no partner, as Python's json writes them for bytes that are
/// no UTF-8. The length stays, and with it all places.
fn replace_lone_surrogates(text: &mut [u8]) {
    let unit = |text: &[u8], at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        match unit(text, at) {
            Some(0xd800..=0xdbff) if matches!(unit(text, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                if let Some(escape) = text.get_mut(at..at + 6) {
                    escape.copy_from_slice(b"\\ufffd");
                }
                at += 6;
            }
            _ => at += 2,
        }
    }
}

struct Parser<'t, 'n> {
    jiter: Jiter<'t>,
    bytes: &'t [u8],
    nodes: &'n mut Vec<Node>,
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl Parser<'_, '_> {
    fn value(&mut self, peek: Peek, depth: usize) -> Result<(), jiter::JiterError> {
        let start = self.jiter.current_index();
        let at = self.nodes.len();
        let mut leaf = |kind: Kind, end: usize| {
            self.nodes.push(Node { kind, start: narrow(start), end: narrow(end), next: narrow(at + 1) });
        };
        match peek {
            Peek::String => {
                self.jiter.known_bytes()?;
                leaf(Kind::String, self.jiter.current_index());
            }
            Peek::Array | Peek::Object => {
                if depth >= DEPTH {
                    return Err(jiter::JiterError {
                        error_type: JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded),
                        index: start,
                    });
                }
                let kind = if peek == Peek::Array { Kind::Array } else { Kind::Object };
                leaf(kind, start);
                if kind == Kind::Array {
                    self.array(depth)?;
                } else {
                    self.object(depth)?;
                }
                let (end, next) = (narrow(self.jiter.current_index()), narrow(self.nodes.len()));
                if let Some(node) = self.nodes.get_mut(at) {
                    (node.end, node.next) = (end, next);
                }
            }
            Peek::Null => {
                self.jiter.known_null()?;
                leaf(Kind::Null, self.jiter.current_index());
            }
            Peek::True | Peek::False => {
                self.jiter.known_bool(peek)?;
                leaf(Kind::Bool, self.jiter.current_index());
            }
            number => {
                self.jiter.known_number_bytes(number)?;
                leaf(Kind::Number, self.jiter.current_index());
            }
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), jiter::JiterError> {
        let mut next = self.jiter.known_array()?;
        while let Some(peek) = next {
            self.value(peek, depth + 1)?;
            next = self.jiter.array_step()?;
        }
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), jiter::JiterError> {
        let base = self.bytes.as_ptr() as usize;
        let span = |key: &[u8]| {
            let start = key.as_ptr() as usize - base;
            (start, start + key.len())
        };
        let mut next = self.jiter.next_object_bytes()?.map(span);
        while let Some((start, end)) = next {
            let at = self.nodes.len();
            // A key's span is its inside, without quotes.
            self.nodes.push(Node { kind: Kind::String, start: narrow(start), end: narrow(end), next: narrow(at + 1) });
            let peek = self.jiter.peek()?;
            self.value(peek, depth + 1)?;
            next = self.jiter.next_key_bytes()?.map(span);
        }
        Ok(())
    }
}

fn explain(error: &jiter::JiterError, bytes: &[u8]) -> JsonError {
    let offset = error.index.min(bytes.len());
    let found = || match bytes.get(offset) {
        None => "the end of the record".to_owned(),
        Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
        Some(b' ' | b'\t' | b'\n' | b'\r') => "white space".to_owned(),
        Some(byte) => format!("the byte 0x{byte:02x}"),
    };
    let expected = match &error.error_type {
        JiterErrorType::WrongType { .. } => "another kind of value".to_owned(),
        JiterErrorType::JsonError(kind) => match kind {
            JsonErrorType::EofWhileParsingList
            | JsonErrorType::EofWhileParsingObject
            | JsonErrorType::EofWhileParsingString
            | JsonErrorType::EofWhileParsingValue => {
                return JsonError {
                    offset: bytes.len(),
                    reason: "the record is cut off: it ends before its value does".to_owned(),
                };
            }
            JsonErrorType::ExpectedColon => "`:` after a key".to_owned(),
            JsonErrorType::ExpectedListCommaOrEnd => "`,` or `]`".to_owned(),
            JsonErrorType::ExpectedObjectCommaOrEnd => "`,` or `}`".to_owned(),
            JsonErrorType::KeyMustBeAString => "a key in quotes".to_owned(),
            JsonErrorType::TrailingComma => "a value after `,`".to_owned(),
            JsonErrorType::TrailingCharacters => "the end of the record after its value".to_owned(),
            JsonErrorType::InvalidNumber | JsonErrorType::NumberOutOfRange => "a number as JSON writes it".to_owned(),
            JsonErrorType::ControlCharacterWhileParsingString => "no raw control character inside a string".to_owned(),
            JsonErrorType::RecursionLimitExceeded => format!("at most {DEPTH} levels of nesting"),
            JsonErrorType::InvalidEscape
            | JsonErrorType::UnexpectedEndOfHexEscape
            | JsonErrorType::LoneLeadingSurrogateInHexEscape
            | JsonErrorType::InvalidUnicodeCodePoint => "a valid escape".to_owned(),
            _ => "a value".to_owned(),
        },
    };
    JsonError { offset, reason: format!("expected {expected}, found {}", found()) }
}

/// A value of a parsed record.
#[derive(Clone, Copy, Debug)]
pub struct Value<'t> {
    nodes: &'t [Node],
    text: &'t str,
    at: usize,
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Key<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Key<'t> {
    /// The key between its quotes, escapes as they stand.
    #[must_use]
    pub fn raw(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Byte offset of its first character.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }
}

impl<'t> Value<'t> {
    fn node(&self) -> Node {
        self.nodes.get(self.at).copied().unwrap_or(Node { kind: Kind::Null, start: 0, end: 0, next: u32::MAX })
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.node().kind
    }

    /// Byte offset of the first byte.
    #[must_use]
    pub fn start(&self) -> usize {
        self.node().start as usize
    }

    /// Byte offset after the last byte.
    #[must_use]
    pub fn end(&self) -> usize {
        self.node().end as usize
    }

    /// The text: of a string the inside of its quotes, escapes as they stand.
    #[must_use]
    pub fn raw_str(&self) -> &'t str {
        let node = self.node();
        let quotes = usize::from(node.kind == Kind::String);
        let (start, end) = (node.start as usize + quotes, (node.end as usize).saturating_sub(quotes));
        self.text.get(start..end).unwrap_or_default()
    }

    /// [`Value::raw_str`] as bytes.
    #[must_use]
    pub fn raw(&self) -> &'t [u8] {
        self.raw_str().as_bytes()
    }

    /// The characters of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::String).then(|| Text::json(self.raw_str()).decoded())
    }

    /// The value of a `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == b"true")
    }

    fn range(&self, kind: Kind) -> (usize, usize) {
        let node = self.node();
        if node.kind == kind { (self.at + 1, node.next as usize) } else { (0, 0) }
    }

    /// The entries of an array; none of anything else.
    pub fn elements(&self) -> impl Iterator<Item = Value<'t>> + Clone + use<'t> {
        let (mut at, end) = self.range(Kind::Array);
        let (nodes, text) = (self.nodes, self.text);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = Value { nodes, text, at };
            at = (value.node().next as usize).max(at + 1);
            Some(value)
        })
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> impl Iterator<Item = (Key<'t>, Value<'t>)> + Clone + use<'t> {
        let (mut at, end) = self.range(Kind::Object);
        let (nodes, text) = (self.nodes, self.text);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = nodes.get(at)?;
            let value = Value { nodes, text, at: at + 1 };
            at = (value.node().next as usize).max(at + 2);
            let start = key.start as usize;
            Some((Key { text: text.get(start..key.end as usize).unwrap_or_default(), start }, value))
        })
    }

    /// The member of an object with a key; the last of several, as Python's json takes it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'t>> {
        self.members().filter(|(name, _)| name.raw() == key.as_bytes()).map(|(_, value)| value).last()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = Tape::default().parse(text.as_bytes()).unwrap_err();
        (error.offset, error.reason)
    }

    #[test]
    fn values_keep_their_text_and_place() {
        let text = r#" {"a": [-1.50, NaN, -Infinity, null], "b": {"c": "x\ny"}, "a": true}"#;
        let mut tape = Tape::default();
        let root = tape.parse(text.as_bytes()).unwrap();
        let first = root.members().next().unwrap().1;
        let raw: Vec<&str> = first.elements().map(|value| value.raw_str()).collect();
        assert_eq!(raw, ["-1.50", "NaN", "-Infinity", "null"]);
        assert_eq!(first.elements().next().unwrap().start(), text.find("-1.50").unwrap());
        assert_eq!(root.get("b").unwrap().get("c").unwrap().as_str().unwrap(), "x\ny");
        assert_eq!(root.get("a").unwrap().as_bool(), Some(true));
    }

    #[test]
    fn a_lone_surrogate_does_not_lose_the_record() {
        let mut tape = Tape::default();
        let root = tape.parse(br#"{"token": "\udce2", "n": 1}"#).unwrap();
        assert_eq!(root.get("token").unwrap().as_str().unwrap(), "\u{FFFD}");
        assert_eq!(root.get("n").unwrap().raw(), b"1");
    }

    #[test]
    fn errors_say_what_and_where() {
        assert_eq!(error(r#"{"a": 1 "b": 2}"#), (8, "expected `,` or `}`, found `\"`".to_owned()));
        assert_eq!(error(r#"{"a": [1, 2"#).0, 11);
        assert!(error(r#"{"a": "cut"#).1.contains("cut off"));
        assert!(error(r#"{"a": 1} x"#).1.contains("end of the record"));
        assert!(error("nope").1.starts_with("expected"));
        assert!(error(&"[".repeat(200)).1.contains("128"));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_an_error_with_a_place() {
        let error = Tape::default().parse(b"{\"a\": \"\xff\"}").unwrap_err();
        assert_eq!(error.offset, 7);
    }

    fn same(value: Value<'_>, other: &serde_json::Value) -> bool {
        match other {
            serde_json::Value::Null => value.kind() == Kind::Null,
            serde_json::Value::Bool(flag) => value.as_bool() == Some(*flag),
            serde_json::Value::Number(number) => value.raw_str().parse::<f64>().ok() == number.as_f64(),
            serde_json::Value::String(text) => value.as_str().is_some_and(|own| own == *text),
            serde_json::Value::Array(entries) => {
                value.elements().count() == entries.len()
                    && value.elements().zip(entries).all(|(own, other)| same(own, other))
            }
            serde_json::Value::Object(members) => {
                value.members().count() == members.len()
                    && members.iter().all(|(key, other)| {
                        value.members().any(|(own, value)| {
                            Text::json(std::str::from_utf8(own.raw()).unwrap()).decoded() == key.as_str()
                                && same(value, other)
                        })
                    })
            }
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (-1e6..1e6_f64).prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_as_serde_json_reads_it(value in any_json()) {
            let text = value.to_string();
            let mut tape = Tape::default();
            let root = tape.parse(text.as_bytes()).unwrap();
            prop_assert!(same(root, &value));
        }
    }
}
