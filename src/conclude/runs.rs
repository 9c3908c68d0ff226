//! Groups inputs into runs.

use std::collections::BTreeMap;

use crate::conclude::fields::{self, Change};
use crate::model::RunClaim;
use crate::run::RunId;
use crate::tally::{Kept, StreamKey, StreamTally, Tally, add_to};

/// One run: streams of rows and the metrics reported for them.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) files: Vec<u32>,
    /// The files with rows of each task.
    pub(super) files_by_task: BTreeMap<String, Vec<u32>>,
    pub(super) streams: BTreeMap<StreamKey, StreamTally>,
    pub(super) metrics: Vec<RunClaim>,
    pub(super) single_stream: bool,
    /// Files with records that could not be read, besides those that could.
    pub(super) lost: Vec<u32>,
    /// Fields that end in the middle of a file.
    pub(super) changes: Vec<(u32, Change)>,
}

/// Joins the tallies of the inputs of each run. Metrics without rows in their own run belong to the only run with rows
/// in the same directory. If there are several such runs, the metrics stay separate, because they may be about any of
/// them.
pub(super) fn group(tally: Tally, ids: &[RunId], paths: &[&str]) -> Vec<Run> {
    let mut files: BTreeMap<RunId, Vec<(u32, Kept)>> = BTreeMap::new();
    for (file, own) in tally.files {
        let id = ids.get(file as usize).cloned().unwrap_or_default();
        files.entry(id).or_default().push((file, own));
    }
    let mut runs: BTreeMap<RunId, Run> = files.into_iter().map(|(id, files)| (id, Run::of(files))).collect();
    // The runs with rows, by directory and key. Metrics without rows may belong to them.
    let mut beside: BTreeMap<(String, String), Vec<RunId>> = BTreeMap::new();
    for (id, _) in runs.iter().filter(|(_, run)| !run.streams.is_empty()) {
        beside.entry((id.directory.clone(), id.key.clone())).or_default().push(id.clone());
    }
    let with_rows = |id: &RunId| {
        beside.get(&(id.directory.clone(), id.key.clone())).map_or(&[][..], |runs: &Vec<RunId>| runs.as_slice())
    };
    let loose: Vec<RunId> = runs.iter().filter(|(_, run)| run.streams.is_empty()).map(|(id, _)| id.clone()).collect();
    for id in loose {
        let mut of_tool = with_rows(&id).iter().filter(|other| other.tool == id.tool);
        let (([only], ..) | (_, Some(only), None)) = (with_rows(&id), of_tool.next(), of_tool.next()) else { continue };
        if let Some(numbers) = runs.remove(&id)
            && let Some(run) = runs.get_mut(only)
        {
            run.metrics.extend(numbers.metrics);
        }
    }
    let named = runs.into_iter().map(|(id, run)| {
        let alone = with_rows(&id).len() <= 1;
        let path = if let [only] = run.files.as_slice() { paths.get(*only as usize) } else { None };
        let name = match (alone, path) {
            (true, _) => id.directory,
            (false, Some(path)) => (*path).to_owned(),
            (false, None) => format!("{} ({})", id.directory, id.tool),
        };
        Run { name, single_stream: run.streams.len() == 1, ..run }
    });
    let mut named: Vec<Run> = named.collect();
    for run in &mut named {
        run.metrics.sort();
    }
    named
}

impl Run {
    fn of(files: Vec<(u32, Kept)>) -> Self {
        let mut run = Self {
            name: String::new(),
            files: Vec::new(),
            files_by_task: BTreeMap::new(),
            streams: BTreeMap::new(),
            metrics: Vec::new(),
            single_stream: false,
            lost: Vec::new(),
            changes: Vec::new(),
        };
        for (file, own) in files {
            let mut own = own.into_tally();
            run.metrics.append(&mut own.metrics);
            if own.streams.is_empty() {
                continue;
            }
            run.files.push(file);
            run.lost.extend((own.unreadable > 0).then_some(file));
            let changes = fields::changes(&own.layout);
            fields::count_lacking(&mut own, !changes.is_empty());
            run.changes.extend(changes.into_iter().map(|change| (file, change)));
            for (key, stream) in own.streams {
                let files = run.files_by_task.entry(key.task.clone()).or_default();
                if files.last() != Some(&file) {
                    files.push(file);
                }
                add_to(&mut run.streams, key, *stream, StreamTally::merge);
            }
        }
        run
    }
}

/// Whether a reported metric is about a stream. A log whose rows name no task has a single stream, and all metrics
/// beside it are about that stream.
pub(super) fn concerns(claim: &RunClaim, key: &StreamKey, single: bool) -> bool {
    let task = claim.of.task == key.task || (single && (key.task.is_empty() || claim.of.task.is_empty()));
    let filter = claim.of.filter == key.filter || (single && (key.filter.is_empty() || claim.of.filter.is_empty()));
    task && filter
}
