//! The assumptions of a pass over an input: resolutions of columns, conventions, whether to search.
//!
//! Resolutions are a property of whole columns, known only after the last row. A pass therefore assumes resolutions
//! (guessed from the first rows) and measures them. It is repeated in the rare case that the guess was wrong, or if
//! refuted rows require the search over all formulas. The last pass has assumed exactly what it measured, so the result
//! does not depend on the guess.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::audit::search::{Around, FITTED, find};
use crate::config::ColumnSpec;
use crate::formula::{Cast, Casts, Formula, Grammar, GrammarEntry, Needs, SequenceFacts, StepResolutions};
use crate::model::{Candidate, ColumnId, ColumnKey, StatedTotals, stable_hash};
use crate::numeric::{Approx, Printed, Resolution, Tolerance};
use crate::tally::{CastStats, Closeness, FileTally, Join, Large, Measured, OpenRows, StreamKey, Sureness, add_each};

/// Number of formulas whose joint fit is tracked per row: one per bit of a set.
pub const PRINCIPAL: usize = 128;

/// The plan for one column of claims.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    /// The column and its accepted formulas, shared by all plans for it.
    pub spec: Arc<ColumnSpec>,
    /// Resolution of the claims.
    pub resolution: Resolution,
    /// Index of the accepted formula that is this log's convention.
    pub chosen: usize,
    /// Casts found in the claims.
    pub casts: Casts,
    /// Formulas found in the claims and tried in addition to the enumerated ones: rarer ones, with constants, after
    /// casts.
    pub fitted: Vec<GrammarEntry>,
    /// The formulas to try on every row; None while no row is refuted.
    pub grammar: Option<Arc<Grammar>>,
}

/// Plans are compared once per input, so shared parts are compared by pointer.
impl PartialEq for ColumnPlan {
    fn eq(&self, other: &Self) -> bool {
        let Self { spec, resolution, chosen, casts, fitted, grammar } = other;
        let is_same_grammar = match (&self.grammar, grammar) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other) || own == other,
            (own, other) => own.is_none() && other.is_none(),
        };
        self.chosen == *chosen
            && self.resolution == *resolution
            && self.casts == *casts
            && self.fitted == *fitted
            && (Arc::ptr_eq(&self.spec, spec) || self.spec == *spec)
            && is_same_grammar
    }
}

impl ColumnPlan {
    /// Whether it is the plan of a column without claims.
    fn is_untouched(&self, declared: &Tolerance) -> bool {
        let declared = self.spec.tolerance.unwrap_or(declared.absolute);
        let plain = self.chosen == 0 && self.casts.is_empty() && self.fitted.is_empty() && self.grammar.is_none();
        plain && self.resolution == Resolution { declared, ..Resolution::exact() }
    }

    /// The formula that the column is checked against.
    #[must_use]
    pub fn convention(&self) -> Formula {
        self.spec.accepted.get(self.chosen).copied().unwrap_or(Formula::SUM)
    }

    /// Whether the candidate with the lowest value is the best: as declared by the user, otherwise by the convention.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        self.spec.lower.unwrap_or_else(|| self.convention().lower_is_better())
    }
}

/// The plan for one input.
#[derive(Clone, Debug, Default)]
pub struct FilePlan {
    /// Resolutions of the step-level columns.
    pub steps: StepResolutions,
    /// Columns of claims, by index. Inputs with equal plans share them.
    pub columns: Arc<[ColumnPlan]>,
    /// Tolerance declared by the user for all numbers.
    pub declared: Tolerance,
    /// Whether the records of one item are not contiguous, so that all items must be kept until the end.
    pub gather: bool,
}

impl PartialEq for FilePlan {
    fn eq(&self, other: &Self) -> bool {
        let Self { steps, columns, declared, gather } = other;
        let is_alike = (&self.steps, &self.declared, self.gather) == (steps, declared, *gather);
        // Inputs with equal plans share their columns, and there are many of both.
        is_alike && (Arc::ptr_eq(&self.columns, columns) || self.columns == *columns)
    }
}

/// Identity of an item in the set of judged items.
pub(super) fn item_key(id: &str) -> u64 {
    stable_hash(id)
}

/// Evidence from all inputs of one run, for their common plan.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RunEvidence {
    /// Evidence from the claims of each column.
    columns: BTreeMap<ColumnKey, ColumnEvidence>,
    /// Whether an item was judged before all of its records were read.
    scattered: bool,
    /// The items of each stream that are spread over records.
    items: BTreeMap<StreamKey, Large<u64, Parts>>,
    /// Plans made from this evidence after rows were refuted. The files of a run are mostly planned alike, and a search for
    /// formulas takes longer than a short file.
    known: RefCell<Vec<Replanned>>,
}

/// What became of the plan of a column.
#[derive(Clone, Debug, PartialEq)]
struct Replanned {
    before: ColumnPlan,
    measured: Measure,
    after: ColumnPlan,
}

/// What an input says of a column's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measure {
    /// Of the claims.
    resolution: Resolution,
    /// Whether the resolutions of the steps are those of the plan.
    steps_hold: bool,
}

/// Plans of one run that are remembered.
const KNOWN: usize = 64;

/// How the records of an item arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    /// Number of times that it was judged because the next item began.
    closed: u32,
    /// Whether a part of it waits for the end.
    open: bool,
}

impl Parts {
    /// Whether it was judged before all of its records were read.
    fn is_scattered(self) -> bool {
        self.closed > 1 || (self.closed == 1 && self.open)
    }
}

impl Join for Parts {
    fn join(&mut self, other: Self) {
        self.closed += other.closed;
        self.open |= other.open;
    }
}

/// Evidence from the claims of one column.
#[derive(Clone, Debug, PartialEq, Default)]
struct ColumnEvidence {
    /// Rows that each accepted formula explains.
    explained: Vec<u64>,
    /// Judged rows.
    judged: u64,
    /// How closely rows agree with the convention.
    closeness: Closeness,
    /// Evidence for casts under each accepted formula.
    casts: Vec<CastStats>,
    /// Refuted rows that no enumerated formula explains.
    beyond: u64,
    /// A sample of the refuted rows; `open` samples those that no enumerated formula explains.
    contradicted: OpenRows,
    open: OpenRows,
}

/// 1 ÷ the share of rows that an accepted formula may explain by chance.
const BY_CHANCE: u64 = 20;

impl ColumnEvidence {
    /// The accepted formula that explains the most rows, including casts of its results; of equals, the first.
    fn chosen(&self) -> usize {
        let rows = |at: usize| {
            let cast = self.casts.get(at).filter(|stats| stats.best(self.judged).is_some());
            self.explained.get(at).copied().unwrap_or(0).max(cast.map_or(0, CastStats::follow))
        };
        let most = (0..self.explained.len()).map(rows).max().unwrap_or(0);
        if most * BY_CHANCE < self.judged {
            return 0;
        }
        (0..self.explained.len()).find(|at| rows(*at) == most).unwrap_or(0)
    }

    /// The cast found in the claims under an accepted formula.
    fn casts(&self, plan: &ColumnPlan) -> Casts {
        let best = |stats: &CastStats| stats.best(self.judged);
        let accepted = plan.spec.accepted.iter().zip(&self.casts).filter_map(|(formula, stats)| {
            let (cast, sureness) = best(stats)?;
            Some(((sureness == Sureness::Granted, stats.follow()), *formula, cast))
        });
        // Among the granted casts, otherwise the possible ones, the one that explains the most rows; of equals, the
        // first.
        let accepted = accepted.fold(None, |kept: Option<((bool, u64), Formula, Cast)>, next| match kept {
            Some(known) if known.0 >= next.0 => kept,
            _ => Some(next),
        });
        accepted.map_or_else(Casts::default, |(_, formula, cast)| Casts::under(formula, cast))
    }
}

/// Position of the formulas with constants in the grammar: the last ones tracked per row.
pub(super) const FITTED_AT: usize = PRINCIPAL - FITTED;

/// The formulas to try on a column's rows around its convention, including those with constants.
#[must_use]
pub fn search(spec: &ColumnSpec, chosen: usize, fitted: &[GrammarEntry]) -> Option<Arc<Grammar>> {
    let convention = *spec.accepted.get(chosen)?;
    let others = as_right(spec, &convention);
    Some(Arc::new(Grammar::around_any(convention, &others).with(fitted, FITTED_AT)))
}

/// Accepted formulas with another reduction than the convention. A loss is a sum or a mean, and a formula may be two
/// deviations from one and three from the other.
fn as_right(spec: &ColumnSpec, convention: &Formula) -> Vec<Formula> {
    let is_other = |other: &Formula| other.reduce != convention.reduce && other.scale == convention.scale;
    spec.accepted.iter().copied().filter(is_other).collect()
}

/// Maximum share of judged rows that stay unexplained before constants are solved for.
const UNEXPLAINED: f64 = 0.02;

impl ColumnEvidence {
    /// The next plan of the column, and whether rows that are refuted called for a search.
    fn after(&self, plan: &ColumnPlan, measured: Measure) -> (ColumnPlan, bool) {
        let Measure { resolution, steps_hold } = measured;
        let holds = steps_hold && resolution == plan.resolution;
        let chosen = self.chosen();
        let best = self.explained.get(chosen).copied().unwrap_or(0);
        // Casts and formulas are searched only in rows that are refuted under the measured resolutions.
        let searched = best < self.judged || self.closeness.undecided() > 0;
        let casts =
            if holds && (best < self.judged || !plan.casts.is_empty()) { self.casts(plan) } else { Casts::default() };
        let keeps = holds && chosen == plan.chosen;
        let fitted = if keeps && casts == plan.casts { self.beyond_grammar(plan) } else { Vec::new() };
        let grammar = match &plan.grammar {
            Some(grammar) if keeps && fitted == plan.fitted => Some(Arc::clone(grammar)),
            _ if searched && holds && casts == plan.casts => search(&plan.spec, chosen, &fitted),
            _ => None,
        };
        let fitted = if grammar.is_some() { fitted } else { Vec::new() };
        (ColumnPlan { spec: Arc::clone(&plan.spec), resolution, chosen, casts, fitted, grammar }, searched)
    }

    /// Formulas with constants or casts, and rarer ones, that may explain rows beyond the enumerated formulas.
    fn beyond_grammar(&self, plan: &ColumnPlan) -> Vec<GrammarEntry> {
        let Some(grammar) = plan.grammar.as_deref() else { return Vec::new() };
        if self.beyond as f64 <= UNEXPLAINED * self.judged as f64 {
            return Vec::new();
        }
        let convention = plan.convention();
        let casts = match plan.casts.cast() {
            // Both stages are equivalent for an undivided sum.
            Some(Cast { format, .. }) => Cast::ALL.into_iter().filter(|cast| cast.format == format).map(Some).collect(),
            None => {
                let coarser = Cast::ALL.into_iter().filter(|cast| cast.format < plan.resolution.stored);
                std::iter::once(None).chain(coarser.map(Some)).collect::<Vec<Option<Cast>>>()
            }
        };
        let others = plan.spec.accepted.iter().copied().filter(|other| *other != convention).collect();
        let around = Around { convention, others, casts, granted: plan.casts };
        let known = grammar.entries().get(..FITTED_AT).unwrap_or_default();
        find(self.contradicted.kept(), self.open.kept(), &around, known)
    }
}

impl RunEvidence {
    /// The evidence from one input.
    #[must_use]
    pub fn of(tally: &FileTally) -> Self {
        let mut evidence = Self::default();
        evidence.add(tally);
        evidence.conclude();
        evidence
    }

    /// Adds the evidence from an input of the run.
    pub fn add(&mut self, tally: &FileTally) {
        for (key, stream) in &tally.streams {
            for (column, own) in &stream.columns {
                let evidence = match self.columns.get_mut(column) {
                    Some(known) => known,
                    None => self.columns.entry(column.clone()).or_default(),
                };
                add_each(&mut evidence.explained, &own.accepted);
                evidence.judged += own.judged;
                evidence.beyond += own.beyond;
                if own.beyond > 0 {
                    evidence.contradicted.merge(own.contradicted.clone());
                    evidence.open.merge(own.open.clone());
                }
                evidence.closeness.merge(&own.closeness);
                CastStats::merge_each(&mut evidence.casts, &own.casts);
            }
            if self.scattered || (stream.rows.closed.is_empty() && stream.open.is_empty()) {
                continue;
            }
            let items = self.items.entry(key.clone()).or_default();
            items.extend(stream.rows.closed.iter().map(|(item, closed)| (item, Parts { closed, open: false })));
            items.extend(stream.open.ids().map(|id| (item_key(&id), Parts { closed: 0, open: true })));
        }
    }

    /// Whether nearly all claims of some column, and at least so many, follow from what is beneath them: by an accepted formula,
    /// or by any where the plan of the pass searched for one.
    #[must_use]
    pub fn is_explained(&self, plan: &FilePlan, fewest: u64) -> bool {
        self.columns.iter().any(|(column, own)| {
            let by_accepted = own.explained.iter().copied().max().unwrap_or(0);
            let is_searched = plan.column(column).is_some_and(|plan| plan.grammar.is_some());
            let by_any = if is_searched { own.judged.saturating_sub(own.beyond) } else { 0 };
            own.judged >= fewest && 10 * by_accepted.max(by_any) >= 9 * own.judged
        })
    }

    /// Determines whether items are scattered, after all inputs of the run were added.
    pub fn conclude(&mut self) {
        self.scattered |= std::mem::take(&mut self.items).values().flat_map(Large::values).any(Parts::is_scattered);
    }
}

impl FilePlan {
    /// The plan of a column.
    #[must_use]
    pub fn column(&self, key: &ColumnKey) -> Option<&ColumnPlan> {
        self.columns.iter().find(|plan| plan.spec.column == *key)
    }

    /// Fills in the logged totals that a claim follows from, with the error of their digits. Returns whether there are
    /// any. A total does not follow from itself; if tokens are logged as well, the total follows from them.
    pub fn fill_beneath(&self, candidate: &Candidate<'_>, column: ColumnId, facts: &mut SequenceFacts) -> bool {
        let value = |(from, printed): (ColumnId, Printed)| {
            let plan = self.columns.get(usize::from(from.0)).filter(|_| !self.declared.exact_digits);
            plan.map_or(Approx::exact(printed.value), |plan| Approx::of_column(&printed, &plan.resolution))
        };
        if let Some(logged) = candidate.logged_total.filter(|total| total.column != column) {
            facts.fill_from_total(candidate, &logged, value((logged.column, logged.total)));
            return true;
        }
        // Other stated numbers derive from the total. Without a total or a token count, values per token derive from
        // the mean.
        let StatedTotals { total, mean, tokens } = candidate.stated;
        let is_root = |stated: Option<(ColumnId, Printed)>| stated.is_some_and(|(from, _)| from == column);
        let counted = tokens.is_some_and(|count| count > 0);
        if is_root(total) || (is_root(mean) && !(total.is_some() && counted)) || (total.is_none() && mean.is_none()) {
            return false;
        }
        facts.fill_from_stated(candidate, total.map(value), mean.map(value), tokens);
        true
    }

    /// Inputs of the accepted formulas of all columns.
    #[must_use]
    pub fn needs(&self) -> Needs {
        Needs::of(self.columns.iter().flat_map(|column| &column.spec.accepted))
    }

    /// The initial plan.
    #[must_use]
    pub fn new(specs: &[ColumnSpec], declared: Tolerance) -> Self {
        let columns = specs
            .iter()
            .map(|spec| ColumnPlan {
                spec: Arc::new(spec.clone()),
                resolution: Resolution::exact(),
                chosen: 0,
                casts: Casts::default(),
                fitted: Vec::new(),
                grammar: None,
            })
            .collect();
        Self { steps: StepResolutions::default(), columns, declared, gather: false }
    }

    /// The part of the plan that another input with the same columns may start from: the resolutions.
    #[must_use]
    pub fn start(&self) -> Self {
        let start = |plan: &ColumnPlan| ColumnPlan { chosen: 0, ..plan.clone() };
        let unsearched = self.unsearched();
        let columns = if unsearched.columns.iter().all(|plan| plan.chosen == 0) {
            unsearched.columns
        } else {
            unsearched.columns.iter().map(start).collect()
        };
        Self { columns, gather: false, ..unsearched }
    }

    /// The same plan without casts and search, which depend on the rows of a whole run.
    #[must_use]
    pub fn unsearched(&self) -> Self {
        let is_plain = |plan: &ColumnPlan| plan.casts.is_empty() && plan.fitted.is_empty() && plan.grammar.is_none();
        let plain = |plan: &ColumnPlan| ColumnPlan {
            casts: Casts::default(),
            fitted: Vec::new(),
            grammar: None,
            ..plan.clone()
        };
        let columns = if self.columns.iter().all(is_plain) {
            Arc::clone(&self.columns)
        } else {
            self.columns.iter().map(plain).collect()
        };
        Self { columns, ..self.clone() }
    }

    /// The plan that a pass with these results should have used. Resolutions belong to the input; the convention and
    /// the need for a search are shared by all inputs of a run.
    #[must_use]
    pub fn after(&self, own: &FileTally, run: &RunEvidence) -> Self {
        let measured =
            |column: &Measured| own.resolutions.get(column).map_or(Resolution::exact(), |stats| stats.resolution());
        let operand = |column: Measured| Resolution { exact_digits: self.declared.exact_digits, ..measured(&column) };
        let steps = StepResolutions {
            logprob: operand(Measured::Logprob),
            prob: operand(Measured::Prob),
            logit: operand(Measured::Logit),
            top: operand(Measured::Top),
            vector: operand(Measured::Vector),
        };
        let steps_hold = steps == self.steps;
        let unseen = ColumnEvidence::default();
        let claims: Vec<(&ColumnKey, Resolution)> = own
            .resolutions
            .iter()
            .filter_map(|(measured, stats)| match measured {
                Measured::Claim(column) => Some((column, stats.resolution())),
                _ => None,
            })
            .collect();
        // Few are compared faster than they are looked up.
        let is_in_run = |column: &ColumnKey| match run.columns.len() {
            0..8 => run.columns.keys().any(|own| own == column),
            _ => run.columns.contains_key(column),
        };
        let after = |plan: &ColumnPlan| {
            let own = claims.iter().find(|(column, _)| **column == plan.spec.column);
            // Of the columns that a format may have, most are in no log.
            if own.is_none() && plan.is_untouched(&self.declared) && !is_in_run(&plan.spec.column) {
                return None;
            }
            let mut resolution = own.map_or(Resolution::exact(), |(_, resolution)| *resolution);
            resolution.declared = plan.spec.tolerance.unwrap_or(self.declared.absolute);
            let evidence = run.columns.get(&plan.spec.column).unwrap_or(&unseen);
            let measured = Measure { resolution, steps_hold };
            let is_known = |known: &&Replanned| known.measured == measured && known.before == *plan;
            if let Some(known) = run.known.borrow().iter().find(is_known) {
                return Some(known.after.clone());
            }
            let (after, searched) = evidence.after(plan, measured);
            let mut known = run.known.borrow_mut();
            if searched && known.len() < KNOWN {
                known.push(Replanned { before: plan.clone(), measured, after: after.clone() });
            }
            Some(after)
        };
        // Most plans hold. The columns are copied only if one of them changes.
        let mut columns: Option<Vec<ColumnPlan>> = None;
        for (at, plan) in self.columns.iter().enumerate() {
            if let Some(next) = after(plan)
                && next != *plan
                && let Some(plan) = columns.get_or_insert_with(|| self.columns.to_vec()).get_mut(at)
            {
                *plan = next;
            }
        }
        let columns = columns.map_or_else(|| Arc::clone(&self.columns), Into::into);
        Self { steps, columns, declared: self.declared, gather: self.gather || run.scattered }
    }

    /// One plan for the common parts of a run's inputs: each column is planned as in the first input that contains it.
    #[must_use]
    pub fn of_run<'p>(plans: impl Iterator<Item = &'p Self>) -> Self {
        let mut whole = Self::default();
        let mut columns: Vec<ColumnPlan> = Vec::new();
        let mut known: BTreeSet<&ColumnKey> = BTreeSet::new();
        let mut last: Option<&Self> = None;
        for plan in plans {
            if last.is_none() {
                (whole.steps, whole.declared) = (plan.steps, plan.declared);
            }
            whole.gather |= plan.gather;
            // Inputs with equal plans share their columns.
            if last.is_none_or(|last| !Arc::ptr_eq(&last.columns, &plan.columns)) {
                columns.extend(plan.columns.iter().filter(|column| known.insert(&column.spec.column)).cloned());
            }
            last = Some(plan);
        }
        whole.columns = columns.into();
        whole
    }
}
