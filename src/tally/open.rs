//! Refuted rows with all that formulas start from: what constants, casts and rarer formulas are looked for in.

use serde::{Deserialize, Serialize};

use crate::formula::KeptFacts;
use crate::numeric::Approx;
use crate::tally::{Keyed, Smallest};

/// Rows kept.
const OPEN: usize = 40;

/// A refuted row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenRow {
    /// What decides whether it is kept: a hash of its place, see [`crate::tally::Mark::order`].
    pub order: u64,
    /// Input, line, column.
    pub at: (u32, u64, u64),
    /// The claim, up to its half-quantum.
    pub claimed: Approx,
    /// Digits that it was printed with.
    pub significant: u8,
    /// What its formulas start from.
    pub facts: KeptFacts,
}

impl Keyed for OpenRow {
    type Key = (u64, (u32, u64, u64));

    fn key(&self) -> Self::Key {
        (self.order, self.at)
    }
}

/// Some of the refuted rows.
pub type OpenRows = Smallest<OpenRow, OPEN>;
