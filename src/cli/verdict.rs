//! Gate arguments, shared by all commands that give a verdict.

use std::path::PathBuf;

use crate::Config;
use crate::cli::quoted;
use crate::gate::BaselineError;
use crate::gate::{Baseline, Date, FailOn, Gate, Outcome};

/// The exit code of an outcome.
pub(super) fn exit_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Failed => 1,
        Outcome::Undone => 2,
    }
}

/// Arguments of the gate.
#[derive(clap::Args)]
pub(super) struct Verdict {
    /// Minimum severity that makes retally exit with 1 (default: as configured, else error).
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Ignore findings listed in this baseline file (see `retally baseline create`).
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Fail if the baseline contains stale entries.
    #[arg(long, requires = "baseline")]
    strict_baseline: bool,
    /// Pass although no claim could be checked (default: as configured, else exit with 2).
    #[arg(long)]
    allow_unproven: bool,
    /// Date for expiry checks, such as 2027-01-31 (default: nothing expires).
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

impl Verdict {
    /// The baseline's path.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.baseline.as_ref()
    }

    /// The files that it reads, with what they are.
    pub(super) fn used(&self) -> Vec<(&'static str, PathBuf)> {
        self.baseline.iter().map(|path| ("baseline", path.clone())).collect()
    }

    /// Reads the baseline, before the audit starts.
    pub(super) fn baseline(&self) -> Result<Option<Baseline>, BaselineError> {
        self.baseline.as_deref().map(Baseline::read).transpose()
    }

    /// The gate of a report. `prune` holds the words of the command that prunes the baseline, without the baseline.
    pub(super) fn gate(&self, config: &Config, baseline: Option<Baseline>, mut prune: Vec<String>) -> Gate {
        if let Some(path) = &self.baseline {
            prune.extend(["--baseline".to_owned(), quoted(&path.to_string_lossy())]);
        }
        let mut gate = Gate::new(config.clone()).strict_baseline(self.strict_baseline).prune_command(prune.join(" "));
        if let Some(severity) = self.fail_on {
            gate = gate.fail_on(severity);
        }
        if self.allow_unproven {
            gate = gate.allow_unproven(true);
        }
        if let Some(today) = self.today {
            gate = gate.today(today);
        }
        match baseline {
            Some(baseline) => gate.baseline(baseline),
            None => gate,
        }
    }

    /// The settings that the command line gives, by name.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, String)> {
        let level = self.fail_on.map(|level| ("gate.fail-on", format!("{:?}", level.name())));
        let allow = self.allow_unproven.then(|| ("gate.allow-unproven", "true".to_owned()));
        let baseline = self.baseline.as_ref().map(|path| ("baseline", format!("{:?}", path.to_string_lossy())));
        let strict = self.strict_baseline.then(|| ("strict-baseline", "true".to_owned()));
        let today = self.today.map(|day| ("today", day.to_string()));
        level.into_iter().chain(allow).chain(baseline).chain(strict).chain(today)
    }

    /// The words of a command line with the same gate.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: &str| words.extend([format!("--{name}"), quoted(value)]);
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
        if self.allow_unproven {
            words.push("--allow-unproven".to_owned());
        }
        words
    }
}
