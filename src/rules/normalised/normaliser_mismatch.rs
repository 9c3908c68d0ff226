//! RT501: a normalised pick was made with a different divisor than its name says.

use crate::rules::normalised::fail;
use crate::rules::prelude::*;

pub(super) static RULE: Rule =
    Rule::run(page!("RT501-normaliser-mismatch"), check, say).parts(crate::rules::failed_parts);

fn check(run: &RunView<'_>, seen: &mut Observer<'_>) {
    for (name, rows) in run.stream.items.metrics.iter().filter(|(_, rows)| rows.verdicts.refuted > 0) {
        let Some(own) = rows.own_divisor else { continue };
        // A wrong slice explains more than a wrong divisor: RT503 covers all metrics computed from it.
        if rows.other_cut().is_some() {
            continue;
        }
        if let Some(other) = rows.other_divisor(own) {
            let explained = rows.divisors.get(&own).map_or(0, |(_, explained)| *explained);
            let detail = format!(
                "{name} divides by {}, which explains {explained} of {n} rows; {} explains {n} of {n}",
                own.words(),
                other.words(),
                n = rows.rows
            );
            fail(name, rows, seen, &detail);
        }
    }
}

fn say(all: &Observed) -> Message {
    let names: Vec<&str> = all.failed_parts().map(|(name, _)| name).collect();
    let detail = all.exemplars.kept().first().map_or("", |row| row.evidence.detail.as_str());
    Message::new(format!(
        "{} divides by a length other than its name says: wrong in {} of {} rows",
        names.join(" and "),
        all.failed,
        all.judged
    ))
    .label(detail)
    .help("divide by the length that the metric's name promises, of the choice without the leading delimiter")
}
