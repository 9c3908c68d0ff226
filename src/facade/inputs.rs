//! Inputs that were found, opened and recognised, and what could not be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, Nested};
use crate::engine::{self, Choice, RecognisedInput, Refusal, Unrecognised};
use crate::facade::declared::Declared;
use crate::facade::{Error, Own};
use crate::format::{self, Framing};
use crate::model;
use crate::report::{FileReport, InputError, InputErrorKind, InputReport};
use crate::source::{self, ByteRange, Input, SourceError};
use crate::tally::Tally;

/// What [`Audit::open`](crate::Audit::open) found.
pub struct Inputs {
    /// Recognised inputs, in the order of their paths.
    pub(crate) opened: Vec<RecognisedInput>,
    /// The rest.
    pub(crate) errors: Vec<InputError>,
    /// What was left out of directories by intent.
    skipped: Vec<(String, String)>,
    /// What is not used of configurations nearer to the inputs, as sentences.
    notes: Vec<String>,
    /// The fields of which one must be chosen for an input to be read.
    pub(crate) choices: Vec<Choice>,
    /// An entry of a configuration about a field that no input has.
    pub(super) undeclared: Option<ConfigError>,
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
    /// What each field was taken for, as text: role and field, with what its values show where they say the role.
    pub fields: Vec<(String, String)>,
}

impl Inputs {
    /// What could not be found, opened or recognised.
    #[must_use]
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// What was left out of directories by intent: its path, and what it is, such as a report that retally wrote.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.skipped.iter().map(|(path, what)| (path.as_str(), what.as_str()))
    }

    /// What the user should know of how the inputs are read, as sentences: sections of configurations nearer to the inputs
    /// that are not used.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether some input can be read once a field is chosen.
    #[must_use]
    pub fn has_choices(&self) -> bool {
        !self.choices.is_empty()
    }

    /// The inputs that were recognised, in the order of their paths.
    pub fn recognised(&self) -> impl Iterator<Item = Recognised> {
        self.opened.iter().map(|opened| Recognised {
            path: opened.input.path.clone(),
            container: match opened.input.packing() {
                Ok(packing) if !packing.is_stream() => Some(packing.to_string()),
                _ => None,
            },
            format: opened.format,
            version: opened.reader.version(),
            evidence: opened.confidence.evidence.clone(),
            conventions: opened.reader.conventions(),
            fields: (opened.reader.mapping().iter())
                .map(|mapped| {
                    let evidence =
                        if mapped.evidence.is_empty() { String::new() } else { format!("  ({})", mapped.evidence) };
                    (mapped.role.to_string(), format!("{}{evidence}", mapped.field))
                })
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

    /// Adds an error for each file that has become shorter since it was recognised: what was cut off was not audited.
    pub(super) fn see_shorter(&mut self) {
        for opened in &self.opened {
            let (before, now) = (opened.stored, opened.input.size());
            let Some((before, now)) = before.zip(now).filter(|(before, now)| now < before) else { continue };
            let reason = format!(
                "the file became shorter while it was read ({before} bytes, then {now}); audit it again once it is written"
            );
            let (kind, path) = (InputErrorKind::Unreadable, opened.input.path.clone());
            self.errors.push(InputError { kind, path, line: 0, column: 0, reason, fatal: true, fields: Vec::new() });
        }
        self.errors.sort_by(InputError::by_place);
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
    pub(super) max_record: usize,
    pub(super) config: &'w Config,
}

/// Largest file that is kept in memory between the looks at it.
const SMALL: usize = 64 << 10;
/// Bytes of such files that are kept in all.
const KEPT: usize = 4 << 20;

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
        InputError { kind, path, line: 0, column: 0, reason, fatal, fields: Vec::new() }
    };
    let unreadable = InputErrorKind::Unreadable;
    let of_source =
        |error: &SourceError| whole(error.path().unwrap_or_default().to_owned(), error.to_string(), unreadable);
    let mut errors: Vec<InputError> = discovery.errors.iter().map(of_source).collect();
    let (mut opened, mut unrecognised) = (Vec::new(), Vec::new());
    let mut choices: Vec<Choice> = Vec::new();
    let mut skipped: Vec<(String, String)> =
        discovery.skipped.into_iter().map(|(path, what)| (path, what.to_owned())).collect();
    let (mut own, mut passed_over) = (false, false);
    let mut notes: Vec<String> = doubtful(&discovery.doubtful).into_iter().collect();
    let (mut near, mut declared) = (NestedFiles::default(), Declared::default());
    let excluded: Vec<PathBuf> = wanted.excluded.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut kept = KEPT;
    for mut input in discovery.inputs {
        let path = input.path.clone();
        if !excluded.is_empty() && Path::new(&path).canonicalize().is_ok_and(|path| excluded.contains(&path)) {
            continue;
        }
        kept -= input.keep_small(SMALL.min(kept));
        let settings = wanted.config.input(&path, near.of(&input, wanted.config));
        let is_named = named.contains(&path.as_str());
        let has_format = wanted.format.is_some() || settings.format.is_some();
        if let Some(found) = written_by_us(&input).filter(|_| !(is_named && has_format)) {
            if is_named {
                let reason =
                    format!("a {found} written by retally, not a log (`retally report` renders stored JSON reports)");
                errors.push(whole(path, reason, InputErrorKind::Unusable));
            } else {
                own = true;
                skipped.push((path, format!("{found} written by retally")));
            }
            continue;
        }
        let input = input.max_record(wanted.max_record);
        let again = Unrecognised { input: input.clone(), config: settings.clone() };
        match engine::open(input, &settings, wanted.format) {
            Ok(Ok(input)) => {
                declared.see(&input, &settings, wanted.config);
                notes.extend(input.reader.unread().into_iter().map(|own| format!("{path}: {own}")));
                opened.push(input);
            }
            // A text in a directory is mostly no log, and nobody said that it is one.
            Ok(Err(unknown)) if unknown.refusal != Refusal::Unusable && source::is_text(&path) && !is_named => {
                passed_over = true;
            }
            Ok(Err(unknown)) => {
                if unknown.refusal == Refusal::NoFormat && !has_format {
                    unrecognised.push(again);
                }
                let kind = match unknown.refusal {
                    Refusal::Empty => InputErrorKind::Empty,
                    Refusal::NoFormat => InputErrorKind::Unrecognised,
                    Refusal::Unusable => InputErrorKind::Unusable,
                };
                choices.extend(unknown.choices);
                errors.push(InputError { fields: unknown.fields, ..whole(unknown.path, unknown.message, kind) });
            }
            // An archive in a directory may hold anything, and nobody said that it is a log.
            Err(SourceError::NoLogs { .. }) if !is_named && path.to_lowercase().ends_with(".zip") => {
                passed_over = true;
                skipped.push((path, "a zip archive without a log".to_owned()));
            }
            Err(error) => errors.push(whole(path, error.to_string(), unreadable)),
        }
    }
    // What only others beside it explain.
    let beside = engine::open_beside(&unrecognised, &opened);
    unrecognised.retain(|own| !beside.iter().any(|beside| beside.input.path == own.input.path));
    let alike = engine::open_alike(&unrecognised);
    for beside in beside.into_iter().chain(alike) {
        errors.retain(|error| error.path != beside.input.path);
        choices.retain(|choice| choice.input != beside.input.path);
        declared.see(&beside, &wanted.config.input(&beside.input.path, None), wanted.config);
        opened.push(beside);
    }
    opened.sort_by(|a, b| a.input.path.cmp(&b.input.path));
    let joined = engine::join(&mut opened, &mut |input| {
        let settings = wanted.config.input(&input.path, near.of(&input, wanted.config));
        engine::open(input.max_record(wanted.max_record), &settings, None).ok()?.ok()
    });
    notes.extend(joined);
    if (passed_over || own) && opened.is_empty() && errors.is_empty() {
        let path = wanted.paths.first().cloned().unwrap_or_default();
        errors.push(of_source(&SourceError::EmptyDirectory { path }));
    }
    errors.extend(near.errors());
    errors.sort_by(InputError::by_place);
    skipped.sort();
    let undeclared =
        declared.missing(wanted.config).or_else(|| near.configs().find_map(|config| declared.missing(config)));
    notes.extend(near.notes());
    Inputs { opened, errors, skipped, notes, choices, undeclared }
}

/// The configurations nearer to the inputs, by the directory of the inputs.
#[derive(Default)]
struct NestedFiles {
    by_directory: BTreeMap<PathBuf, Result<Option<Nested>, ConfigError>>,
}

impl NestedFiles {
    fn of(&mut self, input: &Input, config: &Config) -> Option<&Nested> {
        let directory = input.file_path()?.parent()?.to_path_buf();
        let read = |directory: &PathBuf| {
            let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            let found = config.nested(here)?;
            found.iter().try_for_each(|nested| format::native::check(&nested.config))?;
            Ok(found)
        };
        let found = self.by_directory.entry(directory).or_insert_with_key(read);
        found.as_ref().ok().and_then(Option::as_ref)
    }

    /// Files that cannot be used: without them, the logs beside them are not read as they should be.
    fn errors(&self) -> impl Iterator<Item = InputError> {
        let errors = self.by_directory.values().filter_map(|found| found.as_ref().err());
        let by_path: BTreeMap<&str, &ConfigError> = errors.map(|error| (error.path.as_str(), error)).collect();
        by_path.into_values().map(|error| {
            let place =
                if error.line == 0 { String::new() } else { format!("line {}, column {}: ", error.line, error.column) };
            let reason = format!("{place}{}", error.reason);
            let kind = InputErrorKind::Unusable;
            let path = error.path.clone();
            InputError { kind, path, line: 0, column: 0, reason, fatal: true, fields: Vec::new() }
        })
    }

    fn configs(&self) -> impl Iterator<Item = &Config> {
        self.by_directory.values().filter_map(|found| found.as_ref().ok()?.as_ref()).map(|nested| &nested.config)
    }

    fn notes(&self) -> Vec<String> {
        let found = self.by_directory.values().filter_map(|found| found.as_ref().ok()?.as_ref());
        let with_more: BTreeMap<&str, &Nested> =
            found.filter(|nested| !nested.ignored.is_empty()).map(|nested| (nested.config.path(), nested)).collect();
        let note = |(path, nested): (&str, &Nested)| {
            let (sections, is) = (nested.ignored.join(", "), if nested.ignored.len() == 1 { "is" } else { "are" });
            format!(
                "{path}: {sections} {is} not used: only [input] is taken from a configuration that is not at or above the \
                 working directory; name it with --config to use all of it"
            )
        };
        with_more.into_iter().map(note).collect()
    }
}

/// That files were left out which may hold logs, by the ends of their names, the most frequent first.
fn doubtful(paths: &[String]) -> Option<String> {
    /// Endings that are named.
    const NAMED: usize = 5;
    let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths {
        *endings.entry(model::ending(path.rsplit('/').next().unwrap_or(path))).or_default() += 1;
    }
    let mut endings: Vec<(&str, usize)> = endings.into_iter().collect();
    endings.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut named: Vec<String> =
        endings.iter().take(NAMED).map(|(ending, count)| format!("{count} {ending}")).collect();
    if endings.len() > NAMED {
        named.push("others".to_owned());
    }
    let files = match paths.len() {
        0 => return None,
        1 => "1 file that may hold a log was".to_owned(),
        count => format!("{count} files that may hold logs were"),
    };
    let named = named.join(", ");
    Some(format!("{files} not read ({named}): unpack or rename what has to be audited; -v names each"))
}

/// What this program wrote an input as, if it did.
fn written_by_us(input: &Input) -> Option<Own> {
    /// Enough for the first keys of every form.
    const HEAD: usize = 4 << 10;
    input.file_head(HEAD).and_then(|head| Own::of(&head))
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

/// The files of inputs.
pub(super) fn files(opened: &[RecognisedInput]) -> Vec<FileReport> {
    let describe = |opened: &RecognisedInput| FileReport {
        path: opened.input.path.clone(),
        bytes: opened.stored,
        sha256: opened.input.sha256(),
        model: opened.model(),
    };
    opened.iter().map(describe).collect()
}
