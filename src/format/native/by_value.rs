//! Numbers whose names promise nothing, such as `reward` or `value`. A number that follows from the tokens in all first
//! records is a claim; others are not.

use crate::config::{ColumnSpec, Promise, both_ends};
use crate::format::json::Value;
use crate::format::native::record::{Mapping, item};
use crate::formula::{Casts, FactsBuilder, Formula, Needs, Output, SequenceFacts, StepResolutions};
use crate::model::{Candidate, ClaimKind, Item, Logged};
use crate::numeric::{Approx, Printed, ResolutionStats};

/// Minimum number of candidates from which a formula is inferred.
const FEWEST: usize = 3;
/// Maximum relative rounding error of a number that counts as evidence.
const OPEN: f64 = 0.01;

/// Possible formulas of a number about a whole text, the most likely first.
const MAY_BE: [(ClaimKind, Formula); 7] = [
    (ClaimKind::Score, Formula::SUM),
    (ClaimKind::MeanLogprob, Formula::MEAN),
    (ClaimKind::TotalLoss, Formula::TOTAL_LOSS),
    (ClaimKind::Loss, Formula::LOSS),
    (ClaimKind::Perplexity, Formula::PERPLEXITY),
    (ClaimKind::SequenceProb, Formula::PRODUCT),
    (ClaimKind::SequenceProb, Formula { output: Output::Exp, ..Formula::MEAN }),
];

/// The columns of fields without a role that follow from the tokens in every record that has them.
pub(super) fn columns<'t>(records: impl Iterator<Item = Value<'t>>, mapping: &Mapping) -> Vec<ColumnSpec> {
    let items: Vec<Item<'t>> = records.filter_map(|record| item(record, mapping).ok()).collect();
    let candidates = || items.iter().flat_map(|item| &item.candidates).filter(|candidate| !candidate.steps.is_empty());
    let mut names: Vec<&str> = Vec::new();
    for side in candidates().flat_map(|candidate| &candidate.side_values) {
        if !names.contains(&&*side.name) {
            names.push(&side.name);
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let resolutions = resolutions(candidates());
    let accepted: Vec<Vec<Formula>> = MAY_BE.iter().map(|(_, formula)| both_ends(&[*formula])).collect();
    let needs = Needs::of(accepted.iter().flatten());
    let mut builder = FactsBuilder::default();
    let facts: Vec<(&Candidate<'_>, SequenceFacts)> =
        candidates().map(|candidate| (candidate, builder.gather(candidate, &resolutions, &needs).clone())).collect();
    let mut columns = Vec::new();
    for name in names {
        let own = |candidate: &Candidate<'_>| {
            candidate.side_values.iter().find(|side| side.name == name).map(|side| side.value)
        };
        let rows: Vec<(Printed, &SequenceFacts)> =
            facts.iter().filter_map(|(candidate, facts)| Some((own(candidate)?, facts))).collect();
        let fits =
            MAY_BE.iter().zip(&accepted).find(|(_, formulas)| formulas.iter().any(|formula| follows(&rows, formula)));
        if let Some(((kind, _), formulas)) = fits {
            let spec = ColumnSpec::with_formulas(name, *kind, formulas.clone());
            columns.push(ColumnSpec { promise: Promise::Matched, ..spec });
        }
    }
    columns
}

/// Whether a formula gives the number of every row, and is precise for enough rows with different numbers.
fn follows(rows: &[(Printed, &SequenceFacts)], formula: &Formula) -> bool {
    let mut stats = ResolutionStats::default();
    for (number, _) in rows {
        stats.observe(number);
    }
    let resolution = stats.resolution();
    let mut close: Vec<f64> = Vec::new();
    for (number, facts) in rows {
        let claim = Approx::of_column(number, &resolution);
        let Some(derived) = facts.evaluate(formula, &Casts::default()).filter(|derived| claim.agrees(*derived)) else {
            return false;
        };
        if claim.half + derived.half <= OPEN * claim.value.abs() && !close.contains(&claim.value) {
            close.push(claim.value);
        }
    }
    close.len() >= FEWEST
}

/// Resolutions of the tokens' values, from their digits.
fn resolutions<'c, 't: 'c>(candidates: impl Iterator<Item = &'c Candidate<'t>>) -> StepResolutions {
    let (mut logprob, mut prob, mut logit) =
        (ResolutionStats::default(), ResolutionStats::default(), ResolutionStats::default());
    let see = |stats: &mut ResolutionStats, value: &Logged| {
        if let Logged::Number(number) = value {
            stats.observe(number);
        }
    };
    for step in candidates.flat_map(|candidate| candidate.steps.iter()) {
        see(&mut logprob, &step.logprob);
        see(&mut prob, &step.prob);
        see(&mut logit, &step.logit);
    }
    StepResolutions {
        logprob: logprob.resolution(),
        prob: prob.resolution(),
        logit: logit.resolution(),
        ..StepResolutions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    /// The fields that are read as claims, with their kinds.
    fn found(records: &[&str]) -> Vec<(String, ClaimKind)> {
        let mut tapes: Vec<Tape> = records.iter().map(|_| Tape::default()).collect();
        let values: Vec<Value<'_>> =
            tapes.iter_mut().zip(records).map(|(tape, record)| tape.parse(record.as_bytes()).unwrap()).collect();
        let columns = columns(values.into_iter(), &Mapping::new(Vec::new()));
        columns.into_iter().map(|spec| (spec.column.name.to_string(), spec.column.kind)).collect()
    }

    #[test]
    fn a_number_that_follows_from_the_tokens_in_all_records_is_a_claim() {
        let records = [
            r#"{"item": "a", "logprobs": [-0.5, -0.25], "value": -0.75, "q": 0.6873, "reward": 1.0, "cost": -0.375}"#,
            r#"{"item": "b", "logprobs": [-1.5, -0.5, -1.0], "value": -3.0, "q": 0.3679, "reward": 0.0, "cost": -1.0}"#,
            r#"{"item": "c", "logprobs": [-0.125, -0.5], "value": -0.625, "q": 0.7316, "reward": 1.0, "cost": 3.0}"#,
        ];
        // exp of the mean: e^-0.375 = 0.6873, e^-1 = 0.3679, e^-0.3125 = 0.7316.
        let value = ("value".to_owned(), ClaimKind::Score);
        assert_eq!(found(&records), [value, ("q".to_owned(), ClaimKind::SequenceProb)]);
        // Two records may match by chance.
        assert_eq!(found(&records[..2]), []);
    }

    #[test]
    fn constants_and_coarse_numbers_are_no_evidence() {
        let record =
            |value: &str| format!(r#"{{"item": "a", "logprobs": [-0.5, -0.75], "value": {value}, "rating": -1}}"#);
        let same = [record("-1.25"), record("-1.25"), record("-1.25")];
        assert_eq!(found(&same.each_ref().map(String::as_str)), []);
    }
}
