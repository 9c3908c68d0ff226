//! Every row that shows a finding (`check --rows`) and every item whose pick changes (`flips`).

use std::collections::BTreeMap;

use retally::items::{ChangedPick, Rows};
use retally::{Audit, Config, Report};

use crate::support::{Folder, MEAN, entries, fixture, folders, root};

fn listed(path: &str) -> (Report, Rows) {
    let audit = Audit::new(Config::default()).inputs([path]);
    let inputs = audit.open().unwrap();
    audit.run_with_rows(inputs)
}

/// Rows by the fingerprint of their finding.
fn by_finding(rows: &Rows) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for row in rows.failed() {
        *counts.entry(row.fingerprint).or_default() += 1;
    }
    counts
}

/// Rules about a whole run: their rows are the places that the report shows.
const OF_RUN: [&str; 4] = ["RT601", "RT616", "RT701", "RT709"];
/// Rules whose cause in a column also has the steps that show it.
const WITH_STEPS: [&str; 1] = ["RT106"];

#[test]
fn as_many_rows_are_listed_as_a_finding_counts() {
    let mut logs: Vec<String> = Vec::new();
    for folder in folders(&root().join("fixtures/rules")) {
        let bad = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("bad");
        logs.extend(entries(&folder).into_iter().filter(bad).map(|path| path.to_string_lossy().into_owned()));
    }
    assert!(logs.len() > 60, "{}", logs.len());
    for name in ["bug-mean", "bad-by-value-rerank", "bad-pick-is-the-worst"] {
        logs.push(fixture(&format!("formats/native/{name}")));
    }
    // The same cause under two filters.
    logs.push(fixture("formats/helm/bad-quasi-match-with-case"));
    for log in logs {
        let (report, rows) = listed(&log);
        let counts = by_finding(&rows);
        assert_eq!(counts.len(), report.findings.len(), "{log}");
        for finding in &report.findings {
            let listed = counts[&finding.fingerprint];
            let code = finding.code.as_str();
            let right = match code {
                _ if OF_RUN.contains(&code) => listed as usize == finding.locations.len(),
                _ if WITH_STEPS.contains(&code) => listed > finding.count,
                _ => listed == finding.count,
            };
            assert!(right, "{log}: {code} counts {}, {listed} are listed", finding.count);
        }
        rows.intact().unwrap();
    }
}

#[test]
fn the_picks_that_change_are_those_of_the_impact() {
    let (report, rows) = listed(&fixture("formats/native/bug-mean"));
    let impact = report.diagnoses[0].impact.as_ref().unwrap();
    let picks: Vec<ChangedPick> = rows.picks().collect();
    assert_eq!((picks.len() as u64, impact.flips), (27, 27));
    let gained = picks.iter().filter(|pick| (pick.was_right, pick.is_right) == (Some(false), Some(true))).count();
    let lost = picks.iter().filter(|pick| (pick.was_right, pick.is_right) == (Some(true), Some(false))).count();
    assert_eq!((gained as u64, lost as u64), (impact.gained, impact.lost));
    assert_eq!(
        picks[..3].iter().map(|pick| &pick.item).collect::<Vec<_>>(),
        impact.flipped[..3].iter().collect::<Vec<_>>()
    );
    let first = &picks[0];
    assert_eq!((first.reported.as_str(), first.recomputed.as_str(), first.gold.as_deref()), ("0", "1", Some("1")));
    assert_eq!((first.code.as_str(), first.line), ("RT204", 89));
}

#[test]
fn picks_change_by_the_scores_or_by_recomputed_steps() {
    let codes = |log: &str| {
        let (_, rows) = listed(&fixture(log));
        rows.picks().map(|pick| (pick.item, pick.code)).collect::<Vec<_>>()
    };
    let owned = |picks: &[(&str, &str)]| {
        picks.iter().map(|(item, code)| ((*item).to_owned(), (*code).to_owned())).collect::<Vec<_>>()
    };
    let by_scores = codes("rules/RT402-pick-not-argmax/bad.jsonl");
    assert_eq!(by_scores, owned(&[("q1", "RT402"), ("q3", "RT402"), ("q5", "RT402")]));
    assert_eq!(codes("cases/C6.jsonl"), owned(&[("c6-1", "RT107"), ("c6-2", "RT107")]));
    assert_eq!(codes("rules/RT402-pick-not-argmax/look-alike.jsonl"), []);
}

/// Candidates of an item that are far apart are judged at the end, and listed in the order of the log.
#[test]
fn scattered_candidates_are_listed_in_order() {
    let row = |item: usize, candidate: &str, logprob: f64, n: usize, picked: bool| {
        let steps = vec![format!("{logprob}"); n].join(", ");
        let tokens = vec!["\"t\""; n].join(", ");
        format!(
            "{{\"item\": \"q{item:02}\", \"candidate\": \"{candidate}\", \"tokens\": [{tokens}], \"logprobs\": [{steps}], \
             \"score\": {logprob}, \"picked\": {picked}}}\n"
        )
    };
    // The mean prefers the long candidate, the sum the short one.
    let first = (0..12).map(|item| row(item, "long", -1.25, 4, true));
    let text: String = first.chain((0..12).map(|item| row(item, "short", -1.5, 2, false))).collect();
    let folder = Folder::with(&[("a.jsonl", &text)]);
    let (status, out, err) = folder.run("flips a.jsonl --format csv");
    assert_eq!(status, 0, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 13, "{out}");
    assert_eq!(lines[1], ",q00,long,short,,,,RT204,a.jsonl,1");
    assert_eq!(lines[12], ",q11,long,short,,,,RT204,a.jsonl,12");
    let (status, _, err) = folder.run("check a.jsonl --rows rows.csv");
    assert_eq!(status, 1, "{err}");
    let rows = folder.read("rows.csv");
    let order: Vec<u64> = rows.lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse().unwrap()).collect();
    assert_eq!(order, (1..=24).collect::<Vec<u64>>());
}

#[test]
fn flips_says_what_changes_in_a_table() {
    let folder = Folder::with(&[("mean.jsonl", MEAN)]);
    let (status, text, err) = folder.run("flips mean.jsonl");
    assert_eq!(status, 0, "{err}");
    assert_eq!(
        text,
        "no picks are logged, so none can change (a pick is the candidate that was chosen; see docs/schema.md)\n"
    );
    let path = root().join("fixtures/rules/RT402-pick-not-argmax/bad.jsonl");
    folder.write("picks.jsonl", &std::fs::read(path).unwrap());
    let (_, text, _) = folder.run("flips picks.jsonl");
    insta::assert_snapshot!(text);
    let (_, json, _) = folder.run("flips picks.jsonl --format json");
    let picks: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(picks.as_array().unwrap().len(), 3);
    assert_eq!(picks[0]["item"], "q1");
    assert_eq!(folder.run("flips mean.jsonl --format json").1, "[]\n");
    let (status, _, err) = folder.run("flips missing.jsonl");
    assert_eq!((status, err.lines().count()), (2, 1), "{err}");
}

#[test]
fn rows_are_written_as_csv() {
    let folder = Folder::with(&[("mean.jsonl", MEAN)]);
    let (status, _, err) = folder.run("check mean.jsonl --rows rows.csv");
    assert_eq!(status, 1, "{err}");
    insta::assert_snapshot!(folder.read("rows.csv"));
    // Its own table may be replaced, and is no log.
    assert_eq!(folder.run("check mean.jsonl --rows rows.csv").0, 1);
    let (status, out, _) = folder.run("check . --show-files");
    assert_eq!(status, 0);
    assert!(out.contains("rows.csv: skipped (table of rows written by retally)"), "{out}");
    folder.write("notes.csv", b"mine\n");
    let (status, _, err) = folder.run("check mean.jsonl --rows notes.csv");
    assert_eq!(status, 2);
    assert!(err.contains("notes.csv already exists and was not written by retally"), "{err}");
    let (status, _, err) = folder.run("check mean.jsonl --rows rows.xlsx");
    assert_eq!(status, 2);
    assert!(err.contains("expected a file name that ends in .csv or .parquet"), "{err}");
    assert_eq!(folder.run("check mean.jsonl --rows mean.csv --tally t").0, 2);
}

#[test]
fn cells_of_a_hostile_log_are_no_formulas() {
    let hostile = MEAN.replace("\"q0\"", "\"=HYPERLINK(1)\\u001b[31m\"");
    let folder = Folder::with(&[("mean.jsonl", &hostile)]);
    assert_eq!(folder.run("check mean.jsonl --rows rows.csv").0, 1);
    let rows = folder.read("rows.csv");
    assert!(rows.contains(",'=HYPERLINK(1)\\x1b[31m,"), "{rows}");
    assert!(!rows.contains('\u{1b}'), "{rows}");
}

#[cfg(feature = "arrow")]
#[test]
fn rows_are_written_as_parquet() {
    use parquet::file::reader::FileReader as _;
    use parquet::record::RowAccessor as _;

    let folder = Folder::with(&[("mean.jsonl", MEAN)]);
    for _ in 0..2 {
        let (status, _, err) = folder.run("check mean.jsonl --rows rows.parquet");
        assert_eq!(status, 1, "{err}");
    }
    let (_, out, _) = folder.run("check . --show-files");
    assert!(out.contains("rows.parquet: skipped (table of rows written by retally)"), "{out}");
    let file = std::fs::File::open(folder.path().join("rows.parquet")).unwrap();
    let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
    let columns: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let csv = {
        assert_eq!(folder.run("check mean.jsonl --rows rows.csv").0, 1);
        folder.read("rows.csv")
    };
    assert_eq!(columns.join(","), csv.lines().next().unwrap());
    let rows: Vec<parquet::record::Row> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), csv.lines().count() - 1);
    assert_eq!(rows[0].get_string(0).unwrap(), "RT204");
    assert_eq!(rows[0].get_ulong(4).unwrap(), 1);
    assert_eq!((rows[0].get_double(11).unwrap(), rows[0].get_double(12).unwrap()), (-1.166_667, -3.5));
}
