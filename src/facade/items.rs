//! Single items of an audit's inputs: what each candidate scores, and one item step by step.

use crate::engine::{self, RecognisedInput};
use crate::facade::{Audit, Error, Inputs};
use crate::formula::FactsBuilder;
use crate::report::{InputError, InputErrorKind};
use crate::score::{ScoredItem, Scores};
use crate::trace::Trace;

/// What the items of some inputs gave, beside the records that could not be read.
#[derive(Debug)]
pub struct Walk<T> {
    /// What they gave.
    pub found: T,
    /// Records that could not be read.
    pub unreadable: Vec<InputError>,
}

impl Inputs {
    /// What each candidate scores, with the winners of each item, in the order of the inputs.
    #[must_use]
    pub fn score(&self) -> Walk<Vec<ScoredItem>> {
        let mut scores = Scores::default();
        let errors = engine::for_each_item(&self.opened, &mut |input, item| scores.add(input, item));
        Walk { found: scores.finish(), unreadable: unreadable(&self.opened, errors) }
    }
}

impl Audit {
    /// One item of inputs that [`Audit::open`] gave, step by step, or one candidate of it. Its numbers are judged under the
    /// plan that the audit of these inputs has. An item of that id in a later input is not shown.
    #[must_use]
    pub fn trace(&self, inputs: &Inputs, item: &str, candidate: Option<&str>) -> Walk<Result<Trace, Error>> {
        let plans = engine::run(&inputs.opened, &self.settings()).plans;
        let mut trace = Trace::default();
        let mut builder = FactsBuilder::default();
        let mut found_in = None;
        let mut nearest: Option<(usize, String)> = None;
        let errors = engine::for_each_item(&inputs.opened, &mut |input, found| {
            if found.id == item && found_in.is_none_or(|first| first == input) {
                found_in = Some(input);
                if let Some(plan) = plans.get(input) {
                    trace.add(found, plan, &mut builder);
                }
            } else if found_in.is_none() {
                let distance = strsim::levenshtein(&found.id, item);
                if nearest.as_ref().is_none_or(|(kept, _)| distance < *kept) {
                    nearest = Some((distance, found.id.to_string()));
                }
            }
        });
        let found = match found_in {
            Some(_) => concluded(trace, candidate),
            None => Err(Error::NoItem { item: item.to_owned(), nearest: nearest.map(|(_, id)| id) }),
        };
        Walk { found, unreadable: unreadable(&inputs.opened, errors) }
    }
}

/// The trace with its notes, which may compare a candidate with others that are not shown.
fn concluded(mut trace: Trace, candidate: Option<&str>) -> Result<Trace, Error> {
    trace.conclude();
    if let Some(only) = candidate {
        trace.candidates.retain(|candidate| candidate.candidate == only);
        if trace.candidates.is_empty() {
            return Err(Error::NoCandidate { item: trace.item, candidate: only.to_owned() });
        }
    }
    Ok(trace)
}

fn unreadable(opened: &[RecognisedInput], errors: Vec<crate::model::RecordError>) -> Vec<InputError> {
    let path = |file: u32| opened.get(file as usize).map_or_else(String::new, |input| input.input.path.clone());
    let error = |error: crate::model::RecordError| InputError {
        kind: InputErrorKind::Record,
        path: path(error.place.file),
        line: error.place.line,
        column: error.place.column,
        reason: error.reason,
        fatal: false,
        fields: Vec::new(),
    };
    errors.into_iter().map(error).collect()
}
