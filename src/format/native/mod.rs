//! The project's own plain formats for in-house pipelines: `docs/schema.md`.

mod by_value;
mod columns;
mod csv;
mod entropy;
mod grading;
mod group;
mod grouping;
mod infer;
mod json;
mod keyed;
mod lists;
mod look;
mod mapping;
mod pair_fields;
mod pairs;
mod parallel;
mod paths;
mod record;
pub mod roles;
pub(in crate::format) mod sentences;
mod settled;
mod slots;
mod summary;
mod table;
mod table_by_value;
mod token_lines;
mod wide;

use json::ARRAY;
pub(crate) use json::LINES;
use keyed::KEYED;
use summary::SUMMARY;
use table::CSV;
use token_lines::TOKEN_LINES;

use crate::config::{ColumnSpec, Config, ConfigError, InputConfig};
use crate::format::json::Value;
use crate::format::native::mapping::Mapping;
use crate::format::native::paths::split;
use crate::format::{Format, Framing, Head};

/// The tool of all native forms, see [`Format::tool`](crate::format::Format::tool).
pub(crate) const TOOL: &str = "native";

pub(super) static FORMATS: &[&dyn Format] = &[&LINES, &ARRAY, &KEYED, &CSV, &TOKEN_LINES, &SUMMARY];

/// The native format with the layout of an input, whatever the names of its fields. A manual mapping is tested with it.
pub(crate) fn by_shape(head: &Head<'_>) -> &'static dyn Format {
    match head.framing() {
        Some(Framing::Lines) => &LINES,
        Some(_) => &ARRAY,
        None => &CSV,
    }
}

/// The format of summaries.
pub(crate) fn summary() -> &'static dyn Format {
    &SUMMARY
}

/// The fields that may hold the values of the tokens alike, with their role under `[input]` and what each would prove.
pub(crate) fn alike(head: &Head<'_>) -> Vec<(String, String, String)> {
    let Ok(mapping) = mapping(&InputConfig::default()) else { return Vec::new() };
    let records: Vec<Value<'_>> = head.sample().collect();
    let found = infer::find(&records, &mapping).alike.into_iter();
    found.map(|((role, path), evidence)| (roles::key(role), path.join("."), evidence)).collect()
}

/// The names of the numbers in a summary.
pub(crate) fn names_in_summary(head: &Head<'_>) -> Vec<String> {
    head.document().map(summary::names).unwrap_or_default()
}

/// The names of the fields in the first records that hold a number, a boolean or null.
pub(crate) fn measured_fields(head: &Head<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for record in head.records() {
        names.extend(columns::measured(record));
    }
    if names.is_empty() && head.framing().is_none() {
        names = table::measured(head);
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Checks the names in a configuration that only the formats know: roles and claims.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    let keys: Vec<String> = roles::ROLES.iter().map(|names| roles::key(names.role)).collect();
    for entry in &config.roles {
        if !keys.contains(&entry.key) {
            let known = keys.iter().map(String::as_str).chain(["columns", "format", "sentinels"]);
            let hint = match crate::config::nearest(&entry.key, known) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; expected one of {}", keys.join(", ")),
            };
            return Err(config.error_at(entry, format!("unknown role `{}` in [input]{hint}", entry.key)));
        }
    }
    for entry in &config.conventions {
        if let Some((role, true)) = roles::by_name(&entry.key)
            && !matches!(role, roles::Role::Claim(_))
            && !keys.iter().any(|key| *key == entry.key && is_claim_key(key))
        {
            let reason = format!("`{}` is read as the {}, not as a claim", entry.key, roles::key(role));
            return Err(config.error_at(entry, reason));
        }
    }
    let mut claims: Vec<&str> = roles::claim_names().collect();
    claims.extend(config.conventions.iter().map(|entry| entry.key.as_str()));
    for entry in &config.tolerances {
        let is_known = claims.contains(&entry.key.as_str()) || is_claim_key(&entry.key) || entry.key.contains('.');
        if !is_known {
            let hint = crate::config::nearest(&entry.key, claims.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(config.error_at(entry, format!("unknown claim `{}`{hint}", entry.key)));
        }
    }
    Ok(())
}

fn is_claim_key(key: &str) -> bool {
    roles::ROLES.iter().any(|names| matches!(names.role, roles::Role::Claim(_)) && roles::key(names.role) == key)
}

/// The mapping that a configuration declares.
fn mapping(config: &InputConfig) -> Result<Mapping, String> {
    let mut extra: Vec<ColumnSpec> = config.columns.clone();
    let mut paths = Vec::new();
    let candidates = config.roles.iter().find(|(key, _)| *key == roles::key(roles::Role::Candidates));
    let list = candidates.map(|(_, path)| split(path)).unwrap_or_default();
    for (key, path) in &config.roles {
        let role = roles::ROLES
            .iter()
            .map(|names| names.role)
            .find(|role| roles::key(*role) == *key)
            .ok_or_else(|| format!("unknown role `{key}` in [input]"))?;
        let mut keys = split(path);
        // A path through the list of candidates starts at a candidate.
        if !list.is_empty() && keys.len() > list.len() && keys.starts_with(&list) {
            keys.drain(..list.len());
        }
        let path = &keys.join(".");
        if let roles::Role::Claim(kind) = role {
            // Settings for a role apply to the field with that role, unless the field itself is named.
            let mut spec = ColumnSpec::of_kind(path, kind);
            if let Some(of_role) = config.columns.iter().find(|spec| *spec.column.name == **key) {
                spec.refine(of_role);
            }
            match extra.iter_mut().find(|known| *known.column.name == **path) {
                Some(known) => {
                    spec.refine(known);
                    *known = spec;
                }
                None => extra.push(spec),
            }
        }
        paths.push((role, keys));
    }
    // A claim inside an object is named by its path.
    for spec in &config.columns {
        let name = &spec.column.name;
        if name.contains('.') && !config.roles.iter().any(|(_, path)| *path == **name) {
            paths.push((roles::Role::Claim(spec.column.kind), split(name)));
        }
    }
    let mut mapping = Mapping::new(extra);
    mapping.paths = paths;
    mapping.sentinels.clone_from(&config.sentinels);
    Ok(mapping)
}
