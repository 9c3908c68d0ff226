//! Text of a log, decoded only when somebody looks at it.

use std::borrow::Cow;

/// A string as logged.
///
/// Token strings are by far the most frequent strings of a log and are compared far more often than
/// they are read, so an escaped JSON string keeps its escapes until [`Text::decoded`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'t> {
    raw: &'t str,
    escaped: bool,
}

impl<'t> Text<'t> {
    /// Text borrowed from the log unchanged.
    #[must_use]
    pub fn plain(raw: &'t str) -> Self {
        Self { raw, escaped: false }
    }

    /// The inside of a JSON string, without its quotes and with its escapes.
    #[must_use]
    pub fn json(raw: &'t str) -> Self {
        Self { raw, escaped: raw.as_bytes().contains(&b'\\') }
    }

    /// The characters that the writer meant. A lone surrogate escape becomes U+FFFD.
    #[must_use]
    pub fn decoded(&self) -> Cow<'t, str> {
        if self.escaped { Cow::Owned(decode(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    /// Whether both texts mean the same characters.
    #[must_use]
    pub fn same(&self, other: &Text<'_>) -> bool {
        if self.raw == other.raw && self.escaped == other.escaped {
            return true;
        }
        if !self.escaped && !other.escaped {
            return false;
        }
        let (own, theirs) = (self.decoded(), other.decoded());
        // Different invalid UTF-8 bytes all decode to U+FFFD: only their spelling distinguishes them.
        own == theirs && (!own.contains('\u{FFFD}') || self.raw.eq_ignore_ascii_case(other.raw))
    }

    /// Whether the text has no characters at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// Decodes the inside of a JSON string. Lone surrogates, which Python's `json` writes for bytes
/// that are not UTF-8, would make a strict decoder fail and lose the record.
fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut units: Vec<u16> = Vec::new();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut units, &mut out);
            out.push_str(before);
        }
        let mut used = 2;
        match escape.as_bytes().get(1) {
            Some(b'u') => {
                let unit = escape.get(2..6).and_then(|hex| u16::from_str_radix(hex, 16).ok());
                units.push(unit.unwrap_or(0xFFFD));
                used = if unit.is_some() { 6 } else { 2 };
            }
            Some(&other) => {
                flush(&mut units, &mut out);
                out.push(match other {
                    b'n' => '\n',
                    b't' => '\t',
                    b'r' => '\r',
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    ascii => char::from(ascii),
                });
            }
            None => used = 1,
        }
        rest = escape.get(used..).unwrap_or("");
    }
    flush(&mut units, &mut out);
    out.push_str(rest);
    out
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or('\u{FFFD}')));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_their_characters() {
        assert_eq!(Text::json(r"a\n\u0120the\\ \uD83D\uDE00").decoded(), "a\n\u{120}the\\ \u{1F600}");
    }

    #[test]
    fn a_lone_surrogate_is_kept_as_a_replacement() {
        assert_eq!(Text::json(r"x\udce2y").decoded(), "x\u{FFFD}y");
    }

    #[test]
    fn escaped_and_plain_spellings_are_the_same_text() {
        assert!(Text::json(r"\u0120a").same(&Text::plain("\u{120}a")));
        assert!(!Text::json(r"\n").same(&Text::plain(r"\n")));
        assert!(!Text::json(r"\udce2").same(&Text::json(r"\udce3")));
        assert!(Text::json(r"\udce2").same(&Text::json(r"\uDCE2")));
    }
}
