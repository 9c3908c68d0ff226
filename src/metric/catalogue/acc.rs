//! `acc` of lm-evaluation-harness 0.4 (`lm_eval/api/task.py`, `process_results`): 1 when the choice with the highest
//! log-likelihood is the right one. With one request per document, whether the target is the greedy continuation. The
//! run's number is the mean.

use crate::metric::catalogue::accuracy;
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;
use crate::model::{Aggregation, Definition, Divisor, Ranking};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Right(Ranking::By(Divisor::Raw))),
    single: Some(&Definition::GreedyGold),
    aggregation: Some(Aggregation::Mean),
    of_run: Some(accuracy::of_items),
    stderr_of_run: Some(accuracy::stderr_of_items),
    variants: OF_FRACTIONS,
    in_summaries: true,
    ..Metric::new(&["acc"], Kind::Fraction)
};

#[cfg(test)]
mod tests {
    use crate::metric::tests::{item, row_verdict};
    use crate::model::Verdict;

    #[test]
    fn the_highest_log_likelihood_wins() {
        let three = item(&[(-4.4, "вода", None), (-5.6, "water", None), (-4.2, "woda", None)], 2);
        assert_eq!(row_verdict("acc", &three, "1.0"), Verdict::Proven);
        assert_eq!(row_verdict("acc", &three, "0.0"), Verdict::Refuted);
        // Anything between is another definition under the same name.
        assert_eq!(row_verdict("acc", &three, "0.5"), Verdict::Unprovable);
    }

    #[test]
    fn a_single_request_asks_for_the_greedy_flag() {
        let mut one = item(&[(-4.4, "water", None)], 0);
        assert_eq!(row_verdict("acc", &one, "0.0"), Verdict::Proven);
        one.candidates[0].greedy = Some(true);
        assert_eq!(row_verdict("acc", &one, "0.0"), Verdict::Refuted);
    }

    #[test]
    fn a_missing_score_or_gold_decides_nothing() {
        let mut two = item(&[(-1.0, "a", None), (-2.0, "b", None)], 7);
        assert_eq!(row_verdict("acc", &two, "0.0"), Verdict::Unprovable);
        two.gold = crate::model::Choice::Index(0);
        two.candidates[1].claims[0].number = None;
        assert_eq!(row_verdict("acc", &two, "1.0"), Verdict::Unprovable);
    }

    #[test]
    fn what_the_printed_digits_leave_open_is_not_refuted() {
        let mut close = item(&[(-1.0, "a", None), (-1.001, "b", None)], 0);
        assert_eq!(row_verdict("acc", &close, "0.0"), Verdict::Refuted);
        for candidate in &mut close.candidates {
            candidate.claims[0].number = candidate.claims[0].number.map(|number| number.widened(0.005));
        }
        assert_eq!(row_verdict("acc", &close, "0.0"), Verdict::Unprovable);
    }

    #[test]
    fn tokens_are_the_score_where_none_is_reported() {
        let mut two = item(&[(0.0, "a", None), (0.0, "b", None)], 1);
        for (candidate, total) in two.candidates.iter_mut().zip([-3.0, -2.0]) {
            candidate.claims.clear();
            candidate.total = Some(crate::numeric::Approx::exact(total));
        }
        assert_eq!(row_verdict("acc", &two, "1.0"), Verdict::Proven);
    }
}
