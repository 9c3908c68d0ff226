//! Audits split over machines and merged: the same bytes as one audit.

use retally::parts::{Part, PartError};
use retally::report::Report;
use retally::{Options, engine::Settings};

use crate::support::{check, fixture, json};

fn options(paths: &[String]) -> Options {
    Options { paths: paths.to_vec(), ..Options::default() }
}

/// A part that was written and read again.
fn part(paths: &[String]) -> Part {
    let options = options(paths);
    let part = retally::part(retally::open(&options), &options.settings);
    let mut bytes = Vec::new();
    part.write(&mut bytes).unwrap();
    let again = Part::read(bytes.as_slice()).unwrap();
    let mut bytes_again = Vec::new();
    again.write(&mut bytes_again).unwrap();
    assert!(bytes_again == bytes, "what was read is what was written");
    again
}

fn merge(parts: Vec<Part>) -> Result<Report, PartError> {
    retally::merge(parts, &Settings::default())
}

/// The files of a folder, in order.
fn files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(fixture(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_string_lossy().into_owned())
        .filter(|path| !path.ends_with("NOTES.md"))
        .collect();
    files.sort();
    files
}

#[test]
fn any_partition_of_the_inputs_gives_the_report_of_one_audit() {
    // Runs of one file and of several, clean and wrong, with summaries beside their rows.
    let mut all = Vec::new();
    for folder in ["formats/native/bug-mean", "formats/native/clean-items", "formats/lm-eval/stderr-not-divided"] {
        all.extend(files(folder));
    }
    all.extend(["cases/C3.jsonl", "cases/C10.jsonl", "cases/C11.jsonl", "hostile/mess.jsonl"].map(fixture));
    assert!(all.len() >= 8, "{all:?}");
    let whole = json(&check(&all));
    let by = |count: usize, shift: usize| {
        let mut parts: Vec<Vec<String>> = vec![Vec::new(); count];
        for (at, path) in all.iter().enumerate() {
            parts[(at * 7 + shift) % count].push(path.clone());
        }
        parts.into_iter().filter(|paths| !paths.is_empty()).map(|paths| part(&paths)).collect::<Vec<_>>()
    };
    for (count, shift) in [(2, 0), (3, 1), (all.len(), 0)] {
        let mut parts = by(count, shift);
        assert_eq!(json(&merge(parts.clone()).unwrap()), whole, "{count} parts");
        parts.reverse();
        assert_eq!(json(&merge(parts).unwrap()), whole, "{count} parts, reversed");
    }
}

#[test]
fn a_clean_shard_is_searched_when_another_shard_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(fixture("formats/native/bug-mixture/scores.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let paths: Vec<String> = lines
        .chunks(400)
        .enumerate()
        .map(|(at, lines)| {
            let path = folder.path().join(format!("shard-{at}.jsonl"));
            std::fs::write(&path, lines.join("\n")).unwrap();
            path.to_string_lossy().into_owned()
        })
        .collect();
    let report = check(&paths);
    assert_eq!(report.findings[0].code, "RT707");
    let parts = paths.iter().map(|path| part(std::slice::from_ref(path))).collect();
    assert_eq!(json(&merge(parts).unwrap()), json(&report));
    // Alone, the first shard is clean, and the search leaves no trace.
    let alone = std::slice::from_ref(&paths[0]);
    assert_eq!(json(&merge(vec![part(alone)]).unwrap()), json(&check(alone)));
    assert!(check(alone).findings.is_empty());
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let paths = [fixture("cases/C10.jsonl")];
    let twice = merge(vec![part(&paths), part(&paths)]).unwrap_err();
    assert!(matches!(twice, PartError::Twice { .. }), "{twice}");
    assert!(matches!(Part::read(&b"{\"schema_version\": 1}"[..]), Err(PartError::NoTally)));
    assert!(matches!(Part::read(&b""[..]), Err(PartError::NoTally)));
    let mut bytes = Vec::new();
    part(&paths).write(&mut bytes).unwrap();
    bytes.truncate(bytes.len() - 10);
    assert!(matches!(Part::read(bytes.as_slice()), Err(PartError::Damaged(_))));
}

#[test]
fn shards_that_alone_follow_other_conventions_are_judged_as_one() {
    // One shard follows the mean per token, the other per byte; each is right alone, and both cannot be.
    let folder = tempfile::tempdir().unwrap();
    let row = |item: u32, norm: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"a\", \"continuation\": \"abcdef\", \"tokens\": [\"abc\", \"def\"], \
             \"logprobs\": [-1.25, -1.5], \"score_norm\": {norm}}}\n"
        )
    };
    let shards = [("a.jsonl", "-1.375", 0), ("b.jsonl", "-0.4583333333333333", 10)].map(|(name, norm, from)| {
        let path = folder.path().join(name);
        std::fs::write(&path, (from..from + 4).map(|item| row(item, norm)).collect::<String>()).unwrap();
        path.to_string_lossy().into_owned()
    });
    let report = check(&shards);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    let parts: Vec<Part> = shards.iter().map(|path| part(std::slice::from_ref(path))).collect();
    assert_eq!(json(&merge(parts.clone()).unwrap()), json(&report));
    for (shard, own) in shards.iter().zip(parts) {
        let alone = check(std::slice::from_ref(shard));
        assert!(alone.findings.is_empty(), "alone each is right: {:?}", alone.findings);
        assert_eq!(json(&merge(vec![own]).unwrap()), json(&alone));
    }
}

#[test]
fn items_that_go_on_in_another_part_are_gathered() {
    let folder = tempfile::tempdir().unwrap();
    let row = |item: u32, candidate: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"{candidate}\", \"logprobs\": [-1.25, -1.5], \"score\": -2.75, \
             \"picked\": {}}}\n",
            candidate == "a"
        )
    };
    let paths = ["a", "b"].map(|candidate| {
        let path = folder.path().join(format!("{candidate}.jsonl"));
        std::fs::write(&path, (0..9).map(|item| row(item, candidate)).collect::<String>()).unwrap();
        path.to_string_lossy().into_owned()
    });
    let report = check(&paths);
    assert_eq!(report.summary.items, 9);
    let parts = paths.iter().map(|path| part(std::slice::from_ref(path))).collect();
    assert_eq!(json(&merge(parts).unwrap()), json(&report));
}
