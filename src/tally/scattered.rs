//! Items whose candidates are spread over several records, until all records are read.
//!
//! A log that lists all first candidates before all second ones keeps every item. Items are therefore kept packed: a
//! summary has many fields, and most logs fill only a few.

use serde::{Deserialize, Serialize};

use crate::model::ItemSummary;
use crate::tally::{Join, Large, OnDisk};

/// Items by id.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ScatteredItems {
    items: Large<Box<str>, Packed>,
}

#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Packed(Box<[u8]>);

/// Two parts of one item are joined into a larger part.
impl Join for Packed {
    fn join(&mut self, other: Self) {
        let mut whole = self.item();
        whole.merge(other.item());
        *self = Self::new(&whole);
    }

    fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl Packed {
    fn new(item: &ItemSummary) -> Self {
        // Writing into memory does not fail, and every summary can be serialised.
        Self(postcard::to_stdvec(item).unwrap_or_default().into_boxed_slice())
    }

    /// The item; an empty one if a stored tally was damaged.
    fn item(&self) -> ItemSummary {
        postcard::from_bytes(&self.0).unwrap_or_default()
    }
}

impl ScatteredItems {
    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The parts that were written out.
    #[must_use]
    pub fn on_disk(&self) -> OnDisk {
        self.items.on_disk()
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = Box<str>> {
        self.items.keys()
    }

    /// Adds a part of an item.
    pub fn add(&mut self, item: &ItemSummary) {
        self.items.add(item.id.as_str().into(), Packed::new(item));
    }

    /// Adds the items of another part of the log.
    pub fn merge(&mut self, other: Self) {
        self.items.merge(other.items);
    }

    /// The items, in the order of their ids.
    pub fn into_items(self) -> impl Iterator<Item = ItemSummary> {
        self.items.into_iter().map(|(_, packed)| packed.item())
    }

    /// Changes every item.
    pub fn change(&mut self, mut change: impl FnMut(&mut ItemSummary)) {
        self.items = std::mem::take(&mut self.items).map(|packed| {
            let mut item = packed.item();
            change(&mut item);
            Packed::new(&item)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CandidateSummary, Choice, Place};

    fn part(id: &str, candidate: &str, line: u64) -> ItemSummary {
        let place = Place { line, ..Place::default() };
        let own =
            CandidateSummary { id: Some(candidate.to_owned()), place: place.clone(), ..CandidateSummary::default() };
        ItemSummary { id: id.to_owned(), candidates: vec![own], place, ..ItemSummary::default() }
    }

    #[test]
    fn parts_of_an_item_come_together_in_any_order() {
        let mut whole = part("q1", "a", 1);
        whole.merge(part("q1", "b", 7));
        whole.pick = Choice::Index(1);
        let picked = ItemSummary { pick: Choice::Index(1), ..part("q1", "b", 7) };
        let mut one = ScatteredItems::default();
        one.add(&part("q1", "a", 1));
        one.add(&part("q0", "a", 2));
        one.add(&picked);
        let (mut first, mut second) = (ScatteredItems::default(), ScatteredItems::default());
        first.add(&picked);
        second.add(&part("q0", "a", 2));
        second.add(&part("q1", "a", 1));
        first.merge(second);
        assert_eq!(first, one);
        assert_eq!(one.ids().collect::<Vec<_>>(), ["q0".into(), "q1".into()]);
        assert_eq!(one.into_items().collect::<Vec<_>>(), [part("q0", "a", 2), whole]);
    }

    #[test]
    fn a_candidate_takes_few_bytes() {
        let mut items = ScatteredItems::default();
        items.add(&part("question-300000", "a", 123_456));
        let bytes: usize = items.items.values().map(|packed| packed.0.len()).sum();
        assert!(bytes < 100, "{bytes}");
    }
}
