//! The head of an input, as seen by format recognition: its name and its first bytes, parsed once for all formats.

use std::cell::OnceCell;

use crate::format::Framing;
use crate::format::json::{Kind, Parsed, Tape, Value};
use crate::format::keys::Keys;
use crate::source::{Input, Quotes};

/// Bytes of an input that recognition reads.
pub const HEAD_BYTES: usize = 1 << 18;
/// Records that recognition looks at.
pub const FIRST_RECORDS: usize = 8;
/// Records that are read for what their values show.
const SAMPLE: usize = 24;
/// Maximum bytes read to find that many whole records. Beyond it, the first record is enough.
const LONG_HEAD: usize = HEAD_BYTES << 6;

/// The head of an input, as seen by format recognition: its name and its first bytes, decompressed.
pub struct Head<'h> {
    /// The path as displayed.
    pub path: &'h str,
    /// The file name without its compression suffix.
    pub name: &'h str,
    /// The first bytes (up to [`HEAD_BYTES`], more if the first record is longer).
    pub bytes: &'h [u8],
    /// Whether `bytes` is the whole input.
    pub whole: bool,
    /// The input, for formats that need more than the first bytes.
    pub input: Option<&'h Input>,
    records: OnceCell<Records>,
    keys: OnceCell<Keys>,
    sample: OnceCell<Vec<Parsed>>,
    document: OnceCell<Option<Parsed>>,
    cut: OnceCell<bool>,
}

struct Records {
    framing: Option<Framing>,
    parsed: Vec<Parsed>,
    /// Whether the first line is a complete record.
    has_line: bool,
}

impl<'h> Head<'h> {
    /// A head that has not been parsed yet.
    #[must_use]
    pub fn new(path: &'h str, name: &'h str, bytes: &'h [u8], whole: bool) -> Self {
        Self {
            path,
            name,
            bytes,
            whole,
            input: None,
            records: OnceCell::new(),
            keys: OnceCell::new(),
            sample: OnceCell::new(),
            document: OnceCell::new(),
            cut: OnceCell::new(),
        }
    }

    /// The same head, linked to its input.
    #[must_use]
    pub fn of(self, input: &'h Input) -> Self {
        Self { input: Some(input), ..self }
    }

    /// Whether the head has enough whole records to represent the others. A truncated record may lack fields that
    /// follow the cut.
    #[must_use]
    pub fn suffices(&self) -> bool {
        if self.whole {
            return true;
        }
        let wanted = if self.bytes.len() < LONG_HEAD { FIRST_RECORDS } else { 1 };
        let text = self.bytes.trim_ascii_start();
        match text.first() {
            Some(b'[') => crate::source::Elements::new(self.bytes)
                .is_ok_and(|elements| elements.take(wanted).flatten().count() == wanted),
            Some(b'{') => match memchr::memchr(b'\n', text).and_then(|end| text.get(..end)) {
                Some(line) if Tape::default().parse(line).is_ok() => memchr::memchr_iter(b'\n', text).count() >= wanted,
                Some(_) => is_past_first_entry(text),
                // A long line may be the first of many lines or the whole document.
                None => wanted == 1 && is_past_first_entry(text),
            },
            _ => rows(text) > wanted,
        }
    }

    /// Whether the document is incomplete in the head, because the head is shorter or because the input itself is
    /// truncated.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        *self.cut.get_or_init(|| {
            let text = self.bytes.trim_ascii();
            let may_be_cut = text.first() == Some(&b'{') && !self.look().has_line;
            !self.whole || (may_be_cut && Tape::default().parse(text).is_err_and(|error| error.is_cut_off()))
        })
    }

    /// Layout of the JSON records in the input: one per line, or as the elements of an array (a pretty-printed object
    /// is its only element). None for input that is not JSON.
    #[must_use]
    pub fn framing(&self) -> Option<Framing> {
        self.look().framing
    }

    /// The first records that are complete in the head. If the first record is longer than the head, its complete part,
    /// closed at the cut.
    pub fn records(&self) -> impl Iterator<Item = Value<'_>> {
        self.look().parsed.iter().filter_map(Parsed::root)
    }

    /// Whether the first records may have one of these keys, at any depth.
    #[must_use]
    pub fn may_have(&self, keys: &[&str]) -> bool {
        let own = self.keys.get_or_init(|| self.records().collect());
        keys.iter().any(|key| own.may_have(key))
    }

    /// Records spread over the head; the first ones where it holds no more, or where records are long.
    pub fn sample(&self) -> impl Iterator<Item = Value<'_>> {
        let spread = self.sample.get_or_init(|| if self.bytes.len() > HEAD_BYTES { Vec::new() } else { self.spread() });
        let few = spread.len() < self.look().parsed.len();
        let records = if few { self.look().parsed.as_slice() } else { spread.as_slice() };
        records.iter().filter_map(Parsed::root)
    }

    /// The records of the sample; none where the first ones are all that there are.
    fn spread(&self) -> Vec<Parsed> {
        let text = self.bytes.trim_ascii_start();
        let first = self.look().parsed.len();
        match self.framing() {
            Some(Framing::Lines) => {
                let mut lines: Vec<&[u8]> =
                    text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
                if !self.whole {
                    lines.pop();
                }
                if lines.len() <= first {
                    return Vec::new();
                }
                let chosen = positions(lines.len()).filter_map(|at| lines.get(at));
                chosen.filter_map(|line| Parsed::of(line.to_vec())).collect()
            }
            Some(Framing::Elements) if text.first() == Some(&b'[') => {
                let elements = || crate::source::Elements::new(self.bytes).into_iter().flatten().flatten();
                let count = elements().count();
                if count <= first {
                    return Vec::new();
                }
                let chosen: Vec<usize> = positions(count).collect();
                let elements = elements().enumerate().filter(|(at, _)| chosen.contains(at));
                elements.filter_map(|(_, element)| Parsed::of(element.bytes)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The share of the first records that are objects with a shape, in percent; 0 without records. Counting stops
    /// below one half, so a smaller value is not exact.
    pub fn share(&self, has: impl Fn(Value<'_>) -> bool) -> u8 {
        let all = self.records().count();
        let (mut like, mut unlike) = (0_usize, 0_usize);
        for record in self.records() {
            if record.kind() == Kind::Object && has(record) {
                like += 1;
            } else {
                unlike += 1;
            }
            // Most formats do not match, and the first records rule them out.
            if 2 * unlike > all {
                break;
            }
        }
        u8::try_from(100 * like / all.max(1)).unwrap_or(100)
    }

    /// The input as one JSON object, closed at the end of the head if it is longer, which leaves the first keys and
    /// values readable. None for arrays, several JSON Lines records, and input that is not JSON.
    #[must_use]
    pub fn document(&self) -> Option<Value<'_>> {
        let text = self.bytes.trim_ascii();
        if self.look().has_line {
            // Several records, one per line, are not a document.
            let is_only = memchr::memchr(b'\n', text).is_none();
            return self.records().next().filter(|_| is_only && text.first() == Some(&b'{'));
        }
        let parsed = self.document.get_or_init(|| {
            if text.first() != Some(&b'{') {
                return None;
            }
            if self.whole
                && let Some(parsed) = Parsed::of(text.to_vec())
            {
                return Some(parsed);
            }
            Parsed::of(close(text))
        });
        parsed.as_ref().and_then(Parsed::root)
    }

    /// The directory this many levels above the file, as displayed; `.` for none. Level 1 is the file's own directory.
    #[must_use]
    pub fn ancestor(&self, levels: usize) -> &'h str {
        let mut path = self.path;
        for _ in 0..levels {
            match path.rfind('/') {
                Some(at) => path = path.get(..at).unwrap_or_default(),
                None => return ".",
            }
        }
        path
    }

    /// The name of the directory this many levels above the file; empty for none.
    #[must_use]
    pub fn ancestor_name(&self, levels: usize) -> &'h str {
        let path = self.ancestor(levels);
        if path == "." { "" } else { path.rsplit('/').next().unwrap_or_default() }
    }

    fn look(&self) -> &Records {
        self.records.get_or_init(|| {
            let text = self.bytes.trim_ascii_start();
            match text.first() {
                Some(b'[') => Records { framing: Some(Framing::Elements), parsed: self.elements(), has_line: false },
                Some(b'{') => self.objects(text),
                _ => Records { framing: None, parsed: Vec::new(), has_line: false },
            }
        })
    }

    fn elements(&self) -> Vec<Parsed> {
        let Ok(elements) = crate::source::Elements::new(self.bytes) else { return Vec::new() };
        let whole = elements.take(FIRST_RECORDS).flatten();
        let mut parsed: Vec<Parsed> = whole.filter_map(|element| Parsed::of(element.bytes)).collect();
        if parsed.is_empty() && !self.whole {
            let inside = self.bytes.trim_ascii_start().get(1..).unwrap_or_default().trim_ascii_start();
            parsed.extend(Parsed::of(close(inside)));
        }
        parsed
    }

    fn objects(&self, text: &[u8]) -> Records {
        let mut lines = text.split(|byte| *byte == b'\n').peekable();
        let mut parsed = Vec::new();
        let (mut first, mut has_line) = (true, false);
        while let Some(line) = lines.next() {
            let cut = lines.peek().is_none() && !self.whole;
            if line.trim_ascii().is_empty() || cut {
                continue;
            }
            let record = Parsed::of(line.to_vec());
            // An object that continues on the next lines is pretty-printed.
            if first && record.is_none() && lines.peek().is_some() {
                let closed = if self.whole { Parsed::of(text.to_vec()) } else { None };
                let parsed = closed.or_else(|| Parsed::of(close(text))).into_iter().collect();
                return Records { framing: Some(Framing::Elements), parsed, has_line: false };
            }
            has_line |= first && record.is_some();
            first = false;
            parsed.extend(record);
            if parsed.len() == FIRST_RECORDS {
                break;
            }
        }
        // The first line is truncated, by the head or by the end of the input.
        if parsed.is_empty() {
            parsed.extend(Parsed::of(close(text)));
        }
        Records { framing: Some(Framing::Lines), parsed, has_line }
    }
}

/// Positions spread over a number of records, the first one among them.
fn positions(count: usize) -> impl Iterator<Item = usize> {
    let wanted = count.min(SAMPLE);
    (0..wanted).map(move |at| at * count / wanted)
}

/// A truncated JSON text, closed after its last complete value.
pub(in crate::format) fn close(text: &[u8]) -> Vec<u8> {
    let (mut open, mut quotes) = (Vec::new(), Quotes::default());
    // The end of the last complete value, and the number of containers open there.
    let mut end = (0, 0);
    for (at, byte) in text.iter().enumerate() {
        if quotes.take(*byte) {
            continue;
        }
        match byte {
            b'{' | b'[' => {
                open.push(if *byte == b'{' { b'}' } else { b']' });
                end = (at + 1, open.len());
            }
            b'}' | b']' => {
                open.pop();
                end = (at + 1, open.len());
                if open.is_empty() {
                    break;
                }
            }
            b',' => end = (at, open.len()),
            _ => {}
        }
    }
    let mut closed = text.get(..end.0).unwrap_or_default().to_vec();
    closed.extend(open.iter().take(end.1).rev());
    closed
}

/// Whether a document is truncated after the first entry of its list of records, or of the object that holds them.
fn is_past_first_entry(text: &[u8]) -> bool {
    /// An open container.
    struct Open {
        is_list: bool,
        commas: usize,
        /// Closed containers inside it.
        ended: usize,
    }
    let (mut open, mut quotes): (Vec<Open>, _) = (Vec::new(), Quotes::default());
    for byte in text {
        if quotes.take(*byte) {
            continue;
        }
        match byte {
            b'{' | b'[' => open.push(Open { is_list: *byte == b'[', commas: 0, ended: 0 }),
            b'}' | b']' => {
                open.pop();
                if let Some(around) = open.last_mut() {
                    around.ended += 1;
                }
            }
            b',' => {
                if let Some(around) = open.last_mut() {
                    around.commas += 1;
                }
            }
            _ => {}
        }
    }
    match open.iter().find(|around| around.is_list) {
        // Numbers in a list are not records.
        Some(list) => list.commas > 0 && list.ended > 0,
        None => open.len() > 1 && open.first().is_some_and(|root| root.ended > 0),
    }
}

/// Number of line ends outside quotes: rows of a table, or lines of other text.
fn rows(text: &[u8]) -> usize {
    let mut is_quoted = false;
    let ends = memchr::memchr2_iter(b'\n', b'"', text).filter(|at| {
        let is_quote = text.get(*at) == Some(&b'"');
        is_quoted ^= is_quote;
        !is_quote && !is_quoted
    });
    ends.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(text: &str) -> String {
        String::from_utf8(close(text.as_bytes())).unwrap()
    }

    #[test]
    fn what_breaks_off_is_closed_after_its_last_whole_value() {
        assert_eq!(closed(r#"{"a": [1, 2, {"b": "x,]"#), r#"{"a": [1, 2, {}]}"#);
        assert_eq!(closed(r#"{"a": 1, "b": 2.5, "c": 3"#), r#"{"a": 1, "b": 2.5}"#);
        assert_eq!(closed(r#"{"a": "q\"}", "b"#), r#"{"a": "q\"}"}"#);
        assert_eq!(closed("{"), "{}");
        assert_eq!(closed(""), "");
    }

    #[test]
    fn a_document_that_ends_too_early_is_cut() {
        let is_cut = |text: &str| Head::new("a", "a", text.as_bytes(), true).is_cut();
        assert!(is_cut("{\"a\": [1, 2") && is_cut("{\n \"a\": {\"b\": 1},\n") && is_cut("{\"a\": \"x"));
        assert!(!is_cut("{\"a\": 1}") && !is_cut("{\"a\": 1}\n{\"a\": ") && !is_cut("a,b\n1,2") && !is_cut("{a"));
        assert!(Head::new("a", "a", b"{\"a\": 1}", false).is_cut());
    }

    #[test]
    fn a_head_suffices_when_it_holds_whole_records() {
        let suffices = |text: &str| Head::new("a", "a", text.as_bytes(), false).suffices();
        let line = "{\"a\": [1, 2]}\n";
        assert!(suffices(&line.repeat(8)) && !suffices(&line.repeat(7)) && !suffices(&line[..9]));
        assert!(!suffices("{\"a\": [{\"b\": 1}, {\"b\": 2}], \"c\": \"a long text"));
        assert!(suffices(&format!("[{}", "{\"a\": 1}, ".repeat(9))) && !suffices("[{\"a\": 1}, {\"a\": "));
        assert!(suffices("{\n \"a\": {}, \"b\": [{\"c\": 1}, {\"c\": 2}, {\"c\""));
        assert!(!suffices("{\n \"a\": {}, \"b\": [{\"c\": [{}, {}, 1], \"d\": \"x"));
        assert!(!suffices("{\n \"a\": {}, \"b\": [1, 2, 3"));
        assert!(suffices("{\n \"0\": {\"a\": 1}, \"1\": {\"a\"") && !suffices("{\n \"0\": {\"a\": {}, \"b\""));
        assert!(!suffices("{\n \"a\": {}, \"b\": \"text"));
        assert!(suffices(&"1,\"a\"\n".repeat(9)) && !suffices(&"1,\"a\n\n\"\n".repeat(8)));
        assert!(Head::new("a", "a", b"{\"a\": ", true).suffices());
    }

    #[test]
    fn a_sample_is_spread_over_the_head() {
        let lines: Vec<String> = (0..100).map(|at| format!("{{\"a\": {at}}}")).collect();
        let text = lines.join("\n");
        let all = |text: &str, whole| {
            let head = Head::new("a", "a", text.as_bytes(), whole);
            head.sample().filter_map(|record| record.get("a")?.raw_str().parse().ok()).collect::<Vec<usize>>()
        };
        let chosen = all(&format!("{text}\n"), false);
        assert_eq!((chosen.len(), chosen.first(), chosen.last()), (SAMPLE, Some(&0), Some(&94)));
        assert_eq!(all("{\"a\": 1}\n{\"a\": 2}", true), [1, 2]);
        assert_eq!(all("[{\"a\": 1}, {\"a\": 2}]", true), [1, 2]);
        assert_eq!(all("{\"a\": 1}", true), [1]);
    }

    #[test]
    fn records_and_documents_are_told_apart() {
        let head = |text: &'static str, whole| Head::new("a/b/c.json", "c.json", text.as_bytes(), whole);
        let lines = head("{\"a\": 1}\n{\"a\": 2}\n{\"a\": ", true);
        assert_eq!((lines.framing(), lines.records().count()), (Some(Framing::Lines), 2));
        assert!(lines.document().is_none());
        let pretty = head("{\n  \"a\": {\"b\": 1},\n  \"c\": [1, 2", false);
        assert_eq!((pretty.framing(), pretty.records().count()), (Some(Framing::Elements), 1));
        assert_eq!(pretty.document().unwrap().get("a").unwrap().get("b").unwrap().raw_str(), "1");
        let array = head("[{\"a\": 1}, {\"a\": 2}]", true);
        assert_eq!((array.framing(), array.records().count()), (Some(Framing::Elements), 2));
        let long = head("{\"a\": [1, 2, 3", false);
        assert_eq!((long.framing(), long.records().count()), (Some(Framing::Lines), 1));
        assert_eq!((long.ancestor(1), long.ancestor(2), long.ancestor(3)), ("a/b", "a", "."));
        assert_eq!((long.ancestor_name(1), long.ancestor_name(2), long.ancestor_name(3)), ("b", "a", ""));
        assert_eq!(head("S-0\tx", true).framing(), None);
    }
}
