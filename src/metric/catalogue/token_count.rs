//! The number of scored tokens of a run. Pipelines count others as often (a first token, the end token, prompts): a match
//! proves, and a difference refutes nothing.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Answer, NO_ROWS, NO_TOKENS};
use crate::metric::known::{Kind, Metric};
use crate::numeric::Approx;

pub(super) static METRIC: Metric = Metric {
    of_run: Some(|asked| match asked.facts.tokens.tokens {
        0 => Answer::Missing(NO_ROWS),
        tokens => Answer::Maybe(Derived::new(Approx::exact(tokens as f64), "number of scored tokens"), NO_TOKENS),
    }),
    ..Metric::new(&["n_tokens", "num_tokens", "scored_tokens", "token_count", "tokens", "total_tokens"], Kind::Number)
};

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, tokens_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn tokens_are_counted() {
        // Two candidates of 3 and 4 tokens.
        let run = Run { items: 2, tokens: tokens_of(&[(-1.0, 3, 5), (-2.0, 4, 6)]), ..Run::default() };
        assert_eq!(verdict_of("tokens", "7", &run), Verdict::Proven);
        assert_eq!(verdict_of("num_tokens", "9", &run), Verdict::Unprovable);
        assert_eq!(verdict_of("tokens", "7", &Run { items: 2, ..Run::default() }), Verdict::Unprovable);
    }
}
