//! Who won each comparison: labels such as `A`, `B` and `tie`, counted by the field that has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::capped::kept;
use crate::model::{FieldValue, RowField, plain_name};
use crate::numeric::show;

/// Fields that say who won.
const NAMES: [&str; 12] = [
    "winner",
    "preference",
    "preferred",
    "verdict",
    "outcome",
    "judgement",
    "judgment",
    "vote",
    "result",
    "comparison",
    "game_outcome",
    "preferred_model",
];
/// Fields that are kept.
const FIELDS: usize = 4;
/// Labels of a field; more are texts.
const LABELS: usize = 16;
/// Longest label, in bytes.
const LONGEST: usize = 48;

/// Labels that say that nobody won.
const TIES: [&str; 12] = [
    "tie",
    "tied",
    "draw",
    "drawn",
    "equal",
    "both",
    "neither",
    "both_good",
    "both_bad",
    "tie_bothbad",
    "ties",
    "even",
];

/// How often a field has each label.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Labels {
    /// Rows with the field.
    pub rows: u64,
    /// Rows in which it is null or empty.
    pub nothing: u64,
    /// The labels, one more than are kept where there are too many.
    pub labels: BTreeMap<String, u64>,
}

/// The outcomes of a stream's rows.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcomes {
    /// By field.
    pub fields: BTreeMap<String, Labels>,
}

impl Labels {
    fn add(&mut self, label: &str, times: u64) {
        if let Some(own) = kept(&mut self.labels, label, LABELS + 1) {
            *own += times;
        }
    }

    /// The labels with their rows; None where there are too many for outcomes.
    #[must_use]
    pub fn all(&self) -> Option<&BTreeMap<String, u64>> {
        ((2..=LABELS).contains(&self.labels.len()) && self.labels.values().sum::<u64>() + self.nothing == self.rows)
            .then_some(&self.labels)
    }
}

/// Whether a label says that nobody won. Of numbers, the one between two others does.
#[must_use]
pub fn is_tie(label: &str) -> bool {
    TIES.contains(&&*plain_name(label))
}

/// Whether a field says who won.
pub(super) fn is_outcome(name: &str) -> bool {
    NAMES.contains(&&*plain_name(name))
}

impl Outcomes {
    pub(super) fn observe(&mut self, row: &[RowField<'_>]) {
        for field in row.iter().filter(|field| field.is_named(&NAMES)) {
            let Some(own) = kept(&mut self.fields, &field.name, FIELDS) else { continue };
            own.rows += 1;
            match &field.value {
                FieldValue::Text(text) => {
                    let text = text.decoded();
                    let text = text.trim();
                    match text.is_empty() {
                        true => own.nothing += 1,
                        // A label too long to be kept is missing from the sum of all.
                        false if text.len() > LONGEST => {}
                        false => own.add(text, 1),
                    }
                }
                FieldValue::Number(number) if number.is_finite() => own.add(&show(*number), 1),
                FieldValue::Number(_) | FieldValue::Nothing => own.nothing += 1,
                FieldValue::Flag(flag) => own.add(if *flag { "true" } else { "false" }, 1),
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (field, theirs) in other.fields {
            let Some(own) = kept(&mut self.fields, &field, FIELDS) else { continue };
            own.rows += theirs.rows;
            own.nothing += theirs.nothing;
            for (label, times) in theirs.labels {
                own.add(&label, times);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    #[test]
    fn labels_are_counted_and_texts_are_not() {
        let field = |name: &'static str, value: FieldValue<'static>| RowField::new(name.into(), value);
        let mut all = Outcomes::default();
        for winner in ["A", "B", "A", "tie"] {
            let text = FieldValue::Text(Text::plain(winner));
            all.observe(&[field("Winner", text), field("other", text)]);
        }
        all.observe(&[field("Winner", FieldValue::Nothing)]);
        let own = &all.fields["Winner"];
        assert_eq!((own.rows, own.nothing, own.all().unwrap()["A"], all.fields.len()), (5, 1, 2, 1));
        assert!(is_tie("Tie (bothbad)") && !is_tie("A"));
    }
}
