//! What a pass over an input takes for granted: resolutions of columns, conventions, how hard to look.
//!
//! Resolutions are a property of whole columns, known only after the last row. A pass therefore assumes
//! them (guessed from the first rows), measures them, and is repeated in the rare case that the guess was
//! wrong or that contradictions call for the search over all formulas. The last pass has assumed exactly
//! what it measured, so the result does not depend on the guess.

use std::sync::Arc;

use crate::config::ColumnSpec;
use crate::formula::{Formula, Grammar, Needs, StepResolutions};
use crate::model::{Candidate, ColumnId, LoggedTotal};
use crate::numeric::{Approx, Resolution};
use crate::tally::{FileTally, Measured, StreamTally};

/// Formulas whose joint fit is tracked row by row: as many as there are bits in a set.
pub const PRINCIPAL: usize = 128;

/// The plan for one column of claims.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnPlan {
    /// The column and what is right for it.
    pub spec: ColumnSpec,
    /// Resolution of the claims.
    pub resolution: Resolution,
    /// Which of the accepted formulas is this log's convention.
    pub chosen: usize,
    /// The formulas to try on every row; None while nothing contradicts the convention.
    pub grammar: Option<Arc<Grammar>>,
}

impl ColumnPlan {
    /// The formula that the column is held to.
    #[must_use]
    pub fn convention(&self) -> Formula {
        self.spec.accepted.get(self.chosen).copied().unwrap_or(Formula::SUM)
    }
}

/// The plan for one input.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FilePlan {
    /// Resolutions of the step-level columns.
    pub steps: StepResolutions,
    /// Columns of claims, by index.
    pub columns: Vec<ColumnPlan>,
    /// Tolerance that the user declared for all claims, absolute.
    pub declared: f64,
    /// Whether the records of one item stand apart, so that all items must be kept until the end.
    pub gather: bool,
}

/// Identity of an item in the set of those that were judged.
pub(super) fn item_key(id: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(id, &mut hasher);
    std::hash::Hasher::finish(&hasher)
}

/// Whether an item of a run was judged although more of its records came.
fn is_scattered(group: &[&FileTally]) -> bool {
    let keys: std::collections::BTreeSet<_> = group.iter().flat_map(|tally| tally.streams.keys()).collect();
    keys.into_iter().any(|key| {
        let streams = || group.iter().filter_map(|tally| tally.streams.get(key));
        let mut closed = std::collections::BTreeSet::new();
        streams().flat_map(|stream| &stream.closed).any(|(id, times)| *times > 1 || !closed.insert(*id))
            || streams().flat_map(|stream| stream.open.keys()).any(|id| closed.contains(&item_key(id)))
    })
}

impl FilePlan {
    /// The logged total that a claim follows from, and its value with what its digits leave open. A total does not follow
    /// from itself; where tokens are logged as well, it is the total that follows from them.
    #[must_use]
    pub fn total_beneath(&self, candidate: &Candidate<'_>, column: ColumnId) -> Option<(LoggedTotal, Approx)> {
        let total = candidate.logged_total.filter(|total| total.column != column)?;
        let plan = self.columns.get(usize::from(total.column.0));
        let value =
            plan.map_or(Approx::exact(total.total.value), |plan| Approx::of_column(&total.total, &plan.resolution));
        Some((total, value))
    }

    /// What the accepted formulas of all columns start from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        Needs::of(self.columns.iter().flat_map(|column| &column.spec.accepted))
    }

    /// The plan before anything is known.
    #[must_use]
    pub fn new(specs: &[ColumnSpec], declared: f64) -> Self {
        let columns = specs
            .iter()
            .map(|spec| ColumnPlan { spec: spec.clone(), resolution: Resolution::exact(), chosen: 0, grammar: None })
            .collect();
        Self { steps: StepResolutions::default(), columns, declared, gather: false }
    }

    /// The same plan under a choice of conventions, with the search: each column takes the accepted formula at this
    /// place, or its last one.
    #[must_use]
    pub fn with(&self, choice: usize, gather: bool) -> Self {
        let columns = self.columns.iter().map(|column| {
            let chosen = choice.min(column.spec.accepted.len().saturating_sub(1));
            let changed = ColumnPlan { chosen, grammar: None, ..column.clone() };
            let grammar = Some(Arc::new(Grammar::around(changed.convention())));
            ColumnPlan { grammar, ..changed }
        });
        Self { columns: columns.collect(), gather, ..self.clone() }
    }

    /// The plan that a pass with these results should have followed. Resolutions are the input's own; the
    /// convention and the need for a search are shared by all inputs of a run.
    #[must_use]
    pub fn after(&self, own: &FileTally, group: &[&FileTally]) -> Self {
        let measured = |column| {
            own.resolutions.get(&column).map_or(Resolution::exact(), crate::numeric::ResolutionStats::resolution)
        };
        let steps = StepResolutions {
            logprob: measured(Measured::Logprob),
            prob: measured(Measured::Prob),
            logit: measured(Measured::Logit),
            top: measured(Measured::Top),
            vector: measured(Measured::Vector),
        };
        let resolutions_hold = steps == self.steps;
        let columns = (0_u16..)
            .zip(&self.columns)
            .map(|(index, plan)| {
                let id = crate::model::ColumnId(index);
                let mut resolution = measured(Measured::Claim(id));
                resolution.declared = plan.spec.tolerance.unwrap_or(self.declared);
                let streams = || {
                    let all = group.iter().flat_map(|tally| tally.streams.values());
                    all.filter_map(|stream: &StreamTally| stream.columns.get(&id))
                };
                let explained: Vec<u64> = (0..plan.spec.accepted.len())
                    .map(|at| streams().map(|column| column.accepted.get(at).copied().unwrap_or(0)).sum())
                    .collect();
                let judged: u64 = streams().map(|column| column.judged).sum();
                let best = explained.iter().copied().max().unwrap_or(0);
                let holds = resolutions_hold && resolution == plan.resolution;
                let chosen = explained.iter().position(|count| *count == best).unwrap_or(0);
                let contradicted = best < judged;
                let grammar = match &plan.grammar {
                    Some(grammar) if holds && chosen == plan.chosen => Some(Arc::clone(grammar)),
                    // Contradictions count only under the resolutions that the column has.
                    _ if contradicted && holds => {
                        plan.spec.accepted.get(chosen).map(|convention| Arc::new(Grammar::around(*convention)))
                    }
                    _ => None,
                };
                ColumnPlan { spec: plan.spec.clone(), resolution, chosen, grammar }
            })
            .collect();
        let gather = self.gather || is_scattered(group);
        Self { steps, columns, declared: self.declared, gather }
    }
}
