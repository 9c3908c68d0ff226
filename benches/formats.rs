//! Measures memory and time for every format, on a large input made by repeating a fixture. Time is compared with a
//! plain read of the same file (`serde_json` values record by record, the batches of a Parquet or Arrow file, the lines
//! of a text).
//!
//! `cargo bench --bench formats` uses 64 MB per format. `-- --megabytes 2000` is the size at which memory must stay
//! flat, `-- --only NAME` selects one format, `-- --runs N` sets the number of timed runs. Prints a row per format: the
//! program's peak memory (in its own process, with one thread), and the ratio of `check` to the plain read, in
//! alternating runs.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark prints times and writes its input"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use retally::internals::format::json::Tape;
use retally::internals::format::{Framing, Head};
use retally::internals::source::{Elements, Inner, Input, NestedRecords, Packing};

struct Arguments {
    megabytes: u64,
    only: Option<String>,
    runs: usize,
}

fn arguments() -> Arguments {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).cloned();
    Arguments {
        megabytes: value("--megabytes").and_then(|text| text.parse().ok()).unwrap_or(64),
        only: value("--only"),
        runs: value("--runs").and_then(|text| text.parse().ok()).unwrap_or(3),
    }
}

/// The first clean file of each format, and of each container.
fn fixtures() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    for folder in folders(&root).into_iter().flat_map(|tool| folders(&tool)) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("bad") || name.starts_with("bug") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(folder.join("expected.toml")) else { continue };
        let expected: toml::Table = text.parse().unwrap();
        for (file, format) in expected["formats"].as_table().unwrap() {
            let path = folder.join(file);
            let input = Input::file(path.to_string_lossy().into_owned(), path.clone());
            let packing = input.packing().unwrap_or(Packing::Plain);
            let name = match packing {
                Packing::Plain => format.as_str().unwrap().to_owned(),
                other => format!("{} ({other})", format.as_str().unwrap()),
            };
            found.entry(name).or_insert(path);
        }
    }
    found
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Repeats the records of a fixture, between the parts before and after them.
fn repeat(target: &Path, before: &[u8], records: &[Vec<u8>], separator: &[u8], after: &[u8], size: u64) {
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(target).unwrap());
    out.write_all(before).unwrap();
    let mut written = 0;
    let mut first = true;
    while written < size {
        for record in records {
            if !std::mem::take(&mut first) {
                out.write_all(separator).unwrap();
            }
            out.write_all(record).unwrap();
            written += record.len() as u64 + 1;
        }
    }
    out.write_all(after).unwrap();
    out.flush().unwrap();
}

/// Repeats a fixture up to a size; None for files that are always small.
fn enlarge(path: &Path, target: &Path, size: u64) -> Option<&'static str> {
    let input = Input::file(path.to_string_lossy().into_owned(), path.to_path_buf());
    match input.packing().unwrap() {
        Packing::Plain => {}
        #[cfg(feature = "arrow")]
        Packing::Parquet => return Some(columnar::enlarge_parquet(path, target, size)),
        Packing::Zip => return Some(enlarge_zip(path, target, size)),
        _ => return None,
    }
    let mut bytes = Vec::new();
    input.open().unwrap().read_to_end(&mut bytes).unwrap();
    let head = Head::new("x", input.logical_name(), &bytes, true);
    let opened =
        retally::internals::engine::open(input.clone(), &retally::internals::config::InputConfig::default(), None)
            .unwrap()
            .ok()?;
    match opened.reader.framing() {
        Framing::Lines => {
            let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let lines: Vec<Vec<u8>> = lines.into_iter().filter(|line| !line.trim_ascii().is_empty()).collect();
            repeat(target, b"", &lines, b"\n", b"\n", size);
            Some("json")
        }
        Framing::Elements if bytes.trim_ascii_start().first() == Some(&b'[') => {
            let records: Vec<Vec<u8>> =
                Elements::new(bytes.as_slice()).unwrap().flatten().map(|element| element.bytes).collect();
            repeat(target, b"[", &records, b",\n", b"]\n", size);
            Some("json")
        }
        Framing::Nested(keys) => {
            let (mut records, mut shell) = (Vec::new(), Vec::new());
            for inner in NestedRecords::new(bytes.as_slice(), keys) {
                match inner.unwrap() {
                    Inner::Entry(element) | Inner::Member(element) => records.push(element.bytes),
                    Inner::Shell(rest) => shell = rest.bytes,
                }
            }
            let mut tape = Tape::default();
            let root = tape.parse(&shell).ok()?;
            let at = keys.iter().try_fold(root, |value, key| value.get(key))?.start() + 1;
            let is_object = shell.get(at - 1) == Some(&b'{');
            if is_object {
                // Each member is wrapped in its own braces.
                records = records.into_iter().map(|record| record[1..record.len() - 1].to_vec()).collect();
            }
            if records.is_empty() {
                return None;
            }
            repeat(target, &shell[..at], &records, b",\n", &shell[at..], size);
            Some("document")
        }
        Framing::Whole if head.framing().is_none() => {
            let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec);
            let has_header = [".csv", ".tsv"].iter().any(|ending| head.name.ends_with(ending));
            let header = if has_header { lines.next().unwrap() } else { Vec::new() };
            repeat(target, &header, &lines.collect::<Vec<_>>(), b"", b"", size);
            Some("text")
        }
        Framing::Elements | Framing::Whole => None,
    }
}

/// Repeats the members of an archive under other names.
fn enlarge_zip(path: &Path, target: &Path, size: u64) -> &'static str {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.push((member.name().unwrap().into_owned(), bytes));
    }
    let mut out = zip::ZipWriter::new(BufWriter::new(std::fs::File::create(target).unwrap()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let mut written = 0;
    let mut round = 0;
    while written < size {
        for (name, bytes) in &members {
            let is_sample = name.starts_with("samples/");
            if round > 0 && !is_sample {
                continue;
            }
            let name = if is_sample { format!("samples/{round}_{}", &name["samples/".len()..]) } else { name.clone() };
            out.start_file(name, options).unwrap();
            out.write_all(bytes).unwrap();
            written += bytes.len() as u64;
        }
        round += 1;
    }
    out.finish().unwrap();
    "zip"
}

#[cfg(feature = "arrow")]
mod columnar {
    use std::path::Path;

    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    /// Repeats the batches of a Parquet file.
    pub(super) fn enlarge_parquet(path: &Path, target: &Path, size: u64) -> &'static str {
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        let schema = reader.schema().clone();
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        // Repeated values compress well, so the size counts the values rather than the file.
        let per_round: usize = batches.iter().map(arrow_array::RecordBatch::get_array_memory_size).sum();
        let mut writer = ArrowWriter::try_new(std::fs::File::create(target).unwrap(), schema, None).unwrap();
        for _ in 0..(size / per_round as u64).max(1) {
            for batch in &batches {
                writer.write(batch).unwrap();
            }
            if writer.in_progress_size() > 32 << 20 {
                writer.flush().unwrap();
            }
        }
        writer.close().unwrap();
        "parquet"
    }

    pub(super) fn plain_read(path: &Path) -> usize {
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum()
    }
}

/// A plain read of the same file, without any audit.
fn plain_read(path: &Path, kind: &str) -> usize {
    match kind {
        #[cfg(feature = "arrow")]
        "parquet" => columnar::plain_read(path),
        "zip" => {
            let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
            let count = archive.len();
            let mut one = |at| {
                let entry = BufReader::with_capacity(1 << 16, archive.by_index(at).unwrap());
                serde_json::from_reader::<_, serde_json::Value>(entry).is_ok()
            };
            (0..count).filter(|at| one(*at)).count()
        }
        "text" => BufReader::with_capacity(1 << 20, std::fs::File::open(path).unwrap()).lines().count(),
        "document" => {
            let file = BufReader::with_capacity(1 << 20, std::fs::File::open(path).unwrap());
            usize::from(serde_json::from_reader::<_, serde::de::IgnoredAny>(file).is_ok())
        }
        _ => {
            let mut reader = BufReader::with_capacity(1 << 20, std::fs::File::open(path).unwrap());
            let mut first = [0_u8; 1];
            reader.read_exact(&mut first).unwrap();
            let file = BufReader::with_capacity(1 << 20, std::fs::File::open(path).unwrap());
            if first == *b"[" {
                return usize::from(serde_json::from_reader::<_, serde::de::IgnoredAny>(file).is_ok());
            }
            file.lines()
                .filter(|line| serde_json::from_str::<serde_json::Value>(line.as_ref().unwrap()).is_ok())
                .count()
        }
    }
}

/// Runs the program on a file; returns seconds and its peak memory in MiB.
fn check(path: &Path, format: &str) -> (f64, f64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_retally"))
        .args(["check", "--threads", "1", "--quiet", "--input-format", format])
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = peak.max(high.and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1024.0);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (started.elapsed().as_secs_f64(), peak)
}

fn main() {
    let arguments = arguments();
    let folder = tempfile::tempdir().unwrap();
    println!("| format | input MB | peak MiB | check MB/s | plain read MB/s | check ÷ plain read |");
    println!("|---|---|---|---|---|---|");
    for (name, path) in fixtures() {
        if arguments.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        // The file name may identify a format better than its bytes do.
        let target = folder.path().join(path.file_name().unwrap());
        let Some(kind) = enlarge(&path, &target, arguments.megabytes * 1_000_000) else { continue };
        let size = std::fs::metadata(&target).unwrap().len() as f64 / 1e6;
        let format = name.split(' ').next().unwrap();
        let (mut checks, mut reads, mut peak) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..arguments.runs {
            let (seconds, high) = check(&target, format);
            checks.push(seconds);
            peak = peak.max(high);
            let started = Instant::now();
            std::hint::black_box(plain_read(&target, kind));
            reads.push(started.elapsed().as_secs_f64());
        }
        checks.sort_by(f64::total_cmp);
        reads.sort_by(f64::total_cmp);
        let (checked, read) = (checks[checks.len() / 2], reads[reads.len() / 2]);
        println!(
            "| {name} | {size:.0} | {peak:.0} | {:.0} | {:.0} | {:.2} |",
            size / checked,
            size / read,
            checked / read
        );
        std::fs::remove_file(&target).unwrap();
    }
}
