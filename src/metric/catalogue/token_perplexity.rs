//! Perplexity per token: exp(−Σ log p ÷ tokens), over the tokens of all rows.

use crate::metric::answer::{Answer, Asked, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::{EXP_OF_MEAN_NLLS, MEAN_OF_TOKEN_PERPLEXITIES};

pub(super) static METRIC: Metric = Metric {
    of_run: Some(of_tokens),
    variants: &[MEAN_OF_TOKEN_PERPLEXITIES, EXP_OF_MEAN_NLLS],
    in_summaries: true,
    ..Metric::new(&["corpus_perplexity", "corpus_ppl", "ppl", "token_perplexity"], Kind::Number)
};

/// exp(−Σ log p ÷ tokens).
pub(super) fn of_tokens(asked: &Asked<'_>) -> Answer {
    let tokens = asked.facts.tokens;
    let Some(total) = tokens.logprob() else { return Answer::Missing(NO_ROWS) };
    let mean = (-total).over(tokens.tokens as f64);
    Answer::of_tokens(asked.facts, mean.exp(), "exp(-sum(logprob)/tokens)")
}

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::tests::{Run, cause_of, tokens_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn tokens_and_not_rows_are_averaged() {
        // e^(7 ÷ 4) = 5.7546…; e^(3 ÷ 2) = 4.4816…; (e + e²) ÷ 2 = 5.0536…
        let run = Run { items: 2, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 4)]), ..Run::default() };
        assert_eq!(verdict_of("ppl", "5.75460268", &run), Verdict::Proven);
        assert_eq!(cause_of("ppl", "4.48168907", &run), Some(AggregateCause::MeanOfMeans));
        assert_eq!(cause_of("token_perplexity", "5.05366896", &run), Some(AggregateCause::MeanOfExp));
    }

    #[test]
    fn of_several_candidates_per_item_no_one_knows_which_count() {
        let run = Run { items: 1, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 4)]), ..Run::default() };
        assert_eq!(verdict_of("ppl", "5.75460268", &run), Verdict::Proven);
        assert_eq!(verdict_of("ppl", "4.0", &run), Verdict::Unprovable);
    }
}
