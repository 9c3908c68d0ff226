//! What a rule sees at each level.

use std::sync::Arc;

use crate::formula::{Deviations, SequenceFacts, StepResolutions};
use crate::metric::{JudgedMetric, JudgedRow};
use crate::model::{
    Alternative, Candidate, CandidateClaim, CandidateSummary, ClaimKind, ColumnKey, Item, ItemSummary, Located, Place,
    Reported, RunClaim, Slice, Step,
};
use crate::numeric::{Approx, Resolution};
use crate::rules::Message;
use crate::tally::StreamTally;

/// One step in its candidate.
pub struct StepView<'v> {
    /// The step.
    pub step: &'v Step<'v>,
    /// Its alternatives, in logged order.
    pub top: &'v [Alternative<'v>],
    /// Σ exp of the alternatives' log-probs; 0 without any.
    pub mass: f64,
    /// The candidate.
    pub candidate: &'v Candidate<'v>,
    /// Resolutions of the step-level columns.
    pub resolutions: &'v StepResolutions,
}

/// One candidate with its tokens.
pub struct CandidateView<'v> {
    /// The candidate.
    pub candidate: &'v Candidate<'v>,
    /// The item that it belongs to.
    pub item: &'v Item<'v>,
    /// Sum and mean of its log-probs.
    pub facts: &'v SequenceFacts,
    /// Resolutions of the step-level columns.
    pub resolutions: &'v StepResolutions,
    /// The claim columns, by index.
    pub columns: &'v [ClaimColumn],
}

/// What a rule may know of a column of claims.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: ClaimKind,
    /// Its resolution.
    pub resolution: Resolution,
}

impl CandidateView<'_> {
    /// The claims of a kind with their columns.
    pub fn claims(&self, kind: ClaimKind) -> impl Iterator<Item = (&CandidateClaim, &ClaimColumn)> {
        self.candidate.claims.iter().filter_map(move |claim| {
            let column = self.columns.get(usize::from(claim.of.0))?;
            (column.kind == kind).then_some((claim, column))
        })
    }

    /// Scores without token values that could confirm them, in columns whose name says that they are log-probs.
    pub fn bare_log_likelihoods(&self) -> impl Iterator<Item = (&CandidateClaim, &ClaimColumn)> {
        let bare = self.candidate.steps.is_empty();
        self.claims(ClaimKind::Score)
            .filter(move |(_, column)| bare && (column.name.contains("log") || &*column.name == "ll"))
    }

    /// The steps, each with its log-prob as logged if that is a finite number.
    pub fn logged_log_probs(&self) -> impl Iterator<Item = (&Step<'_>, Option<Approx>)> {
        let known = self.facts.log_probs.iter().copied().chain(std::iter::repeat(None));
        // What is logged takes precedence over what is derived from a probability or a vector.
        self.candidate
            .steps
            .iter()
            .zip(known)
            .map(|(step, known)| (step, known.filter(|_| step.logprob.finite().is_some())))
    }

    /// The scored steps.
    pub fn scored(&self) -> impl Iterator<Item = &Step<'_>> {
        self.candidate.steps.iter().filter(|step| step.segment.is_scored())
    }
}

/// One item, its candidates without their tokens.
pub struct ItemView<'v> {
    /// The item.
    pub item: &'v ItemSummary,
    /// The score column that picks follow from, if there is one.
    pub primary: Option<&'v ColumnKey>,
    /// Metrics of the item, where its record is still at hand.
    pub metrics: &'v [JudgedRow<'v>],
}

impl StepView<'_> {
    /// Whether an alternative is the step's own token: by id where both have one, else by text.
    #[must_use]
    pub fn is_own(&self, entry: &Alternative<'_>) -> bool {
        self.step.is_token(entry)
    }

    /// The step's own entry among its alternatives.
    #[must_use]
    pub fn own(&self) -> Option<&Alternative<'_>> {
        self.top.iter().find(|entry| self.is_own(entry))
    }

    /// The most likely alternative.
    #[must_use]
    pub fn best(&self) -> Option<&Alternative<'_>> {
        self.top
            .iter()
            .filter(|entry| entry.logprob.is_finite())
            .max_by(|a, b| a.logprob.value.total_cmp(&b.logprob.value))
    }

    /// Whether the alternatives say which of them is the step's token.
    #[must_use]
    pub fn can_match(&self) -> bool {
        !self.top.is_empty() && self.step.can_match(self.top)
    }

    /// The largest half-width of an alternative's log-prob.
    #[must_use]
    pub fn widest_alternative(&self) -> f64 {
        let halves = self.top.iter().map(|entry| Approx::of_column(&entry.logprob, &self.resolutions.top).half);
        halves.fold(0.0, f64::max)
    }

    /// Σ exp of the alternatives' log-probs, with what their digits leave open.
    #[must_use]
    pub fn mass_within_digits(&self) -> Approx {
        Approx::mass(self.mass, self.widest_alternative())
    }

    /// The step's entry of a whole vector.
    #[must_use]
    pub fn entry(&self, vector: Slice) -> Option<f64> {
        let own = usize::try_from(self.step.token_id?).ok()?;
        self.candidate.vector(vector).get(own).copied()
    }
}

impl ItemView<'_> {
    /// A candidate's claim in the primary column.
    fn primary_claim(&self, position: usize) -> Option<&Reported> {
        self.item.candidates.get(position)?.claim(self.primary?)
    }

    /// The reported primary score of a candidate: None when not logged or null.
    #[must_use]
    pub fn score(&self, position: usize) -> Option<f64> {
        self.primary_claim(position)?.number.map(|number| number.value)
    }

    /// The primary score of a candidate, with the sign that makes the larger one the better one.
    #[must_use]
    pub fn merit(&self, position: usize) -> Option<f64> {
        self.primary_claim(position)?.merit().map(|merit| merit.value)
    }
}

/// What a score is divided by before candidates are compared.
const DIVISORS: [fn(&CandidateSummary) -> Option<f64>; 6] = [
    |_| Some(1.0),
    |candidate| (candidate.tokens > 0).then(|| f64::from(candidate.tokens)),
    |candidate| candidate.chars.filter(|chars| *chars > 0).map(f64::from),
    |candidate| candidate.bytes.filter(|bytes| *bytes > 0).map(f64::from),
    |candidate| {
        candidate.chars.and_then(|chars| chars.checked_sub(candidate.delimiter)).filter(|n| *n > 0).map(f64::from)
    },
    |candidate| candidate.words.filter(|words| *words > 0).map(f64::from),
];

impl ItemView<'_> {
    /// Whether a candidate is the best one by some reported column, as reported or divided by some length. None when
    /// scores are missing or not numbers. A column whose name promises nothing is no score; whether it gives all picks is
    /// seen once all of them are known.
    #[must_use]
    pub fn follows(&self, pick: usize) -> Option<bool> {
        let mut judged = false;
        let same = |at: &usize| self.item.is_same_answer(pick, *at);
        for at in (0..self.item.candidates.len()).filter(same) {
            let claims = &self.item.candidates.get(at)?.claims;
            for claim in claims.iter().filter(|claim| claim.promises) {
                for divisor in DIVISORS {
                    match self.is_best(at, &claim.column, divisor) {
                        Some(true) => return Some(true),
                        Some(false) => judged = true,
                        None => {}
                    }
                }
            }
        }
        judged.then_some(false)
    }

    /// The column of refuted claims that a pick follows from, where it follows from no other.
    #[must_use]
    pub fn refuted_source(&self, pick: usize) -> Option<&ColumnKey> {
        let candidates = &self.item.candidates;
        let mut refuted = None;
        for at in (0..candidates.len()).filter(|at| self.item.is_same_answer(pick, *at)) {
            for claim in &candidates.get(at)?.claims {
                if !DIVISORS.iter().any(|divisor| self.is_best(at, &claim.column, *divisor) == Some(true)) {
                    continue;
                }
                let of_column =
                    |candidate: &CandidateSummary| candidate.claim(&claim.column).is_some_and(|own| own.refuted);
                if !candidates.iter().any(of_column) {
                    return None;
                }
                refuted = refuted.or(Some(&claim.column));
            }
        }
        refuted
    }

    /// Whether a candidate is certainly the best one by the recomputed totals, whole or divided by some length, or
    /// certainly not the best one by the whole totals. None where the digits or the log do not decide.
    #[must_use]
    pub fn follows_totals(&self, pick: usize) -> Option<bool> {
        let total = |candidate: &CandidateSummary| candidate.total;
        let others = || self.item.candidates.iter().enumerate().filter(|(at, _)| *at != pick);
        let own = self.item.candidates.get(pick)?;
        let beats_all = |divisor: fn(&CandidateSummary) -> Option<f64>| {
            let merit = |candidate: &CandidateSummary| Some(total(candidate)?.over(divisor(candidate)?));
            let own = merit(own)?;
            others().map(|(_, other)| Some(merit(other)?.is_below(own))).try_fold(true, |all, one| Some(all && one?))
        };
        if DIVISORS.iter().any(|divisor| beats_all(*divisor) == Some(true)) {
            return Some(true);
        }
        let own = total(own)?;
        others().any(|(_, other)| total(other).is_some_and(|other| own.is_below(other))).then_some(false)
    }

    /// Whether a candidate is the best one by the raw primary score.
    #[must_use]
    pub fn is_raw_best(&self, pick: usize) -> Option<bool> {
        self.is_best(pick, self.primary?, |_| Some(1.0))
    }

    /// Whether a candidate is the best one by a reported column other than the primary one, as reported.
    #[must_use]
    pub fn is_best_elsewhere(&self, pick: usize) -> bool {
        let claims = self.item.candidates.get(pick).into_iter().flat_map(|candidate| &candidate.claims);
        claims
            .filter(|claim| Some(&claim.column) != self.primary)
            .any(|claim| self.is_best(pick, &claim.column, |_| Some(1.0)) == Some(true))
    }

    /// The best candidate by the primary score, numbers only; the first of equals.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let score = |at: usize| self.merit(at).filter(|score| !score.is_nan());
        (0..self.item.candidates.len())
            .filter_map(|at| Some((at, score(at)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(at, _)| at)
    }

    /// The candidate's name in messages.
    #[must_use]
    pub fn name(&self, position: usize) -> String {
        match self.item.candidates.get(position).and_then(|candidate| candidate.id.as_deref()) {
            Some(id) => format!("`{id}`"),
            None => format!("candidate {position}"),
        }
    }

    /// The candidate whose NaN decides the pick: the picked one. Also the first NaN where position 0 was picked although
    /// another candidate has the best number (a failed argmax), and where the log has metrics and no pick, because
    /// numpy's argmax returns it.
    #[must_use]
    pub fn deciding_nan(&self) -> Option<usize> {
        let is_nan = |at: usize| self.score(at).is_some_and(f64::is_nan);
        let first = (0..self.item.candidates.len()).find(|at| is_nan(*at))?;
        match self.item.picked() {
            Some(pick) if is_nan(pick) => Some(pick),
            Some(0) if self.best() != Some(0) => Some(first),
            Some(_) => None,
            None => (!self.item.has_pick() && !self.metrics.is_empty()).then_some(first),
        }
    }

    /// The best other total than the pick's own: position, own total, other total.
    #[must_use]
    pub fn better_total(&self, pick: usize) -> Option<(usize, f64, f64)> {
        let total = |at: usize| self.item.candidates.get(at)?.total;
        let own = total(pick)?;
        (0..self.item.candidates.len())
            .filter(|at| *at != pick)
            .filter_map(|at| Some((at, total(at)?)))
            .filter(|(at, other)| own.is_below(*other) || self.is_printed_better(*at, pick, *other, own))
            .max_by(|a, b| a.1.value.total_cmp(&b.1.value).then(b.0.cmp(&a.0)))
            .map(|(at, other)| (at, own.value, other.value))
    }

    /// Whether one candidate is better than another both by its printed tokens and by its printed score.
    fn is_printed_better(&self, one: usize, other: usize, total: Approx, than: Approx) -> bool {
        let merit = |at: usize| self.merit(at).map(|merit| Approx::exact(merit).as_printed());
        let scored = merit(one).zip(merit(other)).is_some_and(|(one, other)| other.is_below(one));
        scored && than.as_printed().is_below(total.as_printed())
    }

    /// Whether a candidate is the token-by-token greedy path: top-1 at each step by the alternatives, or, where these
    /// do not say, at least as likely as each other candidate at the token where they part.
    #[must_use]
    pub fn is_greedy_path(&self, pick: usize) -> bool {
        match self.item.candidates.get(pick).and_then(|candidate| candidate.all_top1) {
            Some(all_top1) => all_top1,
            None => (0..self.item.candidates.len())
                .filter(|at| *at != pick)
                .all(|at| self.parting(pick, at).is_some_and(|(_, own, other)| own >= other)),
        }
    }

    /// The step at which two candidates part, with the log-prob of each there.
    #[must_use]
    pub fn parting(&self, a: usize, b: usize) -> Option<(usize, f64, f64)> {
        let (a, b) = (self.item.candidates.get(a)?, self.item.candidates.get(b)?);
        let at = a.opening.iter().zip(&b.opening).position(|(one, other)| one.0 != other.0)?;
        let (own, other) = (a.opening.get(at)?.1, b.opening.get(at)?.1);
        (!own.is_nan() && !other.is_nan()).then_some((at, own, other))
    }

    fn is_best(&self, pick: usize, column: &ColumnKey, divisor: fn(&CandidateSummary) -> Option<f64>) -> Option<bool> {
        let merit =
            |candidate: &CandidateSummary| candidate.claim(column)?.merit().filter(|merit| !merit.value.is_nan());
        self.is_largest(pick, merit, divisor)
    }

    /// Whether no other candidate is certain to have more of something than the picked one. Rounding keeps the order of
    /// numbers that are compared as they are printed, and so does one divisor for all.
    fn is_largest(
        &self,
        pick: usize,
        merit: impl Fn(&CandidateSummary) -> Option<Approx>,
        divisor: fn(&CandidateSummary) -> Option<f64>,
    ) -> Option<bool> {
        let mut values: Vec<Approx> = Vec::with_capacity(self.item.candidates.len());
        let mut divisors: Vec<f64> = Vec::with_capacity(self.item.candidates.len());
        for candidate in &self.item.candidates {
            divisors.push(divisor(candidate)?);
            values.push(merit(candidate)?);
        }
        if divisors.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq()) {
            for value in &mut values {
                *value = value.as_printed();
            }
        } else {
            values.iter_mut().zip(&divisors).for_each(|(value, divisor)| *value = value.over(*divisor));
        }
        let own = *values.get(pick)?;
        Some(values.iter().all(|other| !own.is_below(*other)))
    }
}

/// A whole run of one task under one filter.
pub struct RunView<'v> {
    /// What its rows gave.
    pub stream: &'v StreamTally,
    /// The numbers that the pipeline reported of it.
    pub metrics: &'v [&'v RunClaim],
    /// The same, judged.
    pub judged: &'v [JudgedMetric<'v>],
}

impl RunView<'_> {
    /// Where its first row begins: the place of what its columns say together.
    #[must_use]
    pub fn first_row(&self) -> Located {
        let first = self.stream.rows.first().unwrap_or_default();
        let place = Place { file: first.0, line: first.1.max(1), column: 1, ..Place::default() };
        Located { place, ..Located::default() }
    }
}

/// A deviation of a column from its convention that explains its rows.
pub struct Cause<'v> {
    /// The column's name.
    pub column: &'v str,
    /// What differs.
    pub deviations: &'v Deviations,
    /// The formula found, in words.
    pub found: &'v str,
    /// The convention, in words.
    pub convention: &'v str,
}

impl Cause<'_> {
    /// The sentence that says which formula was used instead of which, with a fix.
    #[must_use]
    pub fn message(&self, remedy: &str) -> Message {
        let (column, found) = (self.column, &self.deviations.found);
        Message::new(format!("`{column}` is {}, not {}", self.found, self.convention)).help(format!(
            "{remedy}; if it is intended, declare it: {column} = \"{found}\" under [conventions] in retally.toml"
        ))
    }
}
