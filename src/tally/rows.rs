//! The rows of a stream by the hashes of their names, and their stored form.
//!
//! A hash cannot be compressed, but most names can be predicted from earlier ones: ids count up, and the candidates of
//! an item repeat. A stored tally holds the names of a few rows and, for each row, the code of the predicted name that
//! has its hash. Rows with another name are stored with their hash. Reading restores the same rows, whatever the names
//! are.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::stable_hash;
use crate::tally::{Join, Keyed, Large, LargeKey, Smallest};

/// Number of first rows whose names are kept.
const NAMED: usize = 16;
/// Maximum distance of an id from the previous one.
const AHEAD: u8 = 4;
/// Number of unpredicted names, beyond the predicted ones, after which prediction stops.
const PATIENCE: u64 = 1 << 10;

/// Identity of a row within its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// Hash of the names of its item and candidate.
    pub name: u64,
    /// Hash of all other logged content. Rows with the same name and different content (samples, conditions) are
    /// different rows.
    pub content: u32,
}

/// The places of the rows with one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Number of rows.
    pub count: u32,
    /// First file and line.
    pub first: (u32, u64),
    /// Last file and line.
    pub last: (u32, u64),
}

impl LargeKey for RowKey {}

impl Join for Seen {
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// The rows of a stream.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rows {
    /// Rows by their key, to find duplicates and files that hold the same items.
    pub seen: Large<RowKey, Seen>,
    /// Items spread over records that were judged when the next item began, by the hash of their id. An id that appears
    /// again was judged too early.
    pub closed: Large<u64, u32>,
    /// The names of the first rows.
    first: Smallest<Named, NAMED>,
}

/// A row's names with its file and line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    at: (u32, u64),
    item: String,
    candidate: Option<String>,
}

impl Keyed for Named {
    type Key = ((u32, u64), String, Option<String>);

    fn key(&self) -> Self::Key {
        (self.at, self.item.clone(), self.candidate.clone())
    }
}

/// The hash of a row's names.
fn name(item: &str, candidate: Option<&str>) -> u64 {
    stable_hash(&(item, candidate))
}

impl Rows {
    /// Counts a row of an item, with the candidate if each row is one, and the hash of its other content.
    pub fn see(&mut self, item: &str, candidate: Option<&str>, content: u32, at: (u32, u64)) {
        let key = RowKey { name: name(item, candidate), content };
        self.seen.add(key, Seen { count: 1, first: at, last: at });
        let kept = self.first.kept();
        if kept.len() < NAMED || kept.last().is_some_and(|last| at <= last.at) {
            self.first.offer(Named { at, item: item.to_owned(), candidate: candidate.map(str::to_owned) });
        }
    }

    /// Whether the rows of an item are samples of it: every item has equally many rows, and some differ. Samples with one short
    /// answer may well be alike.
    #[must_use]
    pub fn are_samples(&self) -> bool {
        let (mut per_item, mut differ, mut alike) = (None, false, true);
        let mut rows = self.seen.iter().peekable();
        let first = rows.peek().map(|(_, seen)| seen.count);
        while let Some((key, seen)) = rows.next() {
            let (mut count, mut contents) = (u64::from(seen.count), 1_u64);
            alike &= Some(seen.count) == first;
            while let Some((_, next)) = rows.next_if(|(next, _)| next.name == key.name) {
                count += u64::from(next.count);
                contents += 1;
                alike &= Some(next.count) == first;
            }
            differ |= contents > 1;
            if *per_item.get_or_insert(count) != count {
                return false;
            }
        }
        // What appears equally often as a whole was written more than once.
        differ && !alike
    }

    /// File and line of the first row.
    #[must_use]
    pub fn first(&self) -> Option<(u32, u64)> {
        self.first.kept().first().map(|named| named.at)
    }

    /// Adds the rows of another part of the stream.
    pub fn merge(&mut self, other: Self) {
        self.seen.merge(other.seen);
        self.closed.merge(other.closed);
        self.first.merge(other.first);
    }

    /// Sets the index of the input.
    pub(super) fn renumber(&mut self, file: u32) {
        self.seen = std::mem::take(&mut self.seen).map(|seen| Seen {
            first: (file, seen.first.1),
            last: (file, seen.last.1),
            ..seen
        });
        for named in self.first.kept_mut() {
            named.at.0 = file;
        }
    }
}

/// Stored form of rows, in the order of their first places.
#[derive(Serialize, Deserialize)]
struct Stored {
    first: Smallest<Named, NAMED>,
    file: u32,
    /// Distance from the line of the previous row.
    steps: Vec<u64>,
    /// Code of each row's predicted name; 0 for none.
    codes: Vec<u8>,
    /// The hashes of the other names.
    names: Vec<[u8; 8]>,
    contents: Vec<[u8; 4]>,
    /// Rows seen several times or in another file, by their index in the order.
    repeated: Vec<(u64, Seen)>,
    /// Whether each item with a predicted name was judged once, in the order of their ids.
    closed: Vec<bool>,
    /// The other judged items.
    closed_else: Vec<([u8; 8], u32)>,
}

/// Prediction of the next name: the last predicted id, counted up, with a candidate of the first item.
struct Expected<'n> {
    prefix: &'n str,
    /// Number of digits of an id with leading zeros.
    width: usize,
    candidates: Vec<Option<&'n str>>,
    id: u64,
    candidate: usize,
    /// Whether a name has been predicted yet.
    begun: bool,
    /// Predicted names; `misses` counts the others.
    hits: u64,
    misses: u64,
}

impl<'n> Expected<'n> {
    fn of(first: &'n Smallest<Named, NAMED>) -> Option<Self> {
        let named = first.kept().first()?;
        let prefix = named.item.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = named.item.strip_prefix(prefix)?;
        let id = digits.parse().ok()?;
        let of_item = first.kept().iter().filter(|other| other.item == named.item);
        Some(Self {
            prefix,
            width: if digits.starts_with('0') { digits.len() } else { 0 },
            candidates: of_item.map(|named| named.candidate.as_deref()).collect(),
            id,
            candidate: 0,
            begun: false,
            hits: 0,
            misses: 0,
        })
    }

    fn item(&self, id: u64) -> String {
        format!("{}{id:0width$}", self.prefix, width = self.width)
    }

    /// The id and candidate for a code: 1 is the next candidate of the item, 2 and more an id ahead.
    fn at(&self, code: u8) -> Option<(u64, usize)> {
        match code {
            0 => None,
            1 => Some((self.id, self.candidate + 1)).filter(|(_, at)| self.begun && *at < self.candidates.len()),
            code if code - 2 >= AHEAD => None,
            code => {
                // The first id has no predecessor.
                let ahead = u64::from(code) - 1 - u64::from(!self.begun);
                Some((self.id.checked_add(ahead)?, 0))
            }
        }
    }

    fn name(&self, (id, candidate): (u64, usize)) -> Option<u64> {
        Some(name(&self.item(id), *self.candidates.get(candidate)?))
    }

    /// Advances to an id; returns whether it is a new one.
    fn go(&mut self, (id, candidate): (u64, usize)) -> bool {
        let new = !self.begun || id != self.id;
        (self.id, self.candidate, self.begun) = (id, candidate, true);
        self.hits += 1;
        new
    }

    /// The code of a name; 0 if it was not predicted.
    fn code(&mut self, wanted: u64) -> (u8, bool) {
        if self.misses < self.hits + PATIENCE {
            for code in 1..2 + AHEAD {
                if let Some(at) = self.at(code).filter(|at| self.name(*at) == Some(wanted)) {
                    return (code, self.go(at));
                }
            }
            self.misses += 1;
        }
        (0, false)
    }
}

impl Stored {
    fn of(rows: &Rows) -> Self {
        let mut order: Vec<(RowKey, Seen)> = rows.seen.iter().collect();
        order.sort_unstable_by_key(|(key, seen)| (seen.first, *key));
        let mut stored = Self {
            first: rows.first.clone(),
            file: order.first().map_or(0, |(_, seen)| seen.first.0),
            steps: Vec::with_capacity(order.len()),
            codes: Vec::with_capacity(order.len()),
            names: Vec::new(),
            contents: Vec::with_capacity(order.len()),
            repeated: Vec::new(),
            closed: Vec::new(),
            closed_else: Vec::new(),
        };
        let mut expected = Expected::of(&rows.first);
        let mut left: BTreeMap<u64, u32> = rows.closed.iter().collect();
        let mut line = 0_u64;
        for (at, (key, seen)) in (0_u64..).zip(order) {
            stored.steps.push(seen.first.1.wrapping_sub(line));
            line = seen.first.1;
            let (code, is_new) = expected.as_mut().map_or((0, false), |expected| expected.code(key.name));
            stored.codes.push(code);
            if code == 0 {
                stored.names.push(key.name.to_le_bytes());
            }
            if is_new && let Some(expected) = &expected {
                let item = stable_hash(expected.item(expected.id).as_str());
                let once = left.get(&item) == Some(&1);
                stored.closed.push(once);
                if once {
                    left.remove(&item);
                }
            }
            stored.contents.push(key.content.to_le_bytes());
            if seen != (Seen { count: 1, first: (stored.file, line), last: (stored.file, line) }) {
                stored.repeated.push((at, seen));
            }
        }
        stored.closed_else = left.into_iter().map(|(item, times)| (item.to_le_bytes(), times)).collect();
        stored
    }

    fn open(self) -> Result<Rows, &'static str> {
        let mut rows = Rows::default();
        let mut expected = Expected::of(&self.first);
        let mut names = self.names.into_iter();
        let mut closed = self.closed.into_iter();
        let mut repeated = self.repeated.into_iter().peekable();
        let count = self.codes.len();
        if self.steps.len() != count || self.contents.len() != count {
            return Err("rows without their lines or contents");
        }
        let mut line = 0_u64;
        for (at, ((code, step), content)) in (0_u64..).zip(self.codes.iter().zip(self.steps).zip(self.contents)) {
            line = line.wrapping_add(step);
            let name = match (code, &mut expected) {
                (0, _) => u64::from_le_bytes(names.next().ok_or("a row without its name")?),
                (code, Some(expected)) => {
                    let next = expected.at(*code).ok_or("a row with an unknown name")?;
                    let name = expected.name(next).ok_or("a row with an unknown name")?;
                    if expected.go(next) && closed.next().ok_or("an item without its state")? {
                        rows.closed.add(stable_hash(expected.item(expected.id).as_str()), 1);
                    }
                    name
                }
                (_, None) => return Err("a row with an unknown name"),
            };
            let seen = match repeated.next_if(|(place, _)| *place == at) {
                Some((_, seen)) => seen,
                None => Seen { count: 1, first: (self.file, line), last: (self.file, line) },
            };
            rows.seen.add(RowKey { name, content: u32::from_le_bytes(content) }, seen);
        }
        rows.closed.extend(self.closed_else.into_iter().map(|(item, times)| (u64::from_le_bytes(item), times)));
        rows.first = self.first;
        if rows.seen.keys().count() != count
            || repeated.next().is_some()
            || names.next().is_some()
            || closed.next().is_some()
        {
            return Err("rows that do not add up");
        }
        Ok(rows)
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Stored::of(self).serialize(to)
    }
}

impl<'d> Deserialize<'d> for Rows {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        Stored::deserialize(from)?.open().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(rows: &Rows) -> Vec<u8> {
        postcard::to_stdvec(rows).unwrap()
    }

    /// Rows of items with candidates, one line each.
    fn rows(items: impl Iterator<Item = String>, candidates: &[Option<&str>]) -> Rows {
        let mut rows = Rows::default();
        let mut line = 0;
        for item in items {
            for candidate in candidates {
                line += 1;
                rows.see(&item, *candidate, u32::try_from(line * 7_919 % 65_521).unwrap(), (3, line));
            }
            rows.closed.add(stable_hash(item.as_str()), 1);
        }
        rows
    }

    #[test]
    fn names_that_count_up_are_stored_without_their_hashes() {
        let counted = rows((0..1000).map(|id| format!("q{id}")), &[Some("a"), Some("b"), Some("c"), Some("d")]);
        assert_eq!((counted.seen.keys().count(), counted.closed.keys().count()), (4_000, 1_000));
        let stored = Stored::of(&counted);
        assert_eq!((stored.names.len(), stored.closed.len(), stored.closed_else.len()), (0, 1_000, 0));
        // Four bytes of content, one for the step and one for the code of a row.
        assert!(bytes(&counted).len() < 6 * 4_000 + 1_000 + 300, "{}", bytes(&counted).len());
        // Leading zeros, plain numbers, and ids with gaps.
        for (form, count) in [
            (rows((7..900).map(|id| format!("t-{id:05}")), &[None]), 893),
            (rows((0..900).filter(|id| id % 5 != 3).map(|id| id.to_string()), &[None]), 720),
        ] {
            assert_eq!((Stored::of(&form).names.len(), form.seen.keys().count()), (0, count));
            assert!(postcard::from_bytes::<Rows>(&bytes(&form)).unwrap() == form);
        }
        // Names without a number are stored as hashes.
        let words = rows(["x", "y", "z"].into_iter().map(str::to_owned), &[None]);
        assert_eq!(Stored::of(&words).names.len(), 3);
        assert!(postcard::from_bytes::<Rows>(&bytes(&counted)).unwrap() == counted);
    }

    #[test]
    fn damaged_rows_are_refused() {
        let counted = rows((0..9).map(|id| format!("q{id}")), &[None]);
        for change in [
            (|stored: &mut Stored| stored.codes[4] = 0) as fn(&mut Stored),
            |stored| stored.codes[4] = 200,
            |stored| stored.contents.truncate(8),
            |stored| stored.closed.truncate(8),
            |stored| stored.names.push([0; 8]),
            |stored| stored.first = Smallest::default(),
        ] {
            let mut stored = Stored::of(&counted);
            change(&mut stored);
            assert!(stored.open().is_err());
        }
    }

    #[derive(Clone, Debug)]
    struct Act(String, Option<String>, u32, u64, bool);

    fn act() -> impl Strategy<Value = Act> {
        let items = prop_oneof!["q[0-9]{1,2}", "[ab0]{0,3}", (0_u8..40).prop_map(|id| id.to_string())];
        (items, prop::option::of("[ab]"), 0..2_u32, 0..30_u64, any::<bool>())
            .prop_map(|(item, candidate, content, line, closed)| Act(item, candidate, content, line, closed))
    }

    fn all(acts: &[Act]) -> Rows {
        let mut rows = Rows::default();
        for Act(item, candidate, content, line, closed) in acts {
            rows.see(item, candidate.as_deref(), *content, (0, *line));
            if *closed {
                rows.closed.add(stable_hash(item.as_str()), 1);
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn rows_are_a_commutative_monoid_and_are_read_back(
            a in prop::collection::vec(act(), 0..40),
            b in prop::collection::vec(act(), 0..40),
        ) {
            let whole = all(&[a.clone(), b.clone()].concat());
            let (a, b) = (all(&a), all(&b));
            let merged = |one: &Rows, two: &Rows| {
                let mut merged = one.clone();
                merged.merge(two.clone());
                merged
            };
            prop_assert_eq!(&merged(&a, &b), &whole);
            prop_assert_eq!(&merged(&b, &a), &whole);
            prop_assert_eq!(&merged(&a, &Rows::default()), &a);
            let again: Rows = postcard::from_bytes(&bytes(&whole)).unwrap();
            prop_assert_eq!(bytes(&again), bytes(&whole));
            prop_assert_eq!(&again, &whole);
        }
    }

    #[test]
    fn equally_many_rows_of_each_item_are_samples() {
        let of = |all: &[(&str, u32)]| {
            let mut rows = Rows::default();
            for (line, (item, content)) in (1..).zip(all) {
                rows.see(item, None, *content, (0, line));
            }
            rows.are_samples()
        };
        assert!(of(&[("a", 1), ("a", 1), ("a", 2), ("b", 3), ("b", 3), ("b", 3)]));
        // A resumed run, everything twice, one row each.
        assert!(!of(&[("a", 1), ("a", 1), ("b", 3)]));
        assert!(!of(&[("a", 1), ("a", 1), ("b", 3), ("b", 3)]));
        assert!(!of(&[("a", 1), ("a", 2), ("a", 1), ("a", 2), ("b", 3), ("b", 4), ("b", 3), ("b", 4)]));
        assert!(!of(&[("a", 1), ("b", 3)]));
    }
}
