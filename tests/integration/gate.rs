//! The gate from the user's perspective: baselines, exceptions and the policy, through the built program and its exit
//! code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use retally::{Audit, Config, Report};
use serde_json::Value;

use crate::support::{Folder, MEAN, contains, root, run_in};

/// The score is the sum of the log-probs: proven.
const GOOD: &str = r#"{"item": "q9", "candidate": "a", "continuation": "The cat sat", "tokens": ["The", " cat", " sat"], "logprobs": [-1.500000, -0.800000, -1.200000], "score": -3.500000}
"#;
/// The baseline entry of that cause.
const MEAN_ENTRY: &str = r#"{"fingerprint":"e94d79912e1572aa76f8d0294baccc7a","code":"RT204","task":"","claim":"score","cause":["sum(logprob)/n"]}"#;

impl Folder {
    #[track_caller]
    fn json(&self, line: &str) -> (i32, Value) {
        let (code, out, err) = self.run(&format!("{line} --format json"));
        (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
    }
}

fn baseline(entries: &[&str]) -> String {
    let end = if entries.is_empty() { "" } else { "\n" };
    format!("{{\"version\":2,\"findings\":[\n{}{end}]}}\n", entries.join(",\n"))
}

fn with_keys(keys: &str) -> String {
    baseline(&[&MEAN_ENTRY.replace('}', &format!(",{keys}}}"))])
}

// The next day's log.

fn rows(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(format!("fixtures/formats/native/{name}/scores.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows in reverse order, with a tenth of the questions repeated under other ids.
fn tomorrow(rows: &[Value]) -> Vec<Value> {
    let questions: BTreeSet<u64> = rows.iter().map(|row| row["question_id"].as_u64().unwrap()).collect();
    let tenth = questions.len() as u64 / 10;
    let mut all: Vec<Value> = rows.iter().rev().cloned().collect();
    for row in rows.iter().filter(|row| row["question_id"].as_u64().unwrap() < tenth) {
        let mut row = row.clone();
        row["question_id"] = (row["question_id"].as_u64().unwrap() + 10_000).into();
        let prompt = format!("{} (again)", row["prompt"].as_str().unwrap());
        row["prompt"] = prompt.into();
        all.push(row);
    }
    all
}

fn lines(rows: &[Value]) -> String {
    rows.iter().fold(String::new(), |text, row| text + &row.to_string() + "\n")
}

/// The summary that the pipeline would write next to the rows.
fn summary(rows: &[Value]) -> String {
    let items: BTreeSet<u64> = rows.iter().map(|row| row["question_id"].as_u64().unwrap()).collect();
    let right = rows.iter().filter(|row| row["picked"] == true && row["gold"] == true).count();
    let accuracy = right as f64 / items.len() as f64;
    format!("{{\"task\": \"local_mc\", \"n\": {}, \"accuracy\": {accuracy}}}", items.len())
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A change of the rows.
type Edit = fn(&mut [Value]);

#[test]
fn a_baseline_of_today_passes_the_same_log_tomorrow_and_fails_a_second_cause() {
    for name in ["bug-mean", "bug-mixture"] {
        let today = rows(name);
        let folder = Folder::with(&[]);
        folder.write("today/scores.jsonl", lines(&today).as_bytes());
        folder.write("today/summary.json", summary(&today).as_bytes());
        let (code, ..) = folder.run("check today");
        assert_eq!(code, 1, "{name}");
        let (code, out, err) = folder.run("baseline create today --output known.json");
        assert_eq!((code, err.as_str()), (0, ""), "{name}: {out}");
        assert_eq!(folder.run("check today --baseline known.json").0, 0, "{name}");

        let later = tomorrow(&today);
        assert_eq!(later.len(), today.len() / 10 * 11, "{name}");
        let text = lines(&later);
        folder.write("later/of/scores.jsonl", text.as_bytes());
        folder.write("packed-gz/scores.jsonl.gz", &gz(&text));
        folder.write("packed-zst/scores.jsonl.zst", &zstd::encode_all(text.as_bytes(), 1).unwrap());
        let half = later.len() / 2;
        folder.write("split/a.jsonl", lines(&later[..half]).as_bytes());
        folder.write("split/b.jsonl", lines(&later[half..]).as_bytes());
        for run in ["later/of", "packed-gz", "packed-zst", "split"] {
            folder.write(&format!("{run}/summary.json"), summary(&later).as_bytes());
            for threads in [1, 3] {
                let line = format!("check {run} --threads {threads} --baseline known.json --strict-baseline");
                let (code, report) = folder.json(&line);
                assert_eq!(code, 0, "{name} {line}: {:#}", report["gate"]);
                let findings = report["findings"].as_array().unwrap();
                assert!(!findings.is_empty(), "{name}");
                assert_eq!(report["baseline"]["known"], findings.len() as u64, "{name} {line}");
                assert!(findings.iter().all(|finding| finding["baseline_state"] == "unchanged"), "{name} {line}");
            }
        }

        // A second cause: one step of one row, one score of one row, the reported accuracy, another column.
        let edits: [(&str, Edit); 3] = [
            ("a positive log-prob", |rows| rows[7]["token_logprobs"][0] = 0.25.into()),
            ("one other score", |rows| rows[7]["score"] = (-77.123_456).into()),
            ("another column", |rows| {
                for row in rows {
                    row["mean_logprob"] = (-77.123_456).into();
                }
            }),
        ];
        for (what, edit) in edits {
            let mut changed = later.clone();
            edit(&mut changed);
            folder.write("later/of/scores.jsonl", lines(&changed).as_bytes());
            let (code, report) = folder.json("check later/of --baseline known.json");
            assert_eq!(code, 1, "{name} {what}: {:#}", report["findings"]);
            assert!(report["baseline"]["new"].as_u64().unwrap() > 0, "{name} {what}");
        }
        folder.write("later/of/scores.jsonl", text.as_bytes());
        folder.write("later/of/summary.json", summary(&later).replace("0.", "0.9").as_bytes());
        let (code, report) = folder.json("check later/of --baseline known.json");
        assert_eq!(code, 1, "{name}: {:#}", report["findings"]);
    }
}

#[test]
fn a_baseline_of_a_harness_run_passes_the_run_of_tomorrow() {
    for (name, code, needs_results) in [
        ("scorer-sum_probs", "RT101", false),
        ("scorer-raw_logits", "RT101", false),
        ("row-correctness-flipped", "RT611", true),
        ("mean-of-exp-perplexity", "RT602", true),
    ] {
        let folder = Folder::with(&[]);
        let mut samples: Vec<(String, Vec<Value>)> = Vec::new();
        for entry in std::fs::read_dir(root().join("fixtures/formats/lm-eval").join(name)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            // The same evaluation stored by another run: other directory, other date, rows in reverse order.
            let (stem, ending) = (file.split("_2026").next().unwrap(), file.rsplit('.').next().unwrap());
            let renamed = format!("{stem}_2026-12-01T00-00-00.000001.{ending}");
            let reversed: Vec<&str> = text.lines().rev().collect();
            let stored = if ending == "jsonl" { reversed.join("\n") } else { text.clone() };
            folder.write(&format!("today/{file}"), text.as_bytes());
            folder.write(&format!("later/model/{renamed}"), stored.as_bytes());
            if ending == "jsonl" {
                samples.push((renamed, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()));
            }
        }
        assert_eq!(folder.run("check today").0, 1, "{name}");
        assert_eq!(folder.run("baseline create today --output known.json").0, 0, "{name}");
        contains(&folder.read("known.json"), &[code]);
        let (status, report) = folder.json("check later --baseline known.json --strict-baseline");
        assert_eq!(status, 0, "{name}: {:#}", report["findings"]);

        // A tenth of the documents repeated under other ids. The results of such a run would differ, so they are left
        // out, and findings that need results cannot appear.
        if needs_results {
            continue;
        }
        for (file, rows) in &samples {
            let mut rows = rows.clone();
            let more: Vec<Value> = rows[..rows.len() / 10].to_vec();
            for mut row in more {
                row["doc_id"] = (row["doc_id"].as_u64().unwrap() + 10_000).into();
                for key in ["doc_hash", "prompt_hash"] {
                    let digits = row[key].as_str().unwrap().to_owned();
                    row[key] = digits.chars().rev().collect::<String>().into();
                }
                rows.push(row);
            }
            folder.write(&format!("more/{file}.gz"), &gz(&lines(&rows)));
        }
        let (status, report) = folder.json("check more --baseline known.json --strict-baseline");
        assert_eq!(status, 0, "{name}: {:#}", report["findings"]);
        assert!(report["baseline"]["known"].as_u64().unwrap() > 0, "{name}");
    }
}

#[test]
fn text_of_a_log_is_harmless_in_the_baseline_and_beside_it() {
    let task = "a\\u001b[31m\\u202e##[error]x";
    let log = MEAN.replace("{\"item\"", &format!("{{\"task\": \"{task}\", \"item\"")).replace("\\\\", "\\");
    let folder = Folder::with(&[("a.jsonl", &log), ("b.jsonl", GOOD)]);
    assert_eq!(folder.run("baseline create a.jsonl --output known.json").0, 0);
    let text = folder.read("known.json");
    contains(&text, &["\"task\":\"a\\\\x1b[31m\\\\u{202e}##\\\\x5berror]x\""]);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text:?}");
    assert_eq!(folder.run("check a.jsonl --baseline known.json --strict-baseline").0, 0);
    for line in ["check b.jsonl --baseline known.json", "baseline prune b.jsonl --baseline known.json"] {
        let (code, out, _) = folder.run(line);
        assert_eq!(code, 0, "{line}");
        contains(&out, &["in task `a\\x1b[31m\\u{202e}##\\x5berror]x`"]);
        assert!(out.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{out:?}");
    }
}

#[test]
fn known_findings_are_counted_and_shown_on_demand() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &baseline(&[MEAN_ENTRY]))]);
    let (code, out, _) = folder.run("check a.jsonl --baseline known.json");
    assert_eq!(code, 0);
    contains(&out, &["no new findings · 2 candidates · 2 items\nbaseline: 1 known finding; -v shows it\n"]);
    assert!(!out.contains("RT204"), "{out}");
    let (code, out, _) = folder.run("check a.jsonl --baseline known.json -v");
    assert_eq!(code, 0);
    contains(&out, &["error[RT204]: `score` is the mean", " (known)\n", "baseline: 1 known finding\n"]);
    let (code, out, _) = folder.run("check a.jsonl --baseline known.json --format concise");
    assert_eq!((code, out.as_str()), (0, ""));
    let (code, out, _) = folder.run("check a.jsonl --baseline known.json --format jsonl");
    assert_eq!(code, 0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["baseline_state"], "unchanged");
    assert_eq!(lines[1]["baseline"], serde_json::json!({"new": 0, "known": 1, "stale": 0}));
    // Without a baseline, nothing is known and nothing is new.
    let (code, report) = folder.json("check a.jsonl");
    assert_eq!(code, 1);
    assert_eq!((&report["baseline"], &report["findings"][0]["baseline_state"]), (&Value::Null, &Value::Null));
    assert_eq!(report["gate"], serde_json::json!({"passed": false, "failing": 1, "failures": [], "notes": []}));
}

#[test]
fn a_baseline_in_the_audited_directory_is_no_input() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    assert_eq!(folder.run("baseline create . --output known.json").1, "known.json: 1 entry\n");
    assert_eq!(folder.read("known.json"), baseline(&[MEAN_ENTRY]));
    let line = "check . --baseline known.json --report json=report.json";
    let first = folder.run(line);
    assert_eq!(first.0, 0);
    assert_eq!(folder.run(line), first);
    assert_eq!(serde_json::from_str::<Value>(&folder.read("report.json")).unwrap()["errors"], serde_json::json!([]));
    assert_eq!(folder.run("baseline prune . --baseline known.json").1, "known.json: 0 entries removed, 1 entry kept\n");
    let (code, _, err) = folder.run("check a.jsonl --baseline known.json --output known.json");
    assert_eq!(code, 2);
    contains(&err, &["known.json is the baseline in use"]);
    let (code, _, err) = folder.run("baseline create a.jsonl --output ./a.jsonl --overwrite");
    assert_eq!(code, 2);
    contains(&err, &["./a.jsonl is an input"]);
    assert_eq!(folder.read("a.jsonl"), MEAN);
}

#[test]
fn create_replaces_a_file_only_when_asked_and_keeps_what_was_written_by_hand() {
    let gone = MEAN_ENTRY.replace("e94d", "0000").replace("RT204", "RT301");
    let written = baseline(&[&MEAN_ENTRY.replace('}', ",\"reason\":\"until June\",\"max_share\":0.5}"), &gone]);
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &written)]);
    let (code, _, err) = folder.run("baseline create a.jsonl --output known.json");
    assert_eq!(code, 2);
    contains(&err, &["known.json already exists", "--overwrite", "retally baseline prune"]);
    assert_eq!(folder.read("known.json"), written);
    assert_eq!(folder.run("baseline create a.jsonl --output known.json --overwrite").0, 0);
    let kept = baseline(&[&MEAN_ENTRY.replace('}', ",\"reason\":\"until June\",\"max_share\":0.5}")]);
    assert_eq!(folder.read("known.json"), kept);
    // An unreadable file may contain hand-written parts.
    folder.write("known.json", b"{");
    let (code, _, err) = folder.run("baseline create a.jsonl --output known.json --overwrite");
    assert_eq!(code, 2);
    contains(&err, &["known.json:1:1: not a baseline file"]);
    assert_eq!(folder.read("known.json"), "{");
}

#[test]
fn an_audit_that_is_not_done_leaves_the_baseline_alone() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &baseline(&[MEAN_ENTRY]))]);
    for line in [
        "baseline create a.jsonl missing.jsonl --output new.json",
        "baseline prune missing.jsonl --baseline known.json",
        "baseline prune a.jsonl missing.jsonl --baseline known.json",
    ] {
        let (code, out, err) = folder.run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        contains(&err, &["the audit is incomplete, so the baseline was not changed: missing.jsonl"]);
    }
    assert!(!folder.path().join("new.json").exists());
    assert_eq!(folder.read("known.json"), baseline(&[MEAN_ENTRY]));
    for line in ["check a.jsonl --baseline no.json", "baseline prune a.jsonl --baseline no.json"] {
        let (code, out, err) = folder.run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        contains(&err, &["no.json: cannot read the baseline", "retally baseline create PATH --output no.json"]);
    }
    // An older report is not mistaken for this run's, unless a wrong argument prevented the run.
    assert_eq!(folder.run("check a.jsonl --report json=old.json").0, 1);
    assert_eq!(folder.run("check a.jsonl --baseline no.json --report json=old.json").0, 2);
    assert!(folder.path().join("old.json").exists());
    assert_eq!(folder.run("check missing.jsonl --report json=old.json").0, 2);
    assert!(!folder.path().join("old.json").exists());
    let (code, _, err) = folder.run("check a.jsonl --strict-baseline");
    assert_eq!(code, 2);
    contains(&err, &["--baseline <FILE>"]);
}

#[test]
fn stale_entries_are_a_note_and_prune_removes_them_and_adds_nothing() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("b.jsonl", GOOD), ("known.json", &baseline(&[MEAN_ENTRY]))]);
    let note = "the baseline contains 1 stale entry (RT204 on `score`); remove it with `retally baseline prune b.jsonl \
                --baseline known.json`";
    let (code, out, _) = folder.run("check b.jsonl --baseline known.json");
    assert_eq!(code, 0);
    contains(&out, &[&format!("note: {note}\n")]);
    let (code, report) = folder.json("check b.jsonl --baseline known.json");
    assert_eq!((code, &report["baseline"]), (0, &serde_json::json!({"new": 0, "known": 0, "stale": 1})));
    assert_eq!(report["gate"]["notes"], serde_json::json!([note]));
    let (code, out, _) = folder.run("check b.jsonl --baseline known.json --strict-baseline");
    assert_eq!(code, 1);
    contains(&out, &[&format!("fails: {note}\n")]);
    let (code, out, _) = folder.run("check b.jsonl --baseline known.json --strict-baseline --format concise");
    assert_eq!((code, out), (1, format!("retally: error {note}\n")));
    let (code, out, _) = folder.run("check b.jsonl --baseline known.json --strict-baseline --fail-on never");
    assert_eq!(code, 0);
    contains(&out, &["note: would fail without `--fail-on never`: the baseline contains 1 stale entry"]);
    // A disabled rule was not checked, so its entries are not stale.
    let (code, report) = folder.json("check b.jsonl --baseline known.json --strict-baseline --ignore RT2");
    assert_eq!((code, &report["baseline"]["stale"]), (0, &0.into()));

    // RT204 of `score` is not in the baseline: prune does not add it.
    let other = MEAN_ENTRY.replace("e94d", "0000").replace("\"task\":\"\"", "\"task\":\"arc\"");
    let other = other.replace("sum(logprob)/n", "x").replace('}', ",\"reason\":\"old\"}");
    folder.write("known.json", baseline(&[&other]).as_bytes());
    let (code, out, _) = folder.run("baseline prune a.jsonl --baseline known.json");
    assert_eq!(code, 0);
    assert_eq!(out, "removed RT204 on `score` in task `arc`: x\nknown.json: 1 entry removed, 0 entries kept\n");
    assert_eq!(folder.read("known.json"), baseline(&[]));
    // Remaining entries keep their hand-written parts; a file that loses no entry is not rewritten.
    let loose = with_keys("\"reason\":\"until June\"").replace(",\"findings\"", ", \"findings\"");
    folder.write("known.json", loose.as_bytes());
    assert_eq!(folder.run("baseline prune a.jsonl --baseline known.json").0, 0);
    assert_eq!(folder.read("known.json"), loose);
}

#[test]
fn entries_expire_only_when_a_day_is_named() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &with_keys("\"expires\":\"2001-01-31\""))]);
    let line = "check a.jsonl --baseline known.json";
    assert_eq!(folder.run(line).0, 0);
    assert_eq!(folder.run(&format!("{line} --today 2001-01-31")).0, 0);
    let (code, out, _) = folder.run(&format!("{line} --today 2001-02-01"));
    assert_eq!(code, 1);
    contains(&out, &["error[RT204]", "note: RT204 on `score`: baseline entry expired on 2001-01-31"]);
    let (_, report) = folder.json(&format!("{line} --today 2001-02-01"));
    assert_eq!(report["baseline"], serde_json::json!({"new": 1, "known": 0, "stale": 0}));
    let (code, _, err) = folder.run(&format!("{line} --today 2001-02-30"));
    assert_eq!(code, 2);
    contains(&err, &["invalid date 2001-02-30"]);
}

#[test]
fn a_known_cause_fails_again_when_it_spreads() {
    // Two of four rows: single-token rows cannot distinguish the mean from the sum.
    let single = |id: &str| {
        format!(
            "{{\"item\": \"{id}\", \"candidate\": \"a\", \"tokens\": [\"A\"], \"logprobs\": [-1.250000], \"score\": -1.250000}}\n"
        )
    };
    let log = format!("{MEAN}{}{}", single("q2"), single("q3"));
    let folder = Folder::with(&[("a.jsonl", &log)]);
    for (share, expected) in [("0.5", 0), ("0.49", 1), ("1", 0), ("0", 1)] {
        folder.write("known.json", with_keys("\"max_share\":SHARE").replace("SHARE", share).as_bytes());
        let (code, report) = folder.json("check a.jsonl --baseline known.json");
        assert_eq!(code, expected, "{share}");
        let finding = &report["findings"][0];
        assert_eq!((&finding["code"], &finding["count"], &finding["judged"]), (&"RT204".into(), &2.into(), &4.into()));
    }
    folder.write("known.json", with_keys("\"max_share\":0.49").as_bytes());
    let note = "RT204 on `score`: 2 of 4 rows show it, above the limit of 0.49 in the baseline";
    contains(&folder.run("check a.jsonl --baseline known.json").1, &[note]);
    // A clean run next to it does not dilute the finding.
    folder.write("clean/b.jsonl", GOOD.as_bytes());
    assert_eq!(folder.run("check . --baseline known.json").0, 1);
}

#[test]
fn a_baseline_that_cannot_be_used_stops_the_check() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &with_keys("\"reasn\":\"x\""))]);
    let (code, out, err) = folder.run("check a.jsonl --baseline known.json");
    assert_eq!((code, out.as_str()), (2, ""));
    contains(&err, &["retally: known.json:2:", "unknown key `reasn`; did you mean `reason`?"]);
}

#[test]
fn a_cause_with_a_further_part_is_new_and_one_with_fewer_is_known() {
    let rows = rows("bug-mean");
    let folder = Folder::with(&[]);
    let mut one_off = rows.clone();
    one_off[7]["score"] = (-77.123_456).into();
    folder.write("run/scores.jsonl", lines(&one_off).as_bytes());
    assert_eq!(folder.run("baseline create run --output known.json").0, 0);
    contains(&folder.read("known.json"), &["\"cause\":[\"sum(logprob)/n\",\"unexplained\"]"]);
    // After the odd row is fixed, the remaining finding is known and the entry is not stale.
    folder.write("run/scores.jsonl", lines(&rows).as_bytes());
    assert_eq!(folder.run("check run --baseline known.json --strict-baseline").0, 0);
    let before = folder.read("known.json");
    assert_eq!(folder.run("baseline prune run --baseline known.json").0, 0);
    assert_eq!(folder.read("known.json"), before);
    // An entry with edited text is recognised only by its fingerprint.
    folder.write("known.json", before.replace("sum(logprob)/n", "sum(logprob)").as_bytes());
    assert_eq!(folder.run("check run --baseline known.json").0, 1);
    // In the opposite case, the odd row is new.
    assert_eq!(folder.run("baseline create run --output known.json --overwrite").0, 0);
    folder.write("run/scores.jsonl", lines(&one_off).as_bytes());
    assert_eq!(folder.run("check run --baseline known.json").0, 1);
}

#[test]
fn a_second_wrong_metric_is_a_new_cause() {
    let fixture = root().join("fixtures/formats/lm-eval/stderr-not-divided");
    let folder = Folder::with(&[]);
    for entry in std::fs::read_dir(fixture).unwrap() {
        let path = entry.unwrap().path();
        folder.write(&format!("run/{}", path.file_name().unwrap().to_string_lossy()), &std::fs::read(&path).unwrap());
    }
    assert_eq!(folder.run("baseline create run --output known.json").0, 0);
    let text = folder.read("known.json");
    contains(&text, &["\"code\":\"RT605\"", "\"cause\":[\"acc_stderr\"]"]);
    assert_eq!(folder.run("check run --baseline known.json --strict-baseline").0, 0);
    let results = std::fs::read_dir(folder.path().join("run")).unwrap().map(|entry| entry.unwrap().path());
    let results: PathBuf = results.into_iter().find(|path| path.to_string_lossy().contains("results_")).unwrap();
    let mut value: Value = serde_json::from_str(&std::fs::read_to_string(&results).unwrap()).unwrap();
    value["results"]["local_mc"]["acc,none"] = 0.911_111.into();
    std::fs::write(&results, value.to_string()).unwrap();
    assert_eq!(folder.run("check run --baseline known.json").0, 1);
    assert_eq!(folder.run("baseline create run --output known.json --overwrite").0, 0);
    value["results"]["local_mc"]["acc_norm,none"] = 0.911_111.into();
    std::fs::write(&results, value.to_string()).unwrap();
    let (code, report) = folder.json("check run --baseline known.json");
    assert_eq!((code, &report["baseline"]["new"]), (1, &1.into()));
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["cause"]), (&"RT601".into(), &serde_json::json!(["acc", "acc_norm"])));
}

// Exceptions.

#[test]
fn an_exception_lets_a_finding_pass_and_is_listed_with_its_reason() {
    let toml =
        "[[exceptions]]\ncode = \"RT2\"\nclaim = \"sc*\"\nreason = \"ranked by the mean\"\nexpires = \"2027-06-30\"\n";
    let folder = Folder::with(&[("a.jsonl", MEAN), ("retally.toml", toml)]);
    let (code, out, _) = folder.run("check a.jsonl");
    assert_eq!(code, 0);
    contains(&out, &["no findings", "excepted: error[RT204] `score` is the mean", "(2 rows): ranked by the mean\n"]);
    assert!(!out.contains("note:"), "{out}");
    assert_eq!(folder.run("check a.jsonl --format concise").1, "");
    let (_, report) = folder.json("check a.jsonl");
    assert_eq!(report["findings"][0]["excepted"], "ranked by the mean");
    assert_eq!(
        folder.run("baseline create a.jsonl --output known.json").1,
        "known.json: 0 entries; 1 omitted because exceptions cover them\n"
    );
    assert_eq!(folder.run("check a.jsonl --today 2027-06-30").0, 0);
    let (code, out, _) = folder.run("check a.jsonl --today 2027-07-01");
    assert_eq!(code, 1);
    contains(&out, &["note: retally.toml:1: the exception for RT2 expired on 2027-06-30; its findings fail again"]);
}

#[test]
fn exceptions_that_cover_nothing_are_reported() {
    let toml = "# why\n[[exceptions]]\ncode = \"RT301\"\nreason = \"old\"\nexpires = \"2027-06-30\"\n";
    let folder = Folder::with(&[("a.jsonl", GOOD), ("retally.toml", toml)]);
    let unused = "retally.toml:2: the exception for RT301 matches no finding; remove it";
    let (code, out, _) = folder.run("check a.jsonl");
    assert_eq!(code, 0);
    contains(&out, &[&format!("note: {unused}\n")]);
    assert_eq!(folder.json("check a.jsonl").1["gate"]["notes"], serde_json::json!([unused]));
    contains(
        &folder.run("check a.jsonl --today 2028-01-01").1,
        &["expired on 2027-06-30 and matches no finding; remove it"],
    );
    assert!(!folder.run("check a.jsonl --ignore RT3").1.contains("note:"));
}

#[test]
fn an_exception_with_paths_needs_all_inputs_of_the_finding() {
    let toml = "[[exceptions]]\ncode = \"RT204\"\npaths = [\"old/**\"]\nreason = \"old\"\n";
    let folder = Folder::with(&[("retally.toml", toml)]);
    // More rows than the places listed by a finding, all before those of the other directory.
    let many: String = (0..20).map(|at| MEAN.replace("\"q", &format!("\"{at}q"))).collect();
    folder.write("old/a.jsonl", many.as_bytes());
    assert_eq!(folder.run("check .").0, 0);
    folder.write("zzz/b.jsonl", MEAN.as_bytes());
    let (code, report) = folder.json("check .");
    assert_eq!(code, 1);
    let finding = &report["findings"][0];
    assert!(finding["locations"].as_array().unwrap().iter().all(|place| place["path"] == "old/a.jsonl"));
    assert_eq!(finding["inputs"], serde_json::json!(["old/a.jsonl", "zzz/b.jsonl"]));
    folder.write("retally.toml", toml.replace("old/**", "*.jsonl").as_bytes());
    assert_eq!(folder.run("check .").0, 0);
}

#[test]
fn a_finding_about_a_task_is_about_the_inputs_of_that_task() {
    let fixture = root().join("fixtures/formats/lm-eval/mean-of-exp-perplexity");
    let (_, out, _) = run_in(&fixture, "check . --format json");
    let report: Report = serde_json::from_str(&out).unwrap();
    let finding = report.findings.iter().find(|finding| finding.code == "RT602").unwrap();
    assert_eq!(finding.task, "local_lastword");
    let inputs: Vec<&str> = finding.inputs.iter().map(|path| path.split("_2026").next().unwrap()).collect();
    assert_eq!(inputs, ["results", "samples_local_lastword"]);
}

// The policy.

#[test]
fn the_configuration_says_what_fails_and_the_command_line_wins() {
    let bad = std::fs::read_to_string(root().join("fixtures/rules/RT407-length-bias/bad.jsonl")).unwrap();
    let folder = Folder::with(&[("a.jsonl", &bad)]);
    assert_eq!(folder.run("check a.jsonl").0, 0);
    for (configured, expected) in [("error", 0), ("warning", 1), ("note", 1), ("never", 0)] {
        folder.write("retally.toml", format!("[gate]\nfail-on = \"{configured}\"\n").as_bytes());
        assert_eq!(folder.run("check a.jsonl").0, expected, "{configured}");
        assert_eq!(folder.run("check a.jsonl --fail-on warning").0, 1, "{configured}");
        assert_eq!(folder.run("check a.jsonl --fail-on never").0, 0, "{configured}");
    }
    folder.write("retally.toml", b"[rules]\nRT407 = \"note\"\n");
    for (level, expected) in [("warning", 0), ("note", 1)] {
        assert_eq!(folder.run(&format!("check a.jsonl --fail-on {level}")).0, expected, "{level}");
    }
}

#[test]
fn a_minimum_that_is_not_reached_fails_and_says_what_to_log() {
    let minimum = |minimum: &str| format!("[gate]\nmin-proven = {{ {minimum} }}\n");
    let unprovable = GOOD.replace("\"q9\"", "\"q8\"").replace("\"logprobs\": [-1.500000, -0.800000, -1.200000], ", "");
    let folder = Folder::with(&[("a.jsonl", &format!("{GOOD}{unprovable}"))]);
    folder.write("retally.toml", minimum("score = 0.5").as_bytes());
    let (code, out, _) = folder.run("check a.jsonl");
    assert_eq!(code, 0, "{out}");
    assert!(!out.contains("fails:"), "{out}");
    folder.write("retally.toml", minimum("score = 0.9").as_bytes());
    let sentence = "min-proven score: expected at least 0.9 of the claims to be proven, found 1 of 2 (0 refuted, 1 unprovable); \
                    to prove more, log a log-prob for every scored token";
    let (code, out, _) = folder.run("check a.jsonl");
    assert_eq!(code, 1, "{out}");
    contains(&out, &[&format!("fails: {sentence}")]);
    let (code, report) = folder.json("check a.jsonl");
    assert_eq!((code, &report["gate"]["passed"], &report["gate"]["failing"]), (1, &false.into(), &0.into()));
    contains(report["gate"]["failures"][0].as_str().unwrap(), &[sentence]);
    contains(&folder.run("check a.jsonl --format concise").1, &[&format!("retally: error {sentence}")]);
    let (code, out, _) = folder.run("check a.jsonl --fail-on never");
    assert_eq!(code, 0);
    contains(&out, &[&format!("note: would fail without `--fail-on never`: {sentence}")]);

    folder.write("retally.toml", minimum("accuracy = 1.0, scor = 0.1, pick = 0").as_bytes());
    let (code, report) = folder.json("check a.jsonl");
    assert_eq!(code, 1);
    assert_eq!(
        report["gate"]["failures"],
        serde_json::json!([
            "min-proven accuracy: expected at least 1 of the claims to be proven, found no such claim; log accuracy. \
             Claims in the log: score",
            "min-proven scor: expected at least 0.1 of the claims to be proven, found no such claim; did you mean `score`? \
             Claims in the log: score",
        ])
    );
}

#[test]
fn a_minimum_counts_the_reported_metric_of_its_name() {
    let rows = rows("clean-candidates");
    let folder = Folder::with(&[("retally.toml", "[gate]\nmin-proven = { accuracy = 1.0, score = 1.0 }\n")]);
    folder.write("run/scores.jsonl", lines(&rows).as_bytes());
    folder.write("run/summary.json", summary(&rows).as_bytes());
    assert_eq!(folder.run("check run").0, 0);
    // A field is no longer logged: nothing is wrong, but accuracy is no longer proven.
    let mut less = rows.clone();
    for row in &mut less {
        row.as_object_mut().unwrap().remove("gold");
    }
    folder.write("run/scores.jsonl", lines(&less).as_bytes());
    let (code, report) = folder.json("check run");
    assert_eq!((code, &report["gate"]["failing"]), (1, &0.into()));
    let failures = report["gate"]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    contains(
        failures[0].as_str().unwrap(),
        &[
            "min-proven accuracy: expected at least 1 of the claims to be proven, found 0 of 1 (0 refuted, 1 unprovable)",
            "; to prove more, log ",
        ],
    );
}

#[test]
fn merged_audits_are_judged_as_one_audit_is() {
    let folder = Folder::with(&[("a/x.jsonl", MEAN), ("b/x.jsonl", GOOD), ("known.json", &baseline(&[MEAN_ENTRY]))]);
    for (part, code) in [("a", 1), ("b", 0)] {
        assert_eq!(folder.run(&format!("check {part} --tally {part}.tally")).0, code);
    }
    for (terms, code) in [("", 1), ("--fail-on never", 0), ("--baseline known.json --strict-baseline", 0)] {
        let merged = folder.json(&format!("merge a.tally b.tally {terms}"));
        assert_eq!(merged, folder.json(&format!("check a b {terms}")), "{terms}");
        assert_eq!(merged.0, code, "{terms}");
    }
    let (code, out, _) = folder.run("merge b.tally --baseline known.json --strict-baseline");
    assert_eq!(code, 1);
    contains(
        &out,
        &["fails: the baseline contains 1 stale entry", "retally baseline prune PATH --baseline known.json"],
    );
    let (code, _, err) = folder.run("merge a.tally --baseline missing.json");
    assert_eq!(code, 2);
    contains(&err, &["missing.json: cannot read the baseline"]);
}

#[test]
fn what_cannot_be_audited_comes_before_what_fails() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &baseline(&[MEAN_ENTRY]))]);
    assert_eq!(folder.run("check a.jsonl missing.jsonl").0, 2);
    assert_eq!(folder.run("check a.jsonl missing.jsonl --baseline known.json").0, 2);
    assert_eq!(folder.run("check a.jsonl missing.jsonl --fail-on never").0, 2);
}

// Documents and fixtures.

#[test]
fn documented_exit_codes_are_those_of_the_program() {
    let page = std::fs::read_to_string(root().join("docs/exit-codes.md")).unwrap();
    let mut examples = 0;
    for line in page.lines().filter(|line| line.starts_with("| `retally ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [command, code, _] = cells.as_slice() else { panic!("{line}") };
        let command = command.trim_matches('`').strip_prefix("retally ").unwrap();
        let (seen, out, err) = run_in(root(), command);
        assert_eq!(seen.to_string(), *code, "{command}\n{out}{err}");
        examples += 1;
    }
    assert!(examples >= 20, "{examples}");
}

#[test]
fn the_documented_baseline_is_one() {
    let page = std::fs::read_to_string(root().join("docs/baseline.md")).unwrap();
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", example)]);
    let (code, out, err) = folder.run("check a.jsonl --baseline known.json");
    assert_eq!(code, 1, "{out}{err}");
    contains(&out, &["2 of 2 rows show it, above the limit of 0.9"]);
    let baseline = retally::gate::Baseline::parse("known.json", example).unwrap();
    assert_eq!(baseline.text().unwrap(), example);
}

#[test]
fn a_judged_report_has_the_documented_shape_and_can_be_read_back() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/report.schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let toml = "[gate]\nmin-proven = { accuracy = 1.0 }\n[[exceptions]]\ncode = \"RT3\"\nreason = \"x\"\n";
    let folder = Folder::with(&[("a.jsonl", MEAN), ("known.json", &baseline(&[MEAN_ENTRY])), ("retally.toml", toml)]);
    for line in ["check a.jsonl --baseline known.json", "check a.jsonl"] {
        let (code, value) = folder.json(line);
        assert_eq!(code, 1);
        let complaints: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(complaints, Vec::<String>::new());
        let report: Report = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&report).unwrap(), value);
        assert_eq!(report.gate.unwrap().notes.len(), 1);
    }
}

/// Every log of the fixtures: a file, or a folder that is one run.
fn logs() -> Vec<String> {
    let below = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
            .filter(|name| Path::new(name).extension().is_none_or(|ending| ending != "md"))
            .collect();
        names.sort();
        names
    };
    let mut logs = below("fixtures/cases");
    for folder in ["fixtures/formats/native", "fixtures/formats/lm-eval", "fixtures/hostile"] {
        logs.extend(below(folder));
    }
    logs.extend(below("fixtures/rules").iter().flat_map(|rule| below(rule)));
    logs
}

#[test]
fn fingerprints_of_the_fixtures_are_unique_in_a_report_and_do_not_change() {
    let path = root().join("tests/gate/fingerprints.txt");
    let mut text = String::from(
        "# Log, fingerprint, code, task, claim, cause. A line that changes breaks every baseline that has its fingerprint: say so \
         in the changelog.\n# Written by RETALLY_BLESS=1 cargo test --test integration fingerprints\n",
    );
    for log in logs() {
        let path = root().join(&log);
        let report = Audit::new(Config::default()).inputs([path.to_string_lossy()]).run().unwrap();
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut lines: Vec<String> = Vec::new();
        for finding in &report.findings {
            assert_eq!(seen.insert(&finding.fingerprint, &finding.code), None, "{log}: twice in one report");
            let (code, task, claim, cause) = (&finding.code, &finding.task, &finding.claim, &finding.cause);
            assert_eq!(
                retally::internals::conclude::fingerprint(code, claim, task, cause),
                finding.fingerprint,
                "{log}"
            );
            assert!(finding.judged >= finding.count, "{log}: {code} {} of {}", finding.count, finding.judged);
            let task = task.escape_default();
            let cause = cause.join(" | ");
            lines.push(format!("{log}\t{}\t{code}\t{task}\t{claim}\t{cause}", finding.fingerprint));
        }
        lines.sort();
        for line in lines {
            writeln!(text, "{line}").unwrap();
        }
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("RETALLY_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
        return;
    }
    for (seen, known) in text.lines().zip(committed.lines()) {
        assert_eq!(seen, known, "{}", path.display());
    }
    assert_eq!(text.lines().count(), committed.lines().count(), "{}", path.display());
}
