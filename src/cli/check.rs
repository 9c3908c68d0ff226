//! `retally check`.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::config::{self, Config};
use crate::engine::Settings;
use crate::model::Severity;
use crate::report::text::Style;
use crate::report::{self, Report, visible};
use crate::{Inputs, Options, engine, format};

/// Work that takes less than this is done before a progress bar could be read.
const LONG: Duration = Duration::from_millis(500);

/// Arguments of `check`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files, directories, globs, or - for standard input.
    #[arg(default_value = ".")]
    paths: Vec<String>,
    /// How to print the report.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
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
    fail_on: FailOn,
    /// Worker threads; by default one per core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    /// Say which format was recognised and which field was taken for which role.
    #[arg(short, long)]
    verbose: bool,
    /// Columns of the text report.
    #[arg(long, value_name = "N", hide = true)]
    width: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let options = options(args)?;
    let inputs = crate::open(&options);
    if args.verbose {
        // Standard error may be closed; the report is still due.
        let _ = io::stderr().write_all(recognised(&inputs, &options.config).as_bytes());
    }
    let bar = progress(args);
    let mut settings = options.settings;
    settings.progress = bar.as_ref().map(Bar::callback);
    let report = crate::check(inputs, &settings);
    if let Some(bar) = bar {
        bar.bar.finish_and_clear();
    }
    match write(args, &report) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.map_err(|error| format!("cannot write the report: {error}"))?,
    }
    Ok(exit_code(&report, args.fail_on))
}

/// Arguments and configuration to what the library takes.
fn options(args: &Args) -> Result<Options, String> {
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
    if args.format != OutputFormat::Text || !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} read, {bytes_per_sec}") {
        bar.set_style(if is_utf8() { style } else { style.tick_chars("-\\|/ ") });
    }
    Some(Bar { bar })
}

fn write(args: &Args, report: &Report) -> io::Result<()> {
    let mut bytes = Vec::new();
    match args.format {
        OutputFormat::Text => {
            let style = style(args);
            report::text::render(report, style, &mut bytes)?;
            if !style.unicode {
                bytes = ascii(&String::from_utf8_lossy(&bytes)).into_bytes();
            }
        }
        OutputFormat::Json => report::json::render(report, &mut bytes)?,
    }
    match &args.output {
        #[expect(clippy::disallowed_methods, reason = "the command line is where files are written")]
        Some(path) => {
            std::fs::write(path, bytes).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
        }
        None => {
            let mut out = io::stdout().lock();
            out.write_all(&bytes)?;
            out.flush()
        }
    }
}

fn style(args: &Args) -> Style {
    let usual = Style::default();
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let colour = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => auto_colour(to_terminal, |name| std::env::var(name).ok()),
    };
    let columns = || std::env::var("COLUMNS").ok().filter(|_| to_terminal)?.parse().ok();
    let width = args.width.or_else(columns).unwrap_or(usual.width);
    Style { colour, unicode: is_utf8(), width: width.max(40) }
}

/// `NO_COLOR` forbids, then `CLICOLOR_FORCE` demands; else a terminal that is not dumb gets colours.
fn auto_colour(to_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") {
        return false;
    }
    if is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0") {
        return true;
    }
    to_terminal && variable("TERM").as_deref() != Some("dumb") && variable("CLICOLOR").as_deref() != Some("0")
}

fn is_utf8() -> bool {
    is_utf8_locale(|name| std::env::var(name).ok())
}

/// Whether the locale's encoding is UTF-8; one that nobody set is taken for that.
fn is_utf8_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|set| !set.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// 2 when the audit cannot count as done, 1 when findings fail it.
fn exit_code(report: &Report, fail_on: FailOn) -> ExitCode {
    let unusable = report.errors.iter().any(|error| error.fatal);
    // A log without a claim and without a token was read, but nothing of it was audited: silence would look like a pass.
    let summary = &report.summary;
    let audited = summary.steps > 0 || summary.verdicts.values().any(|counts| counts.total() > 0);
    let nothing = summary.records == 0 || (!audited && report.findings.is_empty());
    if unusable || nothing {
        return ExitCode::from(2);
    }
    let fails = |severity: Severity| match fail_on {
        FailOn::Error => severity == Severity::Error,
        FailOn::Warning => severity <= Severity::Warning,
        FailOn::Never => false,
    };
    ExitCode::from(u8::from(report.findings.iter().any(|finding| fails(finding.severity))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'v>(set: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colours_follow_the_environment() {
        assert!(auto_colour(true, with(&[])));
        assert!(!auto_colour(false, with(&[])));
        assert!(!auto_colour(true, with(&[("TERM", "dumb")])));
        assert!(auto_colour(false, with(&[("CLICOLOR_FORCE", "1")])));
        assert!(!auto_colour(false, with(&[("CLICOLOR_FORCE", "0")])));
        assert!(!auto_colour(true, with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])));
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert!(is_utf8_locale(with(&[])));
        assert!(is_utf8_locale(with(&[("LANG", "en_GB.UTF-8")])));
        assert!(!is_utf8_locale(with(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")])));
        assert!(is_utf8_locale(with(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")])));
    }
}
