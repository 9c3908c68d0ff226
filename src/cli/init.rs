//! `retally init`: a configuration from what the logs show, a file for CI, or the plan of an audit in parts.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Failure, check, files, quoted};
use crate::config::FILE_NAME;
use crate::init;
use crate::init::Proposal;
use crate::init::ci::System;
use crate::input::Inputs;
use crate::report::{visible, words};
use crate::{Audit, Config};

/// Arguments of `init`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files, directories or globs.
    #[arg(default_value = ".")]
    paths: Vec<String>,
    /// Log format (default: auto-detect).
    #[arg(long, value_name = "NAME", conflicts_with = "ci")]
    input_format: Option<String>,
    /// Write a CI file that audits the paths, instead of a configuration.
    #[arg(long, value_enum, value_name = "SYSTEM")]
    ci: Option<System>,
    /// Configuration file to write.
    #[arg(long, value_name = "FILE", default_value = FILE_NAME, conflicts_with = "ci")]
    output: PathBuf,
    /// Write the plan for an audit in parts (`check --tally --plan`) from the start of each log, instead of a configuration.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ci", "output"])]
    plan: Option<PathBuf>,
    /// Write although the file exists: what a configuration declares is kept, and what it lacks is added.
    #[arg(long, conflicts_with = "ci")]
    force: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match (args.ci, &args.plan) {
        (Some(system), _) => for_ci(system, &args.paths),
        (None, Some(path)) => plan(args, path),
        (None, None) => configuration(args),
    }
}

/// Writes the plan of an audit in parts, under the configuration that the parts will have.
fn plan(args: &Args, path: &Path) -> Result<ExitCode, Failure> {
    let config = Config::find()?;
    let (audit, inputs) = open(args, path, config)?;
    say(&check::recognised(&inputs, audit.config()));
    for error in inputs.errors() {
        say(&format!("retally: not read: {}: {}\n", visible(&error.path), visible(&error.reason)));
    }
    let plan = audit.plan(&inputs);
    let text = plan.write().map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    write(path, &text)?;
    let shown = visible(&path.to_string_lossy()).into_owned();
    let count = plan.len();
    let noun = if count == 1 { "input" } else { "inputs" };
    let next = format!("retally check PATH --tally FILE --plan {}", quoted(&path.to_string_lossy()));
    super::print(format!("wrote {shown}: {count} {noun}\nnext, for each part: {}\n", visible(&next)).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the logs, and says what is wrong with them. `path` is the file that will be written.
fn open(args: &Args, path: &Path, config: Config) -> Result<(Audit, Inputs), Failure> {
    if args.paths.iter().any(|path| path == "-") {
        return Err("init reads its inputs more than once and cannot use standard input; name a file".into());
    }
    super::guard::refuse_input(path, &args.paths)?;
    if std::fs::symlink_metadata(path).is_ok() && !args.force {
        let shown = path.display();
        let what = if args.plan.is_some() { "replace it with --force" } else { "--force adds to it what it lacks" };
        return Err(format!("{shown} already exists; {what}").into());
    }
    let mut audit = Audit::new(config).inputs(&args.paths).exclude([path]);
    if let Some(name) = &args.input_format {
        audit = audit.format(name);
    }
    let inputs = audit.open()?;
    if inputs.recognised().next().is_none() && !inputs.has_choices() {
        return Err(unrecognised(&inputs, &args.paths).into());
    }
    Ok((audit, inputs))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    files::write(path, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn configuration(args: &Args) -> Result<ExitCode, Failure> {
    let path = &args.output;
    // What an existing file declares stays, and says how the logs are read.
    let existing = if args.force { existing(path)? } else { None };
    let config = match &existing {
        Some(_) => Config::read(path)?,
        None => Config::default(),
    };
    let (audit, inputs) = open(args, path, config)?;
    super::note(inputs.notes());
    let proposal = init::propose(&audit, inputs, existing.as_deref())?;
    write(path, &proposal.text)?;
    super::print(said(path, &proposal, args).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The text of a configuration that exists and holds anything.
fn existing(path: &Path) -> Result<Option<String>, Failure> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = files::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

/// What was seen, what was written and what to do next.
fn said(path: &Path, proposal: &Proposal, args: &Args) -> String {
    let paths: Vec<String> = args.paths.iter().map(|path| quoted(path)).collect();
    let mut command = format!("retally check {}", paths.join(" "));
    let found = Config::find().ok();
    let same = |found: &Config| {
        Path::new(found.path()).canonicalize().is_ok_and(|found| path.canonicalize().is_ok_and(|path| path == found))
    };
    if !found.as_ref().is_some_and(same) {
        command += &format!(" --config {}", quoted(&path.to_string_lossy()));
    }
    let written = visible(&path.to_string_lossy()).into_owned();
    let number = proposal.report.findings.len();
    let findings = match number {
        0 => String::new(),
        1 => "; the audit has 1 finding, which the file does not change".to_owned(),
        _ => format!("; the audit has {number} findings, which the file does not change"),
    };
    let (mut all, mut unprovable) = (0, 0);
    for verdicts in proposal.report.summary.verdicts.values() {
        all += verdicts.total();
        unprovable += verdicts.unprovable;
    }
    let checked = format!("{} of {} claims can be checked", words::count(all - unprovable), words::count(all));
    format!("{}wrote {written}: {checked}{findings}\nnext: {}\n", proposal.evidence, visible(&command))
}

/// The error for inputs without any recognised log.
fn unrecognised(inputs: &Inputs, paths: &[String]) -> String {
    let mut lines = vec![format!("no supported log found in {}", paths.join(" "))];
    lines.extend(inputs.errors().iter().take(5).map(|error| format!("{}: {}", error.path, error.reason)));
    let more = inputs.errors().len().saturating_sub(5);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines.push("run `retally formats` for the supported formats".to_owned());
    lines.join("; ")
}

fn for_ci(system: System, paths: &[String]) -> Result<ExitCode, Failure> {
    let text = system.file(paths)?;
    // The CI would fail on a configuration about fields that no log has.
    Audit::new(Config::find()?).inputs(paths).open()?;
    let path = Path::new(system.path());
    if std::fs::symlink_metadata(path).is_ok() {
        say(&format!("retally: {} already exists and was not changed; the new content would be:\n", path.display()));
        super::print(text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = |error: io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    files::write(path, text.as_bytes()).map_err(failed)?;
    let said = format!("wrote {}; next: {}\n", path.display(), system.next());
    super::print(said.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) {
    // Standard error may be closed; the file must still be written.
    let _ = io::stderr().write_all(text.as_bytes());
}
