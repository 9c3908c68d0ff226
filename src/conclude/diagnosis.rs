//! The shortest explanation of a column of claims.

use crate::audit::{ColumnPlan, PRINCIPAL};
use crate::config::Promise;
use crate::formula::{Cast, Constant, Deviations, Formula, Grammar, GrammarEntry, Output, Reduce, Scale, Span};
use crate::model::VerdictCounts;
use crate::tally::{CastStats, ColumnTally, RowRef, Sureness};

/// Minimum share of rows that "the" formula of a column explains.
const NEARLY_ALL: f64 = 0.98;
/// Minimum number of rows in a group of a mixture; a smaller group is likely a coincidence.
const FEWEST: u64 = 3;
/// Gap in bits below which two formulas with equally many deviations are not distinguished.
const DECIDED: f64 = 10.0;

/// Minimum number of refuted rows per row that a 16-bit sum fails to explain.
const MISSED_BY_HALF: u64 = 10;

/// Cost in bits of a row that a formula gives only within rounding. About half of the rows of rounded logs are exact to
/// the last digit under their own formula.
const ROUNDED: f64 = 1.0;

/// Why a column does not follow its convention.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Explanation {
    /// It does follow it.
    Follows,
    /// Every claim is 0 or null although the tokens' total is not, or most are and no other claim is wrong.
    Stub,
    /// Another formula.
    Formula {
        /// Its index in the grammar.
        at: usize,
        /// The second-best formula, with the gap in bits.
        runner_up: Option<(usize, f64)>,
        /// Whether the evidence does not distinguish the two.
        ambiguous: bool,
        /// Refuted rows that it does not explain.
        rest: u64,
        /// Whether this formula gives every claim to its last digit, while the convention is possible within rounding.
        exact: bool,
    },
    /// Claims differ from the convention by one constant.
    Shift(f64),
    /// Another formula that is equally valid in this log and gives every row: over the tokens with a log-prob if the
    /// first one is 0 in every row, over a token count that leaves out the first token or includes the end, or any
    /// formula if the field's name promises none.
    AsRight {
        /// Its index in the grammar.
        at: usize,
    },
    /// Several formulas over disjoint rows.
    Mixture(Vec<Member>),
    /// The convention, if its sum was added up in 16 bits; too few rows show that it was.
    MaybeHalf,
    /// No formula.
    Nothing,
    /// Not a log-prob: a mark, a reward or a similarity under the name of a score.
    Unknown,
}

/// One formula of a mixture, with the rows that only it explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) at: usize,
    pub(super) rows: u64,
    pub(super) first: RowRef,
    pub(super) last: RowRef,
}

/// Finds the shortest explanation of a column under its plan.
pub(super) fn explain(column: &ColumnTally, plan: &ColumnPlan) -> Explanation {
    let explanation = shortest(column, plan.chosen, plan.grammar.as_deref());
    if let Explanation::Formula { at, rest: 0, ambiguous, .. } = explanation
        && let Some(grammar) = plan.grammar.as_deref()
        && let [convention, ..] = grammar.entries()
        && let Some(found) = grammar.entries().get(at)
        && (is_zero_left_out(column, convention, found)
            || is_as_stated(column, convention, found)
            || (found.constant == Constant::None && plan.spec.accepted.contains(&found.formula))
            || (plan.spec.promise == Promise::Matched && !ambiguous))
    {
        return Explanation::AsRight { at };
    }
    let follows = column.accepted.get(plan.chosen).copied().unwrap_or(0);
    // Stated numbers that are unrelated to each other do not refute each other.
    let is_apart = column.stated > 0
        && column.stated == column.judged
        && plan.spec.promise != Promise::Declared
        && 2 * follows < column.judged
        && !matches!(explanation, Explanation::Formula { rest: 0, .. });
    let is_matched = plan.spec.promise == Promise::Matched && explanation != Explanation::Follows;
    if is_apart || is_matched {
        return Explanation::Unknown;
    }
    let is_score = plan.spec.promise == Promise::Score && explanation != Explanation::Follows;
    if is_score && !is_firm(column, &explanation) && cannot_be_log_prob(column, plan.chosen) {
        return Explanation::Unknown;
    }
    explanation
}

/// Whether a formula is the convention without a first token that is exactly 0 in every row. Such a token has no
/// context and no log-prob.
fn is_zero_left_out(column: &ColumnTally, convention: &GrammarEntry, found: &GrammarEntry) -> bool {
    let without = Formula { span: Span::DropFirst(1), ..convention.formula };
    let is_without = found.formula == without && found.constant == Constant::None;
    is_without && column.starting_with_zero == column.judged
}

/// Whether a formula is the convention over one token more or less than counted, or in bits, while the tokens
/// themselves are not logged. The log then does not say whether the count includes the first token (which has no
/// log-prob) or the end token, nor which unit is used.
fn is_as_stated(column: &ColumnTally, convention: &GrammarEntry, found: &GrammarEntry) -> bool {
    let is_mean = convention.formula.reduce == Reduce::Mean;
    let by = |scale: Scale| found.formula == Formula { reduce: Reduce::Sum, scale, ..convention.formula };
    let is_beside = by(Scale::TokensMinusOne) || by(Scale::TokensPlusOne);
    let is_in_bits = convention.formula.output == Output::ExpNegated
        && found.formula == Formula { output: Output::Exp2Negated, ..convention.formula };
    is_mean && (is_beside || is_in_bits) && found.constant == Constant::None && column.stated == column.judged
}

/// Minimum number of rows to conclude that a number unrelated to the tokens is not a log-prob.
const MANY: u64 = 20;
/// Maximum share of rows that follow the convention by chance although the column is something else.
const BY_CHANCE: f64 = 0.1;

/// Whether a column's values cannot be log-probs: they are positive, or unrelated to the tokens.
fn cannot_be_log_prob(column: &ColumnTally, chosen: usize) -> bool {
    let follows = column.accepted.get(chosen).copied().unwrap_or(0);
    let (rows, closeness) = (column.judged as f64, &column.closeness);
    // Whole-number marks may be within rounding of a sum; other numbers rarely are.
    if !is_grid_of_marks(column) && follows as f64 > BY_CHANCE * rows {
        return false;
    }
    if closeness.positive as f64 >= 0.5 * rows || is_grid_of_marks(column) {
        return true;
    }
    let fitted = column.formulas.iter().any(|count| count.explained as f64 > BY_CHANCE * rows);
    column.judged >= MANY && !fitted && !is_correlated(column)
}

/// Whether all claims are non-negative multiples of a half, and not all of them are 0.
fn is_grid_of_marks(column: &ColumnTally) -> bool {
    let range = column.closeness.claims;
    column.closeness.halves == column.judged && range.is_some_and(|(low, high)| low >= 0.0 && high > 0.0)
}

/// Whether claims correlate with derived values. The threshold is two standard deviations of the rank correlation of
/// independent numbers, 1 ÷ √(n − 1).
fn is_correlated(column: &ColumnTally) -> bool {
    let pairs: Vec<(f64, f64)> = column.sample.marks().iter().map(|mark| (mark.reported, mark.derived)).collect();
    let expected = 2.0 / crate::numeric::sqrt((pairs.len() as f64 - 1.0).max(1.0));
    crate::numeric::spearman(&pairs).abs() > expected
}

/// Whether an explanation is unlikely to be chance. Whole-number marks are within rounding of many formulas, so only a
/// formula that gives all of them without rounding counts.
fn is_firm(column: &ColumnTally, explanation: &Explanation) -> bool {
    match explanation {
        Explanation::Nothing | Explanation::Unknown | Explanation::MaybeHalf => false,
        Explanation::Follows | Explanation::Stub | Explanation::AsRight { .. } => true,
        Explanation::Formula { at, .. } if is_grid_of_marks(column) => {
            column.formulas.get(*at).is_some_and(|count| count.identical == column.judged)
        }
        Explanation::Shift(_) | Explanation::Mixture(_) => !is_grid_of_marks(column),
        Explanation::Formula { .. } => true,
    }
}

fn shortest(column: &ColumnTally, chosen: usize, grammar: Option<&Grammar>) -> Explanation {
    let all_null = column.judged == 0 && column.zero_without_cause > 0;
    if all_null || (column.judged > 0 && column.zero == column.judged && column.zero_without_cause > 0) {
        return Explanation::Stub;
    }
    let refuted = column.judged - column.accepted.get(chosen).copied().unwrap_or(0);
    if refuted == 0 {
        return grammar.and_then(|grammar| exact(column, grammar)).unwrap_or(Explanation::Follows);
    }
    // Every wrong row is 0, and most rows are.
    if refuted >= FEWEST && refuted == column.zero_without_cause && 2 * refuted >= column.judged {
        return Explanation::Stub;
    }
    let Some(grammar) = grammar else { return Explanation::Nothing };
    let convention = grammar.entries().first().map_or(Formula::SUM, |entry| entry.formula);
    let per_row = bits_per_row(column, &convention);
    let best = ranked(column, grammar, per_row, refuted);
    let full = best.first().copied().filter(|(at, _)| {
        let count = column.formulas[*at];
        count.decisive > 0 && count.explained as f64 >= NEARLY_ALL * column.judged as f64
    });
    // One formula with one deviation for all rows is shorter than any mixture. A mixture of simple formulas is shorter
    // than one formula that leaves rows unexplained.
    if full.is_none()
        && let Some(members) = mixture(column, grammar)
    {
        // A constant in only some rows is how the rounding errors of a 16-bit sum appear.
        let has_constant = members.iter().any(|member| grammar.entries()[member.at].constant != Constant::None);
        let half = if has_constant { in_half(column, grammar, per_row) } else { None };
        return half.unwrap_or(Explanation::Mixture(members));
    }
    let shift = shift(column).filter(|_| refuted >= SHIFTED_ROWS);
    // A constant added to the convention itself.
    let is_shift = full.is_some_and(|(at, _)| {
        let entry = &grammar.entries()[at];
        matches!(entry.constant, Constant::Shift(_)) && entry.formula == grammar.entries()[0].formula
    });
    if (full.is_none() || is_shift)
        && let Some(constant) = shift
    {
        return Explanation::Shift(constant);
    }
    let nothing = || in_half(column, grammar, per_row).unwrap_or(Explanation::Nothing);
    let Some((at, length)) = full.or_else(|| best.first().copied()) else { return nothing() };
    let count = column.formulas[at];
    // A formula that does not explain nearly all rows is a cause only if it explains half of the refuted rows, and more
    // rows than it refutes. One or two rows that fit a formula by chance are not enough.
    let evidence = count.decisive as f64 * per_row;
    let partial = count.decisive >= FEWEST && count.decisive * 2 >= refuted && count.decisive > count.against;
    let needed = f64::from(grammar.entries()[at].bits) + DECIDED;
    // One deviation may be inferred from a single row. Two deviations fit any row by chance, unless its digits carry
    // more information than their names.
    let entry = &grammar.entries()[at];
    let simple = entry.deviations <= 1 && entry.constant == Constant::None && is_exact(column, at);
    if count.decisive < entry.constant.count() + 3 && entry.constant != Constant::None {
        return nothing();
    }
    // A half-precision sum that misses rows is a cast or chance.
    if full.is_none() && entry.formula.reduce.half_precision().is_some() {
        return nothing();
    }
    let enough = (full.is_some() && simple) || ((full.is_some() || partial) && evidence >= needed);
    if !enough {
        return nothing();
    }
    let runner_up = best.iter().find(|(other, _)| *other != at).map(|(other, bits)| (*other, bits - length));
    let ambiguous = runner_up.is_some_and(|(other, gap)| {
        let as_simple = grammar.entries()[other].deviations <= grammar.entries()[at].deviations;
        as_simple && (gap < DECIDED || evidence < DECIDED)
    });
    // Of two indistinguishable formulas, the convention in 16 bits is the milder diagnosis.
    let is_half = |at: usize| {
        let count = column.formulas.get(at).is_some_and(|count| count.explained == column.judged);
        count && is_in_half(&convention, &grammar.entries()[at])
    };
    let (at, runner_up) = match runner_up {
        Some((other, gap)) if ambiguous && is_half(other) => (other, Some((at, -gap))),
        _ => (at, runner_up),
    };
    let decisive = column.formulas[at].decisive;
    Explanation::Formula { at, runner_up, ambiguous, rest: refuted.saturating_sub(decisive), exact: false }
}

/// Whether the convention explains every row if its sum was added up in 16 bits. It is the cause only if the rows show
/// that.
fn in_half(column: &ColumnTally, grammar: &Grammar, per_row: f64) -> Option<Explanation> {
    let convention = grammar.entries().first()?.formula;
    let counted = column.formulas.iter().zip(grammar.entries()).enumerate();
    let all = counted.filter(|(_, (count, entry))| count.explained == column.judged && is_in_half(&convention, entry));
    let (at, (count, _)) = all.max_by_key(|(at, (count, _))| (count.decisive, std::cmp::Reverse(*at)))?;
    if count.decisive as f64 * per_row < DECIDED {
        return Some(Explanation::MaybeHalf);
    }
    Some(Explanation::Formula { at, runner_up: None, ambiguous: false, rest: 0, exact: false })
}

/// Whether an entry is the convention with its sum added up in 16 bits.
fn is_in_half(convention: &Formula, entry: &GrammarEntry) -> bool {
    let Formula { reduce, .. } = entry.formula;
    let same = Formula { reduce: convention.reduce, ..entry.formula } == *convention
        || Deviations { convention: *convention, found: entry.formula }.is_half_precision_product();
    let is_half = reduce.half_precision().is_some() && reduce.is_mean() == convention.reduce.is_mean();
    same && is_half && entry.constant == Constant::None
}

/// A formula that gives every claim to its last digit, while the convention would need unprinted digits. It is reported
/// if the evidence exceeds the bits of its name.
fn exact(column: &ColumnTally, grammar: &Grammar) -> Option<Explanation> {
    let closeness = &column.closeness;
    if closeness.rounded == 0 || closeness.undecided() == 0 {
        return None;
    }
    let evidence = closeness.tenths_of_bits as f64 / 10.0;
    let all = |at: &usize| is_exact(column, *at) && is_told_apart(column, grammar, *at);
    let mut fitting = (1..grammar.entries().len()).filter(all).map(|at| (at, f64::from(grammar.entries()[at].bits)));
    let (at, length) = fitting.next().filter(|(_, bits)| evidence >= bits + DECIDED)?;
    let runner_up = fitting.next().map(|(other, bits)| (other, bits - length));
    let ambiguous = runner_up.is_some_and(|(other, gap)| {
        gap < DECIDED && grammar.entries()[other].deviations <= grammar.entries()[at].deviations
    });
    Some(Explanation::Formula { at, runner_up, ambiguous, rest: 0, exact: true })
}

/// Formulas by description length: bits to name the formula, plus bits to list the rows that it misses.
fn ranked(column: &ColumnTally, grammar: &Grammar, per_row: f64, refuted: u64) -> Vec<(usize, f64)> {
    let mut ranked: Vec<(usize, f64)> = column
        .formulas
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(at, count)| count.decisive > 0 && is_told_apart(column, grammar, *at))
        // A sum rounded at every step has such a wide bound that it explains whatever the convention explains. It must
        // explain rows that the convention does not.
        .filter(|(at, count)| {
            let is_half =
                grammar.entries().get(*at).is_some_and(|entry| entry.formula.reduce.half_precision().is_some());
            let missed = column.judged.saturating_sub(count.explained);
            !is_half || MISSED_BY_HALF * missed <= refuted
        })
        .filter_map(|(at, count)| {
            let entry = grammar.entries().get(at)?;
            let missed = column.judged.saturating_sub(count.explained) as f64;
            let rounded = count.explained.saturating_sub(count.exact) as f64;
            Some((at, f64::from(entry.bits) + missed * per_row + rounded * ROUNDED.min(per_row)))
        })
        .collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    ranked
}

/// Evidence of one matching row, in bits: the size of the claims over the width of their bound.
fn bits_per_row(column: &ColumnTally, convention: &Formula) -> f64 {
    let bits: Vec<f64> = column
        .rows
        .kept()
        .iter()
        .filter_map(|row| Some(convention.bits_said(row.claimed, row.convention?.derived).clamp(1.0, 40.0)))
        .collect();
    if bits.is_empty() { 10.0 } else { bits.iter().sum::<f64>() / bits.len() as f64 }
}

/// Minimum number of rows with one constant for it to be a cause; any single row has one.
const SHIFTED_ROWS: u64 = 4;

/// The constant by which all claims are off, if there is one.
fn shift(column: &ColumnTally) -> Option<f64> {
    let (low, high) = column.shift?;
    (column.judged >= SHIFTED_ROWS && low <= high && (low > 0.0 || high < 0.0)).then_some(f64::midpoint(low, high))
}

/// The shortest set of principal formulas that together explain nearly all rows, each with rows of its own: pairs
/// first, by the bits of their names, then triples.
fn mixture(column: &ColumnTally, grammar: &Grammar) -> Option<Vec<Member>> {
    let groups: Vec<(u128, u64)> = column.groups.iter().map(|(set, group)| (*set, group.rows)).collect();
    let covered = |set: u128| groups.iter().filter(|(own, _)| own & set != 0).map(|(_, rows)| rows).sum::<u64>();
    let enough = |set: u128| covered(set) as f64 >= NEARLY_ALL * column.judged as f64;
    let bits = |at: usize| grammar.entries().get(at).map_or(u32::MAX, |entry| entry.bits);
    let useful: Vec<usize> = (0..PRINCIPAL.min(grammar.entries().len()))
        // A sum rounded at every step has a wide bound: it explains a whole column or nothing.
        .filter(|at| grammar.entries()[*at].formula.reduce.half_precision().is_none())
        .filter(|at| covered(1 << at) >= FEWEST && is_told_apart(column, grammar, *at))
        .collect();
    let shortest = |sets: &mut dyn Iterator<Item = Vec<usize>>| {
        let mut best: Option<(u32, Vec<usize>)> = None;
        for members in sets {
            let set = members.iter().fold(0_u128, |set, at| set | 1 << at);
            let cost: u32 = members.iter().map(|at| bits(*at)).sum();
            let shorter = best.as_ref().is_none_or(|(kept, _)| cost < *kept);
            if shorter && enough(set) && members.iter().all(|at| own_rows(column, set, *at) >= FEWEST) {
                best = Some((cost, members));
            }
        }
        best
    };
    let pairs =
        || useful.iter().enumerate().flat_map(|(index, a)| useful[index + 1..].iter().map(move |b| vec![*a, *b]));
    // Triples must include the convention.
    let triples = || pairs().filter(|pair| !pair.contains(&0)).map(|pair| vec![0, pair[0], pair[1]]);
    let best = shortest(&mut pairs()).or_else(|| shortest(&mut triples()));
    let (_, members) = best?;
    let all: u128 = members.iter().fold(0, |set, at| set | 1 << at);
    let mut found: Vec<Member> = Vec::new();
    for at in members {
        let own = || column.groups.iter().filter(|(set, _)| *set & all == 1 << at).map(|(_, group)| group);
        let first = own().map(|group| &group.first).min()?.clone();
        let last = own().map(|group| &group.last).max()?.clone();
        found.push(Member { at, rows: own_rows(column, all, at), first, last });
    }
    found.sort_by(|a, b| a.first.cmp(&b.first));
    Some(found)
}

/// Rows that one formula of a set explains and the others do not.
fn own_rows(column: &ColumnTally, all: u128, at: usize) -> u64 {
    column.groups.iter().filter(|(set, _)| *set & all == 1 << at).map(|(_, group)| group.rows).sum()
}

/// Whether a formula gives every claim to its last digit.
pub(super) fn is_exact(column: &ColumnTally, at: usize) -> bool {
    column.formulas.get(at).is_some_and(|count| count.exact == column.judged)
}

/// Whether the log can distinguish a formula from a plainer one: an end token to leave out, padding to add.
fn is_told_apart(column: &ColumnTally, grammar: &Grammar, at: usize) -> bool {
    match grammar.entries().get(at).map(|entry| entry.formula.span) {
        Some(Span::WithoutEnd) => column.with_end > 0,
        Some(Span::WithPadding) => column.with_padding > 0,
        _ => true,
    }
}

/// The cast that rows of a column need to follow their convention, if their digits are too few to show it.
pub(super) fn possible_cast(column: &ColumnTally, chosen: usize) -> Option<Cast> {
    match column.casts.get(chosen)?.best(column.judged)? {
        (cast, Sureness::Possible) => Some(cast),
        (_, Sureness::Granted) => None,
    }
}

/// The verdicts on a column's claims. Rows that agree with their convention only because of coarse digits are not
/// proven.
pub(super) fn verdicts(column: &ColumnTally, chosen: usize, explanation: &Explanation) -> VerdictCounts {
    let gaps: u64 = column.gaps.values().sum();
    if *explanation == Explanation::Unknown {
        return VerdictCounts { unprovable: gaps + column.judged, ..VerdictCounts::default() };
    }
    if matches!(explanation, Explanation::Formula { exact: true, .. }) {
        return VerdictCounts { refuted: column.judged, unprovable: gaps, ..VerdictCounts::default() };
    }
    if let Explanation::AsRight { at } = explanation {
        let proven = column.formulas.get(*at).map_or(0, |count| count.explained);
        return VerdictCounts { proven, refuted: column.judged - proven, unprovable: gaps, ..VerdictCounts::default() };
    }
    let follows = column.accepted.get(chosen).copied().unwrap_or(0);
    // Rows that follow only if their sum was stored in 16 bits, with too few digits to show that it was.
    let maybe_cast = possible_cast(column, chosen).map_or(0, |_| column.casts.get(chosen).map_or(0, CastStats::rows));
    let undecided = (column.closeness.undecided() + maybe_cast).min(follows);
    if *explanation == Explanation::MaybeHalf {
        let unprovable = gaps + undecided + column.judged - follows;
        return VerdictCounts { proven: follows - undecided, unprovable, ..VerdictCounts::default() };
    }
    if let Explanation::Formula { at, .. } = explanation
        && is_exact(column, *at)
    {
        // Rows that the convention gives only within rounding follow the formula that gives every row exactly.
        let refuted = column.judged - follows + undecided;
        return VerdictCounts { proven: follows - undecided, refuted, unprovable: gaps, ..VerdictCounts::default() };
    }
    VerdictCounts {
        proven: follows - undecided,
        refuted: column.judged - follows,
        unprovable: gaps + undecided,
        ..VerdictCounts::default()
    }
}

/// An entry of the grammar.
pub(super) fn entry(grammar: Option<&Grammar>, at: usize) -> GrammarEntry {
    let sum = || GrammarEntry::plain(Formula::SUM, 0, 0);
    grammar.and_then(|grammar| grammar.entries().get(at)).copied().unwrap_or_else(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::{FormulaCount, Group};

    fn place(line: u64) -> RowRef {
        RowRef { file: 0, line, column: 1, item: String::new(), span: None }
    }

    /// A searched column under the sum as convention: the sum explains some rows, the mean others.
    fn column(grammar: &Grammar, sum: u64, mean: u64, neither: u64) -> ColumnTally {
        let judged = sum + mean + neither;
        let mut column = ColumnTally { accepted: vec![sum], judged, refuted: judged - sum, ..ColumnTally::default() };
        column.formulas = vec![FormulaCount::default(); grammar.entries().len()];
        let at = grammar.position(&Formula::MEAN).unwrap();
        column.formulas[0] = FormulaCount { explained: sum, evaluated: judged, ..FormulaCount::default() };
        column.formulas[at] = FormulaCount {
            explained: mean,
            decisive: mean,
            against: sum,
            evaluated: judged,
            ..FormulaCount::default()
        };
        for (set, rows, first) in [(1, sum, 1), (1 << at, mean, sum + 1)] {
            if rows > 0 {
                column.add_group(set, Group { rows, first: place(first), last: place(first + rows - 1) });
            }
        }
        column
    }

    #[test]
    fn a_column_without_a_refuted_row_follows_its_convention() {
        let grammar = Grammar::around(Formula::SUM);
        assert_eq!(shortest(&column(&grammar, 40, 0, 0), 0, Some(&grammar)), Explanation::Follows);
    }

    #[test]
    fn without_a_search_nothing_explains_a_refuted_row() {
        let grammar = Grammar::around(Formula::SUM);
        assert_eq!(shortest(&column(&grammar, 0, 40, 0), 0, None), Explanation::Nothing);
    }

    #[test]
    fn one_formula_for_all_rows_is_the_explanation_with_the_rows_that_it_leaves() {
        let grammar = Grammar::around(Formula::SUM);
        let at = grammar.position(&Formula::MEAN).unwrap();
        let all = shortest(&column(&grammar, 0, 100, 0), 0, Some(&grammar));
        assert_eq!(all, Explanation::Formula { at, runner_up: None, ambiguous: false, rest: 0, exact: false });
        let nearly = shortest(&column(&grammar, 0, 99, 1), 0, Some(&grammar));
        assert_eq!(nearly, Explanation::Formula { at, runner_up: None, ambiguous: false, rest: 1, exact: false });
    }

    #[test]
    fn a_few_rows_that_fit_by_chance_explain_nothing() {
        let grammar = Grammar::around(Formula::SUM);
        assert_eq!(shortest(&column(&grammar, 90, 2, 8), 0, Some(&grammar)), Explanation::Nothing);
    }

    #[test]
    fn two_formulas_over_separate_rows_are_a_mixture_in_the_order_of_the_log() {
        let grammar = Grammar::around(Formula::SUM);
        let at = grammar.position(&Formula::MEAN).unwrap();
        let Explanation::Mixture(members) = shortest(&column(&grammar, 60, 40, 0), 0, Some(&grammar)) else {
            panic!("no mixture")
        };
        let [sum, mean] = &members[..] else { panic!("{members:?}") };
        assert_eq!((sum.at, sum.rows, sum.first.line, sum.last.line), (0, 60, 1, 60));
        assert_eq!((mean.at, mean.rows, mean.first.line, mean.last.line), (at, 40, 61, 100));
        // Two rows are not a group.
        let too_few = shortest(&column(&grammar, 98, 2, 0), 0, Some(&grammar));
        assert!(!matches!(too_few, Explanation::Mixture(_)), "{too_few:?}");
    }

    #[test]
    fn one_constant_is_a_shift_and_an_interval_around_zero_is_none() {
        let grammar = Grammar::around(Formula::SUM);
        let mut shifted = column(&grammar, 0, 0, 20);
        shifted.shift = Some((0.25, 0.75));
        assert_eq!(shortest(&shifted, 0, Some(&grammar)), Explanation::Shift(0.5));
        shifted.shift = Some((-0.25, 0.75));
        assert_eq!(shortest(&shifted, 0, Some(&grammar)), Explanation::Nothing);
    }

    #[test]
    fn zeros_above_tokens_that_give_another_value_are_a_stub() {
        let stub = ColumnTally { judged: 5, refuted: 5, zero: 5, zero_without_cause: 5, ..ColumnTally::default() };
        assert_eq!(shortest(&stub, 0, None), Explanation::Stub);
        let null = ColumnTally { zero_without_cause: 3, ..ColumnTally::default() };
        assert_eq!(shortest(&null, 0, None), Explanation::Stub);
    }
}
