//! fairseq: the lines of `fairseq-generate` and `fairseq-interactive`.
//!
//! `S-3`, `T-3`, `H-3`, `D-3` and `P-3` are the source, the reference, a hypothesis with its score, the same without
//! subword marks, and its token scores; `H`, `D` and `P` repeat per hypothesis. All scores are printed in base 2 and
//! include the end token (fairseq 0.12.2, `fairseq_cli/generate.py` and `fairseq/sequence_generator.py`).

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::mapped::{MappedField, described};
use crate::format::translation::normaliser::{self, Scored};
use crate::format::translation::passage::{FieldError, Passage, at, head_lines, number, passages, words};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::{Formula, Output};
use crate::model::{Candidate, Claim, ClaimKind, ColumnId, Item, Logged, Origin, PickRef, RunMetric, Step, Text};
use crate::numeric::{LN_2, Printed};
use crate::source::Opened;
use crate::source::lines;

pub(super) static FAIRSEQ: Fairseq = Fairseq;

pub(super) struct Fairseq;

static INFO: FormatInfo = FormatInfo {
    name: "fairseq",
    about: "the lines of fairseq-generate and fairseq-interactive",
    tool: "fairseq 0.10 to 0.12.2",
    files: "`generate-<subset>.txt`, standard output",
    recognised_by: "lines `H-<id>` with a score and a hypothesis, beside `P-<id>`, `D-<id>` or `S-<id>`",
    proven: "scores of hypotheses: Σ P ÷ length^lenpen, or Σ P with --unnormalized; the first hypothesis is the best",
    unprovable: "BLEU of the last line; scores of files without P lines",
    base: "2 for H, D and P; the length counts the end token",
    sentinels: "only the shared ones",
    traps: "P has a score per subword and for the end, H the words after --post-process; ids are not in order; the length \
            penalty is not in the file and is inferred from its first hypotheses",
};

/// Line kinds with numbers or texts that are used: source, hypothesis, token scores.
const KINDS: [u8; 3] = *b"SHP";

/// A line `<kind>-<id>`: the kind, the id, and the offset of the text after the first tab.
fn tagged(line: &[u8]) -> Option<(u8, &str, usize)> {
    let end = memchr::memchr(b'\t', line).unwrap_or(line.len());
    let (kind, id) = match line.get(..end)? {
        [kind @ (b'S' | b'T' | b'H' | b'D' | b'P' | b'A' | b'I' | b'E' | b'W' | b'C'), b'-', id @ ..] => (*kind, id),
        _ => return None,
    };
    let is_id = !id.is_empty() && id.len() <= 20 && id.iter().all(u8::is_ascii_digit);
    Some((kind, std::str::from_utf8(id).ok().filter(|_| is_id)?, (end + 1).min(line.len())))
}

/// A line that holds a hypothesis and its score.
fn is_hypothesis(line: &[u8]) -> bool {
    let Some((b'H', _, from)) = tagged(line) else { return false };
    let rest = line.get(from..).unwrap_or_default();
    rest.split(|byte| *byte == b'\t').next().and_then(Printed::parse).is_some()
}

fn naming(line: &[u8], column: usize) -> String {
    let Some((kind, id, from)) = tagged(line) else { return String::new() };
    let kind = char::from(kind);
    if kind != 'P' {
        return format!("{kind}-{id}");
    }
    let before = line.get(from..column).unwrap_or_default();
    format!("P-{id}[{}]", words(before, 0).count())
}

impl Format for Fairseq {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let hypothesis = head_lines(head).any(is_hypothesis);
        let other = head_lines(head).any(|line| matches!(tagged(line), Some((b'P' | b'D' | b'S', _, _))));
        match (hypothesis, other) {
            (true, true) => Confidence::of(95, "lines H-<id> with a score, beside P-, D- or S-<id>"),
            (true, false) => Confidence::of(70, "lines H-<id> with a score and a hypothesis"),
            _ => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let exponent = normaliser::exponent(&scored(head));
        let formulas = normaliser::formulas(&[Formula::MEAN, Formula::SUM], exponent, Output::Bits);
        Ok(Box::new(FairseqReader { columns: [ColumnSpec::with_formulas("H", ClaimKind::Score, formulas)], exponent }))
    }
}

/// The first hypotheses with token scores.
fn scored(head: &Head<'_>) -> Vec<Scored> {
    let mut found = Vec::new();
    let mut score = None;
    for line in head_lines(head) {
        let Some((kind, _, from)) = tagged(line) else { continue };
        let rest = line.get(from..).unwrap_or_default();
        let mut values = words(rest, 0).map_while(|(_, word)| Printed::parse(word)).map(|number| number.value);
        match kind {
            b'H' => score = values.next(),
            b'P' => {
                let values: Vec<f64> = values.collect();
                if let Some(score) = score.take() {
                    let total = crate::numeric::exact_sum(values.iter().copied());
                    found.push(Scored { total, score, tokens: values.len() });
                }
            }
            _ => {}
        }
    }
    found
}

struct FairseqReader {
    columns: [ColumnSpec; 1],
    exponent: Option<u16>,
}

impl Reader for FairseqReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let mut current = String::new();
        let starts = |line: &[u8]| match tagged(line) {
            Some((_, id, _)) if id != current => {
                id.clone_into(&mut current);
                true
            }
            _ => false,
        };
        let header: Vec<String> = KINDS.iter().map(|kind| char::from(*kind).to_string()).collect();
        passages(file, stream, naming, out, starts, |passage, out| read(passage, &header, out));
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("item", "id after H-"), ("claim", "H"), ("logprob", "P"), ("prompt", "S")])
    }

    fn conventions(&self) -> Vec<String> {
        let lenpen = self
            .exponent
            .map(|alpha| format!("length penalty {}, inferred from the first hypotheses", f64::from(alpha) / 100.0));
        [Some("H, D and P: base 2; the length counts the end token".to_owned()), lenpen].into_iter().flatten().collect()
    }
}

/// One source with its hypotheses.
fn read(passage: &Passage<'_>, header: &[String], out: &mut dyn Sink) {
    out.record();
    metrics(passage, out);
    match item(passage) {
        Ok(Some(item)) => {
            out.item(&item, passage);
            let kind =
                |line: &[u8]| KINDS.iter().position(|kind| tagged(line).is_some_and(|(found, ..)| found == *kind));
            passage.kinds(header, kind, out);
        }
        Ok(None) => {}
        Err(field_error) => out.error(passage.error(field_error)),
    }
}

fn item<'p>(passage: &Passage<'p>) -> Result<Option<Item<'p>>, FieldError> {
    let mut item = Item { complete: true, ..Item::default() };
    let mut source = None;
    for (start, line) in lines(passage.bytes) {
        let Some((kind, id, from)) = tagged(line) else { continue };
        let (from, rest) = (start + from, line.get(from..).unwrap_or_default());
        match kind {
            b'S' => source = std::str::from_utf8(rest).ok().map(Text::plain),
            b'H' => {
                let score = rest.split(|byte| *byte == b'\t').next().unwrap_or_default();
                let value = number(score, from, "score of the hypothesis")?;
                let mut candidate = Candidate { prompt: source, at: at(start), ..Candidate::default() };
                candidate.claims.push(Claim { of: ColumnId(0), value, at: at(from) });
                item.id = Cow::Borrowed(id);
                item.candidates.push(candidate);
            }
            b'P' => {
                let Some(candidate) = item.candidates.last_mut().filter(|last| last.steps.is_empty()) else { continue };
                for (offset, word) in words(rest, from) {
                    let logprob = match number(word, offset, "token score")? {
                        Logged::Number(bits) => Logged::Number(Printed { value: bits.value * LN_2, ..bits }),
                        other => other,
                    };
                    candidate.steps.push(Step { logprob, at: at(offset), ..Step::default() });
                }
            }
            _ => {}
        }
    }
    // The search returns its hypotheses by score, best first.
    if item.candidates.len() > 1 {
        item.pick = PickRef::Index(0, item.candidates.first().map_or_else(Default::default, |first| first.at));
    }
    Ok((!item.candidates.is_empty()).then_some(item))
}

/// `Generate test with beam=5: BLEU4 = 27.31, …`: a metric of the texts.
fn metrics(passage: &Passage<'_>, out: &mut dyn Sink) {
    for (start, line) in lines(passage.bytes) {
        if !line.starts_with(b"Generate ") {
            continue;
        }
        let mut before: Option<&[u8]> = None;
        let mut equals = false;
        for (offset, word) in words(line, start) {
            let printed = word.strip_suffix(b",").unwrap_or(word);
            if let (true, Some(name), Some(_)) = (equals, before, Printed::parse(printed)) {
                let (name, printed) = (String::from_utf8_lossy(name), String::from_utf8_lossy(printed));
                let located = passage.locate(at(offset));
                out.metric(RunMetric { custom: true, ..RunMetric::new("", &name) }.claim(&printed, located));
                break;
            }
            equals = word == b"=";
            before = if equals { before } else { Some(word) };
        }
    }
}
