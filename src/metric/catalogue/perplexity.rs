//! Perplexity. In lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`) a row is a log-likelihood, and the run's number
//! exp(−mean) over the rows. Where no such rows are logged, it is the perplexity per token.

use crate::metric::catalogue::token_perplexity;
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{EXP_OF_MEAN_NLLS, MEAN_OF_EXPS, MEAN_OF_TOKEN_PERPLEXITIES};
use crate::model::{Aggregation, Definition};

pub(super) static METRIC: Metric = Metric {
    single: Some(&Definition::Total(None)),
    aggregation: Some(Aggregation::Perplexity),
    of_run: Some(token_perplexity::of_tokens),
    variants: &[MEAN_OF_EXPS, MEAN_OF_TOKEN_PERPLEXITIES, EXP_OF_MEAN_NLLS],
    in_summaries: true,
    ..Metric::new(&["perplexity"], Kind::Number)
};

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::tests::{Run, cause_of, rows_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn e_to_the_mean_and_not_the_mean_of_es() {
        // e^2 = 7.389…; (e^1 + e^3) ÷ 2 = 11.40…
        let run = Run { items: 2, rows: rows_of("perplexity", &["-1.0", "-3.0"]), ..Run::default() };
        assert_eq!(verdict_of("perplexity", "7.38905609893065", &run), Verdict::Proven);
        assert_eq!(cause_of("perplexity", "11.401909375823359", &run), Some(AggregateCause::MeanOfExp));
        assert_eq!(cause_of("perplexity", "9.0", &run), Some(AggregateCause::Mismatch));
    }
}
