//! Judges one pick by the reported scores, and by everything else that may explain it.

use std::collections::BTreeMap;

use crate::model::{At, CandidateSummary, ItemSummary};
use crate::numeric::Approx;
use crate::rules::{ItemView, RecordRef};
use crate::tally::{Evidence, Exemplar, Noted, NotedBy, NotedRow, PickBy, PickReasons, Reason};

/// The rule about picks that contradict the scores, which is concluded from all rows.
const CONTRADICTED: &str = "RT402";

/// Judges the pick of an item with several candidates.
pub(super) fn judge(
    view: &ItemView<'_>,
    pick: usize,
    (record_ref, at): (&RecordRef<'_>, At),
    tally: &mut PickReasons,
    mut noted: Option<&mut Noted>,
) {
    let item = view.item;
    if item.candidates.len() < 2 {
        return;
    }
    tally.items += 1;
    reasons(item, pick, tally);
    changes(item, pick, tally, noted.as_deref_mut());
    let Some(follows) = view.follows(pick) else { return };
    tally.judged += 1;
    if let Some(best) = view.best() {
        let to = if view.is_raw_best(pick) == Some(true) { pick } else { best };
        if let Some(noted) = noted.as_deref_mut() {
            noted.pick(item, pick, to, PickBy::Scores);
        }
        tally.argmax.add(&item.place, &item.id, pick, to, item.is_gold(pick).zip(item.is_gold(to)));
    }
    if follows || (view.is_greedy_path(pick) && view.better_total(pick).is_some()) {
        return;
    }
    tally.contradicted += 1;
    if let Some(noted) = noted.filter(|noted| noted.wanted.rules.contains(CONTRADICTED)) {
        let Evidence { found, expected, .. } = evidence(view, pick);
        noted.rows.push(NotedRow {
            place: record_ref.locate(at).place,
            task: String::new(),
            item: item.id.clone(),
            candidate: String::new(),
            by: NotedBy::Rule(CONTRADICTED.to_owned()),
            reported: found,
            recomputed: expected,
        });
    }
    if !tally.shown.would_keep(&record_ref.start()) {
        return;
    }
    tally.shown.offer(Exemplar {
        located: record_ref.locate(at),
        item: item.id.clone(),
        candidate: String::new(),
        evidence: evidence(view, pick),
    });
}

/// Records the picks of other scores for the same tokens: from the steps' vectors or alternatives, and by sum versus
/// mean.
fn changes(item: &ItemSummary, pick: usize, tally: &mut PickReasons, noted: Option<&mut Noted>) {
    let best = |merit: &dyn Fn(&CandidateSummary) -> Option<Approx>| -> Option<(usize, Vec<Approx>)> {
        let values: Vec<Approx> = item.candidates.iter().map(merit).collect::<Option<_>>()?;
        Some((first_best(&values), values))
    };
    let is_right = |at: usize| item.is_gold(at);
    if let Some((first, values)) = best(&|candidate| candidate.recomputed) {
        // A pick changes only if rounding cannot undo the change.
        let to = if values[pick].is_below(values[first]) { first } else { pick };
        if let Some(noted) = noted {
            noted.pick(item, pick, to, PickBy::Steps);
        }
        tally.recomputed.add(&item.place, &item.id, pick, to, is_right(pick).zip(is_right(to)));
    }
    let mean = |candidate: &CandidateSummary| {
        Some(candidate.total?.over(f64::from(candidate.tokens))).filter(|_| candidate.tokens > 0)
    };
    if let (Some((by_sum, sums)), Some((by_mean, means))) = (best(&|candidate| candidate.total), best(&mean)) {
        let is_decided = sums[by_mean].is_below(sums[by_sum]) && means[by_sum].is_below(means[by_mean]);
        let to = if is_decided { by_mean } else { by_sum };
        tally.sum_or_mean.add(&item.place, &item.id, by_sum, to, is_right(by_sum).zip(is_right(to)));
    }
}

/// Position of the largest value; of equal values, the first.
pub(super) fn first_best(values: &[Approx]) -> usize {
    (0..values.len()).fold(0, |best, at| if values[at].value > values[best].value { at } else { best })
}

/// The picked candidate, and the best one by score.
fn evidence(view: &ItemView<'_>, pick: usize) -> Evidence {
    let best = view.best();
    let score = |position| view.score(position).map_or_else(|| "none".to_owned(), |score: f64| score.to_string());
    let better = best.map_or_else(String::new, |best| format!("; {} has {}", view.name(best), score(best)));
    let found = view.score(pick).unwrap_or(f64::NAN);
    let expected = best.and_then(|best| view.score(best)).unwrap_or(f64::NAN);
    Evidence::equals(expected).found(found).detail(format!(
        "picked {} with score {}{better}",
        view.name(pick),
        score(pick)
    ))
}

/// Checks whether the pick follows from a field without a role, from the wrong end of the scores, or from a vote.
fn reasons(item: &ItemSummary, pick: usize, tally: &mut PickReasons) {
    let Some(own) = item.candidates.get(pick) else { return };
    for (field, _) in &own.side_values {
        let values = || item.candidates.iter().map(|candidate| candidate.side_value(field));
        by_extreme(
            item,
            pick,
            values,
            tally,
            [Some(Reason::Highest(field.clone())), Some(Reason::Lowest(field.clone()))],
        );
    }
    for claim in &own.claims {
        let merit = |candidate: &CandidateSummary| Some(candidate.claim(&claim.column)?.merit()?.value);
        let values = || item.candidates.iter().map(merit);
        let name = || claim.column.name.to_string();
        let reasons = if claim.promises {
            [None, Some(Reason::Worst(name()))]
        } else {
            [Some(Reason::Highest(name())), Some(Reason::Lowest(name()))]
        };
        by_extreme(item, pick, values, tally, reasons);
    }
    if let Some((is_majority, chance)) = majority(&item.candidates, pick) {
        tally.observe(Reason::Majority, is_majority, chance, false);
    }
}

/// Checks whether the pick has the highest or lowest of values that all candidates have.
fn by_extreme<I: Iterator<Item = Option<f64>>>(
    item: &ItemSummary,
    pick: usize,
    values: impl Fn() -> I,
    tally: &mut PickReasons,
    reasons: [Option<Reason>; 2],
) {
    if !values().all(|value| value.is_some_and(f64::is_finite)) {
        return;
    }
    let values: Vec<f64> = values().flatten().collect();
    let measured = values.iter().any(|value| value.fract() != 0.0);
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    for (extreme, reason) in [high, low].into_iter().zip(reasons) {
        let Some(reason) = reason else { continue };
        let is_extreme = |at: usize| values.get(at).is_some_and(|value| value.total_cmp(&extreme).is_eq());
        let gives = (0..values.len()).any(|at| item.is_same_answer(pick, at) && is_extreme(at));
        let such = (0..values.len()).filter(|at| is_extreme(*at)).count();
        tally.observe(reason, gives, such as f64 / values.len() as f64, measured);
    }
}

/// Whether the picked answer has the most votes, and the probability of that by chance. None if some candidate has no
/// answer, or all have the same one.
fn majority(candidates: &[CandidateSummary], pick: usize) -> Option<(bool, f64)> {
    let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
    for candidate in candidates {
        *votes.entry(candidate.answer?).or_default() += 1;
    }
    let most = *votes.values().max()?;
    let own = *votes.get(&candidates.get(pick)?.answer?)?;
    let first = votes.values().filter(|count| **count == most).count();
    Some((own == most, first as f64 / votes.len() as f64))
}
