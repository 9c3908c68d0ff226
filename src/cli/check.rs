//! `retally check`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::files::Cleared;
use crate::cli::progress::Line;
use crate::cli::verdict::{Verdict, exit_code};
use crate::cli::{Failure, files, guard, outputs, quoted};
use crate::error::ConfigError;
use crate::gate::{Baseline, Gate, Outcome};
use crate::input::Inputs;
use crate::items::Rows;
use crate::parts::AuditPlan;
use crate::report::rows::RowsFormat;
use crate::report::text::Detail;
use crate::report::visible;
use crate::{Audit, Config, Error};

/// Most worker threads: more than any machine has cores, and fewer than a system lets a process start.
const MAX_THREADS: usize = 1_024;

/// What to audit and how.
#[derive(clap::Args)]
pub(super) struct Source {
    /// Files, directories, globs, or - for standard input.
    #[arg(default_value = ".")]
    pub(super) paths: Vec<String>,
    /// Log format (default: auto-detect).
    #[arg(long, value_name = "NAME")]
    input_format: Option<String>,
    /// Configuration file (default: the nearest retally.toml at or above the working directory).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the printed numbers as exact: no digits beyond them were rounded away, as in an example typed by hand.
    #[arg(long)]
    exact_digits: bool,
    /// Longest record, such as 1GiB (default: 256 MiB). A longer one is an error, and the rest of its log is audited.
    #[arg(long, value_name = "SIZE", value_parser = crate::config::bytes)]
    max_record: Option<usize>,
    /// Worker threads (default: one per core).
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
}

/// What to audit, under which gate, and where to report.
#[derive(clap::Args)]
pub(super) struct Gated {
    #[command(flatten)]
    pub(super) source: Source,
    /// Enable only these rules (codes or prefixes such as RT2).
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Disable these rules (codes or prefixes such as RT2).
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    #[command(flatten)]
    pub(super) verdict: Verdict,
    #[command(flatten)]
    pub(super) outputs: outputs::Outputs,
}

/// Arguments of `check`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    gated: Gated,
    #[command(flatten)]
    amount: Amount,
    /// Print the files that would be audited with their formats, and stop.
    #[arg(long)]
    show_files: bool,
    /// Print the settings in effect with where each comes from, and stop.
    #[arg(long, conflicts_with = "show_files")]
    show_settings: bool,
    /// Write the audit's tally to a file, to be merged with those of other machines by `retally merge`; with -, to standard
    /// output in place of the report.
    #[arg(long, value_name = "FILE")]
    tally: Option<PathBuf>,
    /// Also write every row that shows a finding to a table, such as rows.csv or rows.parquet.
    #[arg(long, value_name = "FILE", value_parser = table, conflicts_with = "tally")]
    rows: Option<Table>,
    /// Audit under this plan, written by `retally init --plan` or `merge --plan`, in place of the one that these inputs alone call for.
    #[arg(long, value_name = "FILE", requires = "tally")]
    plan: Option<PathBuf>,
    /// Audit only the lines that start in this byte range (START..END) of the one input, a plain file of lines.
    #[arg(long, value_name = "RANGE", requires = "tally")]
    bytes: Option<Bytes>,
}

/// How much the text report says.
#[derive(clap::Args)]
struct Amount {
    /// Also print the detected formats, the mapped fields, each claim, what to log, and findings in the baseline.
    #[arg(short, long)]
    verbose: bool,
    /// Print only findings and errors.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// In place of the findings, print how many there are of each rule, and the verdicts on each claim.
    #[arg(long, conflicts_with_all = ["verbose", "quiet"])]
    statistics: bool,
}

impl Amount {
    fn detail(&self) -> Detail {
        if self.statistics { Detail::Statistics } else { Detail::of(self.quiet, self.verbose) }
    }
}

/// A table of rows to write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    path: PathBuf,
    format: RowsFormat,
}

/// Parses the path of a table; its ending says the form.
fn table(text: &str) -> Result<Table, String> {
    let format = RowsFormat::of(text).ok_or("expected a file name that ends in .csv or .parquet")?;
    Ok(Table { path: PathBuf::from(text), format })
}

impl Table {
    fn write(&self, rows: &Rows, to: &Cleared) -> Result<(), String> {
        let failed = |error: io::Error| format!("cannot write {}: {error}", self.path.display());
        to.write_with(&self.path, |file| {
            self.format.write(rows.failed(), file)?;
            rows.intact().map_err(io::Error::other)
        })
        .map_err(failed)
    }
}

/// A range of bytes as given: START..END, or START.. to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bytes {
    start: u64,
    end: Option<u64>,
}

impl std::str::FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected START..END in bytes, such as 0..1048576, found {text:?}");
        let (start, end) = text.split_once("..").ok_or_else(expected)?;
        let start = start.parse().map_err(|_| expected())?;
        let end = if end.is_empty() { None } else { Some(end.parse().map_err(|_| expected())?) };
        if end.is_some_and(|end| end < start) { Err(expected()) } else { Ok(Self { start, end }) }
    }
}

/// Parses a number of threads.
fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MAX_THREADS).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {MAX_THREADS}"))
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    // Whatever can be wrong with the arguments and the configuration is said before anything is removed or written.
    let tally = args.tally.as_deref().filter(|path| *path != Path::new("-"));
    let others: Vec<&Path> = tally.into_iter().chain(args.rows.as_ref().map(|rows| rows.path.as_path())).collect();
    let mut audit = args.gated.audit(&others)?;
    let gate = args.gated.gate(&audit, args.gated.verdict.baseline()?);
    let plan = args.plan.as_deref().map(plan).transpose()?;
    if args.show_files {
        let inputs = audit.open()?;
        super::note(inputs.notes());
        super::print(files_of(&inputs).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.show_settings {
        super::print(settings_of(&args.gated, audit.config()).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let cleared = args.gated.clear(audit.config(), &others, args.plan.as_deref())?;
    let mut inputs = audit.open()?;
    if let Some(bytes) = args.bytes {
        inputs.restrict(bytes.start, bytes.end)?;
    }
    super::note(inputs.notes());
    if args.amount.verbose {
        // Standard error may be closed; the report must still be written.
        let _ = io::stderr().write_all(recognised(&inputs, audit.config()).as_bytes());
    }
    let reads_again = args.rows.is_some() || args.gated.outputs.has_page();
    let line = if args.amount.quiet { None } else { Line::new(&args.gated.outputs, 1 + u32::from(reads_again)) };
    if let Some(line) = &line {
        audit = audit.passes(line.callback());
    }
    audit = audit.describe_files(args.gated.outputs.has_page());
    let mut tallied = Vec::new();
    let mut rows = None;
    let mut report = match &args.tally {
        Some(_) => {
            let part = audit.part(inputs, plan.as_ref())?;
            part.write(&mut tallied).map_err(|error| format!("cannot write the tally: {error}"))?;
            part.report(audit.config())
        }
        None if reads_again => {
            let (report, found) = audit.run_with_rows(inputs);
            rows = Some(found);
            report
        }
        None => audit.run_on(inputs),
    };
    if let Some(line) = line {
        line.clear();
    }
    let outcome = report.gate(&gate);
    super::say_undone(&report, outcome, &args.gated.outputs);
    let to = (outcome != Outcome::Undone).then_some(&cleared);
    // Of a part that was read to its end and has nothing to audit: the others of the whole may have.
    let is_read = outcome != Outcome::Undone || !report.errors.iter().any(|error| error.fatal);
    let to_tally = is_read.then_some(&cleared);
    if let (Some(path), Some(to)) = (tally, to_tally) {
        to.write(path, &tallied).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    if let (Some(wanted), Some(rows), Some(to)) = (&args.rows, &rows, to) {
        wanted.write(rows, to)?;
    }
    let mut with = args.gated.outputs.rendering(audit.config(), args.gated.command("check"));
    with.style.detail = args.amount.detail();
    if args.tally.as_deref() == Some(Path::new("-")) {
        args.gated.outputs.write_files(&report, &with, to)?;
        if to_tally.is_some() {
            io::stdout().write_all(&tallied).map_err(|error| format!("cannot write the tally: {error}"))?;
        }
    } else {
        args.gated.outputs.write(&report, &with, to)?;
    }
    Ok(ExitCode::from(exit_code(outcome)))
}

/// Reads a plan.
fn plan(path: &Path) -> Result<AuditPlan, String> {
    let bytes = files::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    AuditPlan::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

impl Gated {
    /// Removes older reports, once nothing is found that the new ones would destroy.
    pub(super) fn clear(&self, config: &Config, others: &[&Path], plan: Option<&Path>) -> Result<Cleared, String> {
        let mut used = self.verdict.used();
        used.extend((!config.is_empty()).then(|| ("configuration", PathBuf::from(config.path()))));
        used.extend(plan.map(|plan| ("plan", plan.to_path_buf())));
        self.outputs.clear(&self.source.paths, used, others, None)
    }

    /// The audit that the arguments describe. The command's own files are not inputs.
    pub(super) fn audit(&self, others: &[&Path]) -> Result<Audit, Error> {
        let config = self.source.config()?.select(&self.select)?.ignore(&self.ignore)?;
        let own = self.verdict.path().map(PathBuf::as_path).into_iter().chain(others.iter().copied());
        let audit = self.source.audit(config).exclude(self.outputs.paths().chain(own));
        audit.validate()?;
        Ok(audit)
    }

    /// The gate of the audit's report.
    pub(super) fn gate(&self, audit: &Audit, baseline: Option<Baseline>) -> Gate {
        self.verdict.gate(audit.config(), baseline, self.source.words(&["baseline", "prune"]))
    }

    /// The settings that the command line gives, by name.
    fn given(&self) -> Vec<(&'static str, String)> {
        let source = &self.source;
        let mut given = Vec::new();
        let quoted = |text: &str| format!("{text:?}");
        given.extend(source.input_format.as_deref().map(|name| ("input.format", quoted(name))));
        given.extend(source.max_record.map(|size| ("limits.max-record", quoted(&format!("{size}B")))));
        given.extend(source.exact_digits.then(|| ("tolerance.digits", quoted("exact"))));
        given.extend(source.threads.map(|threads| ("threads", threads.to_string())));
        given.extend((!self.select.is_empty()).then(|| ("select", self.select.join(", "))));
        given.extend((!self.ignore.is_empty()).then(|| ("ignore", self.ignore.join(", "))));
        given.extend(self.verdict.given());
        given.extend(self.outputs.anchor.as_deref().map(|anchor| ("report.anchor", quoted(anchor))));
        given
    }

    /// The command line that reproduces the report.
    pub(super) fn command(&self, name: &str) -> String {
        let mut words = self.source.words(&[name]);
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        if !self.select.is_empty() {
            option("select", &self.select.join(","));
        }
        if !self.ignore.is_empty() {
            option("ignore", &self.ignore.join(","));
        }
        words.extend(self.verdict.words());
        words.join(" ")
    }
}

impl Source {
    /// The words of a command line for the same audit.
    fn words(&self, command: &[&str]) -> Vec<String> {
        let mut words = vec!["retally".to_owned()];
        words.extend(command.iter().map(ToString::to_string));
        words.extend(self.paths.iter().map(|path| quoted(path)));
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        if let Some(path) = &self.config {
            option("config", &path.to_string_lossy());
        }
        if let Some(format) = &self.input_format {
            option("input-format", format);
        }
        if self.exact_digits {
            words.push("--exact-digits".to_owned());
        }
        words
    }

    /// Rejects an output file that is an input.
    pub(super) fn refuse_input(&self, path: &Path) -> Result<(), String> {
        guard::refuse_input(path, &self.paths)
    }

    /// The configuration that was named, or the nearest one.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        match &self.config {
            Some(path) => Config::read(path),
            None => Config::find(),
        }
    }

    /// The audit under a configuration.
    pub(super) fn audit(&self, config: Config) -> Audit {
        let mut audit = Audit::new(config).inputs(&self.paths).exact_digits(self.exact_digits);
        if let Some(name) = &self.input_format {
            audit = audit.format(name);
        }
        if let Some(bytes) = self.max_record {
            audit = audit.max_record(bytes);
        }
        match self.threads {
            Some(threads) => audit.threads(threads),
            None => audit,
        }
    }
}

/// A line per setting: its name, its value, and where it comes from.
fn settings_of(gated: &Gated, config: &Config) -> String {
    let mut settings: Vec<[String; 3]> = config
        .settings()
        .into_iter()
        .map(|own| {
            let from = own.line.map_or_else(|| "default".to_owned(), |line| format!("{}:{line}", config.path()));
            [own.name, own.value, from].map(|text| visible(&text).into_owned())
        })
        .collect();
    for (name, value) in gated.given() {
        settings.retain(|[known, ..]| known != name);
        settings.push([name.to_owned(), visible(&value).into_owned(), "command line".to_owned()]);
    }
    settings.sort();
    let width = |at: usize| settings.iter().map(|own| own[at].chars().count()).max().unwrap_or(0);
    let (names, values) = (width(0), width(1));
    let line = |[name, value, from]: &[String; 3]| format!("{name:names$}  {value:values$}  {from}\n");
    settings.iter().map(line).collect::<Vec<_>>().concat()
}

/// A line per file: its path and format, or why it is not read.
fn files_of(inputs: &Inputs) -> String {
    let read = inputs.recognised().map(|input| format!("{}: {}\n", visible(&input.path), input.format));
    let skipped = inputs.skipped().map(|(path, what)| format!("{}: skipped ({what})\n", visible(path)));
    let refused = inputs
        .errors()
        .iter()
        .map(|error| format!("{}: not read ({})\n", visible(&error.path), visible(&error.reason)));
    read.chain(skipped).chain(refused).collect()
}

/// The detected format of each input and the roles of its fields.
pub(super) fn recognised(inputs: &Inputs, config: &Config) -> String {
    let mut lines = Vec::new();
    if !config.is_empty() {
        lines.push(format!("configuration {}", visible(config.path())));
    }
    for input in inputs.recognised() {
        let path = visible(&input.path);
        let version = input.version.map_or_else(String::new, |version| format!(" {}", visible(&version)));
        let container = input.container.map_or_else(String::new, |container| format!("{container}: "));
        lines.push(format!("{path}: {container}{}{version} ({})", input.format, visible(&input.evidence)));
        lines.extend(input.conventions.iter().map(|line| format!("  {}", visible(line))));
        let width = input.fields.iter().map(|(role, _)| role.chars().count()).max().unwrap_or(0);
        lines.extend(input.fields.iter().map(|(role, field)| format!("  {role:width$}  {}", visible(field))));
    }
    lines.extend(inputs.skipped().map(|(path, what)| format!("{}: skipped ({what})", visible(path))));
    lines.push(String::new());
    lines.push(String::new());
    lines.join("\n")
}
