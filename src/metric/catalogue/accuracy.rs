//! Accuracy: the share of right items.
//!
//! What a row of that name is differs from tool to tool. The number of a run is right items ÷ items; a row without a value
//! is wrong, unless the n beside it counts only the others. Its standard error is that of a mean of ones and zeros.

use crate::metric::aggregate::{Derived, stderr_of_share};
use crate::metric::answer::{Answer, Asked, Doubt, FEW, NO_ROWS, SAMPLE};
use crate::metric::definition::is;
use crate::metric::known::{Kind, Metric};
use crate::metric::named;
use crate::metric::wrong::OF_FRACTIONS;
use crate::numeric::{Approx, NumberFormat, sqrt};

pub(super) static METRIC: Metric = Metric {
    of_run: Some(of_items),
    stderr_of_run: Some(stderr_of_items),
    variants: OF_FRACTIONS,
    in_summaries: true,
    ..Metric::new(&["accuracy"], Kind::Fraction)
};

/// Right items ÷ items.
pub(super) fn of_items(asked: &Asked<'_>) -> Answer {
    share(asked, asked.printed.value)
}

/// The same; which denominator is meant may follow from the number that was reported.
pub(super) fn share(asked: &Asked<'_>, reported: f64) -> Answer {
    let facts = asked.facts;
    let Some((right, known)) = facts.right else { return Answer::Missing(NO_ROWS) };
    let of = |count: u64| {
        let share = Approx::exact(right as f64).over(count as f64).through_stages(NumberFormat::F64);
        Derived::new(share, "right items/items")
    };
    let (all, scored) = (of(known.max(facts.items)), of(known));
    let nearer = (scored.value.value - reported).abs() < (all.value.value - reported).abs();
    if let Some(doubt) = facts.doubt {
        Answer::Maybe(all, doubt.missing())
    } else if asked.counted.is_none() && known < facts.items {
        Answer::Maybe(if nearer { scored } else { all }, SAMPLE)
    } else if asked.counted.is_some_and(|counted| is(counted, known as f64)) {
        Answer::Derived(scored)
    } else if nearer && known < facts.items && !is_failure(asked) {
        // An n of all rows says how many were read, not that a row without a value is wrong.
        Answer::Derived(scored)
    } else {
        Answer::Derived(all)
    }
}

/// Whether the rows without a value are wrong answers as far as the log says: a field of theirs says that they failed, or the rows
/// have no field that could.
fn is_failure(asked: &Asked<'_>) -> bool {
    let columns = asked.facts.columns;
    named::column("correct", columns).is_none_or(|column| columns.have_failed(column.name))
}

/// sd ÷ √n of ones and zeros.
pub(super) fn stderr_of_items(asked: &Asked<'_>) -> Answer {
    let Some((right, count)) = asked.facts.right else { return Answer::Missing(NO_ROWS) };
    // People divide p(1 − p) by n as often as by n − 1; what a harness does, its format says.
    let of_all = |derived: Derived| {
        let n = count as f64;
        let other = derived.value.scaled(sqrt((n - 1.0) / n));
        let is_nearer = |a: f64, b: f64| (a - asked.printed.value).abs() < (b - asked.printed.value).abs();
        if asked.claim.of.aggregation.is_none() && is_nearer(other.value, derived.value.value) {
            Derived::new(other, "sqrt(p*(1 - p)/n)")
        } else {
            derived
        }
    };
    match stderr_of_share(right, count).map(of_all) {
        None => Answer::Missing(FEW),
        Some(derived) if asked.facts.doubt == Some(Doubt::Numbers) => Answer::Maybe(derived, Doubt::Numbers.missing()),
        Some(derived) if count == asked.facts.items => Answer::Derived(derived),
        Some(derived) => Answer::Maybe(derived, NO_ROWS),
    }
}

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn three_of_four_items_are_right() {
        let run = Run { items: 4, right: Some((3, 4)), ..Run::default() };
        assert_eq!(verdict_of("accuracy", "0.75", &run), Verdict::Proven);
        assert_eq!(verdict_of("accuracy", "0.70", &run), Verdict::Refuted);
        // Deviations 1/4, 1/4, 1/4, −3/4: 12/16 ÷ 3 = 1/4, √(1/4 ÷ 4) = 1/4.
        assert_eq!(verdict_of("accuracy_stderr", "0.25", &run), Verdict::Proven);
        assert_eq!(verdict_of("accuracy_stderr", "0.5", &run), Verdict::Refuted);
    }

    #[test]
    fn without_an_n_a_row_without_a_value_may_count_or_not() {
        let run = Run { items: 4, right: Some((3, 3)), ..Run::default() };
        assert_eq!(verdict_of("accuracy", "0.75", &run), Verdict::Proven);
        assert_eq!(verdict_of("accuracy", "1.0", &run), Verdict::Proven);
        assert_eq!(verdict_of("accuracy", "0.5", &run), Verdict::Unprovable);
        let counted = Run { counted: Some("4"), ..run };
        assert_eq!(verdict_of("accuracy", "1.0", &counted), Verdict::Refuted);
    }
}
