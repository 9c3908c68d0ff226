//! Rewards as weighted sums of the parts that are logged beside them.
//!
//! Training loops and environments add up their reward functions under weights that are settings (`RewardFunc` weights of a
//! rubric in `verifiers/rubrics/rubric.py`, `reward_weights` in `trl/trainer/grpo_config.py`). Where the rows do not declare
//! them they are solved: the weights under which the sum of absolute residuals is least, found by least squares that weigh each
//! row by the inverse of its residual, so that a few wrong rows do not bend them.
//!
//! A training log has means over batches instead (`_generate_and_score_completions` in `trl/trainer/grpo_trainer.py`). A reward
//! function may return None for a completion that it does not apply to: its mean leaves the completion out, the sum counts it as
//! 0. The reward of a batch is then Σ weight·share·mean with unknown shares between 0 and 1.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::derive::judge as compare;
use crate::metric::alike::{Alike, FirstRow};
use crate::metric::capped::Capped;
use crate::metric::equations::eliminate;
use crate::model::{At, Origin, RewardOf, RunClaim, VerdictCounts};
use crate::numeric::{Approx, NumberFormat, Printed, half_of_last_digit, show};

/// The object of a summary that declares the weights.
pub const WEIGHTS: &str = "reward_weights";
/// Rewards with different numbers that are kept.
const KEPT: usize = 1 << 16;
/// Parts that are told apart.
const PARTS: usize = 8;
/// Fewest rows, beyond the number of weights, from which weights are solved.
const MORE_ROWS: u64 = 3;
/// Share of the rows that follow from here on; the others are wrong.
const NEARLY_ALL: f64 = 0.98;
/// The same where the others are wrong by more than a rule that is not logged could explain.
const MOST: f64 = 0.875;
/// Steps of the solution.
const STEPS: usize = 40;
/// Roundings in single precision of a sum of products.
const ROUNDINGS: f64 = 16.0;
/// How near to a number with few digits a solved weight lies.
const NEAR: f64 = 2e-4;
/// Times its bound that the rewards of the rows lie apart, at least. Otherwise rounding gives any sum.
const APART: f64 = 8.0;

/// Rows whose rewards have the same parts.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RewardRows {
    /// By the bits of the parts and of the reward.
    rows: Capped<(Vec<u64>, u64), Alike, KEPT>,
    /// The longest fraction of the rewards, and of each part.
    decimals: Vec<i16>,
    /// The bits of the weights that rows declare, in the order of the parts.
    declared: BTreeSet<Vec<u64>>,
    /// Whether any row is a batch.
    has_batches: bool,
}

/// The rewards of a stream.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RewardSums {
    /// By the reward's field, then by the names of its parts.
    by_parts: BTreeMap<(String, Vec<String>), RewardRows>,
}

/// A reward with its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewarded<'t> {
    /// The row's name.
    pub item: &'t str,
    /// The reward.
    pub reward: Printed,
    /// Its parts by name, in order.
    pub parts: Vec<(&'t str, Printed)>,
    /// The weights that the row declares, in the order of the parts; empty without any.
    pub weights: &'t [f64],
    /// What the row is.
    pub of: RewardOf,
    /// Where the reward stands.
    pub at: At,
}

impl RewardSums {
    /// Part names whose rows are kept.
    const SETS: usize = 8;

    pub(super) fn observe(&mut self, field: &str, row: &Rewarded<'_>, origin: &dyn Origin) {
        let numbers = || std::iter::once(&row.reward).chain(row.parts.iter().map(|(_, number)| number));
        if row.parts.len() > PARTS || !numbers().all(Printed::is_finite) {
            return;
        }
        let names = row.parts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let own = self.by_parts.entry((field.to_owned(), names)).or_default();
        let parts = row.parts.iter().map(|(_, number)| number.value.to_bits()).collect();
        own.rows.change((parts, row.reward.value.to_bits()), |own| own.see(row.item, row.at, origin));
        own.longest(numbers().map(|number| number.decimals));
        own.has_batches |= row.of == RewardOf::Batch;
        if !row.weights.is_empty() && own.declared.len() < PARTS {
            own.declared.insert(row.weights.iter().map(|weight| weight.to_bits()).collect());
        }
        self.keep();
    }

    fn keep(&mut self) {
        while self.by_parts.len() > Self::SETS {
            self.by_parts.pop_last();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (names, theirs) in other.by_parts {
            let own = self.by_parts.entry(names).or_default();
            own.longest(theirs.decimals.into_iter());
            own.declared.extend(theirs.declared);
            own.has_batches |= theirs.has_batches;
            own.rows.merge(theirs.rows, Alike::merge);
        }
        self.keep();
    }

    pub(super) fn renumber(&mut self, file: u32) {
        self.by_parts.values_mut().flat_map(|own| own.rows.rows.values_mut()).for_each(|own| own.renumber(file));
    }

    /// The field and the number of rewards, where one field holds them.
    #[must_use]
    pub fn rewards(&self) -> Option<(&str, u64)> {
        let ((field, _), _) = self.by_parts.first_key_value()?;
        let is_one = self.by_parts.keys().all(|(own, _)| own == field);
        let rows = self.by_parts.values().flat_map(|own| own.rows.rows.values()).map(|same| same.times).sum();
        is_one.then_some((field, rows))
    }

    /// The weights of the stream's rewards with the verdicts on them; `declared` gives a part's weight from elsewhere. None if
    /// the rows have different parts, or if no weights give nearly all rewards.
    #[must_use]
    pub fn solve(&self, declared: impl Fn(&str) -> Option<f64>) -> Option<SolvedRewards<'_>> {
        let mut sets = self.by_parts.iter();
        let ((field, names), own) = sets.next()?;
        if sets.next().is_some() || own.rows.has_more {
            return None;
        }
        let elsewhere: Option<Vec<f64>> = names.iter().map(|name| declared(name)).collect();
        let mut in_rows = own.declared.iter().map(|bits| bits.iter().map(|bits| f64::from_bits(*bits)).collect());
        // Rows with different weights are held to none.
        let in_rows: Option<Vec<f64>> = in_rows.next().filter(|_| own.declared.len() == 1);
        SolvedRewards::new((field, names), own, elsewhere.or(in_rows))
    }
}

impl RewardRows {
    fn longest(&mut self, decimals: impl Iterator<Item = i16>) {
        for (at, decimals) in decimals.enumerate() {
            match self.decimals.get_mut(at) {
                Some(own) => *own = decimals.max(*own),
                None => self.decimals.push(decimals),
            }
        }
    }
}

/// A reward with its parts, and the rows that have them.
#[derive(Clone)]
struct Row<'r> {
    parts: Vec<f64>,
    reward: f64,
    same: &'r Alike,
}

/// The rewards of a stream, with half of the last digit of each column: the reward's, then those of the parts.
struct Table<'r> {
    rows: Vec<Row<'r>>,
    halves: Vec<f64>,
    has_batches: bool,
}

impl<'r> Table<'r> {
    fn new(own: &'r RewardRows) -> Self {
        let row = |((parts, reward), same): (&(Vec<u64>, u64), &'r Alike)| Row {
            parts: parts.iter().map(|bits| f64::from_bits(*bits)).collect(),
            reward: f64::from_bits(*reward),
            same,
        };
        let rows: Vec<Row<'_>> = own.rows.rows.iter().map(row).collect();
        // Marks and counts are exact, however they are printed.
        let is_whole = |at: usize| {
            rows.iter().all(|row| at.checked_sub(1).map_or(row.reward, |at| row.parts[at]).fract().abs() <= 0.0)
        };
        let half = |(at, decimals): (usize, &i16)| if is_whole(at) { 0.0 } else { half_of_last_digit(*decimals) };
        let halves = own.decimals.iter().enumerate().map(half).collect();
        Self { rows, halves, has_batches: own.has_batches }
    }

    fn half(&self, at: usize) -> f64 {
        self.halves.get(at).copied().unwrap_or(0.0)
    }

    /// Σ weight·part within rounding.
    fn sum(&self, parts: &[f64], weights: &[f64]) -> Approx {
        let term = |(at, (part, weight)): (usize, (&f64, &f64))| Approx::new(*part, self.half(at + 1)).scaled(*weight);
        let sizes: f64 = parts.iter().zip(weights).map(|(part, weight)| (part * weight).abs()).sum();
        let sum = Approx::sum(parts.iter().zip(weights).enumerate().map(term), NumberFormat::F64);
        sum.widened(ROUNDINGS * NumberFormat::F32.unit_roundoff() * sizes)
    }

    fn follows(&self, row: &Row<'_>, weights: &[f64]) -> bool {
        compare(Approx::new(row.reward, self.half(0)), self.sum(&row.parts, weights)).is_proven()
    }

    /// Whether a reward that does not follow is wrong whatever is not logged: twice the sum, in more digits than a rule would
    /// set; or for a batch, outside of what its parts give for any share of the rollouts. Other rows have to determine the weights
    /// of its parts.
    fn is_certain(&self, row: &Row<'_>, weights: &[f64], determined: &[usize]) -> bool {
        if (0..row.parts.len()).any(|at| row.parts[at].abs() > 0.0 && !determined.contains(&at)) {
            return false;
        }
        if !self.has_batches {
            let twice = self.sum(&row.parts, weights).scaled(2.0);
            return !is_round(row.reward) && compare(Approx::new(row.reward, self.half(0)), twice).is_proven();
        }
        // The mean of a batch may hide numbers of either sign where other batches have both.
        let has_one_sign = |at: usize| {
            let is_any = |of: fn(&f64) -> bool| self.rows.iter().any(|row| row.parts.get(at).is_some_and(of));
            !(is_any(|part| *part > 0.0) && is_any(|part| *part < 0.0))
        };
        let terms = || row.parts.iter().zip(weights).map(|(part, weight)| part * weight);
        let sizes = terms().map(f64::abs).sum::<f64>() + row.reward.abs();
        // Trainers may keep numbers in 16 bits.
        let own = self.sum(&row.parts, weights);
        let half = own.half + self.half(0) + ROUNDINGS * NumberFormat::Bf16.unit_roundoff() * sizes;
        let low: f64 = terms().map(|term| term.min(0.0)).sum();
        let high: f64 = terms().map(|term| term.max(0.0)).sum();
        (0..row.parts.len()).all(has_one_sign) && (row.reward > high + half || row.reward < low - half)
    }

    /// The parts whose weights the rows that follow from them determine.
    fn determined(&self, weights: &[f64]) -> Vec<usize> {
        let rows = self.rows.iter().filter(|row| self.follows(row, weights)).cloned().collect();
        let following = Self { rows, halves: self.halves.clone(), has_batches: self.has_batches };
        let Some((active, solved)) = following.independent(following.active()) else { return Vec::new() };
        let own: Vec<f64> = active.iter().map(|at| weights[*at]).collect();
        if following.is_enough(&active) && !differ(&solved, &own) { active } else { Vec::new() }
    }

    /// Whether enough rows follow from some weights: the others may be set by a rule, or are wrong without one.
    fn is_nearly_all(&self, weights: &[f64]) -> bool {
        let share = self.following(weights) as f64 / self.total() as f64;
        if self.has_batches || share >= NEARLY_ALL {
            return share >= MOST;
        }
        let determined = if share >= MOST { self.determined(weights) } else { Vec::new() };
        let mut others = self.rows.iter().filter(|row| !self.follows(row, weights));
        share >= MOST && others.all(|row| self.is_certain(row, weights, &determined))
    }

    /// Parts that are 0 in every row have no weight.
    fn active(&self) -> Vec<usize> {
        let width = self.rows.first().map_or(0, |row| row.parts.len());
        (0..width).filter(|at| self.rows.iter().any(|row| row.parts[*at].abs() > 0.0)).collect()
    }

    fn deciding(&self, active: &[usize]) -> impl Iterator<Item = &Row<'r>> {
        self.rows.iter().filter(|row| active.iter().any(|at| row.parts[*at].abs() > 0.0))
    }

    /// Whether there are more rows than weights.
    fn is_enough(&self, active: &[usize]) -> bool {
        let rows: u64 = self.deciding(active).map(|row| row.same.times).sum();
        !active.is_empty() && self.deciding(active).count() > active.len() && rows >= active.len() as u64 + MORE_ROWS
    }

    /// The rows whose rewards follow from some weights.
    fn following(&self, weights: &[f64]) -> u64 {
        self.rows.iter().filter(|row| self.follows(row, weights)).map(|row| row.same.times).sum()
    }

    fn total(&self) -> u64 {
        self.rows.iter().map(|row| row.same.times).sum()
    }

    /// The lowest and the highest reward.
    fn range(&self) -> (f64, f64) {
        let rewards = || self.rows.iter().map(|row| row.reward);
        (rewards().fold(f64::MAX, f64::min), rewards().fold(f64::MIN, f64::max))
    }

    /// The weights from which nearly all rewards follow; None if the rows do not determine them.
    fn solve(&self) -> Option<Vec<f64>> {
        let width = self.rows.first()?.parts.len();
        // A trainer adds rewards up without weights unless it is told otherwise.
        let plain = vec![1.0; width];
        if self.has_batches && self.is_nearly_all(&plain) {
            return Some(plain);
        }
        let (active, solved) = self.independent(self.active())?;
        if !self.is_enough(&active) {
            return None;
        }
        let mut weights = vec![0.0; width];
        for (at, weight) in active.iter().zip(solved) {
            weights[*at] = weight;
        }
        // People set weights with few digits.
        let rounded = (0..=4).map(|digits| round(&weights, digits)).find(|own| !differ(own, &weights));
        let best = rounded.filter(|own| self.following(own) >= self.following(&weights)).unwrap_or(weights);
        let bound =
            self.deciding(&active).map(|row| self.half(0) + self.sum(&row.parts, &best).half).fold(0.0, f64::max);
        let (low, high) = self.range();
        (high - low > APART * bound && self.is_nearly_all(&best)).then_some(best)
    }

    /// Parts that no others give in all rows, with their weights. Of parts that say the same, the first ones stay.
    fn independent(&self, mut active: Vec<usize>) -> Option<(Vec<usize>, Vec<f64>)> {
        loop {
            if let Some(solved) = self.least_residuals(&active) {
                return Some((active, solved));
            }
            let without = |at: usize| active.iter().copied().filter(|own| *own != active[at]).collect::<Vec<_>>();
            let others = (0..active.len()).rev().map(without);
            let one_less = others.clone().find(|own| !own.is_empty() && self.least_residuals(own).is_some());
            active = one_less.or_else(|| others.clone().next().filter(|own| !own.is_empty()))?;
        }
    }

    /// The weights of the active parts with the least sum of absolute residuals.
    fn least_residuals(&self, active: &[usize]) -> Option<Vec<f64>> {
        let largest = |at: &usize| self.rows.iter().map(|row| row.parts[*at].abs()).fold(0.0, f64::max);
        // Parts of any size are solved alike.
        let scales: Vec<f64> = active.iter().map(largest).collect();
        let mut weights: Option<Vec<f64>> = None;
        let size = self.rows.iter().map(|row| row.reward.abs()).fold(0.0, f64::max);
        for _ in 0..STEPS {
            let mut equations = vec![vec![0.0; active.len() + 1]; active.len()];
            for Row { parts, reward, same } in &self.rows {
                let own: Vec<f64> = active.iter().zip(&scales).map(|(at, scale)| parts[*at] / scale).collect();
                let sum =
                    |weights: &Vec<f64>| -> f64 { own.iter().zip(weights).map(|(part, weight)| part * weight).sum() };
                let residual = weights.as_ref().map_or(1.0, |weights| (reward - sum(weights)).abs());
                let counts = same.times as f64 / residual.max(1e-9 * size).max(f64::MIN_POSITIVE);
                for (a, equation) in own.iter().zip(&mut equations) {
                    for (b, value) in own.iter().zip(equation.iter_mut()) {
                        *value += counts * a * b;
                    }
                    if let Some(beside) = equation.last_mut() {
                        *beside += counts * a * reward;
                    }
                }
            }
            weights = Some(eliminate(equations)?);
        }
        weights.map(|weights| weights.iter().zip(&scales).map(|(weight, scale)| weight / scale).collect())
    }
}

/// A reward that its parts do not give.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongReward<'r> {
    /// The first row with it.
    pub first: Option<&'r FirstRow>,
    /// Rows.
    pub rows: u64,
    /// The reward as logged.
    pub reward: f64,
    /// What the weights give, with its bound.
    pub expected: Approx,
    /// Whether it is twice that.
    pub is_twice: bool,
}

/// Rewards with the weights of their parts.
#[derive(Clone, Debug, PartialEq)]
pub struct SolvedRewards<'r> {
    /// The field of the rewards.
    pub field: &'r str,
    /// The names of the parts.
    pub names: &'r [String],
    /// Their weights.
    pub weights: Vec<f64>,
    /// Whether the log declares them.
    pub is_declared: bool,
    /// Weights from which the rewards follow instead of the declared ones.
    pub instead: Option<Vec<f64>>,
    /// Whether the rows are batches, of which some functions may have scored a part only.
    pub has_batches: bool,
    /// Verdicts on the rewards.
    pub verdicts: VerdictCounts,
    /// The wrong rewards.
    pub wrong: Vec<WrongReward<'r>>,
}

impl<'r> SolvedRewards<'r> {
    fn new((field, names): (&'r str, &'r [String]), own: &'r RewardRows, declared: Option<Vec<f64>>) -> Option<Self> {
        let table = Table::new(own);
        let solved = table.solve();
        let is_declared = declared.is_some();
        let weights = declared.or_else(|| solved.clone())?;
        let mut found = Self {
            field,
            names,
            instead: solved.filter(|solved| is_declared && differ(solved, &weights)),
            weights,
            is_declared,
            has_batches: table.has_batches,
            verdicts: VerdictCounts::default(),
            wrong: Vec::new(),
        };
        found.judge(&table);
        Some(found)
    }

    fn judge(&mut self, table: &Table<'r>) {
        let others: Vec<&Row<'r>> = table.rows.iter().filter(|row| !table.follows(row, &self.weights)).collect();
        let rows = |of: &[&Row<'r>]| of.iter().map(|row| row.same.times).sum::<u64>();
        self.verdicts.proven = table.total() - rows(&others);
        // Where most rewards are something else, the declared weights may not be all that they are made of.
        if self.instead.is_none() && !table.is_nearly_all(&self.weights) {
            self.verdicts.unprovable = rows(&others);
            return;
        }
        let is_open = self.instead.is_none() && (table.has_batches || is_set(table, &others));
        let determined = if is_open && !others.is_empty() { table.determined(&self.weights) } else { Vec::new() };
        let (wrong, open): (Vec<&Row<'r>>, Vec<&Row<'r>>) =
            others.into_iter().partition(|row| !is_open || table.is_certain(row, &self.weights, &determined));
        (self.verdicts.refuted, self.verdicts.unprovable) = (rows(&wrong), rows(&open));
        let one = |row: &&Row<'r>| {
            let expected = table.sum(&row.parts, &self.weights);
            let is_twice = compare(Approx::new(row.reward, table.half(0)), expected.scaled(2.0)).is_proven();
            let first = row.same.first.as_ref();
            WrongReward { first, rows: row.same.times, reward: row.reward, expected, is_twice }
        };
        self.wrong = wrong.iter().map(one).collect();
        self.wrong.sort_by(|a, b| a.first.cmp(&b.first).then(a.reward.total_cmp(&b.reward)));
    }

    /// The weight of a part, by its name or what stands behind a slash in it.
    #[must_use]
    pub fn weight(&self, part: &str) -> Option<f64> {
        let is_it = |name: &String| name == part || bare(name) == part;
        let at = self.names.iter().position(is_it)?;
        self.weights.get(at).copied()
    }

    /// `0.8*accuracy + 0.2*format`, without parts of no weight.
    #[must_use]
    pub fn formula(&self, weights: &[f64]) -> String {
        let term = |(name, weight): (&String, &f64)| {
            let rounded = show((weight * 1e6).round() / 1e6);
            if rounded == "1" { name.clone() } else { format!("{rounded}*{name}") }
        };
        let terms: Vec<String> =
            self.names.iter().zip(weights).filter(|(_, weight)| weight.abs() > NEAR).map(term).collect();
        if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
    }
}

/// Whether a rule may have set the rewards of some rows: to one value at the end of the scale.
fn is_set(table: &Table<'_>, others: &[&Row<'_>]) -> bool {
    let (low, high) = table.range();
    let is_end = |reward: f64| [low, high, 0.0].iter().any(|end| reward.total_cmp(end).is_eq());
    let is_same = |row: &&&Row<'_>| others.first().is_some_and(|first| row.reward.total_cmp(&first.reward).is_eq());
    others.iter().filter(is_same).count() == others.len() && others.iter().all(|row| is_end(row.reward))
}

/// Whether a number has so few digits that somebody may have set it.
fn is_round(number: f64) -> bool {
    let hundred = number * 100.0;
    (hundred - hundred.round()).abs() <= 1e-9 * hundred.abs().max(1.0)
}

/// The weight of a part that a summary declares, under `reward_weights`.
#[must_use]
pub fn declared<'c>(claims: impl IntoIterator<Item = &'c RunClaim>, part: &str) -> Option<f64> {
    let bare = bare(part);
    let is_it = |claim: &&RunClaim| {
        let own = claim.of.metric.strip_prefix(WEIGHTS).and_then(|rest| rest.strip_prefix('.'));
        own.is_some_and(|own| own == part || own == bare)
    };
    let claim = claims.into_iter().find(is_it)?;
    Printed::parse(claim.value.as_bytes()).filter(Printed::is_finite).map(|number| number.value)
}

/// A part's name without what stands before a slash: `format` of `rewards/format`.
fn bare(part: &str) -> &str {
    part.rsplit('/').next().unwrap_or(part)
}

fn differ(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).any(|(a, b)| (a - b).abs() > NEAR * b.abs().max(1.0))
}

fn round(weights: &[f64], digits: i32) -> Vec<f64> {
    let unit = crate::numeric::pow(10.0, f64::from(digits));
    weights.iter().map(|weight| (weight * unit).round() / unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::alike::tests::Nowhere;

    fn number(text: &str) -> Printed {
        Printed::parse(text.as_bytes()).unwrap()
    }

    fn observe(all: &mut RewardSums, item: &str, reward: &str, parts: Vec<(&str, Printed)>, of: RewardOf) {
        let row = Rewarded { item, reward: number(reward), parts, weights: &[], of, at: At::default() };
        all.observe("reward", &row, &Nowhere);
    }

    /// Batches with the means of two functions.
    fn batches(rows: &[[&str; 3]]) -> RewardSums {
        let mut all = RewardSums::default();
        for (step, [reward, a, b]) in rows.iter().enumerate() {
            let parts = vec![("a", number(a)), ("b", number(b))];
            observe(&mut all, &format!("step {step}"), reward, parts, RewardOf::Batch);
        }
        all
    }

    /// Rewards 0.8·a + 0.2·b, each combination of four times, and further ones.
    fn rewards(more: &[[&str; 3]]) -> RewardSums {
        let mut all = RewardSums::default();
        let known = [["1.0", "1.0", "1.0"], ["0.8", "1.0", "0.0"], ["0.2", "0.0", "1.0"], ["0.0", "0.0", "0.0"]];
        let rows = (0..50).flat_map(|_| known.iter()).chain(more);
        for (item, [reward, a, b]) in rows.enumerate() {
            let parts = vec![("a", number(a)), ("b", number(b))];
            observe(&mut all, &format!("q{item}"), reward, parts, RewardOf::Rollout);
        }
        all
    }

    fn verdicts(solved: &SolvedRewards<'_>) -> (u64, u64, u64) {
        (solved.verdicts.proven, solved.verdicts.refuted, solved.verdicts.unprovable)
    }

    #[test]
    fn weights_are_solved_and_wrong_rows_named() {
        let all = rewards(&[]);
        let solved = all.solve(|_| None).unwrap();
        assert_eq!(solved.formula(&solved.weights), "0.8*a + 0.2*b");
        assert_eq!(verdicts(&solved), (200, 0, 0));
        let all = rewards(&[["0.5", "1.0", "1.0"]]);
        let solved = all.solve(|_| None).unwrap();
        assert_eq!((solved.formula(&solved.weights).as_str(), verdicts(&solved)), ("0.8*a + 0.2*b", (200, 1, 0)));
        assert_eq!((solved.wrong[0].first.unwrap().item.as_str(), solved.wrong[0].reward), ("q200", 0.5));
        assert!((solved.wrong[0].expected.value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_reward_that_counts_twice_is_wrong_among_few() {
        // 0.8·a + 0.2·b; the last one, 0.8·0.7319 + 0.2·0.211 = 0.62772, is counted twice.
        let known = [
            ["0.73244", "0.8401", "0.3018"],
            ["0.8", "1.0", "0.0"],
            ["0.2", "0.0", "1.0"],
            ["0.46", "0.5", "0.3"],
            ["0.52", "0.6", "0.2"],
            ["0.62", "0.7", "0.3"],
            ["0.36", "0.4", "0.2"],
        ];
        let of = |last: [&str; 3]| {
            let mut all = RewardSums::default();
            for [reward, a, b] in known.into_iter().chain([last]) {
                observe(&mut all, "", reward, vec![("a", number(a)), ("b", number(b))], RewardOf::Rollout);
            }
            all
        };
        let all = of(["1.25544", "0.7319", "0.211"]);
        let solved = all.solve(|_| None).unwrap();
        assert_eq!((verdicts(&solved), solved.wrong[0].is_twice), ((7, 1, 0), true));
        // A bonus, or a value that is set, is a part that is not logged.
        assert_eq!(of(["1.13772", "0.7319", "0.211"]).solve(|_| None), None);
        assert_eq!(of(["2.0", "1.0", "1.0"]).solve(|_| None), None);
    }

    #[test]
    fn the_reward_of_a_batch_lies_within_its_parts() {
        let steps = [
            ["1.375", "0.5625", "0.8125"],
            ["1.1875", "0.4375", "0.75"],
            ["1.25", "0.5", "0.75"],
            ["1.0625", "0.3125", "0.75"],
            ["1.5", "0.625", "0.875"],
            ["1.125", "0.25", "0.875"],
            ["1.75", "0.8125", "0.9375"],
        ];
        let of = |last: [&str; 3]| {
            let all = batches(&[steps.to_vec(), vec![last]].concat());
            let solved = all.solve(|_| None).unwrap();
            let first = solved.wrong.first().map(|wrong| (wrong.expected.value, wrong.is_twice));
            (solved.formula(&solved.weights), verdicts(&solved), first)
        };
        let formula = "a + b".to_owned();
        assert_eq!(of(["2.875", "0.5625", "0.875"]), (formula.clone(), (7, 1, 0), Some((1.4375, true))));
        // b scored half of the rollouts: 0.5625 + 0.875/2.
        assert_eq!(of(["1.0", "0.5625", "0.875"]), (formula.clone(), (7, 0, 1), None));
        // Below 0 there is no such sum.
        assert_eq!(of(["-0.5", "0.5625", "0.875"]), (formula.clone(), (7, 1, 0), Some((1.4375, false))));
        // 16 bits: 8·2^-8 of the numbers.
        assert_eq!(of(["1.45", "0.5625", "0.875"]), (formula.clone(), (7, 0, 1), None));
        // The weights of parts that no other step has are unknown.
        let rare = [["0.5", "0.5", "0"], ["0.25", "0.25", "0"], ["0.75", "0.75", "0"], ["0", "0", "0"]].repeat(3);
        let all = batches(&[rare, vec![["1.5", "0.5", "0.5"]]].concat());
        assert_eq!(verdicts(&all.solve(|_| None).unwrap()), (12, 0, 1));
        // With numbers of either sign the mean says less.
        assert_eq!(of(["2.5", "-0.25", "0.875"]), (formula, (7, 0, 1), None));
    }

    #[test]
    fn weights_of_batches_are_solved_too() {
        let steps = [
            ["0.6375", "0.5625", "0.8125"],
            ["0.53125", "0.4375", "0.75"],
            ["0.575", "0.5", "0.75"],
            ["0.44375", "0.3125", "0.75"],
            ["0.7", "0.625", "0.875"],
            ["0.4375", "0.25", "0.875"],
            ["0.85", "0.8125", "0.9375"],
        ];
        let all = batches(&[steps.to_vec(), vec![["1.4375", "0.5625", "0.875"]]].concat());
        let solved = all.solve(|_| None).unwrap();
        assert_eq!((solved.formula(&solved.weights).as_str(), verdicts(&solved)), ("0.7*a + 0.3*b", (7, 1, 0)));
    }

    #[test]
    fn a_value_that_a_rule_sets_is_not_wrong() {
        let all = rewards(&[["0.0", "1.0", "1.0"], ["0.0", "1.0", "0.0"]]);
        assert_eq!(verdicts(&all.solve(|_| None).unwrap()), (200, 0, 2));
    }

    #[test]
    fn declared_weights_are_held_to() {
        let all = rewards(&[]);
        let own = |name: &str| Some(if name == "a" { 0.8 } else { 0.2 });
        let solved = all.solve(own).unwrap();
        assert_eq!((solved.is_declared, verdicts(&solved)), (true, (200, 0, 0)));
        let solved = all.solve(|_| Some(0.5)).unwrap();
        // 0.5 + 0.5 and 0 + 0 hold under both.
        assert_eq!(verdicts(&solved), (100, 100, 0));
        assert_eq!(solved.instead, Some(vec![0.8, 0.2]));
    }

    #[test]
    fn parts_that_say_the_same_count_once() {
        let mut all = RewardSums::default();
        for (reward, a, b) in [("1.2", "1", "1"), ("1.0", "1", "0"), ("0.2", "0", "1"), ("0.0", "0", "0")].repeat(3) {
            // a again
            let parts = vec![("a", number(a)), ("b", number(b)), ("is_short", number(a))];
            observe(&mut all, "", reward, parts, RewardOf::Rollout);
        }
        let solved = all.solve(|_| None).unwrap();
        assert_eq!((solved.formula(&solved.weights).as_str(), verdicts(&solved)), ("a + 0.2*b", (12, 0, 0)));
    }

    #[test]
    fn other_rewards_and_few_rows_have_no_weights() {
        let mut all = RewardSums::default();
        // a product
        for (reward, a, b) in [("1", "1", "1"), ("0", "1", "0"), ("0", "0", "1"), ("4", "2", "2")] {
            let parts = vec![("a", number(a)), ("b", number(b))];
            observe(&mut all, "", reward, parts, RewardOf::Rollout);
        }
        assert_eq!(all.solve(|_| None), None);
        assert_eq!(RewardSums::default().solve(|_| None), None);
    }

    #[test]
    fn parts_of_a_log_merge_in_any_order() {
        let (one, two) = (rewards(&[["0.5", "1.0", "1.0"]]), rewards(&[]));
        let mut a = one.clone();
        a.merge(two.clone());
        let mut b = two;
        b.merge(one);
        assert_eq!(a, b);
    }
}
