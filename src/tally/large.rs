//! Maps that may outgrow memory: beyond a limit, entries are written as sorted runs to unnamed temporary files.
//!
//! A log of ten million rows names ten million rows. They are needed in key order, once, after all of them are known. A
//! map in memory is written out as a run when it is full, and the runs are merged on reading. If no temporary file can
//! be written, everything stays in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::iter::Peekable;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a map in memory before it is written out.
const FULL: usize = 8 << 20;
/// Maximum number of runs that are read in parallel; more are joined into one.
const RUNS: usize = 16;
/// Bytes per read of a run.
const BUFFER: usize = 1 << 16;

/// A map value that can be joined with others of the same key.
pub trait Join: Clone + Serialize + DeserializeOwned + 'static {
    /// Adds the value of the same key from another part of the log.
    fn join(&mut self, other: Self);

    /// Bytes in memory, besides the value itself.
    fn bytes(&self) -> usize {
        0
    }
}

/// A key that can be sorted and stored.
pub trait LargeKey: Ord + Clone + Serialize + DeserializeOwned + 'static {
    /// Bytes in memory, besides the key itself.
    fn bytes(&self) -> usize {
        0
    }
}

/// Counts are added.
impl Join for u32 {
    fn join(&mut self, other: Self) {
        *self += other;
    }
}

impl LargeKey for u64 {}

impl LargeKey for Box<str> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// A sorted map that joins the values of equal keys.
#[derive(Clone, Debug)]
pub struct Large<K, V> {
    recent: BTreeMap<K, V>,
    /// Bytes of `recent`.
    bytes: usize,
    runs: Vec<Arc<Run>>,
    /// Whether temporary files cannot be written.
    in_memory: bool,
}

impl<K, V> Default for Large<K, V> {
    fn default() -> Self {
        Self { recent: BTreeMap::new(), bytes: 0, runs: Vec::new(), in_memory: false }
    }
}

impl<K: LargeKey, V: Join> Large<K, V> {
    /// Whether the map is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// The part of the map that was written out.
    #[must_use]
    pub fn on_disk(&self) -> OnDisk {
        OnDisk { runs: self.runs.clone() }
    }

    /// Adds a value.
    pub fn add(&mut self, key: K, value: V) {
        match self.recent.entry(key) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                self.bytes -= known.bytes();
                known.join(value);
                self.bytes += known.bytes();
            }
            Entry::Vacant(vacant) => {
                self.bytes += vacant.key().bytes() + value.bytes() + size_of::<K>() + size_of::<V>();
                vacant.insert(value);
            }
        }
        if self.bytes > FULL && !self.in_memory {
            self.write_out();
        }
    }

    /// Adds the entries of another part of the log.
    pub fn merge(&mut self, mut other: Self) {
        if self.bytes < other.bytes {
            std::mem::swap(&mut self.recent, &mut other.recent);
            std::mem::swap(&mut self.bytes, &mut other.bytes);
        }
        self.runs.append(&mut other.runs);
        for (key, value) in other.recent {
            self.add(key, value);
        }
        self.join_runs();
    }

    /// All keys in order, each with its joined value.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> {
        let recent = self.recent.iter().map(|(key, value)| (key.clone(), value.clone()));
        SideBySide::of(recent, &self.runs)
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(key, _)| key)
    }

    /// The joined values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = V> {
        self.iter().map(|(_, value)| value)
    }

    /// The same map with changed values.
    #[must_use]
    pub fn map(self, mut change: impl FnMut(V) -> V) -> Self {
        let mut changed = Self { in_memory: self.in_memory, ..Self::default() };
        for (key, value) in self {
            changed.add(key, change(value));
        }
        changed
    }

    fn write_out(&mut self) {
        let recent = self.recent.iter().map(|(key, value)| (key.clone(), value.clone()));
        match Run::write(recent) {
            Ok(run) => {
                self.runs.push(Arc::new(run));
                self.recent.clear();
                self.bytes = 0;
                self.join_runs();
            }
            Err(_) => self.in_memory = true,
        }
    }

    /// Limits the number of open files.
    fn join_runs(&mut self) {
        if self.runs.len() > RUNS
            && !self.in_memory
            && let Ok(run) = Run::write(SideBySide::<K, V>::of(std::iter::empty(), &self.runs))
            && self.on_disk().is_intact()
        {
            self.runs = vec![Arc::new(run)];
        }
    }
}

impl<K: LargeKey, V: Join> IntoIterator for Large<K, V> {
    type Item = (K, V);
    type IntoIter = Box<dyn Iterator<Item = (K, V)>>;

    fn into_iter(self) -> Self::IntoIter {
        if self.runs.is_empty() {
            return Box::new(self.recent.into_iter());
        }
        Box::new(SideBySide::of(self.recent.into_iter(), &self.runs))
    }
}

impl<K: LargeKey, V: Join + PartialEq> PartialEq for Large<K, V> {
    fn eq(&self, other: &Self) -> bool {
        if self.runs.is_empty() && other.runs.is_empty() {
            return self.recent == other.recent;
        }
        self.iter().eq(other.iter())
    }
}

impl<K: LargeKey, V: Join> Extend<(K, V)> for Large<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.add(key, value);
        }
    }
}

impl<K: LargeKey, V: Join> FromIterator<(K, V)> for Large<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

/// The written parts of some maps. After use, it tells whether all of them could be read back.
#[derive(Clone, Debug, Default)]
pub struct OnDisk {
    runs: Vec<Arc<Run>>,
}

impl OnDisk {
    /// Adds the written parts of other maps.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.runs.append(&mut other.runs);
        self
    }

    /// Whether every read has succeeded so far.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.runs.iter().all(|run| !run.is_lost.load(Ordering::Relaxed))
    }
}

/// Sorted entries in an unnamed temporary file, which the system removes when the program ends for any reason. Each
/// entry is preceded by its length.
#[derive(Debug)]
struct Run {
    file: Mutex<std::fs::File>,
    entries: u64,
    is_lost: AtomicBool,
}

impl Run {
    fn write<K: Serialize, V: Serialize>(entries: impl Iterator<Item = (K, V)>) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(BUFFER, tempfile::tempfile()?);
        let mut count = 0;
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.clear();
            bytes = postcard::to_extend(&entry, bytes).map_err(io::Error::other)?;
            let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            file.write_all(&length.to_le_bytes())?;
            file.write_all(&bytes)?;
            count += 1;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file: Mutex::new(file), entries: count, is_lost: AtomicBool::new(false) })
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().map_err(|_| io::Error::other("another thread failed"))?;
        file.seek(SeekFrom::Start(at))?;
        file.read(buffer)
    }
}

/// Reads a run from its start.
struct RunReader {
    run: Arc<Run>,
    left: u64,
    at: u64,
    bytes: Vec<u8>,
    /// Start of the next entry in `bytes`.
    from: usize,
}

impl RunReader {
    fn new(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), left: run.entries, at: 0, bytes: Vec::new(), from: 0 }
    }

    /// The next `count` bytes of the run.
    fn take(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.bytes.len() - self.from < count {
            self.bytes.drain(..self.from);
            self.from = 0;
            while self.bytes.len() < count {
                let end = self.bytes.len();
                self.bytes.resize(end + BUFFER, 0);
                let read = self.run.read(self.at, self.bytes.get_mut(end..).unwrap_or_default())?;
                self.bytes.truncate(end + read);
                self.at += read as u64;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        self.from += count;
        self.bytes.get(self.from - count..self.from).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn entry<E: DeserializeOwned>(&mut self) -> io::Result<E> {
        let mut length = [0; 4];
        length.copy_from_slice(self.take(4)?);
        let bytes = self.take(u32::from_le_bytes(length) as usize)?;
        postcard::from_bytes(bytes).map_err(io::Error::other)
    }
}

impl<K: LargeKey, V: Join> Serialize for Large<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.runs.is_empty() {
            return self.recent.serialize(to);
        }
        self.iter().collect::<BTreeMap<K, V>>().serialize(to)
    }
}

impl<'d, K: LargeKey, V: Join> Deserialize<'d> for Large<K, V> {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<K, V>::deserialize(from)?.into_iter().collect())
    }
}

/// Sorted entries from any source.
type Entries<'r, K, V> = Box<dyn Iterator<Item = (K, V)> + 'r>;

/// The merged entries of several sorted sources; values of equal keys are joined.
struct SideBySide<'r, K, V> {
    sources: Vec<Peekable<Entries<'r, K, V>>>,
}

impl<'r, K: LargeKey + 'r, V: Join + 'r> SideBySide<'r, K, V> {
    fn of(recent: impl Iterator<Item = (K, V)> + 'r, runs: &[Arc<Run>]) -> Self {
        let mut sources = Vec::with_capacity(runs.len() + 1);
        let recent: Entries<'r, K, V> = Box::new(recent);
        sources.push(recent.peekable());
        for run in runs {
            let mut reader = RunReader::new(run);
            let entries: Entries<'r, K, V> = Box::new(std::iter::from_fn(move || {
                reader.left = reader.left.checked_sub(1)?;
                let entry = reader.entry();
                if entry.is_err() {
                    reader.left = 0;
                    reader.run.is_lost.store(true, Ordering::Relaxed);
                }
                entry.ok()
            }));
            sources.push(entries.peekable());
        }
        Self { sources }
    }
}

impl<K: LargeKey, V: Join> Iterator for SideBySide<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        if let [only] = self.sources.as_mut_slice() {
            return only.next();
        }
        let mut least: Option<(usize, K)> = None;
        for (at, source) in self.sources.iter_mut().enumerate() {
            if let Some((key, _)) = source.peek()
                && least.as_ref().is_none_or(|(_, known)| key < known)
            {
                least = Some((at, key.clone()));
            }
        }
        let (first, key) = least?;
        let mut joined: Option<V> = None;
        for source in self.sources.iter_mut().skip(first) {
            if let Some((_, value)) = source.next_if(|(other, _)| *other == key) {
                match &mut joined {
                    None => joined = Some(value),
                    Some(known) => known.join(value),
                }
            }
        }
        joined.map(|value| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A map with one run for each part but the last.
    fn with_runs(parts: &[Vec<(u64, u32)>]) -> Large<u64, u32> {
        let mut map = Large::default();
        for (at, part) in parts.iter().enumerate() {
            map.extend(part.iter().copied());
            if at + 1 < parts.len() {
                map.write_out();
            }
        }
        map
    }

    #[test]
    fn what_does_not_fit_into_memory_is_written_out_and_read_back() {
        // 12 bytes per entry; memory holds 8 MiB.
        let count = 3 * (FULL as u64) / 12;
        let scattered = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut map: Large<u64, u32> = Large::default();
        map.extend((0..count).map(|at| (scattered(at), 1)));
        map.extend((0..count).step_by(1_000).map(|at| (scattered(at), 6)));
        assert!(map.runs.len() >= 3 && map.bytes <= FULL, "{} runs", map.runs.len());
        let mut keys: Vec<u64> = (0..count).map(scattered).collect();
        keys.sort_unstable();
        assert!(map.keys().eq(keys));
        assert_eq!(map.values().filter(|value| *value == 7).count() as u64, count.div_ceil(1_000));
        assert_eq!(map.values().map(u64::from).sum::<u64>(), count + 6 * count.div_ceil(1_000));
        assert!(map.on_disk().is_intact());
    }

    #[test]
    fn what_cannot_be_read_back_is_known_to_be_lost() {
        let map = with_runs(&[vec![(1, 1), (2, 1)], vec![(3, 1)]]);
        map.runs[0].file.lock().unwrap().set_len(7).unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), [1, 3]);
        assert!(!map.on_disk().is_intact());
    }

    #[test]
    fn many_runs_become_one() {
        let parts: Vec<Vec<(u64, u32)>> = (0..40).map(|at| vec![(at % 7, 1), (100 + at, 2)]).collect();
        let map = with_runs(&parts);
        assert!(map.runs.len() <= RUNS);
        assert_eq!(map.iter().take(7).map(|(_, value)| value).collect::<Vec<_>>(), [6, 6, 6, 6, 6, 5, 5]);
        assert_eq!(map.iter().count(), 47);
    }

    proptest! {
        #[test]
        fn runs_change_nothing(parts in prop::collection::vec(prop::collection::vec((0..20_u64, 0..9_u32), 0..12), 1..6)) {
            let whole: Large<u64, u32> = parts.concat().into_iter().collect();
            let apart = with_runs(&parts);
            prop_assert_eq!(&apart, &whole);
            let (mut left, right) = (with_runs(&parts[..1]), with_runs(&parts[1..]));
            left.merge(right.clone());
            prop_assert_eq!(&left, &whole);
            let mut other = right;
            other.merge(with_runs(&parts[..1]));
            prop_assert_eq!(&other, &whole);
            let doubled = |map: Large<u64, u32>| map.map(|value| 2 * value);
            prop_assert_eq!(doubled(apart), doubled(whole));
        }
    }
}
