//! Audits of growing logs: the last report equals that of one audit of the whole log.

use std::io::Write as _;
use std::path::Path;

use retally::Watch;

use crate::support::{audit, check, fixture, json};

fn watch(folder: &Path) -> Watch {
    Watch::new(audit(&[folder.to_string_lossy().into_owned()])).unwrap()
}

/// Cuts a text into chunks of varying size, at any byte.
fn chunks(text: &[u8], count: usize) -> Vec<&[u8]> {
    let size = text.len() / count + 1;
    let mut chunks = Vec::new();
    let mut rest = text;
    for at in 0.. {
        let take = (size / 2 + (at * 7919) % size).clamp(1, rest.len().max(1)).min(rest.len());
        let (chunk, more) = rest.split_at(take);
        chunks.push(chunk);
        rest = more;
        if rest.is_empty() {
            return chunks;
        }
    }
    chunks
}

/// Writes files piece by piece in turn, updates after each piece, and compares the last report with that of `check`.
#[track_caller]
fn grows(files: &[(&str, Vec<u8>)], pieces: usize) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = watch(folder.path());
    let mut seen = Vec::new();
    let mut parts: Vec<_> = files.iter().map(|(name, text)| (*name, chunks(text, pieces).into_iter())).collect();
    loop {
        let mut wrote = false;
        for (name, chunks) in &mut parts {
            let Some(chunk) = chunks.next() else { continue };
            let path = folder.path().join(name);
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all(chunk).unwrap();
            wrote = true;
            watch.look();
            seen.push(watch.report().findings.len());
        }
        if !wrote {
            break;
        }
    }
    assert!(!watch.look(), "nothing is new");
    let whole = check(&[folder.path().to_string_lossy().into_owned()]);
    assert_eq!(json(&watch.finish()), json(&whole));
    seen
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).unwrap()
}

#[test]
fn a_growing_log_ends_with_the_report_of_the_whole() {
    let mixture = grows(&[("scores.jsonl", read("formats/native/bug-mixture/scores.jsonl"))], 23);
    let (first, last) = (mixture.iter().position(|findings| *findings > 0).unwrap(), mixture.len());
    assert!(first > last / 3 && first < last - 1, "the rows change their formula after three fifths: {mixture:?}");
    grows(&[("scores.jsonl", read("formats/native/bug-mean/scores.jsonl"))], 5);
    for case in ["C3", "C10", "C11"] {
        grows(&[("a.jsonl", read(&format!("cases/{case}.jsonl")))], 4);
    }
    grows(&[("a.jsonl", read("hostile/mess.jsonl"))], 6);
}

#[test]
fn files_may_come_later_and_a_summary_at_the_end() {
    let mut summary = vec![b' '; 2000];
    summary.extend(read("formats/native/bug-mean/summary.json"));
    let scores = read("formats/native/bug-mean/scores.jsonl");
    let (head, tail) = scores.split_at(scores.len() / 2);
    grows(&[("b.jsonl", head.to_vec()), ("a.jsonl", tail.to_vec()), ("summary.json", summary)], 3);
}

#[test]
fn a_file_that_is_larger_than_its_head_is_read_on_and_one_that_is_rewritten_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let row = |item: usize, score: &str| {
        format!("{{\"item\": \"q{item}\", \"candidate\": \"a\", \"logprobs\": [-1.25, -1.5], \"score\": {score}}}\n")
    };
    let text: String = (0..8_000).map(|item| row(item, "-2.75")).collect();
    assert!(text.len() > 2 * retally::internals::format::HEAD_BYTES);
    std::fs::write(&path, &text).unwrap();
    let mut watch = watch(folder.path());
    assert!(watch.look() && !watch.look());
    let wrong: String = (8_000..8_010).map(|item| row(item, "-1.375")).collect();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(wrong.as_bytes()).unwrap();
    assert!(watch.look());
    assert_eq!(watch.report().findings.len(), 1);
    assert_eq!(watch.report().summary.records, 8_010);
    std::fs::write(&path, row(0, "-2.75")).unwrap();
    assert!(watch.look());
    assert_eq!((watch.report().findings.len(), watch.report().summary.records), (0, 1));
    let whole = check(&[folder.path().to_string_lossy().into_owned()]);
    assert_eq!(json(&watch.finish()), json(&whole));
}
