//! Refuted rows with the facts that formulas need, for the search for constants, casts and rarer formulas.

use serde::{Deserialize, Serialize};

use crate::formula::KeptFacts;
use crate::numeric::Approx;
use crate::tally::{Keyed, Smallest};

/// Maximum number of rows kept.
const OPEN: usize = 40;

/// A refuted row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenRow {
    /// Sort key for sampling: a hash of its place, see [`crate::tally::Mark::order`].
    pub order: u64,
    /// Input, line, column.
    pub at: (u32, u64, u64),
    /// The claim, with its half-quantum.
    pub claimed: Approx,
    /// Number of printed significant digits.
    pub significant: u8,
    /// The facts that formulas need.
    pub facts: KeptFacts,
}

impl Keyed for OpenRow {
    type Key = (u64, (u32, u64, u64));

    fn key(&self) -> Self::Key {
        (self.order, self.at)
    }
}

/// A sample of the refuted rows.
pub type OpenRows = Smallest<OpenRow, OPEN>;
