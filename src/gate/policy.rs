//! How much has to be proven: `[gate] min-proven` and `min-coverage` of the configuration, and at least one claim.

use crate::model::{Severity, VerdictCounts};
use crate::report::words::count;
use crate::report::{ClaimKey, Coverage, Evidence, Report};

/// A sentence for each minimum that the report does not reach.
pub(super) fn minimums(report: &Report, minimums: &[(String, f64)]) -> Vec<String> {
    minimums.iter().filter_map(|(name, minimum)| below(report, name, *minimum)).collect()
}

/// A sentence for each number over fewer of its rows than a share of them.
pub(super) fn coverage(report: &Report, minimum: Option<f64>) -> Vec<String> {
    let Some(minimum) = minimum else { return Vec::new() };
    let partial = report.findings.iter().filter(|finding| finding.code == "RT607");
    let below = partial.filter(|finding| match &finding.evidence {
        Evidence::Rule(own) => {
            let left = own.failed as f64 / own.judged.max(1) as f64;
            finding.severity == Severity::Warning && 1.0 - left < minimum
        }
        _ => false,
    });
    below
        .map(|finding| {
            format!("min-coverage: expected at least {minimum} of the rows to have a value: {}", finding.message)
        })
        .collect()
}

/// Why the report says nothing about its claims, if none of them could be checked.
pub(super) fn unchecked(report: &Report) -> Option<String> {
    /// Reasons that are named.
    const NAMED: usize = 3;
    let mut totals = VerdictCounts::default();
    report.summary.verdicts.values().for_each(|counts| totals.merge(counts));
    if totals.total() == 0 || totals.unprovable < totals.total() {
        return None;
    }
    let mut gaps: Vec<&Coverage> = report.coverage.iter().collect();
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.count));
    let why: Vec<String> = gaps
        .iter()
        .take(NAMED)
        .map(|gap| format!("{}: {} (to prove it, log {})", gap.what, gap.reason, gap.log))
        .collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    let all = count(totals.total());
    let noun = if totals.total() == 1 { "claim" } else { "claims" };
    Some(format!(
        "0 of {all} {noun} could be checked{why}; to accept this, use --allow-unproven or [gate] allow-unproven = true"
    ))
}

/// Why a minimum is not reached, if it is not.
fn below(report: &Report, name: &str, minimum: f64) -> Option<String> {
    let expected = format!("min-proven {name}: expected at least {minimum} of the claims to be proven, found");
    let Some((kind, counts)) = kind(report, name) else {
        let kinds: Vec<String> = report.summary.verdicts.keys().map(ToString::to_string).collect();
        let near = crate::config::nearest(name, kinds.iter().map(String::as_str));
        let hint = near.map_or_else(|| format!("; log {name}."), |near| format!("; did you mean `{near}`?"));
        let there = if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") };
        return (minimum > 0.0).then(|| format!("{expected} no such claim{hint} Claims in the log: {there}"));
    };
    let total = counts.total();
    if total > 0 && counts.proven as f64 / total as f64 >= minimum {
        return None;
    }
    let logs: Vec<&str> = report.coverage.iter().filter(|gap| gap.what == *kind).map(|gap| gap.log.as_str()).collect();
    let way = if logs.is_empty() { String::new() } else { format!("; to prove more, log {}", logs.join("; ")) };
    let (refuted, unprovable) = (count(counts.refuted), count(counts.unprovable));
    let (proven, total) = (count(counts.proven), count(total));
    let from_refuted = match counts.from_refuted {
        0 => String::new(),
        some => format!("{} from a refuted number, ", count(some)),
    };
    Some(format!("{expected} {proven} of {total} ({refuted} refuted, {from_refuted}{unprovable} unprovable){way}"))
}

/// The claims of a name, otherwise the reported metric of that name.
fn kind<'r>(report: &'r Report, name: &str) -> Option<(&'r ClaimKey, &'r VerdictCounts)> {
    let find = |key: ClaimKey| report.summary.verdicts.get_key_value(&key);
    find(ClaimKey::from(name.to_owned())).or_else(|| find(ClaimKey::Run(name.to_owned())))
}
