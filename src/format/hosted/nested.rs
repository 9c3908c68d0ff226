//! JSON inside a string of a JSON record. Tracers store a model's response this way.

use crate::format::RawRecord;
use crate::format::json::{Kind, Tape, Value};
use crate::format::origin::JsonOrigin;
use crate::model::{At, Candidate, Located, Origin, Place};
use crate::source::ByteMap;

/// Maximum number of nested strings.
const LEVELS: usize = 2;

/// Shows a value to a visitor. If the value is a string that contains JSON, shows the value inside. Nothing is shown
/// for a string without JSON, or one that a tracer truncated. Offsets in the visited value are relative to the string's
/// text; [`Lift`] converts them to offsets in the record, as the origin expects.
pub(super) fn look<T>(
    origin: &JsonOrigin<'_>,
    value: Value<'_>,
    visit: impl FnOnce(&dyn Origin, &Lift, Value<'_>) -> T,
) -> Option<T> {
    if value.kind() != Kind::String {
        return Some(visit(origin, &Lift(Vec::new()), value));
    }
    let mut lift = Lift(vec![Escapes::of(value)]);
    let mut text = value.as_str()?.into_owned();
    for _ in 1..LEVELS {
        if !text.trim_start().starts_with('"') {
            break;
        }
        let mut tape = Tape::default();
        let wrapped = tape.parse(text.as_bytes()).ok()?;
        lift.0.push(Escapes::of(wrapped));
        let inside = wrapped.as_str()?.into_owned();
        text = inside;
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut tape = Tape::default();
    let root = tape.parse(text.as_bytes()).ok()?;
    let record = RawRecord { bytes: text.as_bytes(), map: ByteMap::none(), ..origin.record };
    let nested = Nested { outer: origin, string: value, lift: &lift, inner: JsonOrigin::new(record, root) };
    Some(visit(&nested, &lift, root))
}

/// The strings around a text, outermost first; empty for a value of the record itself.
pub(super) struct Lift(Vec<Escapes>);

impl Lift {
    /// Converts a range of the text to a range of the record.
    pub(super) fn at(&self, at: At) -> At {
        let outside = |offset| self.0.iter().rev().fold(offset, |offset, string| string.written(offset));
        At::new(outside(at.start()), outside(at.end()))
    }

    /// Converts a range of the record to a range of the text.
    fn inside(&self, at: At) -> At {
        let inside = |offset| self.0.iter().fold(offset, |offset, string| string.read(offset));
        At::new(inside(at.start()), inside(at.end()))
    }

    /// Applies [`Lift::at`] to every place in the candidates.
    pub(super) fn candidates(&self, candidates: &mut [Candidate<'_>]) {
        if self.0.is_empty() {
            return;
        }
        for candidate in candidates {
            candidate.at = self.at(candidate.at);
            let flags = [&mut candidate.greedy, &mut candidate.picked, &mut candidate.gold];
            flags.into_iter().flatten().for_each(|(_, at)| *at = self.at(*at));
            candidate.claims.iter_mut().for_each(|claim| claim.at = self.at(claim.at));
            candidate.steps.iter_mut().for_each(|step| step.at = self.at(step.at));
        }
    }
}

/// Maps offsets in the decoded text of a string to offsets in its escaped form.
struct Escapes {
    /// Offset in the text and in the escaped form: of the text's start and of the end of each escape.
    ends: Vec<(u32, u32)>,
}

impl Escapes {
    fn of(string: Value<'_>) -> Self {
        let raw = string.raw();
        let start = string.start() + 1;
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let mut ends = vec![(0, narrow(start))];
        let (mut at, mut read) = (0, 0);
        while let Some(plain) = raw.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
            let (written, characters) = escape(raw.get(at + plain..).unwrap_or_default());
            at += plain + written;
            read += plain + characters;
            ends.push((narrow(read), narrow(start + at)));
        }
        Self { ends }
    }

    /// Offset in the escaped form of a byte of the text.
    fn written(&self, offset: usize) -> usize {
        let before = self.ends.partition_point(|(read, _)| *read as usize <= offset);
        let (read, written) = self.ends.get(before.saturating_sub(1)).copied().unwrap_or_default();
        written as usize + (offset - read as usize)
    }

    /// Offset in the text of a byte of the escaped form.
    fn read(&self, offset: usize) -> usize {
        let before = self.ends.partition_point(|(_, written)| *written as usize <= offset);
        let (read, written) = self.ends.get(before.saturating_sub(1)).copied().unwrap_or_default();
        read as usize + offset.saturating_sub(written as usize)
    }
}

/// Length in bytes of the escape at the start of a text, and of the character that it encodes.
fn escape(text: &[u8]) -> (usize, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match unit(0) {
        None => (2, 1),
        Some(0xD800..0xDC00) if unit(6).is_some_and(|low| (0xDC00..0xE000).contains(&low)) => (12, 4),
        // A lone surrogate becomes U+FFFD, which also has three bytes.
        Some(unit) => (6, char::from_u32(unit).map_or(3, char::len_utf8)),
    }
}

/// The origin of a document inside a string.
struct Nested<'o, 'r> {
    outer: &'o JsonOrigin<'r>,
    string: Value<'o>,
    lift: &'o Lift,
    inner: JsonOrigin<'o>,
}

impl Origin for Nested<'_, '_> {
    fn locate(&self, at: At) -> Located {
        if !(self.string.start()..self.string.end()).contains(&at.start()) {
            return self.outer.locate(at);
        }
        let string = At::new(self.string.start(), self.string.end());
        let outside = self.outer.locate(string).place.field;
        let inside = self.inner.locate(self.lift.inside(at));
        let field = format!("{outside} (JSON): {}", inside.place.field);
        Located { place: Place { field, ..self.outer.place(at) }, snippet: inside.snippet }
    }

    fn place(&self, at: At) -> Place {
        self.outer.place(at)
    }

    fn start(&self) -> (u32, u64) {
        self.outer.start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_string_has_its_own_bytes() {
        let inner = r#"{"text": "\ud83d\ude00 é \"", "logprob": -1.25}"#;
        let once = serde_json::to_string(inner).unwrap();
        let twice = serde_json::to_string(&once).unwrap();
        for string in [once, twice] {
            let record = format!("{{\"id\": 7, \"answer\": {string}}}");
            let mut tape = Tape::default();
            let root = tape.parse(record.as_bytes()).unwrap();
            let raw = RawRecord {
                file: 0,
                line: 3,
                column: 1,
                bytes: record.as_bytes(),
                map: crate::source::Layout::from(1000, false).map(0, &[]),
            };
            let origin = JsonOrigin::new(raw, root);
            let answer = root.get("answer").unwrap();
            let id = crate::format::field::at(root.get("id").unwrap());
            let (number, beside) = look(&origin, answer, |inside, lift, value| {
                let at = lift.at(crate::format::field::at(value.get("logprob").unwrap()));
                (inside.locate(at), inside.locate(id))
            })
            .unwrap();
            let span = number.place.span.unwrap();
            let start = usize::try_from(span.start).unwrap() - 1000;
            assert_eq!(&record[start..usize::try_from(span.end).unwrap() - 1000], "-1.25");
            assert_eq!((number.place.line, number.place.column), (3, start as u64 + 1));
            assert_eq!(number.place.field, "answer (JSON): logprob");
            assert_eq!(&number.snippet.text[number.snippet.mark..][..number.snippet.mark_len], "-1.25");
            assert_eq!(beside.place.field, "id");
        }
    }
}
