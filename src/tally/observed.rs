//! What the rules saw: counts, counters, a few exemplars and the worst one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tally::{Exemplar, Smallest};

/// Number of places that a finding lists.
pub const PLACES: usize = 5;

/// What one rule saw of one subject (a field or column) in one stream of rows.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Observed {
    /// How often the rule could look.
    pub judged: u64,
    /// How often it saw the defect.
    pub failed: u64,
    /// Counters of the rule's own.
    pub counters: BTreeMap<String, u64>,
    /// The first places, in the order of the input.
    pub exemplars: Smallest<Exemplar, PLACES>,
    /// The place farthest beyond the bound; the first of equals.
    pub worst: Option<Exemplar>,
}

impl Observed {
    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        self.judged += other.judged;
        self.failed += other.failed;
        for (name, count) in other.counters {
            *self.counters.entry(name).or_default() += count;
        }
        self.exemplars.merge(other.exemplars);
        if let Some(worst) = other.worst {
            self.offer_worst(worst);
        }
    }

    /// Whether an exemplar at this place or with this excess would be kept.
    #[must_use]
    pub fn wants(&self, place: &crate::model::Place, excess: f64) -> bool {
        self.exemplars.would_keep(place)
            || self.worst.as_ref().is_none_or(|worst| {
                let kept = worst.evidence.excess();
                excess > kept || (excess.total_cmp(&kept).is_eq() && *place < worst.located.place)
            })
    }

    /// Offers a row that shows the defect.
    pub fn show(&mut self, exemplar: Exemplar) {
        self.offer_worst(exemplar.clone());
        self.exemplars.offer(exemplar);
    }

    /// One of the rule's own counters.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
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
