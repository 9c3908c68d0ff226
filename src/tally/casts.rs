//! What the refuted claims of a column say of casts: of results that were stored in 16 bits before the last stages.

use serde::{Deserialize, Serialize};

use crate::formula::{Cast, SequenceFacts, Stage, Undone};
use crate::numeric::{Approx, GridStats, NumberFormat, on_grid};

/// Formats that results are cast to; single precision is granted to every pipeline.
const FORMATS: [NumberFormat; 2] = [NumberFormat::Bf16, NumberFormat::F16];
/// Casts under the convention: of the sum and of the quotient, in each format.
const CASTS: [Cast; 4] = [
    Cast { stage: Stage::Sum, format: NumberFormat::Bf16 },
    Cast { stage: Stage::Sum, format: NumberFormat::F16 },
    Cast { stage: Stage::Scaled, format: NumberFormat::Bf16 },
    Cast { stage: Stage::Scaled, format: NumberFormat::F16 },
];
/// Tenths of a bit from which on a cast is taken for granted: claims that lie near what is derived for them and by chance on
/// its grid once in a thousand columns.
const GRANTED: u64 = 100;

/// Rows that a cast explains, and how much says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Explained {
    rows: u64,
    tenths_of_bits: u64,
}

/// Statistics of the claims that do not follow the convention without a cast.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CastStats {
    /// Rows looked at.
    rows: u64,
    /// Under the convention, by [`CASTS`].
    own: [Explained; 4],
    /// Of claims times the number of tokens, by [`FORMATS`].
    by_tokens: [GridStats; 2],
    /// Of the logarithms of claims.
    log: [GridStats; 2],
    /// Of these times the number of tokens.
    log_by_tokens: [GridStats; 2],
}

impl CastStats {
    /// Adds a row that does not follow its convention: the claim by its printed digits, what it was before its last stages
    /// under the convention, and what is derived for it there.
    pub fn observe(&mut self, claim: Approx, facts: &SequenceFacts, undone: Option<(Undone, Undone)>) {
        self.rows += 1;
        for (cast, own) in CASTS.into_iter().zip(&mut self.own) {
            let Some((reported, derived)) = undone else { continue };
            let (reported, derived) = match cast.stage {
                Stage::Sum => (reported.sum, derived.sum),
                Stage::Scaled => (reported.scaled, derived.scaled),
            };
            let near = reported.agrees(derived.widened(cast.format.half_ulp(derived.value)));
            if let Some(tenths) = on_grid(reported, cast.format).filter(|_| near) {
                own.rows += 1;
                own.tenths_of_bits += tenths;
            }
        }
        let n = f64::from(facts.n);
        let claim = claim.through_stages(NumberFormat::F32);
        let log = if claim.value > 0.0 { claim.ln() } else { Approx::default() };
        for (at, format) in FORMATS.into_iter().enumerate() {
            self.by_tokens[at].observe(claim.scaled(n), format);
            self.log[at].observe(log, format);
            self.log_by_tokens[at].observe(log.scaled(n), format);
        }
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        for (mine, theirs) in self.own.iter_mut().zip(&other.own) {
            mine.rows += theirs.rows;
            mine.tenths_of_bits += theirs.tenths_of_bits;
        }
        let pairs = [
            (&mut self.by_tokens, &other.by_tokens),
            (&mut self.log, &other.log),
            (&mut self.log_by_tokens, &other.log_by_tokens),
        ];
        for (mine, theirs) in pairs {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
        }
    }

    /// Rows that do not follow the convention without a cast.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The cast that explains every row which does not follow the convention, and whether the evidence is enough to take it
    /// for granted.
    #[must_use]
    pub fn own(&self) -> Option<(Cast, bool)> {
        let fitting = CASTS.into_iter().zip(&self.own).filter(|(_, own)| self.rows > 0 && own.rows == self.rows);
        // The finer format is the closer explanation where both fit.
        let best = fitting.max_by_key(|(cast, own)| (own.tenths_of_bits, cast.format))?;
        Some((best.0, best.1.tenths_of_bits >= GRANTED))
    }

    /// The format that the claims show when they are multiplied by the number of tokens, when their logarithm is taken, and
    /// after both.
    #[must_use]
    pub fn others(&self) -> [Option<NumberFormat>; 3] {
        let recognised = |stats: &[GridStats; 2]| {
            FORMATS.into_iter().zip(stats).find(|(_, grid)| grid.is_recognised()).map(|(format, _)| format)
        };
        [recognised(&self.by_tokens), recognised(&self.log), recognised(&self.log_by_tokens)]
    }
}
