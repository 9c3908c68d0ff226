//! Explains the rows that no enumerated formula explains: rarer formulas, constants, casts, and two of these in one
//! column.
//!
//! Proposals come from a sample of the rows, kept with the facts that formulas need. The next pass checks every row
//! against them, as for any other formula, so no conclusion rests on the sample alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::constants::{MORE_ROWS, Pair, Side, Sought, constants, plainest};
use crate::audit::follows::{follows, may_be_cast};
use crate::formula::{
    Cast, Casts, Constant, Formula, Grammar, GrammarEntry, Output, Reduce, Scale, SequenceFacts, Term,
};
use crate::numeric::{Approx, bits_on_grid};
use crate::tally::OpenRow;

/// Number of row-tracked grammar entries reserved for the formulas found here.
pub(super) const FITTED: usize = 6;
/// Minimum number of rows that a proposal explains.
const FEWEST: u32 = 3;
/// Minimum share of the rows that a proposal explains; a smaller share may be chance.
const LEAST_SHARE: f64 = 0.1;
/// Requirements on a constant.
const SOUGHT: Sought = Sought { share: 0.1, width: 0.02, rough: false };
/// Requirements before the grid of a cast refines it.
const ROUGH: Sought = Sought { share: 0.1, width: 2.0, rough: true };
/// Number of rows used to refine a constant.
const PRECISE_ROWS: usize = 6;
/// Share of the rows at which one proposal explains the column.
const NEARLY_ALL: f64 = 0.98;
/// Bits needed to name the constant of a formula; `CAST_BITS` are those for its cast.
const NAME_BITS: u32 = 5;
const CAST_BITS: u32 = 4;
/// Bits needed to name a power of the number of tokens.
const POWER_BITS: u32 = 12;
/// Minimum evidence in bits beyond those needed to name a proposal.
const DECIDED: f64 = 10.0;
/// Maximum evidence of one row, in bits.
const MOST_BITS: f64 = 40.0;
/// Number of proposals that are combined in pairs.
const PAIRED: usize = 24;
/// Number of proposals for the whole column. Several are kept so that indistinguishable ones are all known.
const SINGLES: usize = 3;

/// The context of a search.
pub(super) struct Around {
    /// The convention of the column.
    pub(super) convention: Formula,
    /// Other accepted formulas.
    pub(super) others: Vec<Formula>,
    /// Casts that the claims may have gone through.
    pub(super) casts: Vec<Option<Cast>>,
    /// The cast assumed for enumerated formulas.
    pub(super) granted: Casts,
}

/// One row to explain.
struct Row {
    claimed: Approx,
    /// Whether no earlier row has the same claim. A repeated number fits any constant.
    is_fresh: bool,
    significant: u8,
    facts: SequenceFacts,
}

/// An entry with the sampled rows that it explains.
struct Proposal {
    entry: GrammarEntry,
    /// One bit per row.
    rows: u64,
    /// Evidence of each row, in bits.
    bits: Vec<f64>,
    /// Evidence beyond the bits of the entry's name.
    gain: f64,
}

/// The entries that may explain the refuted rows, and those for the rows that no enumerated formula explains, best
/// first. `known` are the enumerated entries tracked per row.
pub(super) fn find(
    contradicted: &[OpenRow],
    open: &[OpenRow],
    around: &Around,
    known: &[GrammarEntry],
) -> Vec<GrammarEntry> {
    let (mut chosen, mut rest) = (Vec::new(), Vec::new());
    if !explain(contradicted, around, &mut chosen) {
        explain(open, around, &mut rest);
    }
    let is_known = |entry: &GrammarEntry| {
        let cast = entry.cast.is_none() || entry.cast == around.granted.of(&entry.formula);
        entry.constant == Constant::None && cast && known.iter().any(|other| other.formula == entry.formula)
    };
    let mut found: Vec<GrammarEntry> = Vec::new();
    let [mut chosen, mut rest] = [chosen, rest].map(|entries| entries.into_iter().filter(|entry| !is_known(entry)));
    // Alternates between both lists: an entry that explains only a few rows ranks high in the second list only.
    for _ in 0..FITTED {
        for entry in [chosen.next(), rest.next()].into_iter().flatten() {
            let same = |other: &GrammarEntry| {
                (other.formula, other.constant, other.cast) == (entry.formula, entry.constant, entry.cast)
            };
            if !found.iter().any(same) {
                found.push(entry);
            }
        }
    }
    found.truncate(FITTED);
    found
}

/// Adds the entries that may explain some rows, best first. Returns whether one or two of them explain nearly all.
fn explain(rows: &[OpenRow], around: &Around, chosen: &mut Vec<GrammarEntry>) -> bool {
    let mut claims: BTreeSet<u64> = BTreeSet::new();
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            claimed: row.claimed,
            is_fresh: claims.insert(row.claimed.value.to_bits()),
            significant: row.significant,
            facts: row.facts.restore(),
        })
        .collect();
    if rows.len() <= MORE_ROWS {
        return false;
    }
    let has =
        |formula: &Formula| rows.iter().any(|row| row.facts.base(formula.term, formula.span, formula.reduce).is_some());
    let grammar = Grammar::wide(around.convention, &around.others, &has);
    let mut found: Vec<Proposal> = Vec::new();
    for core in grammar.entries() {
        let near = rows.iter().filter(|row| is_near(row, &core.formula)).count();
        // A sum rounded at every step fits any constant near 1, and already is in its format.
        if core.formula.reduce.half_precision().is_some() {
            found.extend(propose(&rows, *core, 0));
            continue;
        }
        for cast in &around.casts {
            let core = GrammarEntry { cast: *cast, ..*core };
            if cast.is_none() || near as f64 >= LEAST_SHARE * rows.len() as f64 {
                found.extend(propose(&rows, core, 0));
            }
            if core.deviations.saturating_sub(usize::from(is_bare(&core.formula, around))) <= 1 {
                found.extend(with_constants(&rows, &core, around));
            }
        }
    }
    for core in powers(around) {
        for cast in &around.casts {
            found.extend(with_constants(&rows, &GrammarEntry { cast: *cast, ..core }, around));
        }
    }
    found.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    let found = distinct(found);
    choose(&found, rows.len(), chosen)
}

/// Whether a formula is an undivided sum while the convention divides. A power or an offset of the length then replaces
/// the convention's divisor, so the missing division does not count as a deviation.
fn is_bare(formula: &Formula, around: &Around) -> bool {
    let is_divided = around.convention.reduce.is_mean() || around.convention.scale != Scale::None;
    is_divided && formula.reduce == Reduce::Sum && formula.scale == Scale::None
}

/// The convention divided by a power of the number of tokens that is not among the listed scales. A second constant is
/// solved for around it.
fn powers(around: &Around) -> Vec<GrammarEntry> {
    let Formula { term, span, output, .. } = around.convention;
    if term != Term::LogProb {
        return Vec::new();
    }
    let listed = |alpha: u16| Scale::ALL.contains(&Scale::Power(alpha)) || alpha == 100 || alpha == 200;
    let powers = (1..40).map(|step| 5 * step).filter(|alpha| !listed(*alpha));
    powers
        .map(|alpha| {
            let formula = Formula { term, span, reduce: Reduce::Sum, scale: Scale::Power(alpha), output };
            GrammarEntry::plain(formula, 1, POWER_BITS)
        })
        .collect()
}

/// Keeps the best proposal for each formula with its constants, but prefers one without a cast if no cast is needed.
fn distinct(found: Vec<Proposal>) -> Vec<Proposal> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Proposal> = Vec::new();
    for proposal in found {
        let place = *places.entry(proposal.entry.to_string()).or_insert(kept.len());
        match kept.get_mut(place) {
            None => kept.push(proposal),
            Some(known) if proposal.entry.cast.is_none() && known.rows & !proposal.rows == 0 => *known = proposal,
            Some(_) => {}
        }
    }
    kept
}

/// Whether a cast may explain a row under a formula.
fn is_near(row: &Row, formula: &Formula) -> bool {
    let derived = row.facts.evaluate_with(formula, &Constant::None, None);
    derived.is_some_and(|derived| may_be_cast(formula, row.claimed, derived))
}

/// A proposal for an entry, if enough rows support it. `constant_bits` are the bits of its constants' digits.
fn propose(rows: &[Row], entry: GrammarEntry, constant_bits: u32) -> Option<Proposal> {
    let (mut explained, mut fresh) = (0_u64, 0);
    let mut bits = vec![0.0; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        if let Some(says) = says(row, &entry) {
            explained |= 1 << at;
            let counts = entry.constant == Constant::None || row.is_fresh;
            fresh += usize::from(counts);
            bits[at] = if counts { says } else { 0.0 };
        }
    }
    if entry.constant != Constant::None && fresh <= MORE_ROWS {
        return None;
    }
    let name = entry.bits
        + constant_bits
        + entry.cast.map_or(0, |_| CAST_BITS)
        + if entry.constant == Constant::None { 0 } else { NAME_BITS };
    let entry = GrammarEntry { bits: name, ..entry };
    let gain = bits.iter().sum::<f64>() - f64::from(name);
    let count = explained.count_ones();
    let needed = (LEAST_SHARE * rows.len() as f64).max(f64::from(FEWEST));
    (f64::from(count) >= needed && gain >= DECIDED).then_some(Proposal { entry, rows: explained, bits, gain })
}

/// The evidence of a row for an entry, in bits; None if the row refutes it.
fn says(row: &Row, entry: &GrammarEntry) -> Option<f64> {
    let derived = row.facts.evaluate_with(&entry.formula, &entry.constant, entry.cast)?;
    if !follows(&row.facts, entry, entry.cast, row.claimed, derived) {
        return None;
    }
    let bits = entry.formula.bits_said(row.claimed, derived);
    let on_grid = entry.cast.map_or(0.0, |cast| {
        let undone = row.facts.undo(&entry.formula, &entry.constant, row.claimed);
        let reported = undone.map(|undone| undone.at(cast.stage));
        let tenths =
            reported.and_then(|reported| bits_on_grid(reported.value, reported.half, cast.format, row.significant));
        tenths.unwrap_or(0) as f64 / 10.0
    });
    Some((bits + on_grid).clamp(0.0, MOST_BITS))
}

/// The entries with constants around a formula.
fn with_constants(rows: &[Row], core: &GrammarEntry, around: &Around) -> Vec<Proposal> {
    let pairs: Vec<Pair> = rows.iter().filter_map(|row| pair(row, core)).collect();
    if pairs.len() <= MORE_ROWS || (pairs.len() as f64) < LEAST_SHARE * rows.len() as f64 {
        return Vec::new();
    }
    // In another unit, every factor means something else.
    let own_unit = |output: Output| core.formula.output == output || !output.is_linear();
    let is_own_unit = !core.formula.output.is_linear()
        || own_unit(around.convention.output)
        || around.others.iter().any(|other| own_unit(other.output));
    let sought = if core.cast.is_some() { ROUGH } else { SOUGHT };
    constants(&pairs, &core.formula, sought)
        .into_iter()
        .filter(|(constant, _)| is_own_unit || !matches!(constant, Constant::Factor(_) | Constant::Affine { .. }))
        .filter(|(constant, _)| core.deviations <= 1 || matches!(constant, Constant::Power(_) | Constant::Offset(_)))
        .filter_map(|(constant, bits)| {
            let entry = GrammarEntry { constant, deviations: core.deviations + 1, ..*core };
            let constants = precise(rows, &entry).unwrap_or_else(|| vec![(constant, bits)]);
            let constants = constants.into_iter().filter(|(constant, _)| !is_listed(constant));
            let proposed =
                constants.filter_map(|(constant, bits)| propose(rows, GrammarEntry { constant, ..entry }, bits));
            proposed.max_by(|a, b| a.gain.total_cmp(&b.gain))
        })
        .collect()
}

/// Whether a formula without the constant is equivalent, within the error of casts, or the constant removes the value:
/// times 0.
fn is_listed(constant: &Constant) -> bool {
    let near = |value: &Approx, listed: f64, by: f64| (value.value - listed).abs() <= by;
    match constant {
        Constant::Factor(factor) => factor.may_be_zero() || near(factor, 1.0, 2e-3),
        Constant::Shift(shift) => shift.may_be_zero(),
        Constant::Power(power) => [0.0, 1.0, 2.0].iter().any(|listed| near(power, *listed, 1e-2)),
        Constant::Offset(offset) => [-1.0, 0.0, 1.0].iter().any(|listed| near(offset, *listed, 1e-2)),
        Constant::None | Constant::Affine { .. } => false,
    }
}

/// Refines a factor or a shift from single rows. After it is removed, claims lie on the grid of the cast. Rows with the
/// coarsest grids determine the underlying number most reliably. None without a cast, or for another constant.
fn precise(rows: &[Row], entry: &GrammarEntry) -> Option<Vec<(Constant, u32)>> {
    let cast = entry.cast?;
    if !entry.formula.output.is_linear() || !matches!(entry.constant, Constant::Factor(_) | Constant::Shift(_)) {
        return None;
    }
    // The claim, its value without the constant, and that value at the cast.
    let mut sides: Vec<(Approx, f64, f64)> = rows
        .iter()
        .filter_map(|row| {
            let undone = row.facts.undo(&entry.formula, &entry.constant, row.claimed)?.at(cast.stage).value;
            let plain = match entry.constant {
                Constant::Factor(factor) => row.claimed.value / factor.value,
                Constant::Shift(shift) => row.claimed.value - shift.value,
                _ => return None,
            };
            (undone != 0.0 && plain != 0.0).then_some((row.claimed, plain, undone))
        })
        .collect();
    sides.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    let solved = sides.into_iter().take(PRECISE_ROWS).filter_map(|(claim, plain, undone)| {
        let plain = cast.format.round(undone) * (plain / undone);
        let half = claim.half + 4.0 * f64::EPSILON * claim.value.abs();
        if let Constant::Factor(_) = entry.constant {
            let (factor, half) = (claim.value / plain, half / plain.abs());
            plainest(factor - half, factor + half).map(|(factor, bits)| (Constant::Factor(factor), bits))
        } else {
            let shift = claim.value - plain;
            plainest(shift - half, shift + half).map(|(shift, bits)| (Constant::Shift(shift), bits))
        }
    });
    Some(solved.collect())
}

fn pair(row: &Row, core: &GrammarEntry) -> Option<Pair> {
    let GrammarEntry { formula, constant, cast, .. } = core;
    let plain = Formula { output: Output::Nats, ..*formula };
    let derived = row.facts.evaluate_with(formula, constant, *cast)?;
    let undone = row.facts.evaluate_with(&plain, constant, *cast)?;
    let n = row.facts.base(formula.term, formula.span, formula.reduce)?.n;
    let usable = derived.value != 0.0 && undone.value != 0.0;
    usable.then(|| Pair {
        printed: Side { claim: row.claimed, derived },
        undone: Side { claim: formula.output.undo(row.claimed), derived: undone },
        n: f64::from(n),
    })
}

/// Adds the proposals to try on every row: those that explain the whole sample, otherwise the two that do so together,
/// then the next best ones. Returns whether one or two explain nearly all.
fn choose(found: &[Proposal], rows: usize, chosen: &mut Vec<GrammarEntry>) -> bool {
    let enough = |explained: u64| f64::from(explained.count_ones()) >= NEARLY_ALL * rows as f64;
    let mut order: Vec<usize> = (0..found.len()).filter(|at| enough(found[*at].rows)).take(SINGLES).collect();
    let mut is_explained = !order.is_empty();
    if order.is_empty()
        && let Some(pair) = best_pair(found)
    {
        is_explained = enough(pair.iter().fold(0, |rows, at| rows | found[*at].rows));
        order.extend(pair);
    }
    order.extend(0..found.len());
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    order.retain(|at| seen.insert(*at));
    chosen.extend(order.into_iter().take(2 * FITTED).map(|at| found[at].entry));
    is_explained
}

/// The two proposals with the most evidence together. Each has rows of its own, and their casts do not differ in
/// format.
fn best_pair(found: &[Proposal]) -> Option<[usize; 2]> {
    let mut best: Option<(f64, [usize; 2])> = None;
    for (at, first) in found.iter().enumerate().take(PAIRED) {
        for (other, second) in found.iter().enumerate().skip(at + 1) {
            let own = (second.rows & !first.rows).count_ones();
            let others = (first.rows & !second.rows).count_ones();
            let format = |proposal: &Proposal| proposal.entry.cast.map(|cast| cast.format);
            let other_format = format(first).zip(format(second)).is_some_and(|(a, b)| a != b);
            if other_format || own < FEWEST || others < FEWEST {
                continue;
            }
            let alone = second.bits.iter().enumerate().filter(|(row, _)| first.rows & (1 << row) == 0);
            let added = alone.map(|(_, bits)| bits).sum::<f64>() - f64::from(second.entry.bits);
            let gain = first.gain + added;
            if added >= DECIDED && best.is_none_or(|(kept, _)| gain > kept) {
                best = Some((gain, [at, other]));
            }
        }
    }
    best.map(|(_, pair)| pair)
}
