//! The settings in effect, each with where it comes from.

use crate::config::Config;
use crate::config::written::{Table, parse};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, such as `gate.fail-on`.
    pub name: String,
    /// Its value as the configuration would have it.
    pub value: String,
    /// The line of the configuration that sets it; None for the default.
    pub line: Option<usize>,
}

/// Settings that apply without being named.
const DEFAULTS: [(&str, &str); 8] = [
    ("gate.allow-unproven", "false"),
    ("gate.fail-on", "\"error\""),
    ("gate.min-coverage", "none"),
    ("input.format", "detected per file"),
    ("limits.max-record", "\"256MiB\""),
    ("report.anchor", "none"),
    ("tolerance.absolute", "0"),
    ("tolerance.digits", "\"rounded\""),
];

impl Config {
    /// The settings in effect, by name: those of the file, and the defaults of what it does not set.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = self.written_settings();
        let defaults = DEFAULTS.iter().filter(|(name, _)| settings.iter().all(|own| own.name != *name));
        let defaults: Vec<Setting> = defaults
            .map(|(name, value)| Setting { name: (*name).to_owned(), value: (*value).to_owned(), line: None })
            .collect();
        settings.extend(defaults);
        settings.sort_by(|a, b| a.name.cmp(&b.name));
        settings
    }

    fn written_settings(&self) -> Vec<Setting> {
        // The text was parsed when the configuration was read.
        let Ok(written) = parse(self.text()) else { return Vec::new() };
        let mut settings = Vec::new();
        let mut add = |name: String, value: String, line: usize| {
            settings.push(Setting { name, value, line: Some(line) });
        };
        let mut table = |section: &str, table: &Table| {
            for (key, value) in table {
                let name = format!("{section}.{}", key.get_ref());
                add(name, value.get_ref().to_string(), self.line(key.span().start));
            }
        };
        table("conventions", &written.conventions);
        table("input", &written.input);
        table("rules", &written.rules);
        table("gate.min-proven", &written.gate.min_proven);
        for (at, part) in written.overrides.iter().enumerate() {
            let paths: Vec<&str> = part.paths.iter().map(|path| path.get_ref().as_str()).collect();
            let section = |name: &str| format!("overrides[{at}] ({}) {name}", paths.join(", "));
            table(&section("conventions"), &part.conventions);
            table(&section("input"), &part.input);
            table(&section("rules"), &part.rules);
        }
        let tolerance = &written.tolerance;
        if let Some(absolute) = &tolerance.absolute {
            add("tolerance.absolute".to_owned(), absolute.get_ref().to_string(), self.line(absolute.span().start));
        }
        if let Some(digits) = &tolerance.digits {
            add("tolerance.digits".to_owned(), format!("{:?}", digits.get_ref()), self.line(digits.span().start));
        }
        for (claim, value) in &tolerance.claims {
            let name = format!("tolerance.claims.{}", claim.get_ref());
            add(name, value.get_ref().to_string(), self.line(claim.span().start));
        }
        if let Some(level) = &written.gate.fail_on {
            add("gate.fail-on".to_owned(), format!("{:?}", level.get_ref()), self.line(level.span().start));
        }
        if let Some(share) = &written.gate.min_coverage {
            add("gate.min-coverage".to_owned(), share.get_ref().to_string(), self.line(share.span().start));
        }
        if let Some(size) = &written.limits.max_record {
            add("limits.max-record".to_owned(), format!("{:?}", size.get_ref()), self.line(size.span().start));
        }
        if let Some(anchor) = &written.report.anchor {
            add("report.anchor".to_owned(), format!("{:?}", anchor.get_ref()), self.line(anchor.span().start));
        }
        if let Some(allow) = &written.gate.allow_unproven {
            add("gate.allow-unproven".to_owned(), allow.get_ref().to_string(), self.line(allow.span().start));
        }
        for (at, exception) in written.exceptions.iter().enumerate() {
            let own = exception.get_ref();
            let code = own.code.as_ref().map_or("", |code| code.get_ref().as_str());
            let reason = own.reason.as_ref().map_or("", |reason| reason.get_ref().as_str());
            add(format!("exceptions[{at}]"), format!("{code}: {reason:?}"), self.line(exception.span().start));
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_setting_says_where_it_comes_from() {
        let text =
            "[conventions]\nscore = \"sum(logprob)/n\"\n\n[gate]\nfail-on = \"warning\"\nallow-unproven = true\n";
        let config = Config::parse("retally.toml", text, Path::new(".")).unwrap();
        let settings = config.settings();
        let found = |name: &str| {
            let own = settings.iter().find(|own| own.name == name).unwrap();
            (own.value.as_str(), own.line)
        };
        assert_eq!(found("conventions.score"), ("\"sum(logprob)/n\"", Some(2)));
        assert_eq!(found("gate.fail-on"), ("\"warning\"", Some(5)));
        assert_eq!(found("gate.allow-unproven"), ("true", Some(6)));
        assert_eq!(found("limits.max-record"), ("\"256MiB\"", None));
        assert_eq!(Config::default().settings().len(), DEFAULTS.len());
    }
}
