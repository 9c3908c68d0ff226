//! Inputs that no format recognises by themselves, beside others: rows of any fields that a summary names, and the summary of
//! such rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::InputConfig;
use crate::engine::RecognisedInput;
use crate::engine::open::{Recognition, opened};
use crate::format::native;
use crate::format::{Confidence, Format, HEAD_BYTES, Head};
use crate::metric::catalogue::is_of_columns;
use crate::metric::is_about;
use crate::source::{Input, peek};

/// An input that no format recognises, with what is said of how to read it.
pub struct Unrecognised {
    /// The input.
    pub input: Input,
    /// What the configuration says of it.
    pub config: InputConfig,
}

/// What an input may be.
struct Guess {
    directory: String,
    /// Names of numbers, where it can be a summary.
    numbers: Vec<String>,
    /// Names of measured fields, where it has rows.
    fields: Vec<String>,
}

/// The names in the files of one directory.
#[derive(Default)]
struct Names<'n> {
    numbers: BTreeSet<&'n str>,
    fields: BTreeSet<&'n str>,
}

/// What a first part of a file holds.
fn look(input: &Input, bytes: &[u8]) -> Guess {
    let head = Head::new(&input.path, input.logical_name(), bytes, bytes.len() < HEAD_BYTES);
    let is_document = head.document().is_some() && head.records().nth(1).is_none();
    let numbers = if is_document { native::names_in_summary(&head) } else { Vec::new() };
    let fields = if is_document { Vec::new() } else { native::measured_fields(&head) };
    Guess { directory: input.directory().to_owned(), numbers, fields }
}

/// Opens what can be read beside the other inputs. What it leaves is given back by its path in no list.
#[must_use]
pub fn open_beside(unrecognised: &[Unrecognised], recognised: &[RecognisedInput]) -> Vec<RecognisedInput> {
    if unrecognised.is_empty() {
        return Vec::new();
    }
    let read = |input: &Input| Some(look(input, &peek(input, HEAD_BYTES).ok()?));
    let own: Vec<Option<Guess>> = unrecognised.iter().map(|own| read(&own.input)).collect();
    // What a log is beside a file that holds neither rows nor numbers does not matter.
    let may_be_read = own.iter().flatten().filter(|guess| !guess.numbers.is_empty() || !guess.fields.is_empty());
    let directories: BTreeSet<&str> = may_be_read.map(|guess| &*guess.directory).collect();
    let is_beside = |own: &&RecognisedInput| own.tool == native::TOOL && directories.contains(own.input.directory());
    let known: Vec<Guess> = recognised.iter().filter(is_beside).filter_map(|own| read(&own.input)).collect();
    // Many files of a directory hold the same names.
    let mut beside: BTreeMap<&str, Names<'_>> = BTreeMap::new();
    for guess in known.iter().chain(own.iter().flatten()) {
        let names = beside.entry(&guess.directory).or_default();
        names.numbers.extend(guess.numbers.iter().map(String::as_str));
        names.fields.extend(guess.fields.iter().map(String::as_str));
    }
    let with_rows: BTreeSet<&str> = recognised.iter().map(|other| other.input.directory()).collect();
    let mut found = Vec::new();
    for (unrecognised, guess) in unrecognised.iter().zip(&own) {
        let Some(guess) = guess else { continue };
        let Some(names) = beside.get(&*guess.directory) else { continue };
        let of_rows = guess.fields.iter().filter(|field| names.numbers.iter().any(|name| is_about(name, field)));
        let of_rows: Vec<String> = of_rows.cloned().collect();
        let of_numbers = names.fields.iter().filter(|field| guess.numbers.iter().any(|name| is_about(name, field)));
        let of_numbers: Vec<String> = of_numbers.map(|field| (*field).to_owned()).collect();
        // Numbers whose definition is known follow from the rows of any format.
        let has_rows = with_rows.contains(&*guess.directory);
        let defined: Vec<String> =
            guess.numbers.iter().filter(|name| has_rows && is_of_columns(name)).cloned().collect();
        found.extend(if !of_rows.is_empty() {
            as_rows(unrecognised, &of_rows)
        } else if !of_numbers.is_empty() {
            as_summary(unrecognised, &of_numbers)
        } else if !defined.is_empty() {
            as_summary(unrecognised, &defined)
        } else {
            None
        });
    }
    found
}

fn as_rows(own: &Unrecognised, fields: &[String]) -> Option<RecognisedInput> {
    let evidence = format!("a summary beside it names its {}", fields.join(", "));
    open_as(own, evidence, native::by_shape)
}

fn as_summary(own: &Unrecognised, fields: &[String]) -> Option<RecognisedInput> {
    let evidence = format!("its numbers name {} of the rows beside it", fields.join(", "));
    open_as(own, evidence, |_| native::summary())
}

fn open_as(
    own: &Unrecognised,
    evidence: String,
    format: impl Fn(&Head<'_>) -> &'static dyn Format,
) -> Option<RecognisedInput> {
    let (input, stored) = (own.input.clone(), own.input.size());
    let bytes = peek(&input, HEAD_BYTES).ok()?;
    let (path, name) = (input.path.clone(), input.logical_name().to_owned());
    let whole = bytes.len() < HEAD_BYTES;
    let head = Head::new(&path, &name, &bytes, whole).of(&own.input);
    let format = format(&head);
    let reader = format.open(&head, &own.config).ok()?;
    let by = Recognition { bytes: &bytes, whole, stored };
    Some(opened(input, format, Confidence::of(30, evidence), reader, &by))
}
