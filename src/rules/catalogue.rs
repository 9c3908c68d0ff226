//! The rules that an audit asks, and how to find one.

use std::sync::Arc;

use crate::rules::{Rule, aggregate, log, normalised, precision, selection, sequence, span, step};

/// The rules that an audit asks, by code. By default all rules of this version.
#[derive(Clone)]
pub struct Catalogue {
    rules: Arc<[&'static Rule]>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let families: [&[&'static Rule]; 8] = [
            step::RULES,
            sequence::RULES,
            span::RULES,
            selection::RULES,
            normalised::RULES,
            aggregate::RULES,
            log::RULES,
            precision::RULES,
        ];
        Self::new(families.concat())
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| rule.page().code)).finish()
    }
}

impl Catalogue {
    /// A catalogue of some rules.
    #[must_use]
    pub fn new(mut rules: Vec<&'static Rule>) -> Self {
        rules.sort_by_key(|rule| rule.page().code);
        Self { rules: rules.into() }
    }

    /// The rules, by code.
    #[must_use]
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// The rule with a code, upper or lower case.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&'static Rule> {
        self.rules.iter().copied().find(|rule| rule.page().code.eq_ignore_ascii_case(code))
    }

    /// Digest of all pages, in the order of their codes: two programs with one digest have the same rules.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for rule in self.rules() {
            hasher.update(&(rule.source.len() as u64).to_le_bytes());
            hasher.update(rule.source.as_bytes());
        }
        hasher.finalize().to_hex().chars().take(32).collect()
    }
}
