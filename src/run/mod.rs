//! Which inputs make up one run: decided once, from where the inputs lie and which items they hold.
//!
//! Everything after this module (plans, diagnosis, impact, the names in the report) takes the [`RunId`] of an input as
//! given.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::ColumnSpec;
use crate::formula::Formula;
use crate::model::{ColumnKey, stable_hash};
use crate::tally::{FileTally, KeptRef, RowKey};

/// Identity of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct RunId {
    /// The directory as shown.
    pub directory: String,
    /// The format's own key: a date, a model, an epoch.
    pub key: String,
    /// The tool that wrote it.
    pub tool: String,
    /// The file, where several files of the directory hold the same items, each a run of its own.
    pub file: Option<String>,
}

/// What an input says of the run that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputIdentity {
    /// The path as shown.
    pub path: String,
    /// The directory of its run, as shown.
    pub directory: String,
    /// The format's own key.
    pub key: String,
    /// The tool that wrote it.
    pub tool: String,
    /// Its columns of claims.
    #[serde(with = "shared")]
    pub columns: Arc<[ColumnSpec]>,
}

/// A shared list is stored as the list.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::config::ColumnSpec;

    pub(super) fn serialize<S: Serializer>(columns: &Arc<[ColumnSpec]>, to: S) -> Result<S::Ok, S::Error> {
        <[ColumnSpec]>::serialize(columns, to)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Arc<[ColumnSpec]>, D::Error> {
        Vec::deserialize(from).map(Arc::from)
    }
}

/// A file's place among those of its directory, key and tool.
type Group<'i> = (&'i str, &'i str, &'i str);

/// Gives each input its run. `tally` gives what was read of an input.
///
/// Inputs of one directory, key and tool are shards of one run, unless they hold the same items (at least half of those of
/// the smaller file: two models, say) or hold a column of one name to different formulas: then each such file is a run of
/// its own.
pub fn assign<'t>(inputs: &[InputIdentity], tally: impl Fn(usize) -> Option<KeptRef<'t>>) -> Vec<RunId> {
    let mut groups: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
    let mut runs: Vec<RunId> = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.iter().enumerate() {
        runs.push(RunId {
            directory: input.directory.clone(),
            key: input.key.clone(),
            tool: input.tool.clone(),
            file: None,
        });
        if tally(at).is_some_and(|own| own.has_streams) {
            groups.entry((&input.directory, &input.key, &input.tool)).or_default().push(at);
        }
    }
    for files in groups.into_values().filter(|files| files.len() > 1) {
        for at in apart(&files, inputs, &tally) {
            if let (Some(run), Some(input)) = (runs.get_mut(at), inputs.get(at)) {
                run.file = Some(input.path.clone());
            }
        }
    }
    runs
}

/// Rows of a group up to which all are compared.
const COMPARED: u64 = 1 << 20;

/// The files of a group that are runs of their own. Linear in the rows: each row is compared with the first file that
/// holds it.
fn apart<'t>(files: &[usize], inputs: &[InputIdentity], tally: &impl Fn(usize) -> Option<KeptRef<'t>>) -> Vec<usize> {
    let mut first_holder: BTreeMap<u64, usize> = BTreeMap::new();
    let mut conventions: BTreeMap<&ColumnKey, &[Formula]> = BTreeMap::new();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut apart: Vec<usize> = Vec::new();
    let mut last: Option<(*const ColumnSpec, bool)> = None;
    // Of very many rows, those whose hash begins with so many zeros stand for all.
    let rows: u64 = files.iter().filter_map(|at| tally(*at)).map(|own| own.rows).sum();
    let zeros = (rows / COMPARED).checked_ilog2().map_or(0, |log| log + 1);
    for &at in files {
        let (Some(own), Some(input)) = (tally(at), inputs.get(at)) else { continue };
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        let mut size = 0;
        for row in names(&own.get()).filter(|row| row.leading_zeros() >= zeros) {
            size += 1;
            let holder = *first_holder.entry(row).or_insert(at);
            if holder != at {
                *shared.entry(holder).or_default() += 1;
            }
        }
        sizes.insert(at, size);
        for (other, count) in shared {
            if count * 2 >= size.min(sizes.get(&other).copied().unwrap_or(0)) {
                apart.extend([at, other]);
            }
        }
        // Inputs of one format share their list.
        let columns = input.columns.as_ptr();
        let differs = match last {
            Some((known, differs)) if known == columns => differs,
            _ => input.columns.iter().fold(false, |differs, spec| {
                let first = *conventions.entry(&spec.column).or_insert(&spec.accepted);
                differs || first != spec.accepted
            }),
        };
        last = Some((columns, differs));
        if differs {
            apart.push(at);
        }
    }
    apart.sort_unstable();
    apart.dedup();
    apart
}

/// The rows of an input by their names, each once: stream, item and candidate.
fn names(tally: &FileTally) -> impl Iterator<Item = u64> {
    tally.streams.iter().flat_map(|(key, stream)| {
        let mut last = None;
        let mut rows = stream.rows.seen.keys().map(|RowKey { name, .. }| name);
        let distinct = std::iter::from_fn(move || {
            let next = rows.find(|name| last != Some(*name))?;
            last = Some(next);
            Some(next)
        });
        distinct.map(move |name| stable_hash(&(&key.task, &key.filter, name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClaimKind;
    use crate::tally::{Seen, StreamKey, StreamTally};

    fn identity(path: &str, tool: &str) -> InputIdentity {
        let columns = Arc::new([ColumnSpec::of_kind("score", ClaimKind::Score)]);
        InputIdentity {
            path: path.to_owned(),
            directory: "runs".to_owned(),
            key: String::new(),
            tool: tool.to_owned(),
            columns,
        }
    }

    /// What was read of a file with these items.
    fn holds(items: std::ops::Range<u64>) -> FileTally {
        let mut stream = StreamTally::default();
        for name in items {
            let seen = Seen { count: 1, first: (0, name), last: (0, name) };
            stream.rows.seen.add(RowKey { name, content: 0 }, seen);
        }
        FileTally { streams: BTreeMap::from([(StreamKey::default(), Box::new(stream))]), ..FileTally::default() }
    }

    fn files(inputs: &[(InputIdentity, FileTally)]) -> Vec<Option<String>> {
        let identities: Vec<InputIdentity> = inputs.iter().map(|(identity, _)| identity.clone()).collect();
        let runs = assign(&identities, |at| inputs.get(at).map(|(_, tally)| KeptRef::from(tally)));
        runs.into_iter().map(|run| run.file).collect()
    }

    #[test]
    fn shards_are_one_run_and_files_with_the_same_items_are_several() {
        let native = |path: &str, items: std::ops::Range<u64>| (identity(path, "native"), holds(items));
        assert_eq!(files(&[native("a", 0..10), native("b", 10..20)]), [None, None]);
        let own = |path: &str| Some(path.to_owned());
        assert_eq!(files(&[native("a", 0..10), native("b", 0..10), native("c", 20..30)]), [own("a"), own("b"), None]);
        // A few rows in common: a run that was resumed.
        assert_eq!(files(&[native("a", 0..10), native("b", 8..20)]), [None, None]);
        assert_eq!(files(&[native("a", 0..10), native("b", 8..12)]), [own("a"), own("b")]);
    }

    #[test]
    fn another_tool_or_another_formula_is_another_run() {
        let inputs = [(identity("a", "native"), holds(0..4)), (identity("b", "vllm-offline"), holds(0..4))];
        assert_eq!(files(&inputs), [None, None]);
        let identities = [inputs[0].0.clone(), inputs[1].0.clone()];
        let runs = assign(&identities, |at| inputs.get(at).map(|(_, tally)| KeptRef::from(tally)));
        assert_ne!(runs[0], runs[1]);
        let mut other = identity("b", "native");
        Arc::make_mut(&mut other.columns)[0].accepted = vec![Formula::MEAN];
        assert_eq!(
            files(&[(identity("a", "native"), holds(0..4)), (other, holds(4..8))]),
            [None, Some("b".to_owned())]
        );
    }
}
