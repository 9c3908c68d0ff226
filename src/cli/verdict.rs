//! Gate arguments, shared by all commands that give a verdict.

use std::path::PathBuf;

use crate::cli::quoted;
use crate::config::{Config, Date, FailOn, Levels};
use crate::gate::{self, Baseline};
use crate::report::Report;

/// Exit code for unusable input or an incomplete audit.
pub(super) const UNUSABLE: u8 = 2;

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
    /// Date for expiry checks, such as 2027-01-31 (default: nothing expires).
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

impl Verdict {
    /// The baseline's path.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.baseline.as_ref()
    }

    /// Reads the baseline, before the audit starts.
    pub(super) fn baseline(&self) -> Result<Option<Baseline>, String> {
        self.baseline.as_deref().map(Baseline::read).transpose().map_err(|error| error.to_string())
    }

    /// Judges a report and returns the exit code: 2 if the audit is incomplete, 1 if something fails.
    /// `prune` holds the words of the command that prunes the baseline, without the baseline.
    pub(super) fn judge(
        &self,
        report: &mut Report,
        config: &Config,
        levels: &Levels,
        baseline: Option<&Baseline>,
        mut prune: Vec<String>,
    ) -> u8 {
        if let Some(path) = &self.baseline {
            prune.extend(["--baseline".to_owned(), quoted(&path.to_string_lossy())]);
        }
        let terms = gate::Terms {
            fail_on: self.fail_on.or(config.gate.fail_on).unwrap_or_default(),
            config,
            levels,
            today: self.today,
            baseline,
            strict_baseline: self.strict_baseline,
            prune: &prune.join(" "),
        };
        gate::judge(report, &terms);
        if !gate::is_done(report) {
            return UNUSABLE;
        }
        u8::from(!report.gate.as_ref().is_some_and(|gate| gate.passed))
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
        words
    }
}
