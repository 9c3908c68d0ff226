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
