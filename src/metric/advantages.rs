//! Advantages of rollouts from the rewards of their group.
//!
//! `GRPO` (<https://arxiv.org/abs/2402.03300>, §4.1; `trl/trainer/grpo_trainer.py`, `compute_grpo_outcome_advantage` in
//! `verl/trainer/ppo/core_algos.py`): (r − mean) ÷ (deviation + ε). `Dr. GRPO` (<https://arxiv.org/abs/2503.20783>): r
//! − mean. `RLOO` (<https://arxiv.org/abs/2402.14740>): r − mean of the others; NeMo-RL divides that by the deviation
//! of the others (`calculate_baseline_and_std_per_prompt` in `nemo_rl/algorithms/utils.py`).

use std::collections::BTreeMap;

use crate::model::{Verdict, VerdictCounts};
use crate::numeric::sqrt;

/// Advantages lie within √n of the group's deviation. Values far beyond were divided by something else.
const FAR: f64 = 50.0;
/// Maximum deviation that counts as 0.
const NOTHING: f64 = 1e-9;
/// Constants that are added to a deviation.
const EPSILONS: [f64; 6] = [0.0, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3];
/// Error of an advantage in single precision, relative and absolute.
const WITHIN: [f64; 2] = [2e-5, 2e-6];
/// Minimum number of rows with a non-zero advantage for a formula to be inferred; `SHARE` is the share of all rows that
/// it must explain.
const FEWEST: usize = 8;
const SHARE: f64 = 0.9;
/// Maximum size of a group. A field with larger groups does not name a group.
const LARGEST: usize = 1 << 10;

/// Rewards with their advantages, by group.
pub type Groups = BTreeMap<u64, Vec<(f64, f64)>>;

/// The value subtracted from a reward, and its divisor.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Formula {
    /// Whether mean and deviation leave out the row itself.
    without_itself: bool,
    deviation: Deviation,
    epsilon: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deviation {
    /// No division.
    None,
    /// With n − 1.
    Sample,
    /// With n.
    Population,
}

impl Formula {
    /// All known formulas, the simplest first.
    fn all() -> impl Iterator<Item = Self> {
        let deviations = [Deviation::None, Deviation::Sample, Deviation::Population];
        let pairs = [false, true].into_iter().flat_map(move |own| deviations.map(|deviation| (own, deviation)));
        pairs.flat_map(|(without_itself, deviation)| {
            let epsilons = if deviation == Deviation::None { &EPSILONS[..1] } else { &EPSILONS[..] };
            epsilons.iter().map(move |epsilon| Self { without_itself, deviation, epsilon: *epsilon })
        })
    }

    /// The advantage of a row in a group; None if no rows are left for the mean.
    fn of(self, rows: &[(f64, f64)], at: usize) -> Option<f64> {
        let counted = || rows.iter().enumerate().filter(|(other, _)| !self.without_itself || *other != at);
        let count = counted().count() as f64;
        let (own, _) = rows.get(at)?;
        let mean = counted().map(|(_, (reward, _))| reward).sum::<f64>() / count;
        let squares: f64 = counted().map(|(_, (reward, _))| (reward - mean) * (reward - mean)).sum();
        let divisor = match self.deviation {
            Deviation::None => return (count > 0.0).then_some(own - mean),
            Deviation::Sample => count - 1.0,
            Deviation::Population => count,
        };
        let deviation = sqrt(squares / divisor);
        // In a flat group, the reward is only centred, or the advantage is 0.
        if deviation <= NOTHING {
            return Some(own - mean).filter(|_| divisor > 0.0);
        }
        (divisor > 0.0).then(|| (own - mean) / (deviation + self.epsilon))
    }

    /// Whether the advantage of a row follows from the formula.
    fn fits(self, rows: &[(f64, f64)], at: usize) -> bool {
        let (Some(value), Some((_, advantage))) = (self.of(rows, at), rows.get(at)) else { return false };
        (value - advantage).abs() <= WITHIN[0] * value.abs() + WITHIN[1]
    }
}

/// The distance of a reward from the others in its group, if those are all equal and the advantage is so large that a
/// rounding error or a small constant must have divided it.
#[must_use]
pub fn far_from_flat(rows: &[(f64, f64)], at: usize) -> Option<f64> {
    let (reward, advantage) = rows.get(at).filter(|_| rows.len() <= LARGEST)?;
    let others = || rows.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (own, _))| *own);
    let (low, high) = others().fold((f64::MAX, f64::MIN), |(low, high), own| (low.min(own), high.max(own)));
    let distance = reward - low;
    let is_flat = rows.len() > 2 && high - low <= NOTHING && distance.abs() > NOTHING;
    (is_flat && advantage.abs() >= FAR.max(FAR * distance.abs())).then_some(distance)
}

/// The verdicts on the advantages of a stream; None if no group has several rollouts.
#[must_use]
pub fn judge(groups: &Groups) -> Option<VerdictCounts> {
    let several = || groups.values().filter(|rows| (2..=LARGEST).contains(&rows.len()));
    let rows = || several().flat_map(|rows| (0..rows.len()).map(move |at| (rows.as_slice(), at)));
    let total = rows().count();
    let explained = |formula: &Formula| rows().filter(|(rows, at)| formula.fits(rows, *at)).count();
    // Of the formulas that explain the most rows, the first.
    let all: Vec<(usize, Formula)> = Formula::all().map(|formula| (explained(&formula), formula)).collect();
    let (count, formula) = *all.iter().rev().max_by_key(|(count, _)| *count)?;
    let is_telling = |(rows, at): &(&[(f64, f64)], usize)| rows[*at].1.abs() > NOTHING && formula.fits(rows, *at);
    let is_known = count as f64 >= SHARE * total as f64 && rows().filter(is_telling).count() >= FEWEST;
    let mut counts = VerdictCounts::default();
    for (own, at) in rows() {
        counts.add(if far_from_flat(own, at).is_some() {
            Verdict::Refuted
        } else if is_known && formula.fits(own, at) {
            Verdict::Proven
        } else {
            Verdict::Unprovable
        });
    }
    (total > 0).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(of: impl Fn(&[f64], usize) -> f64) -> Groups {
        let rewards = [[1.0, 0.0, 0.0, 1.0], [0.5, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]];
        let rows = |own: &[f64; 4]| (0..4).map(|at| (own[at], of(own, at))).collect();
        (0..).zip(rewards.iter().map(rows)).collect()
    }

    fn verdicts(groups: &Groups) -> (u64, u64, u64) {
        let counts = judge(groups).unwrap();
        (counts.proven, counts.refuted, counts.unprovable)
    }

    #[test]
    fn centred_and_divided_advantages_follow() {
        let mean = |own: &[f64]| own.iter().sum::<f64>() / 4.0;
        assert_eq!(verdicts(&groups(|own, at| own[at] - mean(own))), (12, 0, 0));
        let deviation = |own: &[f64]| sqrt(own.iter().map(|r| (r - mean(own)) * (r - mean(own))).sum::<f64>() / 3.0);
        assert_eq!(verdicts(&groups(|own, at| (own[at] - mean(own)) / (deviation(own) + 1e-4))), (12, 0, 0));
        // Leaving one out: 4/3 of the distance from the mean.
        assert_eq!(verdicts(&groups(|own, at| (own[at] - mean(own)) * 4.0 / 3.0)), (12, 0, 0));
        // An unknown formula: nothing is proven except the flat group and the rewards at the mean.
        let (proven, refuted, _) = verdicts(&groups(|own, at| own[at] * 7.0));
        assert_eq!((proven, refuted), (0, 0));
    }

    #[test]
    fn by_hand() {
        // 0.5, 0, 1, 1 without the third: mean 0.5, squares 0 + 0.25 + 0.25, ÷ 2: deviation 0.5; (1 − 0.5) ÷ 0.5 = 1.
        let rows = [(0.5, 0.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0)];
        let formula = Formula { without_itself: true, deviation: Deviation::Sample, epsilon: 0.0 };
        assert_eq!(formula.of(&rows, 2), Some(1.0));
        assert!(formula.fits(&rows, 2) && !formula.fits(&rows, 0));
    }

    #[test]
    fn a_deviation_of_nothing_explodes() {
        let rows = [(0.8, 0.1), (0.8, 0.1), (0.8, 0.1), (0.1, -2333.0)];
        assert!((far_from_flat(&rows, 3).unwrap() + 0.7).abs() < 1e-12);
        assert_eq!(far_from_flat(&rows, 0), None);
        assert_eq!(far_from_flat(&[(0.8, 0.1), (0.8, 0.1), (0.8, 0.1), (0.1, -0.7)], 3), None);
    }
}
