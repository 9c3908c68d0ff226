//! Finds the winning candidate: argmax as in numpy, the divisors, the halves of a mutual-information row.

use serde::{Deserialize, Serialize};

use crate::model::{CandidateSummary, Divisor, ItemSummary, Ranking};
use crate::numeric::Approx;

impl Divisor {
    /// All divisors, simplest first.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::Chars, Self::Bytes, Self::CharsWithDelimiter, Self::Tokens, Self::Words];

    /// Description for messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Raw => "nothing (the raw score)",
            Self::Chars => "characters",
            Self::Bytes => "UTF-8 bytes",
            Self::CharsWithDelimiter => "characters with the delimiter",
            Self::Tokens => "tokens",
            Self::Words => "words",
        }
    }

    /// The divisor of a candidate; None if unknown.
    #[must_use]
    pub fn of(self, candidate: &CandidateSummary) -> Option<f64> {
        let delimiter = candidate.delimiter;
        match self {
            Self::Raw => Some(1.0),
            Self::Chars => candidate.chars.map(|chars| f64::from(chars.saturating_sub(delimiter))),
            Self::Bytes => candidate.bytes.map(|bytes| f64::from(bytes.saturating_sub(delimiter))),
            Self::CharsWithDelimiter => candidate.chars.map(f64::from),
            Self::Tokens => (candidate.tokens > 0).then(|| f64::from(candidate.tokens)),
            Self::Words => candidate.words.filter(|words| *words > 0).map(f64::from),
        }
    }
}

/// How the scores of a mutual-information row are split into conditional and unconditional ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// As declared: the conditional scores are the first half.
    Halves,
    /// Alternating scores.
    Interleaved,
    /// The halves in reverse order.
    Swapped,
}

impl Cut {
    /// All cuts, the declared one first.
    pub const ALL: [Self; 3] = [Self::Halves, Self::Interleaved, Self::Swapped];
}

/// Conditional scores of an item, and unconditional ones if logged; None if a score is missing. Without a reported
/// score, the total of the tokens is used.
fn scores(item: &ItemSummary, cut: Cut) -> Option<(Vec<Approx>, Option<Vec<Approx>>)> {
    let bare = item.candidates.iter().all(|candidate| candidate.claims.is_empty());
    let own: Option<Vec<Approx>> = item
        .candidates
        .iter()
        .map(|candidate| match candidate.claims.first() {
            Some(claim) => claim.number,
            None => candidate.total.filter(|_| bare),
        })
        .collect();
    let own = own?;
    // Both are logged with the same number of digits.
    let half = |candidate: &CandidateSummary| candidate.claims.first()?.number.map(|number| number.half);
    let without = |own: &CandidateSummary| Some(Approx::new(own.unconditional?, half(own).unwrap_or(0.0)));
    let without: Option<Vec<Approx>> = item.candidates.iter().map(without).collect();
    match cut {
        Cut::Halves => Some((own, without)),
        Cut::Swapped => Some((without?, Some(own))),
        Cut::Interleaved => {
            let all: Vec<Approx> = own.into_iter().chain(without?).collect();
            let every_second = |from: usize| all.iter().copied().skip(from).step_by(2).collect();
            Some((every_second(0), Some(every_second(1))))
        }
    }
}

/// Position of the largest value as in numpy's argmax: the first NaN, otherwise the first of the largest.
fn argmax(values: &[Approx]) -> Option<usize> {
    if let Some(nan) = values.iter().position(|own| own.value.is_nan()) {
        return Some(nan);
    }
    let mut best = 0;
    for (at, own) in values.iter().enumerate() {
        if own.value > values.get(best)?.value {
            best = at;
        }
    }
    (!values.is_empty()).then_some(best)
}

/// The winner of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Its position.
    pub(crate) winner: usize,
    /// Whether it is a correct answer, if the log says.
    pub(crate) right: Option<bool>,
    /// Whether no other candidate can win within the printed digits.
    pub(crate) is_only: bool,
    /// Whether every candidate that can win within the printed digits is equally correct or incorrect.
    pub(crate) is_certain: bool,
}

/// The values that are compared; the largest wins.
pub(crate) fn compared(item: &ItemSummary, ranking: Ranking, cut: Cut) -> Option<Vec<Approx>> {
    let (own, without) = scores(item, cut)?;
    match ranking {
        Ranking::Lowest => Some(own.into_iter().map(|score| -score).collect()),
        Ranking::Mutual => Some(own.into_iter().zip(without?).map(|(score, other)| score - other).collect()),
        Ranking::By(divisor) => {
            own.into_iter().zip(&item.candidates).map(|(score, own)| Some(score.over(divisor.of(own)?))).collect()
        }
    }
}

/// The winner; of equal values, the first.
pub(crate) fn outcome(item: &ItemSummary, ranking: Ranking, cut: Cut) -> Option<Outcome> {
    let values = compared(item, ranking, cut)?;
    let winner = argmax(&values)?;
    let best = *values.get(winner)?;
    let right = item.is_gold(winner);
    // Another candidate could have won within the printed digits. Tools may also break ties in another order.
    let mut others = values.iter().enumerate().filter(|(at, _)| *at != winner);
    let loses = |own: &Approx| best.value.is_nan() || own.is_below(best);
    Some(Outcome {
        winner,
        right,
        is_only: others.clone().all(|(_, own)| loses(own)),
        is_certain: others.all(|(at, own)| loses(own) || item.is_gold(at) == right),
    })
}

/// Whether each way to compare candidates explains a row that marks its winner as correct (1) or incorrect (0); None if
/// it could not be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fits {
    /// Result for each of [`Divisor::ALL`].
    pub divisors: [Option<bool>; Divisor::ALL.len()],
    /// Result for each of [`Cut::ALL`].
    pub cuts: [Option<bool>; Cut::ALL.len()],
}

impl Fits {
    pub(super) fn new(item: &ItemSummary, ranking: Ranking, found: f64) -> Self {
        let explains = |ranking: Ranking, cut: Cut| {
            let outcome = outcome(item, ranking, cut)?;
            let right = f64::from(u8::from(outcome.right?));
            Some(!outcome.is_certain || (right - found).abs() <= 0.0)
        };
        let mut fits = Self::default();
        if let Ranking::By(_) = ranking {
            fits.divisors = Divisor::ALL.map(|divisor| explains(Ranking::By(divisor), Cut::Halves));
        }
        if ranking != Ranking::Lowest && item.candidates.iter().all(|own| own.unconditional.is_some()) {
            fits.cuts = Cut::ALL.map(|cut| explains(ranking, cut));
        }
        fits
    }

    /// All results, the divisors first.
    pub fn all(&self) -> impl Iterator<Item = Option<bool>> {
        self.divisors.into_iter().chain(self.cuts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_and_nan_wins() {
        let first = |values: &[f64]| argmax(&values.iter().copied().map(Approx::exact).collect::<Vec<_>>());
        assert_eq!(first(&[-2.0, -1.0, -1.0]), Some(1));
        assert_eq!(first(&[-2.0, f64::NAN, -1.0]), Some(1));
        assert_eq!(first(&[f64::NEG_INFINITY, f64::NEG_INFINITY]), Some(0));
        assert_eq!(first(&[]), None);
    }
}
