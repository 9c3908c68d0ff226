//! RT702: items are missing.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::run(page!("RT702-missing-item"), check, say);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    let stream = run.stream;
    let items = stream.items.items;
    let Some(claim) = run.judged.iter().find(|metric| metric.is_count() && metric.reported.is_finite()) else {
        return;
    };
    // Neither alone is evidence: ids may come from a selection, and a log may hold a sample of the rows.
    let Some((low, high)) = stream.integer_ids.filter(|_| stream.integer_rows > 0) else { return };
    let range = high.saturating_sub(low).saturating_add(1);
    let complete = u64::try_from(range).is_ok_and(|range| range <= items);
    // Widely spaced ids are a selection from a larger set.
    let claimed = claim.reported;
    let selection = range as f64 > claimed;
    if claimed > items as f64 && !complete && !selection {
        let missing = claimed - items as f64;
        let detail =
            format!("ids {low} … {high}: a range of {range}, but {items} items; {claimed} claimed, {missing} missing");
        let evidence = Evidence::equals(items as f64).found(claimed).detail(detail);
        seen.fail_at(&claim.claim.at, "", evidence);
    } else {
        seen.holds();
    }
}

fn say(all: &Observed) -> Message {
    let first = all.exemplars.kept().first().map(|row| &row.evidence);
    let (claimed, items) = first.map_or((0.0, 0.0), |evidence| (evidence.found, evidence.expected));
    Message::new(format!("{claimed} items are claimed, {items} are in the log, and their ids have gaps"))
        .help("find and rerun the missing ids, then merge by id before aggregating")
}
