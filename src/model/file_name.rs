//! What the ending of a file's name says: its packing, its place in a rotation, and whether it can be a log.

/// Endings of files that are packed as one stream of bytes.
pub const PACKED: [&str; 5] = [".gz", ".zst", ".bz2", ".xz", ".zip"];
/// Endings of files that a directory contributes.
const LOGS: [&str; 12] = [
    ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".arrows", ".feather", ".ipc", ".eval", ".zip",
];
/// Endings of files that a directory contributes only if they turn out to be logs; most text files are not.
const TEXTS: [&str; 5] = [".txt", ".log", ".out", ".nbest", ".hyp"];
/// Endings of files that may hold a log and are not read: copies, what is still being written, other archives and tables.
const OTHERS: [&str; 31] = [
    ".7z",
    ".avro",
    ".bak",
    ".br",
    ".crdownload",
    ".db",
    ".h5",
    ".hdf5",
    ".incomplete",
    ".lz",
    ".lz4",
    ".lzma",
    ".msgpack",
    ".npy",
    ".npz",
    ".old",
    ".orc",
    ".orig",
    ".part",
    ".partial",
    ".pickle",
    ".pkl",
    ".pt",
    ".rar",
    ".sqlite",
    ".swp",
    ".tar",
    ".tgz",
    ".tmp",
    ".xlsx",
    ".z",
];

/// What a directory does with a file of some name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// It is read as a log.
    Log,
    /// It is read, and may turn out to be anything else.
    Text,
    /// It is not read, though it may hold a log.
    Doubtful,
    /// It is something else.
    Other,
}

impl NameKind {
    /// What the name of a file says.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let plain = unpacked_name(&name);
        let ends = |name: &str, endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        // An archive says itself what it holds.
        if ends(plain, &LOGS) || (ends(&name, &[".zip"]) && !ends(plain, &TEXTS)) {
            Self::Log
        } else if ends(plain, &TEXTS) {
            Self::Text
        } else if ends(plain, &OTHERS) || name.len() > plain.len() || goes_on(&name) {
            Self::Doubtful
        } else {
            Self::Other
        }
    }
}

/// Whether a name goes on behind the ending of a log, such as `a.jsonl~` or `a.csv.lz4`.
fn goes_on(name: &str) -> bool {
    let mut ends = LOGS.iter().flat_map(|ending| name.match_indices(ending).map(|(at, _)| at + ending.len()));
    ends.any(|end| name.get(end..).is_some_and(|rest| rest.starts_with(['.', '~', '-', '_'])))
}

/// A file name without the ending of its packing and without its number in a rotation: `a.jsonl` for `a.jsonl.1.gz`.
#[must_use]
pub fn unpacked_name(name: &str) -> &str {
    let start = |ending: &&str| {
        let at = name.len().checked_sub(ending.len())?;
        name.get(at..)?.eq_ignore_ascii_case(ending).then_some(at)
    };
    let name = PACKED.iter().find_map(start).and_then(|at| name.get(..at)).unwrap_or(name);
    match name.rsplit_once('.') {
        Some((before, number)) if is_rotation(number) && is_log(before) => before,
        _ => name,
    }
}

fn is_rotation(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_log(name: &str) -> bool {
    let name = name.to_lowercase();
    LOGS.iter().chain(&TEXTS).any(|ending| name.ends_with(ending))
}

/// The ending of a name, from its last point on; the whole name without one.
#[must_use]
pub fn ending(name: &str) -> &str {
    name.rfind('.').and_then(|at| name.get(at..)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_packing_and_their_number() {
        for (name, unpacked) in [
            ("a.json.gz", "a.json"),
            ("a.JSON.GZ", "a.JSON"),
            ("a.json.zst", "a.json"),
            ("a.csv.bz2", "a.csv"),
            ("a.csv.xz", "a.csv"),
            ("a.jsonl.zip", "a.jsonl"),
            ("a.jsonl.1", "a.jsonl"),
            ("a.jsonl.12.gz", "a.jsonl"),
            ("a.log.3", "a.log"),
            ("a.json", "a.json"),
            ("v0.1", "v0.1"),
            ("a.jsonl.x1", "a.jsonl.x1"),
            ("a.jsonl.20260101", "a.jsonl.20260101"),
            ("gz", "gz"),
            ("é.gz", "é"),
            ("a.gz.bak", "a.gz.bak"),
        ] {
            assert_eq!(unpacked_name(name), unpacked, "{name}");
        }
    }

    #[test]
    fn a_name_says_what_a_directory_does_with_the_file() {
        use NameKind::{Doubtful, Log, Other, Text};
        for (name, kind) in [
            ("a.jsonl", Log),
            ("A.JSON.XZ", Log),
            ("a.jsonl.2", Log),
            ("a.jsonl.2.bz2", Log),
            ("run.zip", Log),
            ("a.eval", Log),
            ("a.txt.gz", Text),
            ("a.out.1", Text),
            ("a.jsonl.bak", Doubtful),
            ("a.jsonl~", Doubtful),
            ("a.csv.partial", Doubtful),
            ("a.jsonl-20260101", Doubtful),
            ("a.jsonl.20260101", Doubtful),
            ("run.tar.gz", Doubtful),
            ("run.gz", Doubtful),
            ("run.7z", Doubtful),
            ("rows.pkl", Doubtful),
            ("README.md", Other),
            ("plot.png", Other),
            ("settings.toml", Other),
            ("a.jsonlike", Other),
        ] {
            assert_eq!(NameKind::of(name), kind, "{name}");
        }
    }
}
