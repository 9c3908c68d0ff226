//! Files that a run writes, replaces or leaves alone: no input, configuration or user file is lost.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{FORMATS, Folder, GOOD, MEAN, contains};

fn exists(folder: &Folder, name: &str) -> bool {
    folder.path().join(name).exists()
}

#[test]
fn a_file_that_is_not_a_report_is_never_replaced() {
    let notes = "# Notes\nretally: all fine\n";
    let folder = Folder::with(&[("a.jsonl", GOOD), ("notes.md", notes), ("data.json", "{\"x\": 1}")]);
    folder.run("check a.jsonl --tally a.tally");
    for line in [
        "check a.jsonl --output notes.md",
        "check a.jsonl --report markdown=notes.md",
        "check a.jsonl --report json=new.json --report html=./notes.md",
        "check a.jsonl --tally notes.md",
        "check missing.jsonl --output notes.md",
        "watch a.jsonl --until-idle 0.1 --interval 0.05 --output notes.md",
        "merge a.tally --output notes.md",
        "merge a.tally --plan notes.md",
    ] {
        let (code, out, err) = folder.run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        contains(&err, &["notes.md already exists and was not written by retally", "--overwrite"]);
        assert_eq!(folder.read("notes.md"), notes, "{line}");
        assert!(!exists(&folder, "new.json"), "{line}");
    }
    assert_eq!(folder.run("check a.jsonl --output notes.md --overwrite").0, 0);
    contains(&folder.read("notes.md"), &["no findings"]);
    // A plan is replaced only when a new one is written; otherwise it is kept for the parts that still need it.
    folder.run("init a.jsonl --plan plan.json");
    let plan = folder.read("plan.json");
    assert_eq!(folder.run("merge a.tally --plan plan.json").0, 0);
    assert_eq!(folder.read("plan.json"), plan);
    // A failed run replaces nothing.
    assert_eq!(folder.run("check missing.jsonl --output data.json --overwrite").0, 2);
    assert_eq!(folder.read("data.json"), "{\"x\": 1}");
}

#[test]
fn inputs_and_what_steers_the_audit_are_never_replaced() {
    let folder = Folder::with(&[("runs/a.jsonl", GOOD), ("runs/b.jsonl", MEAN), ("retally.toml", "[tolerance]\n")]);
    assert_eq!(folder.run("baseline create runs --output known.json").0, 0);
    folder.run("check runs --tally a.tally --format json --output r.json");
    folder.run("init runs --plan plan.json");
    let known = folder.read("known.json");
    for (line, said) in [
        ("check runs/a.jsonl --output runs/a.jsonl --overwrite", "runs/a.jsonl is an input"),
        ("check runs/a.jsonl --tally ./runs/a.jsonl --overwrite", "./runs/a.jsonl is an input"),
        ("check runs --output runs/a.jsonl", "runs/a.jsonl already exists and was not written by retally"),
        ("check runs --output runs/a.jsonl --overwrite", "runs/a.jsonl is among the inputs"),
        ("check runs/*.jsonl --output runs/b.jsonl --overwrite", "runs/b.jsonl is among the inputs"),
        ("check runs --output retally.toml --overwrite", "retally.toml is the configuration in use"),
        ("check runs --config retally.toml --report json=./retally.toml --overwrite", "is the configuration in use"),
        ("check runs --baseline known.json --output known.json --overwrite", "known.json is the baseline in use"),
        ("check runs --output known.json", "known.json already exists and was not written by retally"),
        ("check runs --tally t --plan plan.json --output plan.json --overwrite", "plan.json is the plan in use"),
        ("merge a.tally --output a.tally --overwrite", "a.tally is an input"),
        ("report r.json --report html=r.json --overwrite", "r.json is an input"),
        ("check runs/a.jsonl --output runs --overwrite", "runs is a directory"),
    ] {
        let (code, out, err) = folder.run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        contains(&err, &[said]);
        assert_eq!(folder.read("runs/a.jsonl"), GOOD, "{line}");
        assert_eq!(folder.read("runs/b.jsonl"), MEAN, "{line}");
        assert_eq!(folder.read("retally.toml"), "[tolerance]\n", "{line}");
        assert_eq!(folder.read("known.json"), known, "{line}");
    }
}

#[test]
fn every_output_is_replaced_by_a_later_run() {
    for log in [GOOD, MEAN] {
        let folder = Folder::with(&[("a.jsonl", log)]);
        let reports: Vec<String> = FORMATS.iter().map(|name| format!("--report {name}=r.{name}")).collect();
        let line = format!("check a.jsonl --tally r.tally {}", reports.join(" "));
        let first = folder.run(&line);
        let written: Vec<String> = FORMATS.iter().map(|name| folder.read(&format!("r.{name}"))).collect();
        assert_eq!(folder.run(&line), first);
        for (name, before) in FORMATS.iter().zip(&written) {
            assert_eq!(folder.read(&format!("r.{name}")), *before, "{name}");
        }
        // Regardless of the previous format.
        for (name, next) in FORMATS.iter().zip(FORMATS.iter().cycle().skip(3)) {
            let (code, _, err) = folder.run(&format!("check a.jsonl --report {next}=r.{name}"));
            assert_eq!((code, err.contains("already exists")), (first.0, false), "{next} over {name}: {err}");
        }
    }
}

#[test]
fn a_wrong_word_on_the_command_line_removes_nothing() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("bad.toml", "[gate]\nfail-on = \"always\"\n"), ("bad.json", "{")]);
    folder.run("check a.jsonl --format json --output r.json --tally r.tally --report text=r.txt");
    let (report, text) = (folder.read("r.json"), folder.read("r.txt"));
    for wrong in [
        "--unknown",
        "--fail-on always",
        "--select RT999",
        "--ignore RX",
        "--threads 0",
        "--input-format nothing",
        "--config bad.toml",
        "--config missing.toml",
        "--baseline bad.json",
        "--baseline missing.json",
        "--today tomorrow",
        "--report jsn=x",
        "--plan missing.json",
        "--bytes 9..1",
    ] {
        let line = format!("check a.jsonl --output r.json --report text=r.txt --tally r.tally {wrong}");
        let (code, out, _) = folder.run(&line);
        assert_eq!((code, out.as_str()), (2, ""), "{wrong}");
        assert_eq!((folder.read("r.json"), folder.read("r.txt")), (report.clone(), text.clone()), "{wrong}");
        assert!(exists(&folder, "r.tally"), "{wrong}");
    }
    for line in ["watch a.jsonl --interval -1 --output r.json", "merge r.tally --select RT999 --output r.json"] {
        assert_eq!(folder.run(line).0, 2);
        assert_eq!(folder.read("r.json"), report, "{line}");
    }
}

#[test]
fn reports_of_ours_in_an_audited_directory_are_skipped() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let (code, alone, _) = folder.run("check . --width 100 --format json");
    assert_eq!(code, 1);
    for (name, file) in [
        ("json", "r.json"),
        ("jsonl", "r.jsonl"),
        ("sarif", "sarif.json"),
        ("gitlab", "gl.json"),
        ("text", "r.txt"),
        ("concise", "r.log"),
        ("github", "r.out"),
    ] {
        folder.run(&format!("check a.jsonl --report {name}={file}"));
    }
    folder.run("baseline create a.jsonl --output known.json");
    folder.run("init a.jsonl --plan plan.json");
    let (code, out, err) = folder.run("check . --width 100 --format json");
    assert_eq!((code, err.as_str()), (1, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["errors"], report["inputs"].as_array().unwrap().len()), (&Value::Array(Vec::new()), 1));
    assert_eq!(out, alone);
    let err = folder.run("check . -v").2;
    contains(
        &err,
        &[
            "r.json: skipped (json report written by retally)",
            "r.jsonl: skipped (jsonl report written by retally)",
            "sarif.json: skipped (sarif report written by retally)",
            "gl.json: skipped (gitlab report written by retally)",
            "r.txt: skipped (text report written by retally)",
            "known.json: skipped (baseline written by retally)",
            "plan.json: skipped (plan written by retally)",
        ],
    );
    let (code, out, _) = folder.run("check r.json");
    assert_eq!(code, 2);
    contains(&out, &["r.json: a json report written by retally, not a log"]);
    std::fs::remove_file(folder.path().join("a.jsonl")).unwrap();
    let (code, out, _) = folder.run("check .");
    assert_eq!(code, 2);
    contains(&out, &["contains no supported log files"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_audit_leaves_no_older_report() {
    for signal in ["INT", "TERM", "HUP", "KILL"] {
        let folder = Folder::with(&[("a.jsonl", GOOD)]);
        folder.run("check a.jsonl --format json --output r.json");
        // Standard input stays open, so the audit cannot finish.
        let mut child =
            folder.retally("check").args(["-", "--output", "r.json"]).stdin(Stdio::piped()).spawn().unwrap();
        let gone = || !exists(&folder, "r.json");
        assert!((0..500).any(|_| gone() || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            false
        }));
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(!child.wait().unwrap().success(), "{signal}");
        assert!(gone(), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn watch_ends_with_its_report_on_every_signal() {
    for signal in ["INT", "TERM", "HUP"] {
        let folder = Folder::with(&[("a.jsonl", MEAN)]);
        folder.run("check a.jsonl --report text=r.txt --format json --output r.json");
        let whole = folder.read("r.json");
        let arguments =
            ["a.jsonl", "--interval", "0.05", "--format", "json", "--output", "r.json", "--report", "text=r.txt"];
        let child = folder.retally("watch").args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let waited = |done: &dyn Fn() -> bool| {
            assert!((0..500).any(|_| done() || {
                std::thread::sleep(std::time::Duration::from_millis(20));
                false
            }));
        };
        waited(&|| !exists(&folder, "r.txt"));
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1), "{signal}");
        assert_eq!(folder.read("r.json"), whole, "{signal}");
    }
}

#[test]
fn a_report_goes_to_a_device_as_before() {
    if Path::new("/dev/null").exists() {
        let folder = Folder::with(&[("a.jsonl", GOOD)]);
        assert_eq!(folder.run("check a.jsonl --output /dev/null"), (0, String::new(), String::new()));
    }
}

#[test]
fn what_a_directory_leaves_out_is_said() {
    let folder = Folder::with(&[("runs/a.jsonl", GOOD)]);
    let (code, alone, err) = folder.run("check runs --format json");
    assert_eq!((code, err.as_str()), (0, ""));
    // Files whose names do not suggest a log are skipped silently.
    for name in ["README.md", "plot.png", "settings.yaml", ".hidden.jsonl.bak"] {
        folder.write(&format!("runs/{name}"), b"x");
    }
    assert_eq!(folder.run("check runs --format json"), (0, alone.clone(), String::new()));
    for name in ["b.jsonl.bak", "c.jsonl.partial", "d.csv.tmp", "e.jsonl.bak", "f/g.jsonl~", "h.tar.gz"] {
        folder.write(&format!("runs/{name}"), MEAN.as_bytes());
    }
    let (code, out, err) = folder.run("check runs --format json");
    assert_eq!((code, out), (0, alone.clone()));
    assert_eq!(
        err,
        "retally: 6 files that may hold logs were not read (2 .bak, 1 .gz, 1 .jsonl~, 1 .partial, 1 .tmp): unpack or rename \
         what has to be audited; -v names each\n"
    );
    let err = folder.run("check runs -v").2;
    for name in ["b.jsonl.bak", "c.jsonl.partial", "d.csv.tmp", "f/g.jsonl~", "h.tar.gz", "README.md", "plot.png"] {
        contains(&err, &[&format!("runs/{name}: skipped (its extension is not one of a log)")]);
    }
    // A file named on the command line is read whatever its name is.
    assert_eq!(folder.run("check runs/b.jsonl.bak").0, 1);
    std::fs::remove_file(folder.path().join("runs/a.jsonl")).unwrap();
    let (code, out, err) = folder.run("check runs");
    assert_eq!(code, 2);
    contains(&out, &["contains no supported log files"]);
    contains(&err, &["6 files that may hold logs were not read"]);
}

#[test]
fn rotated_logs_and_archives_in_a_directory_are_read() {
    use std::io::Write as _;
    let zip = |members: &[(&str, &str)]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in members {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let row = |item: &str| GOOD.replace("q0", item);
    let folder = Folder::with(&[("runs/a.jsonl", &row("q0")), ("runs/a.jsonl.1", &row("q1"))]);
    folder.write("runs/a.jsonl.2", MEAN.replace("\"q", "\"r").as_bytes());
    folder.write("runs/b.json.1", format!("[{}]", row("q4")).as_bytes());
    folder.write("runs/c.zip", &zip(&[("c/", ""), ("c/scores.jsonl", &row("q5")), ("__MACOSX/c/._scores.jsonl", "x")]));
    let proven = |out: &str| {
        let report: Value = serde_json::from_str(out).unwrap();
        let score = &report["summary"]["verdicts"]["score"];
        (
            score["proven"].as_u64().unwrap(),
            score["refuted"].as_u64().unwrap(),
            report["errors"].as_array().unwrap().len(),
        )
    };
    let (code, out, err) = folder.run("check runs --format json");
    assert_eq!((code, proven(&out), err.as_str()), (1, (4, 2, 0), ""));
    // An archive of other files is left out; an archive of several logs must be unpacked.
    folder.write("runs/source.zip", &zip(&[("main.py", "print()"), ("notes.md", "x")]));
    let (code, out, err) = folder.run("check runs --format json");
    assert_eq!((code, proven(&out), err.as_str()), (1, (4, 2, 0), ""));
    contains(&folder.run("check runs -v").2, &["runs/source.zip: skipped (a zip archive without a log)"]);
    let (code, out, _) = folder.run("check runs/source.zip");
    assert_eq!(code, 2);
    contains(&out, &["is a zip archive without a log"]);
    folder.write("runs/two.zip", &zip(&[("a.jsonl", &row("q6")), ("b.csv", "item,score\nq7,1\n")]));
    let (code, out, _) = folder.run("check runs");
    assert_eq!(code, 2);
    contains(
        &out,
        &["cannot read `runs/two.zip` as a zip archive: expected one log, or JSON files, found 2 other logs"],
    );
}

#[test]
fn a_report_of_ours_is_skipped_packed_too() {
    use std::io::Write as _;
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let alone = folder.run("check . --format json");
    folder.run("check a.jsonl --format json --output r.json");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(folder.read("r.json").as_bytes()).unwrap();
    folder.write("r.json.gz", &encoder.finish().unwrap());
    std::fs::remove_file(folder.path().join("r.json")).unwrap();
    assert_eq!(folder.run("check . --format json"), alone);
    contains(&folder.run("check . -v").2, &["r.json.gz: skipped (json report written by retally)"]);
}
