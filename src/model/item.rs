//! One evaluated document or prompt with its candidates.

use std::borrow::Cow;

use crate::model::{Alternative, At, CandidateClaim, ColumnId, Logged, RowClaim, RowField, Slice, Step, Steps, Text};
use crate::numeric::Printed;

/// How a log names a candidate: by position or by id.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum PickRef<'t> {
    /// Not logged.
    #[default]
    Missing,
    /// Position among the item's candidates, from 0; may lie outside.
    Index(i64, At),
    /// The candidate's id or text.
    Id(Text<'t>, At),
}

/// Length of one of a candidate's parallel arrays, for the check that they agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayLength {
    /// The field's role, such as `tokens`.
    pub role: &'static str,
    /// Number of entries.
    pub len: u32,
    /// The position of the array.
    pub at: At,
}

/// A number beside a candidate's claims that nothing is known of: a reward, a mark, a cost. Picks may follow from it.
#[derive(Clone, Debug, PartialEq)]
pub struct SideValue<'t> {
    /// The field's name.
    pub name: Cow<'t, str>,
    /// The number.
    pub value: Printed,
}

/// A logged total that other numbers were derived from, whether or not its tokens are logged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoggedTotal {
    /// The column of claims that it belongs to; that column is not derived from it.
    pub column: ColumnId,
    /// Σ of the log-probs of the continuation, in nats.
    pub total: Printed,
    /// Scored tokens, where they are counted.
    pub tokens: Option<u32>,
    /// Unicode characters of the scored text, where they are counted and the text is not logged.
    pub chars: Option<u32>,
    /// UTF-8 bytes of the scored text, where they are counted and the text is not logged.
    pub bytes: Option<u32>,
}

/// Totals that the names of a record's fields state, each with its column of claims: where no tokens are logged, the numbers
/// of a record follow from one another.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct StatedTotals {
    /// Σ of the log-probs, in nats.
    pub total: Option<(ColumnId, Printed)>,
    /// Their mean, in nats.
    pub mean: Option<(ColumnId, Printed)>,
    /// Number of tokens. Whether it is that of the scored ones, its name does not say.
    pub tokens: Option<u32>,
}

/// One scored token sequence of an item.
#[derive(Clone, Debug, Default)]
pub struct Candidate<'t> {
    /// The candidate's id, where the log has one.
    pub id: Option<Cow<'t, str>>,
    /// Position in the item, from 0, where the record says it.
    pub index: Option<u32>,
    /// The context that it was scored under.
    pub prompt: Option<Text<'t>>,
    /// The scored text.
    pub continuation: Option<Text<'t>>,
    /// Characters at the start of `continuation` that the format adds as a delimiter.
    pub delimiter_chars: u32,
    /// The positions, in order; empty when no token-level values are logged.
    pub steps: Steps<'t>,
    /// Shared buffer of all steps' alternatives.
    pub alternatives: Vec<Alternative<'t>>,
    /// Shared buffer of all steps' vectors.
    pub vectors: Vec<f64>,
    /// Decimals printed in the vectors: the resolution of their values.
    pub vector_decimals: i16,
    /// Lengths of the parallel arrays that the steps were built from.
    pub arrays: Vec<ArrayLength>,
    /// Reported numbers.
    pub claims: Vec<CandidateClaim>,
    /// Numbers without a role, where the format does not say what they are.
    pub side_values: Vec<SideValue<'t>>,
    /// The answer that the candidate's text comes to, where the log has it.
    pub answer: Option<Text<'t>>,
    /// The total that normalised numbers follow from.
    pub logged_total: Option<LoggedTotal>,
    /// Totals by the names of their fields, where no tokens are logged.
    pub stated: StatedTotals,
    /// Log-likelihood without the context, for mutual information.
    pub unconditional: Logged,
    /// Whether the pipeline says that every token is the most likely one.
    pub greedy: Option<(bool, At)>,
    /// Whether the pipeline says that this candidate was picked.
    pub picked: Option<(bool, At)>,
    /// Whether this candidate is a right answer.
    pub gold: Option<(bool, At)>,
    /// Where the candidate's record starts.
    pub at: At,
}

impl<'t> Candidate<'t> {
    /// The alternatives of a step.
    #[must_use]
    pub fn alternatives(&self, step: &Step<'t>) -> &[Alternative<'t>] {
        step.top.of(&self.alternatives)
    }

    /// A vector of a step.
    #[must_use]
    pub fn vector(&self, slice: Slice) -> &[f64] {
        slice.of(&self.vectors)
    }
}

/// One evaluated document or prompt.
#[derive(Clone, Debug, Default)]
pub struct Item<'t> {
    /// The item's id as logged.
    pub id: Cow<'t, str>,
    /// The task; empty when the log has none.
    pub task: Cow<'t, str>,
    /// The filter or repeat that makes this row different from others of the same item.
    pub filter: Cow<'t, str>,
    /// Its candidates, or those in this record.
    pub candidates: Vec<Candidate<'t>>,
    /// The candidate that the pipeline chose.
    pub pick: PickRef<'t>,
    /// The right candidate.
    pub gold: PickRef<'t>,
    /// Whether the pipeline says that the item is right.
    pub correct: Option<(bool, At)>,
    /// Metrics of this item.
    pub metrics: Vec<RowClaim<'t>>,
    /// The plain fields of its record, where the format does not say what each of them is.
    pub row: Vec<RowField<'t>>,
    /// Whether the record holds all candidates; if not, others follow in other records.
    pub complete: bool,
    /// Hash of further fields of the record that tell it from others of the same item: a sample, a condition, a seed.
    pub distinct: u64,
    /// Where the item's record starts.
    pub at: At,
}
