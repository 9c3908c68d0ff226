//! Precision, recall and F1 over labels: of one class, or of all classes as the plain mean (macro), over all decisions (micro),
//! or weighed by the rows of each class (weighted), as scikit-learn defines them.
//!
//! Wrong: gold and prediction swapped; the F of the mean precision and recall for the mean F; classes that are never
//! predicted or never right left out; one average under the name of another.

use std::collections::BTreeMap;

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{AggregateCause, OF_FRACTIONS};
use crate::model::plain_name;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    variants: OF_FRACTIONS,
    ..Metric::new(&["f1", "recall", "precision"], Kind::Fraction)
};

pub(super) static AVERAGED: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &[
            "f1_macro",
            "f1_micro",
            "f1_weighted",
            "macro_f1",
            "macro_precision",
            "macro_recall",
            "micro_f1",
            "micro_precision",
            "micro_recall",
            "precision_macro",
            "precision_micro",
            "precision_weighted",
            "recall_macro",
            "recall_micro",
            "recall_weighted",
            "weighted_f1",
            "weighted_precision",
            "weighted_recall",
        ],
        Kind::Number,
    )
};

/// What the labels do not say.
const LABELS: Missing =
    ("labels may be normalised, or some of them left out, before they are compared", "the labels and their average");

/// Right, predicted and gold rows of a class.
#[derive(Clone, Copy, Default)]
struct Class {
    right: f64,
    predicted: f64,
    gold: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Precision,
    Recall,
    F1,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Average {
    Macro,
    Micro,
    Weighted,
}

impl Measure {
    fn of(self, class: Class) -> f64 {
        let share = |whole: f64| if whole > 0.0 { class.right / whole } else { 0.0 };
        match self {
            Self::Precision => share(class.predicted),
            Self::Recall => share(class.gold),
            Self::F1 => 2.0 * share(class.predicted + class.gold),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "F1",
        }
    }
}

impl Average {
    fn name(self) -> &'static str {
        match self {
            Self::Macro => "macro",
            Self::Micro => "micro",
            Self::Weighted => "weighted",
        }
    }
}

fn classes(asked: &Asked<'_>) -> Option<BTreeMap<String, Class>> {
    let labels = &asked.facts.columns.joint.labels;
    if labels.total() == 0 || labels.total() != asked.facts.columns.rows {
        return None;
    }
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for ((gold, predicted), rows) in &labels.rows {
        let rows = *rows as f64;
        let own = classes.entry(gold.clone()).or_default();
        own.gold += rows;
        own.right += if gold == predicted { rows } else { 0.0 };
        classes.entry(predicted.clone()).or_default().predicted += rows;
    }
    Some(classes)
}

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let name = plain_name(&asked.claim.of.metric);
    let has = |word: &str| name.split('_').any(|part| part == word);
    let measure = match (has("precision"), has("recall")) {
        (true, _) => Measure::Precision,
        (_, true) => Measure::Recall,
        _ => Measure::F1,
    };
    let averages = [Average::Macro, Average::Micro, Average::Weighted];
    let average = averages.into_iter().find(|average| has(average.name()));
    let classes = classes(asked)?;
    let all: Vec<Class> = classes.values().copied().collect();
    let of = |average: Average| {
        let words = format!("{} {} over {} classes", average.name(), measure.name(), all.len());
        Derived::new(averaged(measure, average, &all), words)
    };
    let Some(average) = average else {
        // Which class or average is meant, only a match says.
        let one = classes.iter().filter(|_| classes.len() == 2).map(|(label, class)| {
            Derived::new(exact(measure.of(*class)), format!("{} of class `{}`", measure.name(), shown(label)))
        });
        let right = one.chain(averages.into_iter().map(of)).collect();
        return settle(asked, right, Vec::new(), LABELS);
    };
    let swapped: Vec<Class> =
        all.iter().map(|own| Class { predicted: own.gold, gold: own.predicted, ..*own }).collect();
    let only = |is_kept: fn(&Class) -> bool| -> Vec<Class> { all.iter().copied().filter(is_kept).collect() };
    let wrong = |value: Approx, words: &str, why: &str| Wrong::new(AggregateCause::Mismatch, value, words, why);
    let mut wrongs = vec![
        wrong(
            averaged(measure, average, &swapped),
            "gold and prediction swapped",
            "takes the gold labels for predictions",
        ),
        wrong(
            averaged(measure, average, &only(|own| own.gold > 0.0)),
            "classes with gold rows",
            "leaves out classes that no gold label has",
        ),
        wrong(
            averaged(measure, average, &only(|own| own.predicted > 0.0)),
            "classes that are predicted",
            "leaves out classes that are never predicted",
        ),
        wrong(
            averaged(measure, average, &only(|own| own.right > 0.0)),
            "classes with right rows",
            "leaves out classes without a right row",
        ),
    ];
    if measure == Measure::F1 {
        let [precision, recall] = [Measure::Precision, Measure::Recall].map(|own| averaged(own, average, &all).value);
        let value = exact(2.0 * precision * recall / (precision + recall));
        wrongs.push(wrong(
            value,
            "F of the mean precision and recall",
            "is the F of mean precision and recall, not the mean F",
        ));
    }
    for other in averages.into_iter().filter(|other| *other != average) {
        let why = format!("is the {} average", other.name());
        wrongs.push(wrong(averaged(measure, other, &all), other.name(), &why));
    }
    settle(asked, vec![of(average)], wrongs, LABELS)
}

fn averaged(measure: Measure, average: Average, classes: &[Class]) -> Approx {
    let rows: f64 = classes.iter().map(|own| own.gold).sum();
    let value = match average {
        Average::Macro => classes.iter().map(|own| measure.of(*own)).sum::<f64>() / classes.len() as f64,
        Average::Weighted => classes.iter().map(|own| measure.of(*own) * own.gold).sum::<f64>() / rows,
        Average::Micro => measure.of(classes.iter().fold(Class::default(), |sum, own| Class {
            right: sum.right + own.right,
            predicted: sum.predicted + own.predicted,
            gold: sum.gold + own.gold,
        })),
    };
    exact(value)
}

/// A number with the roundings of as many classes as there may be.
fn exact(value: f64) -> Approx {
    Approx::exact(value).rounded(1e3, NumberFormat::F64)
}

/// A label as it is shown: only its first characters.
fn shown(label: &str) -> String {
    label.chars().take(16).collect()
}
