//! How much has to be proven: `[gate] min-proven` of the configuration.

use crate::model::VerdictCounts;
use crate::report::Report;
use crate::report::words::count;

/// A sentence for each minimum that the report does not reach.
pub(super) fn minimums(report: &Report, minimums: &[(String, f64)]) -> Vec<String> {
    minimums.iter().filter_map(|(name, minimum)| below(report, name, *minimum)).collect()
}

/// Why a minimum is not reached, if it is not.
fn below(report: &Report, name: &str, minimum: f64) -> Option<String> {
    let expected = format!("min-proven {name}: expected at least {minimum} of the claims to be proven, found");
    let Some((kind, counts)) = kind(report, name) else {
        let kinds: Vec<&str> = report.summary.verdicts.keys().map(String::as_str).collect();
        let near = crate::config::nearest(name, kinds.iter().copied());
        let hint = near.map_or_else(|| format!("; log {name}."), |near| format!("; did you mean `{near}`?"));
        let there = if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") };
        return (minimum > 0.0).then(|| format!("{expected} no such claim{hint} Claims in the log: {there}"));
    };
    let total = counts.total();
    if total > 0 && counts.proven as f64 / total as f64 >= minimum {
        return None;
    }
    let logs: Vec<&str> = report.coverage.iter().filter(|gap| gap.what == kind).map(|gap| gap.log.as_str()).collect();
    let way = if logs.is_empty() { String::new() } else { format!("; to prove more, log {}", logs.join("; ")) };
    let (refuted, unprovable) = (count(counts.refuted), count(counts.unprovable));
    let (proven, total) = (count(counts.proven), count(total));
    Some(format!("{expected} {proven} of {total} ({refuted} refuted, {unprovable} unprovable){way}"))
}

/// The claims of a name, otherwise the reported metric of that name.
fn kind<'r>(report: &'r Report, name: &str) -> Option<(&'r str, &'r VerdictCounts)> {
    let verdicts = &report.summary.verdicts;
    let found = verdicts.get_key_value(name).or_else(|| verdicts.get_key_value(&format!("run.{name}")));
    found.map(|(kind, counts)| (kind.as_str(), counts))
}
