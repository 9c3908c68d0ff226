//! `acc_bytes` of lm-evaluation-harness 0.4 (`lm_eval/api/task.py`, `process_results`): 1 when the choice with the highest
//! log-likelihood per UTF-8 byte is the right one.

use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;
use crate::model::{Aggregation, Definition, Divisor, Ranking};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Right(Ranking::By(Divisor::Bytes))),
    aggregation: Some(Aggregation::Mean),
    variants: OF_FRACTIONS,
    ..Metric::new(&["acc_bytes"], Kind::Fraction)
};

#[cfg(test)]
mod tests {
    use crate::metric::tests::{item, row_verdict};
    use crate::model::Verdict;

    #[test]
    fn bytes_and_not_characters() {
        // −4.4 ÷ 8 = −0.55, −5.6 ÷ 5 = −1.12, −4.2 ÷ 4 = −1.05.
        let words = item(&[(-4.4, "вода", None), (-5.6, "water", None), (-4.2, "woda", None)], 0);
        assert_eq!(row_verdict("acc_bytes", &words, "1.0"), Verdict::Proven);
        assert_eq!(row_verdict("acc_bytes", &words, "0.0"), Verdict::Refuted);
    }
}
