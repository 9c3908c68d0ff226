//! `retally check`.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::style::is_utf8;
use crate::cli::{files, outputs, quoted};
use crate::config::{self, Config};
use crate::engine::Settings;
use crate::model::Severity;
use crate::report::{Report, visible};
use crate::{Inputs, Options, engine, format};

/// Exit code when the input cannot be used or nothing was audited.
pub(super) const UNUSABLE: u8 = 2;
/// Work that takes less than this is done before a progress bar could be read.
const LONG: Duration = Duration::from_millis(500);

/// Arguments of `check`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files, directories, globs, or - for standard input.
    #[arg(default_value = ".")]
    pub(super) paths: Vec<String>,
    /// The log format, where it is not to be recognised.
    #[arg(long, value_name = "NAME")]
    input_format: Option<String>,
    /// The configuration; by default the nearest retally.toml above the first input.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only these rules: codes or prefixes such as RT2.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Not these rules: codes or prefixes such as RT2.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// From which severity on findings make the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    pub(super) fail_on: FailOn,
    /// Worker threads; by default one per core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Say which format was recognised and which field was taken for which role.
    #[arg(short, long)]
    verbose: bool,
    /// Write the audit's tally to a file, to be merged with those of other machines by `retally merge`.
    #[arg(long, value_name = "FILE")]
    tally: Option<PathBuf>,
    #[command(flatten)]
    pub(super) outputs: outputs::Outputs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Never,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    args.outputs.check(&args.paths)?;
    let options = options(args)?;
    let inputs = crate::open(&options);
    if args.verbose {
        // Standard error may be closed; the report is still due.
        let _ = io::stderr().write_all(recognised(&inputs, &options.config).as_bytes());
    }
    let bar = progress(args);
    let mut settings = options.settings;
    settings.progress = bar.as_ref().map(Bar::callback);
    let report = match &args.tally {
        Some(path) => {
            let part = crate::part(inputs, &settings);
            let mut bytes = Vec::new();
            part.write(&mut bytes).map_err(|error| format!("cannot write the tally: {error}"))?;
            files::write(path, &bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            crate::merge(vec![part], &settings).map_err(|error| error.to_string())?
        }
        None => crate::check(inputs, &settings),
    };
    if let Some(bar) = bar {
        bar.bar.finish_and_clear();
    }
    let with = args.outputs.rendering(&options.config, args.command());
    let code = exit_code(&report, args.fail_on);
    args.outputs.write(&report, &with, code != UNUSABLE)?;
    Ok(ExitCode::from(code))
}

impl Args {
    /// The command line that gives the same report again.
    pub(super) fn command(&self) -> String {
        let mut words = vec!["retally".to_owned(), "check".to_owned()];
        words.extend(self.paths.iter().map(|path| quoted(path)));
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        if let Some(path) = &self.config {
            option("config", &path.to_string_lossy());
        }
        if let Some(format) = &self.input_format {
            option("input-format", format);
        }
        if !self.select.is_empty() {
            option("select", &self.select.join(","));
        }
        if !self.ignore.is_empty() {
            option("ignore", &self.ignore.join(","));
        }
        words.join(" ")
    }
}

/// Arguments and configuration to what the library takes.
pub(super) fn options(args: &Args) -> Result<Options, String> {
    let config = match &args.config {
        Some(path) => Config::read(path),
        None => Config::find(args.paths.first().map(String::as_str)),
    };
    let config = config.map_err(|error| error.to_string())?;
    format::native::check(&config).map_err(|error| error.to_string())?;
    if let Some(name) = &args.input_format
        && !format::FORMATS.iter().any(|format| format.name() == name)
    {
        return Err(engine::unknown_format(name));
    }
    let levels = config.levels.clone();
    let levels = levels.select(config::codes(&args.select)?).ignore(config::codes(&args.ignore)?);
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let settings =
        Settings { threads: threads.max(1), declared_tolerance: config.tolerance, levels, ..Settings::default() };
    Ok(Options { paths: args.paths.clone(), input_format: args.input_format.clone(), config, settings })
}

/// What was recognised in each input, and as what its fields were taken.
fn recognised(inputs: &Inputs, config: &Config) -> String {
    let mut lines = Vec::new();
    if !config.is_empty() {
        lines.push(format!("configuration {}", visible(config.path())));
    }
    for opened in &inputs.opened {
        let path = visible(&opened.input.path);
        let version = opened.reader.version().map_or_else(String::new, |version| format!(" {}", visible(&version)));
        lines.push(format!("{path}: {}{version} ({})", opened.format, visible(&opened.likeness.evidence)));
        let mapping = opened.reader.mapping();
        let width = mapping.iter().map(|(role, _)| role.chars().count()).max().unwrap_or(0);
        lines.extend(mapping.iter().map(|(role, field)| format!("  {role:width$}  {}", visible(field))));
    }
    lines.push(String::new());
    lines.push(String::new());
    lines.join("\n")
}

/// A progress bar that shows itself once the work takes long.
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

fn progress(args: &Args) -> Option<Bar> {
    if !args.outputs.is_for_people() || !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}") {
        bar.set_style(if is_utf8() { style } else { style.tick_chars("-\\|/ ") });
    }
    Some(Bar { bar })
}

/// 2 when the audit cannot count as done, 1 when findings fail it.
pub(super) fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    let unusable = report.errors.iter().any(|error| error.fatal);
    // A log without a claim and without a token was read, but nothing of it was audited: silence would look like a pass.
    let summary = &report.summary;
    let audited = summary.steps > 0 || summary.verdicts.values().any(|counts| counts.total() > 0);
    let nothing = summary.records == 0 || (!audited && report.findings.is_empty());
    if unusable || nothing {
        return UNUSABLE;
    }
    let fails = |severity: Severity| match fail_on {
        FailOn::Error => severity == Severity::Error,
        FailOn::Warning => severity <= Severity::Warning,
        FailOn::Never => false,
    };
    u8::from(report.findings.iter().any(|finding| fails(finding.severity)))
}
