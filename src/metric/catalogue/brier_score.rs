//! `brier_score` of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`): a row is the position of the right answer with
//! the softmax of the scores, the run's number the mean of Σ(p − \[right\])². numpy prints the probabilities.

use crate::metric::known::{Kind, Metric};
use crate::model::{Aggregation, Definition};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Shares),
    aggregation: Some(Aggregation::Brier),
    ..Metric::new(&["brier_score"], Kind::Number)
};

#[cfg(test)]
mod tests {
    use crate::metric::row::judge;
    use crate::metric::tests::{item, metric, number};
    use crate::model::{RowValue, Verdict};

    #[test]
    fn brier_is_read_as_numpy_prints_it() {
        // softmax(0, ln 3) = 0.25, 0.75.
        let two = item(&[(0.0, "a", None), (1.098_612_288_668_109_8, "b", None)], 1);
        let of = |gold, values: [&str; 2]| {
            let value = RowValue::Distribution(gold, values.iter().map(|text| number(text)).collect());
            judge(&two, &metric("brier_score", value)).row
        };
        let right = of(1, ["0.25", "0.75"]);
        assert_eq!(right.judged.verdict, Verdict::Proven);
        assert!((right.squared.unwrap() - 0.125).abs() < 1e-15);
        assert_eq!(of(0, ["0.25", "0.75"]).judged.verdict, Verdict::Refuted);
        assert_eq!(of(1, ["0.24999000", "0.75001000"]).judged.verdict, Verdict::Refuted);
    }
}
