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

/// The entry of a name among the first `most` names. A name that is pushed out by earlier ones never comes back, so that what
/// stays was counted from its first row on.
pub(super) fn kept<'m, V: Default>(map: &'m mut BTreeMap<String, V>, name: &str, most: usize) -> Option<&'m mut V> {
    if !map.contains_key(name) {
        let is_full = map.len() >= most;
        if is_full && map.last_key_value().is_some_and(|(last, _)| name > last.as_str()) {
            return None;
        }
        if is_full {
            map.pop_last();
        }
        map.insert(name.to_owned(), V::default());
    }
    map.get_mut(name)
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

    #[test]
    fn only_the_first_names_are_kept() {
        let mut map: BTreeMap<String, u64> = BTreeMap::new();
        for name in ["d", "b", "e", "a", "e", "c", "b"] {
            if let Some(count) = kept(&mut map, name, 2) {
                *count += 1;
            }
        }
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }
}
