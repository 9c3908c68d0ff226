//! maj@k, cons@k: the share of questions whose most frequent answer of k is right (Wang et al. 2022,
//! <https://arxiv.org/abs/2203.11171>; `lm_eval/filters/selection.py` takes the first of equals).
//!
//! Of several answers with the most votes tools take the first, the last, one at random, none or a right one. Wrong: any right
//! answer (pass@k), or the share of right answers (avg@k), under this name.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Ways, Wrong};
use crate::metric::known::{Kind, Metric};
use crate::metric::votes::{Tie, Votes};
use crate::metric::wrong::AggregateCause;
use crate::numeric::{Approx, show};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(
        &[
            "cons@",
            "consensus",
            "consensus_accuracy",
            "maj",
            "maj@",
            "majority",
            "majority@",
            "majority_accuracy",
            "majority_vote",
            "majority_vote_accuracy",
            "majority_voting",
            "self_consistency",
            "self_consistency_accuracy",
        ],
        Kind::Number,
    )
};

/// What the rows do not say.
const ANSWERS: Missing =
    ("it is unclear which answers are counted as equal", "the extracted answers and the one that won");

/// Whether a plain name is that of a number over several answers to each question.
pub(in crate::metric) fn is_majority(name: &str) -> bool {
    let is_own = |own: &&str| *own == name || own.ends_with('@') && name.starts_with(*own);
    METRIC.names.iter().any(is_own) || name.starts_with("pass@") || name.starts_with("pass^")
}

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let columns = asked.facts.columns;
    let of_samples;
    let votes = if columns.facts.votes.rows > 0 {
        &columns.facts.votes
    } else {
        of_samples = columns.joint.votes();
        &of_samples
    };
    let (fewest, most) = votes.answers?;
    if votes.rows < asked.facts.items || most < 2 {
        return None;
    }
    let k = asked.claim.of.metric.split_once('@').and_then(|(_, k)| k.parse::<u32>().ok());
    let right = [Tie::First, Tie::Shared, Tie::Lost, Tie::Won, Tie::Last].into_iter().filter_map(|tie| {
        let share = Approx::exact(votes.share(tie)?);
        Some(Derived::new(share, format!("questions with a right majority ({})/questions", tie.words())))
    });
    let mut ways = Ways { rows: votes.rows, right: right.collect(), ..Ways::default() };
    // A vote of fewer answers than are logged is drawn somehow.
    if k.is_some_and(|k| k != fewest || k != most) {
        let found = ways.settle(asked, ANSWERS)?;
        return Some(Found::open(found.derived, ANSWERS));
    }
    let rows = votes.rows as f64;
    let mut wrong = |value: f64, words: &str, why: &str| {
        let value = Approx::exact(value / rows);
        ways.wrong.push(Wrong::new(AggregateCause::Mismatch, value, words, why));
    };
    wrong(
        votes.any as f64,
        "questions with any right answer/questions",
        "counts a question as solved if any answer is right (pass@k)",
    );
    wrong(
        votes.shares.value(),
        "mean share of right answers",
        "is the mean share of right answers (avg@k), not of votes",
    );
    let is_whole = ways.is_of_all(asked);
    let found = ways.settle(asked, ANSWERS)?;
    if found.missing.is_none() || !is_whole {
        return Some(found);
    }
    Some(outside(asked, votes).unwrap_or(found))
}

/// A number that no vote gives, whichever answers are counted as equal.
fn outside(asked: &Asked<'_>, votes: &Votes) -> Option<Found> {
    let reported = asked.at_least();
    let scale = if reported.value > 1.0 { 100.0 } else { 1.0 };
    let of = |count: u64| Approx::exact(count as f64).over(votes.rows as f64).scaled(scale);
    let (low, high) = (of(votes.bounds.0), of(votes.bounds.1));
    if !reported.is_below(low) && !high.is_below(reported) {
        return None;
    }
    let shared = Approx::exact(votes.share(Tie::Shared)?).scaled(scale);
    let right = Derived::new(shared, "questions with a right majority (ties shared)/questions");
    let why = format!(
        "is outside what a majority gives: whichever answers count as equal, between {} and {}",
        show(low.value),
        show(high.value)
    );
    let arithmetic = format!("{} = {} over {} questions", right.definition, show(shared.value), votes.rows);
    Some(Found::refuted(right, AggregateCause::Mismatch, &why, arithmetic))
}

#[cfg(test)]
mod tests {
    use crate::metric::AggregateCause;
    use crate::metric::alike::tests::Nowhere;
    use crate::metric::columns::RowColumns;
    use crate::metric::tests::found;
    use crate::model::{RowFact, Verdict, Vote};

    fn columns() -> RowColumns {
        let mut all = RowColumns::default();
        let of = |answers: &[(u64, bool)]| {
            RowFact::Votes(answers.iter().map(|(answer, right)| Vote { answer: *answer, right: *right }).collect())
        };
        // A right majority, a wrong one, a tie that begins wrong, all wrong.
        all.observe(1, &[], &[of(&[(1, true), (1, true), (2, false), (3, false)])], &Nowhere);
        all.observe(2, &[], &[of(&[(1, true), (2, false), (2, false), (2, false)])], &Nowhere);
        all.observe(3, &[], &[of(&[(5, false), (5, false), (4, true), (4, true)])], &Nowhere);
        all.observe(4, &[], &[of(&[(5, false), (6, false), (7, false), (8, false)])], &Nowhere);
        all
    }

    #[test]
    fn ties_decide_between_a_quarter_and_a_half() {
        let verdict =
            |name: &str, printed: &str| found(super::of_columns, &columns(), 4, name, printed).unwrap().verdict;
        for printed in ["0.25", "0.375", "0.5", "37.5"] {
            assert_eq!(verdict("maj@4", printed), Verdict::Proven, "{printed}");
        }
        assert_eq!(verdict("maj@2", "0.25"), Verdict::Unprovable);
        assert_eq!(verdict("majority_vote", "0.25"), Verdict::Proven);
    }

    #[test]
    fn any_and_mean_are_other_metrics() {
        let cause = |printed: &str| found(super::of_columns, &columns(), 4, "maj@4", printed).unwrap();
        assert!(cause("0.7500").why.contains("pass@k"));
        // (2 + 1 + 2 + 0) ÷ 16.
        assert!(cause("0.3125").why.contains("avg@k"));
        assert_eq!(cause("0.9").cause, Some(AggregateCause::Mismatch));
        assert_eq!(cause("0.30").verdict, Verdict::Unprovable);
    }
}
