//! The loss of a run: −Σ log p ÷ tokens, over the tokens of all rows.

use crate::metric::answer::{Answer, Asked, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::MEAN_OF_MEAN_NLLS;

pub(super) static METRIC: Metric = Metric {
    of_run: Some(of_tokens),
    variants: &[MEAN_OF_MEAN_NLLS],
    in_summaries: true,
    ..Metric::new(&["loss", "nll", "mean_nll"], Kind::Number)
};

fn of_tokens(asked: &Asked<'_>) -> Answer {
    let tokens = asked.facts.tokens;
    let Some(total) = tokens.logprob() else { return Answer::Missing(NO_ROWS) };
    Answer::of_tokens(asked.facts, (-total).over(tokens.tokens as f64), "-sum(logprob)/tokens")
}

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::tests::{Run, cause_of, tokens_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn tokens_and_not_rows_are_averaged() {
        // (1 + 3) ÷ (1 + 3) = 1; rows weighed alike: (1 + 1) ÷ 2. With −6 over 3: 7 ÷ 4 and (1 + 2) ÷ 2.
        let run = Run { items: 2, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 4)]), ..Run::default() };
        assert_eq!(verdict_of("loss", "1.75", &run), Verdict::Proven);
        assert_eq!(verdict_of("nll", "1.5", &run), Verdict::Refuted);
        assert_eq!(cause_of("mean_nll", "1.5", &run), Some(AggregateCause::MeanOfMeans));
    }
}
