//! Errors of pipelines, as changes of a recipe.

use retally::formula::{Formula, Output, Reduce, Scale, Span, Term};
use retally::numeric::LN_10;

use super::random::Random;
use super::recipe::Recipe;

/// One deviation of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    MeanForSum,
    SumForMean,
    DropFirst,
    DropLast,
    PromptToken,
    WholeText,
    ShiftEarlier,
    WithPadding,
    PaddedLength,
    PromptLength,
    Bits,
    Log10,
    Negated,
    Probabilities,
    Product,
    LengthPlusOne,
    LengthMinusOne,
    PerChar,
    PerByte,
    PerWord,
    Running,
    Min,
    Max,
    SquaredLength,
    ListedPower,
    OtherPower,
    LengthPenalty,
    Perplexity,
    Shift,
    Factor,
}

/// The part of a recipe that a deviation changes. Two deviations of the same part cannot be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Span,
    /// Term, reduction and scale: the length normalisation belongs to the reduction.
    Reduction,
    Output,
    Constant,
}

impl Deviation {
    pub(crate) const ALL: [Self; 30] = [
        Self::MeanForSum,
        Self::SumForMean,
        Self::DropFirst,
        Self::DropLast,
        Self::PromptToken,
        Self::WholeText,
        Self::ShiftEarlier,
        Self::WithPadding,
        Self::PaddedLength,
        Self::PromptLength,
        Self::Bits,
        Self::Log10,
        Self::Negated,
        Self::Probabilities,
        Self::Product,
        Self::LengthPlusOne,
        Self::LengthMinusOne,
        Self::PerChar,
        Self::PerByte,
        Self::PerWord,
        Self::Running,
        Self::Min,
        Self::Max,
        Self::SquaredLength,
        Self::ListedPower,
        Self::OtherPower,
        Self::LengthPenalty,
        Self::Perplexity,
        Self::Shift,
        Self::Factor,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MeanForSum => "mean for sum",
            Self::SumForMean => "sum for mean",
            Self::DropFirst => "first token dropped",
            Self::DropLast => "last token dropped",
            Self::PromptToken => "last prompt token added",
            Self::WholeText => "whole prompt added",
            Self::ShiftEarlier => "shifted by one",
            Self::WithPadding => "padding added",
            Self::PaddedLength => "padded length",
            Self::PromptLength => "length with prompt",
            Self::Bits => "other base: 2",
            Self::Log10 => "other base: 10",
            Self::Negated => "sign turned",
            Self::Probabilities => "probabilities for log-probs",
            Self::Product => "product of probabilities",
            Self::LengthPlusOne => "length + 1",
            Self::LengthMinusOne => "length - 1",
            Self::PerChar => "per character",
            Self::PerByte => "per byte",
            Self::PerWord => "per word",
            Self::Running => "running sums",
            Self::Min => "minimum",
            Self::Max => "maximum",
            Self::SquaredLength => "length twice",
            Self::ListedPower => "length to a round power",
            Self::OtherPower => "length to another power",
            Self::LengthPenalty => "length penalty",
            Self::Perplexity => "perplexity",
            Self::Shift => "constant added",
            Self::Factor => "constant factor",
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            Self::DropFirst
            | Self::DropLast
            | Self::PromptToken
            | Self::WholeText
            | Self::ShiftEarlier
            | Self::WithPadding => Place::Span,
            Self::Bits | Self::Log10 | Self::Negated => Place::Output,
            Self::Shift | Self::Factor => Place::Constant,
            _ => Place::Reduction,
        }
    }

    /// The recipe with the deviation; None if it does not apply.
    pub(crate) fn apply(self, recipe: &Recipe, random: &mut Random) -> Option<Recipe> {
        let formula = recipe.formula;
        let log = formula.term == Term::LogProb;
        let additive = log && matches!(formula.reduce, Reduce::Sum | Reduce::Mean);
        let unscaled = formula.scale == Scale::None;
        let plain = additive && unscaled;
        let total = plain && formula.reduce == Reduce::Sum;
        let mean = plain && formula.reduce == Reduce::Mean;
        let whole = formula.span == Span::Continuation;
        let linear = !matches!(
            formula.output,
            Output::Exp | Output::ExpNegated | Output::Exp2 | Output::Exp2Negated | Output::Exp10Negated
        );
        let of = |formula: Formula| Some(Recipe { formula, ..*recipe });
        let span = |span: Span| {
            let reducible = matches!(formula.reduce, Reduce::Sum | Reduce::Mean | Reduce::Product);
            (whole && reducible).then_some(Recipe { formula: Formula { span, ..formula }, ..*recipe })
        };
        // Replaces the convention's divisor, if any, with a length.
        let scaled = |scale: Scale| {
            let other = additive && scale != formula.scale && linear;
            other.then_some(Recipe { formula: Formula { reduce: Reduce::Sum, scale, ..formula }, ..*recipe })
        };
        let reduced = |reduce: Reduce| {
            (plain && whole && linear).then_some(Recipe { formula: Formula { reduce, ..formula }, ..*recipe })
        };
        match self {
            Self::MeanForSum if total && linear => of(Formula { reduce: Reduce::Mean, ..formula }),
            Self::SumForMean if mean => of(Formula { reduce: Reduce::Sum, ..formula }),
            Self::DropFirst => span(Span::DropFirst(1)),
            Self::DropLast => span(Span::DropLast(1)),
            Self::PromptToken => span(Span::WithPrompt(1)),
            Self::WholeText => span(Span::WholeText),
            Self::ShiftEarlier => span(Span::ShiftEarlier),
            Self::WithPadding => span(Span::WithPadding),
            Self::PaddedLength => scaled(Scale::Padded),
            Self::PromptLength => scaled(Scale::PromptAndContinuation),
            Self::Bits if log => of(Formula { output: in_bits(formula.output)?, ..formula }),
            Self::Log10 if log => of(Formula { output: in_log10(formula.output)?, ..formula }),
            Self::Negated if log => of(Formula { output: turned(formula.output)?, ..formula }),
            Self::Probabilities if plain && whole && formula.output == Output::Nats => {
                of(Formula { term: Term::Prob, ..formula })
            }
            Self::Product if total && whole && formula.output == Output::Nats => of(Formula::PRODUCT),
            Self::LengthPlusOne => scaled(Scale::TokensPlusOne),
            Self::LengthMinusOne => scaled(Scale::TokensMinusOne),
            Self::PerChar => scaled(Scale::Chars),
            Self::PerByte => scaled(Scale::Bytes),
            Self::PerWord => scaled(Scale::Words),
            Self::Running if total => reduced(Reduce::Running),
            Self::Min => reduced(Reduce::Min),
            Self::Max => reduced(Reduce::Max),
            Self::SquaredLength => scaled(Scale::Squared),
            Self::ListedPower => scaled(Scale::Power(random.pick(&[50, 60, 70, 80, 90, 110, 120, 150]))),
            Self::OtherPower => scaled(Scale::Power(random.pick(&[25, 33, 55, 65, 75, 85, 130, 175]))),
            Self::LengthPenalty => scaled(Scale::Gnmt(random.pick(&[60, 80, 100, 120]))),
            Self::Perplexity if mean && matches!(formula.output, Output::Nats | Output::Negated) => {
                of(Formula { output: Output::ExpNegated, ..formula })
            }
            Self::Shift => {
                let shift = random.pick(&[0.25, -0.5, 1.0, -LN_10, 10.824_904_010_8]);
                Some(Recipe { shift: recipe.shift + shift, ..*recipe })
            }
            Self::Factor if linear => {
                let factor = random.pick(&[2.0, 0.5, 100.0, 1.0 / 0.7, 1.0 / 1.3, 1.1, 0.937]);
                Some(Recipe { factor: recipe.factor * factor, ..*recipe })
            }
            _ => None,
        }
    }
}

/// The same output in base 2. A perplexity then has the wrong base: 2 to the power of nats.
fn in_bits(output: Output) -> Option<Output> {
    Some(match output {
        Output::Nats => Output::Bits,
        Output::Negated => Output::NegatedBits,
        Output::NegatedBits => Output::Negated,
        Output::ExpNegated => Output::Exp2Negated,
        _ => return None,
    })
}

fn in_log10(output: Output) -> Option<Output> {
    Some(match output {
        Output::Nats => Output::Log10,
        Output::Negated | Output::NegatedBits => Output::NegatedLog10,
        Output::ExpNegated => Output::Exp10Negated,
        _ => return None,
    })
}

fn turned(output: Output) -> Option<Output> {
    Some(match output {
        Output::Nats => Output::Negated,
        Output::Negated => Output::Nats,
        Output::Bits => Output::NegatedBits,
        Output::NegatedBits => Output::Bits,
        Output::ExpNegated => Output::Exp,
        _ => return None,
    })
}
