//! The rules' observations of one stream so far.

use crate::model::At;
use crate::rules::{Catalogue, Observer, RecordRef};
use crate::tally::{Noted, Observed, StreamTally, add_to};

/// One tally per rule of the catalogue, in its order; None for a rule that has not been asked yet.
pub(super) struct RuleTallies<'c> {
    catalogue: &'c Catalogue,
    tallies: Vec<Option<Box<Observed>>>,
    /// Where every row that fails is noted, if somebody asks for all of them.
    pub(super) noted: Option<Noted>,
}

impl<'c> RuleTallies<'c> {
    pub(super) fn new(catalogue: &'c Catalogue) -> Self {
        Self { catalogue, tallies: vec![None; catalogue.rules().len()], noted: None }
    }

    /// An observer for a rule, by its index in the catalogue.
    pub(super) fn observer<'o>(
        &'o mut self,
        index: usize,
        record_ref: &'o RecordRef<'o>,
        (item, candidate): (&'o str, &'o str),
        at: At,
    ) -> Option<Observer<'o>> {
        let tally = self.tallies.get_mut(index)?.get_or_insert_default();
        let observer = Observer::new(tally, record_ref, item, candidate, at);
        let code = self.catalogue.rules().get(index)?.page().code;
        Some(match self.noted.as_mut().filter(|noted| noted.wanted.rules.contains(code)) {
            Some(noted) => observer.noting(code, &mut noted.rows),
            None => observer,
        })
    }

    /// Number of times that these rules have fired so far.
    pub(super) fn failed(&self, rules: &[usize]) -> u64 {
        rules.iter().filter_map(|rule| self.tallies.get(*rule)?.as_ref()).map(|seen| seen.failed).sum()
    }

    /// Moves the observations into a stream.
    pub(super) fn flush(&mut self, stream: &mut StreamTally) {
        for (rule, tally) in self.catalogue.rules().iter().zip(&mut self.tallies) {
            let Some(observed) = tally.take_if(|observed| !observed.is_empty()) else { continue };
            let key = (rule.page().code.to_owned(), String::new());
            add_to(&mut stream.observed, key, observed, |own, other| own.merge(*other));
        }
    }
}
