//! Native JSON: a record per line, or one array or object of records.

use std::sync::Arc;

use crate::config::InputConfig;
use crate::format::json::Value;
use crate::format::native::settled::{Settled, settle};
use crate::format::native::{infer, look, pair_fields, record};
use crate::format::records::Records;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader};

/// Native JSON Lines.
pub(crate) static LINES: NativeJson = NativeJson { card: &LINES_CARD, framing: Framing::Lines };

/// A native JSON array, or a pretty-printed object.
pub(in crate::format) static ARRAY: NativeJson = NativeJson { card: &ARRAY_CARD, framing: Framing::Elements };

static LINES_CARD: FormatInfo = FormatInfo {
    name: "native-jsonl",
    about: "a candidate or an item per line",
    tool: "in-house pipelines",
    files: "`.jsonl`, `.ndjson`; rows of Parquet, Arrow and tables in JSON",
    recognised_by: "records with an item, prompt or text and log-probs, probabilities, logits or a score; an item with `correct`, \
                    or with a pick beside the right answer",
    proven: "scores against steps, picks, correctness, greedy flags",
    unprovable: "scores without steps: nothing beneath them is logged",
    base: "e; `retally.toml` declares others",
    sentinels: "null, −9999, −999, −1e30, the lowest f32; `[input] sentinels`",
    traps: "numbers in quotes; bare NaN; a first token without a value is not scored",
};

static ARRAY_CARD: FormatInfo = FormatInfo {
    name: "native-json",
    about: "a list of candidates or items",
    files: "`.json`: an array of such records, or one of them",
    recognised_by: "the same, in `[…]` or a pretty-printed object",
    ..LINES_CARD
};

/// Which fields play which roles by their values.
fn evidence(paths: &[infer::Path]) -> String {
    let named = |(role, path): &infer::Path| format!("`{}` → {}", path.join("."), super::roles::key(*role));
    format!("by their values: {}", paths.iter().map(named).collect::<Vec<_>>().join(", "))
}

/// What the values of some records say of their fields.
fn by_value(found: &infer::Found) -> Confidence {
    if !found.known.is_empty() {
        return Confidence { percent: 40, evidence: evidence(&found.paths()) };
    }
    if found.alike.is_empty() {
        return Confidence::default();
    }
    let one = |((role, path), evidence): &(infer::Path, String)| {
        format!("{} = \"{}\" ({evidence})", super::roles::key(*role), path.join("."))
    };
    let choice = found.alike.iter().map(one).collect::<Vec<_>>().join(" or ");
    // Too little to read the records, enough to say what would decide.
    Confidence {
        percent: 20,
        evidence: format!("several lists may hold the values of the tokens; declare under [input] {choice}"),
    }
}

pub(crate) struct NativeJson {
    card: &'static FormatInfo,
    framing: Framing,
}

impl Format for NativeJson {
    fn tool(&self) -> &'static str {
        super::TOOL
    }

    fn info(&self) -> &'static FormatInfo {
        self.card
    }

    fn is_mappable(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let Ok(mapping) = super::mapping(&InputConfig::default()) else { return Confidence::default() };
        if head.framing() != Some(self.framing) {
            return Confidence::default();
        }
        let (mut native, mut answers, mut records) = (0_u32, 0_u32, 0_u32);
        for value in head.records() {
            records += 1;
            let is_native = look::looks_native(value, &mapping);
            native += u32::from(is_native);
            answers += u32::from(!is_native && look::is_answer(value, &mapping));
        }
        if native == 0 && answers == records && records > 0 {
            return Confidence {
                percent: 45,
                evidence: format!(
                    "the first {records} records have an item that is right or wrong, or a pick beside the right answer"
                ),
            };
        }
        if native == 0 {
            let values: Vec<Value<'_>> = head.sample().collect();
            if let Some(pairs) = pair_fields::find(&values, &mapping) {
                let [right, wrong] = pairs.sides;
                return Confidence::of(42, format!("fields of a {right} text beside those of a {wrong} one"));
            }
            return by_value(&infer::find(&values, &mapping));
        }
        Confidence {
            percent: if native == records { 60 } else { 30 },
            evidence: format!("{native} of the first {records} records have an item with tokens or a score"),
        }
    }

    fn open(&self, head: &Head<'_>, config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let values: Vec<Value<'_>> = head.sample().collect();
        let Settled { mapping, found } = settle(&values, super::mapping(config)?)?;
        let columns = Arc::clone(&mapping.columns);
        let mut records = Records::new(self.framing, columns, mapping, |origin, mapping, out| {
            out.item(&record::item(origin.root, mapping)?, origin);
            Ok(())
        });
        records.mapping = found;
        Ok(Box::new(records))
    }
}
