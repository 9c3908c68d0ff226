//! Divergence of the engine from the trainer, over the tokens of the response mask of all rollouts, in nats: k1, the mean of engine −
//! trainer, and k3, the mean of r − 1 − ln r with r = exp(trainer − engine) (`verl/trainer/ppo/mismatch_helper.py`, later
//! `rollout_corr_helper.py`; the estimators: <http://joschu.net/blog/kl-approx.html>).
//!
//! Wrong: the other direction; over the attention mask; over all positions.

use crate::metric::aggregate::Derived;
use crate::metric::answer::Asked;
use crate::metric::catalogue::rollout_probs_diff::{OTHER_ROLLOUTS, sum, tokens};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::{TOKEN_SUMS, TokenSums};
use crate::numeric::Approx;

pub(super) static K1: Metric = Metric {
    of_columns: Some(|asked| of_columns(asked, &OF_K1)),
    ..Metric::new(
        &["mismatch/mismatch_kl", "mismatch_kl", "rollout_corr/kl", "rollout_corr_kl", "mismatch/kl"],
        Kind::Number,
    )
};
pub(super) static K3: Metric = Metric {
    of_columns: Some(|asked| of_columns(asked, &OF_K3)),
    ..Metric::new(
        &["mismatch/mismatch_k3_kl", "mismatch_k3_kl", "rollout_corr/k3_kl", "rollout_corr_k3_kl", "mismatch/k3_kl"],
        Kind::Number,
    )
};

/// An estimator with its sum over a mask, and that in the other direction.
struct Estimator {
    words: &'static str,
    swapped: &'static str,
    of: fn(&Asked<'_>, &TokenSums) -> Option<Approx>,
    of_swapped: fn(&Asked<'_>, &TokenSums) -> Option<Approx>,
}

static OF_K1: Estimator = Estimator {
    words: "mean of engine - trainer",
    swapped: "mean of trainer - engine",
    of: |asked, names| sum(asked, names.k1),
    of_swapped: |asked, names| sum(asked, names.k1).map(|sum| -sum),
};
static OF_K3: Estimator = Estimator {
    words: "mean of r - 1 - ln r with r = exp(trainer - engine)",
    swapped: "mean of r - 1 - ln r with r = exp(engine - trainer)",
    of: |asked, names| sum(asked, names.k3),
    of_swapped: |asked, names| sum(asked, names.k3_swapped),
};

fn of_columns(asked: &Asked<'_>, estimator: &Estimator) -> Option<Found> {
    let [own, others @ ..] = &TOKEN_SUMS;
    let over = |sum: Option<Approx>, names: &TokenSums| Some(sum?.over(tokens(asked, names)?));
    let right = Derived::new(over((estimator.of)(asked, own), own)?, format!("{} over the mask", estimator.words));
    let swapped = over((estimator.of_swapped)(asked, own), own).map(|value| {
        let words = format!("{} over the mask", estimator.swapped);
        Wrong::new(AggregateCause::Mismatch, value, &words, "has trainer and engine exchanged")
    });
    let elsewhere = |names: &TokenSums| {
        let why = format!("is over {}, not over the response mask", names.mask);
        let words = format!("{} over {}", estimator.words, names.mask);
        Some(Wrong::new(AggregateCause::Mismatch, over((estimator.of)(asked, names), names)?, &words, &why))
    };
    let wrong = swapped.into_iter().chain(others.iter().filter_map(elsewhere)).collect();
    settle(asked, vec![right], wrong, OTHER_ROLLOUTS)
}
