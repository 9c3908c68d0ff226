//! An audit from its inputs and configuration to its report.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::conclude::{self, ConcludeInput};
use crate::config::Config;
use crate::engine::{self, Audited, Progress, RecognisedInput, Settings, SharedColumns, Tell, UNIT_BYTES, UNPACKED};
use crate::facade::{Error, Inputs, inputs};
use crate::format;
use crate::numeric::Tolerance;
use crate::parts::{self, AuditPlan, Part};
use crate::report::{InputError, InputReport, Report};
use crate::source::{Input, MAX_RECORD};
use crate::tally::Kept;

/// Most worker threads; a system refuses to start many more.
const MAX_THREADS: usize = 1_024;

/// An audit: what to read, and how. It can be run any number of times.
///
/// ```
/// use retally::gate::{Gate, Outcome};
/// use retally::{Audit, Config, Input};
///
/// let log = br#"{"item": "q0", "tokens": ["A", " dog"], "logprobs": [-0.5, -2.25], "score": -1.375}"#;
/// let config = Config::default();
/// let mut report = Audit::new(config.clone()).input(Input::bytes("scores.jsonl", &log[..])).run()?;
/// assert_eq!(report.gate(&Gate::new(config)), Outcome::Failed);
/// # Ok::<(), retally::Error>(())
/// ```
#[derive(Clone)]
pub struct Audit {
    config: Config,
    paths: Vec<String>,
    given: Vec<Input>,
    format: Option<String>,
    excluded: Vec<PathBuf>,
    threads: Option<usize>,
    unit_bytes: usize,
    tolerance: Option<f64>,
    exact_digits: bool,
    max_record: Option<usize>,
    describes_files: bool,
    progress: Option<Tell>,
}

impl Audit {
    /// An audit under a configuration, of no inputs yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            paths: Vec::new(),
            given: Vec::new(),
            format: None,
            excluded: Vec::new(),
            threads: None,
            unit_bytes: UNIT_BYTES,
            tolerance: None,
            exact_digits: false,
            max_record: None,
            describes_files: false,
            progress: None,
        }
    }

    /// Adds files, directories and globs; `-` is standard input.
    #[must_use]
    pub fn inputs(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        for path in paths.into_iter().map(Into::into) {
            if path != "-" {
                self.paths.push(path);
            } else if self.given.iter().all(|input| input.path != Input::STDIN) {
                self.given.push(Input::stdin());
            }
        }
        self
    }

    /// Adds bytes in memory or a stream.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.given.push(input);
        self
    }

    /// Sets the name of the log format of all inputs; by default it is recognised.
    #[must_use]
    pub fn format(mut self, name: impl Into<String>) -> Self {
        self.format = Some(name.into());
        self
    }

    /// Leaves out files that may lie in an input directory without being inputs, such as a baseline.
    #[must_use]
    pub fn exclude(mut self, paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.excluded.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sets the number of worker threads; by default one per core, at least 1 and at most 1,024. The report does not
    /// depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets the size of the pieces, in bytes, that a large input is audited in. The report does not depend on it.
    #[must_use]
    pub fn unit_bytes(mut self, bytes: usize) -> Self {
        self.unit_bytes = bytes;
        self
    }

    /// Sets the tolerance that is added to the bound of every claim, absolute; by default the configuration's.
    #[must_use]
    pub fn tolerance(mut self, absolute: f64) -> Self {
        self.tolerance = Some(absolute);
        self
    }

    /// Takes the numbers beneath a claim for what is printed of them: as they are in an example that was typed by hand. By
    /// default the configuration says so, or digits beyond the printed ones are left open.
    #[must_use]
    pub fn exact_digits(mut self, exact: bool) -> Self {
        self.exact_digits = exact;
        self
    }

    /// Sets the size of the longest record, in bytes; by default the configuration's, or 256 MiB. A longer record is an error
    /// of its log, and the rest is audited. Memory grows with the longest record.
    #[must_use]
    pub fn max_record(mut self, bytes: usize) -> Self {
        self.max_record = Some(bytes.max(1));
        self
    }

    /// Adds the size, the SHA-256 digest and the model of each file to the report, for a reader who has only the report. Each
    /// file is read once more for its digest.
    #[must_use]
    pub fn describe_files(mut self, describe: bool) -> Self {
        self.describes_files = describe;
        self
    }

    /// Whether files are described.
    pub(super) fn describes_files(&self) -> bool {
        self.describes_files
    }

    /// Calls back with the number of unpacked bytes that were read since the last call, from any worker thread.
    #[must_use]
    pub fn progress(self, callback: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.passes(move |progress| {
            if let Progress::Read { bytes, .. } = progress {
                callback(bytes);
            }
        })
    }

    /// Calls back when a pass over the inputs begins and when bytes of one were read, from any worker thread. Replaces
    /// [`Audit::progress`].
    #[must_use]
    pub fn passes(mut self, callback: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(callback));
        self
    }

    /// The same audit under another configuration.
    #[must_use]
    pub fn with_config(&self, config: Config) -> Self {
        Self { config, ..self.clone() }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Audits the inputs.
    pub fn run(&self) -> Result<Report, Error> {
        Ok(self.run_on(self.open()?))
    }

    /// Finds, opens and recognises the inputs without auditing them.
    pub fn open(&self) -> Result<Inputs, Error> {
        self.validate()?;
        let mut inputs = self.find();
        if let Some(error) = inputs.undeclared.take() {
            return Err(error.into());
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = inputs.opened.iter().find(|opened| !seen.insert(opened.input.path.as_str())) {
            return Err(Error::SameName(twice.input.path.clone()));
        }
        Ok(inputs)
    }

    /// Audits inputs that [`Audit::open`] gave.
    #[must_use]
    pub fn run_on(&self, inputs: Inputs) -> Report {
        let audited = engine::run(&inputs.opened, &self.settings());
        let mut inputs = inputs;
        inputs.see_shorter();
        let described = inputs::describe(inputs.opened.iter(), &audited.tally);
        let files = if self.describes_files { inputs::files(&inputs.opened) } else { Vec::new() };
        Report { files, ..self.conclude(audited, described, inputs.errors) }
    }

    /// The report on what the passes gave.
    pub(super) fn conclude(&self, audited: Audited, inputs: Vec<InputReport>, errors: Vec<InputError>) -> Report {
        let Audited { tally, plans, runs, .. } = audited;
        let (catalogue, levels) = (&self.config.catalogue, &self.config.levels);
        conclude::conclude(tally, &ConcludeInput { inputs, runs, plans: &plans, errors, catalogue, levels })
    }

    /// Audits inputs that [`Audit::open`] gave as a part of a larger audit, to be merged with others: under the plan that
    /// they call for, or under one that is given.
    pub fn part(&self, inputs: Inputs, plan: Option<&AuditPlan>) -> Result<Part, Error> {
        let settings = self.settings();
        let (tally, plans) = match plan {
            None => {
                let audited = engine::run(&inputs.opened, &settings);
                (audited.tally, audited.plans)
            }
            Some(plan) => {
                let of = |input: &RecognisedInput| plan.of(&input.input.path, input.reader.columns());
                let plans = inputs.opened.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                (engine::run_under(&inputs.opened, &plans, &settings), plans)
            }
        };
        let mut inputs = inputs;
        inputs.see_shorter();
        let described = inputs::describe(inputs.opened.iter(), &tally);
        let mut shared = SharedColumns::default();
        let mut files = tally.files;
        let audited = inputs.opened.iter().zip(plans).zip(described).zip(0_u32..);
        let audited = audited.map(|(((input, plan), report), at)| {
            let tally = files.remove(&at).map(Kept::into_tally).unwrap_or_default();
            parts::Audited { report, identity: input.identity(&mut shared), range: input.range, plan, tally }
        });
        Ok(Part::new(audited.collect(), inputs.errors))
    }

    /// The plan that the first rows of inputs call for: what their parts can be audited under, each input in any of them.
    ///
    /// Of a log of one record per line, the first 256 KiB are read; anything else is read as a whole.
    #[must_use]
    pub fn plan(&self, inputs: &Inputs) -> AuditPlan {
        let plans = engine::plans_of_heads(&inputs.opened, &self.settings());
        AuditPlan::new(inputs.opened.iter().map(|input| input.input.path.as_str()).zip(&plans))
    }

    /// Rejects settings that cannot be used, before any input is looked at.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        format::native::check(&self.config)?;
        if let Some(name) = &self.format
            && !format::all().any(|format| format.name() == name)
        {
            return Err(engine::UnknownFormat { name: name.clone() }.into());
        }
        match self.tolerance {
            Some(tolerance) if !(tolerance.is_finite() && tolerance >= 0.0) => Err(Error::Tolerance(tolerance)),
            _ => Ok(()),
        }
    }

    /// The paths as given.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The first input that is not a path.
    pub(super) fn first_given(&self) -> Option<&Input> {
        self.given.first()
    }

    pub(super) fn find(&self) -> Inputs {
        inputs::find(&inputs::Wanted {
            paths: &self.paths,
            given: &self.given,
            format: self.format.as_deref(),
            excluded: &self.excluded,
            max_record: self.max_record.or(self.config.max_record).unwrap_or(MAX_RECORD),
            config: &self.config,
        })
    }

    pub(super) fn settings(&self) -> Settings {
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        Settings {
            threads: self.threads.unwrap_or_else(cores).clamp(1, MAX_THREADS),
            unit_bytes: self.unit_bytes.max(1),
            unpacked: UNPACKED,
            tolerance: Tolerance {
                absolute: self.tolerance.unwrap_or(self.config.tolerance.absolute),
                exact_digits: self.exact_digits || self.config.tolerance.exact_digits,
            },
            catalogue: self.config.catalogue.clone(),
            progress: self.progress.clone(),
        }
    }
}

/// The report of an audit that was done in parts: the same as of one audit of all their inputs.
pub fn merge(parts: Vec<Part>, config: &Config) -> Result<Report, Error> {
    Ok(parts::merge(parts, config)?)
}
