//! System faults during a run: full disks, closed pipes, signals, too few descriptors, files without permission, files
//! that change while they are read, very many files. The exit code reports each fault, and nothing is lost silently.

use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Folder, GOOD, MEAN, audit, contains, counts, entries, seen};

#[test]
fn a_full_disk_fails_every_command_that_writes() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    folder.run("check a.jsonl --tally a.tally --format json --output r.json");
    for line in [
        "check a.jsonl",
        "check a.jsonl --format html",
        "check a.jsonl --output /dev/full",
        "check a.jsonl --report json=/dev/full",
        "check a.jsonl --tally /dev/full",
        "check a.jsonl --tally -",
        "merge a.tally",
        "report r.json",
        "watch a.jsonl --until-idle 0.1 --interval 0.05",
        "explain RT204",
        "formats",
        "rules",
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = folder.retally(line.split(' ').next().unwrap());
        let output = command.args(line.split(' ').skip(1)).stdout(full).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        contains(&error, &["retally: ", "No space left on device"]);
    }
}

#[test]
fn a_closed_pipe_changes_no_verdict() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("good.jsonl", GOOD)]);
    for (log, code) in [("a.jsonl", 1), ("good.jsonl", 0)] {
        for format in ["text", "html", "json"] {
            let mut child = folder
                .command(&[log, "--format", format])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // The reader closes before anything is written.
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{log} {format}");
            assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{log} {format}");
        }
    }
}

/// A log with this many items, each with a score that is the mean.
fn log(items: usize) -> String {
    (0..items).fold(String::new(), |mut log, item| {
        let _ = writeln!(log, "{{\"item\": \"q{item}\", \"logprobs\": [-0.412345, -2.312111], \"score\": -1.362228}}");
        log
    })
}

#[test]
fn a_signal_at_any_time_leaves_a_whole_report_or_none() {
    let folder = Folder::with(&[("a.jsonl", &log(300))]);
    let arguments = ["a.jsonl", "--format", "json", "--output", "r.json", "--report", "html=r.html"];
    folder.check(&arguments);
    let (whole, page) = (folder.read("r.json"), folder.read("r.html"));
    let (mut killed, mut done) = (0, 0);
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        for wait in [0, 15, 40, 80, 150, 60_000] {
            let mut child = folder.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            for _ in 0..wait {
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            // It may have ended already.
            let _ = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).output().unwrap();
            let status = child.wait().unwrap();
            match status.code() {
                Some(code) => {
                    assert_eq!(code, 1, "{signal} after {wait} ms");
                    done += 1;
                    assert_eq!((folder.read("r.json"), folder.read("r.html")), (whole.clone(), page.clone()));
                }
                None => {
                    assert_eq!(status.signal(), Some(number), "{signal} after {wait} ms");
                    killed += 1;
                }
            }
            for (name, text) in [("r.json", &whole), ("r.html", &page)] {
                let there = std::fs::read_to_string(folder.path().join(name)).ok();
                assert!(there.is_none_or(|there| there == *text), "{signal} after {wait} ms: {name}");
            }
        }
    }
    assert!(killed >= 3 && done >= 3, "{killed} {done}");
}

#[test]
fn few_descriptors_are_enough() {
    let folder = Folder::with(&[]);
    for file in 0..120 {
        let text = if file % 30 == 7 { MEAN } else { GOOD };
        folder.write(&format!("runs/{file}.jsonl"), text.as_bytes());
    }
    let binary = env!("CARGO_BIN_EXE_retally");
    let run = |descriptors: u32, threads: u32| {
        let line = format!("ulimit -n {descriptors}; exec {binary} check runs --format json --threads {threads}");
        Command::new("sh").arg("-c").arg(line).current_dir(folder.path()).output().unwrap()
    };
    let whole = seen(&run(256, 4));
    assert_eq!(whole.0, 1);
    assert_eq!(seen(&run(12, 1)), whole);
    // With more threads than descriptors, threads wait for each other.
    assert_eq!(seen(&run(8, 16)), whole);
}

/// Runs the program as a user subject to permissions.
fn unprivileged(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let is_root = folder.path().metadata().unwrap().uid() == 0;
    let mut command = folder.command(arguments);
    if is_root {
        // The program is in a directory that only its owner can read.
        let copy = folder.path().join(".retally");
        if !copy.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_retally"), &copy).unwrap();
            std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        command = Command::new(copy);
        command.arg("check").args(arguments).current_dir(folder.path()).uid(65_534).gid(65_534);
    }
    seen(&command.output().unwrap())
}

#[test]
fn what_may_not_be_read_or_written_is_said() {
    let folder =
        Folder::with(&[("runs/a.jsonl", GOOD), ("runs/b.jsonl", MEAN), ("runs/c/d.jsonl", MEAN), ("out/x", "")]);
    let mode = |name: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_eq!(unprivileged(&folder, &["runs/a.jsonl"]).0, 0);
    mode("runs/b.jsonl", 0);
    mode("runs/c", 0);
    let (code, out, _) = unprivileged(&folder, &["runs"]);
    assert_eq!(code, 2);
    contains(&out, &["cannot read `runs/b.jsonl`: Permission denied", "cannot read `runs/c`: permission denied"]);
    mode("out", 0o555);
    let (code, _, err) = unprivileged(&folder, &["runs/a.jsonl", "--output", "out/r.json"]);
    assert_eq!(code, 2);
    contains(&err, &["cannot write out/r.json: Permission denied"]);
    mode("runs/c", 0o755);
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_read_is_said() {
    let folder = Folder::with(&[("a.jsonl", &log(3000)), ("b.jsonl", &log(10)), ("c.jsonl", &log(10))]);
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let audit = audit(&[path("a.jsonl"), path("b.jsonl"), path("c.jsonl")]).threads(2);
    let inputs = audit.open().unwrap();
    // The cut is at the end of a line, so only the size shows that rows are missing.
    folder.write("a.jsonl", log(2000).as_bytes());
    // The file grows, like a log that is still being written. A small one is audited as it was when it was opened.
    folder.write("c.jsonl", log(20).as_bytes());
    let report = audit.run_on(inputs);
    assert_eq!(counts(&report, "score").refuted, 2020);
    let errors: Vec<&str> = report.errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(errors, [path("a.jsonl")], "{:?}", report.errors);
    contains(&report.errors[0].reason, &["the file became shorter while it was read", "audit it again"]);
    assert!(report.errors[0].fatal);
}

#[test]
fn a_pipe_by_path_is_read_once_whatever_it_is_packed_in() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let expected = folder.check(&["a.jsonl", "--format", "json"]);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    for pack in ["cat", "gzip -c"] {
        let line = format!("{pack} a.jsonl > pipe");
        let mut writer = Command::new("sh").arg("-c").arg(line).current_dir(folder.path()).spawn().unwrap();
        let (code, out, err) = folder.check(&["pipe", "--format", "json"]);
        assert!(writer.wait().unwrap().success());
        let plain: Value = serde_json::from_str(&expected.1).unwrap();
        let piped: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (1, ""), "{pack}");
        assert_eq!(piped["summary"], plain["summary"], "{pack}");
    }
}

#[test]
fn thousands_of_files_are_all_audited() {
    const FILES: u64 = 3000;
    let folder = Folder::with(&[]);
    for file in 0..FILES {
        let text = if file == 1234 { MEAN } else { GOOD };
        folder.write(&format!("runs/{}/{file}.jsonl", file % 7), text.as_bytes());
    }
    let report = audit(&[folder.path().join("runs").to_string_lossy().into_owned()]).run().unwrap();
    let score = counts(&report, "score");
    assert_eq!((score.proven, score.refuted, score.unprovable), (FILES - 1, 2, 0));
    assert_eq!(report.inputs.len() as u64, FILES);
    assert_eq!(report.errors, []);
    assert_eq!(entries(&folder.path().join("runs")).len(), 7);
}
