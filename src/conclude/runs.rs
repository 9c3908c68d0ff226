//! Which inputs make up one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::MetricClaim;
use crate::tally::{FileTally, StreamKey, StreamTally, Tally};

/// Inputs with equal keys belong to one run: a directory, and within it what the format says (a date, say).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The directory as shown.
    pub directory: String,
    /// The format's own key.
    pub key: String,
}

/// One run: streams of rows and the numbers reported of them.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) files: Vec<u32>,
    /// The files that hold rows of a task.
    pub(super) files_by_task: BTreeMap<String, Vec<u32>>,
    pub(super) streams: BTreeMap<StreamKey, StreamTally>,
    pub(super) metrics: Vec<MetricClaim>,
    pub(super) single_stream: bool,
}

/// Groups inputs into runs. Files of one directory that hold the same items are different runs (two models, say), not
/// duplicates; files that share few or none are shards of one.
pub(super) fn group(tally: Tally, keys: &[RunKey]) -> Vec<Run> {
    let mut groups: BTreeMap<RunKey, Vec<(u32, FileTally)>> = BTreeMap::new();
    for (file, own) in tally.files {
        let key = keys.get(file as usize).cloned();
        let key = key.unwrap_or_else(|| RunKey { directory: String::new(), key: String::new() });
        groups.entry(key).or_default().push((file, own));
    }
    let mut runs = Vec::new();
    for (key, files) in groups {
        let mut metrics: Vec<MetricClaim> = Vec::new();
        let mut parts: Vec<Run> = Vec::new();
        for (file, mut own) in files {
            metrics.append(&mut own.metrics);
            if own.streams.is_empty() {
                continue;
            }
            match parts.iter_mut().find(|part| !overlaps(&part.streams, &own.streams)) {
                Some(part) => {
                    part.files.push(file);
                    for (task, files) in tasks(file, &own.streams) {
                        part.files_by_task.entry(task).or_default().extend(files);
                    }
                    for (key, stream) in own.streams {
                        part.streams.entry(key).or_default().merge(stream);
                    }
                }
                None => parts.push(Run {
                    name: key.directory.clone(),
                    files: vec![file],
                    files_by_task: tasks(file, &own.streams),
                    streams: own.streams,
                    metrics: Vec::new(),
                    single_stream: false,
                }),
            }
        }
        metrics.sort();
        // Which of several runs a summary is about cannot be known; it goes to the only one, else it stands alone.
        if let [only] = parts.as_mut_slice() {
            only.metrics = metrics;
        } else if !metrics.is_empty() {
            parts.push(Run {
                name: key.directory.clone(),
                files: Vec::new(),
                files_by_task: BTreeMap::new(),
                streams: BTreeMap::new(),
                metrics,
                single_stream: false,
            });
        }
        for part in &mut parts {
            part.single_stream = part.streams.len() == 1;
        }
        runs.append(&mut parts);
    }
    runs
}

/// The tasks that a file has rows of.
fn tasks(file: u32, streams: &BTreeMap<StreamKey, StreamTally>) -> BTreeMap<String, Vec<u32>> {
    streams.keys().map(|key| (key.task.clone(), vec![file])).collect()
}

/// Whether two sets of streams hold mostly the same rows.
fn overlaps(a: &BTreeMap<StreamKey, StreamTally>, b: &BTreeMap<StreamKey, StreamTally>) -> bool {
    let (mut shared, mut smaller) = (0_usize, 0_usize);
    for (key, one) in a {
        let Some(other) = b.get(key) else { continue };
        smaller += one.seen.len().min(other.seen.len());
        shared += other.seen.keys().filter(|row| one.seen.contains_key(row)).count();
    }
    shared > 0 && shared * 2 >= smaller
}

/// Whether a reported number is about a stream. A log whose rows name no task has one stream, and all
/// numbers beside it are about that.
pub(super) fn concerns(claim: &MetricClaim, key: &StreamKey, single: bool) -> bool {
    let task = claim.task == key.task || (single && (key.task.is_empty() || claim.task.is_empty()));
    let filter = claim.filter == key.filter || (single && (key.filter.is_empty() || claim.filter.is_empty()));
    task && filter
}
