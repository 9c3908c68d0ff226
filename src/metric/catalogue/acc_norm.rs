//! `acc_norm` of lm-evaluation-harness 0.4 (`lm_eval/api/task.py`, `process_results`): 1 when the choice with the highest
//! log-likelihood per character is the right one. The delimiter in front of a choice does not count.

use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;
use crate::model::{Aggregation, Definition, Divisor, Ranking};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Right(Ranking::By(Divisor::Chars))),
    aggregation: Some(Aggregation::Mean),
    variants: OF_FRACTIONS,
    in_summaries: true,
    ..Metric::new(&["acc_norm"], Kind::Fraction)
};

#[cfg(test)]
mod tests {
    use crate::metric::tests::{item, row_verdict};
    use crate::model::Verdict;

    #[test]
    fn characters_and_not_bytes() {
        // −4.4 ÷ 4 = −1.1, −5.6 ÷ 5 = −1.12, −4.2 ÷ 4 = −1.05; by bytes the first wins with −4.4 ÷ 8.
        let words = item(&[(-4.4, "вода", None), (-5.6, "water", None), (-4.2, "woda", None)], 2);
        assert_eq!(row_verdict("acc_norm", &words, "1.0"), Verdict::Proven);
        assert_eq!(row_verdict("acc_norm", &words, "0.0"), Verdict::Refuted);
    }
}
