//! RT118: the trainer's and the engine's log-probs of a rollout do not describe the same tokens.

use crate::rules::prelude::*;
use crate::rules::trainer_vs_engine::{BOTH, NeighbourKeys, Neighbours, Pair, add_moments, distance, pairs};
use crate::tally::{RowSketch, Second};

pub(super) static RULE: Rule = Rule::candidate(page!("RT118-sides-do-not-match"), check, say)
    .counts(&[FAR, COMPARED, ORDERED, NEIGHBOURS, REVERSED])
    .sums(&[DISTANCE, SAME, EARLIER, LATER])
    .moments(&[BOTH])
    .histograms(&[SHIFTS])
    .when(|all| mismatch(all).is_some());

/// Tokens that a run is judged by.
const LEAST: u64 = 100;
/// Rows that a run is judged by.
const LEAST_ROWS: u64 = 4;
/// Tokens by which a row, or a row beside another one, is judged.
const LEAST_IN_ROW: usize = 4;
/// Tokens below which a shift has to bring the columns twice as close.
const FEW: usize = 8;
/// Two columns of the same tokens are correlated more than this, at any temperature and with any noise.
const UNCORRELATED: f64 = 0.3;
/// Two log-probs that lie farther apart than this are not the same number in two formats, in nats.
const FAR_APART: f64 = 0.1;
/// Differences of two tokens below this have no sign, in nats.
const DECIDED: f64 = 0.02;
/// Farthest shift within a row, in tokens, and farthest row, that is looked for.
const REACH: usize = 16;
/// Tokens of a row that shifts are looked for in.
const WINDOW: usize = 256;
/// First tokens of a row that are compared with other rows.
const SKETCHED: usize = 16;
/// Pairs of rows that another row is found by.
const LEAST_PAIRS_OF_ROWS: u64 = 8;

/// Tokens whose two log-probs lie far apart.
const FAR: Key<u64> = Key::new(0, "far_apart");
/// Pairs of tokens of one row that differ on both sides.
const COMPARED: Key<u64> = Key::new(1, "pairs_compared");
/// Those of which both sides have the same one higher.
const ORDERED: Key<u64> = Key::new(2, "pairs_in_one_order");
/// Pairs of neighbouring tokens.
const NEIGHBOURS: Key<u64> = Key::new(3, "pairs_of_neighbours");
/// Rows of the trainer that match the engine's read backwards.
const REVERSED: Key<u64> = Key::new(4, "rows_reversed");
/// Distances between the trainer's and the engine's log-prob of a token, in nats.
const DISTANCE: Key<ExactSum> = Key::new(0, "distance");
/// The same over the pairs of neighbours: at the same token, to the token before and to the token after.
const SAME: Key<ExactSum> = Key::new(1, "distance_at_same_token");
const EARLIER: Key<ExactSum> = Key::new(2, "distance_to_token_before");
const LATER: Key<ExactSum> = Key::new(3, "distance_to_token_after");
const KEYS: NeighbourKeys = NeighbourKeys { pairs: NEIGHBOURS, same: SAME, earlier: EARLIER, later: LATER };
/// Rows that match after a shift, by the shift + [`REACH`].
const SHIFTS: Key<Histogram> = Key::new(0, "rows_by_shift_plus_16");

/// Where in the engine's column the trainer's values are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// In the row so many rows later, at this mean distance over so many pairs of rows.
    Row(i64, f64, u64),
    /// In the same row, so many tokens later, in so many rows.
    Token(i64, u64),
    /// In the same row, by a shift of its own, between these, in so many rows.
    OwnShift(i64, i64, u64),
    /// In the same row read backwards, in so many rows.
    Backwards(u64),
    Nowhere,
}

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let both: Vec<Pair> = pairs(view).collect();
    let Some(at) = view.scored().find(|step| Pair::of(step).is_some()).map(|step| step.at) else { return };
    if both.len() < LEAST_IN_ROW {
        return;
    }
    add_moments(view, seen);
    let far = both.iter().filter(|pair| pair.difference().abs() > FAR_APART).count();
    let total: f64 = both.iter().map(|pair| distance(pair.trainer, pair.engine)).sum();
    seen.count(FAR, far as u64);
    seen.add(DISTANCE, total);
    KEYS.keep(&Neighbours::of(view), seen);
    seen.row(at, || {
        let first = |side: fn(&Pair) -> f64| both.iter().take(SKETCHED).map(side).collect();
        (first(|pair| pair.engine), first(|pair| pair.trainer))
    });
    let (compared, ordered) = order(&both);
    seen.count(COMPARED, compared);
    seen.count(ORDERED, ordered);
    let mean = total / both.len() as f64;
    if mean <= Neighbours::APART {
        return seen.holds();
    }
    let shift = own_shift(view, mean);
    if let Some(shift) = shift {
        seen.histogram(SHIFTS).add(shift, 1);
    }
    let backwards: f64 = both.iter().zip(both.iter().rev()).map(|(a, b)| distance(a.trainer, b.engine)).sum();
    let is_reversed = backwards * Neighbours::CLOSER <= total;
    seen.count(REVERSED, u64::from(is_reversed));
    seen.judge(at, false, || {
        let found = match shift.map(signed) {
            _ if is_reversed => format!("; read backwards it is {:.3}", backwards / both.len() as f64),
            Some(shift) => format!("; the trainer's token t matches the engine's token t {}", offset(shift)),
            None => String::new(),
        };
        Evidence::at_most(Neighbours::APART).found(mean).detail(format!(
            "over {} tokens the mean distance of the trainer's log-prob to the engine's is {mean:.3}{found}",
            both.len()
        ))
    });
}

/// Pairs of near tokens that differ clearly on both sides, and those of them that both sides order alike.
fn order(both: &[Pair]) -> (u64, u64) {
    let (mut compared, mut ordered) = (0, 0);
    for near in 1..4 {
        for (a, b) in both.iter().zip(both.iter().skip(near)) {
            let (engine, trainer) = (a.engine - b.engine, a.trainer - b.trainer);
            if engine.abs() > DECIDED && trainer.abs() > DECIDED {
                compared += 1;
                ordered += u64::from((engine > 0.0) == (trainer > 0.0));
            }
        }
    }
    (compared, ordered)
}

/// The shift, plus [`REACH`], after which the row's columns match, far closer than the mean distance of the row; of several
/// the one that leaves most tokens.
fn own_shift(view: &CandidateView<'_>, mean: f64) -> Option<u64> {
    let steps = view.candidate.steps.get(..WINDOW.min(view.candidate.steps.len()))?;
    let shifted = |places: usize| {
        let (mut count, mut sum) = (0_usize, 0.0);
        for (t, step) in steps.iter().enumerate().filter(|(_, step)| step.segment.is_scored()) {
            let other = (t + places).checked_sub(REACH).and_then(|other| steps.get(other));
            let (Some(trainer), Some(engine)) =
                (step.logprob.finite(), other.and_then(|other| other.rollout_logprob.finite()))
            else {
                continue;
            };
            count += 1;
            sum += distance(trainer.value, engine.value);
        }
        // A few tokens are close by chance.
        let closer = if count < FEW { 2.0 * Neighbours::CLOSER } else { Neighbours::CLOSER };
        (count >= LEAST_IN_ROW && sum * closer <= mean * count as f64).then_some(count)
    };
    let found = (0..=2 * REACH).filter(|places| *places != REACH).filter_map(|places| Some((shifted(places)?, places)));
    found.max_by_key(|(count, places)| (*count, std::cmp::Reverse(*places))).map(|(_, places)| places as u64)
}

fn signed(bin: u64) -> i64 {
    i64::try_from(bin).unwrap_or(0) - i64::try_from(REACH).unwrap_or(0)
}

fn offset(places: i64) -> String {
    format!("{} {}", if places < 0 { '-' } else { '+' }, places.abs())
}

/// Mean distance and correlation over all tokens.
fn relation(all: &Observed) -> Option<(f64, f64, Second)> {
    let moments = all.moments.get(BOTH)?;
    let spreads = crate::rules::trainer_vs_engine::spreads(all)?;
    let correlation = spreads.xy / numeric::sqrt(spreads.xx * spreads.yy);
    Some((all.sum(DISTANCE) / moments.n() as f64, correlation, spreads))
}

/// What the trainer's values match, where they do not match those of their own tokens. Another temperature, a truncation or
/// an older policy keeps the order of the tokens; a few filled values leave most tokens close.
fn mismatch(all: &Observed) -> Option<Place> {
    let tokens = all.moments.get(BOTH)?.n();
    let (mean, correlation, spreads) = relation(all)?;
    let (compared, ordered) = (all.count(COMPARED), all.count(ORDERED));
    let unrelated = mean > Neighbours::APART
        && correlation.abs() < UNCORRELATED
        && 2 * all.count(FAR) > tokens
        && 5 * ordered < 3 * compared;
    if tokens < LEAST || compared < LEAST || all.judged < LEAST_ROWS || !unrelated {
        return None;
    }
    // RT305 reports a shift by one.
    if KEYS.of(all).shift().is_some() {
        return None;
    }
    let place = found(all);
    // Values of other tokens are spread as the right ones are; without that, the two columns are different quantities.
    let alike = spreads.xx < 4.0 * spreads.yy && spreads.yy < 4.0 * spreads.xx;
    (place != Place::Nowhere || alike).then_some(place)
}

fn found(all: &Observed) -> Place {
    let rows = all.judged;
    let reversed = all.count(REVERSED);
    if 10 * reversed >= 9 * rows {
        return Place::Backwards(reversed);
    }
    if let Some(shifts) = all.histograms.get(SHIFTS) {
        match shifts.mode() {
            Some((bin, count)) if 10 * count >= 9 * rows => return Place::Token(signed(bin), count),
            _ => {}
        }
        let mut bins = shifts.bins().map(|(bin, _)| signed(bin));
        if let Some(least) = bins.next().filter(|_| 2 * shifts.total() >= rows) {
            return Place::OwnShift(least, bins.last().unwrap_or(least), shifts.total());
        }
    }
    other_row(all.first_rows.kept()).unwrap_or(Place::Nowhere)
}

/// The row, counted from a row's own, whose engine's values the trainer's are.
fn other_row(rows: &[RowSketch]) -> Option<Place> {
    let between = |later: usize, ahead: bool| {
        let (mut pairs, mut sum, mut own) = (0_u64, 0.0, 0.0);
        for (row, other) in rows.iter().zip(rows.iter().skip(later)) {
            let (row, other) = if ahead { (row, other) } else { (other, row) };
            let len = row.y.len().min(other.x.len());
            if row.place.file != other.place.file || len < LEAST_IN_ROW {
                continue;
            }
            let mean = |engine: &[f64]| {
                let all = row.y.iter().zip(engine).take(len);
                all.map(|(y, x)| distance(*y, *x)).sum::<f64>() / len as f64
            };
            pairs += 1;
            sum += mean(&other.x);
            own += mean(&row.x);
        }
        (pairs >= LEAST_PAIRS_OF_ROWS && sum * Neighbours::CLOSER <= own).then(|| (sum / pairs as f64, pairs))
    };
    let found = (1..=REACH).flat_map(|later| [(later, true), (later, false)]).find_map(|(later, ahead)| {
        let (mean, pairs) = between(later, ahead)?;
        Some((i64::try_from(later).ok()?, ahead, mean, pairs))
    });
    found.map(|(later, ahead, mean, pairs)| Place::Row(if ahead { later } else { -later }, mean, pairs))
}

fn say(all: &Observed) -> Message {
    let tokens = all.moments.get(BOTH).map_or(0, Moments::n);
    let (mean, correlation, _) = relation(all).unwrap_or((f64::NAN, f64::NAN, Second { xx: 0.0, xy: 0.0, yy: 0.0 }));
    let rows = all.judged;
    let place = match mismatch(all).unwrap_or(Place::Nowhere) {
        Place::Row(places, mean, pairs) => format!(
            "row i of the trainer matches row i {} of the engine, with a mean distance of {mean:.3} over {pairs} pairs of rows",
            offset(places)
        ),
        Place::Token(places, count) => {
            format!("token t of the trainer matches token t {} of the engine in {count} of {rows} rows", offset(places))
        }
        Place::OwnShift(least, most, count) => {
            format!("{count} of {rows} rows match after a shift of their own, from {least} to {most} tokens")
        }
        Place::Backwards(count) => format!("{count} of {rows} rows of the trainer match the engine's read backwards"),
        Place::Nowhere => {
            format!("no shift by up to {REACH} tokens, no reversed row and no row up to {REACH} away explains it")
        }
    };
    Message::new(format!(
        "the two sides do not belong to each other: the mean distance is {mean:.2} nats and the correlation {correlation:.2} over \
         {tokens} tokens; {place}"
    ))
    .help(
        "join the two sides by the row's id and the token's position after every reordering (balancing, packing, padding), \
         and compare them on one batch before training",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, engine: u64, trainer: u64) -> RowSketch {
        let values = |seed: u64| {
            (0..8).map(|t| -(((seed * seed * 37 + t * t * 101 + seed * t * 17) % 997) as f64) / 300.0).collect()
        };
        let place = crate::model::Place { line, ..crate::model::Place::default() };
        RowSketch { place, x: values(engine), y: values(trainer) }
    }

    #[test]
    fn the_other_row_is_found_on_either_side() {
        for places in [-3_i64, 2, 16] {
            let rows: Vec<RowSketch> =
                (20..60).map(|line| row(line, line, line.checked_add_signed(places).unwrap())).collect();
            let Some(Place::Row(found, mean, _)) = other_row(&rows) else { panic!("no row found for {places}") };
            assert_eq!((found, mean), (places, 0.0));
        }
        let unrelated: Vec<RowSketch> = (0..40).map(|line| row(line, line, line * line + 7)).collect();
        assert_eq!(other_row(&unrelated), None);
    }

    #[test]
    fn another_file_has_no_neighbours() {
        let mut rows: Vec<RowSketch> = (0..40).map(|line| row(line, line, line + 4)).collect();
        for (at, row) in rows.iter_mut().enumerate() {
            row.place.file = u32::try_from(at / 4).unwrap();
        }
        assert_eq!(other_row(&rows), None);
    }
}
