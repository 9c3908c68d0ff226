//! `word_perplexity` of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`, `weighted_perplexity`): a row is a
//! log-likelihood with its words, the run's number exp(−Σ log-likelihood ÷ Σ words).

use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{EXP_OF_MEAN_OF_MEANS, MEAN_OF_EXPS};
use crate::model::{Aggregation, Counted, Definition};

pub(super) static METRIC: Metric = Metric {
    single: Some(&Definition::Total(Some(Counted::Words))),
    aggregation: Some(Aggregation::WeightedPerplexity),
    variants: &[MEAN_OF_EXPS, EXP_OF_MEAN_OF_MEANS],
    ..Metric::new(&["word_perplexity"], Kind::Number)
};

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::row::judge;
    use crate::metric::tests::{Run, cause_of, item, metric, number, pairs_of, verdict_of};
    use crate::model::{RowValue, Verdict};

    #[test]
    fn words_as_the_harness_counts_them() {
        let text = item(&[(-12.5, "two words", None)], 0);
        let pair = |total: &str, count: &str| RowValue::Pair(number(total), number(count));
        let of = |value| judge(&text, &metric("word_perplexity", value)).row.judged.verdict;
        assert_eq!(of(pair("-12.5", "2")), Verdict::Proven);
        // The harness counts an empty word at white space at the end; another text is another count.
        assert_eq!(of(pair("-12.5", "3")), Verdict::Proven);
        assert_eq!(of(pair("-12.5", "9")), Verdict::Unprovable);
        assert_eq!(of(pair("-12.4", "2")), Verdict::Refuted);
    }

    #[test]
    fn sums_are_divided_once() {
        // 12 ÷ 8 = 1.5; (1 + 1 + 2) ÷ 3; (e + e + e²) ÷ 3.
        let rows = pairs_of("word_perplexity", &[("-1.0", "1"), ("-3.0", "3"), ("-8.0", "4")]);
        let run = Run { items: 3, rows, ..Run::default() };
        assert_eq!(verdict_of("word_perplexity", "4.481689070338065", &run), Verdict::Proven);
        assert_eq!(cause_of("word_perplexity", "3.7936678946831774", &run), Some(AggregateCause::MeanOfMeans));
        assert_eq!(cause_of("word_perplexity", "4.275206585282913", &run), Some(AggregateCause::MeanOfExp));
    }
}
