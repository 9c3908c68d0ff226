//! `retally check`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::outputs;
use crate::cli::style::is_utf8;
use crate::config::{self, Config, Date, FailOn};
use crate::engine::Settings;
use crate::gate::{self, Baseline};
use crate::report::{Report, visible};
use crate::{Inputs, Options, engine, format};

/// Exit code when the input cannot be used or nothing was audited.
const UNUSABLE: u8 = 2;
/// Work that takes less than this is done before a progress bar could be read.
const LONG: Duration = Duration::from_millis(500);

/// What to audit and how.
#[derive(clap::Args)]
pub(super) struct Audit {
    /// Files, directories, globs, or - for standard input.
    #[arg(default_value = ".")]
    paths: Vec<String>,
    /// The log format, where it is not to be recognised.
    #[arg(long, value_name = "NAME")]
    input_format: Option<String>,
    /// The configuration; by default the nearest retally.toml above the first input.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Worker threads; by default one per core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Arguments of `check`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    audit: Audit,
    /// Only these rules: codes or prefixes such as RT2.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Not these rules: codes or prefixes such as RT2.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// From which severity on findings make the exit code 1; by default as the configuration says, else error.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Let findings pass that this file knows; `retally baseline create` writes it.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Fail when the baseline has entries of which nothing is seen any more.
    #[arg(long, requires = "baseline")]
    strict_baseline: bool,
    /// The day that expiry dates are compared with, such as 2027-01-31; without it nothing expires.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// Say which format was recognised and which field was taken for which role; show known findings, too.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    outputs: outputs::Outputs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let given = args.baseline.iter().map(|path| path.to_string_lossy().into_owned());
    args.outputs.check(&args.audit.paths.iter().cloned().chain(given).collect::<Vec<_>>())?;
    audit(args).inspect_err(|_| args.outputs.discard())
}

fn audit(args: &Args) -> Result<ExitCode, String> {
    let mut options = args.audit.options()?;
    options.leave_out = args.outputs.paths().chain(args.baseline.as_deref()).map(Path::to_path_buf).collect();
    let levels = options.settings.levels;
    options.settings.levels = levels.select(config::codes(&args.select)?).ignore(config::codes(&args.ignore)?);
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose().map_err(|error| error.to_string())?;
    let inputs = crate::open(&options);
    if args.verbose {
        // Standard error may be closed; the report is still due.
        let _ = io::stderr().write_all(recognised(&inputs, &options.config).as_bytes());
    }
    let bar = progress(args);
    let mut settings = options.settings;
    settings.progress = bar.as_ref().map(Bar::callback);
    let mut report = crate::check(inputs, &settings);
    if let Some(bar) = bar {
        bar.bar.finish_and_clear();
    }
    let terms = gate::Terms {
        fail_on: args.fail_on.or(options.config.gate.fail_on).unwrap_or_default(),
        config: &options.config,
        levels: &settings.levels,
        today: args.today,
        baseline: baseline.as_ref(),
        strict_baseline: args.strict_baseline,
        prune: &args.prune_command(),
    };
    gate::judge(&mut report, &terms);
    let mut with = args.outputs.rendering(&options.config, args.command());
    with.style.known = args.verbose;
    let code = exit_code(&report);
    args.outputs.write(&report, &with, code != UNUSABLE)?;
    Ok(ExitCode::from(code))
}

impl Args {
    /// The command line that gives the same report again.
    fn command(&self) -> String {
        let mut words = self.audit.words(&["check"]);
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
        if !self.select.is_empty() {
            option("select", &self.select.join(","));
        }
        if !self.ignore.is_empty() {
            option("ignore", &self.ignore.join(","));
        }
        if let Some(level) = self.fail_on {
            option("fail-on", level.name());
        }
        if let Some(path) = &self.baseline {
            option("baseline", &path.to_string_lossy());
        }
        if let Some(day) = self.today {
            option("today", &day.to_string());
        }
        if self.strict_baseline {
            words.push("--strict-baseline".to_owned());
        }
        words.join(" ")
    }

    /// The command line that prunes the baseline.
    fn prune_command(&self) -> String {
        let mut words = self.audit.words(&["baseline", "prune"]);
        if let Some(path) = &self.baseline {
            words.extend(["--baseline".to_owned(), quoted(&path.to_string_lossy())]);
        }
        words.join(" ")
    }
}

impl Audit {
    /// The words of a command line that audits the same.
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

    /// Refuses a file to write that is an input.
    pub(super) fn refuse_input(&self, path: &Path) -> Result<(), String> {
        outputs::refuse_input(path, &self.paths)
    }

    /// Arguments and configuration to what the library takes.
    pub(super) fn options(&self) -> Result<Options, String> {
        let config = match &self.config {
            Some(path) => Config::read(path),
            None => Config::find(self.paths.first().map(String::as_str)),
        };
        let config = config.map_err(|error| error.to_string())?;
        format::native::check(&config).map_err(|error| error.to_string())?;
        if let Some(name) = &self.input_format
            && !format::FORMATS.iter().any(|format| format.name() == name)
        {
            return Err(engine::unknown_format(name));
        }
        let cores = || std::thread::available_parallelism().ok().map(Into::into);
        let settings = Settings {
            threads: self.threads.or_else(cores).unwrap_or(1).max(1),
            declared_tolerance: config.tolerance,
            levels: config.levels.clone(),
            ..Settings::default()
        };
        let (paths, input_format) = (self.paths.clone(), self.input_format.clone());
        Ok(Options { paths, input_format, config, settings, ..Options::default() })
    }
}

/// A word of a command line for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
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

/// 2 when the audit cannot count as done, 1 when the gate fails it.
fn exit_code(report: &Report) -> u8 {
    if !gate::is_done(report) {
        return UNUSABLE;
    }
    u8::from(!report.gate.as_ref().is_some_and(|gate| gate.passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("runs/a-1.jsonl"), "runs/a-1.jsonl");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
