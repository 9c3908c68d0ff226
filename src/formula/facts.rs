//! What all formulas need to know of one candidate, and their values.

use serde::{Deserialize, Serialize};

use crate::formula::{Cast, Casts, Constant, Formula, Output, Reduce, Scale, Span, Stage, Term};
use crate::numeric::{self, Approx, NumberFormat, Resolution};

/// Resolutions of the step-level columns of one input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResolutions {
    /// Of the tokens' log-probs.
    pub logprob: Resolution,
    /// Of the tokens' probabilities.
    pub prob: Resolution,
    /// Of the tokens' logits.
    pub logit: Resolution,
    /// Of the alternatives' log-probs.
    pub top: Resolution,
    /// Of the entries of whole vectors.
    pub vector: Resolution,
}

impl Default for StepResolutions {
    fn default() -> Self {
        let exact = Resolution::exact();
        Self { logprob: exact, prob: exact, logit: exact, top: exact, vector: exact }
    }
}

/// A reduction over a span, before the rounding of the pipeline's arithmetic, scale and output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// The reduced value, with what the operands' printed digits leave open.
    pub reduced: Approx,
    /// Σ |x|, for the rounding of a running sum.
    pub sizes: f64,
    /// Number of steps.
    pub n: u32,
}

/// The arithmetic that any pipeline is granted: single precision.
const ARITHMETIC: NumberFormat = NumberFormat::F32;

/// A claim before its last stages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Undone {
    /// Before it was divided.
    pub sum: Approx,
    /// After that, before its output function.
    pub scaled: Approx,
}

impl Undone {
    /// The result of a stage.
    #[must_use]
    pub fn at(&self, stage: Stage) -> Approx {
        match stage {
            Stage::Sum => self.sum,
            Stage::Scaled => self.scaled,
        }
    }
}

/// The sufficient statistics of one candidate: one [`Base`] per term, span and reduction.
#[derive(Clone, Debug, Default)]
pub struct SequenceFacts {
    pub(super) bases: Vec<Option<Base>>,
    /// ln p of each step's own token, scored or not, in step order; None where it is not known.
    pub log_probs: Vec<Option<Approx>>,
    /// Positions of the scored steps.
    pub(super) scored: Vec<u32>,
    /// Steps of the continuation, the end token included.
    pub n: u32,
    /// Whether the totals are what the names of fields state, and no tokens are logged.
    pub is_stated: bool,
    /// Steps of the prompt.
    pub prompt: u32,
    /// Padding steps.
    pub padding: u32,
    /// Whether the last scored step is the end token.
    pub has_end: bool,
    /// Whether the first scored step is exactly 0 and a later one is not: a place that is kept for a token without context,
    /// or a token that is certain.
    pub starts_with_zero: bool,
    /// Scored steps whose value is not known, so that no total can be derived.
    pub unknown: u32,
    /// Characters of the continuation.
    pub chars: Option<u32>,
    /// UTF-8 bytes of the continuation.
    pub bytes: Option<u32>,
    /// Words of the continuation.
    pub words: Option<u32>,
}

pub(super) const TERMS: usize = Term::ALL.len();
pub(super) const SPANS: usize = Span::ALL.len();
/// Reductions that each term and span has. Sums in half precision are replayed for log-probs of the continuation only, with and
/// without its end token.
pub(super) const REDUCES: usize = Reduce::SumBf16 as usize;
/// Places of the whole table.
pub(super) const SLOTS: usize = TERMS * SPANS * REDUCES + 2 * (Reduce::ALL.len() - REDUCES);

/// Place of a base in the table; None for a term, span or reduction that the table does not have.
pub(super) fn slot(term: Term, span: Span, reduce: Reduce) -> Option<usize> {
    if reduce.index() >= REDUCES {
        let replays = Reduce::ALL.len() - REDUCES;
        let span = [Span::Continuation, Span::WithoutEnd].iter().position(|replayed| *replayed == span)?;
        let place = TERMS * SPANS * REDUCES + span * replays + reduce.index() - REDUCES;
        return (term == Term::LogProb).then_some(place);
    }
    Some((term.index()? * SPANS + span.index()?) * REDUCES + reduce.index())
}

/// How far a cast moves a number at most that has some size or less: on the upper side of a power of two the grid is coarser.
fn farthest(format: NumberFormat, largest: f64) -> f64 {
    if largest.is_finite() { format.half_ulp(largest) } else { 0.0 }
}

/// A reduction as a pipeline may have added it up, and cast the result.
pub(super) fn added_up(base: Base, reduce: Reduce, cast: Option<Cast>) -> Approx {
    // One more rounding than there are additions: the operands' own, when they are put into a tensor.
    let reduced = Approx::running_sum(base.reduced, base.sizes, u64::from(base.n) + 1, ARITHMETIC);
    match cast {
        // Cast before its exponential was taken, whichever stage that is called.
        Some(Cast { format, .. }) if reduce == Reduce::Product => {
            let size = reduced.value.abs();
            let moved = farthest(format, numeric::ln(size).abs() + reduced.half / size);
            let largest = size + reduced.half;
            reduced.widened(largest * numeric::exp_m1(moved))
        }
        Some(Cast { stage: Stage::Sum, format }) => {
            let tokens = if reduce.is_mean() { f64::from(base.n).max(1.0) } else { 1.0 };
            reduced.widened(farthest(format, (reduced.value.abs() + reduced.half) * tokens) / tokens)
        }
        _ => reduced,
    }
}

/// The format that a quotient was cast to, if it was.
pub(super) fn scaled_cast(reduce: Reduce, cast: Option<Cast>) -> Option<NumberFormat> {
    let cast = cast.filter(|cast| cast.stage == Stage::Scaled && reduce != Reduce::Product);
    cast.map(|cast| cast.format)
}

/// A reduction of n steps after it was divided, and cast.
pub(super) fn divided(
    reduced: Approx,
    divisor: f64,
    cast: Option<NumberFormat>,
    constant: &Constant,
    n: u32,
) -> Option<Approx> {
    let mut scaled = reduced.over(divisor);
    if let Some(format) = cast {
        scaled = scaled.widened(farthest(format, scaled.value.abs() + scaled.half));
    }
    constant.divide(scaled, n)
}

/// A quotient in the unit or form in which it is printed; None for one that no number format holds.
pub(super) fn printed(scaled: Approx, output: Output, constant: &Constant) -> Option<Approx> {
    let derived = match output {
        Output::Nats => scaled,
        Output::Bits => scaled.in_bits(),
        Output::Log10 => scaled.in_log10(),
        Output::Negated => -scaled,
        Output::NegatedBits => -scaled.in_bits(),
        Output::NegatedLog10 => -scaled.in_log10(),
        Output::Exp => scaled.exp(),
        Output::ExpNegated => (-scaled).exp(),
        Output::Exp2 => scaled.exp2(),
        Output::Exp2Negated => (-scaled).exp2(),
        Output::Exp10Negated => (-scaled).exp10(),
        Output::Percent => scaled.scaled(100.0),
    };
    let derived = constant.print(derived).through_stages(ARITHMETIC);
    (derived.value.is_finite() && derived.half.is_finite()).then_some(derived)
}

impl SequenceFacts {
    /// The reduction of a term over a span, if the log has what it takes.
    #[must_use]
    pub fn base(&self, term: Term, span: Span, reduce: Reduce) -> Option<Base> {
        self.bases.get(slot(term, span, reduce)?).copied().flatten()
    }

    /// ln p of the scored steps, in order.
    pub fn scored_log_probs(&self) -> impl Iterator<Item = Approx> + '_ {
        self.scored.iter().filter_map(|at| self.log_probs.get(*at as usize).copied().flatten())
    }

    /// The value of a formula: with what the operands' digits leave open, the rounding of a pipeline that computes in single
    /// precision in any order, and the casts of its results. None where the log lacks an operand, or its digits leave
    /// everything open.
    #[must_use]
    pub fn evaluate(&self, formula: &Formula, casts: &Casts) -> Option<Approx> {
        self.evaluate_with(formula, &Constant::None, casts.of(formula))
    }

    /// The same with a constant in it, after a cast.
    #[must_use]
    pub fn evaluate_with(&self, formula: &Formula, constant: &Constant, cast: Option<Cast>) -> Option<Approx> {
        let base = self.base(formula.term, formula.span, formula.reduce)?;
        self.finish(base, formula, constant, cast)
    }

    /// The same with the operands as they are printed: only the rounding of the pipeline's arithmetic is left open.
    #[must_use]
    pub fn evaluate_printed(&self, formula: &Formula, constant: &Constant, cast: Option<Cast>) -> Option<Approx> {
        let base = self.base(formula.term, formula.span, formula.reduce)?;
        let reduced = Approx::exact(base.reduced.value);
        self.finish(Base { reduced, ..base }, formula, constant, cast)
    }

    /// A reduction after scale and output.
    fn finish(&self, base: Base, formula: &Formula, constant: &Constant, cast: Option<Cast>) -> Option<Approx> {
        let reduced = added_up(base, formula.reduce, cast);
        let cast = scaled_cast(formula.reduce, cast);
        let scaled = divided(reduced, self.divisor(formula.scale, base.n)?, cast, constant, base.n)?;
        printed(scaled, formula.output, constant)
    }

    /// What a claim was before its output function, and before it was divided: up to the claim's half-width and a rounding in
    /// single precision. Of a probability that may be 0, anything. None where the formula cannot be undone.
    #[must_use]
    pub fn undo(&self, formula: &Formula, constant: &Constant, claim: Approx) -> Option<Undone> {
        let n = self.base(formula.term, formula.span, formula.reduce)?.n;
        // A mean that is stated by itself has no sum.
        if n == 0 && formula.reduce.is_mean() {
            return None;
        }
        // Numbers below the smallest normal one have few digits, however many are printed.
        let claim = claim.widened(numeric::subnormal_spacing(claim.value, claim.half));
        // The last stage rounds what it prints.
        let claim = constant.unprint(claim.rounded(1.0, ARITHMETIC));
        // A product of probabilities is the exponential of a sum.
        let scaled = if formula.reduce == Reduce::Product { claim.ln() } else { formula.output.undo(claim) };
        let scaled = constant.undivide(scaled.through_stages(ARITHMETIC), n);
        let tokens = if formula.reduce.is_mean() { f64::from(n) } else { 1.0 };
        let sum = scaled.scaled(self.divisor(formula.scale, n)? * tokens);
        let is_known = scaled.value.is_finite() && scaled.half.is_finite();
        if !is_known && claim.may_be_zero() {
            let unknown = Approx { value: 0.0, half: f64::INFINITY };
            return Some(Undone { sum: unknown, scaled: unknown });
        }
        is_known.then_some(Undone { sum, scaled })
    }

    /// The number that a scale divides by.
    #[must_use]
    pub fn divisor(&self, scale: Scale, n: u32) -> Option<f64> {
        let tokens = f64::from(n);
        let divisor = match scale {
            Scale::None => 1.0,
            Scale::TokensPlusOne => tokens + 1.0,
            // Of one token, only a guarded divisor gives a number.
            Scale::TokensMinusOne => (tokens - 1.0).max(1.0),
            Scale::Chars => f64::from(self.chars?),
            Scale::Bytes => f64::from(self.bytes?),
            Scale::Words => f64::from(self.words?),
            Scale::Power(alpha) => numeric::pow(tokens, f64::from(alpha) / 100.0),
            Scale::Gnmt(alpha) => numeric::pow((5.0 + tokens) / 6.0, f64::from(alpha) / 100.0),
            Scale::Padded if self.padding > 0 => f64::from(self.n + self.padding),
            Scale::PromptAndContinuation if self.prompt > 0 => f64::from(self.prompt + self.n),
            Scale::Padded | Scale::PromptAndContinuation => return None,
            Scale::Squared => tokens * tokens,
        };
        (divisor > 0.0).then_some(divisor)
    }
}

/// The facts of one candidate to keep: what its log has, without its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFacts {
    bases: Vec<(u16, Base)>,
    n: u32,
    prompt: u32,
    padding: u32,
    chars: Option<u32>,
    bytes: Option<u32>,
    words: Option<u32>,
}

impl KeptFacts {
    /// Keeps the facts of a candidate.
    #[must_use]
    pub fn of(facts: &SequenceFacts) -> Self {
        let known = facts.bases.iter().zip(0_u16..).filter_map(|(base, slot)| Some((slot, (*base)?)));
        let SequenceFacts { n, prompt, padding, chars, bytes, words, .. } = *facts;
        Self { bases: known.collect(), n, prompt, padding, chars, bytes, words }
    }

    /// The facts, without the values of single steps.
    #[must_use]
    pub fn restore(&self) -> SequenceFacts {
        let Self { n, prompt, padding, chars, bytes, words, .. } = *self;
        let mut facts = SequenceFacts { n, prompt, padding, chars, bytes, words, ..SequenceFacts::default() };
        facts.bases.resize(SLOTS, None);
        for (slot, base) in &self.bases {
            if let Some(place) = facts.bases.get_mut(usize::from(*slot)) {
                *place = Some(*base);
            }
        }
        facts
    }
}
