//! RT616: a reward is not the weighted sum of its parts, or an advantage is a reward's distance divided by a deviation of
//! nothing.

use crate::metric::advantages::far_from_flat;
use crate::metric::reward_sums::{SolvedRewards, WrongReward, declared};
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
        for _ in 0..wrong.rows {
            let evidence = Evidence::equals(wrong.expected.value).found(wrong.reward).within(wrong.expected.half);
            seen.fail_at(&run.first_row(), wrong.item, evidence.detail(detail(&solved, wrong)));
        }
        seen.count(SUMS, wrong.rows);
    }
    (0..solved.verdicts.proven).for_each(|_| seen.holds());
}

/// What gives the reward instead, and in how many rows.
fn detail(solved: &SolvedRewards<'_>, wrong: &WrongReward<'_>) -> String {
    let formula = solved.formula(&solved.weights);
    let gives = format!("{formula} = {}", show(wrong.expected.value));
    match &solved.instead {
        Some(instead) => format!("the declared {gives}; the rows follow {}", solved.formula(instead)),
        None => format!("{gives}, as in {} other rows", solved.verdicts.proven),
    }
}

fn advantages(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for rows in run.stream.items.columns.facts.groups().values() {
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
            seen.fail_at(&run.first_row(), "", evidence);
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
