//! Distinguishes rows with the same name, by a hash of their logged content.

use std::hash::{Hash, Hasher};

use crate::model::{Candidate, Item, Logged, PickRef, RowValue, StableHasher, Text};
use crate::numeric::Printed;

/// The stored part of a content hash. Two different rows with one name collide once in 2^32 pairs.
pub(super) fn short(content: u64) -> u32 {
    (content >> 32) as u32
}

/// The content of a candidate: the hash of its context, its text, its token values, its claims, and the item fields of
/// its record.
pub(super) fn of_candidate(item: &Item<'_>, candidate: &Candidate<'_>, prompt: Option<u64>) -> u64 {
    let mut hasher = StableHasher::default();
    item.distinct.hash(&mut hasher);
    prompt.hash(&mut hasher);
    text(candidate.continuation.as_ref(), &mut hasher);
    for step in &candidate.steps {
        let values = [&step.logprob, &step.prob, &step.logit, &step.rollout_logprob];
        match values.into_iter().find(|value| value.is_present()) {
            Some(value) => logged(value, &mut hasher),
            None => text(step.token.as_ref(), &mut hasher),
        }
    }
    unordered(&candidate.claims, &mut hasher, |claim, hasher| {
        claim.of.hash(hasher);
        logged(&claim.value, hasher);
    });
    logged(&candidate.unconditional, &mut hasher);
    for flag in [candidate.greedy, candidate.picked, candidate.gold] {
        flag.map(|(flag, _)| flag).hash(&mut hasher);
    }
    hasher.finish()
}

/// The content of an item whose candidates are in one record.
pub(super) fn of_item(item: &Item<'_>, candidates: &[u64]) -> u64 {
    let mut hasher = StableHasher::default();
    candidates.hash(&mut hasher);
    // With candidates, it is part of their content.
    if candidates.is_empty() {
        item.distinct.hash(&mut hasher);
    }
    for reference in [&item.pick, &item.gold] {
        match reference {
            PickRef::Missing => {}
            PickRef::Index(index, _) => index.hash(&mut hasher),
            PickRef::Id(id, _) => text(Some(id), &mut hasher),
        }
    }
    item.correct.map(|(correct, _)| correct).hash(&mut hasher);
    unordered(&item.metrics, &mut hasher, |metric, hasher| {
        metric.of.name.hash(hasher);
        match &metric.value {
            RowValue::Number(number) => printed(number, hasher),
            RowValue::Flag(flag) => flag.hash(hasher),
            RowValue::Pair(total, count) => {
                printed(total, hasher);
                printed(count, hasher);
            }
            RowValue::Distribution(gold, shares) => {
                gold.hash(hasher);
                for share in shares {
                    printed(share, hasher);
                }
            }
            RowValue::Opaque => {}
        }
    });
    hasher.finish()
}

/// Hashes the fields of a record, independent of their order.
fn unordered<T>(fields: &[T], hasher: &mut StableHasher, each: impl Fn(&T, &mut StableHasher)) {
    let one = |field: &T| {
        let mut own = StableHasher::default();
        each(field, &mut own);
        own.finish()
    };
    fields.iter().map(one).fold(0, u64::wrapping_add).hash(hasher);
}

fn text(text: Option<&Text<'_>>, hasher: &mut StableHasher) {
    text.map(Text::decoded).hash(hasher);
}

fn printed(number: &Printed, hasher: &mut StableHasher) {
    number.value.to_bits().hash(hasher);
}

fn logged(value: &Logged, hasher: &mut StableHasher) {
    value.value().map(f64::to_bits).hash(hasher);
}
