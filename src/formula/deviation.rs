//! In which parts a formula departs from the convention.

use serde::{Deserialize, Serialize};

use crate::formula::{Formula, Output, Reduce, Scale, Span, Term};

/// A part of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The per-step value.
    Term,
    /// Which steps.
    Span,
    /// How they are reduced.
    Reduce,
    /// What the result is divided by.
    Scale,
    /// How it is printed.
    Output,
}

/// A convention, the formula found, and what lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviations {
    /// What the log is supposed to hold.
    pub convention: Formula,
    /// What it holds.
    pub found: Formula,
}

/// A part of a formula that is another one than the convention's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundPart {
    /// The per-step value.
    Term(Term),
    /// Which steps.
    Span(Span),
    /// How they are reduced.
    Reduce(Reduce),
    /// What the result is divided by.
    Scale(Scale),
    /// How it is printed.
    Output(Output),
}

impl Deviations {
    /// What the formula found has in the parts that differ.
    #[must_use]
    pub fn found_parts(&self) -> Vec<FoundPart> {
        let found = self.found;
        let part = |part| match part {
            Part::Term => FoundPart::Term(found.term),
            Part::Span => FoundPart::Span(found.span),
            Part::Reduce => FoundPart::Reduce(found.reduce),
            Part::Scale => FoundPart::Scale(found.scale),
            Part::Output => FoundPart::Output(found.output),
        };
        self.parts().map(part).collect()
    }

    /// The parts that differ, in the order term, span, reduce, scale, output.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let (a, b) = (self.convention, self.found);
        [
            (a.term != b.term, Part::Term),
            (a.span != b.span, Part::Span),
            (a.reduce != b.reduce, Part::Reduce),
            (a.scale != b.scale, Part::Scale),
            (a.output != b.output, Part::Output),
        ]
        .into_iter()
        .filter_map(|(differs, part)| differs.then_some(part))
    }

    /// Number of parts that differ.
    ///
    /// Some changes of one thing touch two parts of the notation: a product of probabilities changes
    /// term and reduction, a perplexity the reduction and the output. They count as one.
    #[must_use]
    pub fn count(&self) -> usize {
        let parts = self.parts().count();
        if self.is_half_precision_product() {
            return parts.saturating_sub(2).max(1);
        }
        let one_idea =
            self.is_probability_product() || self.is_perplexity() || self.is_loss() || self.is_geometric_mean();
        if one_idea { parts.saturating_sub(1).max(1) } else { parts }
    }

    /// Number of things that were changed, where another length for a mean is one: it is written as a sum with a scale.
    #[must_use]
    pub fn ideas(&self) -> usize {
        let is_other_length = self.convention.reduce == Reduce::Mean
            && self.found.reduce == Reduce::Sum
            && self.convention.scale == Scale::None
            && self.found.scale != Scale::None;
        let count = self.count();
        if is_other_length { count.saturating_sub(1).max(1) } else { count }
    }

    /// Whether the term alone is another one than the convention's.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        (self.convention.term != self.found.term).then_some(self.found.term)
    }

    /// The other span, if it differs.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        (self.convention.span != self.found.span).then_some(self.found.span)
    }

    /// The other reduction, if it differs.
    #[must_use]
    pub fn reduce(&self) -> Option<Reduce> {
        (self.convention.reduce != self.found.reduce).then_some(self.found.reduce)
    }

    /// The other scale, if it differs.
    #[must_use]
    pub fn scale(&self) -> Option<Scale> {
        (self.convention.scale != self.found.scale).then_some(self.found.scale)
    }

    /// The other output, if it differs.
    #[must_use]
    pub fn output(&self) -> Option<Output> {
        (self.convention.output != self.found.output).then_some(self.found.output)
    }

    /// Whether it is a product of probabilities where its logarithm is expected.
    #[must_use]
    pub fn is_probability_product(&self) -> bool {
        self.found.term == Term::Prob
            && self.found.reduce == Reduce::Product
            && self.convention.reduce != Reduce::Product
    }

    /// Whether it is the geometric mean of the probabilities, exp of the mean log-prob, where their product is expected.
    #[must_use]
    pub fn is_geometric_mean(&self) -> bool {
        self.convention.reduce == Reduce::Product
            && self.found.term == Term::LogProb
            && self.found.reduce == Reduce::Mean
            && self.found.output == Output::Exp
    }

    /// Whether it is the exponential of a sum that was added up in half precision, where a product is expected.
    #[must_use]
    pub fn is_half_precision_product(&self) -> bool {
        self.convention.reduce == Reduce::Product
            && self.found.term == Term::LogProb
            && self.found.output == Output::Exp
            && self.found.reduce.half_precision().is_some()
    }

    /// Whether it is a perplexity where a log-prob is expected.
    #[must_use]
    pub fn is_perplexity(&self) -> bool {
        self.found.output == Output::ExpNegated
            && self.found.reduce == Reduce::Mean
            && self.convention.output != Output::ExpNegated
    }

    /// Whether it is a mean negative log-likelihood where something else is expected.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        self.found.output == Output::Negated
            && self.found.reduce == Reduce::Mean
            && self.convention.output != Output::Negated
            && self.convention.reduce != Reduce::Mean
    }

    /// Bits that it takes to name the deviation: one choice among the values of each part that
    /// differs, later values costing more than earlier ones.
    #[must_use]
    pub fn description_bits(&self) -> u32 {
        if self.is_probability_product() && self.parts().count() == 2 {
            return 5;
        }
        let mut bits = 0;
        for part in self.parts() {
            bits += 3 + match part {
                Part::Term => match self.found.term {
                    Term::LogProb | Term::Prob | Term::Logit | Term::Top1LogProb => 2,
                    Term::LinearLogit | Term::ShortlistLogProb | Term::DoubleSoftmax => 3,
                    Term::Tempered(_) => 6,
                },
                Part::Span => match self.found.span {
                    Span::Continuation | Span::DropFirst(1) | Span::DropLast(1) | Span::WithoutEnd => 2,
                    Span::WholeText | Span::WithPadding | Span::ShiftLater | Span::ShiftEarlier => 3,
                    Span::DropFirst(_) | Span::DropLast(_) | Span::WithPrompt(_) => 4,
                },
                Part::Reduce => match self.found.reduce {
                    Reduce::Sum | Reduce::Mean | Reduce::Product => 2,
                    Reduce::SumBf16 | Reduce::MeanBf16 | Reduce::SumF16 | Reduce::MeanF16 => 3,
                    _ => 4,
                },
                Part::Scale => match self.found.scale {
                    Scale::None | Scale::TokensPlusOne | Scale::TokensMinusOne | Scale::Chars | Scale::Bytes => 3,
                    Scale::Words | Scale::Padded | Scale::PromptAndContinuation | Scale::Squared => 4,
                    Scale::Power(_) | Scale::Gnmt(_) => 6,
                },
                Part::Output => match self.found.output {
                    Output::Nats | Output::Negated | Output::Bits | Output::Exp | Output::ExpNegated => 2,
                    _ => 4,
                },
            };
        }
        bits
    }
}
