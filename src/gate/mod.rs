//! What fails: a finished report against a baseline, the user's exceptions and a policy.
//!
//! The report stays as it is; each finding learns whether it is known or excepted, and the report what the gate says.

mod baseline;
mod exceptions;
mod policy;

use std::collections::BTreeSet;

use crate::config::Config;
use crate::report::{BaselineCounts, BaselineState, Finding, GateReport, Report, visible};

pub use crate::config::{Date, FailOn};
pub use baseline::{Baseline, BaselineError, Entry, Share};

/// The conditions that a report is judged by.
#[derive(Clone)]
pub struct Gate {
    config: Config,
    fail_on: FailOn,
    today: Option<Date>,
    baseline: Option<Baseline>,
    strict_baseline: bool,
    allow_unproven: bool,
    prune: String,
}

/// What the gate says of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing fails.
    Passed,
    /// Something fails; the report's [`GateReport`] says what.
    Failed,
    /// The audit is incomplete, as [`Report::undone`] says, or no claim could be checked: then the failures of the
    /// [`GateReport`] say why.
    Undone,
}

impl Gate {
    /// A gate with the severity, the minimums and the exceptions of a configuration. Baseline entries and exceptions of
    /// rules that the configuration disables are not reported.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let fail_on = config.gate.fail_on.unwrap_or_default();
        let (prune, allow_unproven) = ("retally baseline prune".to_owned(), config.gate.allow_unproven);
        Self { config, fail_on, today: None, baseline: None, strict_baseline: false, allow_unproven, prune }
    }

    /// Sets the minimum severity at which findings fail.
    #[must_use]
    pub fn fail_on(mut self, severity: FailOn) -> Self {
        self.fail_on = severity;
        self
    }

    /// Sets the date for expiry checks; without one, nothing expires.
    #[must_use]
    pub fn today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Ignores the findings listed in a baseline.
    #[must_use]
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Sets whether stale entries of the baseline fail.
    #[must_use]
    pub fn strict_baseline(mut self, strict: bool) -> Self {
        self.strict_baseline = strict;
        self
    }

    /// Lets a report pass of which no claim could be checked; by default as configured, else it does not.
    #[must_use]
    pub fn allow_unproven(mut self, allow: bool) -> Self {
        self.allow_unproven = allow;
        self
    }

    /// Sets the command that notes name for removing stale entries.
    #[must_use]
    pub fn prune_command(mut self, command: impl Into<String>) -> Self {
        self.prune = command.into();
        self
    }
}

impl Report {
    /// Marks each finding as known or excepted, and decides whether the report passes.
    pub fn gate(&mut self, gate: &Gate) -> Outcome {
        let mut notes = exceptions::apply(self, gate);
        let mut failures = Vec::new();
        if let Some(baseline) = &gate.baseline {
            let stale = compare(self, baseline, gate, &mut notes);
            if let Some(sentence) = stale_sentence(&stale, &gate.prune) {
                if gate.strict_baseline { &mut failures } else { &mut notes }.push(sentence);
            }
        }
        failures.extend(policy::minimums(self, &gate.config.gate.min_proven));
        failures.extend(policy::coverage(self, gate.config.gate.min_coverage));
        let failing = self.shown().filter(|finding| gate.fail_on.fails(finding.severity)).count() as u64;
        if gate.fail_on == FailOn::Never {
            notes
                .extend(failures.drain(..).map(|sentence| format!("would fail without `--fail-on never`: {sentence}")));
        }
        let undone = self.undone();
        // What is said of an input stands beside the input.
        let nothing = undone.clone().filter(|_| self.errors.is_empty());
        let unchecked = nothing.or_else(|| self.unchecked(gate));
        failures.extend(unchecked.clone());
        let passed = failing == 0 && failures.is_empty();
        self.gate = Some(GateReport { passed, failing, failures, notes });
        match undone.or(unchecked) {
            Some(_) => Outcome::Undone,
            None if passed => Outcome::Passed,
            None => Outcome::Failed,
        }
    }

    /// Why the report decides nothing, if no claim could be checked and nothing was found that would fail it.
    fn unchecked(&self, gate: &Gate) -> Option<String> {
        // With `never`, a finding is still something that was checked.
        let level = if gate.fail_on == FailOn::Never { FailOn::Error } else { gate.fail_on };
        let found = self.findings.iter().any(|finding| level.fails(finding.severity));
        if found || gate.allow_unproven { None } else { policy::unchecked(self) }
    }

    /// Why the audit is incomplete, if it is: a named input is unusable, or nothing was audited.
    #[must_use]
    pub fn undone(&self) -> Option<String> {
        // A log without a claim and without a token was read, but nothing of it was audited: silence would look like a
        // pass.
        let summary = &self.summary;
        let audited = summary.steps > 0 || summary.verdicts.values().any(|counts| counts.total() > 0);
        // A record that cannot be read is a finding, although nothing was read.
        let refused = self.findings.iter().any(|finding| finding.severity == crate::model::Severity::Error);
        let nothing = !audited && (summary.records == 0 && !refused || self.findings.is_empty());
        let fatal = self.errors.iter().find(|error| error.fatal);
        let error = fatal.or(self.errors.first().filter(|_| nothing));
        match error {
            Some(error) => Some(format!("{}: {}", visible(&error.path), visible(&error.reason))),
            None => nothing.then(|| "nothing was audited: no record has a claim or a token".to_owned()),
        }
    }
}

/// Marks the findings in the baseline and returns the stale entries.
fn compare<'b>(report: &mut Report, baseline: &'b Baseline, gate: &Gate, notes: &mut Vec<String>) -> Vec<&'b Entry> {
    let mut counts = BaselineCounts::default();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for finding in &mut report.findings {
        let entry = baseline.find(finding);
        seen.extend(entry.map(|entry| entry.fingerprint.as_str()));
        let lapsed = entry.and_then(|entry| lapsed(entry, finding, gate.today));
        if entry.is_some() && lapsed.is_none() {
            finding.baseline_state = Some(BaselineState::Unchanged);
            counts.known += 1;
        } else {
            finding.baseline_state = Some(BaselineState::New);
            counts.new += 1;
        }
        notes.extend(lapsed);
    }
    let is_stale =
        |entry: &&Entry| !seen.contains(entry.fingerprint.as_str()) && gate.config.levels.is_selected(&entry.code);
    let stale: Vec<&Entry> = baseline.entries().iter().filter(is_stale).collect();
    counts.stale = stale.len() as u64;
    report.baseline = Some(counts);
    stale
}

/// Why an entry no longer applies to its finding, if it does not.
fn lapsed(entry: &Entry, finding: &Finding, today: Option<Date>) -> Option<String> {
    let name = name(&finding.code, &finding.claim, &finding.task);
    if let (Some(expires), Some(today)) = (entry.expires, today)
        && today > expires
    {
        return Some(format!("{name}: baseline entry expired on {expires}"));
    }
    let max = entry.max_share?.0;
    (share(finding) > max).then(|| {
        let (count, judged) = (finding.count, finding.judged);
        format!("{name}: {count} of {judged} rows show it, above the limit of {max} in the baseline")
    })
}

/// The share of the judged rows that show a finding, from 0 to 1.
fn share(finding: &Finding) -> f64 {
    if finding.judged == 0 { 1.0 } else { (finding.count as f64 / finding.judged as f64).min(1.0) }
}

/// The sentence about stale entries of the baseline, and how to remove them.
fn stale_sentence(stale: &[&Entry], prune: &str) -> Option<String> {
    const SHOWN: usize = 3;
    let names: Vec<String> =
        stale.iter().take(SHOWN).map(|entry| name(&entry.code, &entry.claim, &entry.task)).collect();
    let more = if stale.len() > SHOWN { ", …" } else { "" };
    let names = names.join(", ");
    match stale.len() {
        0 => None,
        1 => Some(format!("the baseline contains 1 stale entry ({names}); remove it with `{prune}`")),
        many => Some(format!("the baseline contains {many} stale entries ({names}{more}); remove them with `{prune}`")),
    }
}

/// A cause as named in sentences.
fn name(code: &str, claim: &str, task: &str) -> String {
    let claim = if claim.is_empty() { String::new() } else { format!(" on `{claim}`") };
    let task = if task.is_empty() { String::new() } else { format!(" in task `{task}`") };
    format!("{code}{claim}{task}")
}

impl Entry {
    /// The entry as named in sentences: code, claim and task, then the cause.
    #[must_use]
    pub fn name(&self) -> String {
        let name = name(&self.code, &self.claim, &self.task);
        if self.cause.is_empty() { name } else { format!("{name}: {}", self.cause.join(", ")) }
    }
}
