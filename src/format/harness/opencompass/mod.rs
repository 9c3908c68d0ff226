//! `OpenCompass`: predictions for a dataset by inferencer, and the metrics of the dataset.
//!
//! Shapes of 0.5.4, from `opencompass/openicl` and `opencompass/tasks/openicl_eval.py`. A run writes its predictions to
//! `predictions/<model>/<dataset>.json` and its metrics to `results/<model>/<dataset>.json`.

mod predictions;
mod results;
mod values;

use crate::format::Head;
use crate::format::records::{Records, beside};

pub(in crate::format) use predictions::{CLP, GEN, LL, PPL};
pub(in crate::format) use results::RESULTS;
pub(in crate::format) use values::VALUES;

/// Context needed to read the rows.
#[derive(Clone, Debug, Default)]
struct DatasetPart {
    /// The dataset.
    task: String,
    /// Index of the part, if the file holds only a part of a dataset.
    part: Option<String>,
}

/// Size limit of the results file. It is high because only the existence of the file matters.
const LOOK: u64 = 1 << 26;

impl DatasetPart {
    fn of(head: &Head<'_>) -> Self {
        let stem = head.name.rsplit_once('.').map_or(head.name, |(stem, _)| stem);
        let whole = Self { task: stem.to_owned(), part: None };
        // Large datasets are split into `<dataset>_0.json`, `<dataset>_1.json`, each numbered from 0.
        let Some((task, part)) = stem.rsplit_once('_') else { return whole };
        let is_part = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let results = |name: &str| {
            let path = format!("{}/results/{}/{name}.json", head.ancestor(3), head.ancestor_name(1));
            beside(&path, LOOK, |_| Some(())).is_some()
        };
        if is_part && in_place(head) && !results(stem) && results(task) {
            return Self { task: task.to_owned(), part: Some(part.to_owned()) };
        }
        whole
    }
}

/// Whether the file is in the directory that the tool writes to.
fn in_place(head: &Head<'_>) -> bool {
    matches!(head.ancestor_name(2), "predictions" | "results")
}

/// Joins the predictions and results of one model.
fn join(records: &mut Records<DatasetPart>, head: &Head<'_>) {
    if in_place(head) {
        records.run_directory = Some(head.ancestor(3).to_owned());
        head.ancestor_name(1).clone_into(&mut records.run_key);
    }
}
