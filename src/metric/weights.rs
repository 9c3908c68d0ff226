//! Weights of the parts of a reward, solved from the advantages of groups.
//!
//! An advantage is (Σ weight·part − mean of its group) ÷ a number of its group: the deviation with a small constant, or
//! 1 (`GRPO`, <https://arxiv.org/abs/2402.03300>, §4.1; `Dr. GRPO`, <https://arxiv.org/abs/2503.20783>). Within a group
//! it is linear in the parts. Each group therefore gives the weights up to that number, and all groups must agree.

use std::collections::BTreeMap;

use crate::metric::equations::eliminate;
use crate::metric::facts::Rewards;

/// Minimum number of rows, beyond the number of weights, in groups that determine all weights.
const MORE_ROWS: usize = 3;
/// Maximum relative difference between the weights of different groups, and between an advantage and its derived value.
const WITHIN: f64 = 1e-3;

/// Weights from which all advantages follow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// Of each part; their sizes add up to 1.
    pub(super) shares: Vec<f64>,
    /// Groups whose advantages are not all the same.
    pub(super) groups: usize,
    /// Mean of each part.
    pub(super) means: Vec<f64>,
}

/// The rewards of a rollout by function, and its advantage.
type Row = (Vec<f64>, f64);

/// The rollouts of one group, centred.
struct Group {
    parts: Vec<Vec<f64>>,
    advantages: Vec<f64>,
}

impl Group {
    fn new(rows: &[Row]) -> Self {
        let count = rows.len() as f64;
        let width = rows.first().map_or(0, |(parts, _)| parts.len());
        let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).sum::<f64>() / count;
        let means: Vec<f64> = (0..width).map(|at| mean(&|row| row.0[at])).collect();
        let advantage = mean(&|row| row.1);
        Self {
            parts: rows
                .iter()
                .map(|(parts, _)| parts.iter().zip(&means).map(|(own, mean)| own - mean).collect())
                .collect(),
            advantages: rows.iter().map(|(_, own)| own - advantage).collect(),
        }
    }

    fn largest(&self) -> f64 {
        self.advantages.iter().map(|own| own.abs()).fold(0.0, f64::max)
    }

    /// The weights, up to a factor; None if the parts do not vary independently.
    fn solve(&self) -> Option<Vec<f64>> {
        let width = self.parts.first()?.len();
        let product = |a: usize, b: usize| self.parts.iter().map(|own| own[a] * own[b]).sum::<f64>();
        let beside =
            |a: usize| self.parts.iter().zip(&self.advantages).map(|(own, advantage)| own[a] * advantage).sum::<f64>();
        let rows = (0..width).map(|a| (0..width).map(|b| product(a, b)).chain([beside(a)]).collect()).collect();
        let solved = eliminate(rows)?;
        let sizes: f64 = solved.iter().map(|own| own.abs()).sum();
        let weights: Vec<f64> = solved.iter().map(|own| own / sizes).collect();
        (sizes > 0.0 && self.follows(&weights)).then_some(weights)
    }

    /// Whether the advantages are the weighted sum of the parts times one number.
    fn follows(&self, weights: &[f64]) -> bool {
        let sums: Vec<f64> =
            self.parts.iter().map(|parts| parts.iter().zip(weights).map(|(own, weight)| own * weight).sum()).collect();
        let square: f64 = sums.iter().map(|own| own * own).sum();
        let both: f64 = sums.iter().zip(&self.advantages).map(|(own, advantage)| own * advantage).sum();
        let factor = if square > 0.0 { both / square } else { 0.0 };
        let bound = WITHIN * self.largest();
        factor >= 0.0
            && sums.iter().zip(&self.advantages).all(|(own, advantage)| (own * factor - advantage).abs() <= bound)
    }
}

/// The weights of the rollouts' rewards; None if the advantages do not determine them or do not follow from them.
pub(super) fn solve(rewards: &Rewards) -> Option<Weights> {
    if rewards.has_more {
        return None;
    }
    let mut groups: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
    for ((group, parts, advantage), times) in &rewards.rows {
        let parts: Vec<f64> = parts.iter().map(|bits| f64::from_bits(*bits)).collect();
        let row = (parts, f64::from_bits(*advantage));
        let times = usize::try_from(*times).ok()?;
        groups.entry(*group).or_default().extend(std::iter::repeat_n(row, times));
    }
    let rows = || groups.values().flatten();
    if !rows().all(|(parts, advantage)| advantage.is_finite() && parts.iter().all(|own| own.is_finite())) {
        return None;
    }
    let count = rows().count() as f64;
    let width = rows().next()?.0.len();
    let means = (0..width).map(|at| rows().map(|(parts, _)| parts[at]).sum::<f64>() / count).collect();
    let centred: Vec<Group> = groups.values().map(|rows| Group::new(rows)).filter(|own| own.largest() > 0.0).collect();
    let solved: Vec<(Vec<f64>, usize)> =
        centred.iter().filter_map(|own| Some((own.solve()?, own.advantages.len()))).collect();
    let deciding: usize = solved.iter().map(|(_, rows)| rows).sum();
    let (weights, _) = solved.first()?.clone();
    let are_alike = solved.iter().all(|(own, _)| own.iter().zip(&weights).all(|(a, b)| (a - b).abs() <= WITHIN));
    let follow = centred.iter().all(|own| own.follows(&weights));
    (deciding >= width + MORE_ROWS && are_alike && follow).then_some(Weights {
        shares: weights,
        groups: centred.len(),
        means,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of four with r = 0.7·a + 0.3·b, the first divided by 2 and the second not at all.
    fn rewards(change: f64) -> Rewards {
        let mut rewards = Rewards::default();
        let rows = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)];
        for (group, divisor) in [(1_u64, 2.0), (2, 1.0)] {
            for (a, b) in rows {
                // The mean of the group is 0.5.
                let advantage: f64 = (0.7 * a + 0.3 * b - 0.5) / divisor;
                let advantage = if a > 0.5 && b > 0.5 { advantage + change } else { advantage };
                let parts: [f64; 2] = [a, b];
                rewards.change((group, parts.map(f64::to_bits).to_vec(), advantage.to_bits()), |times| *times += 1);
            }
        }
        rewards
    }

    #[test]
    fn weights_follow_from_advantages_whatever_divides_them() {
        let found = solve(&rewards(0.0)).unwrap();
        assert!((found.shares[0] - 0.7).abs() < 1e-12 && (found.shares[1] - 0.3).abs() < 1e-12, "{found:?}");
        assert_eq!((found.groups, found.means.as_slice()), (2, [0.5, 0.5].as_slice()));
    }

    #[test]
    fn advantages_that_do_not_follow_give_no_weights() {
        assert_eq!(solve(&rewards(0.05)), None);
        assert_eq!(solve(&Rewards::default()), None);
    }
}
