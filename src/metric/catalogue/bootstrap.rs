//! `boostrap_std` of `OpenAI` evals (`evals/metrics.py`, spelled so): the standard deviation of the means of random halves of the
//! rows. Its halves are drawn without a seed, so that no value follows from the rows; but every value is a number.

use crate::metric::aggregate::{Derived, stderr};
use crate::metric::answer::{Answer, Asked, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::numeric::Approx;

pub(super) static METRIC: Metric =
    Metric { of_run: Some(of_run), ..Metric::new(&["boostrap_std", "bootstrap_std"], Kind::Number) };

fn of_run(asked: &Asked<'_>) -> Answer {
    let rows = asked.facts.rows.get("correct").filter(|rows| rows.rows > 0 && rows.numbers == rows.rows);
    match rows {
        Some(rows) if !asked.printed.is_finite() => {
            let single = || Derived::new(Approx::exact(0.0), "the deviation of one row");
            Answer::Derived(stderr(rows).unwrap_or_else(single))
        }
        _ => Answer::Missing(NO_ROWS),
    }
}
