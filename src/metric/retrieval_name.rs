//! Names of measures of what a search returned, and the rank that they are cut at.

use crate::model::plain_name;

/// What a name says is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Normalised discounted gain.
    Ndcg,
    /// Discounted gain.
    Dcg,
    /// Reciprocal rank.
    Reciprocal,
    /// Precision.
    Precision,
    /// Recall.
    Recall,
    /// Hit rate.
    Hit,
    /// Average precision.
    Average,
}

/// Names with their family; those in the second list need a cut.
const NAMES: [(&str, Family); 17] = [
    ("ndcg", Family::Ndcg),
    ("ndcg_cut", Family::Ndcg),
    ("dcg", Family::Dcg),
    ("mrr", Family::Reciprocal),
    ("mean_reciprocal_rank", Family::Reciprocal),
    ("reciprocal_rank", Family::Reciprocal),
    ("recip_rank", Family::Reciprocal),
    ("rr", Family::Reciprocal),
    ("hit", Family::Hit),
    ("hits", Family::Hit),
    ("hit_rate", Family::Hit),
    ("hitrate", Family::Hit),
    ("map", Family::Average),
    ("map_cut", Family::Average),
    ("mean_average_precision", Family::Average),
    ("average_precision", Family::Average),
    ("ap", Family::Average),
];
const WITH_CUT: [(&str, Family); 4] =
    [("precision", Family::Precision), ("p", Family::Precision), ("recall", Family::Recall), ("r", Family::Recall)];

/// What stands before the name of what a mean is of.
const BEFORE: [&str; 4] = ["mean_", "avg_", "average_", "overall_"];

/// The family that a name is of, and its cut: `ndcg@10`, `NDCG_at_10`, `recall_at_5`, `mrr`.
#[must_use]
pub fn retrieval(name: &str) -> Option<(Family, u32)> {
    let own = plain_name(name);
    let find = |own: &str| {
        let split = own.split_once('@').or_else(|| own.rsplit_once("_at_"));
        let digits = |tail: &str| tail.parse::<u32>().ok().filter(|cut| *cut > 0);
        let (bare, cut) = match split.or_else(|| own.rsplit_once('_')) {
            Some((bare, tail)) if digits(tail).is_some() => (bare.trim_end_matches('_'), digits(tail)),
            _ => (own, None),
        };
        let known = NAMES.iter().chain(WITH_CUT.iter().filter(|_| cut.is_some()));
        let (_, family) = known.into_iter().find(|(known, _)| *known == bare)?;
        Some((*family, cut.unwrap_or(u32::MAX)))
    };
    find(&own).or_else(|| find(BEFORE.iter().find_map(|word| own.strip_prefix(word))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_cuts_as_people_write_them() {
        for name in ["ndcg@10", "NDCG@10", "ndcg_at_10", "mean_ndcg@10", "ndcg_cut_10", "nDCG_10"] {
            assert_eq!(retrieval(name), Some((Family::Ndcg, 10)), "{name}");
        }
        assert_eq!(retrieval("MRR"), Some((Family::Reciprocal, u32::MAX)));
        assert_eq!(retrieval("p@5"), Some((Family::Precision, 5)));
        assert_eq!(retrieval("recall_at_100"), Some((Family::Recall, 100)));
        assert_eq!(retrieval("Hits@1"), Some((Family::Hit, 1)));
        for name in ["recall", "precision", "p", "recall_macro", "mapping", "ndcg@0", "hit_rate_a"] {
            assert_eq!(retrieval(name), None, "{name}");
        }
    }
}
