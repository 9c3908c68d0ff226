//! Paths of fields: keys and list positions joined by dots, through objects and lists.

use crate::format::json::{Kind, Value};

/// The keys of a path as it is written: `out.logprobs`, `out.pieces.lp` or `out.pieces[].lp`.
#[must_use]
pub(super) fn split(path: &str) -> Vec<String> {
    let keys = path.split('.').map(|key| key.strip_suffix("[]").unwrap_or(key));
    let found: Vec<String> = keys.filter(|key| !key.is_empty()).map(str::to_owned).collect();
    // A name of dots and brackets only is a name.
    if found.is_empty() { vec![path.to_owned()] } else { found }
}

/// What a path leads to.
#[derive(Clone, Copy)]
pub(super) struct Reached<'t> {
    /// The value, or the list on the way to it.
    pub(super) value: Value<'t>,
    /// How many keys of the path remain for each entry of that list.
    pub(super) rest: usize,
}

/// Follows a path up to the first list that it goes through without a position.
#[must_use]
pub(super) fn reach<'t>(object: Value<'t>, path: &[String]) -> Option<Reached<'t>> {
    let mut value = object;
    for (at, key) in path.iter().enumerate() {
        value = match (value.kind(), key.parse::<usize>()) {
            (Kind::Array, Ok(index)) => value.elements().nth(index)?,
            (Kind::Array, Err(_)) => return Some(Reached { value, rest: path.len() - at }),
            _ => value.get(key)?,
        };
    }
    Some(Reached { value, rest: 0 })
}

/// The value at the end of a path that goes through objects and single-entry lists only.
#[must_use]
pub(super) fn single<'t>(object: Value<'t>, path: &[String]) -> Option<Value<'t>> {
    let reached = reach(object, path)?;
    if reached.rest == 0 {
        return Some(reached.value);
    }
    let mut entries = reached.value.elements();
    let only = entries.next().filter(|_| entries.next().is_none())?;
    single(only, path.get(path.len() - reached.rest..)?)
}

/// The value of one entry of a list on the way.
#[must_use]
pub(super) fn within<'t>(entry: Value<'t>, rest: &[String]) -> Option<Value<'t>> {
    rest.iter().try_fold(entry, |value, key| value.get(key))
}

/// The entries of a list of objects, or the members of an object of objects with their keys, in the order of these.
#[must_use]
pub(super) fn entries<'t>(list: Value<'t>) -> Vec<(Option<&'t str>, Value<'t>)> {
    if list.kind() == Kind::Array {
        return list.elements().map(|entry| (None, entry)).collect();
    }
    let mut members: Vec<(Option<&'t str>, Value<'t>)> =
        list.members().map(|(key, value)| (Some(key.raw_str()), value)).collect();
    members.sort_by_key(|(key, _)| *key);
    members
}

/// Whether a value is a list of objects, or an object of two and more objects: the options of an item by their labels.
#[must_use]
pub(super) fn holds_objects(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Array => value.elements().next().is_some_and(|first| first.kind() == Kind::Object),
        Kind::Object => value.members().count() > 1 && value.members().all(|(_, own)| own.kind() == Kind::Object),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    #[test]
    fn a_path_goes_through_lists() {
        assert_eq!(split("a.b[].c"), ["a", "b", "c"]);
        assert_eq!(split("a.[].c"), ["a", "c"]);
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("[]"), ["[]"]);
        let mut tape = Tape::default();
        let root = tape.parse(br#"{"a": {"b": [{"c": -1}, {"c": -2}], "d": [{"e": 3}]}}"#).unwrap();
        let path = split("a.b[].c");
        let reached = reach(root, &path).unwrap();
        assert_eq!((reached.value.kind(), reached.rest), (Kind::Array, 1));
        let rest = path.get(path.len() - reached.rest..).unwrap();
        let values: Vec<&str> =
            reached.value.elements().filter_map(|entry| within(entry, rest)).map(|value| value.raw_str()).collect();
        assert_eq!(values, ["-1", "-2"]);
        assert_eq!(reach(root, &split("a.b.1.c")).unwrap().value.raw_str(), "-2");
        assert_eq!(single(root, &split("a.d.e")).unwrap().raw_str(), "3");
        assert!(single(root, &path).is_none() && reach(root, &split("a.x")).is_none());
    }

    #[test]
    fn options_by_their_labels_come_in_the_order_of_these() {
        let mut tape = Tape::default();
        let root = tape.parse(br#"{"B": {"n": 2}, "A": {"n": 1}}"#).unwrap();
        assert!(holds_objects(root));
        let labels: Vec<Option<&str>> = entries(root).into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, [Some("A"), Some("B")]);
    }
}
