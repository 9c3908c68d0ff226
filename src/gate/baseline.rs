//! The baseline: a file of causes that were known when it was written.
//!
//! One entry per line, sorted, and nothing that changes by itself (counts, dates, paths, versions), so that a commit shows
//! which causes came and went, and two branches merge.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Date, nearest};
use crate::report::{Finding, Report, visible};

/// The version of the file's shape.
const VERSION: u32 = 1;

/// A baseline that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("{path}: cannot read the baseline: {reason}; to write one: retally baseline create PATH --output {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The file holds something else.
    #[error("{path}:{line}:{column}: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What was expected, what was found, what to do.
        reason: String,
    },
}

/// Known causes, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    entries: Vec<Entry>,
}

/// One known cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Identity of the cause, as in the report. What follows is for people to read.
    #[serde(deserialize_with = "fingerprint")]
    pub fingerprint: String,
    /// The rule's code.
    pub code: String,
    /// The task; empty when the log has none.
    pub task: String,
    /// The column or metric that it is about.
    pub claim: String,
    /// The cause beside these; empty where they say it all.
    pub cause: String,
    /// Written by hand: why it may stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Written by hand: the last day that it is excused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// Written by hand: the share of rows above which it fails again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_share: Option<Share>,
}

/// A share of rows, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(pub f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        let fits = (0.0..=1.0).contains(&share);
        fits.then_some(Self(share))
            .ok_or_else(|| format!("max_share: expected a share of rows from 0 to 1, found {share}"))
    }
}

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "version")]
    _version: u32,
    findings: Vec<Entry>,
}

/// What tells a file of another version before its other keys are looked at.
#[derive(Deserialize)]
struct Head {
    version: serde_json::Value,
}

fn fingerprint<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 32 && text.bytes().all(is_digit) {
        return Ok(text);
    }
    let reason = format!("fingerprint: expected 32 hexadecimal digits in lower case, found `{text}`");
    Err(serde::de::Error::custom(reason))
}

impl Baseline {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let shown = path.to_string_lossy();
        #[expect(clippy::disallowed_methods, reason = "this is where a baseline is read")]
        let text = std::fs::read_to_string(path);
        let unreadable = |error: std::io::Error| BaselineError::Unreadable {
            path: visible(&shown).into_owned(),
            reason: error.to_string(),
        };
        Self::parse(&shown, &text.map_err(unreadable)?)
    }

    /// Reads a text; `path` is what errors name.
    pub fn parse(path: &str, text: &str) -> Result<Self, BaselineError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let malformed = |(line, column): (usize, usize), reason: &str| BaselineError::Malformed {
            path: visible(path).into_owned(),
            line,
            column,
            reason: visible(reason).into_owned(),
        };
        if let Ok(head) = serde_json::from_str::<Head>(text)
            && head.version != VERSION
        {
            let at = text.find("\"version\"").unwrap_or(0);
            let reason = format!(
                "version: expected {VERSION}, found {}; this file is for another version of retally",
                head.version
            );
            return Err(malformed(position(text, at), &reason));
        }
        let written: Written = serde_json::from_str(text)
            .map_err(|error| malformed((error.line().max(1), error.column().max(1)), &reason(&error, text)))?;
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for entry in written.findings {
            // A merge of two branches may leave the same line twice.
            if let Some(other) = entries.get(&entry.fingerprint)
                && *other != entry
            {
                let second = text.rfind(&entry.fingerprint).unwrap_or(0);
                let reason =
                    format!("the fingerprint {} stands in two entries that differ; keep one", entry.fingerprint);
                return Err(malformed(position(text, second), &reason));
            }
            entries.insert(entry.fingerprint.clone(), entry);
        }
        Ok(Self::of(entries.into_values().collect()))
    }

    fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.order().cmp(&b.order()));
        Self { entries }
    }

    /// All findings of a report but the excepted ones, which their exceptions cover already.
    #[must_use]
    pub fn from_report(report: &Report) -> Self {
        Self::of(report.findings.iter().filter(|finding| finding.excepted.is_none()).map(Entry::new).collect())
    }

    /// The entries, sorted by task, claim, code and fingerprint.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes over what was written by hand into the entries of an older baseline that are here, too.
    pub fn keep_written(&mut self, old: &Self) {
        for entry in &mut self.entries {
            if let Some(known) = old.entries.iter().find(|known| known.fingerprint == entry.fingerprint) {
                entry.reason.clone_from(&known.reason);
                (entry.expires, entry.max_share) = (known.expires, known.max_share);
            }
        }
    }

    /// Removes the entries of which the report shows nothing, and gives them.
    pub fn prune(&mut self, report: &Report) -> Vec<Entry> {
        let seen = |entry: &Entry| report.findings.iter().any(|finding| finding.fingerprint == entry.fingerprint);
        let (kept, removed) = std::mem::take(&mut self.entries).into_iter().partition(seen);
        self.entries = kept;
        removed
    }

    /// The text of the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let lines: Vec<String> = self.entries.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let end = if lines.is_empty() { "" } else { "\n" };
        Ok(format!("{{\"version\":{VERSION},\"findings\":[\n{}{end}]}}\n", lines.join(",\n")))
    }
}

impl Entry {
    fn new(finding: &Finding) -> Self {
        let plain = |text: &str| visible(text).into_owned();
        Self {
            fingerprint: finding.fingerprint.clone(),
            code: finding.code.clone(),
            task: plain(&finding.task),
            claim: plain(&finding.claim),
            cause: plain(&finding.cause),
            reason: None,
            expires: None,
            max_share: None,
        }
    }

    /// What entries are sorted by.
    pub(super) fn order(&self) -> (&str, &str, &str, &str) {
        (&self.task, &self.claim, &self.code, &self.fingerprint)
    }
}

/// Line and column of a byte, from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or_default();
    (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, str::len) + 1)
}

/// The parser's message without its place, with a way out where there is one.
fn reason(error: &serde_json::Error, text: &str) -> String {
    if text.lines().any(|line| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>")) {
        return "the file holds the marks of a merge conflict; keep the lines of both sides and remove the marks"
            .to_owned();
    }
    let whole = error.to_string();
    let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message);
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((unknown, known)) = names.split_first() {
            return match nearest(unknown, known.iter().copied()) {
                Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
                None => format!("unknown key `{unknown}`; expected one of {}", known.join(", ")),
            };
        }
    }
    if error.is_data() {
        return message.replace("missing field", "missing key").replace("duplicate field", "the key stands twice:");
    }
    format!("this is no baseline: {message}; expected JSON as `retally baseline create` writes it")
}
