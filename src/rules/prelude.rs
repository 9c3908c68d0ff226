//! What a rule file needs.

pub(crate) use crate::derive;
pub(crate) use crate::formula::{Deviations, Output, Reduce, Scale, Span, Term};
pub(crate) use crate::model::{Alternative, ClaimKind, Logged, Segment};
pub(crate) use crate::numeric::{self, Approx, ExactSum, noise};
pub(crate) use crate::rules::{CandidateView, Cause, ItemView, Message, Observer, Rule, RunView, StepView, page};
pub(crate) use crate::tally::{Evidence, Histogram, Key, Moments, Observed};
