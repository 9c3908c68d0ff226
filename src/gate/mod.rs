//! What fails: a finished report against a baseline, the user's exceptions and a policy.
//!
//! The report stays as it is; each finding learns whether it is known or excepted, and the report what the gate says.

mod baseline;
mod exceptions;
mod policy;

use std::collections::BTreeSet;

use crate::config::{Config, Date, FailOn, Levels};
use crate::report::{BaselineCounts, BaselineState, Finding, GateReport, Report};

pub use baseline::{Baseline, BaselineError, Entry, Share};

/// The conditions that a report is judged by.
pub struct Terms<'t> {
    /// The minimum severity at which findings fail.
    pub fail_on: FailOn,
    /// The configuration, for its minimums and exceptions.
    pub config: &'t Config,
    /// The enabled rules: entries and exceptions of other rules are not reported.
    pub levels: &'t Levels,
    /// The date for expiry checks; without one, nothing expires.
    pub today: Option<Date>,
    /// What is known.
    pub baseline: Option<&'t Baseline>,
    /// Whether stale entries fail.
    pub strict_baseline: bool,
    /// The command that removes stale entries.
    pub prune: &'t str,
}

/// Whether an audit is complete: no named input is unusable, and something was audited.
#[must_use]
pub fn is_done(report: &Report) -> bool {
    // A log without a claim and without a token was read, but nothing of it was audited: silence would look like a pass.
    let summary = &report.summary;
    let audited = summary.steps > 0 || summary.verdicts.values().any(|counts| counts.total() > 0);
    let nothing = summary.records == 0 || (!audited && report.findings.is_empty());
    !nothing && !report.errors.iter().any(|error| error.fatal)
}

/// Marks each finding as known or excepted, and decides whether the report passes.
pub fn judge(report: &mut Report, terms: &Terms<'_>) {
    let mut notes = exceptions::apply(report, terms);
    let mut failures = Vec::new();
    if let Some(baseline) = terms.baseline {
        let stale = compare(report, baseline, terms, &mut notes);
        if let Some(sentence) = stale_sentence(&stale, terms.prune) {
            if terms.strict_baseline { &mut failures } else { &mut notes }.push(sentence);
        }
    }
    failures.extend(policy::minimums(report, &terms.config.gate.min_proven));
    let failing = report.shown().filter(|finding| terms.fail_on.fails(finding.severity)).count() as u64;
    if terms.fail_on == FailOn::Never {
        notes.extend(failures.drain(..).map(|sentence| format!("would fail without `--fail-on never`: {sentence}")));
    }
    report.gate = Some(GateReport { passed: failing == 0 && failures.is_empty(), failing, failures, notes });
}

/// Marks the findings in the baseline and returns the stale entries.
fn compare<'b>(
    report: &mut Report,
    baseline: &'b Baseline,
    terms: &Terms<'_>,
    notes: &mut Vec<String>,
) -> Vec<&'b Entry> {
    let mut counts = BaselineCounts::default();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for finding in &mut report.findings {
        let entry = baseline.find(finding);
        seen.extend(entry.map(|entry| entry.fingerprint.as_str()));
        let lapsed = entry.and_then(|entry| lapsed(entry, finding, terms.today));
        if entry.is_some() && lapsed.is_none() {
            finding.baseline_state = Some(BaselineState::Unchanged);
            counts.known += 1;
        } else {
            finding.baseline_state = Some(BaselineState::New);
            counts.new += 1;
        }
        notes.extend(lapsed);
    }
    let is_stale = |entry: &&Entry| !seen.contains(entry.fingerprint.as_str()) && terms.levels.is_selected(&entry.code);
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
        if self.cause.is_empty() { name } else { format!("{name}: {}", self.cause) }
    }
}
