//! `likelihood` of lm-evaluation-harness 0.4: what a row is, tasks define; the run's number is the mean.

use crate::metric::known::{Kind, Metric};
use crate::model::Aggregation;

pub(super) static METRIC: Metric =
    Metric { aggregation: Some(Aggregation::Mean), ..Metric::new(&["likelihood"], Kind::Number) };

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, rows_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn the_mean_of_the_rows() {
        let run = Run { items: 2, rows: rows_of("likelihood", &["0.25", "0.5"]), ..Run::default() };
        assert_eq!(verdict_of("likelihood", "0.375", &run), Verdict::Proven);
        assert_eq!(verdict_of("likelihood", "0.40", &run), Verdict::Refuted);
    }
}
