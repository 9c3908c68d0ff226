//! Claims that could not be checked, and the field to log.

use std::collections::BTreeMap;

use crate::config::Levels;
use crate::report::Coverage;
use crate::rules::{Catalogue, Fields};
use crate::tally::{ColumnTally, Gap, ItemTally};

/// Gaps collected over all runs.
#[derive(Default)]
pub(super) struct Gaps {
    claims: BTreeMap<(String, &'static str, &'static str), u64>,
    seen: Fields,
    looked: bool,
}

impl Gaps {
    /// Claims of a column that could not be judged.
    pub(super) fn column(&mut self, name: &str, column: &ColumnTally) {
        for (gap, count) in &column.gaps {
            let (reason, log) = match gap {
                Gap::NoSteps => ("no token-level values are logged", "logprobs (one per token)"),
                Gap::UnknownSteps => ("some scored tokens have no log-prob", "a log-prob for every scored token"),
                Gap::NoClaim => ("the claim has no value", name_of_claim()),
                Gap::NoOperand => ("its formula needs the text or its length", "continuation (the scored text)"),
            };
            *self.claims.entry((name.to_owned(), reason, log)).or_default() += count;
        }
    }

    /// Picks and flags that could not be judged.
    pub(super) fn picks(&mut self, items: &ItemTally) {
        let mut add = |what: &str, count: u64, reason: &'static str, log: &'static str| {
            if count > 0 {
                *self.claims.entry((what.to_owned(), reason, log)).or_default() += count;
            }
        };
        add("pick", items.picks.unprovable, "scores or the picked candidate are missing", "score of every candidate");
        add("correct", items.correct.unprovable, "the pick or the gold answer is missing", "pick and gold");
        add("greedy", items.greedy.unprovable, "no alternatives are logged", "top_logprobs (with token ids)");
    }

    /// Claims of any kind that lack something.
    pub(super) fn missing(&mut self, what: &str, reason: &'static str, log: &'static str, count: u64) {
        *self.claims.entry((what.to_owned(), reason, log)).or_default() += count;
    }

    /// Fields that a stream has, for the rules that could not look.
    pub(super) fn rules(&mut self, fields: Fields) {
        self.seen = self.seen.with(fields);
        self.looked = true;
    }

    /// Fields that no row has although an enabled rule needs them, in the order of [`Fields::NAMES`].
    pub(super) fn skipped_fields(&self, catalogue: &Catalogue, levels: &Levels) -> Vec<String> {
        if !self.looked {
            return Vec::new();
        }
        let mut needed = Fields(0);
        for rule in catalogue.rules() {
            let page = rule.page();
            // Only rollouts have log-probs of two sides: other logs do not lack them.
            let skipped = !self.seen.has(page.fields()) && !page.needs.contains(&"engine_logprobs");
            if skipped && levels.of(page.code, page.severity, "").is_some() {
                needed = needed.with(page.fields());
            }
        }
        needed.names().filter(|name| !self.seen.has(Fields::named(name))).map(str::to_owned).collect()
    }

    /// All gaps, in a fixed order.
    pub(super) fn into_coverage(self) -> Vec<Coverage> {
        self.claims
            .into_iter()
            .map(|((what, reason, log), count)| Coverage {
                what,
                reason: reason.to_owned(),
                log: log.to_owned(),
                count,
            })
            .collect()
    }
}

fn name_of_claim() -> &'static str {
    "the number instead of null"
}
