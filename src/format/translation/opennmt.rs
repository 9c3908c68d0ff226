//! OpenNMT-py: the log of `onmt_translate -verbose`.
//!
//! Per sentence `SENT n:`, `PRED n:`, `PRED SCORE:` and, for n-best lists, `BEST HYP:` with a line per hypothesis. The
//! log ends with the mean of the scores and exp(−mean) (OpenNMT-py 3, `onmt/translate/translator.py`).

use crate::config::{ColumnSpec, InputConfig};
use crate::format::mapped::{MappedField, described};
use crate::format::translation::passage::{FieldError, Passage, at, head_lines, number, passages, words};
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, At, Candidate, Claim, ClaimKind, ColumnId, Definition, Item, Logged, Origin, PickRef, RowMetric,
    RowValue, RunMetric, Text,
};
use crate::numeric::Printed;
use crate::source::Opened;
use crate::source::lines;

pub(super) static OPENNMT: OpenNmt = OpenNmt;

pub(super) struct OpenNmt;

static INFO: FormatInfo = FormatInfo {
    name: "opennmt",
    about: "the log of onmt_translate -verbose",
    tool: "OpenNMT-py 3",
    files: "text",
    recognised_by: "lines `SENT n:`, `PRED n:` and `PRED SCORE:`",
    proven: "mean score and its exponential in the last line; the first hypothesis is the best",
    unprovable: "scores of hypotheses: the values of their tokens are not logged",
    base: "e",
    sentinels: "only the shared ones",
    traps: "PRED PPL is per sentence unless length_penalty is avg; scores are sums or means by the same option",
};

/// Prefix of a sentence's first line.
const SENTENCE: &[u8] = b"SENT ";
/// Scores logged per sentence, and as a mean at the end.
const SCORES: [(&[u8], &str, &str); 2] =
    [(b"PRED SCORE: ", "PRED SCORE", "PRED PPL: "), (b"GOLD SCORE: ", "GOLD SCORE", "GOLD PPL: ")];

/// Prefixes of the lines with numbers or texts that are used, and their names.
const KINDS: [(&[u8], &str); 4] =
    [(SENTENCE, "SENT"), (b"PRED SCORE: ", "PRED SCORE"), (b"GOLD SCORE: ", "GOLD SCORE"), (b"[-", "BEST HYP")];

/// `SENT 12: …`: the number, and the offset of the text.
fn sentence(line: &[u8]) -> Option<(&str, usize)> {
    let rest = line.strip_prefix(SENTENCE)?;
    let colon = memchr::memchr(b':', rest)?;
    let number = rest.get(..colon).filter(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))?;
    Some((std::str::from_utf8(number).ok()?, SENTENCE.len() + colon + 1))
}

fn naming(line: &[u8], column: usize) -> String {
    let before = String::from_utf8_lossy(line.get(..column).unwrap_or_default()).into_owned();
    match before.trim_end().strip_suffix(':') {
        Some(label) => label.rsplit([',', ']']).next().unwrap_or_default().trim().to_owned(),
        None => "BEST HYP".to_owned(),
    }
}

impl Format for OpenNmt {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let any = |is: &dyn Fn(&[u8]) -> bool| head_lines(head).any(is);
        let score = |line: &[u8]| line.strip_prefix(SCORES[0].0).is_some_and(|rest| Printed::parse(rest).is_some());
        if any(&|line| sentence(line).is_some()) && any(&|line| line.starts_with(b"PRED ")) && any(&score) {
            return Confidence::of(93, "lines SENT n:, PRED n: and PRED SCORE:");
        }
        Confidence::none()
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(OpenNmtReader { columns: [ColumnSpec::of_kind("BEST HYP", ClaimKind::Score)] }))
    }
}

struct OpenNmtReader {
    columns: [ColumnSpec; 1],
}

impl Reader for OpenNmtReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let header = KINDS.map(|(_, name)| name.to_owned());
        passages(
            file,
            stream,
            naming,
            out,
            |line| sentence(line).is_some(),
            |passage, out| {
                out.record();
                summary(passage, out);
                match item(passage) {
                    Ok(Some(item)) => {
                        out.item(&item, passage);
                        passage.kinds(&header, |line| KINDS.iter().position(|(start, _)| line.starts_with(start)), out);
                    }
                    Ok(None) => {}
                    Err(field_error) => out.error(passage.error(field_error)),
                }
            },
        );
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("item", "SENT n"), ("claim", "BEST HYP"), ("metric", "PRED SCORE")])
    }
}

fn item<'p>(passage: &Passage<'p>) -> Result<Option<Item<'p>>, FieldError> {
    let mut item = Item { complete: true, ..Item::default() };
    let mut prompt = None;
    for (start, line) in lines(passage.bytes) {
        if let Some((id, from)) = sentence(line) {
            item.id = id.into();
            prompt = line.get(from..).and_then(|text| std::str::from_utf8(text.trim_ascii()).ok()).map(Text::plain);
            continue;
        }
        if let Some((label, name, _)) = SCORES.iter().find(|(label, ..)| line.starts_with(label)) {
            let from = start + label.len();
            let value = number(line.get(label.len()..).unwrap_or_default().trim_ascii(), from, name)?;
            if let Logged::Number(score) = value {
                item.metrics.push(Claim {
                    of: RowMetric { name: (*name).into(), custom: false, definition: Definition::ByName },
                    value: RowValue::Number(score),
                    at: at(from),
                });
            }
            continue;
        }
        // `[-2.8288] ['This', 'is', …]`
        let listed = line.strip_prefix(b"[").and_then(|rest| rest.get(..memchr::memchr(b']', rest)?));
        if let Some(score) = listed.filter(|score| Printed::parse(score).is_some()) {
            let value = number(score, start + 1, "score of the hypothesis")?;
            let mut candidate = Candidate { prompt, at: at(start), ..Candidate::default() };
            candidate.claims.push(Claim { of: ColumnId(0), value, at: At::new(start + 1, start + 1 + score.len()) });
            item.candidates.push(candidate);
        }
    }
    if item.id.is_empty() {
        return Ok(None);
    }
    let best = item.candidates.first().and_then(|first| first.claims.first());
    if let Some(best) = best {
        // The search returns its hypotheses by score. The score of the sentence is that of the first one.
        if let (Some(number), Some(metric)) = (best.value.finite(), item.metrics.first_mut()) {
            metric.of.definition = Definition::SameNumber(number);
        }
        item.pick = PickRef::Index(0, best.at);
    }
    Ok(Some(item))
}

/// `[date INFO] PRED SCORE: -2.5048, PRED PPL: 12.24 NB SENTENCES: 10`.
fn summary(passage: &Passage<'_>, out: &mut dyn Sink) {
    for (start, line) in lines(passage.bytes) {
        for (label, name, perplexity) in SCORES {
            let Some(found) = memchr::memmem::find(line, label) else { continue };
            let after = |label: &[u8]| {
                let from = memchr::memmem::find(line, label)? + label.len();
                let (offset, word) = words(line.get(from..)?, start + from).next()?;
                let printed = word.strip_suffix(b",").unwrap_or(word);
                Printed::parse(printed)?;
                Some((offset, String::from_utf8_lossy(printed).into_owned(), from))
            };
            let (Some(mean), Some(ppl)) = (after(label), after(perplexity.as_bytes())) else { continue };
            if mean.2 < found {
                continue;
            }
            let claim =
                |(offset, printed, _): (usize, String, usize), metric: &str, aggregation: Aggregation, decimals| {
                    RunMetric {
                        rows: Some(name.to_owned()),
                        aggregation: Some(aggregation),
                        decimals: Some(decimals),
                        ..RunMetric::new("", metric)
                    }
                    .claim(&printed, passage.locate(at(offset)))
                };
            out.metric(claim(mean, name, Aggregation::Mean, 4));
            out.metric(claim(ppl, perplexity.trim_end_matches(": "), Aggregation::Perplexity, 2));
        }
    }
}
