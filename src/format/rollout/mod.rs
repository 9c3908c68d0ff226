//! Rollouts of reinforcement learning: what the engine sampled, scored by the engine and again by the trainer.

mod dump;
mod texts;

use crate::format::Format;

/// In the order of the documentation.
pub(super) static FORMATS: &[&dyn Format] = &[&dump::ROLLOUT, &texts::TEXTS];
