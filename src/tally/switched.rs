//! Items whose pick changes.

use serde::{Deserialize, Serialize};

use crate::model::Place;
use crate::tally::{Keyed, Smallest};

/// An item whose pick changes when the score follows its convention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The position of the item.
    pub place: Place,
    /// The item's id.
    pub item: String,
    /// Position that the pipeline picked.
    pub from: u32,
    /// Position that the convention picks.
    pub to: u32,
}

/// A position in its stored form.
#[must_use]
pub fn stored_position(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

impl Flip {
    /// The change from one candidate of an item to another; None if they are the same.
    #[must_use]
    pub fn between(place: &Place, item: &str, from: usize, to: usize) -> Option<Self> {
        (from != to).then(|| Self {
            place: place.clone(),
            item: item.to_owned(),
            from: stored_position(from),
            to: stored_position(to),
        })
    }
}

impl Keyed for Flip {
    type Key = (Place, String);

    fn key(&self) -> Self::Key {
        (self.place.clone(), self.item.clone())
    }
}

/// Items whose pick changes.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Switched {
    /// Number of items.
    pub flips: u64,
    /// The first of these items.
    pub flipped: Smallest<Flip, 5>,
    /// Graded items that are correct afterwards.
    pub right_after: u64,
    /// Items that are correct afterwards and wrong as reported.
    pub gained: u64,
    /// Items that are correct as reported and wrong afterwards.
    pub lost: u64,
}

impl Switched {
    /// Adds an item: the flip, if its pick changes, and whether it was and is correct, if it is graded.
    pub fn add(&mut self, flip: Option<Flip>, graded: Option<(bool, bool)>) {
        self.flips += u64::from(flip.is_some());
        if let Some(flip) = flip {
            self.flipped.offer(flip);
        }
        if let Some((before, after)) = graded {
            self.right_after += u64::from(after);
            self.gained += u64::from(!before && after);
            self.lost += u64::from(before && !after);
        }
    }

    /// Adds another part.
    pub fn merge(&mut self, other: Self) {
        self.flips += other.flips;
        self.flipped.merge(other.flipped);
        self.right_after += other.right_after;
        self.gained += other.gained;
        self.lost += other.lost;
    }
}
