//! Lists of hypotheses with fields separated by ` ||| `, from Marian and Moses.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::mapped::{MappedField, described};
use crate::format::translation::normaliser::{self, Scored};
use crate::format::translation::passage::{FieldError, Naming, at, head_lines, number, passages, words};
use crate::format::{Confidence, FIRST_RECORDS, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::formula::{Formula, Output};
use crate::model::{At, Candidate, Claim, ClaimKind, ColumnId, Item, LoggedTotal, PickRef, Step};
use crate::numeric::{Approx, NumberFormat, Printed};
use crate::source::Opened;
use crate::source::lines;

/// Field separator.
const BAR: &[u8] = b"|||";
/// Prefix of token scores.
const WORD_SCORES: &[u8] = b"WordScores=";

/// Marian.
pub(super) static MARIAN: Marian = Marian;
/// Moses.
pub(super) static MOSES: Moses = Moses;

pub(super) struct Marian;
pub(super) struct Moses;

static MARIAN_CARD: FormatInfo = FormatInfo {
    name: "marian",
    about: "n-best lists of marian-decoder and lines of marian-scorer",
    tool: "Marian 1.9 to 1.12",
    files: "text",
    recognised_by: "three bars between fields, with `F0=` before the last, or a number before `WordScores=`",
    proven: "F0 = Σ WordScores; the last number = F0 ÷ length^α; scorer lines as sum or mean; the first of a list is the \
             best",
    unprovable: "F0 without WordScores; ensembles (weights are not in the list); lists with a word penalty; --summary",
    base: "e; the end token is in the sum and in the length",
    sentinels: "only the shared ones",
    traps: "F0 and the last number have 6 significant digits, WordScores 5 decimals; α of --normalize is not in the \
            file and is inferred from its first lines",
};

static MOSES_CARD: FormatInfo = FormatInfo {
    name: "moses",
    about: "n-best lists of the Moses decoder",
    tool: "Moses 2 to 4",
    files: "text",
    recognised_by: "three bars between fields, with named features in the third and the total in the fourth",
    proven: "the first of a list is the best by its total",
    unprovable: "totals: the weights of the features are not in the list",
    base: "e; features are floored at -100",
    sentinels: "only the shared ones",
    traps: "features of one name have several values; segmentation and alignment may follow the total",
};

/// The fields of a line, trimmed, each with the offset of its first byte.
fn fields(line: &[u8]) -> Vec<(usize, &[u8])> {
    let mut found = Vec::new();
    let mut from = 0;
    let ends = memchr::memmem::find_iter(line, BAR).chain([line.len()]);
    for end in ends {
        let Some(field) = line.get(from..end) else { continue };
        let blanks = field.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        found.push((from + blanks, field.trim_ascii()));
        from = end + BAR.len();
    }
    found
}

/// The name of the field at a byte: `WordScores[3]`, `F0`, `score`.
fn naming(line: &[u8], column: usize) -> String {
    let before = line.get(..column).unwrap_or_default();
    let field =
        memchr::memmem::rfind(before, BAR).map_or(before, |bar| before.get(bar + BAR.len()..).unwrap_or_default());
    let mut name = None;
    for (_, word) in words(field, 0) {
        name = match (word.strip_suffix(b"="), name) {
            (Some(label), _) => Some((label, 0)),
            (None, Some((label, count))) => Some((label, count + 1)),
            (None, None) => None,
        };
    }
    match name {
        Some((b"WordScores", count)) => format!("WordScores[{count}]"),
        Some((label, _)) => String::from_utf8_lossy(label).into_owned(),
        None => "score".to_owned(),
    }
}

/// A line written by Marian.
struct MarianLine<'l> {
    /// The sentence id; lines from a scorer have none.
    hypothesis: Option<&'l str>,
    /// Offset and text of the token scores.
    words: Option<(usize, &'l [u8])>,
    /// Offset and text of the score from the only scorer.
    path: Option<(usize, &'l [u8])>,
    /// Offset and text of the last number.
    score: (usize, &'l [u8]),
}

impl<'l> MarianLine<'l> {
    fn of(line: &'l [u8]) -> Option<Self> {
        let fields = fields(line);
        let values = |field: &(usize, &'l [u8])| {
            let rest = field.1.strip_prefix(WORD_SCORES)?;
            Some((field.0 + WORD_SCORES.len(), rest))
        };
        let (first, rest) = fields.split_first()?;
        if let [scores] = rest {
            Printed::parse(first.1)?;
            return Some(Self { hypothesis: None, words: Some(values(scores)?), path: None, score: *first });
        }
        let (score, rest) = rest.split_last()?;
        let (features, rest) = rest.split_last()?;
        let id = std::str::from_utf8(first.1)
            .ok()
            .filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))?;
        Printed::parse(score.1)?;
        let mut labels = words(features.1, features.0).filter(|(_, word)| word.contains(&b'='));
        let (start, label) = labels.next().filter(|(_, word)| word.starts_with(b"F0="))?;
        // Scores of an ensemble are weighted. The score of a single scorer is the score of the path.
        let path = if labels.next().is_some() {
            None
        } else if label.len() > 3 {
            Some((start + 3, label.get(3..)?))
        } else {
            words(features.1, features.0).nth(1)
        };
        Some(Self { hypothesis: Some(id), words: rest.iter().find_map(values), path, score: *score })
    }
}

impl Format for Marian {
    fn info(&self) -> &'static FormatInfo {
        &MARIAN_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let share = share(head, |line| MarianLine::of(line).is_some());
        Confidence::of_share(share, 92, "lines with WordScores= or F0= between |||")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let mut scored = Vec::new();
        let (mut plain, mut equal) = (0_usize, 0_usize);
        for line in head_lines(head).filter_map(MarianLine::of) {
            let value = |text: &[u8]| Printed::parse(text).map(|number| number.value);
            let single = |text: &[u8]| Some(Approx::printed(&Printed::parse(text)?).stored(NumberFormat::F32));
            let (Some(score), Some(sum)) = (value(line.score.1), single(line.score.1)) else { continue };
            match (line.words, line.path.and_then(|path| single(path.1))) {
                (Some((start, text)), _) => {
                    let values: Vec<f64> = words(text, start).filter_map(|(_, word)| value(word)).collect();
                    let total = crate::numeric::exact_sum(values.iter().copied());
                    scored.push(Scored { total, score, tokens: values.len() });
                }
                (None, Some(path)) => {
                    plain += 1;
                    equal += usize::from(path.agrees(sum));
                }
                _ => {}
            }
        }
        let exponent = normaliser::exponent(&scored);
        let alphas = [Some(0.0), Some(1.0), exponent.map(|alpha| f64::from(alpha) / 100.0)];
        let alphas: Vec<f64> = alphas.into_iter().flatten().collect();
        let penalised = normaliser::has_word_penalty(&scored, &alphas);
        let formulas = normaliser::formulas(&[Formula::SUM, Formula::MEAN], exponent, Output::Nats);
        let columns = [
            ColumnSpec::with_formulas("score", ClaimKind::Score, formulas),
            ColumnSpec::with_formulas("F0", ClaimKind::Score, vec![Formula::SUM]),
        ];
        // Without token scores the length is unknown, so the score follows from F0 only if it is not divided.
        let follows = if plain > 0 { equal * 2 > plain } else { !penalised };
        Ok(Box::new(MarianReader { columns, exponent, follows, penalised }))
    }
}

/// The share of the first lines that have a shape, in percent.
fn share(head: &Head<'_>, is_line: impl Fn(&[u8]) -> bool) -> u8 {
    let lines: Vec<&[u8]> = head_lines(head).take(FIRST_RECORDS).collect();
    let like = lines.iter().filter(|line| is_line(line)).count();
    u8::try_from(100 * like / lines.len().max(1)).unwrap_or(100)
}

struct MarianReader {
    columns: [ColumnSpec; 2],
    exponent: Option<u16>,
    /// Whether the last number of a line can be derived from the values before it.
    follows: bool,
    penalised: bool,
}

impl Reader for MarianReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        sentences(file, stream, naming, out, |start, line| self.candidate(start, line));
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[
            ("item", "number of the sentence"),
            ("claim", "last number"),
            ("claim", "F0"),
            ("logprob", "WordScores"),
        ])
    }

    fn conventions(&self) -> Vec<String> {
        let alpha = self
            .exponent
            .map(|alpha| format!("normalised by length^{}, inferred from the first lines", f64::from(alpha) / 100.0));
        let penalty = self.penalised.then(|| "a word penalty per token, which the list does not show".to_owned());
        alpha.into_iter().chain(penalty).collect()
    }
}

impl MarianReader {
    fn candidate<'p>(&self, start: usize, text: &'p [u8]) -> Result<Hypothesis<'p>, FieldError> {
        let line = MarianLine::of(text).ok_or_else(|| FieldError {
            offset: start,
            reason: "expected `<id> ||| <text> ||| F0= <score> ||| <score>` or `<score> ||| WordScores= …`".to_owned(),
        })?;
        let mut candidate = Candidate { at: at(start), ..Candidate::default() };
        if let Some((from, values)) = line.words {
            for (offset, word) in words(values, start + from) {
                let logprob = number(word, offset, "WordScores")?;
                candidate.steps.push(Step { logprob, at: at(offset), ..Step::default() });
            }
        }
        let value = |(offset, text): (usize, &[u8]), what: &str| {
            let offset = start + offset;
            Ok((number(text, offset, what)?, at(offset)))
        };
        let (score, place) = value(line.score, "score")?;
        let path = line.path.map(|path| value(path, "F0")).transpose()?;
        candidate.claims.push(Claim { of: ColumnId(0), value: score, at: place });
        if let Some((value, at)) = path {
            candidate.claims.push(Claim { of: ColumnId(1), value, at });
        }
        if !self.follows {
            candidate.steps.clear();
        } else if let (None, Some(total)) = (line.words, path.and_then(|(value, _)| value.finite())) {
            candidate.logged_total =
                Some(LoggedTotal { column: ColumnId(1), total, tokens: None, chars: None, bytes: None });
        }
        Ok(Hypothesis { id: line.hypothesis, candidate })
    }
}

/// A line of a list.
struct Hypothesis<'p> {
    /// The sentence that it translates; lines from a scorer have none.
    id: Option<&'p str>,
    candidate: Candidate<'p>,
}

/// The sentence of a line: the part before the first separator.
fn sentence(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memmem::find(line, BAR)?;
    let id = line.get(..end)?.trim_ascii();
    (!id.is_empty() && id.iter().all(u8::is_ascii_digit)).then_some(id)
}

/// Reads the hypotheses of each sentence as one item. The decoders list them by score, best first.
fn sentences(
    file: u32,
    stream: Opened,
    naming: Naming,
    out: &mut dyn Sink,
    read: impl for<'p> Fn(usize, &'p [u8]) -> Result<Hypothesis<'p>, FieldError>,
) {
    let mut current: Option<Vec<u8>> = None;
    let starts = |line: &[u8]| match sentence(line) {
        Some(id) if current.as_deref() == Some(id) => false,
        id => {
            current = id.map(<[u8]>::to_vec);
            true
        }
    };
    passages(file, stream, naming, out, starts, |passage, out| {
        let mut item = Item { complete: true, ..Item::default() };
        for (start, line) in lines(passage.bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
            out.record();
            match read(start, line) {
                Ok(hypothesis) => {
                    item.id = hypothesis.id.map(Cow::Borrowed).unwrap_or_default();
                    item.candidates.push(hypothesis.candidate);
                }
                Err(field_error) => out.error(passage.error(field_error)),
            }
        }
        if item.candidates.len() > 1 {
            item.pick = PickRef::Index(0, item.candidates.first().map_or_else(At::default, |first| first.at));
        }
        if !item.candidates.is_empty() {
            out.item(&item, passage);
        }
    });
}

/// A line written by Moses: the sentence id, and offset and text of the total.
fn moses(line: &[u8]) -> Option<(&str, (usize, &[u8]))> {
    let fields = fields(line);
    let [id, _, features, total, ..] = fields.as_slice() else { return None };
    let id =
        std::str::from_utf8(id.1).ok().filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (_, first) = words(features.1, 0).next()?;
    let label = first.strip_suffix(b"=")?;
    let named = label.first().is_some_and(u8::is_ascii_alphabetic) && label != b"F0" && label != b"WordScores";
    let is_list = named && words(features.1, 0).all(|(_, word)| word.ends_with(b"=") || Printed::parse(word).is_some());
    is_list.then_some((id, *total))
}

impl Format for Moses {
    fn info(&self) -> &'static FormatInfo {
        &MOSES_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(share(head, |line| moses(line).is_some()), 92, "lines of named features between |||")
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(MosesReader { columns: [ColumnSpec::of_kind("total", ClaimKind::Score)] }))
    }
}

struct MosesReader {
    columns: [ColumnSpec; 1],
}

impl Reader for MosesReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        sentences(
            file,
            stream,
            |_, _| "total".to_owned(),
            out,
            |start, line| {
                let (id, (offset, total)) = moses(line).ok_or_else(|| FieldError {
                    offset: start,
                    reason: "expected `<id> ||| <text> ||| <Feature>= <values> ||| <total>`".to_owned(),
                })?;
                let offset = start + offset;
                let value = number(total, offset, "total")?;
                let claims = vec![Claim { of: ColumnId(0), value, at: at(offset) }];
                Ok(Hypothesis { id: Some(id), candidate: Candidate { claims, at: at(start), ..Candidate::default() } })
            },
        );
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("item", "number of the sentence"), ("claim", "total")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_marian_are_taken_apart() {
        let line = MarianLine::of(b"0 ||| a b ||| 0-0 ||| WordScores= -1 -2 ||| F0= -3 ||| -1.5").unwrap();
        assert_eq!(line.hypothesis, Some("0"));
        assert_eq!(line.words, Some((33, &b" -1 -2"[..])));
        assert_eq!(line.path.map(|path| path.1), Some(&b"-3"[..]));
        assert_eq!(line.score.1, b"-1.5");
        let together = MarianLine::of(b"0 ||| a ||| F0=-3 ||| -3").unwrap();
        assert_eq!(together.path.map(|path| path.1), Some(&b"-3"[..]));
        let ensemble = MarianLine::of(b"0 ||| a ||| F0= -3 F1= -4 ||| -7").unwrap();
        assert_eq!(ensemble.path, None);
        assert!(MarianLine::of(b"-1.5 ||| WordScores= -1 -0.5").is_some_and(|line| line.hypothesis.is_none()));
        assert!(MarianLine::of(b"-1.5 ||| text").is_none());
    }

    #[test]
    fn fields_are_called_by_their_labels() {
        let line = b"0 ||| a b ||| WordScores= -1 -2 ||| F0= -3 ||| -1.5";
        let name = |word: &str| naming(line, memchr::memmem::find(line, word.as_bytes()).unwrap());
        assert_eq!((name("-2 "), name("-3"), name("-1.5")), ("WordScores[1]".into(), "F0".into(), "score".into()));
    }
}
