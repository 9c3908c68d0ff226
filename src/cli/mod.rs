//! Commands: arguments, one call into the library, a rendering.

mod about;
mod baseline;
mod check;
mod explain;
mod files;
mod flips;
mod formats;
mod guard;
mod init;
mod merge;
mod outputs;
mod page;
mod progress;
mod report;
mod score;
mod style;
mod trace;
mod verdict;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::InputError;
use crate::{Audit, Config};

/// Why a command cannot do its work: exit code 2.
type Failure = Box<dyn std::error::Error>;

/// Audits the logs of language-model evaluations.
#[derive(Parser)]
#[command(name = "retally", version, disable_version_flag = true, about, long_about = None, arg_required_else_help = true)]
struct Cli {
    /// Print the version; with -v also the build and the digest of the rules.
    #[arg(short = 'V', long)]
    version: bool,
    /// Print more about the version.
    #[arg(short, long, requires = "version")]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Re-derive every reported number and report which ones are wrong and why.
    Check(check::Args),
    /// Generate a commented configuration from the logs, or a CI file.
    Init(init::Args),
    /// Create or prune the file of known findings for `check --baseline`.
    Baseline(baseline::Args),
    /// Print each candidate's log p, mean and perplexity, and the winner of each item.
    Score(score::Args),
    /// Print every item whose pick changes once the numbers are right.
    Flips(flips::Args),
    /// Print one item step by step.
    Trace(trace::Args),
    /// Audit logs while they are being written.
    Watch(watch::WatchArgs),
    /// Merge an audit that was split over machines.
    Merge(merge::Args),
    /// Render a stored JSON report in another format.
    Report(report::Args),
    /// Print a rule's page.
    Explain(explain::Args),
    /// List the rules.
    Rules(explain::RulesArgs),
    /// List the supported log formats.
    Formats(formats::Args),
    /// Print a shell completion script.
    Completions(about::Completions),
    /// Print the manual page, or write one page per command.
    Man(about::Man),
}

/// Runs the tool. Exit codes: 0 nothing fails, 1 something fails, 2 unusable input, configuration or arguments, or
/// nothing audited.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let result = match cli.command {
        _ if cli.version => about::version(cli.verbose),
        Some(command) => run(command),
        // clap prints the help for an empty command line.
        None => Ok(ExitCode::from(2)),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            use std::io::Write as _;
            // Standard error may be closed; there is nobody left to tell then.
            let _ = writeln!(std::io::stderr(), "retally: {}", crate::report::visible(&failure.to_string()));
            ExitCode::from(2)
        }
    }
}

/// What is said of a command line that cannot be understood. The name of a file in place of a command asks for an audit.
fn refused(error: &clap::Error) -> ExitCode {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let given = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(given)) if error.kind() == ErrorKind::InvalidSubcommand => given,
        _ => error.exit(),
    };
    if !std::path::Path::new(given).exists() {
        error.exit();
    }
    note(&[format!("`{given}` is not a command; to audit it: retally check {}", quoted(given))]);
    ExitCode::from(2)
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Flips(args) => flips::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules(args) => explain::rules(&args),
        Command::Formats(args) => formats::run(&args),
        Command::Completions(args) => about::completions(&args),
        Command::Man(args) => about::man(&args),
    }
}

/// The logs that a command looks at, and how they are read.
#[derive(clap::Args)]
struct Logs {
    /// Files, directories, globs, or - for standard input.
    #[arg(required = true)]
    paths: Vec<String>,
    /// Log format (default: auto-detect).
    #[arg(long, value_name = "NAME")]
    input_format: Option<String>,
    /// Configuration file (default: the nearest retally.toml at or above the working directory).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the printed numbers as exact, as `check` does under the same option.
    #[arg(long)]
    exact_digits: bool,
}

impl Logs {
    /// The audit of the logs under their configuration.
    fn audit(&self) -> Result<Audit, Failure> {
        let config = self.config.as_deref().map_or_else(Config::find, Config::read)?;
        let audit = Audit::new(config).inputs(&self.paths).exact_digits(self.exact_digits);
        Ok(match &self.input_format {
            Some(name) => audit.format(name),
            None => audit,
        })
    }
}

/// Prints the records that could not be read on standard error.
fn warn(errors: &[InputError]) {
    use std::io::Write as _;
    for error in errors.iter().take(5) {
        let text = format!("{}:{}:{}: {}", error.path, error.line, error.column, error.reason);
        // Standard error may be closed; there is nobody left to tell then.
        let _ = writeln!(std::io::stderr(), "retally: {}", crate::report::visible(&text));
    }
}

/// Prints sentences on standard error.
fn note(sentences: &[String]) {
    use std::io::Write as _;
    for sentence in sentences {
        // Standard error may be closed; the report must still be written.
        let _ = writeln!(std::io::stderr(), "retally: {}", crate::report::visible(sentence));
    }
}

/// Says why a report decides nothing, where its form has no place for it.
fn say_undone(report: &crate::Report, outcome: crate::gate::Outcome, outputs: &outputs::Outputs) {
    if outcome == crate::gate::Outcome::Undone && !outputs.is_for_people() {
        note(report.gate.as_ref().map_or(&[], |gate| &gate.failures));
    }
}

/// Writes to standard output; a closed pipe is not an error.
fn print(bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
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
