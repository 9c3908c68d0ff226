//! retally audits the logs of language-model evaluations: it re-derives every reported number from the
//! tokens beneath it and says of each whether it is proven, refuted (and by which formula it was really
//! computed) or unprovable (and which field to log so that it is not).
//!
//! The stages are the modules, and data goes one way through them: [`source`] → [`mod@format`] → [`audit`] →
//! [`tally`] → [`conclude`] → [`report`]. [`check`] joins them; [`gate`] says what of a report fails.

pub mod audit;
pub mod cli;
pub mod conclude;
pub mod config;
pub mod derive;
pub mod engine;
pub mod format;
pub mod formula;
pub mod gate;
pub mod init;
pub mod metric;
pub mod model;
pub mod numeric;
pub mod parts;
pub mod report;
pub mod rules;
pub mod run;
pub mod score;
pub mod source;
pub mod tally;
pub mod trace;

use std::path::{Path, PathBuf};

use conclude::ConcludeInput;
use config::Config;
use engine::{RecognisedInput, Settings};
use parts::{AuditPlan, Part, PartError};
use report::{InputError, InputReport, Report};
use source::{ByteRange, SourceError};

/// What to audit and how.
#[derive(Clone, Default)]
pub struct Options {
    /// Files, directories, globs, or `-`.
    pub paths: Vec<String>,
    /// The format's name; None to detect it.
    pub input_format: Option<String>,
    /// Files that are not inputs although a directory of the inputs may contain them: a baseline, reports.
    pub leave_out: Vec<PathBuf>,
    /// What the user says of inputs, conventions and levels.
    pub config: Config,
    /// Threads, units, tolerance, progress.
    pub settings: Settings,
}

/// RecognisedInput inputs and what could not be opened.
pub struct Inputs {
    /// Recognised inputs, in the order of their paths.
    pub opened: Vec<RecognisedInput>,
    /// The rest.
    pub errors: Vec<InputError>,
}

impl Inputs {
    /// Keeps only the lines that start in a range of bytes of the one input.
    pub fn restrict(&mut self, start: u64, end: Option<u64>) -> Result<(), SourceError> {
        let [input] = self.opened.as_mut_slice() else {
            return Err(SourceError::OneInput { found: self.opened.len() });
        };
        let size = input.input.size().filter(|_| input.reader.framing() == format::Framing::Lines);
        let path = input.input.path.clone();
        let Some(size) = size else { return Err(SourceError::NoRange { path }) };
        input.range = Some(ByteRange { start: start.min(size), end: end.unwrap_or(size).min(size), size });
        Ok(())
    }
}

/// Finds, opens and recognises the inputs.
#[must_use]
pub fn open(options: &Options) -> Inputs {
    let discovery = source::discover(&options.paths);
    let named: Vec<&str> = options.paths.iter().map(|path| source::shown(path)).collect();
    // A file in a directory that is not a log is only noted; a named input must be usable, and a log that
    // is recognised yet cannot be read may not be passed over.
    let whole = |path: String, reason: String, recognised: bool| {
        let fatal = recognised || named.contains(&path.as_str());
        InputError { path, line: 0, column: 0, reason, fatal }
    };
    let mut errors: Vec<InputError> = discovery
        .errors
        .iter()
        .map(|error| whole(error.path().unwrap_or_default().to_owned(), error.to_string(), true))
        .collect();
    let mut opened = Vec::new();
    let mut passed_over = false;
    let own: Vec<PathBuf> = options.leave_out.iter().filter_map(|path| path.canonicalize().ok()).collect();
    for input in discovery.inputs {
        let path = input.path.clone();
        if !own.is_empty() && Path::new(&path).canonicalize().is_ok_and(|path| own.contains(&path)) {
            continue;
        }
        match engine::open(input, &options.config.input(&path), options.input_format.as_deref()) {
            Ok(Ok(input)) => opened.push(input),
            // A text in a directory is mostly no log, and nobody said that it is one.
            Ok(Err(unknown)) if !unknown.recognised && source::is_text(&path) && !named.contains(&path.as_str()) => {
                passed_over = true;
            }
            Ok(Err(unknown)) => errors.push(whole(unknown.path, unknown.message, unknown.recognised)),
            Err(error) => errors.push(whole(path, error.to_string(), true)),
        }
    }
    if passed_over && opened.is_empty() && errors.is_empty() {
        let error = source::SourceError::EmptyDirectory { path: options.paths.first().cloned().unwrap_or_default() };
        errors.push(whole(error.path().unwrap_or_default().to_owned(), error.to_string(), true));
    }
    errors.sort_by(|a, b| (&a.path, a.line, &a.reason).cmp(&(&b.path, b.line, &b.reason)));
    Inputs { opened, errors }
}

/// Audits the inputs and concludes.
#[must_use]
pub fn check(inputs: Inputs, settings: &Settings) -> Report {
    let audited = engine::run(&inputs.opened, settings);
    let described = describe(inputs.opened.iter(), &audited.tally);
    let context = ConcludeInput {
        inputs: described,
        runs: audited.runs,
        plans: &audited.plans,
        errors: inputs.errors,
        levels: &settings.levels,
    };
    conclude::conclude(audited.tally, &context)
}

/// Audits the inputs as a part of a larger audit, to be merged with others: under the plan that they call for, or under one
/// that is given.
pub fn part(inputs: Inputs, plan: Option<&AuditPlan>, settings: &Settings) -> Result<Part, PartError> {
    let (tally, plans) = match plan {
        None => {
            let audited = engine::run(&inputs.opened, settings);
            (audited.tally, audited.plans)
        }
        Some(plan) => {
            let of = |input: &RecognisedInput| plan.of(&input.input.path, input.reader.columns());
            let plans = inputs.opened.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            (engine::run_under(&inputs.opened, &plans, settings), plans)
        }
    };
    let described = describe(inputs.opened.iter(), &tally);
    let mut files = tally.files;
    let audited = inputs.opened.iter().zip(plans).zip(described).zip(0_u32..).map(|(((input, plan), report), at)| {
        let tally = files.remove(&at).unwrap_or_default();
        parts::Audited { report, identity: input.identity(), range: input.range, plan, tally }
    });
    Ok(Part::new(audited.collect(), inputs.errors))
}

/// An audit of logs that are still being written.
pub struct Watch {
    options: Options,
    following: engine::Following,
    errors: Vec<InputError>,
}

impl Watch {
    /// Begins to watch; nothing is read yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, following: engine::Following::default(), errors: Vec::new() }
    }

    /// Reads what is new; says whether anything was.
    pub fn look(&mut self) -> bool {
        let inputs = open(&self.options);
        let other_errors = inputs.errors != self.errors;
        self.errors = inputs.errors;
        self.following.look(inputs.opened, &self.options.settings) || other_errors
    }

    /// The report on what was read so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let audited = self.following.audited();
        let inputs = describe(self.following.opened(), &audited.tally);
        let levels = &self.options.settings.levels;
        let runs = audited.runs;
        let context = ConcludeInput { inputs, runs, plans: &audited.plans, errors: self.errors.clone(), levels };
        conclude::conclude(audited.tally, &context)
    }

    /// Reads what is left: the report that [`check`] gives on the same bytes.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.look();
        self.following.finish(&self.options.settings);
        self.report()
    }
}

/// The report of several parts: the same as of one audit of all their inputs.
pub fn merge(parts: Vec<Part>, settings: &Settings) -> Result<Report, PartError> {
    parts::merge(parts, &settings.levels)
}

/// What the report says of the inputs.
fn describe<'o>(opened: impl Iterator<Item = &'o RecognisedInput>, tally: &tally::Tally) -> Vec<InputReport> {
    let records = |at: usize| u32::try_from(at).ok().and_then(|at| tally.files.get(&at)).map_or(0, |file| file.records);
    let describe = |(at, opened): (usize, &RecognisedInput)| InputReport {
        path: opened.input.path.clone(),
        format: opened.format.to_owned(),
        format_version: opened.reader.version(),
        records: records(at),
    };
    opened.enumerate().map(describe).collect()
}
