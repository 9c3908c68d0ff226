//! Gathers the facts of a candidate in one walk over its steps.

use crate::formula::facts::{REDUCES, SLOTS, slot};
use crate::formula::term::{log_prob, step_value};
use crate::formula::{Base, Formula, Reduce, SequenceFacts, Span, StepResolutions, Term};
use crate::model::{Candidate, Logged, LoggedTotal, Segment, Step};
use crate::numeric::{self, Approx};

/// What the formulas of an input start from beyond sum and mean of the log-probs over the continuation, with and without
/// its end token. Found once per input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Spans and reductions by term, so that a term's values are found once.
    extra: Vec<(Term, Vec<(Span, Reduce)>)>,
}

impl Needs {
    /// What some formulas need.
    #[must_use]
    pub fn of<'f>(formulas: impl IntoIterator<Item = &'f Formula>) -> Self {
        let mut needs = Self::default();
        for formula in formulas {
            needs.add(formula.term, formula.span, formula.reduce);
        }
        needs
    }

    /// The same and what the search over all formulas needs: every reduction over the continuation, sum and mean over the
    /// other spans.
    #[must_use]
    pub fn and_search(mut self) -> Self {
        for term in Term::ALL {
            for span in Span::ALL {
                for reduce in Reduce::ALL {
                    let is_product = (term, reduce) == (Term::Prob, Reduce::Product);
                    let is_replay = reduce.half_precision().is_some();
                    let is_total = matches!(reduce, Reduce::Sum | Reduce::Mean);
                    if span == Span::Continuation || is_total || is_product || is_replay {
                        self.add(term, span, reduce);
                    }
                }
            }
        }
        self
    }

    fn add(&mut self, term: Term, span: Span, reduce: Reduce) {
        let is_total = term == Term::LogProb
            && matches!(span, Span::Continuation | Span::WithoutEnd)
            && matches!(reduce, Reduce::Sum | Reduce::Mean);
        if is_total || slot(term, span, reduce).is_none() {
            return;
        }
        match self.extra.iter_mut().find(|(known, _)| *known == term) {
            Some((_, wanted)) if wanted.contains(&(span, reduce)) => {}
            Some((_, wanted)) => wanted.push((span, reduce)),
            None => self.extra.push((term, vec![(span, reduce)])),
        }
    }
}

/// Gathers [`SequenceFacts`], reusing its buffers from candidate to candidate.
#[derive(Clone, Debug, Default)]
pub struct FactsBuilder {
    facts: SequenceFacts,
    values: Vec<Option<Approx>>,
    window: Vec<Approx>,
}

impl FactsBuilder {
    /// The facts of a candidate.
    pub fn gather(
        &mut self,
        candidate: &Candidate<'_>,
        resolutions: &StepResolutions,
        needs: &Needs,
    ) -> &SequenceFacts {
        // The totals are the first term over the first two spans: the front of the table.
        let slots = if needs.extra.is_empty() { 2 * REDUCES } else { SLOTS };
        self.facts.bases.clear();
        self.facts.bases.resize(slots, None);
        self.facts.walk(candidate, resolutions);
        self.facts.count_text(candidate);
        if self.facts.unknown > 0 || self.facts.scored.is_empty() {
            return &self.facts;
        }
        self.facts.add_totals(candidate);
        let has_logits = candidate.steps.iter().any(|step| !step.logit_vector.is_empty());
        for (term, wanted) in &needs.extra {
            if matches!(term, Term::LinearLogit | Term::DoubleSoftmax | Term::Tempered(_)) && !has_logits {
                continue;
            }
            self.values.clear();
            if *term == Term::LogProb {
                self.values.extend_from_slice(&self.facts.log_probs);
            } else {
                let values = candidate.steps.iter().map(|step| step_value(candidate, step, resolutions, *term));
                self.values.extend(values);
            }
            // Without a value no span is complete, except an empty one.
            let may_be_empty = |span: &Span| matches!(span, Span::DropFirst(k) | Span::DropLast(k) if usize::from(*k) >= self.facts.scored.len());
            if self.values.iter().all(Option::is_none) && !wanted.iter().any(|(span, _)| may_be_empty(span)) {
                continue;
            }
            let mut collected = None;
            for (span, reduce) in wanted {
                let complete = match collected {
                    Some((known, complete)) if known == *span => complete,
                    _ => self.collect(candidate, *span),
                };
                collected = Some((*span, complete));
                if complete && let Some(base) = reduce_window(&self.window, *reduce) {
                    self.facts.set(*term, *span, *reduce, base);
                }
            }
        }
        &self.facts
    }

    /// Collects the values of a span into the window; false when the log lacks one of them.
    fn collect(&mut self, candidate: &Candidate<'_>, span: Span) -> bool {
        self.window.clear();
        let scored = &self.facts.scored;
        let (Some(&first), Some(&last)) = (scored.first(), scored.last()) else { return false };
        let (first, last) = (first as usize, last as usize);
        let n = scored.len();
        let contiguous = last - first + 1 == n;
        let values = &self.values;
        let mut push = |at: usize| match values.get(at).copied().flatten() {
            Some(value) => {
                self.window.push(value);
                true
            }
            None => false,
        };
        match span {
            Span::Continuation => scored.iter().all(|at| push(*at as usize)),
            // Without an end token, or without padding, such a span is the continuation itself.
            Span::WithoutEnd => {
                let ends = usize::from(ends(candidate, scored) && n > 1);
                scored[..n - ends].iter().all(|at| push(*at as usize))
            }
            // Of fewer steps than are dropped, slices of lists and tensors leave none.
            Span::DropFirst(k) => scored[n.min(usize::from(k))..].iter().all(|at| push(*at as usize)),
            Span::DropLast(k) => scored[..n.saturating_sub(usize::from(k))].iter().all(|at| push(*at as usize)),
            Span::WithPrompt(k) => {
                let k = usize::from(k);
                contiguous && first >= k && (first - k..=last).all(push)
            }
            Span::WholeText => {
                // The very first token of a text has no context and so no log-prob.
                let from = usize::from(values.first().is_some_and(Option::is_none));
                contiguous && first > from && (from..=last).all(push)
            }
            Span::ShiftLater => contiguous && last + 1 < values.len() && (first + 1..=last + 1).all(push),
            Span::ShiftEarlier => contiguous && first > 0 && (first - 1..last).all(push),
            Span::WithPadding => {
                let end =
                    candidate.steps[last + 1..].iter().take_while(|step| step.segment == Segment::Padding).count();
                contiguous && (first..=last + end).all(push)
            }
        }
    }
}

/// Whether the last of the scored steps is the end token.
fn ends(candidate: &Candidate<'_>, scored: &[u32]) -> bool {
    let last = scored.last().and_then(|at| candidate.steps.get(*at as usize));
    last.is_some_and(|step| step.segment == Segment::End)
}

/// Whether a step says that it has no value. Tables and Python write NaN where JSON writers have null.
fn has_no_value(step: &Step<'_>) -> bool {
    match step.logprob {
        Logged::Null => true,
        Logged::Number(number) => number.value.is_nan(),
        Logged::Missing | Logged::Several | Logged::Sentinel(_) => false,
    }
}

impl SequenceFacts {
    /// Becomes what follows from a total whose tokens are not logged: its sum, and its mean where the tokens are counted.
    pub fn fill_from_total(&mut self, candidate: &Candidate<'_>, logged: &LoggedTotal, total: Approx) {
        self.bases.clear();
        self.bases.resize(2 * REDUCES, None);
        self.count_text(candidate);
        self.chars = self.chars.or(logged.chars);
        self.bytes = self.bytes.or(logged.bytes);
        (self.n, self.is_stated) = (logged.tokens.unwrap_or(0), false);
        self.has_end = false;
        self.starts_with_zero = false;
        // A single number: nothing is summed, so no running sum is rounded.
        let base = Base { reduced: total, sizes: 0.0, n: self.n };
        for span in [Span::Continuation, Span::WithoutEnd] {
            self.set(Term::LogProb, span, Reduce::Sum, base);
            if self.n > 0 {
                let mean = Base { reduced: total.over(f64::from(self.n)), ..base };
                self.set(Term::LogProb, span, Reduce::Mean, mean);
            }
        }
    }

    /// Becomes what follows from totals by the names of their fields: each from the other where the tokens are counted.
    pub fn fill_from_stated(
        &mut self,
        candidate: &Candidate<'_>,
        total: Option<Approx>,
        mean: Option<Approx>,
        tokens: Option<u32>,
    ) {
        self.bases.clear();
        self.bases.resize(2 * REDUCES, None);
        self.count_text(candidate);
        (self.n, self.is_stated) = (tokens.unwrap_or(0), true);
        (self.has_end, self.starts_with_zero) = (false, false);
        let count = tokens.filter(|count| *count > 0).map(f64::from);
        let by_count = |value: Option<Approx>, by: fn(Approx, f64) -> Approx| Some(by(value?, count?));
        let sum = total.or_else(|| by_count(mean, Approx::scaled));
        // Of a total that is counted, else as it is stated: then of an unknown number of tokens.
        let counted = by_count(total, Approx::over);
        for span in [Span::Continuation, Span::WithoutEnd] {
            if let Some(reduced) = sum {
                self.set(Term::LogProb, span, Reduce::Sum, Base { reduced, sizes: 0.0, n: self.n });
            }
            if let Some(reduced) = counted.or(mean) {
                let n = if counted.is_some() { self.n } else { 0 };
                self.set(Term::LogProb, span, Reduce::Mean, Base { reduced, sizes: 0.0, n });
            }
        }
    }

    /// Finds ln p of every step, and the scored ones. A first step without a value (the first token has no context) is
    /// not scored; any other makes the totals unknown.
    fn walk(&mut self, candidate: &Candidate<'_>, resolutions: &StepResolutions) {
        self.scored.clear();
        self.log_probs.clear();
        (self.n, self.prompt, self.padding, self.unknown) = (0, 0, 0, 0);
        self.is_stated = false;
        for (at, step) in candidate.steps.iter().enumerate() {
            let value = log_prob(candidate, step, resolutions);
            self.log_probs.push(value);
            match step.segment {
                Segment::Prompt => self.prompt += 1,
                Segment::Padding => self.padding += 1,
                Segment::Continuation | Segment::End => {
                    if at == 0 && has_no_value(step) {
                        continue;
                    }
                    self.unknown += u32::from(value.is_none());
                    self.n += 1;
                    self.scored.push(u32::try_from(at).unwrap_or(u32::MAX));
                }
            }
        }
        self.has_end = ends(candidate, &self.scored);
        let is_zero = |value: Approx| value.value == 0.0;
        self.starts_with_zero = {
            let mut values = self.scored_log_probs();
            values.next().is_some_and(is_zero) && values.any(|value| !is_zero(value))
        };
    }

    /// Sum and mean of the log-probs over the continuation, with and without its end token.
    fn add_totals(&mut self, candidate: &Candidate<'_>) {
        let mut sum = Sum::default();
        let mut before = sum;
        for value in self.scored_log_probs() {
            before = sum;
            sum.add(value);
        }
        // Without an end token such a span is the continuation itself.
        let without_end = if ends(candidate, &self.scored) && before.n > 0 { before } else { sum };
        for (span, sum) in [(Span::Continuation, sum), (Span::WithoutEnd, without_end)] {
            self.set(Term::LogProb, span, Reduce::Sum, sum.base());
            if let Some(mean) = sum.mean() {
                self.set(Term::LogProb, span, Reduce::Mean, mean);
            }
        }
    }

    fn set(&mut self, term: Term, span: Span, reduce: Reduce, base: Base) {
        if let Some(kept) = slot(term, span, reduce).and_then(|slot| self.bases.get_mut(slot)) {
            *kept = Some(base);
        }
    }

    fn count_text(&mut self, candidate: &Candidate<'_>) {
        let text = candidate.continuation.as_ref().map(crate::model::Text::decoded);
        let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        self.chars = text.as_ref().map(|text| count(text.chars().count()));
        self.bytes = text.as_ref().map(|text| count(text.len()));
        self.words = text.as_ref().map(|text| count(text.split_whitespace().count()));
    }
}

/// A running sum of steps' values.
#[derive(Clone, Copy, Default)]
struct Sum {
    value: f64,
    half: f64,
    sizes: f64,
    n: u32,
}

impl Sum {
    fn add(&mut self, term: Approx) {
        self.value += term.value;
        self.half += term.half;
        self.sizes += term.value.abs();
        self.n += 1;
    }

    /// The sum; of no steps it is 0.
    fn base(self) -> Base {
        Base { reduced: Approx::new(self.value, self.half), sizes: self.sizes, n: self.n }
    }

    /// The mean; of no steps it is not defined.
    fn mean(self) -> Option<Base> {
        let (count, sum) = (f64::from(self.n), self.base());
        (self.n > 0).then(|| Base { reduced: sum.reduced.over(count), sizes: self.sizes / count, n: self.n })
    }
}

fn reduce_window(window: &[Approx], reduce: Reduce) -> Option<Base> {
    let n = u32::try_from(window.len()).ok()?;
    let single = |value: &Approx| Base { reduced: *value, sizes: value.value.abs(), n };
    let sum = || {
        let mut sum = Sum::default();
        for value in window {
            sum.add(*value);
        }
        sum
    };
    match reduce {
        Reduce::Sum => Some(sum().base()),
        // Of no steps at all the sum is 0, and so is a mean that guards its divisor; one that does not is no number.
        Reduce::Mean if n == 0 => Some(sum().base()),
        _ if n == 0 => None,
        Reduce::Mean => sum().mean(),
        Reduce::Product => {
            let product = window.iter().fold(Approx::exact(1.0), |product, factor| product * *factor);
            // A pipeline may have added logarithms and taken the exponential at the end: an absolute rounding of their sum is
            // a relative one of the product.
            let size = product.value.abs();
            let logs = if size > 0.0 { numeric::ln(size).abs().max(1.0) } else { 1.0 };
            Some(Base { reduced: product, sizes: size * logs, n })
        }
        Reduce::Min => window.iter().min_by(|a, b| a.value.total_cmp(&b.value)).map(single),
        Reduce::Max => window.iter().max_by(|a, b| a.value.total_cmp(&b.value)).map(single),
        Reduce::First => window.first().map(single),
        Reduce::Last => window.last().map(single),
        Reduce::SumBf16 | Reduce::MeanBf16 | Reduce::SumF16 | Reduce::MeanF16 => {
            let format = reduce.half_precision()?;
            // Rounding keeps the order: the sums of both ends of the terms are the ends of the sum.
            let replay = |side: f64| {
                let end = |value: &Approx| format.round(value.value + side * value.half);
                window.iter().fold(0.0, |sum, value| format.round(sum + end(value)))
            };
            let (low, high) = (replay(-1.0), replay(1.0));
            let sum = Approx::new(f64::midpoint(low, high), (high - low) / 2.0);
            // Every rounding of the sum is replayed: only the terms' digits are left open.
            Some(Base { reduced: if reduce.is_mean() { sum.over(f64::from(n)) } else { sum }, sizes: 0.0, n })
        }
        Reduce::Running => {
            let (mut running, mut total) = (0.0, 0.0);
            let (mut half, mut sizes) = (0.0, 0.0);
            for (at, value) in window.iter().enumerate() {
                running += value.value;
                total += running;
                let times = (window.len() - at) as f64;
                half += value.half * times;
                sizes += value.value.abs() * times;
            }
            // Both sums round.
            Some(Base { reduced: Approx::new(total, half), sizes: 2.0 * sizes, n })
        }
    }
}
