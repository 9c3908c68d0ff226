//! What the claims of a column say of casts: of results that were stored in 16 bits before the last stages.

use serde::{Deserialize, Serialize};

use crate::formula::{Cast, Stage, Undone};
use crate::numeric::{bits_on_grid, on_grid};

/// Tenths of a bit from which on a cast is taken for granted that explains every row: claims that lie near what is derived
/// for them are on its grid by chance once in a thousand columns.
const GRANTED: u64 = 100;
/// The same for a cast that explains half of the rows at least, or that no row speaks against: once in a million columns.
const GRANTED_IN_PART: u64 = 200;
/// Rows that a cast explains for each that lies near and off its grid: such a row may be wrong and near by chance.
const CLEAR: u64 = 4;
/// Tenths of a bit that one number counts at most.
const MOST_OF_ONE: u64 = 150;

/// What the rows say of one cast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Explained {
    /// Rows that it explains and that do not follow without one, and how much says so.
    rows: u64,
    tenths_of_bits: u64,
    /// Rows that follow without one and that it would have moved: their claims lie off its grid.
    against: u64,
    /// Rows that lie near enough to be explained and off its grid.
    beside: u64,
}

/// What the claims say of casts under one formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CastStats {
    /// Rows that follow the formula without a cast.
    plain: u64,
    /// Rows that need one, by [`Cast::ALL`].
    casts: [Explained; 4],
}

/// How sure a cause is that explains what would else be a contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// It could hardly explain all that it does by chance.
    Granted,
    /// There are too few rows or digits to tell.
    Possible,
}

impl CastStats {
    /// Counts a row that follows without a cast: what its claim was before its last stages, where that can be told.
    pub fn follows(&mut self, reported: Option<&Undone>) {
        self.plain += 1;
        let Some(reported) = reported else { return };
        for (cast, own) in Cast::ALL.into_iter().zip(&mut self.casts) {
            let reported = reported.at(cast.stage);
            own.against += u64::from(on_grid(reported.value, reported.half, cast.format).is_none());
        }
    }

    /// Looks at a row that does not: what its claim was before its last stages, and which casts would move what is derived
    /// for it that far. A claim of `significant` digits may say more than a short one, which lies on every grid.
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

    /// Adds those of another part.
    pub fn merge(&mut self, other: &Self) {
        self.plain += other.plain;
        for (mine, theirs) in self.casts.iter_mut().zip(&other.casts) {
            mine.rows += theirs.rows;
            mine.tenths_of_bits += theirs.tenths_of_bits;
            mine.against += theirs.against;
            mine.beside += theirs.beside;
        }
    }

    /// Adds a list of them place by place; the longer list decides the length.
    pub(crate) fn merge_each(mine: &mut Vec<Self>, theirs: &[Self]) {
        mine.resize(mine.len().max(theirs.len()), Self::default());
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// The cast that explains most rows beside those that follow without one, and how sure it is: of all judged rows, or of
    /// half of them where the rest is wrong for another reason.
    #[must_use]
    pub fn best(&self, judged: u64) -> Option<(Cast, Sureness)> {
        let (cast, own) = self.closest()?;
        let explained = self.explained(own);
        let all = explained == judged;
        let most = 2 * explained >= judged;
        // No row off its grid speaks against it: those that nothing explains are wrong for another reason.
        let clear = own.against == 0 && CLEAR * own.beside <= own.rows;
        match own.tenths_of_bits {
            bits if all && bits >= GRANTED => Some((cast, Sureness::Granted)),
            bits if (most || clear) && bits >= GRANTED_IN_PART => Some((cast, Sureness::Granted)),
            _ if all || (most && clear) => Some((cast, Sureness::Possible)),
            _ => None,
        }
    }

    /// The cast that explains most rows. The finer format is the closer explanation where several do.
    fn closest(&self) -> Option<(Cast, &Explained)> {
        let needed = Cast::ALL.into_iter().zip(&self.casts).filter(|(_, own)| own.rows > 0);
        let key = |cast: &Cast, own: &Explained| (self.explained(own), own.tenths_of_bits, cast.format);
        // Of a sum that is not divided, both stages are one: the sum is named.
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
        // Rows that nothing explains leave the cast as it is.
        assert_eq!(stats.best(11), Some((cast, Sureness::Granted)));
        // Rows that lie near and off its grid speak against it.
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
        // 1468 / 1024, to four digits: on the grid of fp16 by chance.
        stats.observe(&undone(-1.4336, 5e-5), 5, |_| true);
        assert_eq!(stats.best(100), None);
    }
}
