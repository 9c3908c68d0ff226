//! The metrics that are known by their names: one file each.

mod acc;
mod acc_bytes;
mod acc_mutual_info;
mod acc_norm;
mod accuracy;
mod bits_per_byte;
mod bootstrap;
mod brier_score;
mod byte_perplexity;
mod correct;
mod correlation;
mod ece;
mod exact_match;
mod f1;
mod fraction;
mod items;
mod kappa;
mod likelihood;
mod loss;
mod maj;
mod mcc;
mod mean_score;
mod pass_at_k;
mod perplexity;
mod retrieval;
mod reward;
mod rollout_divergence;
mod rollout_probs_diff;
mod token_count;
mod token_perplexity;
mod wer;
mod win_rate;
mod word_perplexity;

pub(super) use fraction::is_no_share;
pub(super) use maj::is_majority;
pub(super) use win_rate::{is_rate, outcome};

use crate::metric::answer::{Answer, Asked};
use crate::metric::known::{Kind, Metric, OfColumns};
use crate::metric::retrieval_name::retrieval;
use crate::metric::wrong::Variant;
use crate::model::{Aggregation, RunClaim, plain_name};

/// All metrics.
static ALL: &[&Metric] = &[
    &acc::METRIC,
    &acc_bytes::METRIC,
    &acc_mutual_info::METRIC,
    &acc_norm::METRIC,
    &accuracy::METRIC,
    &bits_per_byte::METRIC,
    &bits_per_byte::OF_TOKENS,
    &bootstrap::METRIC,
    &brier_score::METRIC,
    &byte_perplexity::METRIC,
    &correct::METRIC,
    &correlation::METRIC,
    &ece::METRIC,
    &ece::ADAPTIVE,
    &ece::ONE_BIN,
    &exact_match::METRIC,
    &exact_match::OF_CHOICES,
    &f1::METRIC,
    &f1::AVERAGED,
    &items::METRIC,
    &items::NAMED,
    &items::TOTAL,
    &kappa::METRIC,
    &likelihood::METRIC,
    &loss::METRIC,
    &maj::METRIC,
    &mcc::METRIC,
    &mean_score::METRIC,
    &pass_at_k::METRIC,
    &perplexity::METRIC,
    &retrieval::METRIC,
    &reward::METRIC,
    &rollout_divergence::K1,
    &rollout_divergence::K3,
    &rollout_probs_diff::DEVIATION,
    &rollout_probs_diff::MAX,
    &rollout_probs_diff::METRIC,
    &token_count::METRIC,
    &token_perplexity::METRIC,
    &wer::CHARS,
    &wer::WORDS,
    &win_rate::METRIC,
    &word_perplexity::METRIC,
];

/// The metric of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Metric> {
    let is_it = |own: &&str| *own == name || (own.ends_with(['@', '^']) && name.starts_with(*own));
    ALL.iter().copied().find(|metric| metric.names.iter().any(is_it))
}

/// The names of metrics that a summary in a file of its own may have.
pub fn in_summaries() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|metric| metric.in_summaries).flat_map(|metric| metric.names).copied()
}

/// Whether the fields of rows may decide a metric of that name.
#[must_use]
pub fn is_of_columns(name: &str) -> bool {
    of_columns(name).is_some()
}

/// How the fields of rows decide a metric of that name, however it is spelled: `NDCG@10`, `mean_ndcg_at_10`, `Win Rate (A)`.
pub(super) fn of_columns(name: &str) -> Option<OfColumns> {
    let own = |name: &str| by_name(name).and_then(|metric| metric.of_columns);
    let plain = plain_name(name);
    let bare = || ["mean_", "avg_", "average_", "overall_"].iter().find_map(|word| plain.strip_prefix(word));
    let of_search = || if retrieval(&plain).is_some() { retrieval::METRIC.of_columns } else { None };
    let of_sides = || win_rate::is_rate(&plain).then_some(win_rate::METRIC.of_columns).flatten();
    own(name).or_else(|| own(&plain)).or_else(of_search).or_else(of_sides).or_else(|| own(bare()?))
}

/// The aggregation of a metric that is a quotient of sums whatever tool reports it.
#[must_use]
pub fn quotient(name: &str) -> Option<Aggregation> {
    by_name(name)?.aggregation.filter(|own| own.is_quotient())
}

/// Whether a claim is the number of items.
#[must_use]
pub fn is_count(claim: &RunClaim) -> bool {
    !claim.of.stderr && is_named_count(claim)
}

/// Whether a claim has the name of a number of items.
pub(super) fn is_named_count(claim: &RunClaim) -> bool {
    by_name(&claim.of.metric).is_some_and(|metric| metric.kind == Kind::Items)
}

/// Whether the format says that a number is the share of right items, under whatever name. Where code computes it, a match
/// decides.
pub(super) fn is_share_of_items(claim: &RunClaim) -> bool {
    claim.of.rows.as_deref().and_then(by_name).is_some_and(Metric::is_share_of_items)
}

/// Whether a claim has the name of a share of right items.
pub(super) fn is_named_share_of_items(claim: &RunClaim) -> bool {
    by_name(&claim.of.metric).is_some_and(Metric::is_share_of_items)
}

/// Whether a claim follows from which items are marked right.
pub(super) fn rests_on_marks(claim: &RunClaim) -> bool {
    let of_marks = [&correct::METRIC, &ece::ADAPTIVE, &ece::METRIC, &pass_at_k::METRIC];
    let is_of_marks = |metric: &Metric| of_marks.iter().any(|own| std::ptr::eq(*own, metric));
    is_share_of_items(claim) || is_named_share_of_items(claim) || by_name(&claim.of.metric).is_some_and(is_of_marks)
}

/// The share of right items, as a percentage.
pub(super) fn percentage(asked: &Asked<'_>) -> Answer {
    accuracy::share(asked, asked.printed.value / 100.0).scaled(100.0, "100*right items/items")
}

/// The wrong ways to compute a claim that are known: of the metric with its aggregation, since tools name quotients of
/// sums as they like, else of the metric with its name.
pub(super) fn variants(claim: &RunClaim) -> &'static [Variant] {
    let said = claim.of.aggregation.filter(|said| *said != Aggregation::Mean);
    let alike = said.and_then(|said| ALL.iter().copied().find(|metric| metric.aggregation == Some(said)));
    alike.or_else(|| by_name(&claim.of.metric)).map_or(&[], |metric| metric.variants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_metric() {
        let mut names: Vec<&str> = ALL.iter().flat_map(|metric| metric.names).copied().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for metric in ALL {
            for name in metric.names {
                assert!(by_name(name).is_some_and(|found| std::ptr::eq(found, *metric)), "{name}");
            }
        }
        assert_eq!(by_name("pass@10").map(|metric| metric.kind), Some(Kind::Fraction));
        assert!(by_name("passed").is_none());
    }
}
