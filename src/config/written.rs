//! `retally.toml` as it is written: its keys, with the place of each for messages.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// A table with free keys; the places of key and value are kept.
pub(super) type Table = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub(super) conventions: Table,
    pub(super) input: Table,
    pub(super) rules: Table,
    pub(super) tolerance: Tolerance,
    pub(super) report: Report,
    pub(super) gate: Gate,
    pub(super) limits: Limits,
    pub(super) exceptions: Vec<Spanned<Exception>>,
    pub(super) overrides: Vec<Override>,
}

/// `[tolerance]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tolerance {
    pub(super) absolute: Option<Spanned<f64>>,
    pub(super) digits: Option<Spanned<String>>,
    pub(super) claims: BTreeMap<Spanned<String>, Spanned<f64>>,
}

/// `[report]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Report {
    pub(super) anchor: Option<Spanned<String>>,
}

/// `[limits]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Limits {
    pub(super) max_record: Option<Spanned<String>>,
}

/// `[gate]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Gate {
    pub(super) fail_on: Option<Spanned<String>>,
    pub(super) min_proven: Table,
    pub(super) min_coverage: Option<Spanned<f64>>,
    pub(super) allow_unproven: Option<Spanned<bool>>,
}

/// One of `[[exceptions]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Exception {
    pub(super) code: Option<Spanned<String>>,
    pub(super) paths: Option<Vec<Spanned<String>>>,
    pub(super) task: Option<String>,
    pub(super) claim: Option<String>,
    pub(super) reason: Option<Spanned<String>>,
    pub(super) expires: Option<Spanned<toml::Value>>,
}

/// One of `[[overrides]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    pub(super) paths: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) conventions: Table,
    #[serde(default)]
    pub(super) input: Table,
    #[serde(default)]
    pub(super) rules: Table,
}

/// What is wrong, and where in the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn at(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self { span, reason: reason.into() }
    }
}

/// Parses the text.
pub(super) fn parse(text: &str) -> Result<Written, Fault> {
    toml::from_str(text).map_err(|error| Fault::at(error.span().unwrap_or(0..0), reason(error.message())))
}

/// The parser's message, with a suggestion for an unknown key.
fn reason(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ") else { return message.trim().replace('\n', "; ") };
    let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = names.split_first() else { return message.to_owned() };
    unknown_name("key", unknown, known)
}

/// The error for an unknown name, with the nearest known one.
pub(super) fn unknown_name(what: &str, unknown: &str, known: &[&str]) -> String {
    match super::nearest(unknown, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{unknown}`; expected one of {}", known.join(", ")),
    }
}
