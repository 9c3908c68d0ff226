//! Kinds of content that the audit found in a record, independent of field names.

use crate::model::{Candidate, ColumnId, Item, Logged, PickRef};
use crate::rules::ClaimColumn;
use crate::tally::{Field, FieldKind, Position};

/// Content found in the items of one record.
#[derive(Default)]
pub(super) struct Found {
    items: bool,
    claims: Vec<ColumnId>,
    metrics: Vec<String>,
    others: u16,
}

/// Content other than claims and metrics, by bit.
const OTHERS: [&str; 9] =
    ["tokens", "alternatives", "pick", "correct", "greedy", "gold", "id", "continuation", "prompt"];

impl Found {
    /// Clears the state for the next record.
    pub(super) fn clear(&mut self) {
        self.items = false;
        self.claims.clear();
        self.metrics.clear();
        self.others = 0;
    }

    /// Whether the record held an item.
    pub(super) fn has_items(&self) -> bool {
        self.items
    }

    fn add(&mut self, what: &str, is_there: bool) {
        let bit = OTHERS.iter().position(|other| *other == what).filter(|_| is_there);
        self.others |= bit.map_or(0, |bit| 1 << bit);
    }

    /// Adds the content of an item, without its candidates.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        self.items = true;
        self.add("pick", !matches!(item.pick, PickRef::Missing));
        self.add("gold", !matches!(item.gold, PickRef::Missing));
        self.add("correct", item.correct.is_some());
        self.add("id", !item.id.is_empty());
        for metric in &item.metrics {
            if !self.metrics.iter().any(|known| *known == metric.of.name) {
                self.metrics.push(metric.of.name.clone().into_owned());
            }
        }
    }

    /// Adds the content of a candidate.
    pub(super) fn candidate(&mut self, candidate: &Candidate<'_>) {
        for claim in candidate.claims.iter().filter(|claim| !matches!(claim.value, Logged::Missing)) {
            if !self.claims.contains(&claim.of) {
                self.claims.push(claim.of);
            }
        }
        self.add("tokens", has_values(candidate));
        self.add("alternatives", !candidate.alternatives.is_empty());
        self.add("pick", candidate.picked.is_some());
        self.add("gold", candidate.gold.is_some());
        self.add("greedy", candidate.greedy.is_some());
        self.add("id", candidate.id.is_some());
        self.add("continuation", candidate.continuation.is_some());
        self.add("prompt", candidate.prompt.is_some());
    }

    /// Counts the content at the record's position. Claims are named by their column after `=`, metrics after `~`.
    pub(super) fn count(&self, at: Position, columns: &[ClaimColumn], found: &mut Field) {
        let mut look = found.see(at, FieldKind::Object);
        let mut see = |name: &str| {
            if let Some(field) = look.member(name, 0) {
                field.see(at, FieldKind::Number).end();
            }
        };
        for column in self.claims.iter().filter_map(|column| columns.get(usize::from(column.0))) {
            see(&format!("={}", column.name));
        }
        for metric in &self.metrics {
            see(&format!("~{metric}"));
        }
        for (bit, what) in OTHERS.iter().enumerate() {
            if self.others & (1 << bit) != 0 {
                see(what);
            }
        }
        look.end();
    }
}

fn has_values(candidate: &Candidate<'_>) -> bool {
    let is_there = |logged: &Logged| !matches!(logged, Logged::Missing);
    !candidate.vectors.is_empty()
        || candidate.steps.iter().any(|step| is_there(&step.logprob) || is_there(&step.prob) || is_there(&step.logit))
}

/// Whether nothing was found that makes a record a row: no id, no text, no number.
pub(super) fn is_bare(item: &Item<'_>, candidate: &Candidate<'_>) -> bool {
    item.id.is_empty()
        && item.metrics.is_empty()
        && candidate.id.is_none()
        && candidate.claims.is_empty()
        && candidate.steps.is_empty()
        && candidate.continuation.is_none()
        && candidate.prompt.is_none()
}
