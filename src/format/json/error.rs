//! Errors of records that cannot be parsed, with their offset.

use std::fmt;

use jiter::{JiterError, JiterErrorType, JsonErrorType};

use super::DEPTH;

/// Words of the log are cut to this many bytes in error messages.
const WORD: usize = 24;

/// A record that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    /// Byte offset in the record, from 0; the record's length if it is truncated.
    pub offset: usize,
    /// The reason.
    pub reason: Reason,
}

/// The reason why a record cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The record ends before its value does.
    #[error("the record is truncated {0}")]
    CutOff(Cut),
    /// The grammar requires something else here.
    #[error("expected {wanted}, found {found}")]
    Expected {
        /// The expected token.
        wanted: &'static str,
        /// The token found: ASCII without control characters.
        found: String,
    },
    /// Containers are nested deeper than [`DEPTH`].
    #[error("more than {DEPTH} nested arrays and objects")]
    TooDeep,
    /// The record is too long for its 32-bit offsets.
    #[error("the record exceeds 4 GiB")]
    TooLong,
    /// A byte that is not UTF-8.
    #[error("invalid UTF-8 byte 0x{0:02x}")]
    NotUtf8(u8),
}

/// The construct that a truncated record ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A string has no closing quote.
    String,
    /// An array has no `]`.
    Array,
    /// An object has no `}`.
    Object,
    /// A value is missing or incomplete.
    Value,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::String => "inside a string",
            Cut::Array => "inside an array",
            Cut::Object => "inside an object",
            Cut::Value => "before the end of a value",
        })
    }
}

impl JsonError {
    /// Whether the record ends before its value does.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        matches!(self.reason, Reason::CutOff(_))
    }

    pub(super) fn cut_off(bytes: &[u8], cut: Cut) -> Self {
        JsonError { offset: bytes.len(), reason: Reason::CutOff(cut) }
    }
}

/// Converts a jiter error to our wording.
pub(super) fn explain(error: &JiterError, bytes: &[u8]) -> JsonError {
    let at = error.index;
    let found = bytes.get(at).copied();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
    let JiterErrorType::JsonError(kind) = &error.error_type else { return expected("a value", at, bytes) };
    let wanted = match kind {
        JsonErrorType::EofWhileParsingString => return JsonError::cut_off(bytes, Cut::String),
        JsonErrorType::EofWhileParsingList => return JsonError::cut_off(bytes, Cut::Array),
        JsonErrorType::EofWhileParsingObject => return JsonError::cut_off(bytes, Cut::Object),
        JsonErrorType::EofWhileParsingValue => return JsonError::cut_off(bytes, Cut::Value),
        JsonErrorType::RecursionLimitExceeded => return JsonError { offset: at, reason: Reason::TooDeep },
        JsonErrorType::ExpectedColon => "`:` after a key",
        JsonErrorType::ExpectedListCommaOrEnd => "`,` or `]`",
        JsonErrorType::ExpectedObjectCommaOrEnd => "`,` or `}`",
        JsonErrorType::KeyMustBeAString => "a key in double quotes",
        JsonErrorType::TrailingComma if found == Some(b'}') => "a key after `,`",
        JsonErrorType::TrailingComma => "a value after `,`",
        JsonErrorType::TrailingCharacters => "the end of the record",
        JsonErrorType::NumberOutOfRange => "at most 4300 digits in an integer",
        JsonErrorType::InvalidNumber if found.is_some_and(|byte| byte.is_ascii_digit()) => {
            "no further digit after a leading 0"
        }
        JsonErrorType::InvalidNumber => "a digit",
        JsonErrorType::InvalidEscape if before == Some(b'\\') => "a valid escape character after `\\`",
        JsonErrorType::InvalidEscape => "four hexadecimal digits after `\\u`",
        // jiter points at the first wrong letter, but the message shows the whole word.
        JsonErrorType::ExpectedSomeIdent => return expected("a value", word_start(at, bytes), bytes),
        _ => "a value",
    };
    expected(wanted, at, bytes)
}

fn expected(wanted: &'static str, offset: usize, bytes: &[u8]) -> JsonError {
    JsonError { offset, reason: Reason::Expected { wanted, found: found(offset, bytes) } }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn word_start(at: usize, bytes: &[u8]) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    at - before.iter().rev().take_while(|byte| is_word(**byte)).count()
}

fn found(at: usize, bytes: &[u8]) -> String {
    let rest = bytes.get(at..).unwrap_or_default();
    let word: String =
        rest.iter().take(WORD).take_while(|byte| is_word(**byte)).map(|byte| char::from(*byte)).collect();
    if word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-') && word.len() > 1 {
        return format!("`{word}`");
    }
    let character = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    match character {
        None => "the end of the record".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some('\t') => "a tab".to_owned(),
        Some('\n' | '\r') => "a line break".to_owned(),
        Some(character) if character.is_ascii_graphic() => format!("`{character}`"),
        Some(character) => format!("the character U+{:04X}", u32::from(character)),
    }
}
