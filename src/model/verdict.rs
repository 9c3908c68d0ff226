//! Verdicts on claims, severities and kinds of evidence.

use serde::{Deserialize, Serialize};

/// The verdict on one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The claim matches the values logged beneath it.
    Proven,
    /// The claim contradicts the values logged beneath it.
    Refuted,
    /// The claim matches a number that is itself refuted: an accuracy of picks made by a wrong score.
    FromRefuted,
    /// The log does not decide it.
    Unprovable,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::FromRefuted => "follows from a refuted number",
            Self::Unprovable => "unprovable",
        }
    }
}

/// Verdicts of one kind of claim, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VerdictCounts {
    /// Proven claims.
    pub proven: u64,
    /// Refuted claims.
    pub refuted: u64,
    /// Claims that follow from a refuted number. Reports of earlier versions do not have it.
    #[serde(default)]
    pub from_refuted: u64,
    /// Unprovable claims.
    pub unprovable: u64,
}

impl VerdictCounts {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        self.add_many(verdict, 1);
    }

    /// Counts several equal verdicts.
    pub fn add_many(&mut self, verdict: Verdict, count: u64) {
        match verdict {
            Verdict::Proven => self.proven = self.proven.saturating_add(count),
            Verdict::Refuted => self.refuted = self.refuted.saturating_add(count),
            Verdict::FromRefuted => self.from_refuted = self.from_refuted.saturating_add(count),
            Verdict::Unprovable => self.unprovable = self.unprovable.saturating_add(count),
        }
    }

    /// Adds another count.
    pub fn merge(&mut self, other: &Self) {
        self.add_many(Verdict::Proven, other.proven);
        self.add_many(Verdict::Refuted, other.refuted);
        self.add_many(Verdict::FromRefuted, other.from_refuted);
        self.add_many(Verdict::Unprovable, other.unprovable);
    }

    /// All claims counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        let decided = self.proven.saturating_add(self.refuted).saturating_add(self.from_refuted);
        decided.saturating_add(self.unprovable)
    }

    /// The same, where the refuted ones turn out to follow from something else.
    #[must_use]
    pub fn explained(self) -> Self {
        Self { proven: self.proven.saturating_add(self.refuted), refuted: 0, ..self }
    }

    /// Counts claims that follow from a refuted number, which were counted as proven.
    pub fn move_to_refuted_source(&mut self, count: u64) {
        let count = count.min(self.proven);
        self.proven -= count;
        self.from_refuted = self.from_refuted.saturating_add(count);
    }
}

/// The severity of a finding, ordered from highest to lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Fails the gate.
    Error,
    /// Worth a look.
    Warning,
    /// For information.
    Note,
}

/// The kind of evidence behind a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// A contradiction beyond the hard bound.
    Certain,
    /// Evidence from many rows.
    Statistical,
    /// Advice.
    Advisory,
}

impl Severity {
    /// The word in reports and configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Certainty {
    /// The word in reports and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Statistical => "statistical",
            Self::Advisory => "advisory",
        }
    }
}
