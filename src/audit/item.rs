//! Judges one item: its pick by its scores, its correctness by its pick, and the effect of corrected scores.

use std::sync::Arc;

use crate::audit::FilePlan;
use crate::audit::asked::RuleTallies;
use crate::audit::comparison::Change;
use crate::audit::dispatch::Dispatch;
use crate::audit::pick;
use crate::metric::{self, JudgedRow};
use crate::model::{At, Choice, ClaimKind, ColumnKey, ItemSummary, RowClaim, Verdict};
use crate::numeric::Approx;
use crate::rules::{Catalogue, Fields, ItemView, RecordRef};
use crate::tally::{
    Evidence, Exemplar, Flip, Noted, NotedBy, NotedRow, PickBy, ScatteredItems, StreamTally, Wanted, stored_position,
};

/// Position of a complete item, and the fields of its record outside the candidates.
pub(super) struct Whole<'w> {
    pub(super) metrics: &'w [RowClaim<'w>],
    pub(super) at: At,
    /// Whether its record states a failure.
    pub(super) has_failed: bool,
    pub(super) record_ref: &'w RecordRef<'w>,
}

/// Judges an item that is complete.
pub(super) fn judge(
    item: &ItemSummary,
    whole: &Whole<'_>,
    rules: &Dispatch,
    stream: &mut StreamTally,
    rule_tallies: &mut RuleTallies<'_>,
) -> Option<Change> {
    let Whole { metrics, at, has_failed, record_ref } = *whole;
    let primary = primary(item);
    let rows: Vec<JudgedRow<'_>> = metrics.iter().map(|metric| metric::row::judge(item, metric)).collect();
    let view = ItemView { item, primary, metrics: &rows };
    let fields = Fields(item.fields);
    for (index, check, needs) in &rules.items {
        if fields.has(*needs)
            && let Some(mut observer) = rule_tallies.observer(*index, record_ref, (&item.id, ""), at)
        {
            check(&view, &mut observer);
        }
    }

    let tally = &mut stream.items;
    tally.items += 1;
    let pick = item.picked();
    let mut source = None;
    if item.has_pick() {
        let verdict = pick_verdict(&view);
        tally.picks.add(verdict);
        source = pick.filter(|_| verdict == Verdict::Proven).and_then(|pick| view.refuted_source(pick));
    }
    if let Some(column) = source {
        tally.from_refuted.entry(column.clone()).or_default().picks += 1;
    }
    if let Some(position) = pick {
        pick::judge(&view, position, (record_ref, at), &mut tally.reasons, rule_tallies.noted.as_mut());
        *tally.pick_positions.entry(stored_position(position)).or_default() += 1;
    }
    if let Some(position) = item.gold_position() {
        *tally.gold_positions.entry(stored_position(position)).or_default() += 1;
    }
    for candidate in &item.candidates {
        if let Some(greedy) = candidate.greedy {
            tally.greedy.add(match candidate.all_top1 {
                Some(all_top1) if all_top1 == greedy => Verdict::Proven,
                Some(_) => Verdict::Refuted,
                None => Verdict::Unprovable,
            });
        }
        tally.tokens.add_candidate(candidate);
    }
    let is_label = item.is_same_label().is_some();
    let right = item.is_right(pick);
    if let Some(right) = right {
        tally.scored += 1;
        tally.right += u64::from(right);
        let is_number = is_label && matches!(item.pick, Choice::Index(_));
        tally.same_label.numbers += u64::from(is_number && item.correct.is_none());
    }
    if let Some(correct) = item.correct {
        tally.reported += 1;
        tally.reported_right += u64::from(correct);
        let verdict = match right {
            Some(right) if right == correct => Verdict::Proven,
            Some(_) => Verdict::Refuted,
            None => Verdict::Unprovable,
        };
        tally.correct.add(verdict);
        if is_label {
            tally.same_label.agreed += u64::from(verdict == Verdict::Proven);
            tally.same_label.contradicted += u64::from(verdict == Verdict::Refuted);
        } else if right.is_some() {
            let any = (0..item.candidates.len()).any(|position| item.is_gold(position) == Some(true));
            tally.any_right.contradicted += u64::from(verdict == Verdict::Refuted);
            tally.any_right.agreed += u64::from(any == correct);
            tally.any_right.none += u64::from(!any);
        }
        if let Some(column) = source.filter(|_| verdict == Verdict::Proven) {
            tally.from_refuted.entry(column.clone()).or_default().correct += 1;
        }
    }
    tally.unmeasured += u64::from(rows.is_empty());
    for row in &rows {
        let own = tally.metrics.entry(row.metric.of.name.clone().into_owned()).or_default();
        own.observe(item, row, has_failed, || record_ref.locate(row.metric.at));
        if let Some(noted) = rule_tallies.noted.as_mut().filter(|_| row.row.judged.verdict == Verdict::Refuted) {
            note_metric(item, row, record_ref, noted);
        }
    }
    mixed(item, record_ref, at, stream);
    impact(item, pick, primary, stream, rule_tallies.noted.as_mut())
}

/// Notes a refuted value of a metric.
fn note_metric(item: &ItemSummary, row: &JudgedRow<'_>, record_ref: &RecordRef<'_>, noted: &mut Noted) {
    let name = &row.metric.of.name;
    if noted.wanted.metrics.contains(&**name) {
        noted.rows.push(NotedRow {
            place: record_ref.locate(row.metric.at).place,
            task: String::new(),
            item: item.id.clone(),
            candidate: String::new(),
            by: NotedBy::Metric(name.clone().into_owned()),
            reported: row.row.judged.reported,
            recomputed: row.row.judged.expected,
        });
    }
}

/// Judges an item whose records are no longer in memory.
pub(super) fn judge_kept(
    mut item: ItemSummary,
    plan: &FilePlan,
    rules: &Dispatch,
    stream: &mut StreamTally,
    rule_tallies: &mut RuleTallies<'_>,
) {
    item.settle();
    let picked = item.candidates.iter().find(|candidate| candidate.picked == Some(true));
    let place = picked.or(item.candidates.first()).map_or(item.place.clone(), |candidate| candidate.place.clone());
    let whole = Whole { metrics: &[], at: At::default(), has_failed: false, record_ref: &RecordRef::Kept(&place) };
    let change = judge(&item, &whole, rules, stream, rule_tallies);
    if let Some(change) = change {
        crate::audit::comparison::keep(None, &item, &change, &plan.steps, &mut stream.items.comparisons);
    }
}

/// Judges the items whose candidates are spread over several records, once all records are read.
pub fn close(stream: &mut StreamTally, plan: &FilePlan, catalogue: &Catalogue) {
    if stream.open.is_empty() {
        return;
    }
    let rules = Dispatch::new(catalogue);
    let mut rule_tallies = RuleTallies::new(catalogue);
    for item in std::mem::take(&mut stream.open).into_items() {
        judge_kept(item, plan, &rules, stream, &mut rule_tallies);
    }
    rule_tallies.flush(stream);
}

/// Judges such items again and shows what each of them notes.
pub fn note_open(
    open: ScatteredItems,
    plan: &FilePlan,
    catalogue: &Catalogue,
    wanted: &Arc<Wanted>,
    each: &mut dyn FnMut(&mut Noted),
) {
    let rules = Dispatch::new(catalogue);
    let mut rule_tallies = RuleTallies::new(catalogue);
    rule_tallies.noted = Some(Noted::new(Arc::clone(wanted)));
    let mut stream = StreamTally::default();
    for item in open.into_items() {
        judge_kept(item, plan, &rules, &mut stream, &mut rule_tallies);
        if let Some(noted) = &mut rule_tallies.noted {
            each(noted);
        }
    }
}

/// The column that picks follow from: the first score of any candidate, otherwise the first claim.
fn primary(item: &ItemSummary) -> Option<&ColumnKey> {
    let columns = || item.candidates.iter().flat_map(|candidate| candidate.claims.iter().map(|claim| &claim.column));
    columns().find(|column| column.kind == ClaimKind::Score).or_else(|| columns().next())
}

/// Whether the reported pick is the best candidate by a reported score, raw or per length.
fn pick_verdict(view: &ItemView<'_>) -> Verdict {
    let Some(pick) = view.item.picked() else { return Verdict::Unprovable };
    match view.follows(pick) {
        Some(true) => Verdict::Proven,
        Some(false) => Verdict::Refuted,
        None => match view.follows_totals(pick) {
            Some(true) => Verdict::Proven,
            // Another candidate has the higher total. This refutes the pick only if it is the greedy path; otherwise it
            // may depend on values that are not logged.
            Some(false) if view.is_greedy_path(pick) && view.better_total(pick).is_some() => Verdict::Refuted,
            _ => Verdict::Unprovable,
        },
    }
}

/// Recomputes the pick under the convention and compares it with the reported one.
fn impact(
    item: &ItemSummary,
    picked: Option<usize>,
    primary: Option<&ColumnKey>,
    stream: &mut StreamTally,
    noted: Option<&mut Noted>,
) -> Option<Change> {
    let pick = picked?;
    if item.candidates.len() < 2 {
        return None;
    }
    let lower = primary.and_then(|column| item.candidates.iter().find_map(|candidate| candidate.claim(column)));
    let lower = lower.is_some_and(|claim| claim.lower_is_better);
    let values: Option<Vec<Approx>> = item
        .candidates
        .iter()
        .map(|candidate| candidate.derived.map(|derived| if lower { -derived } else { derived }))
        .collect();
    let values = values?;
    let best = pick::first_best(&values);
    // The best candidate by the printed digits, and the best one that stays ahead of the pick whatever rounding did.
    let printed = |at: usize| values[at].as_printed();
    let by_digits = if printed(pick).is_below(printed(best)) { best } else { pick };
    let to = if values[pick].is_below(values[best]) { best } else { pick };
    let flip = |to: usize| Flip::between(&item.place, &item.id, pick, to);
    if let Some(noted) = noted {
        let by = if to == by_digits { PickBy::Convention } else { PickBy::Digits };
        noted.pick(item, pick, by_digits, by);
    }
    let graded = |to: usize| item.is_gold(pick).zip(item.is_gold(to));
    let tally = &mut stream.items;
    tally.comparable += 1;
    tally.certain.add(flip(to), graded(to));
    tally.by_digits.add(flip(by_digits), graded(by_digits));
    if let Some((before, after)) = graded(to) {
        tally.graded += 1;
        tally.right_before += u64::from(before);
        if let Some(correct) = item.correct {
            tally.of_recomputed.agreed += u64::from(correct == after);
            tally.of_recomputed.contradicted += u64::from(correct != after);
        }
    }
    (to != pick).then(|| Change {
        from: pick,
        to,
        margin: values[best].value - values[pick].value,
        column: primary.cloned(),
    })
}

/// Records, per column, an item whose candidates' claims each follow a formula, but not all the same one.
fn mixed(item: &ItemSummary, record_ref: &RecordRef<'_>, at: At, stream: &mut StreamTally) {
    let Some(first) = item.candidates.first().filter(|_| item.candidates.len() >= 2) else { return };
    for column in first.claims.iter().map(|claim| &claim.column) {
        let sets =
            || item.candidates.iter().map(|candidate| candidate.claim(column).map_or(0, |claim| claim.explained_by));
        if sets().any(|set| set == 0) || sets().fold(u128::MAX, |all, set| all & set) != 0 {
            continue;
        }
        let mixed = stream.items.mixed.entry(column.clone()).or_default();
        mixed.items += 1;
        mixed.rows.offer(Exemplar {
            located: record_ref.locate(at),
            item: item.id.clone(),
            candidate: String::new(),
            evidence: Evidence::default(),
        });
    }
}
