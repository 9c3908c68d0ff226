//! Decoding of a string's escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error, Visitor};

/// Whether the inside of a string contains an escape.
pub(super) fn has_escape(raw: &[u8]) -> bool {
    memchr::memchr(b'\\', raw).is_some()
}

/// The inside of a string as UTF-8, except that a lone surrogate keeps its own three bytes (WTF-8).
///
/// Python's `json` writes lone surrogates for bytes that are not UTF-8. `serde_json` refuses them in a `String`,
/// and raw control characters too, but is documented to hand out both as bytes.
pub(super) fn units(raw: &str) -> Cow<'_, [u8]> {
    if !has_escape(raw.as_bytes()) {
        return Cow::Borrowed(raw.as_bytes());
    }
    let quoted = [b"\"", raw.as_bytes(), b"\""].concat();
    match serde_json::Deserializer::from_slice(&quoted).deserialize_byte_buf(Bytes) {
        Ok(bytes) => Cow::Owned(bytes),
        // Unreachable: the parser has checked every escape. The raw text is the fallback.
        Err(_) => Cow::Borrowed(raw.as_bytes()),
    }
}

/// The inside of a string as text. A lone surrogate becomes U+FFFD.
pub(super) fn characters(raw: &str) -> String {
    let units = units(raw);
    let mut text = String::with_capacity(units.len());
    for chunk in units.utf8_chunks() {
        text.push_str(chunk.valid());
        // Surrogates are the only invalid part, and 0xED is the first of their three bytes.
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}
