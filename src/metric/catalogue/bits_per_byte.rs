//! Bits per byte. In lm-evaluation-harness 0.4 (`lm_eval/api/metrics.py`) a row is a log-likelihood with its UTF-8 bytes,
//! and the run's number −Σ log-likelihood ÷ Σ bytes ÷ ln 2. Where no such rows are logged, the same of the tokens and the
//! bytes of their texts.

use crate::metric::answer::{Answer, Asked, NO_FORMULA, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::BITS_OF_MEAN_OF_MEANS;
use crate::model::{Aggregation, Counted, Definition};

pub(super) static METRIC: Metric = Metric {
    single: Some(&Definition::Total(Some(Counted::Bytes))),
    aggregation: Some(Aggregation::BitsPerByte),
    of_run: Some(of_tokens),
    variants: &[BITS_OF_MEAN_OF_MEANS],
    in_summaries: true,
    ..Metric::new(&["bits_per_byte"], Kind::Number)
};

/// The name of pipelines that log no rows of it: what a row of that name is, nothing says.
pub(super) static OF_TOKENS: Metric =
    Metric { of_run: Some(of_tokens), in_summaries: true, ..Metric::new(&["bpb"], Kind::Number) };

fn of_tokens(asked: &Asked<'_>) -> Answer {
    let tokens = asked.facts.tokens;
    let Some(total) = tokens.logprob() else { return Answer::Missing(NO_ROWS) };
    let Some(bytes) = tokens.all_bytes() else { return Answer::Missing(NO_FORMULA) };
    Answer::of_tokens(asked.facts, (-total).over(bytes).in_bits(), "-sum(logprob)/bytes/ln 2")
}

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::tests::{Run, cause_of, pairs_of, tokens_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn sums_are_divided_once() {
        // 12 ÷ 8 ÷ ln 2; (1 + 1 + 2) ÷ 3 ÷ ln 2.
        let rows = pairs_of("bits_per_byte", &[("-1.0", "1"), ("-3.0", "3"), ("-8.0", "4")]);
        let run = Run { items: 3, rows, ..Run::default() };
        assert_eq!(verdict_of("bits_per_byte", "2.164042561333445", &run), Verdict::Proven);
        assert_eq!(cause_of("bits_per_byte", "1.9235933878519512", &run), Some(AggregateCause::MeanOfMeans));
    }

    #[test]
    fn of_tokens_and_their_text() {
        // 7 ÷ 14 ÷ ln 2 = 0.72134…
        let run = Run { items: 2, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 10)]), ..Run::default() };
        assert_eq!(verdict_of("bpb", "0.72134752", &run), Verdict::Proven);
        assert_eq!(verdict_of("bits_per_byte", "0.5", &run), Verdict::Refuted);
    }
}
