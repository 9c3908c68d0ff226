//! Parses bytes into nodes.

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use super::error::{JsonError, Reason, explain};
use super::{DEPTH, Kind, Node};

/// Fills the nodes of one record. Returns the record as text; the spans of the nodes refer to it.
pub(super) fn parse<'t>(bytes: &'t [u8], nodes: &mut Vec<Node>, repaired: &mut Vec<u8>) -> Result<&'t str, JsonError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(JsonError { offset: 0, reason: Reason::TooLong });
    }
    // One pass over the whole record is cheaper than one per string, and lets every string be borrowed later.
    let (text, bad) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => ("", Some(error)),
    };
    let Some(bad) = bad else {
        return fill_leniently(bytes, nodes, repaired).map(|()| text);
    };
    // A grammar error before the bad byte takes precedence.
    let good = bytes.get(..bad.valid_up_to()).unwrap_or_default();
    match fill_leniently(good, nodes, repaired) {
        Err(error) if !error.is_cut_off() => Err(error),
        Err(JsonError { reason: Reason::CutOff(cut), .. }) if bad.error_len().is_none() => {
            Err(JsonError::cut_off(bytes, cut))
        }
        _ => {
            let byte = bytes.get(good.len()).copied().unwrap_or_default();
            Err(JsonError { offset: good.len(), reason: Reason::NotUtf8(byte) })
        }
    }
}

/// [`fill`], on a repaired copy if jiter does not accept the strings as they are.
fn fill_leniently(bytes: &[u8], nodes: &mut Vec<Node>, repaired: &mut Vec<u8>) -> Result<(), JsonError> {
    let Err(error) = fill(bytes, nodes) else { return Ok(()) };
    if !is_repairable(&error) {
        return Err(explain(&error, bytes));
    }
    repaired.clear();
    repaired.extend_from_slice(bytes);
    repair(repaired);
    fill(repaired, nodes).map_err(|error| explain(&error, bytes))
}

fn fill(bytes: &[u8], nodes: &mut Vec<Node>) -> Result<(), JiterError> {
    nodes.clear();
    let mut parser = Parser { jiter: Jiter::new(bytes).with_allow_inf_nan(), bytes, nodes };
    let peek = parser.jiter.peek()?;
    parser.value(peek, 0)?;
    parser.jiter.finish()
}

fn is_repairable(error: &JiterError) -> bool {
    use JsonErrorType::{
        ControlCharacterWhileParsingString, LoneLeadingSurrogateInHexEscape, UnexpectedEndOfHexEscape,
    };
    matches!(
        error.error_type,
        JiterErrorType::JsonError(
            ControlCharacterWhileParsingString | LoneLeadingSurrogateInHexEscape | UnexpectedEndOfHexEscape
        )
    )
}

/// Replaces lone surrogates with other escapes, and raw control characters in strings with spaces.
///
/// Lengths stay the same, so the spans of the copy are valid for the record.
fn repair(bytes: &mut [u8]) {
    let (mut at, mut inside) = (0, false);
    while let Some(byte) = bytes.get_mut(at) {
        let mut used = 1;
        match byte {
            b'"' => inside = !inside,
            0..0x20 if inside => *byte = b' ',
            b'\\' if inside => used = repair_escape(bytes, at),
            _ => {}
        }
        at += used;
    }
}

/// Repairs the escape that starts here and returns its length.
fn repair_escape(bytes: &mut [u8], at: usize) -> usize {
    match unit(bytes, at) {
        Some(0xD800..=0xDBFF) if matches!(unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) => 12,
        Some(0xD800..=0xDFFF) => {
            if let Some(escape) = bytes.get_mut(at..at + 6) {
                escape.copy_from_slice(b"\\ufffd");
            }
            6
        }
        // The second byte of any other escape may be a quote or a backslash. A control character is left to jiter.
        _ => 2,
    }
}

/// The UTF-16 unit of a `\uXXXX` escape.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

struct Parser<'j, 'n> {
    jiter: Jiter<'j>,
    bytes: &'j [u8],
    nodes: &'n mut Vec<Node>,
}

/// Cannot overflow: the record's length fits, and every node has at least one byte of it.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn is_container(peek: Peek) -> bool {
    matches!(peek, Peek::Array | Peek::Object)
}

impl Parser<'_, '_> {
    fn value(&mut self, peek: Peek, depth: usize) -> Result<(), JiterError> {
        let start = self.jiter.current_index();
        let kind = match peek {
            Peek::Array | Peek::Object => return self.container(peek, start, depth),
            Peek::String => self.jiter.known_bytes().map(|_| Kind::String)?,
            Peek::Null => self.jiter.known_null().map(|()| Kind::Null)?,
            Peek::True | Peek::False => self.jiter.known_bool(peek).map(|_| Kind::Bool)?,
            // A byte that cannot start a value also ends up here; jiter reports it.
            _ => self.jiter.known_number_bytes(peek).map(|_| Kind::Number)?,
        };
        self.leaf(kind, start, self.jiter.current_index());
        Ok(())
    }

    fn leaf(&mut self, kind: Kind, start: usize, end: usize) {
        let next = narrow(self.nodes.len() + 1);
        self.nodes.push(Node { start: narrow(start), end: narrow(end), next, kind, flat: true });
    }

    fn container(&mut self, peek: Peek, start: usize, depth: usize) -> Result<(), JiterError> {
        if depth == DEPTH {
            let error_type = JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded);
            return Err(JiterError { error_type, index: start });
        }
        let at = self.nodes.len();
        let kind = if peek == Peek::Array { Kind::Array } else { Kind::Object };
        self.leaf(kind, start, start);
        let flat = if kind == Kind::Array { self.array(depth)? } else { self.object(depth)? };
        let (end, next) = (narrow(self.jiter.current_index()), narrow(self.nodes.len()));
        if let Some(node) = self.nodes.get_mut(at) {
            (node.end, node.next, node.flat) = (end, next, flat);
        }
        Ok(())
    }

    /// Returns whether no child is a container.
    fn array(&mut self, depth: usize) -> Result<bool, JiterError> {
        let mut flat = true;
        let mut next = self.jiter.known_array()?;
        while let Some(peek) = next {
            flat &= !is_container(peek);
            self.value(peek, depth + 1)?;
            next = self.jiter.array_step()?;
        }
        Ok(flat)
    }

    /// Returns whether no child is a container.
    fn object(&mut self, depth: usize) -> Result<bool, JiterError> {
        let mut flat = true;
        let base = self.bytes.as_ptr().addr();
        // jiter has already read past the colon, so the place of a key is derived from its address.
        let span = |inside: &[u8]| {
            let start = inside.as_ptr().addr() - base;
            (start - 1, start + inside.len() + 1)
        };
        let mut key = self.jiter.next_object_bytes()?.map(span);
        while let Some((start, end)) = key {
            self.leaf(Kind::String, start, end);
            let peek = self.jiter.peek()?;
            flat &= !is_container(peek);
            self.value(peek, depth + 1)?;
            key = self.jiter.next_key_bytes()?.map(span);
        }
        Ok(flat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        repair(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_strings_are_repaired() {
        assert_eq!(repaired("[\u{1}\"a\u{1}\\\"\tb\",\t\u{2}]"), "[\u{1}\"a \\\" b\",\t\u{2}]");
    }

    #[test]
    fn a_surrogate_without_its_partner_is_overwritten() {
        assert_eq!(repaired(r#""\udce2""#), r#""\ufffd""#);
        assert_eq!(repaired(r#""\ud83d\uDE00""#), r#""\ud83d\uDE00""#);
        assert_eq!(repaired(r#""\ud83d\ud83d\ude00""#), r#""\ufffd\ud83d\ude00""#);
        assert_eq!(repaired(r#""\ude00\ud83d""#), r#""\ufffd\ufffd""#);
        assert_eq!(repaired(r#""\\ud83d""#), r#""\\ud83d""#);
        assert_eq!(repaired(r#""\ud83"#), r#""\ud83"#);
    }
}
