//! Evidence for casts in the claims of a column: results that were stored in 16 bits before the last stages.

use serde::{Deserialize, Serialize};

use crate::formula::{Cast, Stage, Undone};
use crate::numeric::{bits_on_grid, on_grid};

/// Tenths of a bit at which a cast that explains every row is granted. Claims near their derived values are on its grid
/// by chance in one of a thousand columns.
const GRANTED: u64 = 100;
/// The same for a cast that explains at least half of the rows, or that no row refutes: one in a million columns.
const GRANTED_IN_PART: u64 = 200;
/// Minimum number of explained rows per row that is near but off the grid. Such a row may be wrong and near by chance.
const CLEAR: u64 = 4;
/// Maximum evidence of one number, in tenths of a bit.
const MOST_OF_ONE: u64 = 150;

/// Evidence for one cast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Explained {
    /// Rows that it explains and that do not follow without a cast, and their evidence.
    rows: u64,
    tenths_of_bits: u64,
    /// Rows that follow without a cast although the cast would have changed them: their claims lie off its grid.
    against: u64,
    /// Rows close enough to be explained, but off its grid.
    beside: u64,
}

/// Evidence for casts in a column's claims under one formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CastStats {
    /// Rows that follow the formula without a cast.
    plain: u64,
    /// Rows that need a cast, by [`Cast::ALL`].
    casts: [Explained; 4],
}

/// Confidence in a cause that explains values which would otherwise be refuted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// Chance is ruled out.
    Granted,
    /// There are too few rows or digits to decide.
    Possible,
}

impl CastStats {
    /// Counts a row that follows without a cast. `reported` is its claim before the last stages, if known.
    pub fn follows(&mut self, reported: Option<&Undone>) {
        self.plain += 1;
        let Some(reported) = reported else { return };
        for (cast, own) in Cast::ALL.into_iter().zip(&mut self.casts) {
            let reported = reported.at(cast.stage);
            own.against += u64::from(on_grid(reported.value, reported.half, cast.format).is_none());
        }
    }

    /// Tests the casts on a row that does not follow without one. `reported` is its claim before the last stages;
    /// `is_near` says which casts change the derived value far enough. A claim with few `significant` digits carries
    /// little evidence, because it lies on every grid.
    pub fn observe(&mut self, reported: &Undone, significant: u8, is_near: impl Fn(Cast) -> bool) {
        for (cast, own) in Cast::ALL.into_iter().zip(&mut self.casts) {
            if !is_near(cast) {
                continue;
            }
            let reported = reported.at(cast.stage);
            match bits_on_grid(reported.value, reported.half, cast.format, significant) {
                Some(tenths) => {
                    own.rows += 1;
                    own.tenths_of_bits += tenths.min(MOST_OF_ONE);
                }
                None => own.beside += 1,
            }
        }
    }

    /// Adds the evidence of another part.
    pub fn merge(&mut self, other: &Self) {
        self.plain += other.plain;
        for (mine, theirs) in self.casts.iter_mut().zip(&other.casts) {
            mine.rows += theirs.rows;
            mine.tenths_of_bits += theirs.tenths_of_bits;
            mine.against += theirs.against;
            mine.beside += theirs.beside;
        }
    }

    /// Merges two lists by position; the longer list determines the length.
    pub(crate) fn merge_each(mine: &mut Vec<Self>, theirs: &[Self]) {
        mine.resize(mine.len().max(theirs.len()), Self::default());
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// The cast that explains the most rows in addition to those without a cast, and the confidence in it. It must
    /// explain all judged rows, or half of them if the rest is wrong for another reason.
    #[must_use]
    pub fn best(&self, judged: u64) -> Option<(Cast, Sureness)> {
        let (cast, own) = self.closest()?;
        let explained = self.explained(own);
        let all = explained == judged;
        let most = 2 * explained >= judged;
        // No row off its grid refutes it. Unexplained rows are wrong for another reason.
        let clear = own.against == 0 && CLEAR * own.beside <= own.rows;
        match own.tenths_of_bits {
            bits if all && bits >= GRANTED => Some((cast, Sureness::Granted)),
            bits if (most || clear) && bits >= GRANTED_IN_PART => Some((cast, Sureness::Granted)),
            _ if all || (most && clear) => Some((cast, Sureness::Possible)),
            _ => None,
        }
    }

    /// The cast that explains the most rows; of equals, the finer format.
    fn closest(&self) -> Option<(Cast, &Explained)> {
        let needed = Cast::ALL.into_iter().zip(&self.casts).filter(|(_, own)| own.rows > 0);
        let key = |cast: &Cast, own: &Explained| (self.explained(own), own.tenths_of_bits, cast.format);
        // Both stages are equivalent for an undivided sum. In that case, the sum is reported.
        needed.max_by_key(|(cast, own)| (key(cast, own), cast.stage == Stage::Sum))
    }

    fn explained(&self, own: &Explained) -> u64 {
        self.plain - own.against.min(self.plain) + own.rows
    }

    /// Rows that follow with the best cast or without one.
    #[must_use]
    pub fn follow(&self) -> u64 {
        self.plain + self.rows()
    }

    /// Rows that the best cast explains and that do not follow without it.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.closest().map_or(0, |(_, own)| own.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Approx, NumberFormat};

    fn undone(value: f64, half: f64) -> Undone {
        Undone { sum: Approx::new(value, half), scaled: Approx::new(value / 7.0, half / 7.0) }
    }

    #[test]
    fn sums_that_lie_on_a_grid_near_what_is_derived_were_cast() {
        let mut stats = CastStats::default();
        for at in 0..5 {
            let sum = -20.3 - 1.7 * f64::from(at);
            stats.observe(&undone(NumberFormat::Bf16.round(sum), 1e-6), 7, |cast| cast.format == NumberFormat::Bf16);
        }
        let cast = Cast { stage: Stage::Sum, format: NumberFormat::Bf16 };
        assert_eq!(stats.best(5), Some((cast, Sureness::Granted)));
        // Unexplained rows do not affect the cast.
        assert_eq!(stats.best(11), Some((cast, Sureness::Granted)));
        // Rows that are near but off the grid refute it.
        for _ in 0..2 {
            stats.observe(&undone(-20.31, 1e-6), 7, |_| true);
        }
        assert_eq!(stats.best(13), None);
    }

    #[test]
    fn few_digits_leave_a_cast_possible() {
        let mut stats = CastStats::default();
        stats.follows(Some(&undone(-3.5, 0.06)));
        stats.observe(&undone(-20.25, 0.06), 4, |_| true);
        let (_, sureness) = stats.best(2).unwrap();
        assert_eq!(sureness, Sureness::Possible);
    }

    #[test]
    fn a_row_off_the_grid_speaks_against_a_cast() {
        let mut stats = CastStats::default();
        for at in 0..99 {
            let value = -1.2341 - f64::from(at);
            stats.follows(Some(&undone(value, 5e-5)));
        }
        // 1468 / 1024, printed with four digits, is on the grid of fp16 by chance.
        stats.observe(&undone(-1.4336, 5e-5), 5, |_| true);
        assert_eq!(stats.best(100), None);
    }
}
