//! The baseline: a file of causes that were known when it was written.
//!
//! One entry per line, sorted, and nothing that changes by itself (counts, dates, paths, versions), so that a commit shows
//! which causes came and went, and two branches merge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::conclude;
use crate::config::{Date, nearest, read_text};
use crate::report::{Finding, Report, has_first_key, visible};

/// The version of the file's shape. Version 1 is read, too.
const VERSION: u32 = 2;
/// What version 1 wrote between the parts of a cause.
const JOINED_BY: &str = " | ";

/// A baseline that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error(
        "{path}: cannot read the baseline: {reason}; create one with `retally baseline create PATH --output {path}`"
    )]
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
    /// Identity of the cause, as in the report. What follows says what it is made of.
    #[serde(deserialize_with = "fingerprint")]
    pub fingerprint: String,
    /// The rule's code.
    pub code: String,
    /// The task; empty when the log has none.
    pub task: String,
    /// The column or metric that it is about.
    pub claim: String,
    /// The parts of the cause besides these; empty if they identify it.
    #[serde(deserialize_with = "parts")]
    pub cause: Vec<String>,
    /// Written by hand: why it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Written by hand: the last day on which the entry is valid.
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

/// Detects a file of another version before its other keys are read.
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

fn parts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "cause: expected a list of texts")]
    enum Cause {
        Parts(Vec<String>),
        Joined(String),
    }
    Ok(match Cause::deserialize(deserializer)? {
        Cause::Parts(parts) => parts,
        Cause::Joined(text) if text.is_empty() => Vec::new(),
        Cause::Joined(text) => text.split(JOINED_BY).map(str::to_owned).collect(),
    })
}

impl Baseline {
    /// Whether a file with this start is a baseline, of any version.
    #[must_use]
    pub(crate) fn is_head(head: &[u8]) -> bool {
        if !has_first_key(head, "\"version\"") {
            return false;
        }
        let head = String::from_utf8_lossy(head.get(..512).unwrap_or(head));
        let dense: String = head.split_ascii_whitespace().collect();
        let after_version =
            dense.strip_prefix("{\"version\":").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        let findings = after_version.and_then(|rest| rest.strip_prefix(",\"findings\":["));
        findings.is_some_and(|rest| rest == "]}" || rest.starts_with("{\"fingerprint\":\""))
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let shown = path.to_string_lossy();
        let unreadable = |reason| BaselineError::Unreadable { path: visible(&shown).into_owned(), reason };
        Self::parse(&shown, &read_text(path).map_err(unreadable)?)
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
        let is_object = text.trim_start().starts_with('{');
        let version = match serde_json::from_str::<Head>(text) {
            Ok(head) if is_object => head.version,
            Err(error) if is_object && !error.is_data() => serde_json::Value::Null,
            _ => {
                let reason = "not a baseline file: expected an object with the keys version and findings (the output of `retally \
                              baseline create`)";
                return Err(malformed((1, 1), reason));
            }
        };
        if !version.is_null() && version != VERSION && version != 1 {
            let at = text.find("\"version\"").unwrap_or(0);
            let reason = format!(
                "unsupported version {version} (expected {VERSION}); the file was written by another version of retally"
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
                let reason = format!("duplicate fingerprint {} with conflicting entries; keep one", entry.fingerprint);
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

    /// All findings of a report except those that an exception covers. Hand-written keys of an older baseline are
    /// kept.
    #[must_use]
    pub fn from_report(report: &Report, old: &Self) -> Self {
        let findings = report.findings.iter().filter(|finding| finding.excepted.is_none());
        Self::of(findings.map(|finding| Entry::new(finding, old.find(finding))).collect())
    }

    /// The entry that matches a finding.
    #[must_use]
    pub fn find(&self, finding: &Finding) -> Option<&Entry> {
        let exact = self.entries.iter().find(|entry| entry.fingerprint == finding.fingerprint);
        exact.or_else(|| self.entries.iter().find(|entry| entry.covers(finding)))
    }

    /// The entries, sorted by task, claim, code and fingerprint.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Removes and returns the entries that match no finding of the report.
    pub fn prune(&mut self, report: &Report) -> Vec<Entry> {
        let found = report.findings.iter().filter_map(|finding| self.find(finding));
        let seen: BTreeSet<String> = found.map(|entry| entry.fingerprint.clone()).collect();
        let entries = std::mem::take(&mut self.entries);
        let (kept, removed) = entries.into_iter().partition(|entry| seen.contains(&entry.fingerprint));
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
    fn new(finding: &Finding, old: Option<&Self>) -> Self {
        let plain = |text: &str| visible(text).into_owned();
        Self {
            fingerprint: finding.fingerprint.clone(),
            code: finding.code.clone(),
            task: plain(&finding.task),
            claim: plain(&finding.claim),
            cause: finding.cause.iter().map(|part| plain(part)).collect(),
            reason: old.and_then(|old| old.reason.clone()),
            expires: old.and_then(|old| old.expires),
            max_share: old.and_then(|old| old.max_share),
        }
    }

    /// Whether it matches a finding: the same cause, or a cause with only some of its parts left, such as one of two
    /// wrong metrics.
    fn covers(&self, finding: &Finding) -> bool {
        if self.fingerprint == finding.fingerprint {
            return true;
        }
        let same = |ours: &str, theirs: &str| ours == theirs;
        same(&self.code, &finding.code)
            && same(&self.claim, &finding.claim)
            && same(&self.task, &finding.task)
            && !finding.cause.is_empty()
            && finding.cause.iter().all(|part| self.cause.contains(part))
            // What is there for people to read decides only where it is what the fingerprint was made of.
            && self.fingerprint == conclude::fingerprint(&self.code, &self.claim, &self.task, &self.cause)
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
        return "the file contains merge conflict markers; keep the lines of both sides and remove the markers"
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
        return message.replace("missing field", "missing key").replace("duplicate field", "duplicate key");
    }
    format!("not a baseline file: {message} (expected the output of `retally baseline create`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789abcdef0123456789abcdef";
    const B: &str = "fedcba9876543210fedcba9876543210";

    fn entry(fingerprint: &str, code: &str, task: &str, claim: &str) -> Entry {
        Entry {
            fingerprint: fingerprint.to_owned(),
            code: code.to_owned(),
            task: task.to_owned(),
            claim: claim.to_owned(),
            cause: Vec::new(),
            reason: None,
            expires: None,
            max_share: None,
        }
    }

    fn file(entries: &str) -> String {
        format!("{{\"version\":2,\"findings\":[\n{entries}\n]}}\n")
    }

    fn line(more: &str) -> String {
        format!(
            "{{\"fingerprint\":\"{A}\",\"code\":\"RT204\",\"task\":\"\",\"claim\":\"score\",\"cause\":[\"c\"]{more}}}"
        )
    }

    fn message(text: &str) -> String {
        Baseline::parse("b.json", text).unwrap_err().to_string()
    }

    #[test]
    fn the_first_version_is_read() {
        let of = |cause: &str| file(&line("").replace("[\"c\"]", cause)).replace("\"version\":2", "\"version\":1");
        let old = of("\"a/n | unexplained\"");
        let read = Baseline::parse("b.json", &old).unwrap();
        assert_eq!(read.entries()[0].cause, ["a/n", "unexplained"]);
        let new = read.text().unwrap();
        assert!(new.starts_with("{\"version\":2,") && new.contains("\"cause\":[\"a/n\",\"unexplained\"]"), "{new}");
        assert_eq!(Baseline::parse("b.json", &new).unwrap(), read);
        assert!(message(&of("7")).ends_with("cause: expected a list of texts"));
    }

    #[test]
    fn the_file_has_one_entry_per_line_in_order() {
        let mut written = entry(A, "RT204", "arc", "score");
        written.cause = vec!["a \"b\" \u{e9}".to_owned(), "c | d".to_owned()];
        written.reason = Some("until June".to_owned());
        written.expires = Some("2027-06-30".parse().unwrap());
        written.max_share = Some(Share(0.25));
        let baseline = Baseline::of(vec![
            entry(B, "RT301", "arc", "score"),
            entry(A, "RT301", "arc", "score"),
            entry(B, "RT101", "b", "a"),
            entry(A, "RT999", "arc", "pick"),
            written,
        ]);
        let expected = format!(
            "{{\"version\":2,\"findings\":[\n\
             {{\"fingerprint\":\"{A}\",\"code\":\"RT999\",\"task\":\"arc\",\"claim\":\"pick\",\"cause\":[]}},\n\
             {{\"fingerprint\":\"{A}\",\"code\":\"RT204\",\"task\":\"arc\",\"claim\":\"score\",\"cause\":[\"a \\\"b\\\" é\",\"c | d\"],\
             \"reason\":\"until June\",\"expires\":\"2027-06-30\",\"max_share\":0.25}},\n\
             {{\"fingerprint\":\"{A}\",\"code\":\"RT301\",\"task\":\"arc\",\"claim\":\"score\",\"cause\":[]}},\n\
             {{\"fingerprint\":\"{B}\",\"code\":\"RT301\",\"task\":\"arc\",\"claim\":\"score\",\"cause\":[]}},\n\
             {{\"fingerprint\":\"{B}\",\"code\":\"RT101\",\"task\":\"b\",\"claim\":\"a\",\"cause\":[]}}\n\
             ]}}\n"
        );
        assert_eq!(baseline.text().unwrap(), expected);
        assert_eq!(Baseline::default().text().unwrap(), "{\"version\":2,\"findings\":[\n]}\n");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = file(&line(",\"reason\":\"r\",\"expires\":\"2027-06-30\",\"max_share\":1.0"));
        let baseline = Baseline::parse("b.json", &text).unwrap();
        assert_eq!(baseline.text().unwrap(), text);
        let empty = Baseline::parse("b.json", "{\"version\":2,\"findings\":[\n]}\n").unwrap();
        assert_eq!(empty, Baseline::default());
        // As an editor may leave it.
        let loose = format!("\u{feff}{{ \"findings\": [ {} ],\r\n \"version\": 1 }}", line(""));
        assert_eq!(Baseline::parse("b.json", &loose).unwrap().entries().len(), 1);
    }

    #[test]
    fn two_branches_that_add_entries_merge_by_line() {
        let other = line("").replace(A, B).replace("RT204", "RT301");
        let merged = file(&format!("{},\n{other},\n{}", line(""), line("")));
        assert_eq!(
            Baseline::parse("b.json", &merged).unwrap().text().unwrap(),
            file(&format!("{},\n{other}", line("")))
        );
        let differing = file(&format!("{},\n{}", line(""), line(",\"reason\":\"r\"")));
        assert_eq!(
            message(&differing),
            format!("b.json:3:17: duplicate fingerprint {A} with conflicting entries; keep one")
        );
        let conflict = file(&format!("<<<<<<< ours\n{}\n=======\n{other}\n>>>>>>> theirs", line("")));
        assert_eq!(
            message(&conflict),
            "b.json:2:1: the file contains merge conflict markers; keep the lines of both sides and remove the markers"
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let says = |more: &str| {
            let message = message(&file(&line(more)));
            let (place, reason) = message.split_once(": ").unwrap();
            assert!(place.starts_with("b.json:2:"), "{message}");
            reason.to_owned()
        };
        assert_eq!(says(",\"expire\":\"2027-06-30\""), "unknown key `expire`; did you mean `expires`?");
        assert_eq!(says(",\"expires\":\"soon\""), "invalid date `soon` (expected YYYY-MM-DD)");
        assert_eq!(says(",\"max_share\":1.5"), "max_share: expected a share of rows from 0 to 1, found 1.5");
        assert_eq!(says(",\"max_share\":\"half\""), "invalid type: string \"half\", expected f64");
        assert_eq!(says(",\"reason\":\"a\",\"reason\":\"b\""), "duplicate key `reason`");
        let short = file(&line("").replace(A, "ABC"));
        assert!(message(&short).ends_with("fingerprint: expected 32 hexadecimal digits in lower case, found `ABC`"));
        assert!(message(&short).starts_with("b.json:2:"));
        let without = file(&line("").replace("\"code\":\"RT204\",", ""));
        assert!(message(&without).starts_with("b.json:2:"), "{}", message(&without));
        assert!(message(&without).ends_with("missing key `code`"));
        assert_eq!(
            message("{\n\"version\":3,\"causes\":{}}"),
            "b.json:2:1: unsupported version 3 (expected 2); the file was written by another version of retally"
        );
        assert!(message("{\"version\":1}").ends_with("missing key `findings`"));
        assert!(message("{\"version\":2,\"findings\":[").contains("not a baseline file: EOF while parsing"));
        for text in ["", "[1, []]", "{\"schema_version\":1}", "{\"version\":2,\"findings\":["] {
            let message = message(text);
            assert!(message.starts_with("b.json:1:"), "{message}");
            assert!(message.contains("not a baseline file: "), "{message}");
        }
        let missing = Baseline::read(Path::new("no/such.json")).unwrap_err().to_string();
        assert!(missing.starts_with("no/such.json: cannot read the baseline: "), "{missing}");
        assert!(missing.ends_with("`retally baseline create PATH --output no/such.json`"), "{missing}");
    }
}
