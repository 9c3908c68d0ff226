//! The formulas within reach of a convention.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::formula::{Cast, Constant, Deviations, Formula, Output, Reduce, Scale, Span, Term, describe};
use crate::numeric;

/// A formula with its distance from the convention.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The formula.
    pub formula: Formula,
    /// A constant in it that was solved from the claims.
    pub constant: Constant,
    /// A cast of its results that the claims show; None leaves it to the column's own.
    pub cast: Option<Cast>,
    /// Number of deviations.
    pub deviations: usize,
    /// Bits that it takes to name them.
    pub bits: u32,
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.constant.around(&self.formula.written(|core| self.constant.divided(core))))
    }
}

impl Candidate {
    /// A formula without a constant or a cast of its own.
    #[must_use]
    pub fn plain(formula: Formula, deviations: usize, bits: u32) -> Self {
        Self { formula, constant: Constant::None, cast: None, deviations, bits }
    }

    /// In words.
    #[must_use]
    pub fn described(&self) -> String {
        format!("{}{}", describe(&self.formula), self.constant)
    }
}

/// All formulas within two deviations of a convention, the convention first, then by number of
/// deviations and description length. No two of them are the same function.
#[derive(Clone, Debug, PartialEq)]
pub struct Grammar {
    entries: Vec<Candidate>,
}

impl Grammar {
    /// Lists the formulas around a convention.
    #[must_use]
    pub fn around(convention: Formula) -> Self {
        Self::around_any(convention, &[])
    }

    /// Lists the formulas around a convention, and those around others that would be as right: each by its distance from the
    /// nearest of them.
    #[must_use]
    pub fn around_any(convention: Formula, others: &[Formula]) -> Self {
        let near = |from: Formula, found: Formula| {
            let deviations = Deviations { convention: from, found };
            let count = deviations.count();
            // One that is added up in 16 bits changes three parts by itself.
            let most = if deviations.is_half_precision_product() { 4 } else { 3 };
            let within = count <= 2 && deviations.parts().count() <= most;
            within.then(|| (count, deviations.description_bits()))
        };
        Self::within(convention, others, &|_| true, &near)
    }

    /// Lists what two ideas lead to from a convention or others that would be as right, where another length for a mean is one
    /// idea: more than are tried on every row. Of the formulas only those that start from what the log has.
    #[must_use]
    pub fn wide(convention: Formula, others: &[Formula], has: &dyn Fn(&Formula) -> bool) -> Self {
        let near = |from: Formula, found: Formula| {
            let deviations = Deviations { convention: from, found };
            (deviations.ideas() <= 2).then(|| (deviations.ideas(), deviations.description_bits()))
        };
        Self::within(convention, others, has, &near)
    }

    fn within(
        convention: Formula,
        others: &[Formula],
        has: &dyn Fn(&Formula) -> bool,
        near: &dyn Fn(Formula, Formula) -> Option<(usize, u32)>,
    ) -> Self {
        let mut entries: Vec<Candidate> = Vec::new();
        for formula in cores(convention).filter(has) {
            for scale in Scale::ALL {
                for output in Output::ALL {
                    let formula = Formula { scale, output, ..formula };
                    if !is_plausible(&formula) {
                        continue;
                    }
                    // Another right formula is one deviation from the convention that was chosen.
                    let other = others.iter().filter_map(|other| near(*other, formula)).min();
                    let other = other.map(|(count, bits)| (count.max(1), bits.max(1)));
                    if let Some((deviations, bits)) = near(convention, formula).into_iter().chain(other).min() {
                        entries.push(Candidate::plain(formula, deviations, bits));
                    }
                }
            }
        }
        entries.sort_by_key(|entry| (entry.deviations, entry.bits, entry.formula));
        drop_equivalent(&mut entries);
        Self { entries }
    }

    /// The same with formulas that have constants, from a place on: no formula before it changes its own.
    #[must_use]
    pub fn with(mut self, fitted: &[Candidate], at: usize) -> Self {
        let at = at.min(self.entries.len());
        let is_known = |entry: &Candidate| {
            let same = |other: &Candidate| other.formula == entry.formula && other.cast.is_none();
            fitted.iter().any(|other| same(other) && other.constant == Constant::None)
        };
        let mut rest = self.entries.split_off(at);
        rest.retain(|entry| !is_known(entry));
        self.entries.extend(fitted.iter().copied().chain(rest));
        self
    }

    /// The formulas in order.
    #[must_use]
    pub fn entries(&self) -> &[Candidate] {
        &self.entries
    }

    /// The place of a formula in the list.
    #[must_use]
    pub fn position(&self, formula: &Formula) -> Option<usize> {
        self.entries.iter().position(|entry| entry.formula == *formula)
    }
}

/// Terms, spans and reductions that formulas around a convention start from.
fn cores(convention: Formula) -> impl Iterator<Item = Formula> {
    let spans = |term| Span::ALL.into_iter().map(move |span| (term, span));
    let reduces =
        |(term, span)| Reduce::ALL.into_iter().map(move |reduce| Formula { term, span, reduce, ..Formula::SUM });
    Term::ALL.into_iter().flat_map(spans).flat_map(reduces).filter(move |formula| {
        // Other reductions than sums are gathered over the continuation only; products where they are right.
        let is_product = formula.reduce == Reduce::Product && convention.reduce == Reduce::Product;
        let is_replay = formula.span == Span::WithoutEnd && formula.reduce.half_precision().is_some();
        let is_total = matches!(formula.reduce, Reduce::Sum | Reduce::Mean);
        formula.span == Span::Continuation || is_total || is_product || is_replay
    })
}

/// Excludes formulas that no pipeline writes: a logarithm's base on values that are not logarithms, an
/// exponential of a probability.
fn is_plausible(formula: &Formula) -> bool {
    let logarithmic = !matches!(formula.term, Term::Prob | Term::Logit) && formula.reduce != Reduce::Product;
    let plain = matches!(formula.output, Output::Nats | Output::Negated | Output::Percent);
    let divided = formula.scale != Scale::None;
    let additive = matches!(formula.reduce, Reduce::Sum | Reduce::Running | Reduce::SumBf16 | Reduce::SumF16);
    let double_mean = formula.reduce.is_mean() && divided;
    // Sums in half precision are replayed for log-probs only.
    let replayed = formula.reduce.half_precision().is_none() || formula.term == Term::LogProb;
    // The same function as prod(prob), which says it better.
    let product = formula.output == Output::Exp
        && formula.term == Term::LogProb
        && formula.span == Span::Continuation
        && formula.reduce == Reduce::Sum
        && !divided;
    replayed && (logarithmic || plain) && !product && (additive || !divided) && !double_mean
}

/// Removes formulas that are the same function of the log as an earlier, simpler one, found by
/// evaluating all of them on fixed numbers.
fn drop_equivalent(entries: &mut Vec<Candidate>) {
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    entries.retain(|entry| {
        let probe = probe(&entry.formula);
        // Rounded to 40 bits of mantissa: two ways to the same function differ in the last bits.
        seen.insert((probe.to_bits() + 0x800) >> 12)
    });
}

/// A value that differs between formulas that are different functions. Each term and span
/// has its own made-up sequence, tied only where they are tied by definition: p = exp(ln p).
fn probe(formula: &Formula) -> f64 {
    let salt = |values: &[f64]| values.iter().sum::<f64>();
    let term = match formula.term {
        Term::LogProb | Term::Prob => 0.0,
        other => 0.013 * (1 + Term::ALL.iter().position(|known| *known == other).unwrap_or(0)) as f64,
    };
    let span = Span::ALL.iter().position(|known| *known == formula.span).unwrap_or(0);
    let mut steps = vec![-0.731 - term, -1.377 - term * 1.7, -0.203 - term * 0.3, -2.411 - term * 2.3];
    for step in &mut steps {
        *step -= 0.0071 * span as f64;
    }
    if formula.term == Term::Prob {
        for step in &mut steps {
            *step = numeric::exp(*step);
        }
    }
    let n = 4.0 + 0.37 * span as f64;
    let running: f64 = (1..=steps.len()).map(|k| salt(&steps[..k])).sum();
    let reduced = match formula.reduce {
        Reduce::Sum => salt(&steps),
        Reduce::Mean => salt(&steps) / n,
        Reduce::Product => steps.iter().product(),
        Reduce::Min => steps.iter().copied().fold(f64::INFINITY, f64::min),
        Reduce::Max => steps.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Reduce::First => steps[0] * 1.000_31,
        Reduce::Last => steps[3] * 1.000_57,
        Reduce::Running => running,
        Reduce::SumBf16 => salt(&steps) * 1.003,
        Reduce::MeanBf16 => salt(&steps) * 1.003 / n,
        Reduce::SumF16 => salt(&steps) * 1.000_7,
        Reduce::MeanF16 => salt(&steps) * 1.000_7 / n,
    };
    let scaled = reduced
        / match formula.scale {
            Scale::None => 1.0,
            Scale::TokensPlusOne => n + 1.0,
            Scale::TokensMinusOne => n - 1.0,
            Scale::Chars => 17.3,
            Scale::Bytes => 19.1,
            Scale::Words => 2.9,
            Scale::Power(alpha) => numeric::pow(n, f64::from(alpha) / 100.0),
            Scale::Gnmt(alpha) => numeric::pow((5.0 + n) / 6.0, f64::from(alpha) / 100.0),
            Scale::Padded => 7.7,
            Scale::PromptAndContinuation => 23.9,
            Scale::Squared => n * n,
        };
    match formula.output {
        Output::Nats => scaled,
        Output::Bits => scaled / numeric::LN_2,
        Output::Log10 => scaled / numeric::LN_10,
        Output::Negated => -scaled,
        Output::NegatedBits => -scaled / numeric::LN_2,
        Output::NegatedLog10 => -scaled / numeric::LN_10,
        Output::Exp => numeric::exp(scaled),
        Output::ExpNegated => numeric::exp(-scaled),
        Output::Exp2 => numeric::exp(scaled * numeric::LN_2),
        Output::Exp2Negated => numeric::exp(-scaled * numeric::LN_2),
        Output::Exp10Negated => numeric::exp(-scaled * numeric::LN_10),
        Output::Percent => 100.0 * scaled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_convention_comes_first() {
        for convention in [Formula::SUM, Formula::MEAN, Formula::PERPLEXITY, Formula::LOSS, Formula::BITS_PER_BYTE] {
            assert_eq!(Grammar::around(convention).entries()[0].formula, convention);
        }
    }

    #[test]
    fn simple_deviations_are_reached() {
        let grammar = Grammar::around(Formula::SUM);
        for signature in [
            "sum(logprob)/n",
            "sum(logprob)/(n+1)",
            "sum(prob)",
            "sum(prob)/n",
            "prod(prob)",
            "sum(logit)",
            "bits(sum(logprob))",
            "-sum(logprob)",
            "exp(-sum(logprob)/n)",
            "sum(logprob)[drop first 1]",
            "sum(top1_logprob)",
            "running(logprob)",
            "sum(logprob)/n^2",
            "-sum(logprob)/n",
            "bits(sum(logprob)/n)",
        ] {
            let formula: Formula = signature.parse().unwrap();
            assert!(grammar.position(&formula).is_some(), "{signature}");
        }
    }

    #[test]
    fn equal_functions_stand_once() {
        let grammar = Grammar::around(Formula::SUM);
        let product = grammar.position(&Formula::PRODUCT);
        let exponential = grammar.position(&Formula { output: Output::Exp, ..Formula::SUM });
        assert!(product.is_some() != exponential.is_some());
    }
}
