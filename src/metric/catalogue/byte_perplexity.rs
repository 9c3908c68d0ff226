//! `byte_perplexity` of lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`, `weighted_perplexity`): a row is a
//! log-likelihood with its UTF-8 bytes, the run's number exp(−Σ log-likelihood ÷ Σ bytes). Where no such rows are logged,
//! the same of the tokens and the bytes of their texts.

use crate::metric::answer::{Answer, Asked, NO_FORMULA, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{EXP_OF_MEAN_OF_MEANS, MEAN_OF_EXPS};
use crate::model::{Aggregation, Counted, Definition};

pub(super) static METRIC: Metric = Metric {
    single: Some(&Definition::Total(Some(Counted::Bytes))),
    aggregation: Some(Aggregation::WeightedPerplexity),
    of_run: Some(of_tokens),
    variants: &[MEAN_OF_EXPS, EXP_OF_MEAN_OF_MEANS],
    in_summaries: true,
    ..Metric::new(&["byte_perplexity"], Kind::Number)
};

fn of_tokens(asked: &Asked<'_>) -> Answer {
    let tokens = asked.facts.tokens;
    let Some(total) = tokens.logprob() else { return Answer::Missing(NO_ROWS) };
    let Some(bytes) = tokens.all_bytes() else { return Answer::Missing(NO_FORMULA) };
    Answer::of_tokens(asked.facts, (-total).over(bytes).exp(), "exp(-sum(logprob)/bytes)")
}

#[cfg(test)]
mod tests {
    use crate::metric::row::judge;
    use crate::metric::tests::{Run, item, metric, number, tokens_of, verdict_of};
    use crate::model::{RowValue, Verdict};

    #[test]
    fn the_delimiter_counts() {
        let text = item(&[(-12.5, "two words", None)], 0);
        let of = |count: &str| {
            judge(&text, &metric("byte_perplexity", RowValue::Pair(number("-12.5"), number(count)))).row.judged.verdict
        };
        assert_eq!(of("10"), Verdict::Proven);
        assert_eq!(of("9"), Verdict::Unprovable);
    }

    #[test]
    fn of_tokens_and_their_text() {
        // e^(7 ÷ 14) = 1.6487…
        let run = Run { items: 2, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 10)]), ..Run::default() };
        assert_eq!(verdict_of("byte_perplexity", "1.64872127", &run), Verdict::Proven);
        assert_eq!(verdict_of("byte_perplexity", "1.65", &run), Verdict::Proven);
        assert_eq!(verdict_of("byte_perplexity", "1.66", &run), Verdict::Refuted);
    }
}
