//! The tokens of an item whose pick changes, for the chart that shows how the better candidate wins.

use std::borrow::Cow;

use crate::formula::StepResolutions;
use crate::model::{Candidate, ColumnKey, Item, ItemSummary, Origin, Segment, Step, TokenPath};
use crate::numeric::Approx;
use crate::tally::{self, ComparisonSketch, PathSketch, Smallest};

/// Maximum scored steps kept.
const SCORED: usize = 48;
/// Maximum padding steps kept.
const PADDING: usize = 8;
/// Maximum prompt steps kept, counted from the last one.
const PROMPT: usize = 3;
/// Maximum characters kept of the prompt, counted from its end.
const PROMPT_TEXT: usize = 300;
/// Maximum characters kept per token.
const TOKEN: usize = 40;

/// A pick that changes under the convention.
pub(super) struct Change {
    /// Position that the pipeline picked.
    pub(super) from: usize,
    /// Position that the convention picks.
    pub(super) to: usize,
    /// Difference between the two candidates under the convention.
    pub(super) margin: f64,
    /// The column that the pick follows from.
    pub(super) column: Option<ColumnKey>,
}

/// Keeps an item if it is among the clearest. The tokens come from the item itself, if it is still available.
pub(super) fn keep(
    item: Option<(&Item<'_>, &dyn Origin)>,
    summary: &ItemSummary,
    change: &Change,
    resolutions: &StepResolutions,
    comparisons: &mut Smallest<ComparisonSketch, 3>,
) {
    if !change.margin.is_finite()
        || !comparisons.would_keep(&ComparisonSketch::key_of(change.margin, &summary.place, &summary.id))
    {
        return;
    }
    let sketch = |at: usize| {
        let kept = summary.candidates.get(at)?;
        let own = || {
            let (item, origin) = item?;
            let is_it = |candidate: &&Candidate<'_>| super::summary::place_of(candidate, origin) == kept.place;
            let value = |candidate, step: &Step<'_>| crate::formula::log_prob(candidate, step, resolutions);
            item.candidates.iter().find(is_it).map(|own| path(own, own.steps.iter().map(|step| value(own, step))))
        };
        let path = kept.path.clone().or_else(own).filter(|path| !path.is_empty())?;
        let claim = kept.claims.iter().find(|claim| Some(&claim.column) == change.column.as_ref());
        Some(PathSketch {
            candidate: tally::name(kept, at),
            reported: claim.and_then(|claim| claim.number).map(|number| number.value).filter(|value| value.is_finite()),
            derived: kept.derived.map(|derived| derived.value).filter(|value| value.is_finite()),
            path,
        })
    };
    let (Some(picked), Some(wins)) = (sketch(change.from), sketch(change.to)) else { return };
    let named = |at: usize| summary.candidates.get(at).map(|candidate| tally::name(candidate, at));
    let gold = summary.gold_position().and_then(named);
    comparisons.offer(ComparisonSketch {
        margin: change.margin,
        place: summary.place.clone(),
        item: summary.id.clone(),
        prompt: picked.path.prompt.clone(),
        gold: gold.or_else(|| summary.gold.name().map(Cow::into_owned)),
        picked,
        wins,
    });
}

/// The tokens of a candidate, without those far from the scored span, with ln p of every step.
pub(super) fn path(candidate: &Candidate<'_>, log_probs: impl IntoIterator<Item = Option<Approx>>) -> TokenPath {
    let prompt = candidate.steps.iter().filter(|step| step.segment == Segment::Prompt).count();
    let (mut seen_prompt, mut scored, mut padding) = (0, 0, 0);
    let mut path = TokenPath::default();
    for (step, operand) in candidate.steps.iter().zip(log_probs) {
        let wanted = match step.segment {
            Segment::Prompt => {
                seen_prompt += 1;
                seen_prompt + PROMPT > prompt
            }
            Segment::Continuation | Segment::End => {
                scored += 1;
                scored <= SCORED
            }
            Segment::Padding => {
                padding += 1;
                padding <= PADDING
            }
        };
        if wanted {
            let value = operand.map(|operand| operand.value).filter(|value| value.is_finite());
            push(&mut path, step, value);
        }
    }
    path.scored = u32::try_from(scored).unwrap_or(u32::MAX);
    path.cut = path.len() < candidate.steps.len();
    if let Some(prompt) = &candidate.prompt {
        path.prompt = end_of(&prompt.decoded());
    }
    path
}

/// The end of a prompt, where the question is.
fn end_of(prompt: &str) -> String {
    // Counted from the end: a prompt may be long, and every candidate has one.
    match prompt.char_indices().rev().nth(PROMPT_TEXT - 1) {
        Some((start, _)) if start > 0 => format!("…{}", prompt.get(start..).unwrap_or_default()),
        _ => prompt.to_owned(),
    }
}

fn push(path: &mut TokenPath, step: &Step<'_>, logprob: Option<f64>) {
    match (&step.token, step.token_id) {
        (Some(token), _) => {
            let text = token.decoded();
            let cut = if text.len() > TOKEN { text.char_indices().nth(TOKEN) } else { None };
            match cut {
                Some((end, _)) => {
                    path.push(&format!("{}…", text.get(..end).unwrap_or_default()), logprob, step.segment);
                }
                None => path.push(&text, logprob, step.segment),
            }
        }
        (None, Some(id)) => path.push(&format!("#{id}"), logprob, step.segment),
        (None, None) => path.push("", logprob, step.segment),
    }
}
