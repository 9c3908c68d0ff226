//! All rules, and how to find one.

use std::sync::LazyLock;

use crate::rules::{Rule, aggregate, log, normalised, precision, selection, sequence, span, step};

static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
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
    let mut rules: Vec<&'static Rule> = families.concat();
    rules.sort_by_key(|rule| rule.page().code);
    rules
});

/// All rules, by code.
#[must_use]
pub fn all() -> &'static [&'static Rule] {
    &ALL
}

/// The rule with a code, upper or lower case.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.page().code.eq_ignore_ascii_case(code))
}

/// The place of a rule in the list.
#[must_use]
pub fn index_of(code: &str) -> Option<usize> {
    ALL.iter().position(|rule| rule.page().code == code)
}

/// Digest of all pages, in the order of their codes: two programs with one digest have the same rules.
#[must_use]
pub fn digest() -> String {
    let mut hasher = blake3::Hasher::new();
    for rule in all() {
        hasher.update(&(rule.source.len() as u64).to_le_bytes());
        hasher.update(rule.source.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}
