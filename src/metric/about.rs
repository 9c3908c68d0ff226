//! Whether a number of a run may be about the fields of some rows, by their names.

use crate::metric::catalogue::{is_majority, is_rate};
use crate::metric::field_names::{is_of_search, is_of_votes};
use crate::metric::joint::{is_compared, is_of_people};
use crate::metric::named::{ALIKE, are_of_one_kind, bare, is_no_mean};
use crate::metric::outcomes::is_outcome;
use crate::metric::retrieval_name::retrieval;
use crate::model::plain_name;

/// Whether a number of a run may be about a field of its rows: its mean, or what else it follows from.
#[must_use]
pub fn is_about(name: &str, field: &str) -> bool {
    let (own, column) = (plain_name(name), plain_name(field));
    let bare = bare(&own);
    let words = || [Some(&*own), bare].into_iter().flatten();
    words().any(|word| word == column)
        || words().any(|word| ALIKE.iter().any(|group| group.contains(&word) && group.contains(&&*column)))
        || are_of_one_kind(&own, &column)
        || is_no_mean(name) && (is_compared(&column) || is_of_people(&column))
        || is_majority(&own) && is_of_votes(field)
        || is_rate(&own) && is_outcome(field)
        || retrieval(name).is_some() && is_of_search(field)
}

/// Whether a field that is no number may be what a number of a run follows from.
#[must_use]
pub fn may_decide(field: &str) -> bool {
    is_compared(field) || is_outcome(field) || is_of_search(field) || is_of_votes(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_about_what_they_follow_from() {
        let about = [
            ("ndcg@10", "qrels"),
            ("MRR", "rank"),
            ("maj@8", "answers"),
            ("pass@4", "predictions"),
            ("win_rate_a", "winner"),
            ("Spearman rho", "human_score"),
            ("mean_accuracy", "correct"),
            ("acc_raw", "right_raw"),
            ("accuracy_norm", "is_correct_norm"),
        ];
        for (name, field) in about {
            assert!(is_about(name, field), "{name} of {field}");
        }
        let apart = [
            ("ndcg@10", "winner"),
            ("recall", "qrels"),
            ("accuracy", "answers"),
            ("error_rate", "winner"),
            ("acc_raw", "right_norm"),
            ("acc_raw", "acc"),
        ];
        for (name, field) in apart {
            assert!(!is_about(name, field), "{name} of {field}");
        }
    }
}
