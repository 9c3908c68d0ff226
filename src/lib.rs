//! retally audits the logs of language-model evaluations: it re-derives every reported number from the tokens beneath it
//! and says of each whether it is proven, refuted (and by which formula it was really computed) or unprovable (and which
//! field to log so that it is not).
//!
//! [`Audit`] takes inputs and a [`Config`] and gives a [`Report`]. [`Report::gate`] says whether the report passes.
//!
//! ```
//! use retally::{Audit, Config, Gate, Input, Outcome};
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
//! [`report`] is the report model with its output formats, [`formula`] the formulas that numbers are checked against,
//! [`numeric`] the arithmetic.
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
mod gate;
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

pub use config::{Config, ConfigError, Date, FailOn, UnknownRule};
pub use engine::UnknownFormat;
pub use facade::{Audit, Error, Inputs, Recognised, Watch, merge};
pub use gate::{Baseline, BaselineError, Gate, Outcome};
pub use parts::{AuditPlan, Part, PartError};
pub use report::Report;
pub use rules::{Catalogue, Page, Rule};
pub use source::{Input, SourceError};
