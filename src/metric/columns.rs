//! State kept for the plain fields of rows: sums of each numeric column, and which rows have no value.
//!
//! A summary may report any of these columns. All state is counts and exact sums, so the order of rows and workers does
//! not matter. The number of names is limited: the first ones in sort order are kept, which are the same for any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::capped::{Capped, kept};
use crate::metric::facts::RowFacts;
use crate::metric::fixed::SignedSum;
use crate::metric::joint::Joint;
use crate::metric::texts::label;
use crate::model::{FieldValue, Origin, RowFact, RowField, answer_hash};
use crate::numeric::ExactSum;

/// Maximum number of columns.
const COLUMNS: usize = 32;
/// Maximum number of fields whose states are kept.
const STATES: usize = 24;
/// Maximum number of groups per field.
const GROUPS: usize = 64;
/// Maximum number of fields that weight or group rows.
const AXES: usize = 4;
/// Clusters of one field.
const CLUSTERS: usize = 1 << 12;
/// Longest name of a group, in bytes.
const LONGEST: usize = 48;

/// Fields that group rows.
const GROUPING: [&str; 14] = [
    "bucket",
    "category",
    "dataset",
    "difficulty",
    "domain",
    "group",
    "lang",
    "language",
    "locale",
    "section",
    "subject",
    "subset",
    "topic",
    "type",
];

/// Fields that say which rows are not independent.
const CLUSTERING: [&str; 12] = [
    "article_id",
    "cluster",
    "cluster_id",
    "conversation_id",
    "doc_id",
    "document_id",
    "passage_id",
    "problem_id",
    "question_id",
    "story_id",
    "template_id",
    "topic_id",
];

/// Fields by whose size rows may be weighed.
const WEIGHING: [&str; 14] = [
    "count",
    "length",
    "n",
    "n_samples",
    "num_samples",
    "num_tokens",
    "num_words",
    "ref_words",
    "samples",
    "support",
    "tokens",
    "totalwordscount",
    "weight",
    "words",
];

/// The state of a field that holds no measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// False.
    False,
    /// True.
    True,
    /// Null or empty.
    Nothing,
    /// A text.
    Text,
}

impl State {
    const ALL: [Self; 4] = [Self::False, Self::True, Self::Nothing, Self::Text];

    fn of(field: &RowField<'_>) -> Option<Self> {
        match &field.value {
            FieldValue::Flag(true) => Some(Self::True),
            FieldValue::Flag(false) => Some(Self::False),
            FieldValue::Nothing => Some(Self::Nothing),
            FieldValue::Text(text) if is_failure(&field.name) => {
                Some(if text.is_empty() { Self::Nothing } else { Self::Text })
            }
            FieldValue::Text(_) | FieldValue::Number(_) => None,
        }
    }
}

/// Whether the name of a field means that something failed.
fn is_failure(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["error", "exception", "fail", "reason", "timeout", "refus", "truncat"].iter().any(|word| name.contains(word))
}

/// Whether a field says by its name that something went well.
fn is_success(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["parsed", "valid", "success", "complete", "ok"].iter().any(|word| name.split('_').any(|part| part == *word))
}

/// How often each field has each state.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
struct States {
    fields: BTreeMap<String, [u64; State::ALL.len()]>,
}

impl States {
    fn count(&self, field: &str, state: State) -> u64 {
        self.fields.get(field).and_then(|counts| counts.get(state as usize)).copied().unwrap_or(0)
    }

    fn add(&mut self, field: &str, state: State) {
        let Some(counts) = kept(&mut self.fields, field, STATES) else { return };
        if let Some(count) = counts.get_mut(state as usize) {
            *count += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        for (field, theirs) in other.fields {
            let Some(own) = kept(&mut self.fields, &field, STATES) else { continue };
            own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own += theirs);
        }
    }
}

/// Σ of the numbers of some rows, and how many.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Part {
    /// Rows with a number.
    pub rows: u64,
    /// Σ of the numbers.
    pub sum: ExactSum,
}

/// Σ of number · weight, and Σ of the weights.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Weighted {
    /// Σ of number · weight.
    pub sum: ExactSum,
    /// Σ of the weights of rows with a number.
    pub weights: ExactSum,
}

/// One numeric column.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnRows {
    /// Rows with a finite number, including booleans.
    pub numbers: u64,
    /// Rows with a boolean; included in `numbers`.
    pub flags: u64,
    /// Rows whose number is NaN or infinite.
    pub not_finite: u64,
    /// Rows whose number is above 1, or below 0.
    pub beyond: u64,
    /// Rows with a number between 0.1 and 1. Fractions lie there, percentages usually do not.
    pub inside: u64,
    /// Σ of the numbers.
    pub values: ExactSum,
    /// Σ of |number|, for rounding bounds.
    pub sizes: ExactSum,
    /// Σ of their squares.
    pub squares: ExactSum,
    /// Lowest and highest number.
    pub range: Option<(f64, f64)>,
    /// The states of other fields in rows with a number.
    present: States,
    /// The rows of each group, by the field that defines the groups.
    pub groups: BTreeMap<String, BTreeMap<String, Part>>,
    /// The same sums, weighted by another column.
    pub weighted: BTreeMap<String, Weighted>,
    /// Rows and their Σ by cluster, by the field that names it.
    pub clusters: BTreeMap<String, Capped<u64, (u64, SignedSum), CLUSTERS>>,
}

impl ColumnRows {
    fn add(&mut self, number: f64, is_flag: bool) {
        self.numbers += 1;
        self.flags += u64::from(is_flag);
        self.beyond += u64::from(!(0.0..=1.0).contains(&number));
        self.inside += u64::from((0.1..=1.0).contains(&number));
        self.values.add(number);
        self.sizes.add(number.abs());
        self.squares.add_product(number, number);
        let (low, high) = self.range.unwrap_or((number, number));
        self.range = Some((low.min(number), high.max(number)));
    }

    fn merge(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.flags += other.flags;
        self.not_finite += other.not_finite;
        self.beyond += other.beyond;
        self.inside += other.inside;
        self.values.merge(&other.values);
        self.sizes.merge(&other.sizes);
        self.squares.merge(&other.squares);
        self.range = match (self.range, other.range) {
            (Some(own), Some(theirs)) => Some((own.0.min(theirs.0), own.1.max(theirs.1))),
            (own, theirs) => own.or(theirs),
        };
        self.present.merge(other.present);
        for (field, groups) in other.groups {
            let Some(own) = kept(&mut self.groups, &field, AXES) else { continue };
            for (group, part) in groups {
                if let Some(kept) = kept(own, &group, GROUPS) {
                    kept.rows += part.rows;
                    kept.sum.merge(&part.sum);
                }
            }
        }
        for (field, theirs) in other.clusters {
            if let Some(own) = kept(&mut self.clusters, &field, AXES) {
                own.merge(theirs, |own, theirs| {
                    own.0 += theirs.0;
                    own.1.merge(theirs.1);
                });
            }
        }
        for (field, theirs) in other.weighted {
            if let Some(own) = kept(&mut self.weighted, &field, AXES) {
                own.sum.merge(&theirs.sum);
                own.weights.merge(&theirs.weights);
            }
        }
    }
}

/// State of the plain fields in the rows of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RowColumns {
    /// Rows with at least one plain field.
    pub rows: u64,
    /// Numeric columns, by name.
    pub columns: BTreeMap<String, Box<ColumnRows>>,
    /// The states of fields in all rows.
    states: States,
    /// Statistics over several columns.
    pub joint: Joint,
    /// What formats found in the rows besides.
    pub facts: RowFacts,
}

impl RowColumns {
    /// Adds a row. `item` tells rows of one item from others.
    pub fn observe(&mut self, item: u64, row: &[RowField<'_>], facts: &[RowFact<'_>], origin: &dyn Origin) {
        self.facts.observe(facts, row, origin);
        if row.is_empty() {
            return;
        }
        self.rows += 1;
        self.joint.observe(item, row);
        let states: Vec<(&str, State)> =
            row.iter().filter_map(|field| Some((field.name.as_ref(), State::of(field)?))).collect();
        for (name, state) in &states {
            self.states.add(name, *state);
        }
        let groups: Vec<(&str, String)> = row.iter().filter_map(group).collect();
        let clusters: Vec<(&str, u64)> = row.iter().filter_map(cluster).collect();
        let weights: Vec<(&str, f64)> = row.iter().filter_map(weight).collect();
        for field in row {
            let Some(number) = field.number() else { continue };
            let Some(column) = kept(&mut self.columns, &field.name, COLUMNS) else { continue };
            if !number.is_finite() {
                column.not_finite += 1;
                continue;
            }
            column.add(number, matches!(field.value, FieldValue::Flag(_)));
            for (name, state) in &states {
                column.present.add(name, *state);
            }
            for (name, value) in &groups {
                let part = kept(&mut column.groups, name, AXES).and_then(|groups| kept(groups, value, GROUPS));
                if let Some(part) = part {
                    part.rows += 1;
                    part.sum.add(number);
                }
            }
            for (name, cluster) in &clusters {
                if let Some(clusters) = kept(&mut column.clusters, name, AXES) {
                    clusters.change(*cluster, |own| {
                        own.0 += 1;
                        own.1.add(number);
                    });
                }
            }
            for (name, weight) in weights.iter().filter(|(name, _)| *name != field.name) {
                if let Some(weighted) = kept(&mut column.weighted, name, AXES) {
                    weighted.sum.add_product(number, *weight);
                    weighted.weights.add(*weight);
                }
            }
        }
    }

    /// The numeric columns, by name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&String, &ColumnRows)> {
        self.columns.iter().map(|(name, rows)| (name, &**rows))
    }

    /// Adds the state of another worker.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (name, column) in other.columns {
            if let Some(own) = kept(&mut self.columns, &name, COLUMNS) {
                own.merge(*column);
            }
        }
        self.states.merge(other.states);
        self.joint.merge(other.joint);
        self.facts.merge(other.facts);
    }

    /// Whether exactly the rows without a number in a column say that something went wrong.
    #[must_use]
    pub fn have_failed(&self, name: &str) -> bool {
        let says_so = |(field, state): &(&str, State)| match state {
            State::Text | State::True => is_failure(field),
            State::False => is_success(field),
            State::Nothing => false,
        };
        self.shared(name).is_some_and(|shared| shared.iter().any(says_so))
    }

    /// The property that exactly the rows without a number in a column share, in words.
    #[must_use]
    pub fn left_out(&self, name: &str) -> Option<String> {
        let shared = self.shared(name)?;
        let says_why = |(field, state): &&(&str, State)| is_failure(field) && *state != State::Nothing;
        let (field, state) = shared.iter().find(says_why).or(shared.first())?;
        Some(match state {
            State::True => format!("`{field}` is true"),
            State::False => format!("`{field}` is false"),
            State::Nothing => format!("`{field}` is null"),
            State::Text => format!("they have `{field}`"),
        })
    }

    /// The states of other fields that exactly the rows without a number in a column have; None where there are no such rows.
    fn shared(&self, name: &str) -> Option<Vec<(&str, State)>> {
        let column = self.columns.get(name)?;
        let left = self.rows.checked_sub(column.numbers).filter(|left| *left > 0)?;
        let mut shared: Vec<(&str, State)> = Vec::new();
        for field in self.states.fields.keys().filter(|field| *field != name) {
            let of_left = State::ALL
                .into_iter()
                .find(|state| self.states.count(field, *state) == left && column.present.count(field, *state) == 0);
            shared.extend(of_left.map(|state| (field.as_str(), state)));
        }
        Some(shared)
    }
}

/// The group of a row according to a field.
fn group<'f>(field: &'f RowField<'_>) -> Option<(&'f str, String)> {
    let FieldValue::Text(text) = field.value else { return None };
    let text = field.is_named(&GROUPING).then(|| text.decoded()).filter(|text| text.len() <= LONGEST)?;
    Some((field.name.as_ref(), text.into_owned()))
}

/// The cluster that a field puts its row into.
fn cluster<'f>(field: &'f RowField<'_>) -> Option<(&'f str, u64)> {
    field
        .is_named(&CLUSTERING)
        .then(|| label(&field.value))
        .flatten()
        .map(|own| (field.name.as_ref(), answer_hash(&own)))
}

/// The weight that a field gives to its row.
fn weight<'f>(field: &'f RowField<'_>) -> Option<(&'f str, f64)> {
    let FieldValue::Number(number) = field.value else { return None };
    let is_weight = number.is_finite() && number >= 0.0 && field.is_named(&WEIGHING);
    is_weight.then_some((field.name.as_ref(), number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::alike::tests::Nowhere;
    use crate::model::Text;

    fn row(at: usize) -> Vec<RowField<'static>> {
        let field = |name: &'static str, value: FieldValue<'static>| RowField::new(name.into(), value);
        let failed = at.is_multiple_of(5);
        vec![
            field("score", if failed { FieldValue::Nothing } else { FieldValue::Number(at as f64 / 16.0) }),
            field("error", if failed { FieldValue::Text(Text::plain("timeout")) } else { FieldValue::Nothing }),
            field("category", FieldValue::Text(Text::plain(["a", "b", "c"][at % 3]))),
            field("weight", FieldValue::Number((at % 4) as f64)),
        ]
    }

    fn of(rows: impl Iterator<Item = usize>) -> RowColumns {
        let mut all = RowColumns::default();
        rows.for_each(|at| all.observe(at as u64, &row(at), &[], &Nowhere));
        all
    }

    #[test]
    fn rows_in_any_order_and_partition_give_the_same() {
        let whole = of(0..40);
        let mut parts = of((20..40).rev());
        parts.merge(of(0..20));
        assert_eq!(whole, parts);
        assert_eq!(whole.left_out("score").as_deref(), Some("they have `error`"));
        assert_eq!(whole.columns["score"].numbers, 32);
    }
}
