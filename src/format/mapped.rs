//! Which field of a log was taken for what.

use std::fmt;

use crate::format::native::roles::{self, Role};
use crate::formula::Formula;

/// What a field was taken for.
#[derive(Clone, Debug, PartialEq)]
pub enum MappedRole {
    /// A role of the native forms, whose field the configuration can name.
    Role(Role),
    /// A column of claims, with the first formula that it is checked against.
    Claim(Option<Formula>),
    /// What a format says of a field that it defines itself.
    Described(&'static str),
}

impl fmt::Display for MappedRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => out.write_str(&roles::key(*role)),
            Self::Claim(Some(formula)) => write!(out, "claim {formula}"),
            Self::Claim(None) => out.write_str("claim"),
            Self::Described(what) => out.write_str(what),
        }
    }
}

/// A field, as a path from the object that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// Whether the object is a nested candidate rather than the record.
    pub is_nested: bool,
    /// Keys and list positions, joined by dots; or what a format that is not JSON calls it.
    pub path: String,
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.is_nested { "candidates[]." } else { "" }, self.path)
    }
}

/// A field with what it was taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedField {
    /// What it was taken for.
    pub role: MappedRole,
    /// Where it is.
    pub field: FieldPath,
}

impl MappedField {
    /// A field of the record.
    #[must_use]
    pub fn new(role: MappedRole, path: impl Into<String>) -> Self {
        Self { role, field: FieldPath { is_nested: false, path: path.into() } }
    }
}

/// Fields that a format defines itself, as role and field.
#[must_use]
pub fn described(pairs: &[(&'static str, &str)]) -> Vec<MappedField> {
    pairs.iter().map(|(role, field)| MappedField::new(MappedRole::Described(role), *field)).collect()
}
