//! A compressed file is the same log: whichever files of a run are compressed, and how, only paths in the report
//! differ.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{check, contains, differs_in_formula_alone, fixture, json, logs};

/// How a file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zip,
}

impl Packed {
    const ALL: [Self; 5] = [Self::Gzip, Self::Zstd, Self::Bzip2, Self::Xz, Self::Zip];

    fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::Bzip2 => ".bz2",
            Self::Xz => ".xz",
            Self::Zip => ".zip",
        }
    }

    /// The bytes of a file with a name.
    fn pack(self, name: &str, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
            Self::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Xz => {
                let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zip => {
                let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
                archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                archive.write_all(bytes).unwrap();
                archive.finish().unwrap().into_inner()
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in crate::support::entries(folder) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Writes a copy of a folder, with the n-th file stored as in `how(n)`. Files compressed in the fixture stay unchanged.
fn copy(folder: &Path, to: &Path, how: impl Fn(usize) -> Packed) {
    for (at, path) in files(folder).iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy();
        let kept = ["expected.toml", "NOTES.md", "retally.toml"].contains(&&*name)
            || Packed::ALL.iter().any(|packed| name.ends_with(packed.ending()));
        let packed = if kept { Packed::Plain } else { how(at) };
        let target = to.join(path.strip_prefix(folder).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let bytes = packed.pack(&name, &std::fs::read(path).unwrap());
        std::fs::write(format!("{}{}", target.display(), packed.ending()), bytes).unwrap();
    }
}

/// A report without the parts that differ for compressed files: the directory, compression suffixes, byte offsets in
/// the file.
fn plain(value: &mut Value, directory: &str) {
    match value {
        Value::String(text) => {
            *text = text.replace(directory, ".");
            for packed in Packed::ALL {
                for log in [
                    ".json", ".jsonl", ".csv", ".tsv", ".txt", ".log", ".parquet", ".eval", ".out", ".arrow",
                    ".arrows", ".feather", ".ipc", ".nbest", ".hyp", ".ndjson",
                ] {
                    *text = text.replace(&format!("{log}{}", packed.ending()), log);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| plain(value, directory)),
        Value::Object(members) => {
            members.retain(|key, _| key != "span");
            members.values_mut().for_each(|value| plain(value, directory));
        }
        _ => {}
    }
}

fn report(folder: &Path, how: impl Fn(usize) -> Packed) -> String {
    let directory = tempfile::tempdir().unwrap();
    copy(folder, directory.path(), how);
    let path = directory.path().to_string_lossy().into_owned();
    of_path(&path)
}

fn of_path(path: &str) -> String {
    let mut value: Value = serde_json::from_str(&json(&check(&[path.to_owned()]))).unwrap();
    plain(&mut value, path);
    serde_json::to_string_pretty(&value).unwrap()
}

/// The first lines in which two reports differ.
fn difference(one: &str, other: &str) -> String {
    let at = one.lines().zip(other.lines()).take_while(|(a, b)| a == b).count();
    let lines = |text: &str| text.lines().skip(at).take(4).collect::<Vec<_>>().join("\n");
    format!("{}\nbecomes\n{}", lines(one), lines(other))
}

#[test]
fn a_run_is_the_same_packed_wholly_or_in_part() {
    let mut folders: Vec<PathBuf> = logs().into_iter().filter(|path| path.is_dir()).collect();
    folders.retain(|folder| !differs_in_formula_alone(folder));
    assert!(folders.len() > 400);
    let two = [Packed::Gzip, Packed::Zstd];
    let wrong = |number: usize, folder: &PathBuf| {
        let before = of_path(&folder.to_string_lossy());
        let wholly = |file: usize| two[(number + file) % 2];
        let in_part = |file: usize| if (number + file).is_multiple_of(2) { Packed::Plain } else { two[number / 2 % 2] };
        let mut wrong = Vec::new();
        let mut compare = |said: &str, after: String| {
            if after != before {
                wrong.push(format!("{} {said}: {}", folder.display(), difference(&before, &after)));
            }
        };
        compare("packed wholly", report(folder, wholly));
        if files(folder).len() > 2 {
            compare("packed in part", report(folder, in_part));
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let (folders, wrong) = (&folders, &wrong);
        let work = move |half: usize| {
            let own = folders.iter().enumerate().skip(half).step_by(2);
            own.flat_map(|(number, folder)| wrong(number, folder)).collect::<Vec<_>>()
        };
        let threads = [0, 1].map(|half| scope.spawn(move || work(half)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_packing_is_read() {
    let runs = ["formats/lm-eval/bad-pick-not-argmax", "formats/helm/bad-max-prob-of-sums", "formats/native/bug-mean"];
    for folder in runs.map(|run| PathBuf::from(fixture(run))) {
        let before = report(&folder, |_| Packed::Plain);
        contains(&before, &["\"severity\": \"error\""]);
        for packed in Packed::ALL {
            let after = report(&folder, |_| packed);
            assert!(after == before, "{} {packed:?}: {}", folder.display(), difference(&before, &after));
        }
    }
}
