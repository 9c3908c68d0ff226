//! Which formulas are right for a column of claims.

use serde::{Deserialize, Serialize};

use crate::formula::{Formula, Scale, Span};
use crate::model::{ClaimKind, ColumnKey};

/// What a column promises by its name or by its format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// One of the accepted formulas: the name, the format or the user says so.
    #[default]
    Formula,
    /// The formula that the user declares.
    Declared,
    /// Any formula that gives every row: the name is one that other quantities have, too.
    Matched,
    /// A score that follows the formula as long as it can be a log-prob: others call marks and rewards by the same name.
    Score,
}

/// A column of claims with its accepted formulas, the usual one first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// The column.
    pub column: ColumnKey,
    /// Accepted formulas; one of them has to hold in all rows.
    pub accepted: Vec<Formula>,
    /// What it promises.
    pub promise: Promise,
    /// Tolerance that the user declared for this column, absolute.
    pub tolerance: Option<f64>,
    /// Its direction as configured by the user; by default derived from the formula.
    pub lower: Option<bool>,
}

impl ColumnSpec {
    /// A column with the convention of its kind.
    #[must_use]
    pub fn of_kind(name: &str, kind: ClaimKind) -> Self {
        Self::with_formulas(name, kind, accepted(kind))
    }

    /// A column with its accepted formulas.
    #[must_use]
    pub fn with_formulas(name: &str, kind: ClaimKind, accepted: Vec<Formula>) -> Self {
        Self { column: ColumnKey::new(name, kind), accepted, promise: Promise::Formula, tolerance: None, lower: None }
    }

    /// Applies the user's settings for a column of this name. Its kind is still determined by the name.
    pub fn refine(&mut self, user: &Self) {
        if !user.accepted.is_empty() {
            self.accepted.clone_from(&user.accepted);
            self.promise = Promise::Declared;
        }
        self.tolerance = user.tolerance.or(self.tolerance);
        self.lower = user.lower.or(self.lower);
    }

    /// Whether a lower value is better.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        let by_formula = || self.accepted.first().map_or(self.column.kind.lower_is_better(), Formula::lower_is_better);
        self.lower.unwrap_or_else(by_formula)
    }
}

/// The default formulas of a kind of claim. Whether the end token counts
/// differs between pipelines; either way is accepted if it holds in all rows.
#[must_use]
pub fn accepted(kind: ClaimKind) -> Vec<Formula> {
    let main: &[Formula] = match kind {
        ClaimKind::Score => &[Formula::SUM],
        ClaimKind::MeanLogprob => &[Formula::MEAN],
        ClaimKind::Perplexity => &[Formula::PERPLEXITY],
        ClaimKind::Loss => &[Formula::LOSS],
        ClaimKind::SequenceProb => &[Formula::PRODUCT],
        ClaimKind::BitsPerByte => &[Formula::BITS_PER_BYTE],
        ClaimKind::TotalLoss => &[Formula::TOTAL_LOSS],
        ClaimKind::Normalised => &[
            Formula::MEAN,
            Formula { scale: Scale::Chars, ..Formula::SUM },
            Formula { scale: Scale::Bytes, ..Formula::SUM },
            Formula { scale: Scale::Words, ..Formula::SUM },
        ],
    };
    both_ends(main)
}

/// Each formula, and each without the end token.
#[must_use]
pub fn both_ends(formulas: &[Formula]) -> Vec<Formula> {
    let without = formulas
        .iter()
        .filter(|formula| formula.span == Span::Continuation)
        .map(|formula| Formula { span: Span::WithoutEnd, ..*formula });
    formulas.iter().copied().chain(without).collect()
}
