//! Single rows of the finished plan, for a caller who asks for all of them: what a tally keeps only a few examples of.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{CandidateSummary, ItemSummary, Place};
use crate::tally::{Join, LargeKey};

/// What is asked for. Everything else is not built.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Columns with refuted claims.
    pub claims: BTreeSet<String>,
    /// Codes of rules.
    pub rules: BTreeSet<String>,
    /// Metrics with refuted rows.
    pub metrics: BTreeSet<String>,
    /// Whether picks that change are asked for.
    pub picks: bool,
}

/// What a row fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotedBy {
    /// The formula of a column. A rounded claim agrees with it, but not to the last digit.
    Claim {
        /// The column's name.
        name: String,
        /// Whether the claim agrees within rounding.
        rounded: bool,
    },
    /// A rule, by its code.
    Rule(String),
    /// The definition of a metric.
    Metric(String),
}

/// A row that fails something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotedRow {
    /// The position of the value.
    pub place: Place,
    /// The task; set by the pass.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// The candidate's id or position; empty for a row of an item.
    pub candidate: String,
    /// What it fails.
    pub by: NotedBy,
    /// The value in the log.
    pub reported: f64,
    /// The value that it should have, or its limit.
    pub recomputed: f64,
}

/// Why a pick changes, the reason that says most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PickBy {
    /// Another candidate is the best under the convention, whatever rounding did.
    Convention,
    /// The same at the printed digits, where rounding could undo it.
    Digits,
    /// Another one is the best once the steps are recomputed from their vectors or alternatives.
    Steps,
    /// Another one is the best by the reported scores.
    Scores,
}

/// An item whose pick changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotedPick {
    /// The position of the item.
    pub place: Place,
    /// The task; set by the pass.
    pub task: String,
    /// The item's id.
    pub item: String,
    /// The candidate that the pipeline picked: its id, or its position.
    pub reported: String,
    /// The candidate that should have been picked.
    pub recomputed: String,
    /// The right candidate, if exactly one is named.
    pub gold: Option<String>,
    /// Whether the reported pick is right.
    pub was_right: Option<bool>,
    /// Whether the recomputed pick is right.
    pub is_right: Option<bool>,
    /// Why it changes.
    pub by: PickBy,
}

/// Rows noted since the last look.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Noted {
    /// What is asked for.
    pub wanted: Arc<Wanted>,
    /// Rows that fail.
    pub rows: Vec<NotedRow>,
    /// Picks that change.
    pub picks: Vec<NotedPick>,
}

impl Noted {
    /// Nothing yet.
    #[must_use]
    pub fn new(wanted: Arc<Wanted>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Notes an item whose pick changes from one candidate to another one.
    pub fn pick(&mut self, item: &ItemSummary, from: usize, to: usize, by: PickBy) {
        if from == to || !self.wanted.picks {
            return;
        }
        let named = |at: usize| item.candidates.get(at).map(|candidate| name(candidate, at)).unwrap_or_default();
        self.picks.push(NotedPick {
            place: item.place.clone(),
            task: String::new(),
            item: item.id.clone(),
            reported: named(from),
            recomputed: named(to),
            gold: item.gold_position().map(named).or_else(|| item.gold.name().map(Cow::into_owned)),
            was_right: item.is_gold(from),
            is_right: item.is_gold(to),
            by,
        });
    }
}

/// What a candidate is called: its id, or its position.
#[must_use]
pub fn name(candidate: &CandidateSummary, position: usize) -> String {
    let index = || candidate.index.map_or_else(|| position.to_string(), |index| index.to_string());
    candidate.id.clone().unwrap_or_else(index)
}

/// A row of the log, with a number of its own for each thing that it fails.
pub type NotedKey = (u32, u64, u64, u64);

impl LargeKey for NotedKey {}

/// Keys are distinct.
impl Join for (u32, NotedRow) {
    fn join(&mut self, _other: Self) {}

    fn bytes(&self) -> usize {
        let row = &self.1;
        row.place.field.len() + row.task.len() + row.item.len() + row.candidate.len()
    }
}

/// An item of the log: its position, task and id.
pub type PickKey = ((u32, u64, u64), String, String);

impl LargeKey for PickKey {
    fn bytes(&self) -> usize {
        self.1.len() + self.2.len()
    }
}

/// One item's pick changes once, for the reason that says most.
impl Join for (u32, NotedPick) {
    fn join(&mut self, other: Self) {
        if other.1.by < self.1.by {
            *self = other;
        }
    }

    fn bytes(&self) -> usize {
        let pick = &self.1;
        pick.item.len() + pick.task.len() + pick.reported.len() + pick.recomputed.len()
    }
}
