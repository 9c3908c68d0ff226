//! The bytes of a place: every span in a report holds the value that the place is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use retally::internals::model::{Snippet, Span};
use retally::internals::source::{Input, Packing};
use retally::report::{Location, Report};

use retally::Audit;

use crate::formats::audit;
use crate::golden::logs;
use crate::support::fixture;

/// Maximum bytes of a value that a snippet marks.
const MARK: usize = 48;

/// Every location in a report; the first one of a finding with its snippet.
fn locations(report: &Report) -> Vec<(String, &Location, Option<&Snippet>)> {
    let mut found = Vec::new();
    for finding in &report.findings {
        for (at, location) in finding.locations.iter().enumerate() {
            found.push((finding.code.clone(), location, (at == 0).then_some(&finding.snippet)));
        }
    }
    for group in report.diagnoses.iter().flat_map(|diagnosis| &diagnosis.groups) {
        found.extend([&group.first, &group.last].map(|location| ("group".to_owned(), location, None)));
    }
    found
}

/// An error in a span of a plain file, if any.
fn complaint(
    code: &str,
    bytes: &[u8],
    packing: Packing,
    place: &Location,
    span: &Span,
    snippet: Option<&Snippet>,
) -> Option<String> {
    let (start, end) = (usize::try_from(span.start).unwrap(), usize::try_from(span.end).unwrap());
    let Some(value) = bytes.get(start..end) else { return Some("it is not in the file".to_owned()) };
    let before = &bytes[..start];
    // The lines of a container are generated from it.
    if packing == Packing::Plain {
        let line = 1 + before.split(|byte| *byte == b'\n').skip(1).count() as u64;
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
        let mark = if line == 1 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        if (place.line, place.column) != (line, column - mark) {
            return Some(format!("it is at {line}:{}", column - mark));
        }
    }
    // For an unreadable record, the span is where parsing stops.
    if code == "RT708" {
        return None;
    }
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.');
    if !edge(before.last()) || !edge(bytes.get(end)) {
        return Some(format!("it cuts a value: {}", String::from_utf8_lossy(value)));
    }
    let snippet = snippet.filter(|snippet| !snippet.text.is_empty())?;
    let mark = &snippet.text[snippet.mark..][..snippet.mark_len];
    let shown = match value.first() {
        Some(b'{' | b'[') => &value[..1],
        // A text from a table is put in quotes.
        _ if packing != Packing::Plain && mark.starts_with('"') => {
            return (!mark.contains(&*String::from_utf8_lossy(value))).then(|| mark.to_owned());
        }
        _ => &value[..value.len().min(MARK)],
    };
    let shown = String::from_utf8_lossy(shown);
    (shown != mark).then(|| format!("it is `{shown}`, marked is `{mark}`"))
}

#[test]
fn the_bytes_of_every_place_are_its_value() {
    let mut wrong = Vec::new();
    let (mut with, mut without) = (0, BTreeMap::<String, u32>::new());
    let mut files: BTreeMap<PathBuf, (Packing, Vec<u8>)> = BTreeMap::new();
    for log in logs() {
        let report = audit(&log);
        for (code, place, snippet) in locations(&report) {
            let path = Path::new(&place.path);
            // Line 0 is the whole input; a missing field has no bytes.
            if place.line == 0 || code == "RT709" || !path.is_file() {
                continue;
            }
            // A container without its end has no packing, and its error no place inside it.
            let Ok(packing) = Input::file(place.path.clone(), path.to_owned()).packing() else { continue };
            let (packing, bytes) =
                files.entry(path.to_owned()).or_insert_with(|| (packing, std::fs::read(path).unwrap()));
            let name = place.path.replace(&fixture(""), "");
            match &place.span {
                Some(span) if span.packed || span.member.is_some() => with += 1,
                Some(span) => {
                    with += 1;
                    if let Some(complaint) = complaint(&code, bytes, *packing, place, span, snippet) {
                        wrong.push(format!(
                            "{name}:{}:{} {code} {} {span:?}: {complaint}",
                            place.line, place.column, place.field
                        ));
                    }
                }
                None if matches!(packing, Packing::Plain | Packing::Gzip | Packing::Zstd | Packing::Zip) => {
                    *without.entry(code).or_default() += 1;
                }
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {with}:\n{}", wrong.len(), wrong.join("\n"));
    // Duplicates are kept with their line only, and findings about several columns have the line of the first row.
    for code in ["RT613", "RT615", "RT617", "RT701"] {
        without.remove(code);
    }
    assert!(without.is_empty() && with > 700, "{with} places with bytes, without: {without:?}");
}

/// The report on one file.
fn of_file(name: &str, bytes: &[u8], with: impl Fn(Audit) -> Audit) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    with(crate::support::audit(&[path.to_string_lossy().into_owned()])).run().unwrap()
}

/// Line, column and bytes of the first refuted claim.
fn first(name: &str, text: &str, with: impl Fn(Audit) -> Audit) -> (u64, u64, String) {
    let report = of_file(name, text.as_bytes(), with);
    let finding = report.findings.iter().find(|finding| finding.claim == "score" || finding.claim == "total_logprob");
    let place = &finding.unwrap_or_else(|| panic!("{name}: {:?}", report.errors)).locations[0];
    let span = place.span.as_ref().unwrap();
    let value = text[usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap()].to_owned();
    (place.line, place.column, value)
}

/// A candidate of two tokens.
fn candidate(item: usize, score: &str) -> String {
    format!("{{\"item\": \"q{item}\", \"candidate\": \"a\", \"logprobs\": [-1.5, -0.25], \"score\": {score}}}")
}

#[test]
fn lines_have_their_bytes_whatever_ends_them() {
    let rows: Vec<String> = (0..6).map(|item| candidate(item, if item == 3 { "-9.125" } else { "-1.75" })).collect();
    let column = 1 + rows[3].find("-9.125").unwrap() as u64;
    for (mark, end) in [("", "\n"), ("", "\r\n"), ("\u{feff}", "\n"), ("\u{feff}", "\r\n\r\n")] {
        let text = mark.to_owned() + &rows.join(end);
        let line = 1 + 3 * end.matches('\n').count() as u64;
        for (threads, unit_bytes) in [(1, 1 << 20), (1, 1), (2, 150)] {
            let with = |audit: Audit| audit.threads(threads).unit_bytes(unit_bytes);
            assert_eq!(first("rows.jsonl", &text, with), (line, column, "-9.125".to_owned()), "{mark:?} {end:?}");
        }
    }
    assert_eq!(first("one.jsonl", &candidate(0, "-9.125"), |audit| audit), (1, column, "-9.125".to_owned()));
}

#[test]
fn elements_of_a_list_have_their_bytes() {
    let rows: Vec<String> = (0..4)
        .map(|item| candidate(item, if item == 2 { "-9.125" } else { "-1.75" }).replace(", ", ",\n   "))
        .collect();
    let text = format!("\u{feff}[\n {}\n]\n", rows.join(",\n "));
    let before = &text[..text.find("-9.125").unwrap()];
    let (line, start) = (1 + before.matches('\n').count() as u64, before.rfind('\n').unwrap());
    let expected = (line, (before.len() - start) as u64, "-9.125".to_owned());
    assert_eq!(first("rows.json", &text, |audit| audit), expected);
}

#[test]
fn cells_have_their_bytes() {
    let wide = (0..300).fold(String::new(), |header, at| header + &format!(",note_{at}"));
    let notes = (0..300).fold(String::new(), |row, at| row + &format!(",{at}"));
    let texts = [
        ("a.csv", "item,candidate,position,logprob,total_logprob\nq1,0,0,-1.5,-9.125\nq1,0,1,-0.25,-9.125\n".to_owned()),
        ("a.csv", "item,candidate,position,logprob,total_logprob\r\nq0,0,0,-1.5,-1.5\r\n\r\nq1,0,0,-1.5,-9.125\r\n".to_owned()),
        ("a.tsv", "item\tcandidate\tposition\tlogprob\ttotal_logprob\nq1\t0\t0\t-1.5\t-9.125\nq1\t0\t1\t-0.25\t-9.125\n".to_owned()),
        (
            "a.csv",
            "item,candidate,prompt,position,logprob,total_logprob\n\"q,\"\"0\"\"\",0,\"two\nlines, \"\"quoted\"\"\",0,-1.5,-1.5\nq1,0,\"a,\n\",0,-1.5,\"-9.125\"\n"
                .to_owned(),
        ),
        (
            "a.csv",
            format!("item,candidate{wide},position,logprob,total_logprob\nq0,0{notes},0,-1.5,-1.5\nq1,0{notes},0,-1.5,-9.125\nq1,0{notes},1,-0.25,-9.125\n"),
        ),
    ];
    for (name, text) in texts {
        for text in [text.clone(), format!("\u{feff}{text}")] {
            let before = &text[..text.find("-9.125").unwrap()];
            let line = 1 + before.matches('\n').count() as u64;
            let column = (before.len() - before.rfind('\n').unwrap()) as u64;
            assert_eq!(first(name, &text, |audit| audit), (line, column, "-9.125".to_owned()), "{text}");
        }
    }
}

#[test]
fn groups_of_rows_in_a_table_begin_at_the_score() {
    let folder = fixture("formats/native/bug-mean-from-half-on-csv");
    let text = std::fs::read_to_string(format!("{folder}/scores.csv")).unwrap();
    let report = audit(Path::new(&folder));
    let groups: Vec<&Location> = report
        .diagnoses
        .iter()
        .flat_map(|diagnosis| &diagnosis.groups)
        .flat_map(|group| [&group.first, &group.last])
        .collect();
    assert_eq!(groups.len(), 4);
    for place in groups {
        let line = text.lines().nth(usize::try_from(place.line).unwrap() - 1).unwrap();
        let score = line.split(',').nth(5).unwrap();
        let column: usize = line.split(',').take(5).map(|cell| cell.len() + 1).sum::<usize>() + 1;
        assert_eq!(place.column, column as u64, "{line}");
        let span = place.span.as_ref().unwrap();
        assert_eq!(&text[usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap()], score);
    }
}
