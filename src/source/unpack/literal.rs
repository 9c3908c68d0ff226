//! Literals of JSON and Python in the cells of a table.

/// Deepest nesting that is followed.
const DEPTH: usize = 100;

/// Calls around a single value that are equivalent to the value.
const WRAPPERS: [&str; 20] = [
    "array", "tensor", "list", "tuple", "bool_", "str_", "float16", "float32", "float64", "int8", "int16", "int32",
    "int64", "uint8", "uint16", "uint32", "uint64", "Tensor", "ndarray", "float",
];

/// Whether a cell begins like a list or an object.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{', '('])
}

/// Appends a list or an object, written in JSON or as Python's `repr` writes it, as JSON on one line. Numbers keep
/// their digits. False, and nothing is appended, when the text is something else.
pub(super) fn inline(text: &str, out: &mut Vec<u8>) -> bool {
    if !looks_like_one(text) {
        return false;
    }
    let start = out.len();
    // NumPy prints arrays without commas.
    [(false, false), (true, false), (true, true)].into_iter().any(|(python, spaced)| {
        let mut parser = Parser { rest: text.trim(), python, spaced, out: &mut *out };
        let parsed = parser.value(0).is_some() && parser.rest.is_empty();
        // `(1)` is a number in brackets.
        let parsed = parsed && matches!(out.get(start), Some(b'[' | b'{'));
        if !parsed {
            out.truncate(start);
        }
        parsed
    })
}

/// Length of the JSON number at the start of a text.
pub(super) fn json_number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

struct Parser<'t, 'o> {
    rest: &'t str,
    /// Whether the literal is Python's.
    python: bool,
    /// Whether white space alone separates the elements of its lists.
    spaced: bool,
    out: &'o mut Vec<u8>,
}

impl<'t> Parser<'t, '_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.step(wanted.len_utf8());
        }
        found
    }

    fn step(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match self.peek()? {
            '[' => self.list(']', depth).map(|_| ()),
            '(' if self.python => self.tuple(depth),
            '{' => self.object(depth),
            '"' | '\'' => self.text(),
            '0'..='9' | '-' | '+' | '.' => self.number(),
            _ => self.name(depth),
        }
    }

    /// The elements up to a closing bracket. Gives their number and whether a comma follows the last.
    fn list(&mut self, close: char, depth: usize) -> Option<(usize, bool)> {
        self.step(1);
        self.out.push(b'[');
        let (mut count, mut comma, mut gap) = (0, false, false);
        while !self.eat(close) {
            if count > 0 {
                if !(if self.spaced { gap } else { comma }) {
                    return None;
                }
                self.out.extend_from_slice(b", ");
            }
            self.value(depth + 1)?;
            count += 1;
            gap = self.rest.starts_with(char::is_whitespace);
            comma = self.eat(',');
            if comma && self.spaced {
                return None;
            }
        }
        if comma && !self.python {
            return None;
        }
        self.out.push(b']');
        Some((count, comma))
    }

    fn tuple(&mut self, depth: usize) -> Option<()> {
        let start = self.out.len();
        let (count, comma) = self.list(')', depth)?;
        if count == 1 && !comma {
            self.out.pop();
            self.out.remove(start);
        }
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.step(1);
        self.out.push(b'{');
        let (mut first, mut comma) = (true, false);
        while !self.eat('}') {
            if !first {
                if !comma {
                    return None;
                }
                self.out.extend_from_slice(b", ");
            }
            first = false;
            self.key(depth)?;
            if !self.eat(':') {
                return None;
            }
            self.out.extend_from_slice(b": ");
            self.value(depth + 1)?;
            comma = self.eat(',');
        }
        if comma && !self.python {
            return None;
        }
        self.out.push(b'}');
        Some(())
    }

    /// A key: a string, or what Python's `json` makes a string of.
    fn key(&mut self, depth: usize) -> Option<()> {
        if matches!(self.peek()?, '"' | '\'') {
            return self.text();
        }
        if !self.python {
            return None;
        }
        let start = self.out.len();
        self.value(depth + 1)?;
        match self.out.get(start)? {
            b'[' | b'{' => None,
            b'"' => Some(()),
            _ => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
                Some(())
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        if let Some(length) = json_number(self.rest)
            && !self.rest.get(length..)?.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '.' | '_'))
        {
            let digits = self.step(length);
            self.out.extend_from_slice(digits.as_bytes());
            return Some(());
        }
        if let Some(name) = self.rest.strip_prefix('-')
            && name.starts_with(char::is_alphabetic)
        {
            self.step(1);
            let start = self.out.len();
            self.out.push(b'-');
            self.name(DEPTH)?;
            // Only infinities have a sign. A NaN has one without a meaning.
            match self.out.get(start + 1..)? {
                b"Infinity" => return Some(()),
                b"NaN" => {
                    self.out.remove(start);
                    return Some(());
                }
                _ => return None,
            }
        }
        if !self.python {
            return None;
        }
        // NumPy writes `1.`, and `+1` and `.5` are Python's, too: their digits stay, what JSON wants is added.
        let length = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let printed = self.rest.get(..length)?;
        let (sign, digits) = match printed.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", printed.strip_prefix('+').unwrap_or(printed)),
        };
        let (whole, fraction) = digits.split_once('.')?;
        let end = fraction.find(['e', 'E']).unwrap_or(fraction.len());
        let (fraction, exponent) = fraction.split_at_checked(end)?;
        let zero = |part: &str| if part.is_empty() { "0".to_owned() } else { part.to_owned() };
        let number = format!("{sign}{}.{}{exponent}", zero(whole), zero(fraction));
        let is_digits = (whole.len() + fraction.len()) > 0 && json_number(&number) == Some(number.len());
        if !is_digits || self.rest.get(length..)?.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            return None;
        }
        self.step(length);
        self.out.extend_from_slice(number.as_bytes());
        Some(())
    }

    /// A constant, or a call that is equivalent to its argument.
    fn name(&mut self, depth: usize) -> Option<()> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(self.rest.len());
        let full = self.rest.get(..end)?;
        let name = match full.split_once('.') {
            Some(("np" | "numpy" | "torch" | "math" | "jnp", name)) if self.python => name,
            _ => full,
        };
        let written = match name {
            "null" | "true" | "false" if !self.python => name,
            "None" if self.python => "null",
            "True" | "True_" if self.python => "true",
            "False" | "False_" if self.python => "false",
            "NaN" | "nan" => "NaN",
            "Infinity" | "inf" => "Infinity",
            _ if self.python && WRAPPERS.contains(&name) => {
                self.step(end);
                return self.wrapped(depth);
            }
            _ => return None,
        };
        self.step(end);
        self.out.extend_from_slice(written.as_bytes());
        Some(())
    }

    /// The first argument of a call; options such as `dtype=float32` are left out.
    fn wrapped(&mut self, depth: usize) -> Option<()> {
        if !self.rest.starts_with('(') {
            return None;
        }
        self.step(1);
        let start = self.out.len();
        self.value(depth + 1)?;
        // `float('nan')`
        let bare = match self.out.get(start..)? {
            b"\"nan\"" => Some("NaN"),
            b"\"inf\"" => Some("Infinity"),
            b"\"-inf\"" => Some("-Infinity"),
            _ => None,
        };
        if let Some(bare) = bare {
            self.out.truncate(start);
            self.out.extend_from_slice(bare.as_bytes());
        }
        while self.eat(',') {
            if self.peek()? == ')' {
                break;
            }
            let name = self.rest.find('=')?;
            if !self.step(name).trim().chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            self.step(1);
            let end = self.rest.find([',', ')'])?;
            self.step(end);
        }
        self.eat(')').then_some(())
    }

    fn text(&mut self) -> Option<()> {
        let quote = self.peek()?;
        self.step(1);
        if self.python { self.python_text(quote) } else { self.json_text(quote) }
    }

    /// A JSON string, copied unchanged.
    fn json_text(&mut self, quote: char) -> Option<()> {
        if quote != '"' {
            return None;
        }
        let mut escaped = false;
        let end = self.rest.bytes().position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        })?;
        let inner = self.step(end);
        self.step(1);
        let mut bytes = inner.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                0..=0x1f => return None,
                b'\\' => match bytes.next()? {
                    b'u' if bytes.by_ref().take(4).filter(u8::is_ascii_hexdigit).count() == 4 => {}
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return None,
                },
                _ => {}
            }
        }
        self.out.push(b'"');
        self.out.extend_from_slice(inner.as_bytes());
        self.out.push(b'"');
        Some(())
    }

    /// A string of Python, with its escapes.
    fn python_text(&mut self, quote: char) -> Option<()> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next()? {
                c if c == quote => break,
                '\\' => {
                    let decoded = match chars.next()? {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'a' => '\u{7}',
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'v' => '\u{b}',
                        'x' => code(&mut chars, 2)?,
                        // A lone surrogate has no other form than the replacement.
                        'u' => code(&mut chars, 4)?,
                        'U' => code(&mut chars, 8)?,
                        first @ '0'..='7' => octal(first, &mut chars)?,
                        '\n' => continue,
                        same @ ('\\' | '\'' | '"') => same,
                        other => {
                            text.push('\\');
                            other
                        }
                    };
                    text.push(decoded);
                }
                '\n' | '\r' => return None,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        super::string(&text, self.out);
        Some(())
    }
}

fn code(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text: String = chars.by_ref().take(digits).collect();
    let code = u32::from_str_radix(&text, 16).ok().filter(|_| text.len() == digits && !text.starts_with('+'))?;
    match char::from_u32(code) {
        Some(c) => Some(c),
        None => (0xd800..0xe000).contains(&code).then_some(char::REPLACEMENT_CHARACTER),
    }
}

fn octal(first: char, chars: &mut std::str::Chars<'_>) -> Option<char> {
    let mut value = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = chars.clone().next().and_then(|c| c.to_digit(8)) else { break };
        chars.next();
        value = value * 8 + digit;
    }
    char::from_u32(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inlined(text: &str) -> Option<String> {
        let mut out = b"x".to_vec();
        let done = inline(text, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(done || text == "x");
        done.then(|| text[1..].to_owned())
    }

    #[test]
    fn literals_become_json_with_their_digits() {
        let cases = [
            ("[-0.50, 1e-05, NaN, -Infinity, null]", "[-0.50, 1e-05, NaN, -Infinity, null]"),
            ("[ 1 ,\n 2]", "[1, 2]"),
            (r#"["\u00e9\/", "it's"]"#, r#"["\u00e9\/", "it's"]"#),
            ("(1, 2)", "[1, 2]"),
            ("(1,)", "[1]"),
            ("()", "[]"),
            ("[(1), ((2, 3), None)]", "[1, [[2, 3], null]]"),
            ("[nan, -inf, inf, True, False]", "[NaN, -Infinity, Infinity, true, false]"),
            (r#"['it\'s', "a\"b", '\x41\n\101\u00e9\d']"#, r#"["it's", "a\"b", "A\nAé\\d"]"#),
            ("{'a': -1.250, 3: None, True: 'x', np.int64(4): []}", r#"{"a": -1.250, "3": null, "true": "x", "4": []}"#),
            ("[np.float64(-1.2), numpy.float32(3.0), np.str_('x'), np.nan]", r#"[-1.2, 3.0, "x", NaN]"#),
            ("[array([1., -.5, 2.e-3], dtype=float32), tensor(3, device='cuda:0')]", "[[1.0, -0.5, 2.0e-3], 3]"),
            ("[float('nan'), float('-inf')]", "[NaN, -Infinity]"),
            ("[1, 2,]", "[1, 2]"),
            ("[-0.501811 -0.68 -1.\n -2.e-3]", "[-0.501811, -0.68, -1.0, -2.0e-3]"),
            ("[['a' 'b']\n ['c' 'd']]", r#"[["a", "b"], ["c", "d"]]"#),
        ];
        for (text, json) in cases {
            assert_eq!(inlined(text).as_deref(), Some(json), "{text}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        let all = [
            "(A)",
            "(1)",
            "[1 2, 3]",
            "[1, 2 3]",
            "[1, 2",
            "[1] 2",
            "[0.1 0.2 ... 0.9]",
            "[foo]",
            "{'a'}",
            "{[1]: 2}",
            "['a''b']",
            "[01]",
            "[1_000]",
            "[b'a']",
            "[1..2]",
            "['a\nb']",
            "",
            "text",
            "[-True]",
            "[--1]",
            "[.]",
            "(",
            "[\"\\ud8\"]",
        ];
        for text in all {
            assert_eq!(inlined(text), None, "{text}");
        }
        assert_eq!(inlined(&"[".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn json_of_serde_is_taken_as_it_stands(texts in proptest::collection::vec(".{0,8}", 0..4), number in any::<f64>()) {
            let value = serde_json::json!([texts, {"k": number}]);
            let text = serde_json::to_string(&value).unwrap();
            let json = inlined(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        }

        #[test]
        fn any_text_is_read_or_left(text in "[\\[({'\"\\\\a1.,:\\-)}\\]n]{0,24}") {
            if let Some(json) = inlined(&format!("[{text}")) {
                let plain = json.replace("NaN", "0").replace("-Infinity", "0").replace("Infinity", "0");
                prop_assert!(serde_json::from_str::<serde_json::Value>(&plain).is_ok(), "{}", json);
            }
        }
    }
}
