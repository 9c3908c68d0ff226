//! Token scores in columns of text: the table of minicons and the lines of surprisal.

use crate::config::{ColumnSpec, InputConfig};
use crate::format::mapped::{MappedField, described};
use crate::format::native::sentences::are_in_bits;
use crate::format::translation::passage::{FieldError, Passage, at, head_lines, number, passages, words};
use crate::format::{Confidence, FIRST_RECORDS, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{Candidate, Item, Logged, Segment, Step};
use crate::numeric::{LN_2, Printed};
use crate::source::Opened;
use crate::source::lines;

pub(super) static MINICONS: Minicons = Minicons;
pub(super) static SURPRISAL: Surprisal = Surprisal;

pub(super) struct Minicons;
pub(super) struct Surprisal;

static MINICONS_CARD: FormatInfo = FormatInfo {
    name: "minicons",
    about: "the table that the command line of minicons prints",
    tool: "minicons 0.3.39",
    files: "text",
    recognised_by: "a header `sentence_id token_id token logprob`, then a token per line",
    proven: "no claims; `prob` is checked against `logprob`",
    unprovable: "the log-probs themselves: logits are not logged",
    base: "e, or 2 with --base-two: determined from `prob` if printed, otherwise e",
    sentinels: "NaN for a first token without a score",
    traps: "2 decimals; tokens may contain spaces; the base is not in the file",
};

static SURPRISAL_CARD: FormatInfo = FormatInfo {
    name: "surprisal",
    about: "printed results of surprisal: a line of tokens, a line of values",
    tool: "surprisal 0.1.7",
    files: "text",
    recognised_by: "pairs of lines with as many tokens as values of 3 decimals",
    proven: "no claims",
    unprovable: "the surprisals themselves: logits are not logged",
    base: "e; positive: -ln p",
    sentinels: "NaN for a first token without a score; inf for padding",
    traps: "shorter sentences of a batch end in padding tokens with the value inf",
};

/// The first columns of the table of minicons.
const HEADER: [&[u8]; 4] = [b"sentence_id", b"token_id", b"token", b"logprob"];

fn header(line: &[u8]) -> Option<Vec<&[u8]>> {
    let names: Vec<&[u8]> = words(line, 0).map(|(_, word)| word).collect();
    names.starts_with(&HEADER).then_some(names)
}

/// A word with its offset.
type Word<'l> = (usize, &'l [u8]);

/// A row: the sentence id, and the numbers after the token.
fn row(line: &[u8], columns: usize) -> Option<(&[u8], Vec<Word<'_>>)> {
    let cells: Vec<(usize, &[u8])> = words(line, 0).collect();
    let numbers = columns.checked_sub(3)?;
    let from = cells.len().checked_sub(numbers).filter(|from| *from >= 2)?;
    let (first, numbers) = cells.split_at_checked(from)?;
    let sentence = first.first()?.1;
    sentence.iter().all(u8::is_ascii_digit).then(|| (sentence, numbers.to_vec()))
}

impl Format for Minicons {
    fn info(&self) -> &'static FormatInfo {
        &MINICONS_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match head_lines(head).next().and_then(header) {
            Some(_) => Confidence::of(92, "a header sentence_id token_id token logprob"),
            None => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let names = head_lines(head).next().and_then(header).ok_or("expected a header row")?;
        let prob = names.iter().position(|name| *name == b"prob");
        let pairs = head_lines(head).skip(1).filter_map(|line| {
            let (_, numbers) = row(line, names.len())?;
            let value = |at: usize| Some(Printed::parse(numbers.get(at)?.1)?.value);
            Some((value(0)?, value(prob?.checked_sub(3)?)?))
        });
        let bits = are_in_bits(pairs);
        Ok(Box::new(MiniconsReader { columns: names.len(), prob, bits }))
    }
}

struct MiniconsReader {
    columns: usize,
    /// The column of the probability.
    prob: Option<usize>,
    /// Whether the log-probs are in base 2.
    bits: bool,
}

impl Reader for MiniconsReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let mut current: Vec<u8> = Vec::new();
        let starts = |line: &[u8]| {
            let sentence = words(line, 0).next().map(|(_, word)| word).unwrap_or_default();
            let is_next = sentence != current.as_slice();
            current = sentence.to_vec();
            is_next
        };
        passages(
            file,
            stream,
            |_, _| "logprob".to_owned(),
            out,
            starts,
            |passage, out| {
                if lines(passage.bytes).next().is_some_and(|(_, line)| header(line).is_some()) {
                    return;
                }
                out.record();
                match self.item(passage) {
                    Ok(item) => out.item(&item, passage),
                    Err(field_error) => out.error(passage.error(field_error)),
                }
            },
        );
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("item", "sentence_id"), ("log-probs", "logprob"), ("probabilities", "prob")])
    }

    fn conventions(&self) -> Vec<String> {
        if self.bits { vec!["logprob: base 2, by the column prob".to_owned()] } else { Vec::new() }
    }
}

impl MiniconsReader {
    fn item<'p>(&self, passage: &Passage<'p>) -> Result<Item<'p>, FieldError> {
        let mut item = Item { complete: true, ..Item::default() };
        let mut candidate = Candidate::default();
        for (start, line) in lines(passage.bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
            let (sentence, numbers) = row(line, self.columns).ok_or_else(|| FieldError {
                offset: start,
                reason: format!("expected {} columns, as in the header", self.columns),
            })?;
            item.id = String::from_utf8_lossy(sentence);
            let cell = |at: usize, what: &str| match numbers.get(at) {
                Some((offset, word)) => Ok((value(word, start + offset, what)?, start + offset)),
                None => Ok((Logged::Missing, start)),
            };
            let (logprob, place) = cell(0, "logprob")?;
            let logprob = match logprob {
                Logged::Number(number) if self.bits => Logged::Number(Printed { value: number.value * LN_2, ..number }),
                other => other,
            };
            let prob = self.prob.map_or(Ok((Logged::Missing, start)), |column| cell(column - 3, "prob"))?.0;
            let segment = if logprob == Logged::Null { Segment::Prompt } else { Segment::Continuation };
            candidate.steps.push(Step { logprob, prob, segment, at: at(place), ..Step::default() });
        }
        item.candidates.push(candidate);
        Ok(item)
    }
}

/// A number; NaN means no value.
fn value(word: &[u8], offset: usize, what: &str) -> Result<Logged, FieldError> {
    match number(word, offset, what)? {
        Logged::Number(number) if number.value.is_nan() => Ok(Logged::Null),
        other => Ok(other),
    }
}

/// Whether a word is a value in surprisal's notation.
fn is_value(word: &[u8]) -> bool {
    Printed::parse(word).is_some_and(|number| number.decimals == 3 || !number.is_finite())
}

/// Whether two lines are the tokens and the values of a sentence.
fn is_pair(tokens: &[u8], values: &[u8]) -> bool {
    let count = words(values, 0).count();
    count > 0
        && words(values, 0).all(|(_, word)| is_value(word))
        && words(tokens, 0).count() == count
        && !words(tokens, 0).all(|(_, word)| is_value(word))
}

impl Format for Surprisal {
    fn info(&self) -> &'static FormatInfo {
        &SURPRISAL_CARD
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        let first: Vec<&[u8]> = head_lines(head).take(2 * FIRST_RECORDS).collect();
        let mut pairs = first.chunks_exact(2);
        let all = pairs.len() > 0 && pairs.all(|pair| matches!(pair, [tokens, values] if is_pair(tokens, values)));
        if all {
            Confidence::of(85, "lines of tokens, each above a line of as many values")
        } else {
            Confidence::none()
        }
    }

    fn open(&self, _head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        Ok(Box::new(SurprisalReader))
    }
}

struct SurprisalReader;

impl Reader for SurprisalReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        // A sentence ends with its line of values.
        let mut values = false;
        let starts = |line: &[u8]| {
            let before = std::mem::replace(&mut values, words(line, 0).all(|(_, word)| is_value(word)));
            before && !values
        };
        passages(
            file,
            stream,
            |_, _| "surprisal".to_owned(),
            out,
            starts,
            |passage, out| {
                out.record();
                match sentence(passage) {
                    Ok(item) => out.item(&item, passage),
                    Err(field_error) => out.error(passage.error(field_error)),
                }
            },
        );
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("log-probs", "every second line, negated")])
    }
}

fn sentence<'p>(passage: &Passage<'p>) -> Result<Item<'p>, FieldError> {
    let mut candidate = Candidate::default();
    let filled = lines(passage.bytes).filter(|(_, line)| !line.trim_ascii().is_empty());
    for (start, line) in filled.skip(1) {
        for (offset, word) in words(line, start) {
            let (logprob, segment) = match value(word, offset, "surprisal")? {
                Logged::Number(number) if number.value.is_infinite() => (Logged::Null, Segment::Padding),
                number @ Logged::Number(_) => (number.negated(), Segment::Continuation),
                other => (other, Segment::Prompt),
            };
            candidate.steps.push(Step { logprob, segment, at: at(offset), ..Step::default() });
        }
    }
    // The log has no ids. Generated ids would be stored in the search for duplicates, one per sentence.
    Ok(Item { complete: true, candidates: vec![candidate], ..Item::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_contain_blanks() {
        let (sentence, numbers) = row(b"  2  3  two words  -1.50  0.22", 5).unwrap();
        assert_eq!((sentence, numbers.len(), numbers[0].1), (&b"2"[..], 2, &b"-1.50"[..]));
        assert!(row(b"x 3 a -1.50 0.22", 5).is_none());
    }

    #[test]
    fn tokens_stand_above_their_values() {
        assert!(is_pair(b" The sky", b" 8.216 17.303"));
        assert!(!is_pair(b" The sky is", b" 8.216 17.303"));
        assert!(!is_pair(b"1.000 2.000", b" 8.216 17.303"));
    }
}
