//! `training/rollout_probs_diff_mean` of verl: the mean over the tokens of the response mask of |exp(trainer) − exp(engine)|.
//!
//! Wrong: over the attention mask, which also counts tokens of tools and users that the engine did not sample; over all positions.

use crate::metric::aggregate::Derived;
use crate::metric::answer::{Asked, Missing};
use crate::metric::found::{Found, Wrong, settle};
use crate::metric::known::{Kind, Metric};
use crate::metric::wrong::AggregateCause;
use crate::model::PROBS_DIFF;
use crate::numeric::{Approx, NumberFormat};

pub(super) static METRIC: Metric = Metric {
    of_columns: Some(of_columns),
    ..Metric::new(&["training/rollout_probs_diff_mean", "rollout_probs_diff_mean"], Kind::Number)
};

/// Other rollouts may be beneath it.
const OTHER_ROLLOUTS: Missing = ("it may be of another step, or of more rollouts", "all rollouts of its step");

fn of_columns(asked: &Asked<'_>) -> Option<Found> {
    let columns = &asked.facts.columns.columns;
    let mean = |[sum, count]: [&str; 2]| {
        let (sum, count) = (columns.get(sum)?, columns.get(count)?.values.value());
        let whole = sum.numbers == asked.facts.columns.rows && count > 0.0;
        // Trainers compute it in single precision.
        whole.then(|| Approx::exact(sum.values.value()).rounded(64.0, NumberFormat::F32).over(count))
    };
    let [mask, attention, all] = PROBS_DIFF.map(mean);
    let right = Derived::new(mask?, "mean of |exp(trainer) - exp(engine)| over the mask");
    let wrong = |value: Option<Approx>, words: &str| {
        let why = format!("is over {words}, not over the response mask");
        Some(Wrong::new(AggregateCause::Mismatch, value?, &format!("mean over {words}"), &why))
    };
    let wrongs = [wrong(attention, "attention_mask"), wrong(all, "all positions")];
    settle(asked, vec![right], wrongs.into_iter().flatten().collect(), OTHER_ROLLOUTS)
}
