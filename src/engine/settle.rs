//! Repeats passes until the plans of the last one are what it measured.
//!
//! The one place that decides when an audit is done: for inputs that are read, inputs that grow, and parts that were audited
//! elsewhere.

use std::collections::BTreeMap;

use crate::audit::{FilePlan, RunEvidence};
use crate::run::{InputIdentity, RunId, assign};
use crate::tally::KeptRef;

/// Passes after which the plan is taken as it is; few suffice by construction (resolution, convention, casts, search). The
/// first may be one that was there: that of an input which was read as a whole.
const PASSES: usize = 6;

/// Inputs that can be audited under plans.
pub trait Passes {
    /// What keeps a pass from happening.
    type Error;

    /// Audits some of the inputs under their plans, in place of what they gave before.
    fn pass(&mut self, plans: &[FilePlan], stale: &[usize]) -> Result<(), Self::Error>;

    /// What an input gave.
    fn tally(&self, at: usize) -> Option<KeptRef<'_>>;
}

/// What settled: the plans of the last pass, and the run of each input.
pub struct Settled {
    /// The plan of each input.
    pub plans: Vec<FilePlan>,
    /// The run of each input.
    pub runs: Vec<RunId>,
}

/// Audits the `stale` inputs, then those whose plan turns out to be another one, until none is left.
pub fn settle<P: Passes>(
    passes: &mut P,
    identities: &[InputIdentity],
    mut plans: Vec<FilePlan>,
    mut stale: Vec<usize>,
) -> Result<Settled, P::Error> {
    let mut runs: Option<Vec<RunId>> = None;
    for _ in 0..PASSES {
        passes.pass(&plans, &stale)?;
        // Which items an input holds does not depend on its plan.
        let known = runs.get_or_insert_with(|| assign(identities, |at| passes.tally(at)));
        let next = next(passes, &plans, known);
        stale = (0..plans.len()).filter(|at| next[*at] != plans[*at]).collect();
        if stale.is_empty() {
            break;
        }
        plans = next;
    }
    Ok(Settled { plans, runs: runs.unwrap_or_default() })
}

/// The plans that a pass with these results should have followed.
fn next<P: Passes>(passes: &P, plans: &[FilePlan], runs: &[RunId]) -> Vec<FilePlan> {
    let mut evidence: BTreeMap<&RunId, RunEvidence> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        if let Some(own) = passes.tally(at) {
            evidence.entry(run).or_default().add(&own.get());
        }
    }
    evidence.values_mut().for_each(RunEvidence::conclude);
    let after = |(at, plan): (usize, &FilePlan)| {
        let run = runs.get(at).and_then(|run| evidence.get(run));
        match (passes.tally(at), run) {
            (Some(own), Some(run)) => plan.after(&own.get(), run),
            _ => plan.clone(),
        }
    };
    plans.iter().enumerate().map(after).collect()
}
