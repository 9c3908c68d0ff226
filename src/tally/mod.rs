//! The mergeable state of an audit: counts, exact sums, the scoreboard, exemplars.
//!
//! A [`Tally`] is a commutative monoid: merging partial tallies in any order and any grouping gives the
//! same state. Nothing here divides, ranks or judges.

mod accumulator;
mod casts;
mod closeness;
mod column;
mod exemplar;
mod items;
mod kept;
mod large;
mod layout;
mod noted;
mod observed;
mod open;
mod picks;
mod renumber;
mod rows;
mod scattered;
mod sketch;
mod switched;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{ColumnKey, Place, RecordError, RunClaim};
use crate::numeric::ResolutionStats;

pub use accumulator::{Accumulator, Histogram, Key, Moments, PairSums, Second, Slots};
pub use casts::{CastStats, Sureness};
pub use closeness::{Agreement, Closeness};
pub(crate) use column::add_each;
pub use column::{ClaimRow, ColumnTally, Fit, FormulaCount, Gap, Group, RowRef};
pub use exemplar::{Evidence, Exemplar, Keyed, Smallest};
pub use items::{AnyRight, FromRefuted, ItemTally, Mixed, OfRecomputed, SameLabel};
pub use kept::{Kept, KeptRef, Tally};
pub use large::{Join, Large, LargeKey, OnDisk};
pub use layout::{Extent, Few, Field, FieldKind, Layout, Look, Position};
pub use noted::{Noted, NotedBy, NotedKey, NotedPick, NotedRow, PickBy, PickKey, Wanted, name};
pub use observed::{Observed, PLACES, PartSeen, ROWS, RowSketch};
pub use open::{OpenRow, OpenRows};
pub use picks::{Argmax, PickReasons, Reason, Reasoned};
pub use rows::{RowKey, Rows, Seen};
pub use scattered::ScatteredItems;
pub use sketch::{BIN_EDGES, BINS, ComparisonSketch, Mark, PathSketch, Residuals, SKETCHED, Sample, WITHIN};
pub use switched::{Flip, Switched, stored_position};

/// A column whose resolution is measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// The tokens' log-probs.
    Logprob,
    /// The tokens' probabilities.
    Prob,
    /// The tokens' logits.
    Logit,
    /// The alternatives' log-probs.
    Top,
    /// The entries of whole vectors.
    Vector,
    /// A column of claims.
    Claim(ColumnKey),
}

/// A group of rows: one task under one filter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct StreamKey {
    /// The task; empty if the log has none.
    pub task: String,
    /// The filter; empty if the log has none.
    pub filter: String,
}

/// State of one stream in one input.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct StreamTally {
    /// Columns of claims on candidates.
    pub columns: BTreeMap<ColumnKey, Box<ColumnTally>>,
    /// Observations of the rules, by code and subject.
    pub observed: BTreeMap<(String, String), Box<Observed>>,
    /// Items whose candidates are spread over several records, by id.
    pub open: ScatteredItems,
    /// Items that have been judged.
    pub items: ItemTally,
    /// Its rows by name, and its items that were judged early.
    pub rows: Rows,
    /// Smallest and largest item id among those that are integers.
    pub integer_ids: Option<(i64, i64)>,
    /// Rows with an integer id.
    pub integer_rows: u64,
    /// Candidates read, without empty ones.
    pub candidates: u64,
    /// Empty candidates: no id, no text, no number.
    pub bare: u64,
}

impl StreamTally {
    /// Adds another part of the stream.
    pub fn merge(&mut self, other: Self) {
        for (column, tally) in other.columns {
            add_to(&mut self.columns, column, tally, |own, other| own.merge(*other));
        }
        for (key, observed) in other.observed {
            add_to(&mut self.observed, key, observed, |own, other| own.merge(*other));
        }
        self.open.merge(other.open);
        self.items.merge(other.items);
        self.rows.merge(other.rows);
        self.integer_ids = match (self.integer_ids, other.integer_ids) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (one, two) => one.or(two),
        };
        self.integer_rows += other.integer_rows;
        self.candidates += other.candidates;
        self.bare += other.bare;
    }
}

/// Adds a part under its key: the first one as it is, others by `merge`.
pub(crate) fn add_to<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, part: V, merge: impl FnOnce(&mut V, V)) {
    match map.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(part)),
        Entry::Occupied(mut entry) => merge(entry.get_mut(), part),
    }
}

/// A record that could not be read, as the tally keeps it.
impl Keyed for RecordError {
    type Key = Place;

    fn key(&self) -> Place {
        self.place.clone()
    }
}

/// State of one input.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct FileTally {
    /// Records read.
    pub records: u64,
    /// Candidates read.
    pub candidates: u64,
    /// Steps read.
    pub steps: u64,
    /// Resolution statistics per column.
    pub resolutions: BTreeMap<Measured, Box<ResolutionStats>>,
    /// Its streams.
    pub streams: BTreeMap<StreamKey, Box<StreamTally>>,
    /// Records that could not be read.
    pub unreadable: u64,
    /// The first of these records.
    pub errors: Smallest<RecordError, 5>,
    /// Metrics reported for the run, in the order of the input.
    pub metrics: Vec<RunClaim>,
    /// The fields of its records, and the range of records that have each.
    pub layout: Layout,
}

impl FileTally {
    /// Adds another part of the input.
    pub fn merge(&mut self, mut other: Self) {
        self.records += other.records;
        self.candidates += other.candidates;
        self.steps += other.steps;
        for (column, stats) in other.resolutions {
            self.resolutions.entry(column).or_default().merge(&stats);
        }
        for (key, stream) in other.streams {
            add_to(&mut self.streams, key, stream, |own, other| own.merge(*other));
        }
        self.unreadable += other.unreadable;
        self.errors.merge(other.errors);
        self.metrics.append(&mut other.metrics);
        self.metrics.sort();
        // A number that a file repeats is one claim, at its first place.
        let mut known = BTreeSet::new();
        self.metrics.retain(|claim| known.insert(claim.without_place()));
        self.layout.merge(other.layout);
    }
}
