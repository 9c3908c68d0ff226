//! `correct`: the number of right items.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Answer, Asked, Doubt, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::numeric::Approx;

pub(super) static METRIC: Metric =
    Metric { of_run: Some(of_items), in_summaries: true, ..Metric::new(&["correct"], Kind::Count) };

fn of_items(asked: &Asked<'_>) -> Answer {
    match asked.facts.right {
        // A fraction is an accuracy under another name.
        Some((right, count)) if count == asked.facts.items && asked.printed.decimals <= 0 => {
            let derived = Derived::new(Approx::exact(right as f64), "number of right items");
            let answer = Answer::Derived(derived);
            match asked.facts.doubt.filter(|doubt| *doubt == Doubt::Numbers) {
                Some(doubt) => answer.doubted(doubt.missing()),
                None => answer,
            }
        }
        _ => Answer::Missing(NO_ROWS),
    }
}

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn three_of_four_items_are_right() {
        let run = Run { items: 4, right: Some((3, 4)), ..Run::default() };
        assert_eq!(verdict_of("correct", "3", &run), Verdict::Proven);
        assert_eq!(verdict_of("correct", "4", &run), Verdict::Refuted);
        assert_eq!(verdict_of("correct", "0.75", &run), Verdict::Unprovable);
    }
}
