//! `retally.toml` as written, then resolved; conventions per kind of claim.

mod convention;
mod file;
mod gate;
mod levels;
mod paths;
mod resolve;
mod settings;
mod written;

pub use convention::{ColumnSpec, Promise, accepted, both_ends};
pub use file::read_text;
pub use gate::{Date, Exception, FailOn, GateConfig};
pub use levels::{Levels, UnknownRule, codes};
pub use paths::Paths;
pub(crate) use resolve::Nested;
pub use resolve::{Config, ConfigError, Entry, FILE_NAME, bytes};
pub use settings::Setting;

/// The user's settings for one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputConfig {
    /// Role to the path of its field.
    pub roles: Vec<(String, String)>,
    /// Columns of claims with the user's conventions; no accepted formula means the default ones.
    pub columns: Vec<ColumnSpec>,
    /// Values that mean "no value".
    pub sentinels: Vec<f64>,
    /// The format's name; None to detect it.
    pub format: Option<String>,
    /// The names of the columns of a table without a header.
    pub header: Option<Vec<String>>,
}

/// The closest match to a mistyped name, if any is close.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(2);
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    known.into_iter().map(|known| (distance(known), known)).filter(|(far, _)| *far <= limit).min().map(|(_, near)| near)
}
