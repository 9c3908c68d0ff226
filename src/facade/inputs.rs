//! Inputs that were found, opened and recognised, and what could not be.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::engine::{self, RecognisedInput, Refusal};
use crate::facade::Error;
use crate::format::Framing;
use crate::report::{InputError, InputErrorKind, InputReport};
use crate::source::{self, ByteRange, Input, Packing, SourceError};
use crate::tally::Tally;

/// What [`Audit::open`](crate::Audit::open) found.
pub struct Inputs {
    /// Recognised inputs, in the order of their paths.
    pub(crate) opened: Vec<RecognisedInput>,
    /// The rest.
    pub(crate) errors: Vec<InputError>,
}

/// An input as it was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The path as shown.
    pub path: String,
    /// The container that it is, such as a zip archive.
    pub container: Option<String>,
    /// The name of its format.
    pub format: &'static str,
    /// The version of the tool that wrote it, where the log says it.
    pub version: Option<String>,
    /// What it was recognised by.
    pub evidence: String,
    /// What its format takes for granted, as sentences.
    pub conventions: Vec<String>,
    /// What each field was taken for, as text: role and field.
    pub fields: Vec<(String, String)>,
}

impl Inputs {
    /// What could not be found, opened or recognised.
    #[must_use]
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// The inputs that were recognised, in the order of their paths.
    pub fn recognised(&self) -> impl Iterator<Item = Recognised> {
        self.opened.iter().map(|opened| Recognised {
            path: opened.input.path.clone(),
            container: match opened.input.packing() {
                Ok(Packing::Plain | Packing::Gzip | Packing::Zstd) | Err(_) => None,
                Ok(container) => Some(container.to_string()),
            },
            format: opened.format,
            version: opened.reader.version(),
            evidence: opened.confidence.evidence.clone(),
            conventions: opened.reader.conventions(),
            fields: (opened.reader.mapping().iter())
                .map(|mapped| (mapped.role.to_string(), mapped.field.to_string()))
                .collect(),
        })
    }

    /// Keeps only the lines that start in a range of bytes of the one input.
    pub fn restrict(&mut self, start: u64, end: Option<u64>) -> Result<(), Error> {
        let [input] = self.opened.as_mut_slice() else {
            return Err(SourceError::OneInput { found: self.opened.len() }.into());
        };
        let size = input.input.size().filter(|_| input.reader.framing() == Framing::Lines);
        let path = input.input.path.clone();
        let Some(size) = size else { return Err(SourceError::NoRange { path }.into()) };
        input.range = Some(ByteRange { start: start.min(size), end: end.unwrap_or(size).min(size), size });
        Ok(())
    }

    /// The inputs, unless one that was named cannot be used, or none can.
    pub fn all_usable(self) -> Result<Self, Error> {
        match self.errors.iter().find(|error| error.fatal || self.opened.is_empty()) {
            Some(error) => Err(Error::Input { path: error.path.clone(), reason: error.reason.clone() }),
            None => Ok(self),
        }
    }
}

/// What to look for.
pub(super) struct Wanted<'w> {
    pub(super) paths: &'w [String],
    pub(super) given: &'w [Input],
    pub(super) format: Option<&'w str>,
    pub(super) excluded: &'w [PathBuf],
    pub(super) config: &'w Config,
}

/// Finds, opens and recognises inputs.
pub(super) fn find(wanted: &Wanted<'_>) -> Inputs {
    let mut discovery = source::discover(wanted.paths);
    discovery.inputs.extend_from_slice(wanted.given);
    discovery.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    let named: Vec<&str> = (wanted.paths.iter().map(|path| source::shown(path)))
        .chain(wanted.given.iter().map(|input| input.path.as_str()))
        .collect();
    // A file that lies in a directory and is no log is only noted; what was named must be usable, and a log that
    // is recognised yet cannot be read may not be passed over.
    let whole = |path: String, reason: String, kind: InputErrorKind| {
        let is_log = !matches!(kind, InputErrorKind::Empty | InputErrorKind::Unrecognised);
        let fatal = is_log || named.contains(&path.as_str());
        InputError { kind, path, line: 0, column: 0, reason, fatal }
    };
    let unreadable = InputErrorKind::Unreadable;
    let of_source =
        |error: &SourceError| whole(error.path().unwrap_or_default().to_owned(), error.to_string(), unreadable);
    let mut errors: Vec<InputError> = discovery.errors.iter().map(of_source).collect();
    let mut opened = Vec::new();
    let mut passed_over = false;
    let excluded: Vec<PathBuf> = wanted.excluded.iter().filter_map(|path| path.canonicalize().ok()).collect();
    for input in discovery.inputs {
        let path = input.path.clone();
        if !excluded.is_empty() && Path::new(&path).canonicalize().is_ok_and(|path| excluded.contains(&path)) {
            continue;
        }
        match engine::open(input, &wanted.config.input(&path), wanted.format) {
            Ok(Ok(input)) => opened.push(input),
            // A text in a directory is mostly no log, and nobody said that it is one.
            Ok(Err(unknown))
                if unknown.refusal != Refusal::Unusable
                    && source::is_text(&path)
                    && !named.contains(&path.as_str()) =>
            {
                passed_over = true;
            }
            Ok(Err(unknown)) => {
                let kind = match unknown.refusal {
                    Refusal::Empty => InputErrorKind::Empty,
                    Refusal::NoFormat => InputErrorKind::Unrecognised,
                    Refusal::Unusable => InputErrorKind::Unusable,
                };
                errors.push(whole(unknown.path, unknown.message, kind));
            }
            Err(error) => errors.push(whole(path, error.to_string(), unreadable)),
        }
    }
    if passed_over && opened.is_empty() && errors.is_empty() {
        let path = wanted.paths.first().cloned().unwrap_or_default();
        errors.push(of_source(&SourceError::EmptyDirectory { path }));
    }
    errors.sort_by(|a, b| (&a.path, a.line, &a.reason).cmp(&(&b.path, b.line, &b.reason)));
    Inputs { opened, errors }
}

/// What the report says of the inputs.
pub(super) fn describe<'o>(opened: impl Iterator<Item = &'o RecognisedInput>, tally: &Tally) -> Vec<InputReport> {
    let records = |at: usize| u32::try_from(at).ok().and_then(|at| tally.files.get(&at)).map_or(0, |file| file.records);
    let describe = |(at, opened): (usize, &RecognisedInput)| InputReport {
        path: opened.input.path.clone(),
        format: opened.format.to_owned(),
        format_version: opened.reader.version(),
        records: records(at),
    };
    opened.enumerate().map(describe).collect()
}
