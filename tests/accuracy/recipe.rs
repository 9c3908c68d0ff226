//! How a pipeline computes a number: a formula, optionally with a constant. Evaluated without the library's evaluator,
//! because that is under test.

use retally::formula::{Formula, Output, Reduce, Scale, Term};
use retally::numeric::{self, LN_2, LN_10, NumberFormat};

use super::arithmetic::{Arithmetic, Reduction};
use super::sequence::Sequence;

/// Relative rounding error of single precision that a reader must allow, also for each term of a sum in any order.
const NOISE: f64 = 2e-6;
const NOISE_OF_TERM: f64 = 6e-8;

/// A formula, times a factor, plus a shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Recipe {
    pub(crate) formula: Formula,
    pub(crate) factor: f64,
    pub(crate) shift: f64,
}

/// A value with the error of digits and number formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) value: f64,
    pub(crate) half: f64,
}

impl Known {
    /// Whether the log clearly shows that two values differ.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        (self.value - other.value).abs() > 2.0 * (self.half + other.half)
    }

    /// Whether two values may be the same, as far as the log shows.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        (self.value - other.value).abs() <= self.half + other.half
    }
}

impl Recipe {
    pub(crate) fn of(formula: Formula) -> Self {
        Self { formula, factor: 1.0, shift: 0.0 }
    }

    /// The number computed by the pipeline.
    pub(crate) fn value(&self, sequence: &Sequence, arithmetic: &Arithmetic) -> Option<f64> {
        let window = sequence.span(self.formula.span)?;
        let terms = self.terms(window)?;
        let reduced = self.reduced(&terms, arithmetic.reduction)?;
        self.finished(arithmetic.cast.round(reduced), sequence, window.len())
    }

    /// The value in double precision, with its error. All formulas are monotonic in every step, so the bounds are the
    /// values with all steps moved in one direction.
    pub(crate) fn known(&self, sequence: &Sequence, arithmetic: &Arithmetic) -> Option<Known> {
        let window = sequence.span(self.formula.span)?;
        let at = |nudge: f64| {
            let moved: Vec<f64> = window.iter().map(|value| value + nudge * arithmetic.half_of_step(*value)).collect();
            let terms = self.terms(&moved)?;
            let reduced = self.reduced(&terms, Reduction::Double)?;
            let sizes: f64 = terms.iter().map(|term| term.abs()).sum();
            let cast = if arithmetic.cast == NumberFormat::F64 { 0.0 } else { arithmetic.cast.half_ulp(reduced) };
            let noise = NOISE.max(NOISE_OF_TERM * terms.len() as f64);
            self.finished(reduced + nudge * (noise * sizes + cast), sequence, window.len())
        };
        let (low, value, high) = (at(-1.0)?, at(0.0)?, at(1.0)?);
        let half = (low - value).abs().max((high - value).abs());
        Some(Known { value, half: half + arithmetic.claim.half(value) + NOISE * value.abs() })
    }

    fn terms(&self, window: &[f64]) -> Option<Vec<f64>> {
        match self.formula.term {
            // The probability of a sequence is e to the power of its sum.
            Term::LogProb => Some(window.to_vec()),
            Term::Prob if self.formula.reduce == Reduce::Product => Some(window.to_vec()),
            Term::Prob => Some(window.iter().map(|value| numeric::exp(*value)).collect()),
            _ => None,
        }
    }

    fn reduced(&self, terms: &[f64], reduction: Reduction) -> Option<f64> {
        match self.formula.reduce {
            Reduce::Sum => Some(reduction.sum(terms)),
            Reduce::Mean if terms.is_empty() => None,
            Reduce::Mean | Reduce::Product => Some(reduction.sum(terms)),
            Reduce::Min => terms.iter().copied().reduce(f64::min),
            Reduce::Max => terms.iter().copied().reduce(f64::max),
            Reduce::First => terms.first().copied(),
            Reduce::Last => terms.last().copied(),
            Reduce::Running => {
                let mut running = 0.0;
                let totals: Vec<f64> = terms
                    .iter()
                    .map(|term| {
                        running += term;
                        running
                    })
                    .collect();
                (!totals.is_empty()).then(|| reduction.sum(&totals))
            }
            // A name that the audit may give to a cast sum: on short rows, both are often the same number.
            half => Some(Reduction::Half(half.half_precision()?).sum(terms)),
        }
    }

    /// Converts the reduced and cast number to the reported one, in double precision.
    fn finished(&self, reduced: f64, sequence: &Sequence, n: usize) -> Option<f64> {
        let n = n as f64;
        let reduced = match self.formula.reduce {
            reduce if reduce.is_mean() => reduced / n,
            Reduce::Product => numeric::exp(reduced),
            _ => reduced,
        };
        let scaled = reduced / divisor(self.formula.scale, sequence, n)?;
        let value = match self.formula.output {
            Output::Nats => scaled,
            Output::Bits => scaled / LN_2,
            Output::Log10 => scaled / LN_10,
            Output::Negated => -scaled,
            Output::NegatedBits => -scaled / LN_2,
            Output::NegatedLog10 => -scaled / LN_10,
            Output::Exp => numeric::exp(scaled),
            Output::ExpNegated => numeric::exp(-scaled),
            Output::Exp2 => numeric::exp(scaled * LN_2),
            Output::Exp2Negated => numeric::exp(-scaled * LN_2),
            Output::Exp10Negated => numeric::exp(-scaled * LN_10),
            Output::Percent => 100.0 * scaled,
        };
        let value = value * self.factor + self.shift;
        (value.is_finite() && value.abs() < 1e30).then_some(value)
    }
}

fn divisor(scale: Scale, sequence: &Sequence, n: f64) -> Option<f64> {
    let hundredths = |alpha: u16| f64::from(alpha) / 100.0;
    let divisor = match scale {
        Scale::None => 1.0,
        Scale::TokensPlusOne => n + 1.0,
        Scale::TokensMinusOne => n - 1.0,
        Scale::Chars => sequence.text().chars().count() as f64,
        Scale::Bytes => sequence.text().len() as f64,
        Scale::Words => sequence.text().split_whitespace().count() as f64,
        Scale::Power(alpha) => numeric::pow(n, hundredths(alpha)),
        Scale::Gnmt(alpha) => numeric::pow((5.0 + n) / 6.0, hundredths(alpha)),
        Scale::Padded if sequence.padding() > 0 => (sequence.n + sequence.padding()) as f64,
        Scale::PromptAndContinuation if sequence.prompt > 0 => (sequence.prompt + sequence.n) as f64,
        Scale::Padded | Scale::PromptAndContinuation => return None,
        Scale::Squared => n * n,
    };
    (divisor > 0.0).then_some(divisor)
}
