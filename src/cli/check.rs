//! `retally check`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::style::is_utf8;
use crate::cli::verdict::{UNUSABLE, Verdict};
use crate::cli::{files, outputs, quoted};
use crate::config::{self, Config, Levels};
use crate::engine::Settings;
use crate::gate::Baseline;
use crate::parts::AuditPlan;
use crate::report::text::Detail;
use crate::report::{Report, visible};
use crate::source::Packing;
use crate::{Inputs, Options, engine, format};

/// Work that takes less than this shows no progress bar.
const LONG: Duration = Duration::from_millis(500);

/// What to audit and how.
#[derive(clap::Args)]
pub(super) struct Audit {
    /// Files, directories, globs, or - for standard input.
    #[arg(default_value = ".")]
    pub(super) paths: Vec<String>,
    /// Log format (default: auto-detect).
    #[arg(long, value_name = "NAME")]
    input_format: Option<String>,
    /// Configuration file (default: the nearest retally.toml at or above the first input).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Worker threads (default: one per core).
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// What to audit, under which gate, and where to report.
#[derive(clap::Args)]
pub(super) struct Gated {
    #[command(flatten)]
    pub(super) audit: Audit,
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
    /// Show the detected formats, the mapped fields and findings in the baseline.
    #[arg(short, long)]
    verbose: bool,
    /// Print only findings and errors.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Write the audit's tally to a file, to be merged with those of other machines by `retally merge`; with -, to standard
    /// output in place of the report.
    #[arg(long, value_name = "FILE")]
    tally: Option<PathBuf>,
    /// Audit under this plan, written by `retally merge --plan`, in place of the one that these inputs alone call for.
    #[arg(long, value_name = "FILE", requires = "tally")]
    plan: Option<PathBuf>,
    /// Audit only the lines that start in this byte range (START..END) of the one input, a plain file of lines.
    #[arg(long, value_name = "RANGE", requires = "tally")]
    bytes: Option<Bytes>,
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

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    args.gated.refuse_own_files(args.tally.as_deref())?;
    audit(args).inspect_err(|_| {
        args.gated.outputs.discard();
        // Report the original failure, not this one.
        let _ = args.tally.as_deref().filter(|path| *path != Path::new("-")).map(files::remove);
    })
}

fn audit(args: &Args) -> Result<ExitCode, String> {
    let options = args.gated.options(args.tally.as_deref())?;
    let baseline = args.gated.verdict.baseline()?;
    let mut inputs = crate::open(&options);
    if let Some(bytes) = args.bytes {
        inputs.restrict(bytes.start, bytes.end).map_err(|error| error.to_string())?;
    }
    if args.verbose {
        // Standard error may be closed; the report must still be written.
        let _ = io::stderr().write_all(recognised(&inputs, &options.config).as_bytes());
    }
    let bar = if args.quiet { None } else { progress(&args.gated.outputs) };
    let mut settings = options.settings;
    settings.progress = bar.as_ref().map(Bar::callback);
    let mut tally = Vec::new();
    let mut report = match &args.tally {
        Some(_) => {
            let plan = args.plan.as_deref().map(plan).transpose()?;
            let part = crate::part(inputs, plan.as_ref(), &settings).map_err(|error| error.to_string())?;
            part.write(&mut tally).map_err(|error| format!("cannot write the tally: {error}"))?;
            part.report(&settings.levels)
        }
        None => crate::check(inputs, &settings),
    };
    if let Some(bar) = bar {
        bar.bar.finish_and_clear();
    }
    let code = args.gated.judge(&mut report, &options.config, &settings.levels, baseline.as_ref());
    if let Some(path) = args.tally.as_deref().filter(|path| *path != Path::new("-")) {
        let done = if code == UNUSABLE { files::remove(path) } else { files::write(path, &tally) };
        done.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let mut with = args.gated.outputs.rendering(&options.config, args.gated.command("check"));
    with.style.detail = Detail::of(args.quiet, args.verbose);
    if args.tally.as_deref() == Some(Path::new("-")) {
        args.gated.outputs.write_files(&report, &with, code != UNUSABLE)?;
        if code != UNUSABLE {
            io::stdout().write_all(&tally).map_err(|error| format!("cannot write the tally: {error}"))?;
        }
    } else {
        args.gated.outputs.write(&report, &with, code != UNUSABLE)?;
    }
    Ok(ExitCode::from(code))
}

/// Reads a plan.
fn plan(path: &Path) -> Result<AuditPlan, String> {
    let bytes = files::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    AuditPlan::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

impl Gated {
    /// Rejects output files that are inputs or named twice.
    pub(super) fn refuse_own_files(&self, tally: Option<&Path>) -> Result<(), String> {
        let tally = tally.filter(|path| *path != Path::new("-"));
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let given = self.verdict.path().map(|path| shown(path)).into_iter().chain(tally.map(shown));
        self.outputs.check(&self.audit.paths.iter().cloned().chain(given).collect::<Vec<_>>())?;
        tally.map_or(Ok(()), |path| self.audit.refuse_input(path))
    }

    /// Converts arguments and configuration to library options. The command's own files are not inputs.
    pub(super) fn options(&self, tally: Option<&Path>) -> Result<Options, String> {
        let mut options = self.audit.options()?;
        let own = self.verdict.path().map(PathBuf::as_path).into_iter().chain(tally);
        options.leave_out = self.outputs.paths().chain(own).map(Path::to_path_buf).collect();
        let levels = options.settings.levels;
        options.settings.levels = levels.select(config::codes(&self.select)?).ignore(config::codes(&self.ignore)?);
        Ok(options)
    }

    /// Judges a report and returns the exit code.
    pub(super) fn judge(
        &self,
        report: &mut Report,
        config: &Config,
        levels: &Levels,
        baseline: Option<&Baseline>,
    ) -> u8 {
        let prune = self.audit.words(&["baseline", "prune"]);
        self.verdict.judge(report, config, levels, baseline, prune)
    }

    /// The command line that reproduces the report.
    pub(super) fn command(&self, name: &str) -> String {
        let mut words = self.audit.words(&[name]);
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

impl Audit {
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
        words
    }

    /// Rejects an output file that is an input.
    pub(super) fn refuse_input(&self, path: &Path) -> Result<(), String> {
        outputs::refuse_input(path, &self.paths)
    }

    /// Converts arguments and configuration to library options.
    pub(super) fn options(&self) -> Result<Options, String> {
        let config = match &self.config {
            Some(path) => Config::read(path),
            None => Config::find(self.paths.first().map(String::as_str)),
        };
        let config = config.map_err(|error| error.to_string())?;
        format::native::check(&config).map_err(|error| error.to_string())?;
        if let Some(name) = &self.input_format
            && !format::all().any(|format| format.name() == name)
        {
            return Err(engine::unknown_format(name));
        }
        let settings = settings(&config, self.threads);
        let (paths, input_format) = (self.paths.clone(), self.input_format.clone());
        Ok(Options { paths, input_format, config, settings, ..Options::default() })
    }
}

/// The settings of an audit under a configuration; one thread per core by default.
pub(super) fn settings(config: &Config, threads: Option<usize>) -> Settings {
    let cores = || std::thread::available_parallelism().ok().map(Into::into);
    Settings {
        threads: threads.or_else(cores).unwrap_or(1).max(1),
        declared_tolerance: config.tolerance,
        levels: config.levels.clone(),
        ..Settings::default()
    }
}

/// The detected format of each input and the roles of its fields.
pub(super) fn recognised(inputs: &Inputs, config: &Config) -> String {
    let mut lines = Vec::new();
    if !config.is_empty() {
        lines.push(format!("configuration {}", visible(config.path())));
    }
    for opened in &inputs.opened {
        let path = visible(&opened.input.path);
        let version = opened.reader.version().map_or_else(String::new, |version| format!(" {}", visible(&version)));
        let packing = match opened.input.packing() {
            Ok(Packing::Plain | Packing::Gzip | Packing::Zstd) | Err(_) => String::new(),
            Ok(packing) => format!("{packing}: "),
        };
        lines.push(format!("{path}: {packing}{}{version} ({})", opened.format, visible(&opened.confidence.evidence)));
        lines.extend(opened.reader.conventions().iter().map(|line| format!("  {}", visible(line))));
        let mapping = opened.reader.mapping();
        let width = mapping.iter().map(|(role, _)| role.chars().count()).max().unwrap_or(0);
        lines.extend(mapping.iter().map(|(role, field)| format!("  {role:width$}  {}", visible(field))));
    }
    lines.push(String::new());
    lines.push(String::new());
    lines.join("\n")
}

/// A progress bar that appears once the work takes longer than [`LONG`].
struct Bar {
    bar: ProgressBar,
}

impl Bar {
    fn callback(&self) -> Arc<dyn Fn(u64) + Send + Sync> {
        let bar = self.bar.clone();
        let is_shown = AtomicBool::new(false);
        Arc::new(move |bytes| {
            bar.inc(bytes);
            if bar.elapsed() > LONG && !is_shown.swap(true, Ordering::Relaxed) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
        })
    }
}

fn progress(outputs: &outputs::Outputs) -> Option<Bar> {
    if !outputs.is_for_people() || !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}") {
        bar.set_style(if is_utf8() { style } else { style.tick_chars("-\\|/ ") });
    }
    Some(Bar { bar })
}
