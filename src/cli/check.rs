//! `retally check`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;

use crate::model::Severity;
use crate::report::text::Style;
use crate::report::{self, Report};
use crate::{Options, engine};

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
    /// From which severity on findings make the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
    /// Worker threads; by default one per core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    /// Say which format was recognised and which field was taken for which role.
    #[arg(short, long)]
    verbose: bool,
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

pub(super) fn run(args: Args) -> Result<ExitCode, String> {
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let options = Options {
        paths: args.paths.clone(),
        input_format: args.input_format.clone(),
        settings: engine::Settings { threads: threads.max(1), ..engine::Settings::default() },
        ..Options::default()
    };
    let inputs = crate::open(&options);
    let report = crate::check(inputs, &options.settings);
    write(&args, &report).map_err(|error| format!("cannot write the report: {error}"))?;
    Ok(exit_code(&report, args.fail_on))
}

fn write(args: &Args, report: &Report) -> io::Result<()> {
    let mut bytes = Vec::new();
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => to_terminal && !no_color,
    };
    match args.format {
        OutputFormat::Text => report::text::render(report, Style { colour, ..Style::default() }, &mut bytes)?,
        OutputFormat::Json => report::json::render(report, &mut bytes)?,
    }
    match &args.output {
        #[expect(clippy::disallowed_methods, reason = "the command line is where files are written")]
        Some(path) => std::fs::write(path, bytes),
        None => io::stdout().write_all(&bytes),
    }
}

fn exit_code(report: &Report, fail_on: FailOn) -> ExitCode {
    let unusable = report.errors.iter().any(|error| error.line == 0);
    let nothing = report.summary.records == 0 || (report.summary.candidates == 0 && report.findings.is_empty());
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
