//! Recognises each input and opens its reader.

use crate::config::InputConfig;
use crate::format::{FORMATS, Format, HEAD_BYTES, Head, Likeness, Reader};
use crate::source::{Input, SourceError};

/// Least confidence at which a format is taken.
const ENOUGH: u8 = 30;

/// An input with its reader.
pub struct Opened {
    /// The input.
    pub input: Input,
    /// The name of its format.
    pub format: &'static str,
    /// Why it was taken for that.
    pub likeness: Likeness,
    /// Its reader.
    pub reader: Box<dyn Reader>,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Opened {
    /// Inputs with equal keys belong to one run.
    #[must_use]
    pub fn run_key(&self) -> (String, String) {
        (self.input.directory().to_owned(), self.reader.run_key())
    }

    /// Size on disk, where it is known and not compressed.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        (self.head.len() < HEAD_BYTES).then_some(self.head.len() as u64)
    }
}

/// An input that no format recognises, or whose fields are ambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The path.
    pub path: String,
    /// What was looked for, what comes nearest, and how to map it.
    pub message: String,
}

/// Recognises an input. `forced` is the name given with `--input-format`.
pub fn open(input: Input, config: &InputConfig, forced: Option<&str>) -> Result<Result<Opened, Unknown>, SourceError> {
    let bytes = crate::source::peek(&input, HEAD_BYTES)?;
    let path = input.path.clone();
    let name = input.logical_name().to_owned();
    let head = Head { path: &path, name: &name, bytes: &bytes, whole: bytes.len() < HEAD_BYTES };
    let unknown = |message: String| Ok(Err(Unknown { path: path.clone(), message }));
    if bytes.trim_ascii().is_empty() {
        return unknown("the file is empty: expected at least one record".to_owned());
    }
    let mut ranked: Vec<(Likeness, &'static dyn Format)> =
        FORMATS.iter().map(|format| (format.recognise(&head), *format)).collect();
    ranked.sort_by(|a, b| b.0.confidence.cmp(&a.0.confidence));
    let chosen = match forced {
        Some(name) => ranked.iter().position(|(_, format)| format.name() == name),
        None => ranked.iter().position(|(likeness, _)| likeness.confidence >= ENOUGH),
    };
    let Some((likeness, format)) = chosen.map(|at| ranked.swap_remove(at)) else {
        return unknown(no_format(&ranked));
    };
    match format.open(&head, config) {
        Ok(reader) => Ok(Ok(Opened { input, format: format.name(), likeness, reader, head: bytes })),
        Err(reason) => unknown(reason),
    }
}

fn no_format(ranked: &[(Likeness, &'static dyn Format)]) -> String {
    let looked: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    let nearest = ranked
        .iter()
        .find(|(likeness, _)| likeness.confidence > 0)
        .map_or_else(String::new, |(likeness, format)| format!("; nearest: {} ({})", format.name(), likeness.evidence));
    format!(
        "no known log format (looked for {}){nearest}; expected records with an item id and token log-probs or a score: \
         name the fields in retally.toml, such as [input] item = \"uid\", logprobs = \"out.lps\", score = \"out.total\", \
         or give --input-format",
        looked.join(", ")
    )
}
