//! RT616: a reward is not the weighted sum of its parts, or an advantage is a reward's distance divided by a deviation of
//! nothing.

use crate::metric::advantages::far_from_flat;
use crate::metric::alike::FirstRow;
use crate::metric::reward_sums::{SolvedRewards, WrongReward, declared};
use crate::model::Located;
use crate::numeric::show;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT616-reward-parts"), check, say).counts(&[SUMS]);

/// Rewards that are not the sum of their parts.
const SUMS: Key<u64> = Key::new(0, "sums");

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    rewards(run, seen);
    advantages(run, seen);
}

/// Rewards against the weighted sums of their parts.
fn rewards(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let claims = || run.metrics.iter().copied();
    let solved = run.stream.items.columns.facts.reward_sums.solve(|part| declared(claims(), part));
    let Some(solved) = solved else { return };
    for wrong in &solved.wrong {
        let evidence = Evidence::equals(wrong.expected.value).found(wrong.reward).within(wrong.expected.half);
        let (located, item) = located(run, wrong.first);
        seen.fail_at(&located, item, evidence.detail(detail(&solved, wrong)));
        seen.more(wrong.rows - 1, wrong.rows - 1);
        seen.count(SUMS, wrong.rows);
    }
    (0..solved.verdicts.proven).for_each(|_| seen.holds());
}

/// The place of a row, and its name.
fn located<'f>(run: &RunView<'_>, first: Option<&'f FirstRow>) -> (Located, &'f str) {
    let place = |first: &FirstRow| Located { place: first.place.clone(), ..Located::default() };
    (first.map_or_else(|| run.first_row(), place), first.map_or("", |first| &first.item))
}

/// What gives the reward instead, and in how many rows.
fn detail(solved: &SolvedRewards<'_>, wrong: &WrongReward<'_>) -> String {
    let formula = solved.formula(&solved.weights);
    let half = if wrong.is_twice { ", half of it" } else { "" };
    let gives = format!("{formula} = {}{half}", show(wrong.expected.value));
    match &solved.instead {
        Some(instead) => format!("the declared {gives}; the rows follow {}", solved.formula(instead)),
        None => format!("{gives}, as in {} other rows", solved.verdicts.proven),
    }
}

fn advantages(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let facts = &run.stream.items.columns.facts;
    for (group, rows) in &facts.groups() {
        for (at, (reward, advantage)) in rows.iter().enumerate() {
            let Some(distance) = far_from_flat(rows, at) else {
                seen.holds();
                continue;
            };
            let divisor = distance / advantage;
            let detail = format!(
                "({} - {}) / {} = {}: the other {} rewards are equal",
                show(*reward),
                show(reward - distance),
                show(divisor),
                show(*advantage),
                rows.len() - 1
            );
            let evidence = Evidence::equals(distance).found(*advantage).within(divisor.abs()).detail(detail);
            let (located, _) = located(run, facts.first_rollout(*group, (*reward, *advantage)));
            seen.fail_at(&located, "", evidence);
        }
    }
}

fn say(all: &Observed) -> Message {
    let rows = all.count(SUMS);
    if rows > 0 {
        let (whose, are) = if rows == 1 { ("reward of 1 row", "is") } else { ("rewards", "are") };
        let whose = if rows == 1 { whose.to_owned() } else { format!("{whose} of {rows} rows") };
        let first = all.exemplars.kept().first();
        let (found, detail) = first.map_or((f64::NAN, ""), |row| (row.evidence.found, row.evidence.detail.as_str()));
        let item = first.map(|row| row.item.as_str()).filter(|item| !item.is_empty());
        let item = item.map_or_else(String::new, |item| format!(" (item {item})"));
        return Message::new(format!(
            "the {whose} {are} not the weighted sum of the parts, the first{item} {}: {detail}",
            show(found)
        ))
        .help("compute the reward from the parts that are written to the same row, or log the part that is missing");
    }
    let rows = all.failed;
    let who = if rows == 1 { "advantage of 1 row lies".to_owned() } else { format!("advantages of {rows} rows lie") };
    let first = all.exemplars.kept().first().map(|row| &row.evidence);
    let detail = first.map_or("", |evidence| evidence.detail.as_str());
    let found = first.map_or(f64::NAN, |evidence| evidence.found);
    Message::new(format!("the {who} far outside the group, the first at {}: {detail}", show(found))).help(
        "do not divide where the group's deviation is 0 (or below the smallest reward step): leave the reward centred",
    )
}
