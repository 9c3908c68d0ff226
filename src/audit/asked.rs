//! The rules' observations of one stream so far.

use crate::rules::Catalogue;
use crate::tally::{Observed, StreamTally};

/// One tally per rule of the catalogue, in its order; None for a rule that has not been asked yet.
pub(super) struct RuleTallies<'c> {
    catalogue: &'c Catalogue,
    tallies: Vec<Option<Box<Observed>>>,
}

impl<'c> RuleTallies<'c> {
    pub(super) fn new(catalogue: &'c Catalogue) -> Self {
        Self { catalogue, tallies: vec![None; catalogue.rules().len()] }
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Observed> {
        self.tallies.get_mut(index).map(|seen| &mut **seen.get_or_insert_default())
    }

    /// Number of times that these rules have fired so far.
    pub(super) fn failed(&self, rules: &[usize]) -> u64 {
        rules.iter().filter_map(|rule| self.tallies.get(*rule)?.as_ref()).map(|seen| seen.failed).sum()
    }

    /// Moves the observations into a stream.
    pub(super) fn flush(&mut self, stream: &mut StreamTally) {
        for (rule, observed) in self.catalogue.rules().iter().zip(&mut self.tallies) {
            let Some(observed) = observed else { continue };
            if **observed != Observed::default() {
                let key = (rule.page().code.to_owned(), String::new());
                stream.observed.entry(key).or_default().merge(std::mem::take(observed));
            }
        }
    }
}
