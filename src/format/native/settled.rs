//! The roles of the fields of native JSON records.

use crate::format::MappedRole;
use crate::format::json::{Kind, Value};
use crate::format::mapped::MappedField;
use crate::format::native::mapping::Mapping;
use crate::format::native::paths::{reach, split};
use crate::format::native::roles::Role;
use crate::format::native::{by_value, infer, look, pair_fields};

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
    if mapping.paths.is_empty() {
        mapping.pairs = pair_fields::find(values, &mapping);
    }
    if let Some(pairs) = mapping.pairs.clone() {
        if let Some(key) = infer::item_id(values, &mapping) {
            mapping.paths.push((Role::Item, vec![key.to_owned()]));
        }
        pair_fields::settle(&pairs, values, &mut mapping);
    }
    let is_free = |known: &infer::Known| !mapping.paths.iter().any(|(mapped, _)| *mapped == known.path.0);
    let known = if mapping.pairs.is_some() { Vec::new() } else { infer::find(values, &mapping).known };
    let by_value: Vec<infer::Known> = known.into_iter().filter(is_free).collect();
    mapping.paths.extend(by_value.iter().map(|known| known.path.clone()));
    let mut before = None;
    for value in values.iter().copied() {
        // Most records have the fields of the one before.
        let is_new = !before.replace(value).is_some_and(|before| is_shaped_alike(before, value));
        let fields = if is_new { look::mapping_of(value, &mapping) } else { Vec::new() };
        for mut field in fields {
            let of_field = |known: &&infer::Known| {
                field.role == MappedRole::Role(known.path.0) && field.field.path == known.path.1.join(".")
            };
            field.evidence = by_value.iter().find(of_field).map(|known| known.evidence.clone()).unwrap_or_default();
            if !found.contains(&field) {
                found.push(field);
            }
        }
        ambiguous.extend(look::ambiguities(value));
    }
    // A field has the role that its values say, and not the one that its name would say besides.
    let has_other = |field: &MappedField, found: &[MappedField]| {
        field.evidence.is_empty()
            && found.iter().any(|own| !own.evidence.is_empty() && own.field == field.field && own.role != field.role)
    };
    let named: Vec<MappedField> = found.iter().filter(|field| !has_other(field, &found)).cloned().collect();
    let mut found = named;
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
    let claims = by_value::columns(values, &mapping);
    if !claims.is_empty() {
        found.extend(claims.iter().map(|known| {
            let role = MappedRole::Claim(known.spec.accepted.first().copied());
            let mut field = MappedField::new(role, known.spec.column.name.to_string());
            field.field.is_nested = !is_of_records(values, &known.spec.column.name);
            field.evidence.clone_from(&known.evidence);
            field
        }));
        for known in &claims {
            let name = &known.spec.column.name;
            // The name of a field of the record itself may have dots.
            if name.contains('.') && !values.iter().any(|value| value.get(name).is_some()) {
                mapping.paths.push((Role::Claim(known.spec.column.kind), split(name)));
            }
        }
        mapping.columns = mapping.columns.iter().cloned().chain(claims.into_iter().map(|known| known.spec)).collect();
    }
    Ok(Settled { mapping, found })
}

/// Whether two records have the same fields in the same order, with values of the same kinds and nothing in them that has fields.
fn is_shaped_alike(one: Value<'_>, other: Value<'_>) -> bool {
    let first = |value: Value<'_>| value.elements().next().map(|first| first.kind());
    one.kind() == Kind::Object
        && other.kind() == Kind::Object
        && one.len() == other.len()
        && one.members().zip(other.members()).all(|((key, one), (other_key, other))| {
            key.raw() == other_key.raw()
                && one.kind() == other.kind()
                && match one.kind() {
                    Kind::Object => false,
                    Kind::Array => one.is_flat() && other.is_flat() && first(one) == first(other),
                    _ => true,
                }
        })
}

/// Whether a field is one of the records, and not of the candidates in them.
fn is_of_records(values: &[Value<'_>], name: &str) -> bool {
    values.iter().any(|value| value.get(name).is_some() || reach(*value, &split(name)).is_some())
}
