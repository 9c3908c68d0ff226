//! `retally.toml` as written, then resolved; conventions per kind of claim.

mod convention;

pub use convention::{ColumnSpec, accepted, both_ends};

/// What the user says of the input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputConfig {
    /// Role to path of the field that plays it.
    pub roles: Vec<(String, String)>,
    /// Columns of claims with the user's conventions.
    pub columns: Vec<ColumnSpec>,
    /// Values that mean "no value".
    pub sentinels: Vec<f64>,
}
