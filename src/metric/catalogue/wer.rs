//! Word and character error rate: edits of all rows ÷ words (characters) of all references (`jiwer`, `evaluate`).
//!
//! The mean of the rows' own rates weighs a reference of one word as much as one of a hundred.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::joint::Edits;
use crate::metric::known::{Kind, Metric};
use crate::metric::named;
use crate::metric::wrong::AggregateCause;
use crate::numeric::Approx;

pub(super) static WORDS: Metric =
    Metric { of_columns: Some(of_words), ..Metric::new(&["wer", "word_error_rate"], Kind::Number) };

pub(super) static CHARS: Metric =
    Metric { of_columns: Some(of_chars), ..Metric::new(&["cer", "character_error_rate"], Kind::Number) };

/// Texts may be normalised before they are compared.
const NORMALISED: Missing =
    ("texts may be normalised before they are compared", "edits and reference words of every row");

fn of_words(asked: &Asked<'_>) -> Option<Found> {
    let joint = &asked.facts.columns.joint;
    rate(asked, &[&joint.logged, &joint.words], "words")
}

fn of_chars(asked: &Asked<'_>) -> Option<Found> {
    rate(asked, &[&asked.facts.columns.joint.chars], "characters")
}

fn rate(asked: &Asked<'_>, edits: &[&Edits], unit: &str) -> Option<Found> {
    let rows = asked.facts.columns.rows;
    let whole = || edits.iter().filter(|own| own.rows == rows && own.words > 0);
    let mut right: Vec<Derived> = whole()
        .map(|own| {
            let rate = Approx::exact(own.edits as f64).over(own.words as f64);
            Derived::new(rate, format!("sum(edits)/sum({unit})"))
        })
        .collect();
    let mut means: Vec<Approx> =
        whole().map(|own| Approx::exact(own.ratios.1.value()).over(own.ratios.0 as f64)).collect();
    if let Some(column) = named::column(&asked.claim.of.metric, asked.facts.columns) {
        means.push(Approx::exact(column.rows.values.value()).over(column.rows.numbers as f64));
        right.extend(column.rows.weighted.iter().map(|(field, own)| {
            let value = Approx::exact(own.sum.value()).over(own.weights.value());
            Derived::new(value, format!("sum({}*{field})/sum({field})", column.name))
        }));
    }
    let words = format!("averages the rows' rates, whatever their length, instead of dividing all edits by all {unit}");
    let wrong = means
        .into_iter()
        .map(|mean| Wrong::new(AggregateCause::MeanOfMeans, mean, &format!("mean(edits/{unit})"), &words));
    settle(asked, right, wrong.collect(), NORMALISED)
}
