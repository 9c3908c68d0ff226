//! The roles of the fields of native JSON records.

use crate::format::MappedRole;
use crate::format::json::Value;
use crate::format::mapped::MappedField;
use crate::format::native::record::Mapping;
use crate::format::native::roles::Role;
use crate::format::native::{by_value, infer, record};

/// Which fields play which roles in the first records.
pub(super) struct Settled {
    /// The mapping, with the columns of numbers that are claims by their values.
    pub(super) mapping: Mapping,
    /// The fields with their roles.
    pub(super) found: Vec<MappedField>,
}

/// Settles the roles of the fields of records: by the user's paths, by names, then by values. Two fields that may be one role
/// alike are an error, which asks for the one that is meant.
pub(super) fn settle(values: &[Value<'_>], mut mapping: Mapping) -> Result<Settled, String> {
    let mut found = Vec::new();
    let mut ambiguous = Vec::new();
    let by_value = infer::paths(values, &mapping).unwrap_or_default();
    let is_free = |(role, _): &infer::Path| !mapping.paths.iter().any(|(mapped, _)| mapped == role);
    mapping.paths.extend(by_value.into_iter().filter(is_free).collect::<Vec<_>>());
    for value in values.iter().copied() {
        for field in record::mapping_of(value, &mapping) {
            if !found.contains(&field) {
                found.push(field);
            }
        }
        ambiguous.extend(record::ambiguities(value));
    }
    ambiguous.retain(|(role, ..)| !mapping.paths.iter().any(|(mapped, _)| mapped == role));
    if let Some((role, one, other)) = ambiguous.first() {
        let key = super::roles::key(*role);
        return Err(format!(
            "`{one}` and `{other}` could both be the {key}; say which in retally.toml: [input] {key} = \"{one}\""
        ));
    }
    let reads = |role| found.iter().any(|known| known.role == MappedRole::Role(role));
    if reads(Role::Surprisals) && !reads(Role::Logprobs) {
        mapping.in_nats_or_bits();
    }
    let by_value = by_value::columns(values, &mapping);
    if !by_value.is_empty() {
        found.extend(by_value.iter().map(|spec| {
            MappedField::new(MappedRole::Claim(spec.accepted.first().copied()), spec.column.name.to_string())
        }));
        mapping.columns = mapping.columns.iter().cloned().chain(by_value).collect();
    }
    Ok(Settled { mapping, found })
}
