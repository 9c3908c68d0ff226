//! Findings that are read as one: the same rule about the same claim, once per task.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{Finding, Report};

/// Findings of one rule about one claim in different tasks or runs.
pub(crate) struct Block<'r> {
    /// The one that is shown as a whole: of the task where the most rows show it.
    pub(crate) first: &'r Finding,
    /// All of them, that one first.
    pub(crate) all: Vec<&'r Finding>,
    /// What is wrong, without the numbers of one task.
    pub(crate) message: String,
    /// How many of how many tasks show it, where there are several; the task where there is one; empty without tasks.
    pub(crate) tasks: String,
}

impl Block<'_> {
    /// What a finding of the block says beyond its message, for a table of the tasks.
    pub(crate) fn own<'f>(&self, finding: &'f Finding) -> &'f str {
        finding.message.strip_prefix(&self.message).map_or(&finding.message, |own| own.trim_start_matches([':', ' ']))
    }
}

/// Puts findings that are read as one together, in the order of the first of each.
pub(crate) fn blocks<'r>(report: &'r Report, findings: impl Iterator<Item = &'r Finding>) -> Vec<Block<'r>> {
    let mut alike: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut found: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let at = *alike.entry((&finding.code, &finding.claim, finding.is_excused())).or_insert(found.len());
        match found.get_mut(at) {
            Some(known) if known.iter().all(|known| is_other_task(known, finding)) => known.push(finding),
            // One task twice: two runs, or two causes. They are not one.
            Some(_) | None => found.push(vec![finding]),
        }
    }
    let tasks = tasks(report);
    found.into_iter().filter_map(|all| block(all, tasks)).collect()
}

fn is_other_task(one: &Finding, other: &Finding) -> bool {
    !one.task.is_empty() && !other.task.is_empty() && one.task != other.task
}

fn block(mut all: Vec<&Finding>, tasks: usize) -> Option<Block<'_>> {
    all.sort_by_key(|finding| std::cmp::Reverse(finding.count));
    let first = *all.first()?;
    if all.len() == 1 {
        return Some(Block { first, all, message: first.message.clone(), tasks: first.task.clone() });
    }
    let start = first.message.split(": ").next().unwrap_or_default();
    let is_common = all.iter().all(|finding| finding.message.starts_with(start));
    let message = if is_common { start } else { &first.message };
    let tasks = format!("{} of {} tasks", all.len(), tasks.max(all.len()));
    Some(Block { first, message: message.to_owned(), tasks, all })
}

/// How many tasks the report is about.
fn tasks(report: &Report) -> usize {
    let of_claims = report.claims.iter().map(|claim| claim.task.as_str());
    let of_metrics = report.metrics.iter().map(|metric| metric.task.as_str());
    of_claims.chain(of_metrics).filter(|task| !task.is_empty()).collect::<BTreeSet<_>>().len()
}
