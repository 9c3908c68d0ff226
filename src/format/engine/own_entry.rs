//! Finds the step's own token in a map from token id to value.
//!
//! Engines list the k most likely tokens, plus the step's own token if it is not among them. They write that token
//! first, but a JSON map has no order: a tool that sorts the keys does not change its meaning. The size of the map
//! shows whether the own token was added.

use crate::format::field;
use crate::format::json::{Key, Kind, Value};
use crate::numeric::Printed;

/// Number of tokens listed per step besides the step's own one, as far as the maps of a response show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::format) struct Listed(Option<usize>);

impl Listed {
    /// Derived from all maps of a response. If their sizes differ, the larger ones contain a token that is not among
    /// the most likely ones. If a rank exceeds the size of its map, all of them do.
    pub(in crate::format) fn of<'t>(maps: impl Iterator<Item = Value<'t>>) -> Self {
        let (mut least, mut most, mut beyond) = (usize::MAX, 0, false);
        for map in maps.filter(|map| map.kind() == Kind::Object) {
            let size = map.members().count();
            (least, most) = (least.min(size), most.max(size));
            beyond |= map.members().any(|(_, entry)| rank(entry).is_some_and(|rank| rank > size));
        }
        Self(match (least, most) {
            // Empty maps, or no maps at all.
            (0 | usize::MAX, _) => None,
            (least, most) if most == least + 1 => Some(least),
            (least, most) if most == least && beyond => Some(least - 1),
            _ => None,
        })
    }

    /// The entry of a step's own token, if the map shows it: the only entry, or the least likely entry of a map that
    /// has one more than the listed number.
    pub(in crate::format) fn own<'t>(self, map: Value<'t>) -> Option<(Key<'t>, Value<'t>)> {
        if map.kind() != Kind::Object {
            return None;
        }
        let size = map.members().count();
        if size == 1 {
            return map.members().next();
        }
        if self.0.is_none_or(|listed| size != listed + 1) {
            return None;
        }
        let value = |entry: Value<'t>| value(entry).map_or(f64::INFINITY, |number| number.value);
        map.members().min_by(|a, b| value(a.1).total_cmp(&value(b.1)))
    }
}

/// The entry with this value, if only one entry has it.
pub(in crate::format) fn with_value(map: Value<'_>, wanted: Printed) -> Option<(Key<'_>, Value<'_>)> {
    let members = || {
        map.members().filter(|(_, entry)| value(*entry).is_some_and(|own| own.value.total_cmp(&wanted.value).is_eq()))
    };
    if map.kind() != Kind::Object || members().nth(1).is_some() {
        return None;
    }
    members().next()
}

/// The log-prob of an entry: the entry itself, or one of its fields.
fn value(entry: Value<'_>) -> Option<Printed> {
    field::printed(entry).or_else(|| entry.get("logprob").and_then(field::printed))
}

fn rank(entry: Value<'_>) -> Option<usize> {
    entry.get("rank").and_then(field::integer).and_then(|rank| usize::try_from(rank).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn own(text: &str) -> Vec<Option<String>> {
        let mut tape = Tape::default();
        let list = tape.parse(text.as_bytes()).unwrap();
        let listed = Listed::of(list.elements());
        list.elements().map(|map| listed.own(map).map(|(key, _)| key.raw_str().to_owned())).collect()
    }

    #[test]
    fn nothing_is_listed_where_there_are_no_maps() {
        assert_eq!(Listed::of(std::iter::empty()), Listed(None));
        assert_eq!((own("[]"), own("[7, null]")), (Vec::new(), vec![None, None]));
    }

    fn named(names: &[&str]) -> Vec<Option<String>> {
        names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
    }

    #[test]
    fn the_least_likely_of_one_more_than_are_listed_is_the_own_one_in_any_order() {
        assert_eq!(own(r#"[{"7": -3, "1": -0.5}, {"4": -0.1}]"#), named(&["7", "4"]));
        assert_eq!(own(r#"[{"1": -0.5, "7": -3}, {"4": -0.1}]"#), named(&["7", "4"]));
    }

    #[test]
    fn a_rank_beyond_the_size_shows_how_many_are_listed() {
        let ranked = r#"[{"1": {"logprob": -0.5, "rank": 1}, "7": {"logprob": -3, "rank": 9}},
            {"2": {"logprob": -1.5, "rank": 2}, "3": {"logprob": -0.3, "rank": 1}}]"#;
        assert_eq!(own(ranked), named(&["7", "2"]));
    }

    #[test]
    fn maps_of_one_size_do_not_show_it() {
        assert_eq!(own(r#"[{"7": -3, "1": -0.5}, {"4": -0.1, "9": -2}]"#), named(&["", ""]));
    }
}
