//! A metric identified by its names.

use crate::metric::answer::{Answer, Asked};
use crate::metric::found::Found;
use crate::metric::wrong::Variant;
use crate::model::{Aggregation, Definition};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any number.
    Number,
    /// Between 0 and 1.
    Fraction,
    /// A whole number.
    Count,
    /// The number of items.
    Items,
}

/// The number of a run from the fields of its rows; None where they lack what it takes.
pub(super) type OfColumns = fn(&Asked<'_>) -> Option<Found>;

/// A metric that is known by its names.
pub struct Metric {
    /// Its names. A name that ends with `@` is a prefix: `pass@` matches `pass@1`.
    pub(super) names: &'static [&'static str],
    /// The kind of number.
    pub kind: Kind,
    /// Row-level definition for an item with several candidates.
    pub(super) several: Option<&'static Definition<'static>>,
    /// Row-level definition for an item with one candidate.
    pub(super) single: Option<&'static Definition<'static>>,
    /// Default aggregation of the rows.
    pub aggregation: Option<Aggregation>,
    /// Derives the metric from items and tokens, if no rows of it are logged.
    pub(super) of_run: Option<fn(&Asked<'_>) -> Answer>,
    /// Derives its standard error in the same way.
    pub(super) stderr_of_run: Option<fn(&Asked<'_>) -> Answer>,
    /// The number of a run from the plain fields of its rows; None where they lack what it takes.
    pub(super) of_columns: Option<OfColumns>,
    /// The wrong ways to compute it that are known, the most telling first.
    pub(super) variants: &'static [Variant],
    /// Whether a summary in a separate file may report it.
    pub(super) in_summaries: bool,
}

impl Metric {
    /// A metric with default properties.
    pub(super) const fn new(names: &'static [&'static str], kind: Kind) -> Self {
        Self {
            names,
            kind,
            several: None,
            single: None,
            aggregation: None,
            of_run: None,
            stderr_of_run: None,
            of_columns: None,
            variants: &[],
            in_summaries: false,
        }
    }

    /// The definition of a row's value.
    #[must_use]
    pub fn of_row(&self, candidates: usize) -> Option<&'static Definition<'static>> {
        match candidates {
            0 => None,
            1 => self.single,
            _ => self.several,
        }
    }

    /// Whether the value of a row says that the item is correct or incorrect.
    #[must_use]
    pub fn says_right(&self) -> bool {
        [self.several, self.single].into_iter().flatten().any(Definition::is_choice)
    }

    /// The metric derived from items and tokens; None if that is not possible.
    pub(super) fn of_run(&self, asked: &Asked<'_>) -> Option<Answer> {
        Some(self.of_run?(asked))
    }

    /// Its standard error derived from items and tokens; None if that is not possible.
    pub(super) fn stderr_of_run(&self, asked: &Asked<'_>) -> Option<Answer> {
        Some(self.stderr_of_run?(asked))
    }

    /// Whether it is the share of correct items when no rows of it are logged.
    pub(super) fn is_share_of_items(&self) -> bool {
        self.stderr_of_run.is_some()
    }
}
