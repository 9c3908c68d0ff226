//! Recognises each input and opens its reader.

use std::sync::Arc;

use crate::config::{ColumnSpec, InputConfig};
use crate::engine::refused;
use crate::format::native::{self, roles};
use crate::format::{self, Confidence, Format, Framing, HEAD_BYTES, Head, MappedField, MappedRole, Reader};
use crate::model::stable_hash;
use crate::run::InputIdentity;
use crate::source::{ByteRange, Input, SourceError};

/// Bytes after which an input without a complete record is rejected.
const LONGEST_HEAD: usize = HEAD_BYTES << 9;
/// How much longer a head gets at a time.
const GROWTH: usize = 8;
/// Least confidence at which a format is taken.
const ENOUGH: u8 = 30;

/// An input with its reader.
pub struct RecognisedInput {
    /// The input.
    pub input: Input,
    /// The name of its format.
    pub format: &'static str,
    /// The tool that writes it, see [`Format::tool`].
    pub tool: &'static str,
    /// Whether the configuration can name its fields.
    pub is_mappable: bool,
    /// Why it was recognised as this format.
    pub confidence: Confidence,
    /// Its reader.
    pub reader: Arc<dyn Reader>,
    /// Number of bytes that it was recognised by: the first ones.
    pub head_bytes: usize,
    /// Their hash.
    pub head: u64,
    /// Whether these are all.
    pub whole: bool,
    /// Size of the file, packed or not, when it was recognised; None for what is no file.
    pub stored: Option<u64>,
    /// The bytes to read; None for all.
    pub range: Option<ByteRange>,
}

/// Lists of columns, each kept once: many inputs have the same.
#[derive(Default)]
pub struct SharedColumns<'i> {
    /// As a reader has them, and the copy.
    known: Vec<(&'i [ColumnSpec], Arc<[ColumnSpec]>)>,
}

impl<'i> SharedColumns<'i> {
    /// Number of lists after which a new one is not compared with all of them.
    const COMPARED: usize = 32;

    fn of(&mut self, columns: &'i [ColumnSpec]) -> Arc<[ColumnSpec]> {
        let known = self.known.iter().rev().take(Self::COMPARED);
        // Readers of one format may share their list.
        match known
            .clone()
            .find(|(own, _)| std::ptr::eq(*own, columns))
            .or_else(|| known.clone().find(|(own, _)| *own == columns))
        {
            Some((_, shared)) => Arc::clone(shared),
            None => {
                let shared: Arc<[ColumnSpec]> = columns.into();
                self.known.push((columns, Arc::clone(&shared)));
                shared
            }
        }
    }
}

impl RecognisedInput {
    /// What the input says of the run that it belongs to.
    #[must_use]
    pub fn identity<'i>(&'i self, shared: &mut SharedColumns<'i>) -> InputIdentity {
        InputIdentity {
            path: self.input.path.clone(),
            directory: self.reader.run_directory().unwrap_or_else(|| self.input.directory().to_owned()),
            key: self.reader.run_key(),
            tool: self.tool.to_owned(),
            columns: shared.of(self.reader.columns()),
        }
    }

    /// The name of the model that it is of, where its first records say it. Reads them again: few callers ask.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        let bytes = crate::source::peek(&self.input, self.head_bytes).ok()?;
        format::model_name(&Head::new(&self.input.path, self.input.logical_name(), &bytes, self.whole))
    }

    /// Size on disk, where it is known and not compressed.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.whole.then_some(self.head_bytes as u64)
    }
}

/// An input that no format recognises, or whose fields are ambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The path.
    pub path: String,
    /// What was expected, the nearest format, and how to map the fields.
    pub message: String,
    /// What is wrong with it.
    pub refusal: Refusal,
    /// The fields of its first rows, where it has rows.
    pub fields: Vec<String>,
    /// The fields of which one must be chosen for it to be read.
    pub choices: Vec<Choice>,
}

/// One of several fields that may play a role alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The path of the input.
    pub input: String,
    /// The role, as under `[input]`.
    pub role: String,
    /// The path of the field.
    pub field: String,
    /// What its values show.
    pub evidence: String,
}

/// Why an input is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no bytes.
    Empty,
    /// No format recognises it.
    NoFormat,
    /// A format is chosen, and it cannot be read as that: leaving it out hides something.
    Unusable,
}

/// Recognises an input. `forced` is the name given with `--input-format`.
pub fn open(
    input: Input,
    config: &InputConfig,
    forced: Option<&str>,
) -> Result<Result<RecognisedInput, Unknown>, SourceError> {
    let (path, stored) = (input.path.clone(), input.size());
    let name = input.logical_name().to_owned();
    let mut window = HEAD_BYTES;
    let mut bytes = match crate::source::peek(&input, window) {
        Ok(bytes) => bytes,
        // A file of rows that cannot be read is a part of its run that is missing: a finding, beside those of the other files.
        Err(SourceError::NoFooter { .. }) => return Ok(Ok(cut_off(input, stored))),
        Err(error) => return Err(error),
    };
    let rank = |head: &Head<'_>| {
        let mut ranked: Vec<(Confidence, &'static dyn Format)> =
            format::all().map(|format| (format::recognise(format, head), format)).collect();
        ranked.sort_by_key(|(confidence, _)| std::cmp::Reverse(confidence.percent));
        ranked
    };
    let recognised = |ranked: &[(Confidence, &'static dyn Format)]| {
        ranked.first().is_some_and(|(confidence, _)| confidence.percent >= ENOUGH)
    };
    let mut suffices = false;
    let (chosen, whole) = loop {
        let head = Head::new(&path, &name, &bytes, bytes.len() < window).of(&input);
        let may_grow = !head.whole && window < LONGEST_HEAD;
        // A first record may be longer than the head, and its fields behind the break are not seen.
        suffices = suffices || !may_grow || head.suffices();
        if suffices {
            let ranked = rank(&head);
            // What a document is may be said behind its first records. Text other than JSON has lines.
            if !may_grow || recognised(&ranked) || head.records().next().is_none() {
                break (choose(&head, ranked, config, forced), head.whole);
            }
        }
        window *= GROWTH;
        bytes = crate::source::peek(&input, window)?;
    };
    Ok(chosen.map(|(confidence, format, reader)| {
        let head = Recognition { bytes: &bytes, whole, stored };
        opened(input, format, confidence, reader, &head)
    }))
}

/// The reader of a container whose end is missing. Opening it gives the error.
struct CutOff;

impl Reader for CutOff {
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn mapping(&self) -> Vec<MappedField> {
        Vec::new()
    }
}

fn cut_off(input: Input, stored: Option<u64>) -> RecognisedInput {
    RecognisedInput {
        input,
        format: "cut-off",
        tool: "cut-off",
        is_mappable: false,
        confidence: Confidence::of(100, "the start of a container without its end"),
        reader: Arc::new(CutOff),
        head_bytes: 0,
        head: 0,
        whole: false,
        stored,
        range: None,
    }
}

/// What reads an input.
type Chosen = (Confidence, &'static dyn Format, Box<dyn Reader>);

/// Chooses the format of an input by how sure each is, and by what the user says.
fn choose(
    head: &Head<'_>,
    mut ranked: Vec<(Confidence, &'static dyn Format)>,
    config: &InputConfig,
    forced: Option<&str>,
) -> Result<Chosen, Unknown> {
    let refuse = |refusal, message: String| {
        let choices = if refusal == Refusal::NoFormat { native::alike(head) } else { Vec::new() };
        let choice = |(role, field, evidence)| Choice { input: head.path.to_owned(), role, field, evidence };
        let choices = choices.into_iter().map(choice).collect();
        Err(Unknown { path: head.path.to_owned(), message, refusal, fields: refused::fields(head), choices })
    };
    if head.bytes.trim_ascii().is_empty() {
        return refuse(Refusal::Empty, "the file is empty (expected at least one record)".to_owned());
    }
    let own = ranked.iter().position(|(confidence, _)| confidence.percent >= ENOUGH);
    let chosen = match forced.or(config.format.as_deref()) {
        Some(name) => match ranked.iter().position(|(_, format)| format.name() == name) {
            Some(at) if is_numbers(&ranked, at) && percent(&ranked, at) == 0 => match (own, forced) {
                (Some(own), None) => Some(own),
                _ => return refuse(Refusal::Unusable, not_numbers(name)),
            },
            // A format in the configuration is that of the rows: the numbers beside them stay what they are.
            Some(at) => own
                .filter(|own| forced.is_none() && is_numbers(&ranked, *own) && percent(&ranked, at) < ENOUGH)
                .or(Some(at)),
            None => return refuse(Refusal::Unusable, UnknownFormat { name: name.to_owned() }.to_string()),
        },
        None => own,
    };
    let chosen = chosen.map(|at| ranked.swap_remove(at)).or_else(|| mapped(head, config));
    let Some((confidence, format)) = chosen else {
        return refuse(Refusal::NoFormat, no_format(head, &ranked));
    };
    match format.open(head, config) {
        Ok(reader) => Ok((confidence, format, reader)),
        Err(reason) => refuse(Refusal::Unusable, reason),
    }
}

/// What an input was recognised by.
pub(super) struct Recognition<'b> {
    /// Its first bytes.
    pub(super) bytes: &'b [u8],
    /// Whether these are all.
    pub(super) whole: bool,
    /// Its size before they were read, see [`RecognisedInput::stored`].
    pub(super) stored: Option<u64>,
}

/// An input with the reader of its format.
pub(super) fn opened(
    input: Input,
    format: &'static dyn Format,
    confidence: Confidence,
    reader: Box<dyn Reader>,
    by: &Recognition<'_>,
) -> RecognisedInput {
    RecognisedInput {
        stored: by.stored,
        input,
        format: format.name(),
        tool: format.tool(),
        is_mappable: format.is_mappable(),
        confidence,
        reader: reader.into(),
        head_bytes: by.bytes.len(),
        head: stable_hash(by.bytes),
        whole: by.whole,
        range: None,
    }
}

fn percent(ranked: &[(Confidence, &'static dyn Format)], at: usize) -> u8 {
    ranked.get(at).map_or(0, |(confidence, _)| confidence.percent)
}

/// Whether a format has the numbers of a run in one document, and no rows that could be mapped.
fn is_numbers(ranked: &[(Confidence, &'static dyn Format)], at: usize) -> bool {
    ranked.get(at).is_some_and(|(_, format)| format.is_summary())
}

/// Why a file is not read as a summary.
fn not_numbers(name: &str) -> String {
    format!(
        "not a `{name}` log: expected one JSON object with the numbers of a run; leave the format out, or name that of its rows"
    )
}

/// A native form recognised by its shape, if it contains fields that the user mapped.
fn mapped(head: &Head<'_>, config: &InputConfig) -> Option<(Confidence, &'static dyn Format)> {
    let format = native::by_shape(head);
    let found = format.open(head, config).ok()?.mapping();
    let has_role =
        |mapped: &MappedField, key: &str| matches!(mapped.role, MappedRole::Role(role) if roles::key(role) == key);
    let roles = config
        .roles
        .iter()
        .filter(|(role, path)| found.iter().any(|mapped| has_role(mapped, role) || mapped.field.path == *path));
    if config.header.is_some() && head.framing().is_none() && !found.is_empty() {
        let evidence = "its columns are named in retally.toml".to_owned();
        return Some((Confidence { percent: 50, evidence }, format));
    }
    let columns = config.columns.iter().map(|spec| &*spec.column.name);
    let columns = columns.filter(|name| found.iter().any(|mapped| mapped.field.path == **name));
    let named: Vec<&str> = roles.map(|(role, _)| role.as_str()).chain(columns).collect();
    let evidence = format!("its {} is mapped in retally.toml", named.join(", "));
    (!named.is_empty()).then_some((Confidence { percent: 50, evidence }, format))
}

/// A name that no log format has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown log format `{name}`{} (supported: {})", near(.name), known().collect::<Vec<_>>().join(", "))]
pub struct UnknownFormat {
    /// What was given.
    pub name: String,
}

fn known() -> impl Iterator<Item = &'static str> {
    format::all().map(Format::name)
}

fn near(name: &str) -> String {
    crate::config::nearest(name, known()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn no_format(head: &Head<'_>, ranked: &[(Confidence, &'static dyn Format)]) -> String {
    let nearest = ranked
        .iter()
        .find(|(confidence, _)| confidence.percent > 0)
        .map_or_else(String::new, |(confidence, format)| {
            format!("; nearest: {} ({})", format.name(), confidence.evidence)
        });
    format!(
        "unrecognised log format (run `retally formats` for the {} supported ones){nearest}; {}",
        format::all().count(),
        refused::missing(head)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = r#"{"item": "q0", "tokens": ["a", "b"], "logprobs": [-0.5, -0.25], "score": -0.75}"#;

    fn opened(text: &str, forced: Option<&str>) -> Result<RecognisedInput, Unknown> {
        let input = Input::reader("log.jsonl", Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
        open(input, &InputConfig::default(), forced).unwrap()
    }

    fn unknown(text: &str, forced: Option<&str>) -> Unknown {
        opened(text, forced).err().unwrap()
    }

    #[test]
    fn a_log_is_recognised_by_its_first_records() {
        let opened = opened(NATIVE, None).ok().unwrap();
        assert_eq!((opened.format, opened.whole, opened.head_bytes), ("native-jsonl", true, NATIVE.len()));
    }

    #[test]
    fn what_is_no_log_hides_nothing_when_it_is_passed_over() {
        let none = Refusal::NoFormat;
        let texts =
            [("", Refusal::Empty), (" \n", Refusal::Empty), ("{\"city\": \"Paris\"}", none), ("plain text", none)];
        for (text, refusal) in texts {
            let unknown = unknown(text, None);
            assert_eq!(unknown.refusal, refusal, "{text:?}");
            assert_eq!(unknown.path, "log.jsonl");
        }
    }

    #[test]
    fn an_unknown_name_of_a_format_is_an_error_with_the_nearest_name() {
        let unknown = unknown(NATIVE, Some("native-jsnl"));
        assert_eq!(unknown.refusal, Refusal::Unusable);
        assert!(unknown.message.contains("`native-jsonl`"), "{}", unknown.message);
    }
}
