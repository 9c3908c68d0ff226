//! retally audits the logs of language-model evaluations: it re-derives every reported number from the tokens beneath it
//! and says of each whether it is proven, refuted (and by which formula it was really computed) or unprovable (and which
//! field to log so that it is not).
//!
//! [`Audit`] takes inputs and a [`Config`] and gives a [`Report`]. [`Report::gate`] says whether the report passes.
//!
//! ```
//! use retally::gate::{Gate, Outcome};
//! use retally::{Audit, Config, Input};
//!
//! // The score is the mean of the log-probs, but should be their sum.
//! let log = br#"{"item": "q0", "tokens": ["A", " dog"], "logprobs": [-0.5, -2.25], "score": -1.375}"#;
//! let config = Config::default();
//! let mut report = Audit::new(config.clone()).input(Input::bytes("scores.jsonl", &log[..])).run()?;
//! for finding in &report.findings {
//!     println!("{}: {}", finding.code, finding.message);
//! }
//! assert_eq!(report.findings[0].code, "RT204");
//! assert_eq!(report.gate(&Gate::new(config)), Outcome::Failed);
//! # Ok::<(), retally::Error>(())
//! ```
//!
//! [`report`] is the report model with its output formats, [`gate`] what fails a report, [`formula`] the formulas that
//! numbers are checked against, [`numeric`] the arithmetic. [`Watch`] audits logs that are still being written, [`split`]
//! splits an audit over machines, [`items`] shows single items.
//!
//! # Features
//! `arrow` reads Parquet and Arrow IPC. `cli` is the program `retally`, and draws the lines of the text report. Both are on
//! by default; a library user may want `default-features = false`.

mod audit;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod conclude;
mod config;
mod derive;
mod engine;
mod facade;
mod format;
pub mod formula;
pub mod gate;
mod init;
#[doc(hidden)]
pub mod internals;
mod metric;
mod model;
pub mod numeric;
mod parts;
pub mod report;
mod rules;
mod run;
mod score;
mod source;
mod tally;
mod trace;

pub use config::Config;
pub use facade::{Audit, Error, Watch};
pub use report::Report;
pub use source::Input;

/// The rules that an audit asks, with their pages.
pub mod catalogue {
    pub use crate::rules::{Catalogue, Page, Rule};
}

/// What an [`Error`] holds.
pub mod error {
    pub use crate::config::{ConfigError, UnknownRule};
    pub use crate::engine::UnknownFormat;
    pub use crate::gate::BaselineError;
    pub use crate::parts::PartError;
    pub use crate::source::SourceError;
}

/// Inputs as they were found and recognised, before an audit reads them.
pub mod input {
    pub use crate::engine::Progress;
    pub use crate::facade::{Inputs, Recognised};
    pub use crate::source::Input;
}

/// Single items: what their candidates score, and one item step by step.
pub mod items {
    pub use crate::facade::{Rows, Walk};
    pub use crate::report::rows::{ChangedPick, FailedRow};
    pub use crate::score::{ScoredCandidate, ScoredItem};
    pub use crate::trace::{Trace, TracedCandidate, TracedClaim, TracedStep};
}

/// Audits that are split over machines: each part gives a tally, and [`merge`](split::merge) one report.
pub mod split {
    pub use crate::facade::merge;
    pub use crate::parts::{AuditPlan, Part};
}
