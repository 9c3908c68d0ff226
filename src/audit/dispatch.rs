//! The rules that look at rows, grouped by scope.

use crate::rules::{CandidateView, Catalogue, Check, Fields, ItemView, Observer, StepView};

type StepCheck = fn(&StepView<'_>, &mut Observer<'_>);
type CandidateCheck = fn(&CandidateView<'_>, &mut Observer<'_>);
type ItemCheck = fn(&ItemView<'_>, &mut Observer<'_>);

/// Rules with their index in the catalogue and the fields that they need, looked up once per input.
#[derive(Default)]
pub(super) struct Dispatch {
    pub(super) steps: Vec<(usize, StepCheck, Fields)>,
    pub(super) candidates: Vec<(usize, CandidateCheck, Fields)>,
    pub(super) items: Vec<(usize, ItemCheck, Fields)>,
    /// Rules about steps that can be recomputed.
    pub(super) recomputing: Vec<usize>,
}

impl Dispatch {
    /// The rules of a catalogue.
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let mut dispatch = Self::default();
        for (index, rule) in catalogue.rules().iter().enumerate() {
            let fields = rule.page().fields();
            if rule.recomputes {
                dispatch.recomputing.push(index);
            }
            match rule.check {
                Check::Step(check) => dispatch.steps.push((index, check, fields)),
                Check::Candidate(check) => dispatch.candidates.push((index, check, fields)),
                Check::Item(check) => dispatch.items.push((index, check, fields)),
                Check::Run(_) | Check::None => {}
            }
        }
        dispatch
    }
}
