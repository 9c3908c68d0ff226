//! Which formulas are right for a column of claims.

use crate::formula::{Formula, Scale, Span};
use crate::model::{ClaimKind, Column};

/// A column of claims with the formulas that are right for it, the usual one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The column.
    pub column: Column,
    /// Formulas that count as right, when one of them holds in all rows.
    pub accepted: Vec<Formula>,
}

impl ColumnSpec {
    /// A column with the convention of its kind.
    #[must_use]
    pub fn of_kind(name: &str, kind: ClaimKind) -> Self {
        Self { column: Column { name: name.to_owned(), kind }, accepted: accepted(kind) }
    }
}

/// The formulas that are right for a kind of claim, when nobody says otherwise. Whether the end token counts
/// differs between pipelines; both ways are right when they hold in all rows.
#[must_use]
pub fn accepted(kind: ClaimKind) -> Vec<Formula> {
    let main: &[Formula] = match kind {
        ClaimKind::Score => &[Formula::SUM],
        ClaimKind::MeanLogprob => &[Formula::MEAN],
        ClaimKind::Perplexity => &[Formula::PERPLEXITY],
        ClaimKind::Loss => &[Formula::LOSS],
        ClaimKind::SequenceProb => &[Formula::PRODUCT],
        ClaimKind::BitsPerByte => &[Formula::BITS_PER_BYTE],
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
