//! What the user says of the gate: from which severity on findings fail, how much has to be proven, and which findings
//! are excepted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use globset::GlobSet;
use toml::Spanned;

use crate::config::written::{Exception as Written, Fault, Gate as WrittenGate, unknown_name};
use crate::config::{Paths, codes};
use crate::model::{Severity, glob};
use crate::rules::Catalogue;

/// The minimum severity at which findings fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Errors and warnings.
    Warning,
    /// All findings.
    Note,
    /// Nothing fails.
    Never,
}

impl FailOn {
    /// All values.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Note, Self::Never];

    /// Its name in the configuration and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Never => "never",
        }
    }

    /// Whether findings of a severity fail.
    #[must_use]
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity == Severity::Error,
            Self::Warning => severity <= Severity::Warning,
            Self::Note => true,
            Self::Never => false,
        }
    }
}

/// A day, compared with a day that the user names; no clock is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("invalid date `{text}` (expected YYYY-MM-DD)");
        let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(expected()) };
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return Err(expected());
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| expected());
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if day == 0 || day > last {
            return Err(format!("invalid date {text} (expected YYYY-MM-DD)"));
        }
        let small = |number: u16| u8::try_from(number).map_err(|_| expected());
        Ok(Self { year, month: small(month)?, day: small(day)? })
    }
}

impl TryFrom<String> for Date {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// `[gate]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateConfig {
    /// The minimum severity at which findings fail.
    pub fail_on: Option<FailOn>,
    /// Share of the claims of a name that must be proven, from 0 to 1.
    pub min_proven: Vec<(String, f64)>,
    /// Share of the rows that must have a value under a number that is silent about the others, from 0 to 1.
    pub min_coverage: Option<f64>,
    /// Whether a report passes of which no claim could be checked.
    pub allow_unproven: bool,
}

/// A finding that the user accepts.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The code or prefix as written.
    pub code: String,
    /// Why.
    pub reason: String,
    /// The last day on which it is valid.
    pub expires: Option<Date>,
    /// The rule codes that it covers.
    pub codes: Vec<String>,
    paths: Option<Paths>,
    task: Option<Name>,
    claim: Option<Name>,
}

/// A name, or a glob over names.
#[derive(Clone, Debug)]
struct Name {
    text: String,
    glob: Option<GlobSet>,
}

impl Name {
    fn new(text: &str) -> Self {
        // A name may hold what no glob may, such as an open bracket; then only the name itself is meant.
        Self { text: text.to_owned(), glob: glob(text, false).ok() }
    }

    fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.as_ref().is_some_and(|glob| glob.is_match(name))
    }
}

impl Exception {
    /// Whether it covers a finding. With paths, all inputs of the finding must match.
    #[must_use]
    pub fn covers(&self, code: &str, task: &str, claim: &str, inputs: &[String]) -> bool {
        let named = |name: &Option<Name>, text: &str| name.as_ref().is_none_or(|name| name.matches(text));
        let within = |paths: &Paths| !inputs.is_empty() && inputs.iter().all(|input| paths.matches(input));
        self.codes.iter().any(|known| known == code)
            && named(&self.task, task)
            && named(&self.claim, claim)
            && self.paths.as_ref().is_none_or(within)
    }
}

/// Resolves `[gate]`.
pub(super) fn gate(written: &WrittenGate) -> Result<GateConfig, Fault> {
    let mut gate = GateConfig {
        allow_unproven: written.allow_unproven.as_ref().is_some_and(|allow| *allow.get_ref()),
        ..GateConfig::default()
    };
    if let Some(fail_on) = &written.fail_on {
        let text = fail_on.get_ref();
        let found = FailOn::ALL.into_iter().find(|value| value.name() == text);
        let names = FailOn::ALL.map(FailOn::name);
        gate.fail_on = Some(found.ok_or_else(|| Fault::at(fail_on.span(), unknown_name("level", text, &names)))?);
    }
    if let Some(share) = &written.min_coverage {
        if !(0.0..=1.0).contains(share.get_ref()) {
            let reason = "min-coverage: expected a share from 0 to 1, such as 0.95".to_owned();
            return Err(Fault::at(share.span(), reason));
        }
        gate.min_coverage = Some(*share.get_ref());
    }
    for (key, value) in &written.min_proven {
        let name = key.get_ref();
        let share = match value.get_ref() {
            toml::Value::Float(share) => *share,
            toml::Value::Integer(share) if (0..=1).contains(share) => f64::from(*share == 1),
            toml::Value::Table(_) => {
                let reason =
                    format!("{name}: expected a share from 0 to 1; quote a name with a dot: \"{name}.x\" = 1.0");
                return Err(Fault::at(value.span(), reason));
            }
            _ => f64::NAN,
        };
        if !(0.0..=1.0).contains(&share) {
            return Err(Fault::at(value.span(), format!("{name}: expected a share from 0 to 1, such as 0.95")));
        }
        gate.min_proven.push((name.clone(), share));
    }
    Ok(gate)
}

/// One of `[[exceptions]]`; `paths` and `line` come from the reader of the file.
pub(super) fn exception(
    written: &Spanned<Written>,
    paths: Option<Paths>,
    line: usize,
    catalogue: &Catalogue,
) -> Result<Exception, Fault> {
    let (entry, span) = (written.get_ref(), written.span());
    let missing =
        |key: &str, what: &str| Fault::at(span.clone(), format!("missing key `{key}` in an exception: {what}"));
    let code = entry.code.as_ref().ok_or_else(|| missing("code", "a rule code or a prefix, such as RT204"))?;
    let codes = codes(std::slice::from_ref(code.get_ref()), catalogue)
        .map_err(|error| Fault::at(code.span(), error.to_string()))?;
    if codes.is_empty() {
        return Err(Fault::at(code.span(), "expected a rule code or a prefix, such as RT204"));
    }
    let reason = entry.reason.as_ref().ok_or_else(|| missing("reason", "why the finding is accepted"))?;
    if reason.get_ref().trim().is_empty() {
        return Err(Fault::at(reason.span(), "the reason is empty; say why the finding is accepted"));
    }
    let expires = entry.expires.as_ref().map(date).transpose()?;
    Ok(Exception {
        line,
        code: code.get_ref().clone(),
        reason: reason.get_ref().clone(),
        expires,
        codes,
        paths,
        task: entry.task.as_deref().map(Name::new),
        claim: entry.claim.as_deref().map(Name::new),
    })
}

/// A date in quotes, or one of TOML's own.
fn date(value: &Spanned<toml::Value>) -> Result<Date, Fault> {
    let text = match value.get_ref() {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(date) => date.to_string(),
        other => other.to_string(),
    };
    text.parse().map_err(|reason| Fault::at(value.span(), format!("expires: {reason}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse("retally.toml", text, Path::new("/runs")).map_err(|error| error.to_string())
    }

    #[test]
    fn dates_are_days_that_there_are() {
        let day = |text: &str| text.parse::<Date>();
        assert_eq!(day("2028-02-29").unwrap().to_string(), "2028-02-29");
        assert!(day("2026-12-31").unwrap() < day("2027-01-01").unwrap());
        assert!(day("2026-09-30").unwrap() < day("2026-10-01").unwrap());
        for wrong in ["2027-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00"] {
            assert_eq!(day(wrong).unwrap_err(), format!("invalid date {wrong} (expected YYYY-MM-DD)"));
        }
        for wrong in ["", "tomorrow", "2026-1-1", "26-01-01", "2026-01-01T00:00", "+026-01-01", "2026-01-01-01"] {
            let expected = format!("invalid date `{wrong}` (expected YYYY-MM-DD)");
            assert_eq!(day(wrong).unwrap_err(), expected);
        }
    }

    #[test]
    fn severities_fail_from_the_level_on() {
        let failing = |level: FailOn| {
            [Severity::Error, Severity::Warning, Severity::Note].map(|severity| u8::from(level.fails(severity)))
        };
        assert_eq!(FailOn::ALL.map(failing), [[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]]);
    }

    #[test]
    fn the_policy_is_read() {
        let config = read(
            "[gate]\nfail-on = \"warning\"\nallow-unproven = true\nmin-coverage = 0.9\nmin-proven = { accuracy = 1, \"run.acc\" = 0.9 }",
        )
        .unwrap();
        let expected = vec![("accuracy".to_owned(), 1.0), ("run.acc".to_owned(), 0.9)];
        assert_eq!(
            config.gate,
            GateConfig {
                fail_on: Some(FailOn::Warning),
                min_proven: expected,
                min_coverage: Some(0.9),
                allow_unproven: true
            }
        );
        assert_eq!(read("").unwrap().gate, GateConfig::default());
    }

    #[test]
    fn a_policy_that_cannot_be_used_is_named_with_its_place() {
        let message = |text: &str| read(text).unwrap_err();
        assert_eq!(
            message("[gate]\nfail-on = \"warnings\""),
            "retally.toml:2:11: unknown level `warnings`; did you mean `warning`?"
        );
        assert_eq!(
            message("[gate]\nfail_on = \"never\""),
            "retally.toml:2:1: unknown key `fail_on`; did you mean `fail-on`?"
        );
        for share in ["1.5", "-0.1", "2", "nan", "\"all\""] {
            assert_eq!(
                message(&format!("[gate.min-proven]\nscore = {share}")),
                "retally.toml:2:9: score: expected a share from 0 to 1, such as 0.95"
            );
        }
        assert!(message("[gate.min-proven]\nrun.acc = 1.0").contains("quote a name with a dot"));
    }

    #[test]
    fn an_exception_covers_what_its_keys_say() {
        let config = read(
            "[[exceptions]]\ncode = \"rt2\"\nreason = \"known\"\n\n[[exceptions]]\ncode = \"RT204\"\npaths = [\"old/**\", \
             \"*.csv\"]\ntask = \"arc_*\"\nclaim = \"score[\"\nreason = \"old\"\nexpires = 2027-01-31\n",
        )
        .unwrap();
        let [wide, narrow] = config.exceptions.as_slice() else { panic!("{:?}", config.exceptions) };
        let inputs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!((wide.line, narrow.line, narrow.reason.as_str()), (1, 5, "old"));
        assert_eq!(narrow.expires, Some("2027-01-31".parse().unwrap()));
        assert!(wide.covers("RT205", "any", "any", &[]));
        assert!(!wide.covers("RT301", "any", "any", &[]));
        assert!(narrow.covers("RT204", "arc_easy", "score[", &inputs(&["old/a", "b.csv"])));
        assert!(!narrow.covers("RT204", "arc_easy", "score[", &inputs(&["old/a", "new/a"])));
        assert!(!narrow.covers("RT204", "arc_easy", "score[", &[]));
        assert!(!narrow.covers("RT204", "mmlu", "score[", &inputs(&["old/a"])));
        assert!(!narrow.covers("RT204", "arc_easy", "scores", &inputs(&["old/a"])));
        assert!(!narrow.covers("RT205", "arc_easy", "score[", &inputs(&["old/a"])));
    }

    #[test]
    fn an_exception_that_cannot_be_used_is_named_with_its_place() {
        let message = |text: &str| read(text).unwrap_err();
        assert_eq!(
            message("\n[[exceptions]]\ncode = \"RT204\"\n"),
            "retally.toml:2:1: missing key `reason` in an exception: why the finding is accepted"
        );
        assert!(
            message("[[exceptions]]\nreason = \"x\"\n")
                .contains("missing key `code` in an exception: a rule code or a prefix")
        );
        assert_eq!(
            message("[[exceptions]]\ncode = \"RT204\"\nreason = \" \"\n"),
            "retally.toml:3:10: the reason is empty; say why the finding is accepted"
        );
        assert!(
            message("[[exceptions]]\ncode = \"RX204\"\nreason = \"x\"\n")
                .starts_with("retally.toml:2:8: unknown rule code")
        );
        assert!(message("[[exceptions]]\ncode = \" \"\nreason = \"x\"\n").contains("2:8: expected a rule code"));
        assert!(message("[[exceptions]]\npath = [\"a\"]\n").contains("unknown key `path`; did you mean `paths`?"));
        assert!(
            message("[[exceptions]]\ncode = \"RT2\"\nreason = \"x\"\npaths = [\"a[\"]\n")
                .starts_with("retally.toml:4:10: ")
        );
        assert_eq!(
            message("[[exceptions]]\ncode = \"RT2\"\nreason = \"x\"\nexpires = \"soon\"\n"),
            "retally.toml:4:11: expires: invalid date `soon` (expected YYYY-MM-DD)"
        );
    }
}
