//! One item step by step: where candidates part, where the greedy path loses, how each reported number arises.

use serde::Serialize;

use crate::audit::{ColumnPlan, FilePlan};
use crate::derive::judge;
use crate::formula::{FactsBuilder, Formula, Grammar, SequenceFacts, describe};
use crate::model::{Candidate, Item, Logged, Step};
use crate::numeric::{Approx, exp};

/// Formulas that are named for a number which does not follow its convention.
const NAMED: usize = 3;

/// One step of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedStep {
    /// The token's text or id.
    pub token: String,
    /// Its log-prob, in nats.
    pub logprob: f64,
    /// Its probability.
    pub prob: f64,
    /// Running total, in nats.
    pub total: f64,
    /// Whether it is the most likely token of its step, where the log says.
    pub top1: Option<bool>,
}

/// One reported number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedClaim {
    /// The column.
    pub column: String,
    /// The number as reported.
    pub reported: f64,
    /// The formula that it is checked against.
    pub convention: String,
    /// The convention's arithmetic, written out.
    pub arithmetic: String,
    /// The convention's value; None when it cannot be derived.
    pub recomputed: Option<f64>,
    /// Hard bound of the difference.
    pub bound: f64,
    /// Whether the two agree within it.
    pub agrees: bool,
    /// Formulas that do give the reported number, simplest first, with their meaning.
    pub fits: Vec<String>,
}

/// One candidate step by step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedCandidate {
    /// Its id or position.
    pub candidate: String,
    /// Whether the pipeline picked it.
    pub picked: bool,
    /// Its scored steps.
    pub steps: Vec<TracedStep>,
    /// Σ of their log-probs; None when some step has none.
    pub total: Option<f64>,
    /// Reported numbers.
    pub claims: Vec<TracedClaim>,
}

/// One item step by step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trace {
    /// The item's id.
    pub item: String,
    /// Its candidates.
    pub candidates: Vec<TracedCandidate>,
    /// What is to be seen, in sentences.
    pub notes: Vec<String>,
}

impl Trace {
    /// Adds an item or a part of one.
    pub fn add(&mut self, item: &Item<'_>, plan: &FilePlan, builder: &mut FactsBuilder) {
        self.item = item.id.to_string();
        let needs = plan.needs().and_search();
        for candidate in &item.candidates {
            let position = self.candidates.len();
            let name = match (&candidate.id, candidate.index) {
                (Some(id), _) => id.to_string(),
                (None, Some(index)) => index.to_string(),
                (None, None) => position.to_string(),
            };
            let picked = match &item.pick {
                crate::model::PickRef::Index(index, _) => usize::try_from(*index) == Ok(position),
                crate::model::PickRef::Id(id, _) => id.decoded() == name,
                crate::model::PickRef::Missing => candidate.picked.is_some_and(|(picked, _)| picked),
            };
            let facts = builder.gather(candidate, &plan.steps, &needs);
            let steps = steps(candidate, facts);
            let claims = claims(candidate, plan, facts, &steps);
            let complete = candidate.steps.iter().filter(|step| step.segment.is_scored()).count() == steps.len();
            let total = steps.last().map(|step| step.total).filter(|_| complete);
            self.candidates.push(TracedCandidate { candidate: name, picked, steps, total, claims });
        }
    }

    /// Writes what is to be seen.
    pub fn conclude(&mut self) {
        let mut notes = Vec::new();
        let best = self.best();
        for (position, candidate) in self.candidates.iter().enumerate() {
            if let Some(best) = best.filter(|best| *best != position && self.is_greedy(position)) {
                notes.extend(self.greedy_loses(position, best));
            } else if best == Some(position) && self.candidates.len() > 1 {
                notes.push(format!(
                    "`{}` has the highest total, {:.6}",
                    candidate.candidate,
                    candidate.total.unwrap_or(f64::NAN)
                ));
            }
        }
        self.notes = notes;
    }

    /// The candidate with the highest total, if all have one.
    fn best(&self) -> Option<usize> {
        let totals: Option<Vec<f64>> = self.candidates.iter().map(|candidate| candidate.total).collect();
        let totals = totals.filter(|totals| totals.len() > 1)?;
        (0..totals.len()).max_by(|a, b| totals[*a].total_cmp(&totals[*b]).then(b.cmp(a)))
    }

    /// Whether a candidate is the token-by-token greedy path: by the alternatives, else against each other candidate
    /// at the token where they part.
    fn is_greedy(&self, position: usize) -> bool {
        let Some(own) = self.candidates.get(position) else { return false };
        if own.steps.iter().all(|step| step.top1.is_some()) {
            return !own.steps.is_empty() && own.steps.iter().all(|step| step.top1 == Some(true));
        }
        (0..self.candidates.len())
            .filter(|other| *other != position)
            .all(|other| self.parting(position, other).is_some_and(|(_, own, other)| own.logprob >= other.logprob))
    }

    fn parting(&self, a: usize, b: usize) -> Option<(usize, &TracedStep, &TracedStep)> {
        let (a, b) = (self.candidates.get(a)?, self.candidates.get(b)?);
        let at = a.steps.iter().zip(&b.steps).position(|(one, other)| one.token != other.token)?;
        Some((at, a.steps.get(at)?, b.steps.get(at)?))
    }

    fn greedy_loses(&self, greedy: usize, best: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let (Some(own), Some(other)) = (self.candidates.get(greedy), self.candidates.get(best)) else { return notes };
        if let Some((at, mine, theirs)) = self.parting(greedy, best) {
            if mine.logprob.total_cmp(&theirs.logprob).is_eq() {
                notes.push(format!(
                    "tie at step {}: `{}` and `{}` have {:.6} each",
                    at + 1,
                    mine.token,
                    theirs.token,
                    mine.logprob
                ));
            } else {
                notes.push(format!(
                    "greedy takes `{}` at step {} ({:.6} against {:.6} for `{}`)",
                    mine.token,
                    at + 1,
                    mine.logprob,
                    theirs.logprob,
                    theirs.token
                ));
            }
            let crossing =
                own.steps.iter().zip(&other.steps).skip(at).position(|(mine, theirs)| theirs.total > mine.total);
            if let Some(after) = crossing {
                notes.push(format!("`{}` leads from step {} on", other.candidate, at + after + 1));
            }
        }
        if let (Some(mine), Some(theirs)) = (own.total, other.total) {
            notes.push(format!(
                "the greedy path `{}` ends at {mine:.6}, `{}` at {theirs:.6}: greedy loses by {:.4} nats in total",
                own.candidate,
                other.candidate,
                theirs - mine
            ));
        }
        notes
    }
}

fn steps(candidate: &Candidate<'_>, facts: &SequenceFacts) -> Vec<TracedStep> {
    let mut total = 0.0;
    candidate
        .steps
        .iter()
        .filter(|step| step.segment.is_scored())
        .zip(facts.scored_log_probs())
        .map(|(step, logprob)| {
            total += logprob.value;
            TracedStep {
                token: match (&step.token, step.token_id) {
                    (Some(token), _) => token.decoded().into_owned(),
                    (None, Some(id)) => format!("#{id}"),
                    (None, None) => "?".to_owned(),
                },
                logprob: logprob.value,
                prob: exp(logprob.value),
                total,
                top1: top1(candidate, step),
            }
        })
        .collect()
}

/// Whether the step's token is the most likely one by its alternatives or its logits; ties are left open.
fn top1(candidate: &Candidate<'_>, step: &Step<'_>) -> Option<bool> {
    let top = candidate.alternatives(step);
    if !top.is_empty() && step.can_match(top) {
        let most = top.iter().map(|entry| entry.logprob.value).fold(f64::NEG_INFINITY, f64::max);
        let mut best = top.iter().filter(|entry| entry.logprob.value.total_cmp(&most).is_eq());
        let first = best.next()?;
        return best.next().is_none().then(|| step.is_token(first));
    }
    let logits = candidate.vector(step.logit_vector);
    let own = *logits.get(usize::try_from(step.token_id?).ok()?)?;
    let not_below = logits.iter().filter(|logit| **logit >= own).count();
    let tied = not_below > 1 && logits.iter().all(|logit| *logit <= own);
    (!tied).then_some(not_below == 1)
}

fn claims(
    candidate: &Candidate<'_>,
    plan: &FilePlan,
    steps: &SequenceFacts,
    traced_steps: &[TracedStep],
) -> Vec<TracedClaim> {
    let mut traced = Vec::new();
    let mut of_total = SequenceFacts::default();
    for claim in &candidate.claims {
        let Some(column) = plan.columns.get(usize::from(claim.of.0)) else { continue };
        let Logged::Number(number) = claim.value else { continue };
        let is_beneath = plan.fill_beneath(candidate, claim.of, &mut of_total);
        let facts = if is_beneath { &of_total } else { steps };
        let convention = column.convention();
        let claimed = Approx::of_column(&number, &column.resolution);
        let derived = facts.evaluate(&convention, &column.casts);
        let judgement = derived.map(|derived| judge(claimed, derived));
        let follows = judgement.is_some_and(|judgement| judgement.is_proven());
        traced.push(TracedClaim {
            column: column.spec.column.name.to_string(),
            reported: number.value,
            convention: convention.to_string(),
            arithmetic: derived
                .map_or_else(String::new, |derived| arithmetic(&convention, traced_steps, derived.value)),
            recomputed: derived.map(|derived| derived.value),
            bound: judgement.map_or(claimed.half, |judgement| judgement.within),
            agrees: follows,
            fits: if follows || derived.is_none() { Vec::new() } else { fits(claimed, column, facts) },
        });
    }
    traced
}

/// The simplest formulas that give a number.
fn fits(claimed: Approx, column: &ColumnPlan, facts: &SequenceFacts) -> Vec<String> {
    let mut fits: Vec<String> = Vec::new();
    let mut seen: Vec<f64> = Vec::new();
    for entry in Grammar::around(column.convention()).entries() {
        let Some(derived) = facts.evaluate(&entry.formula, &column.casts) else { continue };
        // A span that this candidate does not have gives the same number under another name.
        let known = seen.iter().any(|value| value.total_cmp(&derived.value).is_eq());
        if !known && judge(claimed, derived).is_proven() {
            seen.push(derived.value);
            fits.push(format!("{} ({})", entry.formula, describe(&entry.formula)));
        }
        if fits.len() == NAMED {
            break;
        }
    }
    fits
}

/// `sum(logprob) = -0.900000 - 1.500000 = -2.400000`.
fn arithmetic(convention: &Formula, steps: &[TracedStep], value: f64) -> String {
    let terms: Vec<String> = steps.iter().map(|step| format!("{:.6}", step.logprob)).collect();
    let sum = terms.join(" + ").replace("+ -", "- ");
    if *convention == Formula::SUM {
        format!("{convention} = {sum} = {value:.6}")
    } else if *convention == Formula::MEAN {
        format!("{convention} = ({sum})/{} = {value:.6}", steps.len())
    } else {
        format!("sum(logprob) = {sum}; {convention} = {value:.6}")
    }
}
