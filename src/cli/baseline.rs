//! `retally baseline create` and `retally baseline prune`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::{Failure, check, files};
use crate::gate::{Baseline, Gate};
use crate::report::{Report, visible};

/// Arguments of `baseline`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write all current findings to a baseline file, so that only new ones fail.
    Create(Create),
    /// Remove stale entries from a baseline file; never adds entries.
    Prune(Prune),
}

#[derive(clap::Args)]
struct Create {
    #[command(flatten)]
    source: check::Source,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing file; hand-written keys of entries that remain are kept.
    #[arg(long)]
    overwrite: bool,
}

#[derive(clap::Args)]
struct Prune {
    #[command(flatten)]
    source: check::Source,
    /// The file to prune.
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match &args.command {
        Command::Create(args) => create(args),
        Command::Prune(args) => prune(args),
    }
}

fn create(args: &Create) -> Result<ExitCode, Failure> {
    let path = &args.output;
    args.source.refuse_input(path)?;
    let old = match (path.exists(), args.overwrite) {
        (true, false) => {
            return Err(format!(
                "{0} already exists; replace it with --overwrite, or remove stale entries with `retally baseline prune \
                 --baseline {0}`",
                path.display()
            )
            .into());
        }
        (true, true) => Baseline::read(path)?,
        (false, _) => Baseline::default(),
    };
    let report = audited(&args.source, path)?;
    let baseline = Baseline::from_report(&report, &old);
    save(path, &baseline)?;
    let excepted = report.findings.iter().filter(|finding| finding.excepted.is_some()).count();
    let mut said = format!("{}: {}", path.display(), entries(baseline.entries().len()));
    if excepted > 0 {
        said += &format!("; {excepted} omitted because exceptions cover them");
    }
    super::print(format!("{said}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn prune(args: &Prune) -> Result<ExitCode, Failure> {
    let path = &args.baseline;
    let mut baseline = Baseline::read(path)?;
    let report = audited(&args.source, path)?;
    let removed = baseline.prune(&report);
    if !removed.is_empty() {
        save(path, &baseline)?;
    }
    let mut said = String::new();
    for entry in &removed {
        said += &format!("removed {}\n", visible(&entry.name()));
    }
    let (gone, kept) = (entries(removed.len()), entries(baseline.entries().len()));
    said += &format!("{}: {gone} removed, {kept} kept\n", path.display());
    super::print(said.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn entries(number: usize) -> String {
    format!("{number} {}", if number == 1 { "entry" } else { "entries" })
}

/// The report of the complete audit; with a partial one, entries would look stale or known findings new.
fn audited(source: &check::Source, file: &Path) -> Result<Report, Failure> {
    let audit = source.audit(source.config()?).exclude([file]);
    let inputs = audit.open()?;
    super::note(inputs.notes());
    let mut report = audit.run_on(inputs);
    report.gate(&Gate::new(audit.config().clone()));
    match report.undone() {
        Some(why) => Err(format!("the audit is incomplete, so the baseline was not changed: {why}").into()),
        None => Ok(report),
    }
}

fn save(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let text = baseline.text()?;
    Ok(files::write(path, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", path.display()))?)
}
