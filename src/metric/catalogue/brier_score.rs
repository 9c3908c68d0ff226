//! `brier_score` of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`): a row is the position of the right answer with
//! the softmax of the scores, the run's number the mean of Σ(p − \[right\])². numpy prints the probabilities. Of one confidence
//! a row it is the mean of (confidence − \[correct\])².

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, NO_ROWS};
use crate::metric::found::{Found, settle};
use crate::metric::known::{Kind, Metric};
use crate::model::{Aggregation, Definition};
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    several: Some(&Definition::Shares),
    aggregation: Some(Aggregation::Brier),
    of_columns: Some(of_columns),
    ..Metric::new(&["brier_score", "brier"], Kind::Number)
};

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let own = &asked.facts.columns.joint.calibration;
    let is_whole = own.rows > 0 && own.rows == asked.facts.columns.rows;
    let mean = Approx::exact(own.squares.value()).rounded(own.rows as f64, NumberFormat::F64).over(own.rows as f64);
    let right = vec![Derived::new(mean, "mean((confidence-correct)^2)")];
    is_whole.then(|| settle(asked, right, Vec::new(), NO_ROWS)).flatten()
}

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
