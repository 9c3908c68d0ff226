//! The mean of the candidates' scores, or of the only metric that the rows have. Which it is over, no pipeline says: a match decides.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Answer, Asked, NO_FORMULA, NO_ROWS};
use crate::metric::known::{Kind, Metric};
use crate::model::Aggregation;
use crate::numeric::NumberFormat;

pub(super) static METRIC: Metric = Metric {
    of_run: Some(of_candidates),
    in_summaries: true,
    ..Metric::new(&["mean_score", "avg_score"], Kind::Number)
};

fn of_candidates(asked: &Asked<'_>) -> Answer {
    if let Some((name, rows)) = asked.facts.rows.iter().next().filter(|_| asked.facts.rows.len() == 1)
        && let Some(mean) = Aggregation::Mean.derive(name, rows)
    {
        return Answer::Maybe(mean, NO_FORMULA);
    }
    let tokens = asked.facts.tokens;
    let Some(total) = tokens.logprob() else { return Answer::Missing(NO_ROWS) };
    let mean = total.over(tokens.candidates as f64).through_stages(NumberFormat::F64);
    Answer::Maybe(Derived::new(mean, "mean(sum(logprob))"), NO_FORMULA)
}

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, tokens_of, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn a_match_decides() {
        let run = Run { items: 1, tokens: tokens_of(&[(-1.0, 1, 4), (-6.0, 3, 4)]), ..Run::default() };
        assert_eq!(verdict_of("mean_score", "-3.5", &run), Verdict::Proven);
        assert_eq!(verdict_of("mean_score", "-1.0", &run), Verdict::Unprovable);
    }
}
