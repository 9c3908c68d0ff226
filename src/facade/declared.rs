//! Whether the logs have what the configuration says of them: a field that is misspelled there would otherwise be passed
//! over, and the log read without it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, ConfigError, InputConfig, nearest};
use crate::engine::{RecognisedInput, fields, mentions};

/// Fields that are listed where none is near.
const LISTED: usize = 12;

/// The entries of `[input]` and `[conventions]` that apply to an input, and whether any input has their field.
#[derive(Default)]
pub(super) struct Declared {
    /// By role and path.
    roles: BTreeMap<(String, String), bool>,
    /// By the name of the claim.
    claims: BTreeMap<String, bool>,
    /// The fields of the inputs that lack one.
    known: BTreeSet<String>,
}

impl Declared {
    /// Notes which entries apply to an input whose fields can be named, and which of them it has.
    pub(super) fn see(&mut self, input: &RecognisedInput, settings: &InputConfig, config: &Config) {
        if !input.is_mappable {
            return;
        }
        let is_declared = |name: &str| config.conventions.iter().any(|entry| entry.key == name);
        let roles = settings.roles.iter().map(|(role, path)| ((role.clone(), path.clone()), path.as_str()));
        let open_roles: Vec<_> = roles.filter(|(key, _)| self.roles.get(key) != Some(&true)).collect();
        let claims = settings.columns.iter().map(|spec| &*spec.column.name);
        let open_claims: Vec<&str> =
            claims.filter(|name| is_declared(name) && self.claims.get(*name) != Some(&true)).collect();
        if open_roles.is_empty() && open_claims.is_empty() {
            return;
        }
        let (own, all) = fields(input);
        let has = |path: &str| {
            // The entries of a list are marked or not.
            let plain = path.replace(".[]", "").replace("[]", "");
            own.contains(path) || own.contains(&plain) || !all && mentions(input, &plain)
        };
        for (key, path) in open_roles {
            *self.roles.entry(key).or_default() |= has(path);
        }
        for name in open_claims {
            // A convention may name a role instead of a field; the field that the role is mapped to does not matter.
            let of_role = settings.roles.iter().any(|(role, _)| role == name);
            *self.claims.entry(name.to_owned()).or_default() |= of_role || has(name);
        }
        self.known.extend(own);
    }

    /// The first entry of a configuration whose field no input has.
    pub(super) fn missing(&self, config: &Config) -> Option<ConfigError> {
        let role =
            config.roles.iter().find(|entry| self.roles.get(&(entry.key.clone(), entry.value.clone())) == Some(&false));
        if let Some(entry) = role {
            let reason = format!(
                "[input] {} = \"{}\": no record has this field{}",
                entry.key,
                entry.value,
                self.hint(&entry.value)
            );
            return Some(config.error_at(entry, reason));
        }
        let claim = config.conventions.iter().find(|entry| self.claims.get(&entry.key) == Some(&false))?;
        let reason = format!("[conventions] {}: no log has this claim{}", claim.key, self.hint(&claim.key));
        Some(config.error_at(claim, reason))
    }

    /// The nearest field that exists, otherwise some of those that do.
    fn hint(&self, path: &str) -> String {
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let same_name = || self.known.iter().map(String::as_str).find(|known| last(known) == last(path));
        if let Some(near) = nearest(path, self.known.iter().map(String::as_str)).or_else(same_name) {
            return format!("; did you mean `{near}`?");
        }
        let some: Vec<&str> = self.known.iter().take(LISTED).map(String::as_str).collect();
        if some.is_empty() { String::new() } else { format!("; fields of the logs: {}", some.join(", ")) }
    }
}
