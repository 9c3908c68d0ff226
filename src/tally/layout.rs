//! The fields in an input's records, and the range of records that have each.
//!
//! Two extents reveal a field that ends or begins in the middle of an input: the extent of the records with it, and the
//! extent of the records without it. Both are minima and maxima over records, so parts of an input can be merged in any
//! order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Line and column of a record.
pub type Position = (u64, u64);

/// Maximum fields kept per object, by depth. An object with more is a map: its keys are values.
const MOST: [usize; 3] = [96, 32, 16];
/// Maximum values kept per field. A field with more does not indicate the kind of a record.
const VALUES: usize = 4;
/// Maximum number of streams kept.
const STREAMS: usize = 64;
/// Maximum bytes of a value that can name the kind of a record.
const LONGEST: usize = 48;

/// The first and the last of a set of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The first.
    pub first: Position,
    /// The last.
    pub last: Position,
}

impl Extent {
    /// The extent of one record.
    #[must_use]
    pub fn at(position: Position) -> Self {
        Self { first: position, last: position }
    }

    /// The extent of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// Adds other records.
    pub fn add(slot: &mut Option<Self>, other: Option<Self>) {
        *slot = match (*slot, other) {
            (Some(own), Some(other)) => Some(own.with(other)),
            (own, other) => own.or(other),
        };
    }
}

/// The type of a value, as far as it distinguishes kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FieldKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// `""`.
    EmptyText,
    /// A list that starts with a number.
    Numbers,
    /// Any other list.
    List,
    /// `[]`.
    EmptyList,
    /// An object.
    Object,
    /// `{}`.
    EmptyObject,
}

/// The extents of a few different keys, or a marker that there are too many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Few<K: Ord> {
    kept: BTreeMap<K, Extent>,
    many: bool,
}

impl<K: Ord> Default for Few<K> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), many: false }
    }
}

impl<K: Ord> Few<K> {
    fn see(&mut self, key: K, extent: Extent, most: usize) {
        if self.many {
            return;
        }
        let slot = self.kept.entry(key).or_insert(extent);
        *slot = slot.with(extent);
        self.cut(most);
    }

    fn cut(&mut self, most: usize) {
        if self.kept.len() > most {
            self.many = true;
            self.kept.clear();
        }
    }

    fn merge(&mut self, other: Self, most: usize) {
        self.many |= other.many;
        if self.many {
            self.kept.clear();
            return;
        }
        for (key, extent) in other.kept {
            self.see(key, extent, most);
        }
    }

    /// The extents; None if there were too many keys.
    #[must_use]
    pub fn extents(&self) -> Option<impl Iterator<Item = Extent>> {
        (!self.many).then(|| self.kept.values().copied())
    }
}

/// The types of a field's values, in their order, with the records that have each: mostly one.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Kinds(Vec<(FieldKind, Extent)>);

impl Kinds {
    fn see(&mut self, kind: FieldKind, extent: Extent) {
        match self.0.binary_search_by_key(&kind, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, own)) = self.0.get_mut(at) {
                    *own = own.with(extent);
                }
            }
            Err(at) => self.0.insert(at, (kind, extent)),
        }
    }

    /// Whether some value is of a type.
    #[must_use]
    pub fn has(&self, kind: FieldKind) -> bool {
        self.types().any(|own| own == kind)
    }

    /// The types.
    pub fn types(&self) -> impl Iterator<Item = FieldKind> {
        self.0.iter().map(|(kind, _)| *kind)
    }

    /// The records that have each type.
    pub fn extents(&self) -> impl Iterator<Item = Extent> + Clone {
        self.0.iter().map(|(_, extent)| *extent)
    }
}

/// A field and its subfields.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the enclosing object.
    pub name: String,
    /// Records that have it.
    pub count: u64,
    /// The records that have it.
    pub present: Option<Extent>,
    /// The records that lack it although they have the enclosing object.
    pub absent: Option<Extent>,
    /// By the type of its value.
    pub kinds: Kinds,
    /// By its value, without the digits in texts: `q17` and `q18` are of one kind.
    pub values: Few<String>,
    /// Its subfields; for a list, those of its first entry.
    pub below: Vec<Field>,
    /// Whether there are too many subfields; none are kept in that case.
    pub is_map: bool,
}

impl Field {
    /// Starts visiting a record's value of this field.
    pub fn see(&mut self, at: Position, kind: FieldKind) -> Look<'_> {
        let before = self.present;
        self.count += 1;
        Extent::add(&mut self.present, Some(Extent::at(at)));
        self.kinds.see(kind, Extent::at(at));
        Look { field: self, at, before, next: 0, seen: 0 }
    }

    /// Records a value that can name the kind of a record.
    pub fn value(&mut self, at: Position, value: &str, is_text: bool) {
        if self.values.many {
            return;
        }
        if value.len() > LONGEST {
            self.values.many = true;
            self.values.kept.clear();
            return;
        }
        let mut key = String::with_capacity(value.len());
        for character in value.chars() {
            if !(is_text && character.is_ascii_digit()) {
                key.push(character);
            } else if !key.ends_with('#') {
                key.push('#');
            }
        }
        self.values.see(key, Extent::at(at), VALUES);
    }

    fn merge(&mut self, other: Self, depth: usize) {
        let most = MOST.get(depth).copied().unwrap_or_default();
        self.is_map |= other.is_map;
        if self.is_map {
            self.below.clear();
        } else {
            // A field of one part is absent from all records of the other.
            for own in &mut self.below {
                if !other.below.iter().any(|field| field.name == own.name) {
                    Extent::add(&mut own.absent, other.present);
                }
            }
            for field in other.below {
                match self.below.iter_mut().find(|own| own.name == field.name) {
                    Some(own) => own.merge(field, depth + 1),
                    None => {
                        let mut field = field;
                        Extent::add(&mut field.absent, self.present);
                        self.below.push(field);
                    }
                }
            }
            self.cut(most);
        }
        self.count += other.count;
        Extent::add(&mut self.present, other.present);
        Extent::add(&mut self.absent, other.absent);
        for (kind, extent) in other.kinds.0 {
            self.kinds.see(kind, extent);
        }
        self.values.merge(other.values, VALUES);
    }

    fn cut(&mut self, most: usize) {
        if self.below.len() > most {
            self.is_map = true;
            self.below = Vec::new();
        }
    }

    fn sort(&mut self) {
        self.below.sort_by(|a, b| a.name.cmp(&b.name));
        for field in &mut self.below {
            field.sort();
        }
    }
}

/// A visit of one object in a record.
pub struct Look<'f> {
    field: &'f mut Field,
    at: Position,
    /// The records with the field before this one.
    before: Option<Extent>,
    /// Expected index of the next member: most records have the same order as the previous one.
    next: usize,
    /// The members seen, one bit each.
    seen: u128,
}

impl Look<'_> {
    /// The subfield with this name; None if it is not kept or was already seen.
    pub fn member(&mut self, name: &str, depth: usize) -> Option<&mut Field> {
        let most = MOST.get(depth).copied().unwrap_or_default();
        if self.field.is_map || most == 0 {
            return None;
        }
        let below = &mut self.field.below;
        let place = match below.get(self.next) {
            Some(field) if field.name == name => Some(self.next),
            _ => below.iter().position(|field| field.name == name),
        };
        let place = place.unwrap_or_else(|| {
            below.push(Field { name: name.to_owned(), absent: self.before, ..Field::default() });
            below.len() - 1
        });
        self.next = place + 1;
        self.field.cut(most);
        let bit = 1_u128.checked_shl(u32::try_from(place).unwrap_or(u32::MAX))?;
        if self.seen & bit != 0 {
            return None;
        }
        self.seen |= bit;
        self.field.below.get_mut(place)
    }

    /// Ends the object: its other fields are absent from this record.
    pub fn end(self) {
        for (place, field) in self.field.below.iter_mut().enumerate() {
            if self.seen & (1_u128 << place) == 0 {
                Extent::add(&mut field.absent, Some(Extent::at(self.at)));
            }
        }
    }
}

/// The layout of an input's records.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// The records, with their fields as subfields.
    pub records: Field,
    /// The records, with the audit's findings as subfields: columns of claims, tokens, picks.
    pub found: Field,
    /// The records of each task and filter.
    pub streams: Few<(String, String)>,
}

impl Layout {
    /// Records the extent of a stream.
    pub fn stream(&mut self, extent: Extent, task: &str, filter: &str) {
        self.streams.see((task.to_owned(), filter.to_owned()), extent, STREAMS);
    }

    /// Adds another part of the input.
    pub fn merge(&mut self, other: Self) {
        self.records.merge(other.records, 0);
        self.found.merge(other.found, 0);
        self.streams.merge(other.streams, STREAMS);
        self.sort();
    }

    /// Sorts the fields by name, so that equal layouts compare equal.
    pub fn sort(&mut self) {
        self.records.sort();
        self.found.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout of records given by the names of their fields.
    fn layout(records: &[(u64, &[&str])]) -> Layout {
        let mut layout = Layout::default();
        for (line, names) in records {
            let at = (*line, 1);
            let mut look = layout.records.see(at, FieldKind::Object);
            for name in *names {
                if let Some(field) = look.member(name, 0) {
                    field.see(at, FieldKind::Number).end();
                    field.value(at, name, true);
                }
            }
            look.end();
            layout.stream(Extent::at(at), "t", "");
        }
        layout.sort();
        layout
    }

    #[test]
    fn parts_merge_in_any_order() {
        let records: [(u64, &[&str]); 5] =
            [(1, &["a", "b"]), (2, &["b", "a"]), (3, &["a", "c"]), (4, &["c", "c"]), (5, &["a"])];
        let whole = layout(&records);
        for cut in 0..=records.len() {
            let (left, right) = records.split_at(cut);
            let mut merged = layout(left);
            merged.merge(layout(right));
            assert_eq!(merged, whole, "{cut}");
            let mut merged = layout(right);
            merged.merge(layout(left));
            assert_eq!(merged, whole, "{cut}, turned");
        }
        let field = |name: &str| whole.records.below.iter().find(|field| field.name == name).unwrap();
        let extents = |name: &str| (field(name).count, field(name).present.unwrap(), field(name).absent);
        let extent = |first, last| Extent { first: (first, 1), last: (last, 1) };
        assert_eq!(extents("a"), (4, extent(1, 5), Some(extent(4, 4))));
        assert_eq!(extents("b"), (2, extent(1, 2), Some(extent(3, 5))));
        assert_eq!(extents("c"), (2, extent(3, 4), Some(extent(1, 5))));
    }

    #[test]
    fn an_object_with_many_keys_is_a_map() {
        let names: Vec<String> = (0..97).map(|n| format!("k{n}")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let (few, many) = (layout(&[(1, &all[..96])]), layout(&[(1, &all[..])]));
        assert_eq!((few.records.below.len(), few.records.is_map), (96, false));
        assert_eq!((many.records.below.len(), many.records.is_map), (0, true));
        let mut merged = layout(&[(1, &all[..60])]);
        merged.merge(layout(&[(2, &all[60..])]));
        assert!(merged.records.is_map && merged.records.below.is_empty());
    }

    #[test]
    fn values_that_differ_by_their_numbers_are_one() {
        let mut field = Field::default();
        for (line, value) in (1..).zip(["q1", "q22", "q333"]) {
            field.value((line, 1), value, true);
        }
        assert_eq!(field.values.kept.len(), 1);
        for (line, value) in (1..).zip(["1", "2", "3", "1", "4"]) {
            field.value((line, 1), value, false);
        }
        assert!(field.values.extents().is_none());
    }
}
