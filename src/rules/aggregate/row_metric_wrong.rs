//! RT611: a row's correctness contradicts its own pick, or its scores, and its gold answer.

use std::collections::BTreeMap;

use crate::metric::choice::Cut;
use crate::metric::{FEWEST, JudgedRow, row};
use crate::model::{Definition, Divisor, ItemSummary, Ranking, Verdict};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::item(page!("RT611-row-metric-wrong"), check, say)
    .counts(&[CORRECT, VALUES, UNWEIGHTED])
    .when(fires)
    .parts(parts);

/// Items whose own correctness is wrong.
const CORRECT: Key<u64> = Key::new(0, "correct");
/// Wrong values that do not name a candidate: numbers whose operands are in the row.
const VALUES: Key<u64> = Key::new(1, "values");
/// Of these, sums that leave out the weights.
const UNWEIGHTED: Key<u64> = Key::new(2, "unweighted");
/// What messages call an item's own correctness.
const OWN: &str = "correct";

fn check(view: &ItemView<'_>, seen: &mut Observer<'_>) {
    let item = view.item;
    let pick = item.picked();
    if let (Some(correct), Some(right)) = (item.correct, item.is_right(pick)) {
        seen.judge_here(correct == right, || {
            Evidence::equals(f64::from(u8::from(right)))
                .found(f64::from(u8::from(correct)))
                .detail(format!("correct is {correct}, but {}", picked(item, pick, right)))
        });
        if correct != right {
            seen.count(CORRECT, 1);
        }
    }
    for own in view.metrics.iter().filter(|own| row::is_claim(own.metric)) {
        let judged = own.row.judged;
        if judged.verdict == Verdict::Unprovable {
            continue;
        }
        let wrong = judged.is_refuted();
        seen.judge(own.metric.at, !wrong, || {
            Evidence::equals(judged.expected).found(judged.reported).detail(detail(own))
        });
        if wrong {
            seen.part(&own.metric.of.name).failed += 1;
            if !own.definition.is_some_and(Definition::is_choice) {
                seen.count(VALUES, 1);
                if is_unweighted(own) {
                    seen.count(UNWEIGHTED, 1);
                }
                let part = seen.part(&own.metric.of.name);
                own.instead.iter().for_each(|words| part.add_instead(words));
                if part.why.is_empty() && !own.instead.is_empty() {
                    part.why = own.meant().map_or_else(String::new, |meant| format!(", not {meant}"));
                }
            }
        }
        // Another rule reports what explains all rows.
        for (pattern, _) in (0..).zip(own.fits.all()).filter(|(_, fits)| *fits != Some(true)) {
            seen.part(&own.metric.of.name).unexplained.add(pattern, 1);
        }
    }
}

/// Whether a weighted mean is the sum without weights.
fn is_unweighted(own: &JudgedRow<'_>) -> bool {
    let Some(Definition::WeightedMeanOf(parts)) = own.definition else { return false };
    let sum: f64 = parts.iter().map(|(number, _)| number.value).sum();
    (sum - own.row.judged.reported).abs() <= own.row.judged.within
}

/// The pick beside the gold answer: their labels, or the position of the candidate.
fn picked(item: &ItemSummary, pick: Option<usize>, right: bool) -> String {
    let gold = if right { "is" } else { "is not" };
    match item.is_same_label().and_then(|_| item.pick.name().zip(item.gold.name())) {
        Some((pick, label)) => format!("pick {pick} {gold} the gold answer {label}"),
        None => format!("pick {} {gold} the gold answer", pick.unwrap_or(0)),
    }
}

fn detail(own: &JudgedRow<'_>) -> String {
    let (name, derived) = (&own.metric.of.name, own.row.judged.expected);
    match (own.definition, own.row.winner) {
        (Some(Definition::GreedyGold), _) => format!("is_greedy of the gold answer gives {name} = {derived}"),
        (Some(Definition::Right(Ranking::By(divisor))), Some(winner)) => {
            let by = if *divisor == Divisor::Raw { String::new() } else { format!(" over {}", divisor.words()) };
            format!("choice {winner} has the highest score{by}: {name} = {derived}")
        }
        (_, Some(winner)) => format!("choice {winner} wins: {name} = {derived}"),
        _ => match own.instead.first() {
            Some(words) => format!("the row gives {name} = {derived}; it is {words}"),
            None => format!("the row gives {name} = {derived}"),
        },
    }
}

/// What wrong numbers are instead, where one way explains nearly all of those of some name: rounding hides a few.
fn instead(all: &Observed) -> Option<String> {
    let of = |(name, failed): (&str, u64)| {
        let part = all.parts.get(name)?;
        let (words, times) = part.best_instead().filter(|(_, times)| *times >= failed - failed / 20)?;
        let count = if times == failed { rows(failed) } else { format!("{times} of {} that are wrong", rows(failed)) };
        Some(format!("{name} of {count} is {words}{}", part.why))
    };
    let plain = |(name, failed): (&str, u64)| format!("{name} of {} does not match its row", rows(failed));
    let is_any = all.failed_parts().any(|part| of(part).is_some());
    let ways: Vec<String> = all.failed_parts().map(|part| of(part).unwrap_or_else(|| plain(part))).collect();
    is_any.then(|| ways.join("; "))
}

fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

/// Number of patterns that are compared: the divisors, then the slicings.
const PATTERNS: u64 = (Divisor::ALL.len() + Cut::ALL.len()) as u64;

/// What only this rule explains, by name, with the wrong rows.
fn own(all: &Observed) -> BTreeMap<&str, u64> {
    let metrics = all.failed_parts().filter(|(name, failed)| {
        let unexplained = |pattern| all.parts.get(*name).map_or(0, |part| part.unexplained.count(pattern));
        *failed < FEWEST || (0..PATTERNS).all(|pattern| unexplained(pattern) > 0)
    });
    let mut own: BTreeMap<&str, u64> = metrics.collect();
    if all.count(CORRECT) > 0 {
        *own.entry(OWN).or_default() += all.count(CORRECT);
    }
    own
}

fn fires(all: &Observed) -> bool {
    !own(all).is_empty()
}

fn parts(all: &Observed) -> Vec<String> {
    own(all).into_keys().map(str::to_owned).collect()
}

fn say(all: &Observed) -> Message {
    let wrong: Vec<String> = own(all).into_iter().map(|(name, count)| format!("{name} of {}", rows(count))).collect();
    let values = all.count(VALUES);
    if values > 0 && all.count(UNWEIGHTED) == values {
        return Message::new(format!(
            "{} is the sum of its scores, not Σ weight·score ÷ Σ weight",
            wrong.join(" and ")
        ))
        .help("weight each assertion's score, and divide by the sum of the weights");
    }
    if values > 0 {
        let (title, help) = match instead(all) {
            Some(instead) => {
                (instead, "compute it as its name and the tool say, or log it under the name of what it is")
            }
            None => (
                format!("{} does not match the other values of the same row", wrong.join(" and ")),
                "compute a row's value from the numbers and answers written to the same row",
            ),
        };
        return Message::new(title).help(help);
    }
    Message::new(format!("{} contradicts the logged pick or scores and the gold answer", wrong.join(" and ")))
        .help("compute a row's correctness from the pick and the gold answer written to the same row")
}
