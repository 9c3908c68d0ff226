//! How a sequence score arises from the steps beneath it.
//!
//! One type, [`Formula`], says it in five parts; [`SequenceFacts`] holds what all formulas need to
//! know of a candidate; [`Grammar`] lists the formulas that lie within two deviations of a convention.

mod casts;
mod constants;
mod deviation;
mod facts;
mod gather;
mod grammar;
mod signature;
mod sweep;
mod term;

use serde::{Deserialize, Serialize};

use crate::numeric::{self, Approx, NumberFormat};

pub use casts::{Cast, Casts, Stage};
pub use constants::Constant;
pub use deviation::{Deviations, FoundPart, Part};
#[doc(hidden)]
pub use facts::{Base, KeptFacts, SequenceFacts, StepResolutions, Undone};
#[doc(hidden)]
pub use gather::{FactsBuilder, Needs};
pub use grammar::{Candidate as GrammarEntry, Grammar};
pub use signature::{FormulaSyntax, describe};
#[doc(hidden)]
pub use sweep::{Sweep, Window};
pub(crate) use term::{log_prob, recomputed};

/// Smallest size of a claim that counts: a claim near 0 could have been any small number.
const LEAST_SIZE: f64 = 0.001;
/// Smallest exponent that counts.
const LEAST_EXPONENT: f64 = 0.05;

/// How a score arises: the value of each step, which steps, how they are reduced, what the result is
/// divided by, and in which unit or form it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Formula {
    /// The per-step value.
    pub term: Term,
    /// Which steps.
    pub span: Span,
    /// How the steps become one number.
    pub reduce: Reduce,
    /// What that number is divided by.
    pub scale: Scale,
    /// How the result is printed.
    pub output: Output,
}

/// The per-step value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Term {
    /// ln p of the step's own token.
    LogProb,
    /// p of the step's own token.
    Prob,
    /// The token's raw logit.
    Logit,
    /// ln(logit ÷ Σ logits): logits normalised linearly instead of by softmax.
    LinearLogit,
    /// ln p renormalised over the step's top-k list.
    ShortlistLogProb,
    /// ln p of the most likely token, whatever the step's token is.
    Top1LogProb,
    /// `log_softmax(softmax(logits))`.
    DoubleSoftmax,
    /// `log_softmax(logits ÷ T)`, T in tenths.
    Tempered(u8),
}

/// Which steps count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Span {
    /// The continuation with its end token.
    Continuation,
    /// The continuation without its end token.
    WithoutEnd,
    /// The continuation without its first k steps.
    DropFirst(u8),
    /// The continuation without its last k steps.
    DropLast(u8),
    /// The last k prompt steps and the continuation.
    WithPrompt(u8),
    /// All prompt steps and the continuation.
    WholeText,
    /// As many steps as the continuation, one position later.
    ShiftLater,
    /// As many steps as the continuation, one position earlier.
    ShiftEarlier,
    /// The continuation and the padding after it.
    WithPadding,
}

/// How the steps become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reduce {
    /// Their sum.
    Sum,
    /// Their sum divided by their number.
    Mean,
    /// Their product.
    Product,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The first.
    First,
    /// The last.
    Last,
    /// The sum of the running sums.
    Running,
    /// Their sum, each addition rounded to bf16.
    SumBf16,
    /// That sum divided by their number.
    MeanBf16,
    /// Their sum, each addition rounded to fp16.
    SumF16,
    /// That sum divided by their number.
    MeanF16,
}

/// What the reduced number is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scale {
    /// Nothing.
    None,
    /// Number of steps + 1.
    TokensPlusOne,
    /// Number of steps − 1.
    TokensMinusOne,
    /// Unicode characters of the continuation.
    Chars,
    /// UTF-8 bytes of the continuation.
    Bytes,
    /// White-space separated words of the continuation.
    Words,
    /// (Number of steps)^α, α in hundredths.
    Power(u16),
    /// ((5 + n) ÷ 6)^α, α in hundredths (Wu et al. 2016, arXiv 1609.08144, eq. 14).
    Gnmt(u16),
    /// Number of steps with padding.
    Padded,
    /// Number of prompt steps and continuation steps together.
    PromptAndContinuation,
    /// The square of the number of steps: divided by the length twice.
    Squared,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Output {
    /// As it is, in nats.
    Nats,
    /// Divided by ln 2.
    Bits,
    /// Divided by ln 10.
    Log10,
    /// With the sign turned.
    Negated,
    /// With the sign turned, in bits.
    NegatedBits,
    /// With the sign turned, to base 10.
    NegatedLog10,
    /// e to its power: a probability.
    Exp,
    /// e to its negative power: a perplexity.
    ExpNegated,
    /// 2 to its power.
    Exp2,
    /// 2 to its negative power.
    Exp2Negated,
    /// 10 to its negative power.
    Exp10Negated,
    /// Times 100.
    Percent,
}

impl Scale {
    /// (Number of steps)^α, α in hundredths. Each divisor has one form, so that no two formulas are the same function.
    #[must_use]
    pub fn power(hundredths: u16) -> Self {
        match hundredths {
            0 => Self::None,
            200 => Self::Squared,
            other => Self::Power(other),
        }
    }
}

impl Formula {
    /// Σ ln p over the continuation, in nats: the log-prob of a sequence.
    pub const SUM: Self = Self {
        term: Term::LogProb,
        span: Span::Continuation,
        reduce: Reduce::Sum,
        scale: Scale::None,
        output: Output::Nats,
    };
    /// Mean ln p per token, in nats.
    pub const MEAN: Self = Self { reduce: Reduce::Mean, ..Self::SUM };
    /// exp(−mean ln p): perplexity per token.
    pub const PERPLEXITY: Self = Self { output: Output::ExpNegated, ..Self::MEAN };
    /// −mean ln p: the loss per token, in nats.
    pub const LOSS: Self = Self { output: Output::Negated, ..Self::MEAN };
    /// −Σ ln p: the surprisal of the whole, in nats.
    pub const TOTAL_LOSS: Self = Self { output: Output::Negated, ..Self::SUM };
    /// Π p.
    pub const PRODUCT: Self = Self { term: Term::Prob, reduce: Reduce::Product, ..Self::SUM };
    /// −Σ ln p ÷ (bytes · ln 2).
    pub const BITS_PER_BYTE: Self = Self { scale: Scale::Bytes, output: Output::NegatedBits, ..Self::SUM };

    /// Σ ln p over the continuation ÷ (number of steps)^α, α in hundredths: the length penalty of beam search.
    #[must_use]
    pub fn sum_over_power(hundredths: u16) -> Self {
        if hundredths == 100 { Self::MEAN } else { Self { scale: Scale::power(hundredths), ..Self::SUM } }
    }

    /// Whether its values are e to the power of what the steps add up to.
    #[must_use]
    pub fn is_exponential(&self) -> bool {
        self.reduce == Reduce::Product || !self.output.is_linear()
    }

    /// How much it says that a claim lies near the formula's value, in bits: the size of the two over what is left open. Of
    /// exponentials, in the size of the exponents: a small probability is no precise one.
    #[must_use]
    pub fn bits_said(&self, claimed: Approx, derived: Approx) -> f64 {
        let within = (claimed.half + derived.half).max(f64::MIN_POSITIVE);
        let size = claimed.value.abs().max(derived.value.abs());
        if self.is_exponential() && size > 0.0 {
            let exponent = numeric::ln(size).abs().max(LEAST_EXPONENT);
            return numeric::log2(exponent * size / within);
        }
        numeric::log2(size.max(LEAST_SIZE) / within)
    }

    /// Whether a candidate with a lower value is the more probable one.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        matches!(
            self.output,
            Output::Negated
                | Output::NegatedBits
                | Output::NegatedLog10
                | Output::ExpNegated
                | Output::Exp2Negated
                | Output::Exp10Negated
        )
    }
}

impl Term {
    /// All terms, in the order of their place in tables.
    pub const ALL: [Self; 16] = [
        Self::LogProb,
        Self::Prob,
        Self::Logit,
        Self::LinearLogit,
        Self::ShortlistLogProb,
        Self::Top1LogProb,
        Self::DoubleSoftmax,
        Self::Tempered(5),
        Self::Tempered(6),
        Self::Tempered(7),
        Self::Tempered(8),
        Self::Tempered(9),
        Self::Tempered(11),
        Self::Tempered(12),
        Self::Tempered(15),
        Self::Tempered(20),
    ];

    /// Place in [`Self::ALL`]; None for a temperature that it does not hold.
    fn index(self) -> Option<usize> {
        Some(match self {
            Self::LogProb => 0,
            Self::Prob => 1,
            Self::Logit => 2,
            Self::LinearLogit => 3,
            Self::ShortlistLogProb => 4,
            Self::Top1LogProb => 5,
            Self::DoubleSoftmax => 6,
            Self::Tempered(_) => return Self::ALL.iter().position(|term| *term == self),
        })
    }
}

impl Span {
    /// All spans, in the order of their place in tables.
    pub const ALL: [Self; 13] = [
        Self::Continuation,
        Self::WithoutEnd,
        Self::DropFirst(1),
        Self::DropFirst(2),
        Self::DropLast(1),
        Self::DropLast(2),
        Self::WithPrompt(1),
        Self::WithPrompt(2),
        Self::WithPrompt(3),
        Self::WholeText,
        Self::ShiftLater,
        Self::ShiftEarlier,
        Self::WithPadding,
    ];

    /// Place in [`Self::ALL`]; None for a number of steps that it does not hold.
    fn index(self) -> Option<usize> {
        match self {
            Self::Continuation => Some(0),
            Self::WithoutEnd => Some(1),
            _ => Self::ALL.iter().position(|span| *span == self),
        }
    }
}

impl Reduce {
    /// All reductions, in the order of their place in tables.
    pub const ALL: [Self; 12] = [
        Self::Sum,
        Self::Mean,
        Self::Product,
        Self::Min,
        Self::Max,
        Self::First,
        Self::Last,
        Self::Running,
        Self::SumBf16,
        Self::MeanBf16,
        Self::SumF16,
        Self::MeanF16,
    ];

    /// Place in [`Self::ALL`].
    fn index(self) -> usize {
        self as usize
    }

    /// Whether the result is divided by the number of steps.
    #[must_use]
    pub fn is_mean(self) -> bool {
        matches!(self, Self::Mean | Self::MeanBf16 | Self::MeanF16)
    }

    /// The 16-bit format that every addition is rounded to.
    #[must_use]
    pub fn half_precision(self) -> Option<NumberFormat> {
        match self {
            Self::SumBf16 | Self::MeanBf16 => Some(NumberFormat::Bf16),
            Self::SumF16 | Self::MeanF16 => Some(NumberFormat::F16),
            _ => None,
        }
    }
}

impl Scale {
    /// An exponent in hundredths; None where it is not a whole number of them from 0 to 10.
    #[must_use]
    pub(crate) fn hundredths(alpha: f64) -> Option<u16> {
        let power = Approx::exact(alpha).stored(NumberFormat::F64).scaled(100.0);
        let whole = power.value.round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within range")]
        ((0.0..=1000.0).contains(&whole) && power.agrees(Approx::exact(whole))).then_some(whole as u16)
    }

    /// All scales, in the order of their description length.
    pub const ALL: [Self; 21] = [
        Self::None,
        Self::TokensPlusOne,
        Self::TokensMinusOne,
        Self::Chars,
        Self::Bytes,
        Self::Words,
        Self::Padded,
        Self::PromptAndContinuation,
        Self::Squared,
        Self::Power(50),
        Self::Power(60),
        Self::Power(70),
        Self::Power(80),
        Self::Power(90),
        Self::Power(110),
        Self::Power(120),
        Self::Power(150),
        Self::Gnmt(60),
        Self::Gnmt(80),
        Self::Gnmt(100),
        Self::Gnmt(120),
    ];
}

impl Output {
    /// Whether it prints a multiple of the value.
    #[must_use]
    pub fn is_linear(self) -> bool {
        !matches!(self, Self::Exp | Self::ExpNegated | Self::Exp2 | Self::Exp2Negated | Self::Exp10Negated)
    }

    /// The value that the output function was applied to.
    #[must_use]
    pub fn undo(self, printed: Approx) -> Approx {
        match self {
            Self::Nats => printed,
            Self::Negated => -printed,
            Self::Bits => printed.scaled(numeric::LN_2),
            Self::NegatedBits => -printed.scaled(numeric::LN_2),
            Self::Log10 => printed.scaled(numeric::LN_10),
            Self::NegatedLog10 => -printed.scaled(numeric::LN_10),
            Self::Exp => printed.ln(),
            Self::ExpNegated => -printed.ln(),
            // 2^s = e^(s · ln 2): undone by the logarithm to the same base.
            Self::Exp2 => printed.ln().in_bits(),
            Self::Exp2Negated => -printed.ln().in_bits(),
            Self::Exp10Negated => -printed.ln().in_log10(),
            Self::Percent => printed.over(100.0),
        }
    }

    /// All outputs, in the order of their description length.
    pub const ALL: [Self; 12] = [
        Self::Nats,
        Self::Negated,
        Self::Bits,
        Self::Log10,
        Self::Exp,
        Self::ExpNegated,
        Self::NegatedBits,
        Self::NegatedLog10,
        Self::Exp2,
        Self::Exp2Negated,
        Self::Exp10Negated,
        Self::Percent,
    ];
}
