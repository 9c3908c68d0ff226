//! RT616: an advantage is a reward's distance divided by a deviation of nothing.

use crate::metric::advantages::far_from_flat;
use crate::numeric::show;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT616-reward-parts"), check, say);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for rows in run.stream.items.columns.joint.groups().values() {
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
    let rows = all.failed;
    let who = if rows == 1 { "advantage of 1 row lies".to_owned() } else { format!("advantages of {rows} rows lie") };
    let first = all.exemplars.kept().first().map(|row| &row.evidence);
    let detail = first.map_or("", |evidence| evidence.detail.as_str());
    let found = first.map_or(f64::NAN, |evidence| evidence.found);
    Message::new(format!("the {who} far outside the group, the first at {}: {detail}", show(found))).help(
        "do not divide where the group's deviation is 0 (or below the smallest reward step): leave the reward centred",
    )
}
