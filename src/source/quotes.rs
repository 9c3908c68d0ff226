//! Finds the bytes of a JSON text that belong to strings.

/// Scans a JSON text byte by byte, starting outside of strings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotes {
    string: bool,
    escaped: bool,
}

impl Quotes {
    /// Takes the next byte; returns whether it belongs to a string, including its quotes.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        if self.string {
            self.string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return true;
        }
        self.string = byte == b'"';
        self.string
    }

    /// Whether a string is open.
    #[inline]
    #[must_use]
    pub fn is_open(self) -> bool {
        self.string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_quote_ends_no_string() {
        let mut quotes = Quotes::default();
        let text = r#"[1, "a\"]\\", {"b": 2}]"#;
        let outside: String = text.bytes().filter(|byte| !quotes.take(*byte)).map(char::from).collect();
        assert_eq!(outside, "[1, , {: 2}]");
        assert!(!quotes.is_open());
        assert!(quotes.take(b'"') && quotes.is_open());
    }
}
