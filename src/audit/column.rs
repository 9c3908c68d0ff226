//! One claim against its convention and, when contradictions call for it, against every formula.

use crate::audit::plan::{ColumnPlan, PRINCIPAL};
use crate::formula::{Formula, Grammar, SequenceFacts, StepResolutions, agrees};
use crate::model::{Candidate, Claim, Located, Logged, Origin, Place};
use crate::tally::{ClaimRow, ColumnTally, Fit, FormulaCount, Gap, Group, Mark, Residuals, RowRef, SKETCHED, Smallest};

/// Number of log-probs that a shown row keeps for its arithmetic.
const SHOWN_STEPS: usize = 8;
/// Number of formulas that a shown row keeps.
const SHOWN_FITS: usize = 16;

/// One claim in its row.
pub(super) struct Row<'r> {
    pub(super) item: &'r str,
    pub(super) candidate: &'r str,
    pub(super) claim: &'r Claim,
    pub(super) facts: &'r SequenceFacts,
    pub(super) steps: &'r Candidate<'r>,
    pub(super) origin: &'r dyn Origin,
}

/// Judges a claim. Gives the set of principal formulas that explain it (0 when not searched).
pub(super) fn judge(row: &Row<'_>, plan: &ColumnPlan, resolutions: &StepResolutions, tally: &mut ColumnTally) -> u128 {
    tally.accepted.resize(plan.spec.accepted.len(), 0);
    let derived = derive(row.facts, &plan.convention(), plan, 0.0);
    let claimed = match row.claim.value {
        Logged::Number(number) if !number.value.is_nan() => number,
        Logged::Number(_) | Logged::Null | Logged::Sentinel(_) | Logged::Missing => {
            *tally.gaps.entry(Gap::NoClaim).or_default() += 1;
            let null = matches!(row.claim.value, Logged::Null);
            if null && derived.is_some_and(|fit| fit.value.abs() > fit.bound) {
                tally.zero_without_cause += 1;
            }
            return 0;
        }
    };
    tally.zero += u64::from(claimed.value == 0.0);
    let Some(convention) = derived else {
        *tally.gaps.entry(gap(row)).or_default() += 1;
        return 0;
    };
    // An infinity has no digits that could be off.
    let half = if claimed.value.is_finite() { plan.resolution.half_quantum(&claimed) } else { 0.0 };
    let convention = Fit { bound: convention.bound + half, ..convention };
    tally.judged += 1;
    let mut accepted = false;
    for (at, formula) in plan.spec.accepted.iter().enumerate() {
        // A formula that the log has no operand for (no end token, say) is the convention itself.
        let holds = match derive(row.facts, formula, plan, half) {
            Some(fit) => agrees(fit.value, claimed.value, fit.bound),
            None => {
                formula.scale == plan.convention().scale && agrees(convention.value, claimed.value, convention.bound)
            }
        };
        if let Some(count) = tally.accepted.get_mut(at) {
            *count += u64::from(holds);
        }
        accepted |= holds && at == plan.chosen;
    }
    tally.narrow_shift(claimed.value - convention.value, convention.bound);
    if claimed.value == 0.0 && convention.value.abs() > convention.bound {
        tally.zero_without_cause += 1;
    }
    if !accepted {
        tally.refuted += 1;
    }
    tally.residuals.add(claimed.value - convention.value, convention.bound, accepted);
    let judged = Judged { claimed: claimed.value, half, convention, accepted };
    match &plan.grammar {
        Some(grammar) => search(row, &judged, plan, grammar, resolutions, tally),
        None => {
            if let Some(mark) = mark(row, &judged, tally) {
                tally.sample.offer(mark);
            }
            if !accepted {
                show(row, &judged, Vec::new(), None, resolutions, &mut tally.rows);
            }
            0
        }
    }
}

/// A claim beside its convention.
struct Judged {
    claimed: f64,
    /// Half a quantum of the claim.
    half: f64,
    convention: Fit,
    accepted: bool,
}

/// Tries every formula on a row. Gives the set of principal ones that explain it.
fn search(
    row: &Row<'_>,
    judged: &Judged,
    plan: &ColumnPlan,
    grammar: &Grammar,
    resolutions: &StepResolutions,
    tally: &mut ColumnTally,
) -> u128 {
    let Judged { claimed, half, convention, accepted } = *judged;
    let mut set = 0_u128;
    let mut explaining: Vec<Fit> = Vec::new();
    let mut nearest: Option<Fit> = None;
    let mut mark = mark(row, judged, tally);
    tally.formulas.resize(grammar.entries().len(), FormulaCount::default());
    tally.residuals_by_formula.resize(PRINCIPAL.min(grammar.entries().len()), Residuals::default());
    for (at, entry) in grammar.entries().iter().enumerate() {
        let Some(mut fit) = derive(row.facts, &entry.formula, plan, half) else { continue };
        fit.formula = u16::try_from(at).unwrap_or(u16::MAX);
        let explains = agrees(fit.value, claimed, fit.bound) || underflows(&entry.formula, fit.value, claimed);
        if let Some(residuals) = tally.residuals_by_formula.get_mut(at) {
            residuals.add(claimed - fit.value, fit.bound, explains);
        }
        if let Some(mark) = mark.as_mut().filter(|_| at < SKETCHED && fit.value.is_finite()) {
            mark.values.resize(at, None);
            mark.values.push(Some(fit.value));
        }
        // Rows in which two formulas give the same value are evidence for neither.
        let same = agrees(fit.value, convention.value, fit.bound.max(convention.bound));
        if let Some(count) = tally.formulas.get_mut(at) {
            count.evaluated += 1;
            count.explained += u64::from(explains);
            count.undecidable += u64::from(same);
            count.decisive += u64::from(explains && !same);
            count.against += u64::from(accepted && !same);
        }
        if explains {
            if at < PRINCIPAL {
                set |= 1 << at;
            }
            explaining.push(fit);
        } else if !accepted && is_nearer(&fit, nearest.as_ref(), claimed) {
            nearest = Some(fit);
        }
    }
    let (file, line) = row.origin.start();
    let here = RowRef { file, line, column: u64::from(row.claim.at.0) + 1, item: row.item.to_owned() };
    tally.add_group(set, Group { rows: 1, first: here.clone(), last: here });
    if let Some(mut mark) = mark {
        mark.set = set;
        tally.sample.offer(mark);
    }
    if !accepted {
        for fit in explaining.iter().filter(|fit| usize::from(fit.formula) < PRINCIPAL) {
            let rows = tally.rows_by_formula.entry(fit.formula).or_default();
            show(row, judged, explaining.clone(), None, resolutions, rows);
        }
        if explaining.is_empty() {
            tally.unexplained += 1;
            show(row, judged, Vec::new(), nearest, resolutions, &mut tally.unexplained_rows);
        }
        show(row, judged, explaining, nearest, resolutions, &mut tally.rows);
    }
    set
}

/// The row for the column's sample, if it would be kept and can be drawn.
fn mark(row: &Row<'_>, judged: &Judged, tally: &ColumnTally) -> Option<Mark> {
    let Judged { claimed: reported, convention, accepted: follows, .. } = *judged;
    if !reported.is_finite() || !convention.value.is_finite() || !convention.bound.is_finite() {
        return None;
    }
    let (file, line) = row.origin.start();
    let (order, at) = (Mark::order(line, row.claim.at.0), (file, line, row.claim.at.0));
    tally.sample.would_keep(order, at, follows).then(|| Mark {
        order,
        at,
        tokens: row.facts.n,
        reported,
        derived: convention.value,
        bound: convention.bound,
        follows,
        set: 0,
        values: Vec::new(),
    })
}

fn derive(facts: &SequenceFacts, formula: &Formula, plan: &ColumnPlan, half: f64) -> Option<Fit> {
    let derived = facts.evaluate(formula, plan.resolution.arithmetic)?;
    let base = facts.base(formula.term, formula.span, formula.reduce)?;
    Some(Fit {
        formula: 0,
        value: derived.value,
        bound: derived.half + half,
        base: base.value,
        divisor: facts.divisor(formula.scale, base.n)?,
        n: base.n,
    })
}

/// Largest log of a product that single precision rounds to 0: ln of its smallest normal number.
const UNDERFLOW: f64 = -87.3;

/// Whether a formula that multiplies and then takes the log gives −∞ by underflow.
fn underflows(formula: &Formula, value: f64, claimed: f64) -> bool {
    formula.term == crate::formula::Term::LinearLogit && claimed == f64::NEG_INFINITY && value < UNDERFLOW
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

fn is_nearer(fit: &Fit, than: Option<&Fit>, claimed: f64) -> bool {
    let distance = |fit: &Fit| (fit.value - claimed).abs();
    than.is_none_or(|kept| distance(fit) < distance(kept))
}

fn show(
    row: &Row<'_>,
    judged: &Judged,
    fits: Vec<Fit>,
    nearest: Option<Fit>,
    resolutions: &StepResolutions,
    rows: &mut Smallest<ClaimRow, 5>,
) {
    let (file, line) = row.origin.start();
    // The record's start sorts before everything in it, so a row that may not be kept is never built.
    if !rows.would_keep(&Place { file, line, column: 0, field: String::new() }) {
        return;
    }
    let located: Located = row.origin.locate(row.claim.at);
    let scored = row.steps.steps.iter().filter(|step| step.segment.is_scored());
    let steps = scored
        .take(SHOWN_STEPS)
        .filter_map(|step| crate::formula::log_prob(row.steps, step, resolutions))
        .map(|operand| operand.value)
        .collect();
    let mut fits = fits;
    fits.truncate(SHOWN_FITS);
    rows.offer(ClaimRow {
        located,
        item: row.item.to_owned(),
        candidate: row.candidate.to_owned(),
        claimed: judged.claimed,
        derived: Some(judged.convention),
        steps,
        n: row.facts.n,
        fits,
        nearest,
    });
}
