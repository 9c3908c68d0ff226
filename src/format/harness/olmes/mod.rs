//! AI2 OLMES (oe-eval): predictions (a row per document) and metrics (of a task and of the run).
//!
//! Shapes of 2024 to 2026, from `oe_eval/metrics/metric.py` and `oe_eval/run_eval.py`. The files of a task share a name
//! prefix, such as `task-000-arc_challenge`.

mod metrics;
mod olmo_eval;
mod predictions;
mod requests;

pub(super) use metrics::METRICS;
pub(super) use olmo_eval::{ROWS, TASKS};
pub(super) use predictions::PREDICTIONS;
pub(super) use requests::REQUESTS;

/// The prefix shared by a task's files; the whole name if it does not end with `end`.
fn stem<'n>(name: &'n str, end: &str) -> &'n str {
    name.strip_suffix(end).unwrap_or(name)
}

/// The file name prefix of a task, from its position and name.
fn stem_of(position: i64, task: &str) -> String {
    format!("task-{position:03}-{task}")
}

#[cfg(test)]
mod tests {
    use super::{stem, stem_of};

    #[test]
    fn files_of_a_task_share_the_start_of_their_names() {
        let predictions = stem("task-003-mmlu_law-predictions.jsonl", "-predictions.jsonl");
        assert_eq!(predictions, stem("task-003-mmlu_law-metrics.json", "-metrics.json"));
        assert_eq!(predictions, stem_of(3, "mmlu_law"));
    }
}
