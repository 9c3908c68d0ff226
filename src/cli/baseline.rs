//! `retally baseline create` and `retally baseline prune`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::{check, files};
use crate::gate::{self, Baseline};
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
    audit: check::Audit,
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
    audit: check::Audit,
    /// The file to prune.
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    match &args.command {
        Command::Create(args) => create(args),
        Command::Prune(args) => prune(args),
    }
}

fn create(args: &Create) -> Result<ExitCode, String> {
    let path = &args.output;
    args.audit.refuse_input(path)?;
    let old = match (path.exists(), args.overwrite) {
        (true, false) => {
            return Err(format!(
                "{0} already exists; replace it with --overwrite, or remove stale entries with `retally baseline prune \
                 --baseline {0}`",
                path.display()
            ));
        }
        (true, true) => Baseline::read(path).map_err(|error| error.to_string())?,
        (false, _) => Baseline::default(),
    };
    let report = audited(&args.audit, path)?;
    let baseline = Baseline::from_report(&report, &old);
    save(path, &baseline)?;
    let excepted = report.findings.iter().filter(|finding| finding.excepted.is_some()).count();
    let mut said = format!("{}: {}", path.display(), entries(baseline.entries().len()));
    if excepted > 0 {
        said += &format!("; {excepted} omitted because exceptions cover them");
    }
    super::print(format!("{said}\n").as_bytes()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn prune(args: &Prune) -> Result<ExitCode, String> {
    let path = &args.baseline;
    let mut baseline = Baseline::read(path).map_err(|error| error.to_string())?;
    let report = audited(&args.audit, path)?;
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
    super::print(said.as_bytes()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn entries(number: usize) -> String {
    format!("{number} {}", if number == 1 { "entry" } else { "entries" })
}

/// The report of the complete audit; with a partial one, entries would look stale or known findings new.
fn audited(audit: &check::Audit, file: &Path) -> Result<Report, String> {
    let mut options = audit.options()?;
    options.leave_out = vec![file.to_path_buf()];
    let mut report = crate::check(crate::open(&options), &options.settings);
    if !gate::is_done(&report) {
        let error = report.errors.iter().find(|error| error.fatal).or(report.errors.first());
        let why = error.map_or_else(
            || "nothing was audited".to_owned(),
            |error| format!("{}: {}", visible(&error.path), visible(&error.reason)),
        );
        return Err(format!("the audit is incomplete, so the baseline was not changed: {why}"));
    }
    let terms = gate::Terms {
        fail_on: crate::config::FailOn::default(),
        config: &options.config,
        levels: &options.settings.levels,
        today: None,
        baseline: None,
        strict_baseline: false,
        prune: "",
    };
    gate::judge(&mut report, &terms);
    Ok(report)
}

fn save(path: &Path, baseline: &Baseline) -> Result<(), String> {
    let text = baseline.text().map_err(|error| error.to_string())?;
    files::write(path, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
