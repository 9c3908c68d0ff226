//! The tokens of an item whose pick changes, for the picture of how the better candidate wins.

use crate::audit::item::Change;
use crate::formula::StepResolutions;
use crate::model::{Candidate, CandidateSummary, ColumnId, Item, ItemSummary, Segment, Step};
use crate::tally::{PathSketch, RaceSketch, Smallest, StepSketch};

/// Scored steps that are kept.
const SCORED: usize = 48;
/// Padding steps that are kept.
const PADDING: usize = 8;
/// Prompt steps that are kept: the last ones.
const PROMPT: usize = 3;
/// Characters kept of a token.
const TOKEN: usize = 40;

/// Keeps the tokens of both candidates when the item is among the clearest.
pub(super) fn keep(
    item: &Item<'_>,
    summary: &ItemSummary,
    change: &Change,
    resolutions: &StepResolutions,
    races: &mut Smallest<RaceSketch, 3>,
) {
    if !change.margin.is_finite() || !races.would_keep(&RaceSketch::key_of(change.margin, &summary.place, &summary.id))
    {
        return;
    }
    let path = |at: usize| {
        let (candidate, kept) = (item.candidates.get(at)?, summary.candidates.get(at)?);
        (!candidate.steps.is_empty()).then(|| path(candidate, kept, at, change.column, resolutions))
    };
    let (Some(picked), Some(wins)) = (path(change.from), path(change.to)) else { return };
    races.offer(RaceSketch {
        margin: change.margin,
        place: summary.place.clone(),
        item: summary.id.clone(),
        picked,
        wins,
    });
}

fn path(
    candidate: &Candidate<'_>,
    kept: &CandidateSummary,
    position: usize,
    column: Option<ColumnId>,
    resolutions: &StepResolutions,
) -> PathSketch {
    let is_scored = |step: &Step<'_>| matches!(step.segment, Segment::Continuation | Segment::End);
    let prompt = candidate.steps.iter().filter(|step| step.segment == Segment::Prompt).count();
    let (mut seen_prompt, mut seen_scored, mut seen_padding) = (0, 0, 0);
    let mut steps = Vec::new();
    for step in &candidate.steps {
        let wanted = match step.segment {
            Segment::Prompt => {
                seen_prompt += 1;
                seen_prompt + PROMPT > prompt
            }
            Segment::Continuation | Segment::End => {
                seen_scored += 1;
                seen_scored <= SCORED
            }
            Segment::Padding => {
                seen_padding += 1;
                seen_padding <= PADDING
            }
        };
        if wanted {
            steps.push(StepSketch {
                token: token(step),
                logprob: crate::formula::log_prob(candidate, step, resolutions)
                    .map(|operand| operand.value)
                    .filter(|value| value.is_finite()),
                segment: step.segment,
            });
        }
    }
    let claim = kept.claims.iter().find(|claim| Some(claim.column) == column);
    PathSketch {
        candidate: super::summary::label(candidate, position),
        reported: claim.and_then(|claim| claim.value).filter(|value| value.is_finite()),
        derived: kept.derived.map(|(value, _)| value).filter(|value| value.is_finite()),
        scored: u32::try_from(candidate.steps.iter().filter(|step| is_scored(step)).count()).unwrap_or(u32::MAX),
        cut: steps.len() < candidate.steps.len(),
        steps,
    }
}

fn token(step: &Step<'_>) -> String {
    match (&step.token, step.token_id) {
        (Some(token), _) => {
            let text = token.decoded();
            let mut cut: String = text.chars().take(TOKEN).collect();
            if cut.len() < text.len() {
                cut.push('…');
            }
            cut
        }
        (None, Some(id)) => format!("#{id}"),
        (None, None) => String::new(),
    }
}
