//! The number of items: all, those that are known to be right or wrong, or the scored candidates.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Answer, Asked, SAMPLE};
use crate::metric::definition::is;
use crate::metric::known::{Kind, Metric};
use crate::numeric::Approx;

pub(super) static METRIC: Metric =
    Metric { of_run: Some(items), in_summaries: true, ..Metric::new(&["n", "num_items"], Kind::Items) };

/// Names of other totals and counts, too.
pub(super) static TOTAL: Metric = Metric {
    of_run: Some(|asked| number(asked).doubted(SAMPLE)),
    in_summaries: true,
    ..Metric::new(&["total", "num_samples", "count"], Kind::Items)
};

/// Names that say of what there are so many: a match proves, and no other number follows from them.
pub(super) static NAMED: Metric = Metric {
    of_run: Some(|asked| number(asked).doubted(SAMPLE)),
    ..Metric::new(
        &[
            "documents",
            "examples",
            "n_examples",
            "n_queries",
            "n_questions",
            "num_examples",
            "num_problems",
            "num_queries",
            "num_questions",
            "num_rows",
            "problems",
            "queries",
            "questions",
            "segments",
            "utterances",
        ],
        Kind::Count,
    )
};

fn items(asked: &Asked<'_>) -> Answer {
    // Selections by hand make a harness count otherwise, and more than there are is RT702's, when ids are missing.
    let plain = asked.printed.decimals <= 0 && asked.claim.of.aggregation.is_none();
    let answer = number(asked);
    if plain && asked.printed.value <= asked.facts.items as f64 { answer } else { answer.doubted(SAMPLE) }
}

fn number(asked: &Asked<'_>) -> Answer {
    let facts = asked.facts;
    let known = facts.right.map_or(facts.items, |(_, known)| known);
    let others = [known, facts.tokens.candidates].into_iter().find(|other| is(*other as f64, asked.printed.value));
    Answer::Derived(Derived::new(Approx::exact(others.unwrap_or(facts.items) as f64), "number of items"))
}

#[cfg(test)]
mod tests {
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn items_are_counted() {
        let run = Run { items: 4, right: Some((3, 3)), ..Run::default() };
        assert_eq!(verdict_of("n", "4", &run), Verdict::Proven);
        assert_eq!(verdict_of("n", "3", &run), Verdict::Proven);
        assert_eq!(verdict_of("n", "2", &run), Verdict::Refuted);
        assert_eq!(verdict_of("n", "5", &run), Verdict::Unprovable);
        assert_eq!(verdict_of("count", "2", &run), Verdict::Unprovable);
    }
}
