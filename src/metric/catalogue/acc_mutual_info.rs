//! `acc_mutual_info` of lm-evaluation-harness 0.4 (`lm_eval/api/task.py`, `process_results`): 1 when the choice whose
//! log-likelihood gains most from its context is the right one. The requests with the context are the first half.

use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::OF_FRACTIONS;
use crate::model::{Aggregation, Definition, Ranking};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Right(Ranking::Mutual)),
    aggregation: Some(Aggregation::Mean),
    variants: OF_FRACTIONS,
    ..Metric::new(&["acc_mutual_info"], Kind::Fraction)
};

#[cfg(test)]
mod tests {
    use crate::metric::MetricRows;
    use crate::metric::choice::Cut;
    use crate::metric::row::judge;
    use crate::metric::tests::{item, metric, number, row_verdict};
    use crate::model::{Located, RowValue, Verdict};

    #[test]
    fn mutual_information_takes_the_context_away() {
        let facts = item(&[(-4.0, "a", Some(-14.0)), (-5.9, "b", Some(-10.2)), (-6.3, "c", Some(-11.7))], 0);
        assert_eq!(row_verdict("acc_mutual_info", &facts, "1.0"), Verdict::Proven);
        let mut rows = MetricRows::default();
        // Every second of −4, −5.9, −6.3, −14, −10.2, −11.7: 1.9, 7.7, 1.5.
        let wrong = metric("acc_mutual_info", RowValue::Number(number("0.0")));
        rows.observe(&facts, &judge(&facts, &wrong), false, Located::default);
        rows.observe(&facts, &judge(&facts, &wrong), false, Located::default);
        // Two rows may follow another slicing by chance.
        assert_eq!(rows.other_cut(), None);
        rows.observe(&facts, &judge(&facts, &wrong), false, Located::default);
        assert_eq!(rows.other_cut(), Some(Cut::Interleaved));
    }
}
