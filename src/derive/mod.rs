//! How reported numbers follow from what is logged beneath them, and whether they do.

mod judge;

pub use judge::{Judgement, at_most, judge};
