//! The verdict in one sentence, and the counts behind it.

use crate::model::VerdictCounts;
use crate::report::Report;
use crate::report::words::count;

/// Verdicts over all kinds of claims.
#[must_use]
pub(crate) fn totals(report: &Report) -> VerdictCounts {
    let mut totals = VerdictCounts::default();
    for counts in report.summary.verdicts.values() {
        totals.merge(counts);
    }
    totals
}

/// The result of the audit in one sentence.
#[must_use]
pub(crate) fn headline(report: &Report) -> String {
    let counts = report.shown_counts();
    let totals = totals(report);
    if report.errors.iter().any(|error| error.fatal) {
        return "The audit is incomplete: an input could not be used".to_owned();
    }
    if counts.error > 0 {
        let causes = if counts.error == 1 { "1 error".to_owned() } else { format!("{} errors", count(counts.error)) };
        return match totals.refuted {
            0 => format!("{causes} found"),
            1 => format!("{causes} found; 1 of {} claims is refuted", count(totals.total())),
            refuted => format!("{causes} found; {} of {} claims are refuted", count(refuted), count(totals.total())),
        };
    }
    let quiet = match (counts.warning, counts.note) {
        (0, 0) => String::new(),
        (1, _) => "; 1 warning".to_owned(),
        (0, 1) => "; 1 note".to_owned(),
        (0, notes) => format!("; {} notes", count(notes)),
        (warnings, _) => format!("; {} warnings", count(warnings)),
    };
    if let Some(failure) = report.gate.as_ref().and_then(|gate| gate.failures.first()) {
        return format!("The gate fails: {failure}");
    }
    if totals.refuted > 0 {
        return format!("{} of {} claims are refuted{quiet}", count(totals.refuted), count(totals.total()));
    }
    match (totals.proven, totals.unprovable) {
        (0, 0) => format!("No claim was audited{quiet}"),
        (0, open) => format!("None of {} claims can be checked{quiet}", count(open)),
        (1, 0) => format!("The only claim is proven{quiet}"),
        (proven, 0) => format!("All {} claims are proven{quiet}", count(proven)),
        (proven, open) => {
            let are = if proven == 1 { "claim is" } else { "claims are" };
            format!("Nothing is refuted: {} {are} proven, {} cannot be checked{quiet}", count(proven), count(open))
        }
    }
}
