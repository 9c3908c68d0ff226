//! A rule's page: flat front matter, then Markdown.

use crate::model::{Certainty, Severity};

/// The level of a log that a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One position.
    Step,
    /// One candidate.
    Candidate,
    /// One item.
    Item,
    /// A whole run.
    Run,
}

impl Scope {
    /// The word on pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Candidate => "candidate",
            Self::Item => "item",
            Self::Run => "run",
        }
    }
}

/// A set of fields that a log may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fields(pub u32);

impl Fields {
    /// Names of the fields, by bit.
    pub const NAMES: [&'static str; 18] = [
        "tokens",
        "token_ids",
        "logprobs",
        "probs",
        "logits",
        "top_k",
        "vectors",
        "segments",
        "texts",
        "score",
        "normalised",
        "greedy",
        "pick",
        "gold",
        "correct",
        "metrics",
        "ids",
        "engine_logprobs",
    ];

    /// The set with one field of this name; empty for an unknown name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::NAMES.iter().position(|known| *known == name).map_or(Self(0), |bit| Self(1 << bit))
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all fields of another set are here.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Names of the fields of the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter_map(move |(bit, name)| (self.0 >> bit & 1 == 1).then_some(name))
    }
}

/// A rule's metadata and documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `RT` and three digits.
    pub code: &'static str,
    /// The name of the bug, in kebab case.
    pub name: &'static str,
    /// The family.
    pub family: &'static str,
    /// The level that it looks at.
    pub scope: &'static str,
    /// The fields that it needs.
    pub needs: Vec<&'static str>,
    /// The same as a set.
    fields: Fields,
    /// Its default severity.
    pub severity: Severity,
    /// What kind of evidence it has.
    pub certainty: Certainty,
    /// The first sentence of the body.
    pub summary: &'static str,
    /// The Markdown after the front matter.
    pub body: &'static str,
}

/// What is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The front matter is missing.
    #[error("a rule's page starts with `---`, its metadata as `key: value`, and `---`")]
    NoFrontMatter,
    /// A key is missing.
    #[error("the front matter lacks `{0}`")]
    Missing(&'static str),
    /// A value is not one of those allowed.
    #[error("`{key}: {value}` is not one of the allowed values")]
    Unknown {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
}

impl Page {
    /// Reads a page.
    pub fn parse(source: &'static str) -> Result<Self, PageError> {
        let rest = source.strip_prefix("---\n").ok_or(PageError::NoFrontMatter)?;
        let (front, body) = rest.split_once("\n---\n").ok_or(PageError::NoFrontMatter)?;
        let find = |key: &'static str| {
            front
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
                .ok_or(PageError::Missing(key))
        };
        let unknown = |key: &'static str, value: &str| PageError::Unknown { key, value: value.to_owned() };
        let severity = match find("severity")? {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "note" => Severity::Note,
            other => return Err(unknown("severity", other)),
        };
        let certainty = match find("certainty")? {
            "certain" => Certainty::Certain,
            "statistical" => Certainty::Statistical,
            "advisory" => Certainty::Advisory,
            other => return Err(unknown("certainty", other)),
        };
        let needs: Vec<&'static str> =
            find("needs")?.split(',').map(str::trim).filter(|need| !need.is_empty()).collect();
        if let Some(need) = needs.iter().find(|need| Fields::named(need) == Fields(0)) {
            return Err(unknown("needs", need));
        }
        let fields = needs.iter().fold(Fields(0), |set, need| set.with(Fields::named(need)));
        let body = body.trim_start();
        let summary = body.lines().next().unwrap_or("").trim();
        Ok(Self {
            code: find("code")?,
            name: find("name")?,
            family: find("family")?,
            scope: find("scope")?,
            needs,
            fields,
            severity,
            certainty,
            summary,
            body,
        })
    }

    /// The fields that the rule needs, as a set.
    #[must_use]
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// The substitute for a page that cannot be read, so that an error in a page never stops an audit; a
    /// test reads all pages.
    pub(crate) fn broken(_error: &PageError) -> Self {
        Self {
            code: "RT000",
            name: "broken-page",
            family: "log",
            scope: "run",
            needs: Vec::new(),
            fields: Fields(0),
            severity: Severity::Note,
            certainty: Certainty::Advisory,
            summary: "The rule's page cannot be read.",
            body: "",
        }
    }
}
