//! Rollouts of reinforcement learning (samples of the engine, scored by the engine and again by the trainer), and
//! training logs.

mod dump;
mod history;
mod pairs;
mod texts;

use crate::format::Format;

/// In the order of the documentation.
pub(super) static FORMATS: &[&dyn Format] = &[&dump::ROLLOUT, &texts::TEXTS, &history::HISTORY];
