//! Judges one claim by its convention and, if rows are refuted, by every formula.

use crate::audit::follows::{follows, may_be_cast, underflows};
use crate::audit::plan::{ColumnPlan, FITTED_AT, PRINCIPAL};
use crate::derive;
use crate::formula::{
    Cast, Casts, Constant, Formula, Grammar, GrammarEntry, KeptFacts, Scale, SequenceFacts, Stage, Sweep, Window,
};
use crate::model::{CandidateClaim, Located, Logged, Origin, Place};
use crate::numeric::Approx;
use crate::tally::{
    Agreement, CastStats, ClaimRow, ColumnTally, Fit, FormulaCount, Gap, Group, Mark, OpenRow, Residuals, RowRef,
    SKETCHED, Smallest,
};

/// Maximum log-probs of a displayed row kept for its arithmetic.
const SHOWN_STEPS: usize = 8;
/// Maximum formulas kept for a displayed row.
const SHOWN_FITS: usize = 16;

/// One claim in its row.
pub(super) struct Row<'r> {
    pub(super) item: &'r str,
    pub(super) candidate: &'r str,
    pub(super) claim: &'r CandidateClaim,
    /// The values that the claim is derived from: the steps, or a logged total.
    pub(super) facts: &'r SequenceFacts,
    /// The steps, for messages.
    pub(super) steps: &'r SequenceFacts,
    pub(super) origin: &'r dyn Origin,
}

/// The result of judging a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The set of principal formulas that explain it; 0 when not searched.
    pub(super) explained_by: u128,
    /// Whether the values that it is derived from refute it.
    pub(super) refuted: bool,
    /// Whether it follows from them.
    pub(super) follows: bool,
}

/// Judges a claim. `sweep` is what the formulas of the column's grammar share, kept between its rows.
pub(super) fn judge(
    row: &Row<'_>,
    plan: &ColumnPlan,
    tally: &mut ColumnTally,
    sweep: &mut Option<Box<Sweep>>,
) -> Outcome {
    tally.accepted.resize(plan.spec.accepted.len(), 0);
    tally.casts.resize(plan.spec.accepted.len(), CastStats::default());
    let casts = &plan.casts;
    let formula = plan.convention();
    let derived = row.facts.evaluate(&formula, casts);
    let (claimed, significant) = match row.claim.value {
        Logged::Number(number) if !number.value.is_nan() => {
            (Approx::of_column(&number, &plan.resolution), number.significant)
        }
        Logged::Several => {
            *tally.gaps.entry(Gap::SeveralClaims).or_default() += 1;
            return Outcome::default();
        }
        Logged::Number(_) | Logged::Null | Logged::Sentinel(_) | Logged::Missing => {
            *tally.gaps.entry(Gap::NoClaim).or_default() += 1;
            let null = matches!(row.claim.value, Logged::Null | Logged::Missing);
            if null && derived.is_some_and(|derived| !derived.may_be_zero()) {
                tally.zero_without_cause += 1;
            }
            return Outcome::default();
        }
    };
    tally.zero += u64::from(claimed.value == 0.0);
    let Some(derived) = derived else {
        *tally.gaps.entry(gap(row)).or_default() += 1;
        return Outcome::default();
    };
    tally.judged += 1;
    tally.stated += u64::from(row.facts.is_stated);
    tally.starting_with_zero += u64::from(row.facts.starts_with_zero);
    let judgement = derive::judge(claimed, derived);
    let holds = |formula: &Formula, derived| {
        follows(row.facts, &GrammarEntry::plain(*formula, 0, 0), casts.of(formula), claimed, derived)
    };
    let by_convention = holds(&formula, derived);
    let mut accepted = false;
    for (at, other) in plan.spec.accepted.iter().enumerate() {
        let holds = if *other == formula {
            by_convention
        } else {
            match row.facts.evaluate(other, casts) {
                Some(derived) => holds(other, derived),
                // If the log has no operand for a formula (no end token, say), the formula equals the convention.
                None => other.scale == formula.scale && by_convention,
            }
        };
        if let Some(count) = tally.accepted.get_mut(at) {
            *count += u64::from(holds);
        }
        if let Some(stats) = tally.casts.get_mut(at) {
            if holds && casts.is_empty() {
                stats.follows(row.facts.undo(other, &Constant::None, claimed).as_ref());
            } else {
                observe_casts(row, other, claimed, significant, plan, stats);
            }
        }
        accepted |= holds && at == plan.chosen;
    }
    let (difference, within) = (claimed.value - derived.value, judgement.within);
    tally.narrow_shift(difference, within);
    if claimed.value == 0.0 && judgement.is_refuted() && !by_convention {
        tally.zero_without_cause += 1;
    }
    if !accepted {
        tally.refuted += 1;
    }
    tally.residuals.add(difference, within, accepted);
    let agreement = accepted.then(|| {
        // Another accepted formula may hold in place of one that the log has no operand for.
        if judgement.is_proven() {
            agreement(row, &formula, &Constant::None, claimed, casts.of(&formula))
        } else {
            Agreement::Exact
        }
    });
    tally.closeness.observe(claimed, derived, agreement);
    let judged = Judged { claimed, significant, formula, derived, within, accepted, agreement };
    let explained_by = match &plan.grammar {
        Some(grammar) => {
            let sweep = sweep.get_or_insert_with(|| Box::new(Sweep::new(grammar.entries(), &plan.casts)));
            sweep.see(row.facts);
            search(row, &judged, &Tries { grammar, sweep, casts: &plan.casts }, tally)
        }
        None => {
            if let Some(mark) = mark(row, &judged, tally) {
                tally.sample.offer(mark);
            }
            match agreement {
                None => show(row, &judged, &[], || None, &mut tally.rows),
                Some(Agreement::Rounded) => show(row, &judged, &[], || None, &mut tally.rounded_rows),
                Some(Agreement::Identical | Agreement::Exact) => {}
            }
            0
        }
    };
    Outcome { explained_by, refuted: !accepted, follows: accepted }
}

/// How closely a claim within a formula's bound agrees with it.
fn agreement(row: &Row<'_>, formula: &Formula, constant: &Constant, claimed: Approx, cast: Option<Cast>) -> Agreement {
    let printed = row.facts.evaluate_printed(formula, constant, cast);
    printed.map_or(Agreement::Exact, |printed| Agreement::of(claimed, printed))
}

/// Looks for a cast in a claim under a formula.
fn observe_casts(
    row: &Row<'_>,
    formula: &Formula,
    claimed: Approx,
    significant: u8,
    plan: &ColumnPlan,
    stats: &mut CastStats,
) {
    let Some(derived) = row.facts.evaluate_with(formula, &Constant::None, None) else { return };
    let undo = |printed: Approx| row.facts.undo(formula, &Constant::None, printed);
    if derive::judge(claimed, derived).is_proven() || underflows(formula, derived.value, claimed.value) {
        stats.follows(undo(claimed).as_ref());
        return;
    }
    // A claim on a known grid needs no finer one, and a cast changes a sum only slightly.
    if may_be_cast(formula, claimed, derived)
        && let Some(reported) = undo(claimed)
    {
        let is_divided = formula.reduce.is_mean() || formula.scale != Scale::None;
        // A 16-bit sum that is divided in 16 bits was rounded twice.
        let is_coarser = |cast: Cast| match cast.stage {
            Stage::Sum if is_divided => cast.format <= plan.resolution.stored,
            _ => cast.format < plan.resolution.stored,
        };
        stats.observe(&reported, significant, |cast| {
            let derived = row.facts.evaluate_with(formula, &Constant::None, Some(cast));
            is_coarser(cast) && derived.is_some_and(|derived| derive::judge(claimed, derived).is_proven())
        });
    }
}

/// A claim with its convention.
struct Judged {
    claimed: Approx,
    /// Number of printed significant digits.
    significant: u8,
    /// The convention.
    formula: Formula,
    /// The convention's value.
    derived: Approx,
    /// The tolerance.
    within: f64,
    accepted: bool,
    /// How closely it agrees with the convention, if it does.
    agreement: Option<Agreement>,
}

/// A formula of the grammar with its value.
#[derive(Clone, Copy)]
struct Tried {
    at: u16,
    formula: Formula,
    derived: Approx,
}

/// The formulas to try on a row, with what they share.
struct Tries<'t> {
    grammar: &'t Grammar,
    sweep: &'t Sweep,
    /// The casts of the column.
    casts: &'t Casts,
}

impl Tries<'_> {
    /// The formula that is nearest to a claim, of those that do not explain it.
    fn nearest(&self, claimed: Approx, explaining: &[Tried]) -> Option<Tried> {
        let mut nearest: Option<Tried> = None;
        for (at, entry) in (0_u16..).zip(self.grammar.entries()) {
            let Some(derived) = self.sweep.value(usize::from(at)) else { continue };
            let tried = Tried { at, formula: entry.formula, derived };
            let explains = explaining.iter().any(|other| other.at == at);
            if !explains && is_nearer(&tried, nearest.as_ref(), claimed) {
                nearest = Some(tried);
            }
        }
        nearest
    }
}

/// Room for rounding in a comparison that only rules out what is far apart.
const FAR: f64 = 1.0 + 1e-9;

/// What explains a row.
#[derive(Default)]
struct Explained {
    /// The principal formulas that do.
    set: u128,
    /// Whether an enumerated formula does.
    by_enumerated: bool,
    /// All formulas that do.
    by: Vec<Tried>,
}

/// Tries every formula on a row.
fn try_all(
    row: &Row<'_>,
    judged: &Judged,
    tries: &Tries<'_>,
    tally: &mut ColumnTally,
    mut mark: Option<&mut Mark>,
) -> Explained {
    let Judged { claimed, derived: convention, accepted, .. } = *judged;
    let entries = tries.grammar.entries();
    tally.formulas.resize(entries.len(), FormulaCount::default());
    tally.residuals_by_formula.resize(PRINCIPAL.min(entries.len()), Residuals::default());
    let room = convention.half + claimed.half;
    let windows = [Window::around(claimed.value, claimed.half), Window::around(convention.value, room)];
    // Only such a claim may be a number that is too small for its format.
    let is_tiny = !claimed.value.is_finite() || claimed.value.abs() < f64::from(f32::MIN_POSITIVE);
    let mut explained = Explained::default();
    for (at, (entry, count)) in entries.iter().zip(&mut tally.formulas).enumerate() {
        if at >= PRINCIPAL && !is_tiny && tries.sweep.is_far(at, &windows) {
            count.evaluated += 1;
            count.against += u64::from(accepted);
            continue;
        }
        let Some(derived) = tries.sweep.value(at) else { continue };
        let (difference, within) = (claimed.value - derived.value, claimed.half + derived.half);
        let cast = || entry.cast.or_else(|| tries.casts.of(&entry.formula));
        let is_far = !is_tiny && difference.abs() > within * FAR;
        let explains = !is_far && follows(row.facts, entry, cast(), claimed, derived);
        if let Some(residuals) = tally.residuals_by_formula.get_mut(at) {
            residuals.add(difference, within, explains);
        }
        if let Some(mark) = mark.as_mut().filter(|_| at < SKETCHED) {
            mark.values.resize(at, None);
            mark.values.push(Some(derived.value));
        }
        // Rows in which two formulas give the same value are evidence for neither.
        let wider = Approx::new(derived.value, derived.half.max(convention.half) + claimed.half);
        let apart = (derived.value - convention.value).abs();
        let same = apart <= wider.half * FAR && wider.agrees(Approx::exact(convention.value));
        count.evaluated += 1;
        count.explained += u64::from(explains);
        count.undecidable += u64::from(same);
        count.decisive += u64::from(explains && !same);
        count.against += u64::from(accepted && !same);
        if explains {
            let agreement = agreement(row, &entry.formula, &entry.constant, claimed, cast());
            count.exact += u64::from(agreement != Agreement::Rounded);
            count.identical += u64::from(agreement == Agreement::Identical);
            if at < PRINCIPAL {
                explained.set |= 1 << at;
            }
            // A sum rounded at every step has a wide bound.
            let is_loose = entry.formula.reduce.half_precision().is_some();
            explained.by_enumerated |= at < FITTED_AT && !is_loose;
            explained.by.push(Tried { at: u16::try_from(at).unwrap_or(u16::MAX), formula: entry.formula, derived });
        }
    }
    explained
}

/// Searches for what explains a row. Returns the set of principal formulas that do.
fn search(row: &Row<'_>, judged: &Judged, tries: &Tries<'_>, tally: &mut ColumnTally) -> u128 {
    let mut mark = mark(row, judged, tally);
    tally.with_end += u64::from(row.facts.has_end);
    tally.with_padding += u64::from(row.facts.padding > 0);
    let explained = try_all(row, judged, tries, tally, mark.as_mut());
    let Place { file, line, column, span, .. } = row.origin.place(row.claim.at);
    let here = RowRef { file, line, column, item: row.item.to_owned(), span };
    tally.add_group(explained.set, Group { rows: 1, first: here.clone(), last: here });
    if let Some(mut mark) = mark {
        mark.set = explained.set;
        tally.sample.offer(mark);
    }
    if judged.agreement == Some(Agreement::Rounded) {
        show(row, judged, &explained.by, || None, &mut tally.rounded_rows);
    }
    if !judged.accepted {
        tally.beyond += u64::from(!explained.by_enumerated);
        keep_open(row, judged, !explained.by_enumerated, tally);
        for tried in explained.by.iter().filter(|tried| usize::from(tried.at) < PRINCIPAL) {
            show(row, judged, &explained.by, || None, tally.rows_by_formula.entry(tried.at).or_default());
        }
        let nearest = || tries.nearest(judged.claimed, &explained.by);
        if explained.by.is_empty() {
            tally.unexplained += 1;
            show(row, judged, &[], nearest, &mut tally.unexplained_rows);
        }
        show(row, judged, &explained.by, nearest, &mut tally.rows);
    }
    explained.set
}

/// Keeps a refuted row with the facts that formulas need.
fn keep_open(row: &Row<'_>, judged: &Judged, is_open: bool, tally: &mut ColumnTally) {
    if !judged.claimed.value.is_finite() {
        return;
    }
    let Place { file, line, column, .. } = row.origin.place(row.claim.at);
    let (order, at) = (Mark::order(line, column), (file, line, column));
    let wanted = tally.contradicted.would_keep(&(order, at));
    let wanted_open = is_open && tally.open.would_keep(&(order, at));
    if !wanted && !wanted_open {
        return;
    }
    let (claimed, significant) = (judged.claimed, judged.significant);
    let kept = OpenRow { order, at, claimed, significant, facts: KeptFacts::of(row.facts) };
    if wanted_open {
        tally.open.offer(kept.clone());
    }
    if wanted {
        tally.contradicted.offer(kept);
    }
}

/// The row for the column's sample, if it would be kept and is finite.
fn mark(row: &Row<'_>, judged: &Judged, tally: &ColumnTally) -> Option<Mark> {
    let Judged { claimed, derived, within, accepted: follows, .. } = *judged;
    if !claimed.value.is_finite() {
        return None;
    }
    let Place { file, line, column, .. } = row.origin.place(row.claim.at);
    let (order, at) = (Mark::order(line, column), (file, line, column));
    tally.sample.would_keep(order, at, follows).then(|| Mark {
        order,
        at,
        tokens: row.facts.n,
        reported: claimed.value,
        derived: derived.value,
        bound: within,
        follows,
        set: 0,
        values: Vec::new(),
    })
}

/// A formula's value, with the values needed to write out its arithmetic.
fn fit(row: &Row<'_>, tried: &Tried) -> Option<Fit> {
    let formula = &tried.formula;
    let base = row.facts.base(formula.term, formula.span, formula.reduce)?;
    Some(Fit {
        formula: tried.at,
        derived: tried.derived,
        base: base.reduced.value,
        divisor: row.facts.divisor(formula.scale, base.n)?,
        n: base.n,
    })
}

fn gap(row: &Row<'_>) -> Gap {
    if row.facts.unknown > 0 {
        Gap::UnknownSteps
    } else if row.facts.n == 0 {
        Gap::NoSteps
    } else {
        Gap::NoOperand
    }
}

fn is_nearer(tried: &Tried, than: Option<&Tried>, claimed: Approx) -> bool {
    let distance = |tried: &Tried| (tried.derived.value - claimed.value).abs();
    than.is_none_or(|kept| distance(tried) < distance(kept))
}

fn show(
    row: &Row<'_>,
    judged: &Judged,
    explaining: &[Tried],
    nearest: impl FnOnce() -> Option<Tried>,
    rows: &mut Smallest<ClaimRow, 5>,
) {
    let (file, line) = row.origin.start();
    // The record's start sorts before every place in it, so a row that would be dropped is never built.
    if !rows.would_keep(&Place { file, line, ..Place::default() }) {
        return;
    }
    let located: Located = row.origin.locate(row.claim.at);
    let convention = Tried { at: 0, formula: judged.formula, derived: judged.derived };
    rows.offer(ClaimRow {
        located,
        item: row.item.to_owned(),
        candidate: row.candidate.to_owned(),
        claimed: judged.claimed,
        convention: fit(row, &convention),
        steps: row.steps.scored_log_probs().take(SHOWN_STEPS).map(|step| step.value).collect(),
        n: row.facts.n,
        fits: explaining.iter().take(SHOWN_FITS).filter_map(|tried| fit(row, tried)).collect(),
        nearest: nearest().and_then(|tried| fit(row, &tried)),
    });
}
