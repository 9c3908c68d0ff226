//! The positions of a candidate, of which a thread holds only so many at a time.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use crate::model::Step;

thread_local! {
    /// Steps that this thread may still hold. Each takes some two hundred bytes, however few its number has in the log.
    static ROOM: Cell<usize> = const { Cell::new(MAX_STEPS) };
}

/// Most steps of all candidates that are read at the same time: those of one item.
pub const MAX_STEPS: usize = 1 << 20;

/// The positions of a candidate, in order. Beyond [`MAX_STEPS`] they are left out, and the item is one that cannot be audited.
#[derive(Debug, Default)]
pub struct Steps<'t> {
    list: Vec<Step<'t>>,
    /// Room that was taken for them.
    taken: usize,
    is_overfull: bool,
}

impl<'t> Steps<'t> {
    /// Adds a step, if there is room for it.
    pub fn push(&mut self, step: Step<'t>) {
        let room = ROOM.get();
        if room == 0 {
            self.is_overfull = true;
            return;
        }
        ROOM.set(room - 1);
        self.taken += 1;
        self.list.push(step);
    }

    /// Adds the steps of another list behind these.
    pub fn append(&mut self, mut other: Self) {
        self.list.append(&mut other.list);
        self.taken += std::mem::take(&mut other.taken);
        self.is_overfull |= other.is_overfull;
    }

    /// Whether steps were left out.
    #[must_use]
    pub fn is_overfull(&self) -> bool {
        self.is_overfull
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        // What another thread has read may end here.
        ROOM.set(ROOM.get().saturating_add(self.taken).min(MAX_STEPS));
    }
}

impl<'t> Deref for Steps<'t> {
    type Target = Vec<Step<'t>>;

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl DerefMut for Steps<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.list
    }
}

impl Clone for Steps<'_> {
    fn clone(&self) -> Self {
        let mut cloned: Self = self.iter().copied().collect();
        cloned.is_overfull |= self.is_overfull;
        cloned
    }
}

impl<'t> Extend<Step<'t>> for Steps<'t> {
    fn extend<I: IntoIterator<Item = Step<'t>>>(&mut self, steps: I) {
        steps.into_iter().for_each(|step| self.push(step));
    }
}

impl<'t> FromIterator<Step<'t>> for Steps<'t> {
    fn from_iter<I: IntoIterator<Item = Step<'t>>>(steps: I) -> Self {
        let mut all = Self::default();
        all.extend(steps);
        all
    }
}

impl<'t> From<Vec<Step<'t>>> for Steps<'t> {
    fn from(steps: Vec<Step<'t>>) -> Self {
        steps.into_iter().collect()
    }
}

impl<'s, 't> IntoIterator for &'s Steps<'t> {
    type Item = &'s Step<'t>;
    type IntoIter = std::slice::Iter<'s, Step<'t>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<'s, 't> IntoIterator for &'s mut Steps<'t> {
    type Item = &'s mut Step<'t>;
    type IntoIter = std::slice::IterMut<'s, Step<'t>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_given_back() {
        let full = |count: usize| -> Steps<'static> { std::iter::repeat_n(Step::default(), count).collect() };
        let (one, two) = (full(MAX_STEPS - 10), full(11));
        assert_eq!((one.is_overfull(), two.is_overfull(), two.len()), (false, true, 10));
        assert!(two.clone().is_overfull());
        drop(one);
        assert!(!full(MAX_STEPS - 10).is_overfull());
        drop(two);
        assert!(!full(MAX_STEPS).is_overfull());
    }
}
