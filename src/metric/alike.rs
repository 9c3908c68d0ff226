//! Rows that say the same, with the first of them.

use serde::{Deserialize, Serialize};

use crate::model::{At, Origin, Place};

/// Longest name of a row that is kept, in bytes.
const LONGEST: usize = 64;

/// Where a row stands, with its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FirstRow {
    /// Its place.
    pub place: Place,
    /// Its name, empty without one.
    pub item: String,
}

/// How many rows say the same, and the first of them in the log.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alike {
    /// Rows.
    pub times: u64,
    /// The first one.
    pub first: Option<FirstRow>,
}

impl Alike {
    /// Adds a row.
    pub(super) fn see(&mut self, item: &str, at: At, origin: &dyn Origin) {
        self.times += 1;
        let start = origin.start();
        // Rows mostly come in order, and a place is built for the first one only.
        if self.first.as_ref().is_some_and(|own| (own.place.file, own.place.line) < start) {
            return;
        }
        let cut = item.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST).unwrap_or(item.len());
        let item = item.get(..cut).unwrap_or_default().to_owned();
        self.keep(FirstRow { place: origin.place(at), item });
    }

    fn keep(&mut self, row: FirstRow) {
        if self.first.as_ref().is_none_or(|own| row < *own) {
            self.first = Some(row);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.times += other.times;
        if let Some(first) = other.first {
            self.keep(first);
        }
    }

    pub(super) fn renumber(&mut self, file: u32) {
        if let Some(first) = &mut self.first {
            first.place.file = file;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::Located;

    /// A record whose values have no place, for tests of what rows add up to.
    pub(in crate::metric) struct Nowhere;

    impl Origin for Nowhere {
        fn locate(&self, _: At) -> Located {
            Located::default()
        }

        fn place(&self, _: At) -> Place {
            Place::default()
        }

        fn start(&self) -> (u32, u64) {
            (0, 0)
        }
    }

    /// A line of a file.
    pub(in crate::metric) struct Line(pub u32, pub u64);

    impl Origin for Line {
        fn locate(&self, at: At) -> Located {
            Located { place: self.place(at), ..Located::default() }
        }

        fn place(&self, at: At) -> Place {
            Place { file: self.0, line: self.1, column: u64::from(at.start) + 1, ..Place::default() }
        }

        fn start(&self) -> (u32, u64) {
            (self.0, self.1)
        }
    }

    #[test]
    fn the_first_row_is_the_first_of_the_log_in_any_order() {
        let of = |lines: &[(u32, u64)]| {
            let mut alike = Alike::default();
            for (file, line) in lines {
                alike.see(&format!("{file}.{line}"), At::new(4, 5), &Line(*file, *line));
            }
            alike
        };
        let whole = of(&[(1, 7), (0, 9), (0, 12), (1, 2)]);
        let first = whole.first.as_ref().unwrap();
        assert_eq!((whole.times, first.item.as_str(), first.place.line, first.place.column), (4, "0.9", 9, 5));
        let mut parts = of(&[(1, 2), (0, 12)]);
        parts.merge(of(&[(0, 9), (1, 7)]));
        assert_eq!(parts, whole);
    }
}
