//! `exact_match`, and `exact_match_mc` of lm-evaluation-harness 0.4: of choices, whether the right one is the greedy
//! continuation. Of a run without such rows it is an accuracy.

use crate::metric::catalogue::accuracy;
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;
use crate::model::{Aggregation, Definition};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::GreedyGold),
    aggregation: Some(Aggregation::Mean),
    of_run: Some(accuracy::of_items),
    stderr_of_run: Some(accuracy::stderr_of_items),
    variants: OF_FRACTIONS,
    in_summaries: true,
    ..Metric::new(&["exact_match"], Kind::Fraction)
};

pub(super) static OF_CHOICES: Metric = Metric {
    several: Some(&Definition::GreedyGold),
    aggregation: Some(Aggregation::Mean),
    ..Metric::new(&["exact_match_mc"], Kind::Number)
};

#[cfg(test)]
mod tests {
    use crate::metric::tests::{item, row_verdict};
    use crate::model::Verdict;

    #[test]
    fn the_right_choice_is_greedy_or_not() {
        let mut two = item(&[(-1.0, "a", None), (-2.0, "b", None)], 1);
        assert_eq!(row_verdict("exact_match", &two, "0.0"), Verdict::Proven);
        two.candidates[1].greedy = Some(true);
        assert_eq!(row_verdict("exact_match", &two, "1.0"), Verdict::Proven);
        assert_eq!(row_verdict("exact_match_mc", &two, "0.0"), Verdict::Refuted);
    }
}
