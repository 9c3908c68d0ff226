//! Counts by key, with a limit on the number of keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of the first keys in sort order, which are the same for any order of the rows. A dropped key sorts after
/// every kept key, so the counts of kept keys are complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capped<K: Ord, V, const MOST: usize> {
    /// The kept keys.
    pub rows: BTreeMap<K, V>,
    /// Whether keys were dropped.
    pub has_more: bool,
}

impl<K: Ord, V, const MOST: usize> Default for Capped<K, V, MOST> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), has_more: false }
    }
}

impl<K: Ord, V: Default, const MOST: usize> Capped<K, V, MOST> {
    /// Updates the counts of a key.
    pub(super) fn change(&mut self, key: K, change: impl FnOnce(&mut V)) {
        change(self.rows.entry(key).or_default());
        if self.rows.len() > MOST {
            self.rows.pop_last();
            self.has_more = true;
        }
    }

    /// Adds the counts of another part.
    pub(super) fn merge(&mut self, other: Self, add: impl Fn(&mut V, V)) {
        self.has_more |= other.has_more;
        for (key, counts) in other.rows {
            self.change(key, |own| add(own, counts));
        }
    }
}

impl<K: Ord, const MOST: usize> Capped<K, u64, MOST> {
    /// The counts of all keys; None if keys were dropped.
    #[must_use]
    pub fn total(&self) -> u64 {
        if self.has_more { 0 } else { self.rows.values().sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keys_are_kept_whole_in_any_order() {
        let of = |keys: &[u32]| {
            let mut counts: Capped<u32, u64, 2> = Capped::default();
            for key in keys {
                counts.change(*key, |own| *own += 1);
            }
            counts
        };
        let whole = of(&[3, 1, 2, 3, 1]);
        assert_eq!((whole.rows.clone().into_iter().collect::<Vec<_>>(), whole.total()), (vec![(1, 2), (2, 1)], 0));
        let mut parts = of(&[1, 3]);
        parts.merge(of(&[3, 2, 1]), |own, theirs| *own += theirs);
        assert_eq!(parts, whole);
        assert_eq!(of(&[1, 1, 2]).total(), 3);
    }
}
