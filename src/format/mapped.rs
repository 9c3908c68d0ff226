//! The mapping from log fields to roles.

use std::fmt;

use crate::format::native::roles::{self, Role};
use crate::formula::Formula;

/// The role assigned to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum MappedRole {
    /// A role of the native formats, whose field the configuration can name.
    Role(Role),
    /// A column of claims, with the first formula that it is checked against.
    Claim(Option<Formula>),
    /// A description of a field that the format itself defines.
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
    /// Keys and list positions, joined by dots; for formats that are not JSON, their own name of the field.
    pub path: String,
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.is_nested { "candidates[]." } else { "" }, self.path)
    }
}

/// A field with its assigned role.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedField {
    /// The assigned role.
    pub role: MappedRole,
    /// The field.
    pub field: FieldPath,
    /// What its values show, for a role that they say; empty for one by name.
    pub evidence: String,
    /// The name of its column, for a claim under another name; empty for one under its own.
    pub column: String,
}

impl MappedField {
    /// A field of the record.
    #[must_use]
    pub fn new(role: MappedRole, path: impl Into<String>) -> Self {
        Self {
            role,
            field: FieldPath { is_nested: false, path: path.into() },
            evidence: String::new(),
            column: String::new(),
        }
    }
}

/// Fields that a format defines itself, as pairs of role and field.
#[must_use]
pub fn described(pairs: &[(&'static str, &str)]) -> Vec<MappedField> {
    pairs.iter().map(|(role, field)| MappedField::new(MappedRole::Described(role), *field)).collect()
}
