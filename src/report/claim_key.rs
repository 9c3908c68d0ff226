//! Identity of a kind of claim: its level and its name.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What [`VerdictCounts`](crate::model::VerdictCounts) are counted for. The keys of the JSON report are its display form,
/// which [`ClaimKey::from`] reads back: no two keys have the same form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ClaimKey {
    /// A column of claims about candidates, by its name in the log.
    Column(String),
    /// The candidate that the pipeline chose.
    Pick,
    /// Whether the pipeline says that an item is right.
    Correct,
    /// Whether the pipeline says that a candidate is the greedy continuation.
    Greedy,
    /// A metric of single items.
    Rows(String),
    /// A number reported of a run, such as `acc` or `acc_stderr`.
    Run(String),
}

const ROWS: &str = "rows.";
const RUN: &str = "run.";
/// Prefix of a column whose name reads like another key.
const COLUMN: &str = "column.";

impl ClaimKey {
    /// The key of a column.
    #[must_use]
    pub fn column(name: &str) -> Self {
        Self::Column(name.to_owned())
    }

    /// Whether it is a number reported of a run.
    #[must_use]
    pub fn is_of_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }

    /// Prefix and name of the display form.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Column(name) if is_reserved(name) => (COLUMN, name),
            Self::Column(name) => ("", name),
            Self::Pick => ("", "pick"),
            Self::Correct => ("", "correct"),
            Self::Greedy => ("", "greedy"),
            Self::Rows(name) => (ROWS, name),
            Self::Run(name) => (RUN, name),
        }
    }
}

/// Whether a name alone would be the key of something else than a column.
fn is_reserved(name: &str) -> bool {
    matches!(name, "pick" | "correct" | "greedy") || [ROWS, RUN, COLUMN].iter().any(|prefix| name.starts_with(prefix))
}

impl fmt::Display for ClaimKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, name) = self.parts();
        write!(out, "{prefix}{name}")
    }
}

impl From<ClaimKey> for String {
    fn from(key: ClaimKey) -> Self {
        key.to_string()
    }
}

impl From<String> for ClaimKey {
    fn from(text: String) -> Self {
        match text.as_str() {
            "pick" => return Self::Pick,
            "correct" => return Self::Correct,
            "greedy" => return Self::Greedy,
            _ => {}
        }
        let named = |prefix: &str| text.strip_prefix(prefix).map(str::to_owned);
        let reserved = named(ROWS).map(Self::Rows).or_else(|| named(RUN).map(Self::Run));
        reserved.or_else(|| named(COLUMN).map(Self::Column)).unwrap_or(Self::Column(text))
    }
}

/// The order of the display forms, as a reader expects it in a report.
impl Ord for ClaimKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let bytes = |key: (&'static str, &str)| key.0.bytes().chain(key.1.bytes()).collect::<Vec<u8>>();
        bytes(self.parts()).cmp(&bytes(other.parts()))
    }
}

impl PartialOrd for ClaimKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_back_from_its_form() {
        let columns = ["score", "", "pick", "run.acc", "rows.acc", "column.x", "run", "a.b"];
        let mut keys: Vec<ClaimKey> = columns.iter().map(|name| ClaimKey::column(name)).collect();
        keys.extend([ClaimKey::Pick, ClaimKey::Correct, ClaimKey::Greedy]);
        for name in ["acc", "", "run.acc", "pick"] {
            keys.extend([ClaimKey::Rows(name.to_owned()), ClaimKey::Run(name.to_owned())]);
        }
        for key in &keys {
            assert_eq!(ClaimKey::from(key.to_string()), *key, "{key}");
        }
        let mut forms: Vec<String> = keys.iter().map(ToString::to_string).collect();
        keys.sort();
        forms.sort();
        assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), forms, "sorted as their forms");
        forms.dedup();
        assert_eq!(forms.len(), keys.len(), "no form twice");
    }

    #[test]
    fn forms_are_those_of_the_json_report() {
        let form = |key: ClaimKey| key.to_string();
        assert_eq!(form(ClaimKey::column("score")), "score");
        assert_eq!(form(ClaimKey::Rows("acc".to_owned())), "rows.acc");
        assert_eq!(form(ClaimKey::Run("acc_stderr".to_owned())), "run.acc_stderr");
        assert_eq!(form(ClaimKey::column("run.acc")), "column.run.acc");
        assert_eq!(form(ClaimKey::column("pick")), "column.pick");
    }
}
