//! The scoreboard: one column of claims against every formula.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Located, Place, Span};
use crate::numeric::Approx;
use crate::tally::{CastStats, Closeness, Keyed, OpenRows, Residuals, Sample, Smallest};

/// Why a claim could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// No token-level values are logged.
    NoSteps,
    /// Some scored steps have no value.
    UnknownSteps,
    /// The claim itself is "no value".
    NoClaim,
    /// The rows of one candidate have different claims.
    SeveralClaims,
    /// The formula needs an operand that is not logged, such as the text for its bytes.
    NoOperand,
    /// The row lacks a field that other rows of its input have.
    NoField,
}

/// A formula that explains a row, with the values needed to write out its arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Index of the formula in the grammar.
    pub formula: u16,
    /// Its value, with its hard bound.
    pub derived: Approx,
    /// The reduced value before scale and output.
    pub base: f64,
    /// Its divisor.
    pub divisor: f64,
    /// Number of steps included.
    pub n: u32,
}

/// A row of the column that a report may display.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ClaimRow {
    /// The position of the claim.
    pub located: Located,
    /// The item's id.
    pub item: String,
    /// The candidate's id or position.
    pub candidate: String,
    /// The reported claim, with its half-quantum.
    pub claimed: Approx,
    /// The convention's value, if it could be derived.
    pub convention: Option<Fit>,
    /// Log-probs of the first scored steps.
    pub steps: Vec<f64>,
    /// Number of scored steps.
    pub n: u32,
    /// The formulas that explain the claim, simplest first; filled only in a search.
    pub fits: Vec<Fit>,
    /// The nearest formula, if none explains the claim.
    pub nearest: Option<Fit>,
}

impl Keyed for ClaimRow {
    type Key = Place;

    fn key(&self) -> Place {
        self.located.place.clone()
    }
}

/// Row counts of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FormulaCount {
    /// Rows within its bound.
    pub explained: u64,
    /// Rows in which it equals the convention within their bounds.
    pub undecidable: u64,
    /// Rows that it explains and in which it differs from the convention.
    pub decisive: u64,
    /// Rows that the convention explains and in which the two differ.
    pub against: u64,
    /// Rows in which the log has its operands.
    pub evaluated: u64,
    /// Rows in which the printed operands give the claim to its last digit.
    pub exact: u64,
    /// Rows in which the printed operands give the claim without any rounding; included in `exact`.
    pub identical: u64,
}

/// A place without its text, for the extent of a group of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowRef {
    /// Index of the input.
    pub file: u32,
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
    /// The item's id.
    pub item: String,
    /// The bytes of the claim.
    pub span: Option<Span>,
}

/// Rows explained by the same set of principal formulas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Number of rows.
    pub rows: u64,
    /// The first of them.
    pub first: RowRef,
    /// The last of them.
    pub last: RowRef,
}

impl Group {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.first = self.first.clone().min(other.first);
        self.last = self.last.clone().max(other.last);
    }
}

/// The state of one column of claims.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnTally {
    /// Rows that each accepted formula explains.
    pub accepted: Vec<u64>,
    /// Candidates with a claim of the column.
    pub candidates: u64,
    /// Rows in which the convention could be derived and compared.
    pub judged: u64,
    /// Judged rows whose first token has a log-prob of exactly 0, unlike at least one of the other tokens.
    pub starting_with_zero: u64,
    /// Judged rows without tokens, checked against other numbers of their record.
    pub stated: u64,
    /// Rows that no accepted formula explains.
    pub refuted: u64,
    /// How closely the rows that follow the convention agree with it.
    pub closeness: Closeness,
    /// Evidence for casts under each accepted formula.
    pub casts: Vec<CastStats>,
    /// Rows that agree only within rounding; the first ones.
    pub rounded_rows: Smallest<ClaimRow, 5>,
    /// Rows that could not be judged, by reason.
    pub gaps: BTreeMap<Gap, u64>,
    /// Claims that are exactly 0.
    pub zero: u64,
    /// Claims that are exactly 0 or null although the derived value is not 0 within its bound.
    pub zero_without_cause: u64,
    /// The interval of constants c with claim − derived = c possible in all judged rows.
    pub shift: Option<(f64, f64)>,
    /// Refuted rows; the first ones.
    pub rows: Smallest<ClaimRow, 5>,
    /// Refuted rows by the principal formula that explains them.
    pub rows_by_formula: BTreeMap<u16, Smallest<ClaimRow, 5>>,
    /// Rows with an end token; counted only in a search.
    pub with_end: u64,
    /// Rows with padding; counted only in a search.
    pub with_padding: u64,
    /// Counts per formula of the grammar; empty without a search.
    pub formulas: Vec<FormulaCount>,
    /// Rows by the set of principal formulas that explain them; empty without a search.
    pub groups: BTreeMap<u128, Group>,
    /// Refuted rows that no formula explains.
    pub unexplained: u64,
    /// Refuted rows that no formula without solved constants explains.
    pub beyond: u64,
    /// Some of the unexplained rows.
    pub unexplained_rows: Smallest<ClaimRow, 5>,
    /// A sample of the judged rows.
    pub sample: Sample,
    /// A sample of the refuted rows; empty without a search.
    pub contradicted: OpenRows,
    /// A sample of the refuted rows that no enumerated formula explains; empty without a search.
    pub open: OpenRows,
    /// Deviations of the claims from the convention.
    pub residuals: Residuals,
    /// Deviations from each principal formula; empty without a search.
    pub residuals_by_formula: Vec<Residuals>,
}

impl ColumnTally {
    /// Adds another part of the column.
    pub fn merge(&mut self, other: Self) {
        add_each(&mut self.accepted, &other.accepted);
        self.candidates += other.candidates;
        self.judged += other.judged;
        self.starting_with_zero += other.starting_with_zero;
        self.stated += other.stated;
        self.refuted += other.refuted;
        self.closeness.merge(&other.closeness);
        CastStats::merge_each(&mut self.casts, &other.casts);
        self.rounded_rows.merge(other.rounded_rows);
        for (gap, count) in other.gaps {
            *self.gaps.entry(gap).or_default() += count;
        }
        self.zero += other.zero;
        self.zero_without_cause += other.zero_without_cause;
        self.shift = intersect(self.shift, other.shift);
        self.rows.merge(other.rows);
        for (formula, rows) in other.rows_by_formula {
            self.rows_by_formula.entry(formula).or_default().merge(rows);
        }
        self.with_end += other.with_end;
        self.with_padding += other.with_padding;
        if self.formulas.len() < other.formulas.len() {
            self.formulas.resize(other.formulas.len(), FormulaCount::default());
        }
        for (mine, theirs) in self.formulas.iter_mut().zip(&other.formulas) {
            mine.explained += theirs.explained;
            mine.undecidable += theirs.undecidable;
            mine.decisive += theirs.decisive;
            mine.against += theirs.against;
            mine.evaluated += theirs.evaluated;
            mine.exact += theirs.exact;
            mine.identical += theirs.identical;
        }
        for (set, group) in other.groups {
            self.add_group(set, group);
        }
        self.unexplained += other.unexplained;
        self.beyond += other.beyond;
        self.unexplained_rows.merge(other.unexplained_rows);
        self.sample.merge(other.sample);
        self.contradicted.merge(other.contradicted);
        self.open.merge(other.open);
        self.residuals.merge(&other.residuals);
        if self.residuals_by_formula.len() < other.residuals_by_formula.len() {
            self.residuals_by_formula.resize(other.residuals_by_formula.len(), Residuals::default());
        }
        for (mine, theirs) in self.residuals_by_formula.iter_mut().zip(&other.residuals_by_formula) {
            mine.merge(theirs);
        }
    }

    /// Counts rows for the set of formulas that explain them.
    pub fn add_group(&mut self, set: u128, group: Group) {
        match self.groups.entry(set) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(group);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => slot.get_mut().merge(group),
        }
    }

    /// Narrows the interval of possible constant shifts by one row.
    pub fn narrow_shift(&mut self, difference: f64, bound: f64) {
        self.shift = intersect(self.shift, Some((difference - bound, difference + bound)));
    }

    /// Number of claims in the column.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.judged + self.gaps.values().sum::<u64>()
    }
}

/// Adds counts by position; the longer list determines the length.
pub(crate) fn add_each(mine: &mut Vec<u64>, theirs: &[u64]) {
    if mine.len() < theirs.len() {
        mine.resize(theirs.len(), 0);
    }
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine += theirs;
    }
}

fn intersect(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.max(b.0), a.1.min(b.1))),
        (one, other) => one.or(other),
    }
}
