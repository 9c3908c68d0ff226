//! The report model, and one module per output format.
//!
//! The types here are the report model; every output only renders them: it orders nothing, counts nothing,
//! and escapes all text of the log for its medium.

mod anchor;
mod blocks;
mod claim_key;
pub mod concise;
mod evidence;
mod figure;
pub mod github;
pub mod gitlab;
mod headline;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
mod output;
mod own;
pub mod rows;
pub mod sarif;
mod style;
pub mod text;
mod visible;
pub(crate) mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::model::{Certainty, Severity, Snippet, Span, Verdict, VerdictCounts};
pub use anchor::{Anchor, Anchors};
pub use claim_key::ClaimKey;
pub use evidence::{Bin, ColumnEvidence, Evidence, Moments, Number, RuleEvidence};
pub use figure::{Comparison, Figure, Path, PathStep, Point, Status};
pub use output::{OutputFormat, Rendering};
#[cfg(feature = "cli")]
pub(crate) use own::HEAD as OWN_HEAD;
pub(crate) use own::{has_first_key, written_as};
pub use style::{Detail, Style};
pub use visible::visible;

/// All outputs, in the order in which they are listed.
pub static OUTPUTS: &[&OutputFormat] = &[
    &text::OUTPUT,
    &concise::OUTPUT,
    &json::OUTPUT,
    &jsonl::OUTPUT,
    &sarif::OUTPUT,
    &github::OUTPUT,
    &gitlab::OUTPUT,
    &junit::OUTPUT,
    &markdown::OUTPUT,
    &html::OUTPUT,
];

/// The address of the documentation: the one place is `homepage` in Cargo.toml.
pub(crate) const HOMEPAGE: &str = env!("CARGO_PKG_HOMEPAGE");

/// The address of a rule's page. A stored report may hold any text as a code.
#[must_use]
pub(crate) fn page_of(code: &str) -> String {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{HOMEPAGE}/rules/{code}.html")
}

/// Schema version of the JSON report.
pub const SCHEMA_VERSION: u32 = 2;

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Schema version.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// What was read.
    pub inputs: Vec<InputReport>,
    /// The files of the inputs, if they are described.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileReport>,
    /// Counts.
    pub summary: Summary,
    /// What is wrong, loudest first.
    pub findings: Vec<Finding>,
    /// What was found about each column of claims.
    pub diagnoses: Vec<Diagnosis>,
    /// The verdicts on each claim of each task.
    pub claims: Vec<ClaimReport>,
    /// The numbers reported of a run, each beside what its rows give.
    pub metrics: Vec<MetricReport>,
    /// Items of which two candidates are shown step by step: the worst ones.
    pub comparisons: Vec<Comparison>,
    /// Items whose pick changes, where the report was made for a page that lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_picks: Option<ChangedPicks>,
    /// What could not be checked.
    pub coverage: Vec<Coverage>,
    /// Fields that no row has; the rules that need them were skipped.
    pub skipped_fields: Vec<String>,
    /// What could not be read.
    pub errors: Vec<InputError>,
    /// Findings that disabled rules would have given, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silenced: Vec<Silenced>,
    /// How the findings compare with a baseline, when there is one.
    pub baseline: Option<BaselineCounts>,
    /// Whether the report passes, once it was judged.
    pub gate: Option<GateReport>,
}

impl Report {
    /// The findings that a reader has to act on: neither known to the baseline nor excepted.
    pub fn shown(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_excused())
    }

    /// How many findings disabled rules would have given, in one line; None without any.
    #[must_use]
    pub fn silenced_line(&self) -> Option<String> {
        let total = self.silenced.iter().fold(0_u64, |total, own| total.saturating_add(own.count));
        let codes: Vec<&str> = self.silenced.iter().map(|own| own.code.as_str()).collect();
        let noun = if total == 1 { "finding" } else { "findings" };
        (total > 0).then(|| format!("{} {noun} silenced ({})", words::count(total), codes.join(", ")))
    }

    /// [`Report::shown`] by severity.
    #[must_use]
    pub fn shown_counts(&self) -> FindingCounts {
        let mut counts = FindingCounts::default();
        self.shown().for_each(|finding| counts.add(finding.severity));
        counts
    }
}

/// Items whose pick changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPicks {
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub first: Vec<rows::ChangedPick>,
}

/// The findings of a rule that the configuration or the command line disables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silenced {
    /// The rule's code.
    pub code: String,
    /// How many there are.
    pub count: u64,
}

/// Findings compared with a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BaselineCounts {
    /// Findings that it does not have, or no longer excuses.
    pub new: u64,
    /// Findings that it knows.
    pub known: u64,
    /// Entries of which nothing is seen any more.
    pub stale: u64,
}

/// What the gate says of the report.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GateReport {
    /// Whether nothing fails it.
    pub passed: bool,
    /// Findings that fail it.
    pub failing: u64,
    /// What else fails it, as sentences.
    pub failures: Vec<String>,
    /// What fails nothing and is worth knowing, as sentences.
    pub notes: Vec<String>,
}

/// A finding compared with a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaselineState {
    /// The baseline does not have it, or no longer excuses it.
    New,
    /// The baseline knows it.
    Unchanged,
}

/// The tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The address of its documentation; the page of a rule is `rules/CODE.html` below it.
    #[serde(default)]
    pub documentation: String,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputReport {
    /// The path as given.
    pub path: String,
    /// The format it was read as.
    pub format: String,
    /// The version of the tool that wrote it, where the log says it.
    pub format_version: Option<String>,
    /// Records read.
    pub records: u64,
}

/// The file of an input, for a reader who has only the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The path of its input.
    pub path: String,
    /// Its size in bytes; None for what is no file.
    pub bytes: Option<u64>,
    /// Its SHA-256 digest as hexadecimal digits; None for what is no file.
    pub sha256: Option<String>,
    /// The model that it is of, if it says so.
    pub model: Option<String>,
}

/// Counts over all inputs.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Records read.
    pub records: u64,
    /// Items judged.
    pub items: u64,
    /// Candidates judged.
    pub candidates: u64,
    /// Steps read.
    pub steps: u64,
    /// Findings by severity.
    pub findings: FindingCounts,
    /// Verdicts by kind of claim.
    pub verdicts: BTreeMap<ClaimKey, VerdictCounts>,
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FindingCounts {
    /// Errors.
    pub error: u64,
    /// Warnings.
    pub warning: u64,
    /// Notes.
    pub note: u64,
}

impl FindingCounts {
    /// Counts one finding.
    pub fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.error += 1,
            Severity::Warning => self.warning += 1,
            Severity::Note => self.note += 1,
        }
    }
}

/// One cause, with everything that a reader needs to check it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's code.
    pub code: String,
    /// The rule's name.
    pub name: String,
    /// The rule's family.
    pub family: String,
    /// Its severity.
    pub severity: Severity,
    /// The kind of evidence behind it.
    pub certainty: Certainty,
    /// What is wrong, in one line.
    pub message: String,
    /// How to fix the pipeline.
    pub help: String,
    /// Rows that show it.
    pub count: u64,
    /// Rows that were judged for it in the runs that show it.
    pub judged: u64,
    /// The inputs that it is about.
    pub inputs: Vec<String>,
    /// The first of them, in the order of the input.
    pub locations: Vec<Location>,
    /// The numbers behind the message.
    pub evidence: Evidence,
    /// Identity of the cause, for baselines.
    pub fingerprint: String,
    /// The parts of the cause that the fingerprint is made of, beside code, claim and task (a formula, or those of a
    /// mixture; metrics), in order; empty where these say it all.
    pub cause: Vec<String>,
    /// Whether the baseline knows it, when there is one.
    pub baseline_state: Option<BaselineState>,
    /// The reason of the exception that covers it, if one does.
    pub excepted: Option<String>,
    /// The task, when the log has tasks.
    pub task: String,
    /// The column or metric that it is about.
    pub claim: String,
    /// What the mended number is, beside the marked value.
    pub label: String,
    /// Lines of evidence.
    pub evidence_lines: Vec<String>,
    /// What the bug changed.
    pub impact_lines: Vec<String>,
    /// The same as numbers, for findings that no column's diagnosis has them for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// The text around the first location.
    pub snippet: Snippet,
}

impl Finding {
    /// Whether the baseline knows it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.baseline_state == Some(BaselineState::Unchanged)
    }

    /// Whether it fails nothing: the baseline knows it, or an exception covers it.
    #[must_use]
    pub fn is_excused(&self) -> bool {
        self.is_known() || self.excepted.is_some()
    }
}

/// A place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The path as given.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// Path of the field inside the record.
    pub field: String,
    /// The bytes of the value in the file; none where the file has none for it, such as a row of Parquet.
    pub span: Option<Span>,
    /// The item's id.
    pub item: String,
    /// The candidate's id or position; empty for a whole item.
    pub candidate: String,
}

/// What was found about one column of claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The run: its directory or file.
    pub run: String,
    /// The task.
    pub task: String,
    /// The column.
    pub claim: String,
    /// The formula that it is checked against.
    pub convention: String,
    /// The formula that explains it best.
    pub best: Option<String>,
    /// Rows that the best formula explains, of those where it differs from the convention.
    pub explained: u64,
    /// Rows where the best formula differs from the convention.
    pub decidable: u64,
    /// All judged rows.
    pub total: u64,
    /// The formula that comes second.
    pub runner_up: Option<String>,
    /// How much better the best is, in bits of description length.
    pub gap_bits: f64,
    /// Whether the evidence does not decide between the two.
    pub ambiguous: bool,
    /// What changes when the column follows its convention.
    pub impact: Option<Impact>,
    /// Groups of rows, when no single formula explains all.
    pub groups: Vec<RowGroup>,
    /// What its pictures are drawn from.
    pub figure: Option<Figure>,
}

/// The verdicts on one claim of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimReport {
    /// The run: its directory or file.
    pub run: String,
    /// The task; empty when the log has none.
    pub task: String,
    /// The claim, as in [`Summary::verdicts`].
    pub claim: ClaimKey,
    /// The formula that it is checked against; empty for claims without a formula, such as picks.
    pub convention: String,
    /// How many are proven, refuted, unprovable.
    pub verdicts: VerdictCounts,
    /// What to log so that the unprovable ones can be judged; empty without any.
    pub missing: String,
}

/// A number reported of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// The run: its directory or file.
    pub run: String,
    /// The task; empty when the log has none.
    pub task: String,
    /// The metric, such as `acc` or `acc_stderr`.
    pub metric: String,
    /// Its formula over the rows, such as `mean(acc)`.
    pub definition: String,
    /// The number as printed.
    pub reported: String,
    /// The number that the rows give, if they give one.
    pub recomputed: Option<f64>,
    /// The tolerance.
    pub within: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Rows beneath a proven number whose own values nothing in the log checks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unchecked_rows: u64,
}

/// A group of rows that one formula explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroup {
    /// The formula.
    pub formula: String,
    /// Rows.
    pub rows: u64,
    /// First row: path and line.
    pub first: Location,
    /// Last row.
    pub last: Location,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a wrong column changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Items whose pick can be recomputed.
    pub items: u64,
    /// Items whose pick changes.
    pub flips: u64,
    /// Further items whose pick changes at the printed digits, where digits that were not printed could undo it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undecided: u64,
    /// Ids of the first of them.
    pub flipped: Vec<String>,
    /// Items with a gold answer among them.
    pub graded: u64,
    /// Accuracy as reported.
    pub accuracy_before: Option<f64>,
    /// Accuracy under the convention.
    pub accuracy_after: Option<f64>,
    /// Wrong before, right after.
    pub gained: u64,
    /// Right before, wrong after.
    pub lost: u64,
    /// Exact two-sided `McNemar` p of gained against lost.
    pub mcnemar_p: Option<f64>,
}

/// Claims that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    /// The kind of claim, as in [`Summary::verdicts`].
    pub what: ClaimKey,
    /// Why not.
    pub reason: String,
    /// What to log so that it can be.
    pub log: String,
    /// Claims that it concerns.
    pub count: u64,
}

/// What is wrong with an input or record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputErrorKind {
    /// The input cannot be found, opened or unpacked.
    Unreadable,
    /// The input is empty.
    Empty,
    /// No format recognises the input.
    Unrecognised,
    /// A format is chosen, and the input cannot be read as that.
    Unusable,
    /// A record cannot be read.
    Record,
}

/// An input or record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputError {
    /// What is wrong.
    pub kind: InputErrorKind,
    /// The path.
    pub path: String,
    /// The line, 0 for the whole input.
    pub line: u64,
    /// The column, 0 for the whole input.
    pub column: u64,
    /// What was expected and found.
    pub reason: String,
    /// Whether the audit cannot count as done without it: an input that was named, or a log whose fields are not
    /// clear.
    pub fatal: bool,
    /// The fields of its first rows, where it has rows that no format recognises.
    #[serde(default)]
    pub fields: Vec<String>,
}

impl InputError {
    /// The order in a report: by path, line and reason.
    pub(crate) fn by_place(&self, other: &Self) -> std::cmp::Ordering {
        (&self.path, self.line, &self.reason).cmp(&(&other.path, other.line, &other.reason))
    }
}
