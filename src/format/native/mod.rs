//! The project's own plain forms for in-house pipelines: `docs/schema.md`.

mod csv;
mod json;
mod record;
pub mod roles;
mod summary;

pub(super) use csv::CSV;
pub(super) use json::{ARRAY, LINES};
pub(super) use summary::SUMMARY;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::native::record::Mapping;

/// The mapping that a configuration asks for.
fn mapping(config: &InputConfig) -> Result<Mapping, String> {
    let mut extra: Vec<ColumnSpec> = config.columns.clone();
    let mut paths = Vec::new();
    for (key, path) in &config.roles {
        let role = roles::ROLES
            .iter()
            .map(|names| names.role)
            .find(|role| roles::key(*role) == *key)
            .ok_or_else(|| format!("[input] {key}: no such role"))?;
        if let roles::Role::Claim(kind) = role
            && !extra.iter().any(|spec| spec.column.name == *path)
        {
            extra.push(ColumnSpec::of_kind(path, kind));
        }
        paths.push((role, path.split('.').map(str::to_owned).collect()));
    }
    let mut mapping = Mapping::new(extra);
    mapping.paths = paths;
    mapping.sentinels.clone_from(&config.sentinels);
    Ok(mapping)
}
