//! Removes observations that follow from another cause: one cause gives one finding.

use std::collections::BTreeMap;

use crate::conclude::picks::Picks;
use crate::model::VerdictCounts;
use crate::rules::Catalogue;
use crate::tally::{ItemTally, Observed};

/// Removes consequences from the observations of a stream. Returns the number of RT401 picks that are greedy paths by
/// chance.
pub(super) fn leave_out(
    observed: &mut BTreeMap<String, Observed>,
    items: &ItemTally,
    correctness: &VerdictCounts,
    picks: &Picks<'_>,
    zero_counts: bool,
    catalogue: &Catalogue,
) -> u64 {
    // Picks that follow from something other than the scores are greedy paths by chance.
    let greedy = observed.get("RT401").map_or(0, |seen| seen.failed);
    let by_chance = picks.follow_otherwise() || items.reasons.contradicted >= greedy.max(1);
    if by_chance {
        observed.remove("RT401");
    }
    // The zero matters only if a proven number counts it.
    if !zero_counts {
        observed.remove("RT312");
    }
    // Correctness that asks another question than the pick, compares other fields, or is that of the recomputed pick, is held to
    // nothing else.
    let contradicted = items.correct.refuted;
    let is_all = |seen: &Observed| seen.failed == contradicted;
    if contradicted > 0 && correctness.refuted == 0 && observed.get("RT611").is_some_and(is_all) {
        observed.remove("RT611");
    }
    let fires = |code: &str, observed: &BTreeMap<String, Observed>| {
        let seen = observed.get(code)?;
        catalogue.by_code(code).filter(|rule| (rule.fires)(seen)).map(|_| seen.failed)
    };
    // Values contradict lists that are copied from the previous step.
    let contradicted = observed.get("RT113").map(|seen| seen.failed);
    if fires("RT705", observed).is_some_and(|copied| Some(copied) == contradicted) {
        observed.remove("RT113");
    }
    // Filling with 0.0 makes the engine's values higher.
    if fires("RT706", observed).is_some() {
        observed.remove("RT117");
    }
    if by_chance { greedy } else { 0 }
}
