//! What each candidate scores: log p, mean per token, perplexity, and the winner of each item.

use serde::Serialize;

use crate::formula::{Casts, FactsBuilder, Formula, Needs, StepResolutions};
use crate::model::Item;
use crate::numeric::exp;

/// One candidate's scores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredCandidate {
    /// The candidate's id or position.
    pub candidate: String,
    /// Tokens that count: the continuation with its end token, no prompt, no padding.
    pub tokens: u32,
    /// Σ ln p over these, in nats.
    pub logprob: Option<f64>,
    /// Mean per token, in nats.
    pub mean: Option<f64>,
    /// exp of the negative mean.
    pub perplexity: Option<f64>,
    /// Why the log-prob is missing.
    pub missing: Option<String>,
}

/// One item's candidates with the winners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredItem {
    /// The task; empty when the log has none.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// Its candidates, in input order.
    pub candidates: Vec<ScoredCandidate>,
    /// Position of the candidate with the highest sum; None when some candidate has none, or when the best are equal.
    pub best_by_sum: Option<usize>,
    /// Position of the candidate with the highest mean.
    pub best_by_mean: Option<usize>,
    /// Whether the two differ.
    pub differs: bool,
}

/// Collects candidates into items, in input order. Keeps numbers, not tokens.
#[derive(Default)]
pub struct Scores {
    builder: FactsBuilder,
    items: Vec<ScoredItem>,
    index: std::collections::HashMap<(usize, String, String, String), usize>,
}

impl Scores {
    /// Adds an item or a part of one.
    pub fn add(&mut self, input: usize, item: &Item<'_>) {
        let key = (input, item.task.to_string(), item.filter.to_string(), item.id.to_string());
        let items = &mut self.items;
        let at = *self.index.entry(key).or_insert_with(|| {
            items.push(ScoredItem {
                task: item.task.to_string(),
                item: item.id.to_string(),
                candidates: Vec::new(),
                best_by_sum: None,
                best_by_mean: None,
                differs: false,
            });
            items.len() - 1
        });
        let Some(kept) = self.items.get_mut(at) else { return };
        for candidate in &item.candidates {
            let facts = self.builder.gather(candidate, &StepResolutions::default(), &Needs::default());
            let value = |formula: &Formula| facts.evaluate(formula, &Casts::default()).map(|derived| derived.value);
            let (logprob, mean) = (value(&Formula::SUM), value(&Formula::MEAN));
            let missing = logprob.is_none().then(|| {
                if candidate.steps.is_empty() {
                    "no tokens are logged (log logprobs, or logit vectors with token ids)".to_owned()
                } else {
                    format!("{} of {} scored tokens have no log-prob", facts.unknown, facts.n)
                }
            });
            let position = kept.candidates.len();
            kept.candidates.push(ScoredCandidate {
                candidate: match (&candidate.id, candidate.index) {
                    (Some(id), _) => id.to_string(),
                    (None, Some(index)) => index.to_string(),
                    (None, None) => position.to_string(),
                },
                tokens: if candidate.steps.is_empty() { 0 } else { facts.n },
                logprob,
                mean,
                perplexity: mean.map(|mean| exp(-mean)),
                missing,
            });
        }
    }

    /// The items with their winners.
    #[must_use]
    pub fn finish(mut self) -> Vec<ScoredItem> {
        for item in &mut self.items {
            item.best_by_sum = best(&item.candidates, |candidate| candidate.logprob);
            item.best_by_mean = best(&item.candidates, |candidate| candidate.mean);
            item.differs = match (item.best_by_sum, item.best_by_mean) {
                (Some(sum), Some(mean)) => sum != mean,
                _ => false,
            };
        }
        self.items
    }
}

/// Position of the only largest value, if all candidates have one.
fn best(candidates: &[ScoredCandidate], value: impl Fn(&ScoredCandidate) -> Option<f64>) -> Option<usize> {
    let values: Option<Vec<f64>> = candidates.iter().map(value).collect();
    let values = values.filter(|values| values.len() > 1)?;
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut at_top = values.iter().enumerate().filter(|(_, value)| value.total_cmp(&most).is_eq());
    let (first, _) = at_top.next()?;
    at_top.next().is_none().then_some(first)
}
