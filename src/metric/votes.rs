//! The most frequent of several answers to a question: maj@k, cons@k, self-consistency (Wang et al. 2022,
//! <https://arxiv.org/abs/2203.11171>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::fixed::FixedSum;
use crate::model::Vote;

/// Which of several equally frequent answers is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tie {
    /// The one that comes first, as Python's `Counter.most_common` takes it.
    First,
    /// The one that comes last.
    Last,
    /// Each with the same probability.
    Shared,
    /// A wrong one.
    Lost,
    /// A right one.
    Won,
}

impl Tie {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "the first of equals",
            Self::Last => "the last of equals",
            Self::Shared => "ties shared",
            Self::Lost => "ties lost",
            Self::Won => "ties won",
        }
    }
}

/// Answers of one text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) count: u32,
    /// Of these, right ones.
    pub(super) right: u32,
}

impl Group {
    fn is_right(self) -> bool {
        self.right * 2 > self.count
    }
}

/// Votes over questions.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Votes {
    /// Questions.
    pub rows: u64,
    /// Questions whose answers have an order.
    pub ordered: u64,
    /// Fewest and most answers to a question.
    pub answers: Option<(u32, u32)>,
    /// Right votes, by what happens in a tie.
    pub won: BTreeMap<Tie, FixedSum>,
    /// Questions with any right answer.
    pub any: u64,
    /// Σ over questions of the share of right answers.
    pub shares: FixedSum,
    /// Votes that are right whichever right or wrong answers are taken for the same, and those that may be.
    pub bounds: (u64, u64),
}

impl Votes {
    /// Adds the answers to a question, in their order.
    pub(super) fn observe(&mut self, votes: &[Vote]) {
        let mut order: Vec<u64> = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        for vote in votes {
            let at = order.iter().position(|known| *known == vote.answer).unwrap_or_else(|| {
                order.push(vote.answer);
                groups.push(Group::default());
                order.len() - 1
            });
            if let Some(group) = groups.get_mut(at) {
                group.count += 1;
                group.right += u32::from(vote.right);
            }
        }
        self.add(&groups, true);
    }

    /// Adds the groups of equal answers to a question.
    pub(super) fn add(&mut self, groups: &[Group], is_ordered: bool) {
        let answers: u32 = groups.iter().map(|group| group.count).sum();
        let Some(most) = groups.iter().map(|group| group.count).max() else { return };
        let top: Vec<bool> = groups.iter().filter(|group| group.count == most).map(|group| group.is_right()).collect();
        let right = top.iter().filter(|own| **own).count();
        self.rows += 1;
        self.ordered += u64::from(is_ordered);
        self.answers =
            Some(self.answers.map_or((answers, answers), |(fewest, many)| (fewest.min(answers), many.max(answers))));
        let flag = |is_right: bool| f64::from(u8::from(is_right));
        let mut won = |tie: Tie, value: f64| self.won.entry(tie).or_default().add(value);
        if is_ordered {
            won(Tie::First, flag(top.first() == Some(&true)));
            won(Tie::Last, flag(top.last() == Some(&true)));
        }
        won(Tie::Shared, right as f64 / top.len() as f64);
        won(Tie::Lost, flag(right == top.len()));
        won(Tie::Won, flag(right > 0));
        let all_right: u32 = groups.iter().map(|group| group.right).sum();
        self.any += u64::from(all_right > 0);
        self.shares.add(f64::from(all_right) / f64::from(answers));
        // Answers that differ in their texts may be the same to whoever counts them.
        let of = |is_right: bool| groups.iter().filter(move |group| group.is_right() == is_right);
        let (most_right, most_wrong) = (
            of(true).map(|group| group.count).max().unwrap_or(0),
            of(false).map(|group| group.count).max().unwrap_or(0),
        );
        let all = |is_right: bool| of(is_right).map(|group| group.count).sum::<u32>();
        self.bounds.0 += u64::from(most_right > all(false));
        self.bounds.1 += u64::from(all(true) > 0 && all(true) >= most_wrong);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.ordered += other.ordered;
        self.answers = match (self.answers, other.answers) {
            (Some(own), Some(theirs)) => Some((own.0.min(theirs.0), own.1.max(theirs.1))),
            (own, theirs) => own.or(theirs),
        };
        for (tie, sum) in other.won {
            self.won.entry(tie).or_default().merge(sum);
        }
        self.any += other.any;
        self.shares.merge(other.shares);
        self.bounds = (self.bounds.0 + other.bounds.0, self.bounds.1 + other.bounds.1);
    }

    /// The share of right votes.
    #[must_use]
    pub fn share(&self, tie: Tie) -> Option<f64> {
        let is_whole = !matches!(tie, Tie::First | Tie::Last) || self.ordered == self.rows;
        let won = self.won.get(&tie).filter(|_| is_whole && self.rows > 0)?;
        Some(won.value() / self.rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(all: &[(u64, bool)]) -> Vec<Vote> {
        all.iter().map(|(answer, right)| Vote { answer: *answer, right: *right }).collect()
    }

    #[test]
    fn each_tie_rule_by_hand() {
        let mut all = Votes::default();
        // 7 7 5 5 3: a tie of a wrong 7 and a right 5.
        all.observe(&votes(&[(7, false), (7, false), (5, true), (5, true), (3, false)]));
        // 1 1 2: a right majority.
        all.observe(&votes(&[(1, true), (1, true), (2, false)]));
        let share = |tie| all.share(tie).unwrap();
        assert_eq!([Tie::First, Tie::Last, Tie::Shared].map(share), [0.5, 1.0, 0.75]);
        assert_eq!([Tie::Lost, Tie::Won].map(share), [0.5, 1.0]);
        assert_eq!((all.any, all.answers), (2, Some((3, 5))));
        // 2/5 + 2/3.
        assert!((all.shares.value() - 16.0 / 15.0).abs() < 1e-12);
        // In the first, 7 and 3 could be one answer; the second is decided.
        assert_eq!(all.bounds, (1, 2));
    }

    #[test]
    fn without_an_order_there_is_no_first() {
        let mut all = Votes::default();
        all.add(&[Group { count: 2, right: 2 }, Group { count: 2, right: 0 }], false);
        assert_eq!(all.share(Tie::First), None);
        assert_eq!(all.share(Tie::Shared), Some(0.5));
    }
}
