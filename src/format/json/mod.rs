//! A JSON record as a flat tape: kinds, byte spans, and the printed digits of numbers.
//!
//! A tape rather than a tree, because a record may hold a hundred thousand numbers and each is read once. A tape rather
//! than typed structs, because field names vary between logs, numbers must keep their digits, and every finding must
//! point at a byte. The tokenizer is jiter's.
//!
//! Extensions of strict JSON: bare `NaN`, `Infinity` and `-Infinity`; escapes of lone surrogates; raw control
//! characters inside strings. Python's `json` writes the first two and reads all three. Not supported: invalid UTF-8,
//! more than [`DEPTH`] nested containers, whole numbers of more than 4300 digits.

mod decode;
mod error;
mod parse;
mod parsed;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

pub use error::{Cut, JsonError, Reason};
pub use parsed::Parsed;

/// Maximum nesting depth of containers.
pub const DEPTH: usize = 128;

/// In objects with up to this many keys, duplicates are found pair by pair, without an allocation.
const FEW_KEYS: usize = 16;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number, or a bare `NaN`, `Infinity` or `-Infinity`.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value, or one key of an object; a key is followed by the node of its value.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// First byte; for a string, its opening quote.
    start: u32,
    /// One past the last byte.
    end: u32,
    /// Index of the node after this one's subtree.
    next: u32,
    kind: Kind,
    /// Whether no child is a container, so the number of children follows from `next`.
    flat: bool,
}

/// Reusable memory for parsed records.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    /// A copy of the record in which jiter accepts every string; used by the few records that need it.
    repaired: Vec<u8>,
}

impl Tape {
    /// Parses one complete JSON text, optionally surrounded by white space.
    pub fn parse<'t>(&'t mut self, bytes: &'t [u8]) -> Result<Value<'t>, JsonError> {
        let text = parse::parse(bytes, &mut self.nodes, &mut self.repaired)?;
        Ok(Value { nodes: &self.nodes, text, at: 0 })
    }
}

impl Tape {
    /// The value of the last parsed record; `text` must be the text of that record. None if nothing was parsed.
    #[must_use]
    pub fn root<'t>(&'t self, text: &'t str) -> Option<Value<'t>> {
        (!self.nodes.is_empty()).then_some(Value { nodes: &self.nodes, text, at: 0 })
    }
}

/// A value of a parsed record.
#[derive(Clone, Copy)]
pub struct Value<'t> {
    nodes: &'t [Node],
    text: &'t str,
    at: usize,
}

impl<'t> Value<'t> {
    fn node(&self) -> Node {
        // Every index comes from the tape itself, so the default is never returned.
        let nothing = Node { start: 0, end: 0, next: u32::MAX, kind: Kind::Null, flat: true };
        self.nodes.get(self.at).copied().unwrap_or(nothing)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.node().kind
    }

    /// Byte offset in the record of the first byte; for a string, of its opening quote.
    #[must_use]
    pub fn start(&self) -> usize {
        self.node().start as usize
    }

    /// Byte offset in the record after the last byte.
    #[must_use]
    pub fn end(&self) -> usize {
        self.node().end as usize
    }

    /// The raw text in the record; for a string, the part inside the quotes, without decoding escapes.
    #[must_use]
    pub fn raw_str(&self) -> &'t str {
        let node = self.node();
        let quote = usize::from(node.kind == Kind::String);
        self.text.get(node.start as usize + quote..(node.end as usize).saturating_sub(quote)).unwrap_or_default()
    }

    /// [`Value::raw_str`] as bytes.
    #[must_use]
    pub fn raw(&self) -> &'t [u8] {
        let node = self.node();
        let quote = usize::from(node.kind == Kind::String);
        let bytes = self.text.as_bytes();
        bytes.get(node.start as usize + quote..(node.end as usize).saturating_sub(quote)).unwrap_or_default()
    }

    /// The value of `true` and `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == b"true")
    }

    /// The characters of a string. A lone surrogate becomes U+FFFD.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'t, str>> {
        if self.kind() != Kind::String {
            return None;
        }
        let raw = self.raw_str();
        Some(if decode::has_escape(raw.as_bytes()) { Cow::Owned(decode::characters(raw)) } else { Cow::Borrowed(raw) })
    }

    /// Whether both are strings with the same characters, regardless of escapes.
    ///
    /// Two different lone surrogates are not equal, although [`Value::as_str`] shows both as U+FFFD: they encode
    /// different bytes of different tokens.
    #[must_use]
    pub fn raw_eq(&self, other: Value<'_>) -> bool {
        if self.kind() != Kind::String || other.kind() != Kind::String {
            return false;
        }
        let (left, right) = (self.raw(), other.raw());
        if left == right {
            return true;
        }
        let escaped = decode::has_escape(left) || decode::has_escape(right);
        escaped && decode::units(self.raw_str()) == decode::units(other.raw_str())
    }

    /// The entries of an array; empty for other kinds.
    #[must_use]
    pub fn elements(&self) -> Elements<'t> {
        let (at, end) = self.children(Kind::Array);
        Elements { inside: *self, at, end }
    }

    /// The members of an object in the record's order, including duplicates; empty for other kinds.
    #[must_use]
    pub fn members(&self) -> Members<'t> {
        let (at, end) = self.children(Kind::Object);
        Members { inside: *self, at, end }
    }

    /// The member of an object with this key. For duplicate keys, the last one, as in Python's `json` and `serde_json`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'t>> {
        let (mut at, end) = self.children(Kind::Object);
        let mut found = None;
        // Recognition asks every record for hundreds of keys, and most of them are missing. Length and first byte rule
        // out most keys, without reading the rest.
        while at < end {
            let (Some(name), Some(value)) = (self.nodes.get(at), self.nodes.get(at + 1)) else { break };
            // An escape is longer than its decoded form.
            let may_be = (name.end - name.start) as usize >= key.len() + 2;
            if may_be && (Key { name: self.sibling(at) }).is(key) {
                found = Some(self.sibling(at + 1));
            }
            at = value.next as usize;
        }
        found
    }

    /// Whether no entry or member is a container.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.node().flat
    }

    /// Number of entries of an array or members of an object; 0 for other kinds.
    ///
    /// Constant time if no child is a container; otherwise a walk over the children.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a string or number is neither empty nor not")]
    pub fn len(&self) -> usize {
        let node = self.node();
        let nodes = (node.next as usize).saturating_sub(self.at + 1);
        match node.kind {
            Kind::Array if node.flat => nodes,
            Kind::Object if node.flat => nodes / 2,
            Kind::Array => self.elements().count(),
            Kind::Object => self.members().count(),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => 0,
        }
    }

    /// Whether this is `[]` or `{}`.
    #[must_use]
    pub fn is_container_empty(&self) -> bool {
        let node = self.node();
        matches!(node.kind, Kind::Array | Kind::Object) && node.next as usize == self.at + 1
    }

    /// The first duplicate key of an object: its earlier occurrence, then the repetition.
    #[must_use]
    pub fn duplicate_keys(&self) -> Option<(Key<'t>, Key<'t>)> {
        let keys = || self.members().map(|(key, _)| key);
        if keys().nth(FEW_KEYS).is_none() {
            return keys().enumerate().find_map(|(index, key)| {
                let earlier = keys().take(index).find(|earlier| earlier.name.raw_eq(key.name))?;
                Some((earlier, key))
            });
        }
        // Many keys go into a map, so a hostile record does not take quadratic time.
        let mut seen: HashMap<Cow<'t, [u8]>, Key<'t>> = HashMap::new();
        keys().find_map(|key| seen.insert(decode::units(key.name.raw_str()), key).map(|earlier| (earlier, key)))
    }

    fn children(&self, kind: Kind) -> (usize, usize) {
        let node = self.node();
        if node.kind == kind { (self.at + 1, node.next as usize) } else { (0, 0) }
    }

    fn sibling(&self, at: usize) -> Value<'t> {
        Value { at, ..*self }
    }
}

/// Prints kind and text only: the derived form would print the whole tape.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(&self.kind()).field(&self.raw_str()).finish()
    }
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Key<'t> {
    name: Value<'t>,
}

impl<'t> Key<'t> {
    /// The key between its quotes, without decoding escapes.
    #[must_use]
    pub fn raw(&self) -> &'t [u8] {
        self.name.raw()
    }

    /// [`Key::raw`] as text.
    #[must_use]
    pub fn raw_str(&self) -> &'t str {
        self.name.raw_str()
    }

    /// The characters of the key. A lone surrogate becomes U+FFFD.
    #[must_use]
    pub fn as_str(&self) -> Cow<'t, str> {
        self.name.as_str().unwrap_or_default()
    }

    /// Byte offset in the record of the opening quote.
    #[must_use]
    pub fn start(&self) -> usize {
        self.name.start()
    }

    /// Byte offset in the record after the closing quote.
    #[must_use]
    pub fn end(&self) -> usize {
        self.name.end()
    }

    /// Whether the decoded key equals these characters.
    #[inline]
    #[must_use]
    pub fn is(&self, characters: &str) -> bool {
        // Most keys differ in their first character, unless it starts an escape.
        let first = self.name.text.as_bytes().get(self.name.start() + 1);
        if let (Some(first), Some(wanted)) = (first, characters.as_bytes().first())
            && first != wanted
            && *first != b'\\'
        {
            return false;
        }
        let raw = self.raw();
        // An escape is always longer than its decoded form.
        match raw.len().cmp(&characters.len()) {
            Ordering::Less => false,
            Ordering::Equal => raw == characters.as_bytes() && !decode::has_escape(raw),
            Ordering::Greater => decode::has_escape(raw) && self.as_str() == characters,
        }
    }
}

/// The entries of an array.
#[derive(Clone, Debug)]
pub struct Elements<'t> {
    inside: Value<'t>,
    at: usize,
    end: usize,
}

impl<'t> Iterator for Elements<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        if self.at >= self.end {
            return None;
        }
        let value = self.inside.sibling(self.at);
        self.at = value.node().next as usize;
        Some(value)
    }
}

/// The members of an object.
#[derive(Clone, Debug)]
pub struct Members<'t> {
    inside: Value<'t>,
    at: usize,
    end: usize,
}

impl<'t> Iterator for Members<'t> {
    type Item = (Key<'t>, Value<'t>);

    fn next(&mut self) -> Option<(Key<'t>, Value<'t>)> {
        if self.at >= self.end {
            return None;
        }
        let key = Key { name: self.inside.sibling(self.at) };
        let value = self.inside.sibling(self.at + 1);
        self.at = value.node().next as usize;
        Some((key, value))
    }
}

#[cfg(test)]
mod tests;
