//! Native JSON: a record per line, or one array or object of records.

use std::cell::RefCell;
use std::io::Read;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::json::{Kind, Tape, Value};
use crate::format::native::record::{self, Mapping};
use crate::format::origin::{JsonOrigin, record_error};
use crate::format::{Emit, Format, Framing, Head, Likeness, RawRecord, Reader};

/// Native JSON Lines.
pub(in crate::format) static LINES: NativeJson =
    NativeJson { name: "native-jsonl", about: "a candidate or an item per line", framing: Framing::Lines };

/// A native JSON array, or a pretty-printed object.
pub(in crate::format) static ARRAY: NativeJson =
    NativeJson { name: "native-json", about: "a list of candidates or items", framing: Framing::Elements };

pub(in crate::format) struct NativeJson {
    name: &'static str,
    about: &'static str,
    framing: Framing,
}

thread_local! {
    /// One tape per worker: its buffer is as large as the largest record that the worker has seen.
    static TAPE: RefCell<Tape> = RefCell::new(Tape::default());
}

impl Format for NativeJson {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn recognise(&self, head: &Head<'_>) -> Likeness {
        let Ok(mapping) = super::mapping(&InputConfig::default()) else { return Likeness::default() };
        let (mut native, mut records) = (0_u32, 0_u32);
        for_first_records(head, self.framing, 8, |value| {
            records += 1;
            native += u32::from(record::looks_native(value, &mapping));
        });
        if native == 0 {
            return Likeness::default();
        }
        Likeness {
            confidence: if native == records { 60 } else { 30 },
            evidence: format!("{native} of the first {records} records have an item with tokens or a score"),
        }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mapping = super::mapping(config)?;
        let mut found = Vec::new();
        let mut ambiguous = Vec::new();
        for_first_records(head, self.framing, 8, |value| {
            for pair in record::mapping_of(value, &mapping) {
                if !found.contains(&pair) {
                    found.push(pair);
                }
            }
            ambiguous.extend(record::ambiguities(value));
        });
        ambiguous.retain(|(role, ..)| !mapping.paths.iter().any(|(mapped, _)| mapped == role));
        if let Some((role, one, other)) = ambiguous.first() {
            let key = super::roles::key(*role);
            return Err(format!(
                "`{one}` and `{other}` could both be the {key}; say which in retally.toml: [input] {key} = \"{one}\""
            ));
        }
        Ok(Box::new(NativeReader { mapping, framing: self.framing, found }))
    }
}

/// Visits the first records that lie whole in the head.
fn for_first_records(head: &Head<'_>, framing: Framing, limit: usize, mut visit: impl FnMut(Value<'_>)) {
    let mut tape = Tape::default();
    match framing {
        Framing::Lines => {
            let mut lines = head.bytes.split(|byte| *byte == b'\n').peekable();
            let mut seen = 0;
            while let Some(line) = lines.next() {
                let cut = lines.peek().is_none() && !head.whole;
                if line.trim_ascii().is_empty() || cut {
                    continue;
                }
                if let Ok(value) = tape.parse(line) {
                    visit(value);
                }
                seen += 1;
                if seen == limit {
                    break;
                }
            }
        }
        _ => {
            if let Ok(elements) = crate::source::Elements::new(head.bytes) {
                for element in elements.take(limit).flatten() {
                    if let Ok(value) = tape.parse(&element.bytes) {
                        visit(value);
                    }
                }
            }
        }
    }
}

struct NativeReader {
    mapping: Mapping,
    framing: Framing,
    found: Vec<(String, String)>,
}

impl Reader for NativeReader {
    fn framing(&self) -> Framing {
        self.framing
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.mapping.columns
    }

    fn read_record(&self, record: RawRecord<'_>, out: &mut dyn Emit) {
        TAPE.with_borrow_mut(|tape| {
            out.record();
            let root = match tape.parse(record.bytes) {
                Ok(root) => root,
                Err(error) => return out.error(record_error(&record, error.offset, error.to_string(), true)),
            };
            if root.kind() == Kind::Object {
                emit(root, record, &self.mapping, out);
            } else {
                let reason = "expected an object, found another kind of value".to_owned();
                out.error(record_error(&record, root.start(), reason, false));
            }
        });
    }

    fn read_stream(&self, _file: u32, _stream: &mut dyn Read, _out: &mut dyn Emit) {}

    fn mapping(&self) -> Vec<(String, String)> {
        self.found.clone()
    }
}

fn emit(root: Value<'_>, record: RawRecord<'_>, mapping: &Mapping, out: &mut dyn Emit) {
    match record::item(root, mapping) {
        Ok(item) => out.item(&item, &JsonOrigin { record, root }),
        Err(misfit) => out.error(record_error(&record, misfit.start, misfit.reason, false)),
    }
}
