//! Rules of the family `aggregate`.

mod dropped_rows;
mod equal_marked_wrong;
mod gold_accepts_all;
mod grade_outside_scale;
mod group_weights;
mod impossible_mean;
mod mean_of_exp;
mod mean_of_means;
mod metric_mismatch;
mod metric_not_finite;
mod percent_for_fraction;
mod reward_parts;
mod row_metric_wrong;
mod sentinel_averaged;
mod stderr_mismatch;
mod verdict_cannot_fail;

use crate::metric::AggregateCause;
use crate::model::Verdict;
use crate::numeric::show;
use crate::rules::prelude::*;

/// The family's rules.
pub(super) static RULES: &[&Rule] = &[
    &metric_mismatch::RULE,
    &mean_of_exp::RULE,
    &mean_of_means::RULE,
    &stderr_mismatch::RULE,
    &group_weights::RULE,
    &dropped_rows::RULE,
    &sentinel_averaged::RULE,
    &percent_for_fraction::RULE,
    &metric_not_finite::RULE,
    &reward_parts::RULE,
    &row_metric_wrong::RULE,
    &impossible_mean::RULE,
    &equal_marked_wrong::RULE,
    &gold_accepts_all::RULE,
    &grade_outside_scale::RULE,
    &verdict_cannot_fail::RULE,
];

/// Looks at the reported numbers of a run: those that are wrong for one reason fail.
fn observe(run: &RunView<'_>, seen: &mut Observer<'_>, is_reason: impl Fn(AggregateCause) -> bool) {
    for metric in run.judged {
        match metric.verdict {
            Verdict::Unprovable => {}
            Verdict::Refuted if metric.cause.is_some_and(&is_reason) => {
                let part = seen.part(&metric.name());
                part.failed += 1;
                part.why.clone_from(&metric.why);
                let evidence = Evidence::equals(metric.recomputed.unwrap_or(f64::NAN))
                    .found(metric.reported)
                    .within(metric.bound)
                    .detail(&metric.arithmetic);
                seen.fail_at(&metric.claim.at, "", evidence);
            }
            Verdict::Proven | Verdict::FromRefuted | Verdict::Refuted => seen.holds(),
        }
    }
}

/// One line with both numbers.
fn title(all: &Observed, what: &str) -> String {
    let names: Vec<&str> = all.failed_parts().map(|(name, _)| name).collect();
    let first = all.exemplars.kept().first().map(|row| &row.evidence);
    let (found, expected) = first.map_or((f64::NAN, f64::NAN), |evidence| (evidence.found, evidence.expected));
    let whys: Vec<&str> = all.parts.values().filter(|part| part.failed > 0).map(|part| part.why.as_str()).collect();
    // What is said of one number is said of all only where it is the same.
    let first_why = whys.first().copied().unwrap_or_default();
    let what = if !first_why.is_empty() && whys.iter().all(|why| *why == first_why) { first_why } else { what };
    let numbers = match (expected.is_nan(), names.len()) {
        (true, _) => format!("{} is reported", show(found)),
        (false, 1) => format!("{} is reported, but the rows give {}", show(found), show(expected)),
        (false, _) => format!("in the first, {} is reported but the rows give {}", show(found), show(expected)),
    };
    format!("{} {what}: {numbers}", names.join(", "))
}
