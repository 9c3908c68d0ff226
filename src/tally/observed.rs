//! Observations of the rules: counts, the state of each rule, a few exemplars and the worst one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Place;
use crate::numeric::ExactSum;
use crate::tally::accumulator::{Accumulator, Histogram, Key, Moments, Slots};
use crate::tally::{Exemplar, Keyed, Smallest};

/// Maximum number of places listed by a finding.
pub const PLACES: usize = 5;
/// Number of first rows that a rule may compare with each other.
pub const ROWS: usize = 48;

/// Observations of one rule for one subject (a field or column) in one stream of rows.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Observed {
    /// Number of times that the rule could be applied.
    pub judged: u64,
    /// Number of times that the rule fired.
    pub failed: u64,
    /// The rule's counts.
    pub counts: Slots<u64>,
    /// The rule's sums.
    pub sums: Slots<ExactSum>,
    /// The rule's moments.
    pub moments: Slots<Moments>,
    /// The rule's histograms.
    pub histograms: Slots<Histogram>,
    /// Observations by a name from the log, such as a metric's.
    pub parts: BTreeMap<String, PartSeen>,
    /// The first places, in the order of the input.
    pub exemplars: Smallest<Exemplar, PLACES>,
    /// The place farthest beyond the bound; of equals, the first.
    pub worst: Option<Exemplar>,
    /// The first rows by place, for a rule that compares a row with its neighbours.
    pub first_rows: Smallest<RowSketch, ROWS>,
}

/// The first numbers of a row, of two kinds.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct RowSketch {
    /// Start of the row, without a field.
    pub place: Place,
    /// Its first numbers of one kind.
    pub x: Vec<f64>,
    /// As many first numbers of the other kind.
    pub y: Vec<f64>,
}

impl Keyed for RowSketch {
    type Key = Place;

    fn key(&self) -> Place {
        self.place.clone()
    }
}

/// A rule's observations for one name from the log.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartSeen {
    /// Number of times that the rule fired.
    pub failed: u64,
    /// What is wrong with it, phrased to follow the name; empty if the rule's message covers it.
    pub why: String,
    /// Unexplained cases by the number of the pattern; only for rules that compare patterns.
    pub unexplained: Histogram,
    /// Number of times that the rule fired, by what the number is instead; only for rules that know it.
    pub instead: BTreeMap<String, u64>,
}

impl PartSeen {
    /// Counts a firing by what the number is instead.
    pub fn add_instead(&mut self, words: &str) {
        match self.instead.get_mut(words) {
            Some(times) => *times += 1,
            None => _ = self.instead.insert(words.to_owned(), 1),
        }
    }

    /// The explanation of most firings, with their number; of equals, the first by name.
    #[must_use]
    pub fn best_instead(&self) -> Option<(&str, u64)> {
        let most = self.instead.iter().rev().max_by_key(|(_, times)| **times);
        most.map(|(words, times)| (words.as_str(), *times))
    }
}

impl Observed {
    /// Whether the rule has seen nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.judged == 0 && *self == Self::default()
    }

    /// Adds the observations of another worker.
    pub fn merge(&mut self, other: Self) {
        self.judged += other.judged;
        self.failed += other.failed;
        self.counts.merge(&other.counts);
        self.sums.merge(&other.sums);
        self.moments.merge(&other.moments);
        self.histograms.merge(&other.histograms);
        for (name, part) in other.parts {
            let own = self.parts.entry(name).or_default();
            own.failed += part.failed;
            if part.why > own.why {
                own.why = part.why;
            }
            own.unexplained.merge(&part.unexplained);
            for (words, times) in part.instead {
                *own.instead.entry(words).or_default() += times;
            }
        }
        self.exemplars.merge(other.exemplars);
        self.first_rows.merge(other.first_rows);
        if let Some(worst) = other.worst {
            self.offer_worst(worst);
        }
    }

    /// Whether an exemplar at this place or with this excess would be kept.
    #[must_use]
    pub fn wants(&self, place: &Place, excess: f64) -> bool {
        self.exemplars.would_keep(place)
            || self.worst.as_ref().is_none_or(|worst| {
                let kept = worst.evidence.excess();
                excess > kept || (excess.total_cmp(&kept).is_eq() && *place < worst.located.place)
            })
    }

    /// Offers a row for which the rule fired.
    pub fn show(&mut self, exemplar: Exemplar) {
        self.offer_worst(exemplar.clone());
        self.exemplars.offer(exemplar);
    }

    /// The observations for a name from the log.
    pub fn part(&mut self, name: &str) -> &mut PartSeen {
        self.parts.entry(name.to_owned()).or_default()
    }

    /// One of the rule's own counts.
    #[must_use]
    pub fn count(&self, key: Key<u64>) -> u64 {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// One of the rule's own sums, rounded once.
    #[must_use]
    pub fn sum(&self, key: Key<ExactSum>) -> f64 {
        self.sums.get(key).map_or(0.0, ExactSum::value)
    }

    /// The names from the log for which the rule fired, in order.
    pub fn failed_parts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.parts.iter().filter(|(_, part)| part.failed > 0).map(|(name, part)| (name.as_str(), part.failed))
    }

    fn offer_worst(&mut self, exemplar: Exemplar) {
        let better = self.worst.as_ref().is_none_or(|kept| {
            let (new, old) = (exemplar.evidence.excess(), kept.evidence.excess());
            new > old || (new.total_cmp(&old).is_eq() && exemplar.located.place < kept.located.place)
        });
        if better {
            self.worst = Some(exemplar);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Located;
    use crate::tally::{Evidence, PairSums};

    /// One action that a rule may record.
    #[derive(Clone, Debug)]
    enum Act {
        Look(bool, u64),
        Count(u8, u64),
        Sum(u8, f64),
        Pair(f64, f64),
        Bin(u8, u64),
        Part(String, u64),
        Row(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        let names = prop::sample::select(vec!["acc", "found", "expected", "judged"]);
        prop_oneof![
            (any::<bool>(), 1..40_u64).prop_map(|(holds, line)| Act::Look(holds, line)),
            (0..3_u8, 0..9_u64).prop_map(|(at, times)| Act::Count(at, times)),
            (0..3_u8, -1e9..1e9_f64).prop_map(|(at, value)| Act::Sum(at, value)),
            (-30.0..0.0_f64, -30.0..0.0_f64).prop_map(|(x, y)| Act::Pair(x, y)),
            (0..2_u8, 0..5_u64).prop_map(|(at, bin)| Act::Bin(at, bin)),
            (names, 1..5_u64).prop_map(|(name, times)| Act::Part(name.to_owned(), times)),
            (1..400_u64).prop_map(Act::Row),
        ]
    }

    /// The observations after these actions in a row.
    fn seen(acts: &[Act]) -> Observed {
        let mut seen = Observed::default();
        for act in acts {
            match act {
                Act::Look(true, _) => seen.judged += 1,
                Act::Look(false, line) => {
                    seen.judged += 1;
                    seen.failed += 1;
                    // One number per line: equal places are equal rows.
                    let found = (line % 7) as f64;
                    let place = Place { file: 0, line: *line, column: 1, ..Place::default() };
                    seen.show(Exemplar {
                        located: Located { place, ..Located::default() },
                        evidence: Evidence::at_most(2.0).found(found),
                        ..Exemplar::default()
                    });
                }
                Act::Count(at, times) => *seen.counts.slot(Key::new(*at, "")) += times,
                Act::Sum(at, value) => seen.sums.slot(Key::new(*at, "")).add(*value),
                Act::Pair(x, y) => {
                    let mut sums = PairSums::default();
                    sums.add(*x, *y);
                    seen.moments.slot(Key::new(0, "")).add(&sums);
                }
                Act::Bin(at, bin) => seen.histograms.slot(Key::new(*at, "")).add(*bin, 1),
                Act::Row(line) => {
                    let place = Place { line: *line, column: 1, ..Place::default() };
                    let number = *line as f64;
                    seen.first_rows.offer(RowSketch { place, x: vec![-number], y: vec![number / 4.0] });
                }
                Act::Part(name, times) => {
                    seen.part(name).failed += times;
                    seen.part(name).unexplained.add(*times, 1);
                    seen.part(name).add_instead(["a", "b"][(*times % 2) as usize]);
                }
            }
        }
        seen
    }

    fn merged(parts: [&Observed; 2]) -> Observed {
        let mut all = parts[0].clone();
        all.merge(parts[1].clone());
        all
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        prop::collection::vec(act(), 0..12)
    }

    proptest! {
        #[test]
        fn observed_is_a_commutative_monoid(a in acts(), b in acts(), c in acts()) {
            let whole = seen(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (seen(&a), seen(&b), seen(&c));
            prop_assert_eq!(&merged([&a, &Observed::default()]), &a);
            prop_assert_eq!(&merged([&Observed::default(), &a]), &a);
            prop_assert_eq!(merged([&a, &b]), merged([&b, &a]));
            let left = merged([&merged([&a, &b]), &c]);
            prop_assert_eq!(&left, &merged([&a, &merged([&b, &c])]));
            prop_assert_eq!(&left, &whole);
        }

        #[test]
        fn observed_is_stored_and_read_back(a in acts()) {
            let own = seen(&a);
            let bytes = postcard::to_stdvec(&own).unwrap();
            prop_assert_eq!(&postcard::from_bytes::<Observed>(&bytes).unwrap(), &own);
        }
    }

    #[test]
    fn names_of_the_log_stand_apart_from_the_rules_own_numbers() {
        let mut own = Observed { judged: 7, failed: 2, ..Observed::default() };
        own.part("judged").failed += 5;
        own.part("not seen wrong").unexplained.add(1, 1);
        assert_eq!((own.judged, own.failed), (7, 2));
        assert_eq!(own.failed_parts().collect::<Vec<_>>(), [("judged", 5)]);
    }
}
