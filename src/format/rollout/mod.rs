//! Rollouts of reinforcement learning: what the engine sampled, scored by the engine and again by the trainer; and the
//! logs of training.

mod dump;
mod history;
mod pairs;
mod texts;

use crate::format::Format;

/// In the order of the documentation.
pub(super) static FORMATS: &[&dyn Format] = &[&dump::ROLLOUT, &texts::TEXTS, &history::HISTORY];
