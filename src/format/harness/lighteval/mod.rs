//! Hugging Face lighteval: details (a row per document) and results (the metrics of the run).
//!
//! Shapes of 0.4 to 0.13, from `lighteval/logging/{evaluation_tracker,info_loggers}.py` and
//! `lighteval/metrics/{metrics_sample,normalizations}.py`. Results and details are in different directories and share
//! the date in their names.

mod details;
mod results;

pub(super) use details::DETAILS;
pub(super) use results::RESULTS;

use crate::format::Head;

/// The date in a file name: the part between the last `_` and the suffix; empty for names without a date.
fn date(name: &str) -> &str {
    let rest = name.rsplit_once('_').map_or("", |(_, rest)| rest);
    let is_date = rest.contains('T') && rest.starts_with(|first: char| first.is_ascii_digit());
    // The seconds have a fraction, so the suffix starts at the last point that a letter follows.
    let end = rest.match_indices('.').find(|(at, _)| {
        rest.get(at + 1..).and_then(|rest| rest.chars().next()).is_some_and(|next| next.is_ascii_alphabetic())
    });
    if is_date { rest.get(..end.map_or(rest.len(), |(at, _)| at)).unwrap_or_default() } else { "" }
}

/// The directory of a run: the parent of `results` and `details`, with the model's name. None for files outside of
/// both.
fn run_directory(head: &Head<'_>) -> Option<String> {
    let directory = head.ancestor(1);
    let parts: Vec<&str> = directory.split('/').collect();
    let at = parts.iter().rposition(|part| matches!(*part, "results" | "details"))?;
    let (before, model) = (parts.get(..at)?, parts.get(at + 1..)?);
    // Details are in a subdirectory named after their date.
    let model = match model.split_last() {
        Some((last, rest)) if parts.get(at) == Some(&"details") && date(&format!("_{last}")) == *last => rest,
        _ => model,
    };
    let joined: Vec<&str> = before.iter().chain(model).copied().collect();
    Some(if joined.is_empty() { ".".to_owned() } else { joined.join("/") })
}

#[cfg(test)]
mod tests {
    use super::{date, run_directory};
    use crate::format::Head;

    #[test]
    fn results_and_details_of_a_run_have_one_date_and_one_directory() {
        let when = "2026-11-25T14-05-11.123456";
        assert_eq!(date(&format!("results_{when}.json")), when);
        assert_eq!(date(&format!("details_arc:easy|0_{when}.parquet")), when);
        assert_eq!(date("results_2026-11-25T14-05-11.json.gz"), "2026-11-25T14-05-11");
        assert_eq!(date("details.parquet"), "");
        let directory = |path: &str| run_directory(&Head::new(path, "", b"", true));
        let run = directory(&format!("out/results/org/model/results_{when}.json"));
        assert_eq!(run, Some("out/org/model".to_owned()));
        assert_eq!(directory(&format!("out/details/org/model/{when}/details_x_{when}.parquet")), run);
        assert_eq!(directory("out/results.json"), None);
    }
}
