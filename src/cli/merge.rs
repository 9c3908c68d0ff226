//! `retally merge`: the audits of several machines as one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::verdict::{Verdict, exit_code};
use crate::cli::{Failure, files, outputs, quoted};
use crate::error::PartError;
use crate::gate::Outcome;
use crate::report::text::Detail;
use crate::report::visible;
use crate::split::Part;
use crate::{Config, Error};

/// Arguments of `merge`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Tallies written by `retally check --tally FILE`.
    #[arg(required = true, value_name = "TALLY")]
    paths: Vec<String>,
    /// Configuration file for rule severities (default: the nearest retally.toml).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Enable only these rules (codes or prefixes such as RT2).
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Disable these rules (codes or prefixes such as RT2).
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Write the tally of all these parts to a file, to be merged further, in place of a report; with -, to standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "format", "output", "reports"])]
    tally: Option<PathBuf>,
    /// Write the plan that all parts need, when some were audited under another one, and exit with 2.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    verdict: Verdict,
    /// Also show findings in the baseline.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    outputs: outputs::Outputs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let baseline = args.verdict.baseline()?;
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config::find()?,
    };
    let config = config.select(&args.select)?.ignore(&args.ignore)?;
    let mut used = args.verdict.used();
    used.extend((!config.is_empty()).then(|| ("configuration", PathBuf::from(config.path()))));
    let tally = args.tally.as_deref().filter(|path| *path != Path::new("-"));
    let others: Vec<&Path> = tally.into_iter().collect();
    let cleared = args.outputs.clear(&args.paths, used, &others, args.plan.as_deref())?;
    let mut parts = Vec::with_capacity(args.paths.len());
    for path in &args.paths {
        parts.push(read(path).map_err(|reason| format!("{}: {reason}", visible(path)))?);
    }
    if args.tally.is_some() {
        let mut bytes = Vec::new();
        let part = Part::union(parts).map_err(|error| error.to_string())?;
        part.write(&mut bytes).map_err(|error| format!("cannot write the tally: {error}"))?;
        match tally {
            Some(path) => {
                cleared.write(path, &bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            }
            None => super::print(&bytes)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut report = crate::facade::merge(parts, &config).map_err(|error| refused(&error, args.plan.as_deref()))?;
    let mut words: Vec<String> = args.paths.iter().map(|path| quoted(path)).collect();
    words.extend(args.verdict.words());
    let prune = ["retally", "baseline", "prune", "PATH"].map(str::to_owned).to_vec();
    let outcome = report.gate(&args.verdict.gate(&config, baseline, prune));
    super::say_undone(&report, outcome, &args.outputs);
    let mut with = args.outputs.rendering(&config, format!("retally merge {}", words.join(" ")));
    with.style.detail = Detail::of(false, args.verbose);
    args.outputs.write(&report, &with, (outcome != Outcome::Undone).then_some(&cleared))?;
    Ok(ExitCode::from(exit_code(outcome)))
}

/// What is said of parts that cannot be merged. The plan that they need is written where the user wants it.
fn refused(error: &Error, to: Option<&Path>) -> String {
    match (error, to) {
        (Error::Part(PartError::Plan { plan, .. }), Some(path)) => {
            let written = plan.write().map_err(|error| error.to_string());
            match written.and_then(|text| files::write(path, text.as_bytes()).map_err(|error| error.to_string())) {
                Ok(()) => format!("{error}; wrote the plan to {}", path.display()),
                Err(reason) => format!("{error}; cannot write {}: {reason}", path.display()),
            }
        }
        _ => error.to_string(),
    }
}

fn read(path: &str) -> Result<Part, String> {
    #[expect(clippy::disallowed_methods, reason = "a tally is not an input of an audit")]
    let file = std::fs::File::open(path).map_err(|error| format!("cannot read the tally: {error}"))?;
    Part::read(file).map_err(|error| error.to_string())
}
