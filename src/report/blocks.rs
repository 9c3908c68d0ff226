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
    /// The words of the messages in which only numbers differ: from the first such word to the last.
    differing: Option<(usize, usize)>,
}

impl Block<'_> {
    /// What a finding of the block says beyond its message, for a table of the tasks.
    pub(crate) fn own(&self, finding: &Finding) -> String {
        if let Some((first, last)) = self.differing {
            // The word behind a number says what it counts.
            let words = finding.message.split(' ').skip(first).take(last + 2 - first);
            return words.collect::<Vec<_>>().join(" ");
        }
        let own = finding.message.strip_prefix(&self.message);
        own.map_or(finding.message.as_str(), |own| own.trim_start_matches([':', ' '])).to_owned()
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
        let (message, tasks) = (first.message.clone(), first.task.clone());
        return Some(Block { first, all, message, tasks, differing: None });
    }
    let tasks = format!("{} of {} tasks", all.len(), tasks.max(all.len()));
    let start = first.message.split(": ").next().unwrap_or_default();
    if all.iter().all(|finding| finding.message.starts_with(start)) {
        return Some(Block { first, all, message: start.to_owned(), tasks, differing: None });
    }
    let messages: Vec<&str> = all.iter().map(|finding| finding.message.as_str()).collect();
    let (message, differing) = match without_numbers(&messages) {
        Some((message, differing)) => (message, Some(differing)),
        None => (first.message.clone(), None),
    };
    Some(Block { first, all, message, tasks, differing })
}

/// What messages have in common that differ only in numbers, with an ellipsis for each of these, and the first and the last of
/// the differing words; None for other messages.
fn without_numbers(messages: &[&str]) -> Option<(String, (usize, usize))> {
    let split: Vec<Vec<&str>> = messages.iter().map(|message| message.split(' ').collect()).collect();
    let (first, others) = split.split_first()?;
    if others.iter().any(|words| words.len() != first.len()) {
        return None;
    }
    let differs = |at: usize| others.iter().any(|words| words.get(at) != first.get(at));
    let differing: Vec<usize> = (0..first.len()).filter(|at| differs(*at)).collect();
    let is_number = |at: &usize| {
        split.iter().all(|words| words.get(*at).is_some_and(|word| word.contains(|c: char| c.is_ascii_digit())))
    };
    if !differing.iter().all(is_number) {
        return None;
    }
    let words = first.iter().enumerate().map(|(at, word)| if differing.contains(&at) { "…" } else { word });
    Some((words.collect::<Vec<_>>().join(" "), (*differing.first()?, *differing.last()?)))
}

/// How many tasks the report is about.
fn tasks(report: &Report) -> usize {
    let of_claims = report.claims.iter().map(|claim| claim.task.as_str());
    let of_metrics = report.metrics.iter().map(|metric| metric.task.as_str());
    of_claims.chain(of_metrics).filter(|task| !task.is_empty()).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::without_numbers;

    #[test]
    fn messages_that_differ_in_numbers_have_one_form() {
        let messages = ["wrong in 22 of 30 rows, p = 0.1", "wrong in 5 of 30 rows, p = 0.2"];
        assert_eq!(without_numbers(&messages), Some(("wrong in … of 30 rows, p = …".to_owned(), (2, 8))));
        assert_eq!(without_numbers(&["acc is 1", "exact is 1"]), None);
        assert_eq!(without_numbers(&["a b", "a"]), None);
    }
}
