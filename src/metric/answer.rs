//! The result of deriving a metric that a pipeline reported for a run: a number, or why there is none.

use std::collections::BTreeMap;

use crate::metric::aggregate::Derived;
use crate::metric::columns::RowColumns;
use crate::metric::rows::MetricRows;
use crate::metric::tokens::TokenTotals;
use crate::model::RunClaim;
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit};

/// Why a number cannot be decided, and what to log to change that.
pub type Missing = (&'static str, &'static str);

pub(super) const NO_ROWS: Missing = ("no rows of this metric are logged beside it", "the value of every row");
pub(super) const NO_FORMULA: Missing =
    ("its aggregation has no closed form over the rows", "the aggregation as a formula");
pub(super) const RANDOM: Missing =
    ("its standard error is bootstrapped or has no formula", "the seed and the replicates, or nothing");
pub(super) const NO_VALUE: Missing = ("the claim has no value", "the number");
pub(super) const SAMPLE: Missing =
    ("the rows may be only some of those it covers", "every row, or the n of these rows");
pub(super) const LOST: Missing =
    ("some of its records could not be read, and the others do not give it", "every record, complete (RT708)");
pub(super) const DOUBLED: Missing = ("rows appear twice in the log", "every row once");
pub(super) const CUSTOM: Missing = ("the task's own code computes it", "the formula in the task's documentation");
pub(super) const NO_TOKENS: Missing = ("it is unclear which tokens it counts", "log-probs of one candidate per item");
pub(super) const NO_MEMBERS: Missing =
    ("it is unclear how the group's tasks are weighted", "every task of the group, with its n");
pub(super) const FEW: Missing = ("a standard error needs two rows", "more than one row");
const NUMBERS: Missing =
    ("pick and gold are numbers, which may count from different starts", "whether each row is correct");
const ROWS_WRONG: Missing = ("the rows beneath it are inconsistent", "rows that match their picks");

/// Why the known correct items may differ from those that the pipeline counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The reported correctness of at least one item contradicts its pick.
    Contradicted,
    /// Correctness is known only from comparing the numbers of pick and gold.
    Numbers,
}

impl Doubt {
    pub(super) fn missing(self) -> Missing {
        match self {
            Self::Contradicted => ROWS_WRONG,
            Self::Numbers => NUMBERS,
        }
    }
}

/// Facts from the rows of a stream, used to derive the metrics of the run.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'s> {
    /// Values of single items, by metric name.
    pub rows: &'s BTreeMap<String, MetricRows>,
    /// Plain fields of the rows.
    pub columns: &'s RowColumns,
    /// Totals over the tokens of all candidates.
    pub tokens: &'s TokenTotals,
    /// Number of items.
    pub items: u64,
    /// Items without a value for any metric.
    pub unmeasured: u64,
    /// Correct items, and items with known correctness: as reported, otherwise from pick and gold.
    pub right: Option<(u64, u64)>,
    /// Why the correct items may differ from those that the pipeline counted.
    pub doubt: Option<Doubt>,
    /// Whether segments are logged. It is then uncertain which segments a metric covers.
    pub has_segments: bool,
    /// Whether rows appear twice in the log.
    pub is_doubled: bool,
}

/// A reported metric and its context.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The claim.
    pub claim: &'a RunClaim,
    /// Its number.
    pub printed: Printed,
    /// The number of rows stated by the pipeline.
    pub counted: Option<f64>,
    /// Facts from the rows.
    pub facts: &'a RunFacts<'a>,
    /// All metrics reported for the same rows.
    pub beside: &'a [&'a RunClaim],
}

impl Asked<'_> {
    /// The number under a name in the same summary.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let claim = self.beside.iter().find(|claim| claim.of.metric == name && !claim.of.stderr)?;
        Printed::parse(claim.value.as_bytes()).map(|number| number.value)
    }

    /// The same for a number that may have been rounded to a whole one before `.0` was printed behind it.
    #[must_use]
    pub fn at_least(&self) -> Approx {
        let is_whole =
            self.printed.decimals == 1 && self.printed.value.fract() == 0.0 && self.printed.value.abs() > 1.0;
        if is_whole { self.reported().widened(0.45) } else { self.reported() }
    }

    /// The reported number, with half of its last digit.
    #[must_use]
    pub fn reported(&self) -> Approx {
        Approx::new(self.printed.value, half_of_last_digit(self.printed.decimals)).stored(NumberFormat::F64)
    }
}

/// The number that the rows give for a claim, or why they give none.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A number.
    Derived(Derived),
    /// A number that proves the claim if it matches. A difference refutes nothing, because other values may be
    /// included.
    Maybe(Derived, Missing),
    /// Nothing.
    Missing(Missing),
}

impl Answer {
    /// A metric of the tokens. It is certain if every item has one candidate and all of its tokens count.
    pub(super) fn of_tokens(facts: &RunFacts<'_>, value: Approx, definition: &str) -> Self {
        let derived = Derived::new(value.through_stages(NumberFormat::F64), definition);
        let single = facts.tokens.candidates == facts.items && facts.tokens.candidates > 0;
        if single && !facts.has_segments { Self::Derived(derived) } else { Self::Maybe(derived, NO_TOKENS) }
    }

    /// The same number, but a difference no longer refutes the claim.
    pub(super) fn doubted(self, missing: Missing) -> Self {
        match self {
            Self::Derived(derived) => Self::Maybe(derived, missing),
            other => other,
        }
    }

    /// The same number in another unit.
    pub(super) fn scaled(self, factor: f64, definition: &str) -> Self {
        let scale = |derived: Derived| Derived::new(derived.value.scaled(factor), definition);
        match self {
            Self::Derived(derived) => Self::Derived(scale(derived)),
            Self::Maybe(derived, missing) => Self::Maybe(scale(derived), missing),
            Self::Missing(missing) => Self::Missing(missing),
        }
    }
}
