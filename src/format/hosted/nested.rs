//! JSON inside a string of a JSON record, as tracers keep what a model answered.

use crate::format::RawRecord;
use crate::format::json::{Kind, Tape, Value};
use crate::format::origin::JsonOrigin;
use crate::model::{At, Located, Origin};

/// Times that a text may be wrapped into a string.
const LEVELS: usize = 2;

/// Marks an offset as one of the record around the string.
const OUTSIDE: u32 = 1 << 31;

/// The position of something in the record outside the string.
pub(super) fn outside(at: At) -> At {
    At(at.0 | OUTSIDE)
}

/// The origin of a document inside a string: positions are those of the string, with the field inside.
struct Nested<'o, 'r> {
    outer: &'o JsonOrigin<'r>,
    string: At,
    inner: JsonOrigin<'o>,
}

impl Origin for Nested<'_, '_> {
    fn locate(&self, at: At) -> Located {
        if at.0 & OUTSIDE != 0 {
            return self.outer.locate(At(at.0 & !OUTSIDE));
        }
        let outside = self.outer.locate(self.string);
        let inside = self.inner.locate(at);
        let mut place = outside.place;
        place.field = format!("{} (JSON): {}", place.field, inside.place.field);
        Located { place, snippet: inside.snippet }
    }

    fn start(&self) -> (u32, u64) {
        self.outer.start()
    }
}

/// Shows a value to a visitor; of a string that holds JSON, the value inside. A string that does not, or that a tracer
/// cut off, holds nothing to show.
pub(super) fn look<T>(
    origin: &JsonOrigin<'_>,
    value: Value<'_>,
    visit: impl FnOnce(&dyn Origin, Value<'_>) -> T,
) -> Option<T> {
    if value.kind() != Kind::String {
        return Some(visit(origin, value));
    }
    let mut text = value.as_str()?.into_owned();
    for _ in 1..LEVELS {
        if !text.trim_start().starts_with('"') {
            break;
        }
        let mut tape = Tape::default();
        let inside = tape.parse(text.as_bytes()).ok()?.as_str()?.into_owned();
        text = inside;
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut tape = Tape::default();
    let root = tape.parse(text.as_bytes()).ok()?;
    let record = RawRecord { bytes: text.as_bytes(), ..origin.record };
    let inner = JsonOrigin { record, root };
    let string = At(u32::try_from(value.start()).unwrap_or(u32::MAX));
    Some(visit(&Nested { outer: origin, string, inner }, root))
}
