//! Commands: arguments, one call into the library, a rendering.

mod check;
mod explain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Audits the logs of language-model evaluations.
#[derive(Parser)]
#[command(name = "retally", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Re-derive every reported number and say which are wrong, and why.
    Check(check::Args),
    /// Print a rule's page.
    Explain(explain::Args),
    /// List the rules.
    Rules(explain::RulesArgs),
}

/// Runs the tool: exit 0 nothing that fails, 1 findings that fail, 2 unusable input, configuration or
/// arguments, or nothing audited.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Check(args) => check::run(args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules(args) => explain::rules(&args),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            use std::io::Write as _;
            // Standard error may be closed; there is nobody left to tell then.
            let _ = writeln!(std::io::stderr(), "retally: {failure}");
            ExitCode::from(2)
        }
    }
}
