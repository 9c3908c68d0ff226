//! Names of fractions, whatever computes them: their range is known.

/// Names that summaries have for fractions, or for percentages.
const SHARES: [&str; 18] = [
    "acc",
    "accuracy",
    "auc",
    "auroc",
    "ece",
    "em",
    "exact_match",
    "f1",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "macro_f1",
    "micro_f1",
    "mrr",
    "ndcg",
    "recall",
    "roc_auc",
    "weighted_f1",
];
/// The same before an `@`.
const SHARES_AT: [&str; 4] = ["hit", "ndcg", "pass", "recall"];

/// Whether a number of that name can be no share: below 0 or above 100. Below 0, −1 stands for no value as often.
pub(in crate::metric) fn is_no_share(name: &str, value: f64) -> bool {
    let is_at = |before: &str| SHARES_AT.contains(&before);
    let is_share = SHARES.contains(&name) || name.split_once('@').is_some_and(|(before, _)| is_at(before));
    is_share && !(0.0..=100.0).contains(&value) && value != -1.0
}

#[cfg(test)]
mod tests {
    use super::is_no_share;
    use crate::metric::tests::{Run, verdict_of};
    use crate::model::Verdict;

    #[test]
    fn a_share_may_be_a_percentage() {
        assert!(is_no_share("weighted_f1", 101.5));
        assert!(is_no_share("pass@10", -0.25));
        assert!(["f1", "pass@1"].iter().all(|name| !is_no_share(name, 85.3)));
        assert!(!is_no_share("ece", -1.0));
        assert!(!is_no_share("recalled", 500.0));
    }

    #[test]
    fn a_fraction_lies_between_0_and_1() {
        let run = Run { items: 2, ..Run::default() };
        assert_eq!(verdict_of("f1", "0.8", &run), Verdict::Unprovable);
        assert_eq!(verdict_of("f1", "1.2", &run), Verdict::Refuted);
        assert_eq!(verdict_of("pass@1", "-0.1", &run), Verdict::Refuted);
    }
}
