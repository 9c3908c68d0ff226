//! What a native row says of its own grading: gold answer, responses, mark.

use std::borrow::Cow;

use crate::model::{FieldValue, RowFact, RowField};

const GOLD: [&str; 12] = [
    "gold",
    "gold_answer",
    "gold_text",
    "target",
    "reference",
    "reference_answer",
    "ground_truth",
    "expected",
    "expected_answer",
    "expected_output",
    "correct_answer",
    "solution",
];
/// What was answered, and what was extracted from it.
const RESPONSES: [&str; 10] = [
    "response",
    "output",
    "completion",
    "generation",
    "model_output",
    "model_response",
    "raw_response",
    "generated_text",
    "model_answer",
    "answer",
];
const EXTRACTED: [&str; 6] =
    ["prediction", "predicted", "pred", "extracted_answer", "parsed_answer", "predicted_answer"];
const MARKS: [&str; 6] = ["correct", "is_correct", "passed", "accuracy", "acc", "exact_match"];

/// The grading of a row; None where it lacks gold answer, response or mark.
#[must_use]
pub(super) fn graded<'t>(item: &Cow<'t, str>, row: &[RowField<'t>]) -> Option<RowFact<'t>> {
    let find = |names: &[&str]| names.iter().find_map(|name| row.iter().find(|field| field.plain == *name));
    let text = |field: &RowField<'t>| match field.value {
        FieldValue::Text(text) => Some(Cow::Owned(text.decoded().into_owned())),
        FieldValue::Number(number) if number.is_finite() => Some(Cow::Owned(number.to_string())),
        _ => None,
    };
    let right = match find(&MARKS)?.value {
        FieldValue::Flag(right) => right,
        FieldValue::Number(number) if [0.0, 1.0].contains(&number) => number > 0.5,
        _ => return None,
    };
    let gold = text(find(&GOLD)?)?;
    let responses: Vec<Cow<'t, str>> =
        [find(&EXTRACTED), find(&RESPONSES)].into_iter().flatten().filter_map(text).collect();
    (!responses.is_empty()).then(|| RowFact::Graded { item: item.clone(), gold, responses, right })
}
