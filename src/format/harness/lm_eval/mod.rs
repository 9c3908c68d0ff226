//! lm-evaluation-harness: samples (a row per document and filter) and results (the metrics of the run).
//!
//! Shapes of 0.4.0 to 0.4.13, from `lm_eval/evaluator.py` and `lm_eval/loggers/evaluation_tracker.py`. Files of one run
//! share the date in their names.

mod dump;
mod lmms;
mod old;
mod recording;
mod reported;
mod results;
mod samples;
mod task;

pub(super) use dump::BY_TASK;
pub(super) use lmms::LMMS_SAMPLES;
pub(super) use old::{RESULTS as OLD_RESULTS, ROWS as OLD_ROWS};
pub(super) use recording::RECORDING;
pub(super) use results::{LMMS_RESULTS, RESULTS};
pub(super) use samples::SAMPLES;

/// The date in a file name: the part between the last `_` and the suffix; empty for names without a date.
fn date(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match stem.rsplit_once('_') {
        Some((_, date)) if date.contains('T') && date.starts_with(|first: char| first.is_ascii_digit()) => date,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn the_date_is_what_files_of_a_run_share() {
        assert_eq!(date("results_2026-11-23T09-18-23.712758.json"), "2026-11-23T09-18-23.712758");
        assert_eq!(date("samples_a_b_c_2026-11-23T09-18-23.712758.jsonl"), "2026-11-23T09-18-23.712758");
        assert_eq!(date("results.json"), "");
        assert_eq!(date("model__x_task.jsonl"), "");
    }
}
