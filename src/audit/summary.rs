//! State kept for a candidate after its tokens are dropped.

use crate::audit::{ColumnPlan, FilePlan};
use crate::config::Promise;
use crate::formula::{Casts, Formula, Output, Reduce, SequenceFacts, Span, StepResolutions};
use crate::model::{
    Candidate, CandidateSummary, Choice, ClaimKind, ColumnId, Item, Logged, OPENING, Origin, PickRef, Place, Reported,
    Segment, Step, answer_hash, stable_hash,
};
use crate::numeric::{Approx, NumberFormat};
use crate::rules::{ClaimColumn, Fields};

/// The name of a candidate in messages: its id, otherwise its position.
pub(super) fn label(candidate: &Candidate<'_>, position: usize) -> String {
    match (&candidate.id, candidate.index) {
        (Some(id), _) => id.clone().into_owned(),
        (None, Some(index)) => index.to_string(),
        (None, None) => position.to_string(),
    }
}

pub(super) fn choice(reference: &PickRef<'_>) -> Choice {
    match reference {
        PickRef::Missing => Choice::Missing,
        PickRef::Index(index, _) => Choice::Index(*index),
        PickRef::Id(id, _) => Choice::Id(id.decoded().into_owned()),
    }
}

/// The place of a candidate: its first claim, otherwise the start of its record.
pub(super) fn place_of(candidate: &Candidate<'_>, origin: &dyn Origin) -> Place {
    origin.place(candidate.claims.first().map_or(candidate.at, |claim| claim.at))
}

/// The score column that picks follow from: the first score, otherwise the first claim.
pub(super) fn primary(candidate: &Candidate<'_>, plan: &FilePlan) -> Option<ColumnId> {
    let kind = |column: ColumnId| plan.columns.get(usize::from(column.0)).map(|plan| plan.spec.column.kind);
    let claims = || candidate.claims.iter().map(|claim| claim.of);
    claims().find(|column| kind(*column) == Some(ClaimKind::Score)).or_else(|| claims().next())
}

pub(super) fn candidate(
    candidate: &Candidate<'_>,
    plan: &FilePlan,
    facts: &SequenceFacts,
    origin: &dyn Origin,
    choices: &Choices,
    has_wrong_steps: bool,
) -> CandidateSummary {
    let plan_of = |column: ColumnId| plan.columns.get(usize::from(column.0));
    let claims = candidate
        .claims
        .iter()
        .filter_map(|claim| Some((claim, plan_of(claim.of)?)))
        .map(|(claim, plan)| Reported {
            column: plan.spec.column.clone(),
            number: match claim.value {
                Logged::Number(number) => Some(Approx::of_column(&number, &plan.resolution)),
                _ => None,
            },
            lower_is_better: plan.lower_is_better(),
            explained_by: 0,
            refuted: false,
            promises: plan.spec.promise != Promise::Matched,
        })
        .collect();
    let counted = candidate.logged_total.as_ref();
    let total = facts.evaluate(&crate::formula::Formula::SUM, &Casts::default());
    let primary = primary(candidate, plan).and_then(plan_of);
    let derived = match primary {
        Some(column) => facts.evaluate(&column.convention(), &column.casts),
        None => total,
    };
    let convention = primary.map_or(Formula::SUM, ColumnPlan::convention);
    let has_pick = choices.picked || candidate.picked.is_some();
    let scored = candidate.steps.iter().zip(&facts.log_probs).filter(|(step, _)| step.segment.is_scored());
    CandidateSummary {
        id: candidate.id.as_ref().map(|id| id.clone().into_owned()),
        index: candidate.index,
        place: place_of(candidate, origin),
        claims,
        total,
        derived,
        tokens: if candidate.steps.is_empty() {
            counted.and_then(|total| total.tokens).or(candidate.stated.tokens).unwrap_or(0)
        } else {
            facts.n
        },
        chars: facts.chars.or(counted.and_then(|total| total.chars)),
        bytes: facts.bytes.or(counted.and_then(|total| total.bytes)),
        words: facts.words,
        delimiter: candidate.delimiter_chars,
        unconditional: candidate.unconditional.value(),
        greedy: candidate.greedy.map(|(greedy, _)| greedy),
        all_top1: all_top1(candidate, &plan.steps),
        picked: candidate.picked.map(|(picked, _)| picked),
        gold: candidate.gold.map(|(gold, _)| gold),
        opening: scored
            .take(OPENING)
            .map(|(step, log_prob)| (token_hash(step), log_prob.map_or(f64::NAN, |known| known.value)))
            .collect(),
        prompt: candidate.prompt.as_ref().map(|prompt| stable_hash(&prompt.decoded())),
        content: 0,
        recomputed: match (has_pick, has_wrong_steps) {
            (false, _) => None,
            (true, true) => recomputed(candidate, &convention, &plan.steps),
            (true, false) => total.filter(|_| decides(&convention)).map(|total| merit(&convention, total, facts.n)),
        },
        side_values: if has_pick {
            candidate.side_values.iter().map(|side| (side.name.clone().into_owned(), side.value.value)).collect()
        } else {
            Vec::new()
        },
        answer: candidate.answer.as_ref().filter(|_| choices.named).map(|text| answer_hash(&text.decoded())),
        text: candidate.continuation.as_ref().filter(|_| choices.by_text).map(|text| answer_hash(&text.decoded())),
        path: None,
    }
}

/// A candidate's merit under a convention, computed from the vectors or alternatives of its steps: its total or its
/// mean.
fn recomputed(candidate: &Candidate<'_>, convention: &Formula, resolutions: &StepResolutions) -> Option<Approx> {
    if !decides(convention) {
        return None;
    }
    let scored = || candidate.steps.iter().filter(|step| step.segment.is_scored());
    let steps: Option<Vec<Approx>> =
        scored().map(|step| crate::formula::recomputed(candidate, step, resolutions)).collect();
    let steps = steps.filter(|steps| !steps.is_empty())?;
    let total = Approx::sum(steps.iter().copied(), NumberFormat::F32);
    Some(merit(convention, total, u32::try_from(steps.len()).unwrap_or(u32::MAX)))
}

/// Whether a convention orders candidates by their total or their mean.
fn decides(convention: &Formula) -> bool {
    let plain = Formula { output: Output::Nats, reduce: Reduce::Sum, span: Span::Continuation, ..*convention };
    plain == Formula::SUM
}

/// The merit of a total over n tokens under such a convention.
fn merit(convention: &Formula, total: Approx, n: u32) -> Approx {
    if convention.reduce.is_mean() && n > 0 { total.over(f64::from(n)) } else { total }
}

/// How an item names its choices, which determines what is kept of its candidates.
pub(super) struct Choices {
    /// Whether the item has a pick.
    picked: bool,
    /// Whether a pick or a correct answer is named at all.
    named: bool,
    /// Whether one of them is named by more than a number.
    by_text: bool,
}

impl Choices {
    pub(super) fn of(item: &Item<'_>) -> Self {
        let either = |is: fn(&PickRef<'_>) -> bool| is(&item.pick) || is(&item.gold);
        Self {
            picked: item.pick != PickRef::Missing,
            named: either(|choice| *choice != PickRef::Missing),
            by_text: either(|choice| matches!(choice, PickRef::Id(..))),
        }
    }
}

fn token_hash(step: &Step<'_>) -> u64 {
    match (step.token_id, &step.token) {
        (Some(id), _) => stable_hash(&id),
        (None, Some(token)) => stable_hash(&token.decoded()),
        (None, None) => 0,
    }
}

/// Whether every scored token is the most likely one among its alternatives; None if the log does not say.
fn all_top1(candidate: &Candidate<'_>, resolutions: &StepResolutions) -> Option<bool> {
    let mut looked = false;
    let mut all = true;
    for step in &candidate.steps {
        if !step.segment.is_scored() {
            continue;
        }
        all &= is_top1(candidate, step, resolutions)?;
        looked = true;
    }
    looked.then_some(all)
}

/// Whether the step's token is the most likely one; None if the log does not say, or if several tokens are equally
/// likely.
fn is_top1(candidate: &Candidate<'_>, step: &Step<'_>, resolutions: &StepResolutions) -> Option<bool> {
    let top = candidate.alternatives(step);
    if top.is_empty() {
        let logits = candidate.vector(step.logit_vector);
        let own = *logits.get(usize::try_from(step.token_id?).ok()?)?;
        let above = logits.iter().filter(|logit| **logit >= own).count();
        let tied = above > 1 && logits.iter().all(|logit| *logit <= own);
        return (!tied).then_some(above == 1);
    }
    if !step.can_match(top) {
        return None;
    }
    let finite = || top.iter().filter(|entry| entry.logprob.is_finite());
    let best = finite().max_by(|a, b| a.logprob.value.total_cmp(&b.logprob.value))?;
    let floor = best.logprob.value - 2.0 * resolutions.top.half_quantum(&best.logprob);
    let at_top = || finite().filter(|entry| entry.logprob.value >= floor);
    let own = at_top().any(|entry| step.is_token(entry));
    let others = at_top().any(|entry| !step.is_token(entry));
    (!(own && others)).then_some(own)
}

pub(super) fn item_fields(item: &Item<'_>) -> Fields {
    let bit = |present: bool, name: &str| if present { Fields::named(name) } else { Fields(0) };
    // A correctness metric counts as a correctness field. With a single candidate, it also implies the correct answer.
    let judged = item.metrics.iter().any(crate::metric::row::is_claim);
    let without_gold = item.metrics.iter().any(|metric| metric.of.definition.is_without_gold());
    let gold = item.gold != PickRef::Missing || (judged && item.candidates.len() == 1) || without_gold;
    bit(item.pick != PickRef::Missing, "pick")
        .with(bit(gold, "gold"))
        .with(bit(item.correct.is_some() || judged, "correct"))
        .with(bit(!item.metrics.is_empty(), "metrics"))
        .with(bit(!item.id.is_empty(), "ids"))
}

pub(super) fn candidate_fields(candidate: &Candidate<'_>, columns: &[ClaimColumn]) -> Fields {
    let bit = |present: bool, name: &str| if present { Fields::named(name) } else { Fields(0) };
    let steps = &candidate.steps;
    let any = |has: fn(&Step<'_>) -> bool| steps.iter().any(has);
    let claims = |normalised: bool| {
        candidate
            .claims
            .iter()
            .filter_map(|claim| columns.get(usize::from(claim.of.0)))
            .any(|column| (column.kind == ClaimKind::Normalised) == normalised)
    };
    // A log-prob is available if it is logged or can be derived.
    let derivable = any(|step| step.logprob.is_present() || step.prob.is_present())
        || (!candidate.vectors.is_empty() && any(|step| step.token_id.is_some()));
    bit(any(|step| step.token.is_some()), "tokens")
        .with(bit(any(|step| step.token_id.is_some()), "token_ids"))
        .with(bit(derivable, "logprobs"))
        .with(bit(any(|step| step.rollout_logprob.is_present()), "engine_logprobs"))
        .with(bit(any(|step| step.prob.is_present()), "probs"))
        .with(bit(any(|step| step.logit.is_present()), "logits"))
        .with(bit(!candidate.alternatives.is_empty(), "top_k"))
        .with(bit(!candidate.vectors.is_empty(), "vectors"))
        .with(bit(any(|step| step.segment != Segment::Continuation), "segments"))
        .with(bit(candidate.continuation.is_some(), "texts"))
        .with(bit(claims(false), "score"))
        .with(bit(claims(true), "normalised"))
        .with(bit(candidate.greedy.is_some(), "greedy"))
        .with(bit(candidate.picked.is_some(), "pick"))
        .with(bit(candidate.gold.is_some(), "gold"))
}
