//! A record with its text, for one that is looked at more than once.

use crate::format::json::{Tape, Value};

/// A parsed record that owns its text.
pub struct Parsed {
    text: String,
    tape: Tape,
}

impl Parsed {
    /// Parses one complete JSON text; None for anything else.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Option<Self> {
        let mut tape = Tape::default();
        tape.parse(&bytes).ok()?;
        Some(Self { text: String::from_utf8(bytes).ok()?, tape })
    }

    /// The record.
    #[must_use]
    pub fn root(&self) -> Option<Value<'_>> {
        self.tape.root(&self.text)
    }
}
