//! RT616: an advantage is a reward's distance divided by a deviation of nothing.

use crate::numeric::show;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT616-reward-parts"), check, say);

/// Advantages of a group lie within √n of its deviation; far beyond, something else divided them.
const FAR: f64 = 50.0;
/// Largest deviation that is none.
const NOTHING: f64 = 1e-9;

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for rows in run.stream.items.columns.facts.groups().values() {
        for (at, (reward, advantage)) in rows.iter().enumerate() {
            let others: Vec<f64> =
                rows.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (own, _))| *own).collect();
            let (low, high) =
                others.iter().fold((f64::MAX, f64::MIN), |(low, high), own| (low.min(*own), high.max(*own)));
            let is_flat = others.len() > 1 && high - low <= NOTHING && (reward - low).abs() > NOTHING;
            if !is_flat || advantage.abs() < FAR.max(FAR * (reward - low).abs()) {
                seen.holds();
                continue;
            }
            let divisor = (reward - low) / advantage;
            let detail = format!(
                "({} - {}) / {} = {}: the other {} rewards are equal",
                show(*reward),
                show(low),
                show(divisor),
                show(*advantage),
                others.len()
            );
            let evidence = Evidence::equals(reward - low).found(*advantage).within(divisor.abs()).detail(detail);
            seen.fail_at(&run.first_row(), "", evidence);
        }
    }
}

fn say(all: &Observed) -> Message {
    let rows = all.failed;
    let who = if rows == 1 { "advantage of 1 row lies".to_owned() } else { format!("advantages of {rows} rows lie") };
    let first = all.exemplars.kept().first().map(|row| &row.evidence);
    let detail = first.map_or("", |evidence| evidence.detail.as_str());
    let found = first.map_or(f64::NAN, |evidence| evidence.found);
    Message::new(format!("the {who} far outside the group, the first at {}: {detail}", show(found))).help(
        "do not divide where the group's deviation is 0 (or below the smallest reward step): leave the reward centred",
    )
}
