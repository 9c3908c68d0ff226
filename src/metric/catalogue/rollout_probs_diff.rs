//! `training/rollout_probs_diff_mean` of verl: the mean over the tokens of the response mask of |exp(trainer) − exp(engine)|.
//!
//! Wrong: over the attention mask, which also counts tokens of tools and users that the engine did not sample; over all positions.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::RolloutMask;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(&["training/rollout_probs_diff_mean", "rollout_probs_diff_mean"], Kind::Number)
};

/// Other rollouts may be beneath it.
const OTHER_ROLLOUTS: Missing = ("it may be of another step, or of more rollouts", "all rollouts of its step");

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let facts = &asked.facts.columns.facts;
    let mean = |mask: RolloutMask| {
        let own = facts.gaps.get(&mask).filter(|own| own.rows == facts.rows && own.tokens > 0)?;
        // Trainers compute it in single precision.
        Some(Approx::exact(own.sum.value()).rounded(64.0, NumberFormat::F32).over(own.tokens as f64))
    };
    let [mask, attention, all] = [RolloutMask::Response, RolloutMask::Attention, RolloutMask::All].map(mean);
    let right = Derived::new(mask?, "mean of |exp(trainer) - exp(engine)| over the mask");
    let wrong = |value: Option<Approx>, words: &str| {
        let why = format!("is over {words}, not over the response mask");
        Some(Wrong::new(AggregateCause::Mismatch, value?, &format!("mean over {words}"), &why))
    };
    let wrongs = [wrong(attention, "attention_mask"), wrong(all, "all positions")];
    settle(asked, vec![right], wrongs.into_iter().flatten().collect(), OTHER_ROLLOUTS)
}
