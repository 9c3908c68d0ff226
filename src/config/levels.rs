//! How loud each rule is by the user's word.

use std::collections::BTreeMap;

use crate::config::Paths;
use crate::model::Severity;
use crate::rules::Catalogue;

/// Rule severities as configured by the user, and the rules selected on the command line. Both are applied to findings
/// in one place, at the end.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Severity per code; None is `off`.
    pub(super) rules: BTreeMap<String, Option<Severity>>,
    /// The same for some paths; a later entry takes precedence over an earlier one.
    pub(super) overrides: Vec<(Paths, BTreeMap<String, Option<Severity>>)>,
    /// Enabled rule codes; empty means all.
    pub(super) selected: Vec<String>,
    /// Disabled rule codes.
    pub(super) ignored: Vec<String>,
}

impl Levels {
    /// Enables only these codes (`--select`).
    #[must_use]
    pub fn select(mut self, codes: Vec<String>) -> Self {
        self.selected = codes;
        self
    }

    /// Disables these codes (`--ignore`).
    #[must_use]
    pub fn ignore(mut self, codes: Vec<String>) -> Self {
        self.ignored = codes;
        self
    }

    /// Whether the command line leaves a rule enabled.
    #[must_use]
    pub fn is_selected(&self, code: &str) -> bool {
        let named = |codes: &[String]| codes.iter().any(|known| known == code);
        (self.selected.is_empty() || named(&self.selected)) && !named(&self.ignored)
    }

    /// The severity of a rule's finding about one input; None when it is off.
    #[must_use]
    pub fn of(&self, code: &str, usual: Severity, path: &str) -> Option<Severity> {
        if !self.is_selected(code) {
            return None;
        }
        let mut of_path = self.overrides.iter().rev().filter(|(paths, _)| paths.matches(path));
        let level = of_path.find_map(|(_, rules)| rules.get(code)).or_else(|| self.rules.get(code));
        level.copied().unwrap_or(Some(usual))
    }

    /// The severity of a finding about several inputs: the highest of any, so that disabling a rule for some inputs
    /// does not hide findings in the others.
    #[must_use]
    pub fn of_all<'p>(
        &self,
        code: &str,
        usual: Severity,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Option<Severity> {
        let mut paths = paths.into_iter().peekable();
        if paths.peek().is_none() {
            return self.of(code, usual, "");
        }
        // The loudest severity is the smallest.
        paths.filter_map(|path| self.of(code, usual, path)).min()
    }
}

/// A code or prefix that no rule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown rule code `{code}`{} (run `retally rules` for a list)", hint(*.nearest))]
pub struct UnknownRule {
    /// What was given.
    pub code: String,
    /// The nearest code.
    pub nearest: Option<&'static str>,
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

impl UnknownRule {
    /// The error about a code.
    #[must_use]
    pub fn new(code: &str, catalogue: &Catalogue) -> Self {
        let upper = code.to_uppercase();
        let codes = catalogue.rules().iter().map(|rule| rule.page().code);
        let nearest = codes.min_by_key(|known| strsim::damerau_levenshtein(known, &upper));
        Self { code: code.to_owned(), nearest }
    }
}

/// The codes that a list such as `RT204,RT2` names: whole codes, or prefixes of at least one rule's code.
pub fn codes(names: &[String], catalogue: &Catalogue) -> Result<Vec<String>, UnknownRule> {
    let mut codes = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let upper = name.to_uppercase();
        let every = || catalogue.rules().iter().map(|rule| rule.page().code);
        let is_prefix = upper.len() >= 3 && upper.starts_with("RT");
        let before = codes.len();
        codes.extend(every().filter(|code| *code == upper || is_prefix && code.starts_with(&upper)).map(str::to_owned));
        if codes.len() == before {
            return Err(UnknownRule::new(name, catalogue));
        }
    }
    Ok(codes)
}
