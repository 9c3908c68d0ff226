//! `retally check` from the user's perspective: the built program, its output and its exit code.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Folder, GOOD, MEAN, contains, retally_in, seen};

/// Two fields may be the item.
const AMBIGUOUS: &str = r#"{"question_id": "q0", "doc_id": "7", "tokens": ["a", "b"], "logprobs": [-0.500000, -0.250000], "score": -0.750000}
"#;
/// A log with unknown field names.
const FOREIGN: &str = r#"{"nr": "q0", "out": {"words": ["a", "b"], "lps": [-0.500000, -0.250000], "sum": -0.750000}}
{"nr": "q1", "out": {"words": ["c", "d"], "lps": [-1.500000, -0.125000], "sum": -1.625000}}
"#;

#[test]
fn a_right_log_passes() {
    let (code, out, err) = Folder::with(&[("a.jsonl", GOOD)]).check(&["a.jsonl"]);
    assert_eq!((code, err.as_str()), (0, ""));
    contains(&out, &["\n1 proven\n", "no findings"]);
}

#[test]
fn a_wrong_log_fails_in_every_format() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let (code, out, _) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 1, "{out}");
    contains(&out, &["RT204", "sum(logprob)/n"]);
    let (code, out, _) = folder.check(&["a.jsonl", "--format", "json"]);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["findings"][0]["code"], "RT204");
}

#[test]
fn fail_on_sets_what_fails() {
    let quiet = "[rules]\nRT204 = \"warning\"\n";
    let folder = Folder::with(&[("a.jsonl", MEAN), ("retally.toml", quiet)]);
    for (level, code) in [("error", 0), ("warning", 1), ("never", 0)] {
        let (seen, out, _) = folder.check(&["a.jsonl", "--fail-on", level]);
        assert_eq!(seen, code, "{level}: {out}");
        contains(&out, &["warning[RT204]"]);
    }
    let (code, ..) = Folder::with(&[("a.jsonl", MEAN)]).check(&["a.jsonl", "--fail-on", "never"]);
    assert_eq!(code, 0);
}

#[test]
fn select_and_ignore_choose_rules_by_code_and_prefix() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    for arguments in [["--ignore", "RT204"], ["--ignore", "rt2"], ["--ignore", "RT1,RT2"], ["--select", "RT4"]] {
        let (code, out, err) = folder.check(&[&["a.jsonl"], &arguments[..]].concat());
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        contains(&out, &["no findings", "refuted"]);
    }
    let (code, out, _) = folder.check(&["a.jsonl", "--select", "RT204,RT4"]);
    assert_eq!(code, 1);
    contains(&out, &["RT204"]);
}

#[test]
fn an_unknown_code_is_an_error_with_a_suggestion() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    for flag in ["--select", "--ignore"] {
        let (code, out, err) = folder.check(&["a.jsonl", flag, "RT2044"]);
        assert_eq!((code, out.as_str()), (2, ""));
        contains(&err, &["unknown rule code `RT2044`", "did you mean `RT204`?"]);
    }
    folder.write("retally.toml", b"[rules]\nRT2O4 = \"off\"\n");
    let (code, _, err) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:1: ", "did you mean `RT204`?"]);
}

#[test]
fn a_rule_is_off_where_its_path_says_so_and_nowhere_else() {
    let off = "[[overrides]]\npaths = [\"old/**\"]\n[overrides.rules]\nRT204 = \"off\"\n";
    let folder = Folder::with(&[("retally.toml", off), ("old/a.jsonl", MEAN)]);
    assert_eq!(folder.check(&["old"]).0, 0);
    folder.write("new/a.jsonl", MEAN.as_bytes());
    let (code, out, _) = folder.check(&["."]);
    assert_eq!(code, 1);
    contains(&out, &["new/a.jsonl"]);
    assert!(!out.contains("old/a.jsonl"), "{out}");
}

#[test]
fn a_declared_convention_is_the_one_that_holds() {
    let mean = "[conventions]\nscore = \"sum(logprob)/n\"\n";
    let folder = Folder::with(&[("retally.toml", mean), ("runs/a.jsonl", MEAN), ("runs/sum/b.jsonl", GOOD)]);
    let (code, out, _) = folder.check(&["runs/a.jsonl"]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["\n2 proven\n"]);
    // Correct by default, but wrong under this configuration.
    let (code, out, _) = folder.check(&["runs/sum/b.jsonl"]);
    assert_eq!(code, 1, "{out}");
    contains(&out, &["\n1 refuted\n"]);
    let both = format!("{mean}[[overrides]]\npaths = [\"runs/sum/*\"]\nconventions.score = \"sum(logprob)\"\n");
    folder.write("retally.toml", both.as_bytes());
    let (code, out, _) = folder.check(&["runs"]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["\n3 proven\n"]);
}

#[test]
fn a_field_of_the_users_own_becomes_a_claim() {
    let log = MEAN.replace("\"score\"", "\"rerank\"");
    let folder = Folder::with(&[("a.jsonl", &log)]);
    folder.write("retally.toml", b"[conventions]\nrerank = \"sum(logprob)/n\"\n");
    let (code, out, _) = folder.check(&["a.jsonl", "-v"]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["rerank", "2 proven of 2"]);
}

#[test]
fn a_declared_tolerance_widens_the_bound() {
    let log = GOOD.replace("-3.500000", "-3.500090");
    let folder = Folder::with(&[("a.jsonl", &log)]);
    contains(&folder.check(&["a.jsonl"]).1, &["\n1 refuted\n"]);
    folder.write("retally.toml", b"[tolerance]\nabsolute = 1e-4\n");
    contains(&folder.check(&["a.jsonl"]).1, &["\n1 proven\n"]);
    folder.write("retally.toml", b"[tolerance.claims]\nscore = 1e-4\n");
    contains(&folder.check(&["a.jsonl"]).1, &["\n1 proven\n"]);
    folder.write("retally.toml", b"[tolerance.claims]\nscor = 1e-4\n");
    let (code, _, err) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:1: unknown claim `scor`; did you mean `score`?"]);
}

#[test]
fn an_ambiguous_field_is_asked_for_and_the_answer_is_used() {
    let folder = Folder::with(&[("a.jsonl", AMBIGUOUS)]);
    let (code, out, _) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&out, &["`question_id` and `doc_id`", "retally.toml", "[input] item ="]);
    // Also in a directory: an unreadable log must not be skipped.
    folder.write("b.jsonl", GOOD.as_bytes());
    assert_eq!(folder.check(&["."]).0, 2);
    folder.write("retally.toml", b"[input]\nitem = \"question_id\"\n");
    let (code, out, err) = folder.check(&["a.jsonl", "--verbose"]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["1 proven of 1"]);
    contains(&err, &["configuration retally.toml", "a.jsonl: native-jsonl (", "question_id"]);
}

#[test]
fn an_unknown_input_says_what_was_looked_for_and_how_to_map_it() {
    let folder = Folder::with(&[("a.jsonl", FOREIGN)]);
    let (code, out, _) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&out, &["unrecognised log format", "retally formats", "[input]", "logprobs =", "--input-format"]);
    let mapped = "[input]\nitem = \"nr\"\ntokens = \"out.words\"\nlogprobs = \"out.lps\"\nscore = \"out.sum\"\n";
    folder.write("retally.toml", mapped.as_bytes());
    let (code, out, err) = folder.check(&["a.jsonl", "-v"]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["out.sum", "2 proven of 2"]);
    contains(&err, &["logprobs", "out.lps", "mapped in retally.toml"]);
    // Settings for a role apply to the field with that role.
    folder.write("retally.toml", format!("{mapped}[conventions]\nscore = \"sum(logprob)/n\"\n").as_bytes());
    contains(&folder.check(&["a.jsonl"]).1, &["\n2 refuted\n"]);
    folder.write("retally.toml", b"[input]\nlogprob = \"out.lps\"\n");
    let (code, _, err) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:1: unknown role `logprob` in [input]; did you mean `logprobs`?"]);
}

#[test]
fn a_file_that_is_no_log_is_noted_in_a_directory_and_an_error_by_name() {
    let folder = Folder::with(&[("a.jsonl", GOOD), ("package.json", "{\"name\": \"x\"}")]);
    let (code, out, _) = folder.check(&["."]);
    assert_eq!(code, 0, "{out}");
    contains(&out, &["unrecognised log format, not read: package.json (-v shows what was expected)", "\n1 proven\n"]);
    contains(
        &folder.check(&["-v", "."]).1,
        &["package.json: unrecognised log format (run `retally formats`", "1 proven of 1"],
    );
    let others = ["b.json", "c.json", "d.json"].map(|name| (name, "{\"name\": \"x\"}"));
    let several =
        Folder::with(&[&[("a.jsonl", GOOD), ("package.json", "{}"), ("rows.jsonl", "")], &others[..]].concat());
    contains(&several.check(&["."]).1, &["rows.jsonl: the file is empty (expected at least one record)\n"]);
    contains(&several.check(&["."]).1, &["not read: b.json, c.json, d.json and 1 more (-v"]);
    contains(
        &several.check(&["b.json", "."]).1,
        &["b.json: unrecognised log format (run `retally", "not read: c.json, d.json, package.json (-v"],
    );
    let (code, out, _) = folder.check(&["--format", "json"]);
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["errors"][0]["path"], "package.json");
    let (code, out, _) = folder.check(&["a.jsonl", "./package.json"]);
    assert_eq!(code, 2);
    contains(&out, &["\n1 proven\n"]);
    assert_eq!(Folder::with(&[("package.json", "{\"name\": \"x\"}")]).check(&["."]).0, 2);
}

#[test]
fn what_is_missing_or_empty_is_unusable() {
    let folder = Folder::with(&[("a.jsonl", GOOD), ("empty.jsonl", ""), ("none/readme.md", "x")]);
    for (argument, says) in [
        ("missing.jsonl", "does not exist"),
        ("*.parquet", "matches no file"),
        ("empty.jsonl", "the file is empty"),
        ("none", "contains no supported log files"),
    ] {
        let (code, out, _) = folder.check(&["a.jsonl", argument]);
        assert_eq!(code, 2, "{argument}");
        contains(&out, &[says, "\n1 proven\n"]);
        assert_eq!(folder.check(&["a.jsonl", argument, "--format", "json"]).0, 2, "{argument}");
    }
    for (arguments, says) in [
        (["--config", "none.toml"], "none.toml: cannot read the configuration"),
        (["--input-format", "native-jsnl"], "did you mean `native-jsonl`?"),
        (["--format", "yaml"], "yaml"),
    ] {
        let (code, out, err) = folder.check(&[&["a.jsonl"], &arguments[..]].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        contains(&err, &[says]);
    }
}

#[test]
fn standard_input_and_packed_files_are_read() {
    let folder = Folder::with(&[]);
    let mut child = folder.command(&["-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(GOOD.as_bytes()).unwrap();
    let (code, out, _) = seen(&child.wait_with_output().unwrap());
    assert_eq!(code, 0);
    contains(&out, &["\n1 proven\n"]);

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(GOOD.as_bytes()).unwrap();
    folder.write("a.jsonl.gz", &packed.finish().unwrap());
    folder
        .write("b.jsonl.zst", &zstd::stream::encode_all(MEAN.replace("-1.166667", "-3.500000").as_bytes(), 3).unwrap());
    let (code, out, _) = folder.check(&["a.jsonl.gz"]);
    assert_eq!(code, 0);
    contains(&out, &["\n1 proven\n"]);
    let (_, out, _) = folder.check(&["b.jsonl.zst"]);
    contains(&out, &["\n1 proven · 1 refuted\n"]);
}

#[test]
fn output_goes_to_a_file() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    let (code, out, _) = folder.check(&["a.jsonl", "--format", "json", "--output", "report.json"]);
    assert_eq!((code, out.as_str()), (0, ""));
    let written = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert_eq!(written, folder.check(&["a.jsonl", "--format", "json"]).1);
    let (code, _, err) = folder.check(&["a.jsonl", "--output", "no/such/folder.txt"]);
    assert_eq!(code, 2);
    contains(&err, &["cannot write no/such/folder.txt"]);
}

#[test]
fn one_audit_writes_many_reports() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (code, out, err) =
        folder.check(&["a.jsonl", "--report", "json=r.json", "--report", "concise=r.txt", "--report", "jsonl=r.jsonl"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(out, folder.check(&["a.jsonl"]).1);
    assert_eq!(read("r.json"), folder.check(&["a.jsonl", "--format", "json"]).1);
    let concise = "a.jsonl:1:156: error[RT204] `score` is the mean of the log-probs, not their sum (2 rows)\n";
    assert_eq!(read("r.txt"), concise);
    let lines: Vec<serde_json::Value> =
        read("r.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["type"], &lines[0]["code"]), (&"finding".into(), &"RT204".into()));
    assert_eq!((&lines[1]["type"], &lines[1]["summary"]["findings"]["error"]), (&"summary".into(), &1.into()));
}

#[test]
fn github_gets_a_job_summary_that_is_appended() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("summary.md", "# earlier step\n")]);
    let summary = folder.path().join("summary.md");
    let run = |format: &str| {
        let mut command = folder.command(&["a.jsonl", "--format", format]);
        seen(&command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap())
    };
    let (code, out, _) = run("github");
    assert_eq!(code, 1);
    contains(&out, &["::error ", "title=RT204"]);
    let written = std::fs::read_to_string(&summary).unwrap();
    assert_eq!(written, format!("# earlier step\n{}", folder.check(&["a.jsonl", "--format", "markdown"]).1));
    run("text");
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), written);
}

#[test]
fn a_stored_report_renders_as_the_audit_did() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let formats = ["text", "concise", "json", "jsonl"];
    folder.check(&["a.jsonl", "--output", "report.json", "--format", "json"]);
    for format in formats {
        let direct = folder.check(&["a.jsonl", "--format", format]).1;
        let again = seen(&folder.retally("report").args(["report.json", "--format", format]).output().unwrap());
        assert_eq!(again, (0, direct, String::new()), "{format}");
    }
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    folder.write("next.json", report.replace("\"schema_version\": 2", "\"schema_version\": 3").as_bytes());
    let of = |path: &str| seen(&folder.retally("report").arg(path).output().unwrap());
    let (code, _, err) = of("next.json");
    assert_eq!(code, 2);
    contains(&err, &["next.json: the report has schema version 3, but this retally reads version 2"]);
    let (code, _, err) = of("a.jsonl");
    assert_eq!(code, 2);
    contains(&err, &["a.jsonl: not a JSON report (expected the output of `retally check --format json`)"]);
    let (code, _, err) = of("missing.json");
    assert_eq!(code, 2);
    contains(&err, &["missing.json: cannot read the report"]);
    for command in ["report", "merge"] {
        folder.check(&["a.jsonl", "--report", "html=old.html"]);
        let output = folder.retally(command).args(["missing.json", "--report", "html=old.html"]).output().unwrap();
        assert_eq!(seen(&output).0, 2);
        assert!(!folder.path().join("old.html").exists(), "{command} leaves an older report");
    }
}

#[test]
fn a_report_never_stands_for_another_run() {
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    folder.check(&["a.jsonl", "--output", "old.txt", "--report", "json=old.json"]);
    assert!(folder.path().join("old.json").exists() && folder.path().join("old.txt").exists());
    let (code, _, err) =
        folder.check(&["missing.jsonl", "--output", "old.txt", "--report", "json=old.json", "--report", "jsonl=new"]);
    assert_eq!(code, 2, "{err}");
    for name in ["old.json", "old.txt", "new"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    let (code, _, err) = folder.check(&["a.jsonl", "--report", "json=./a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["./a.jsonl is an input; a report would overwrite it"]);
    let (code, _, err) = folder.check(&["a.jsonl", "--output", "x", "--report", "json=./x"]);
    assert_eq!(code, 2);
    contains(&err, &["two reports would be written to ./x"]);
    let (code, _, err) = folder.check(&["a.jsonl", "--report", "jsonn=x"]);
    assert_eq!(code, 2);
    contains(&err, &["did you mean `json`?"]);
}

#[test]
fn colours_and_characters_follow_the_environment() {
    let folder = Folder::with(&[("a.jsonl", GOOD), ("b.jsonl", &MEAN.replace("q0", "é"))]);
    let (_, plain, _) = folder.check(&["a.jsonl", "b.jsonl"]);
    assert!(!plain.contains('\u{1b}'));
    let ascii = folder.command(&["a.jsonl", "b.jsonl"]).env("LC_ALL", "C").output().unwrap();
    assert!(seen(&ascii).1.is_ascii());
    // Only findings are coloured.
    let forced = folder.command(&["b.jsonl"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(seen(&forced).1.contains('\u{1b}'));
    let (_, never, _) = folder.check(&["b.jsonl", "--color", "never"]);
    assert!(!never.contains('\u{1b}'));
    let (_, always, _) = folder.check(&["b.jsonl", "--color", "always"]);
    assert!(always.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure_of_the_tool() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = folder.command(&["a.jsonl"]).stdout(writer).output().unwrap();
    assert_eq!(seen(&output), (0, String::new(), String::new()));
}

#[test]
fn the_report_does_not_depend_on_threads_or_width_of_the_machine() {
    let folder = Folder::with(&[("a.jsonl", GOOD), ("b/a.jsonl", MEAN)]);
    let one = folder.check(&[".", "--threads", "1", "--width", "80"]);
    assert_eq!(one, folder.check(&[".", "--threads", "3", "--width", "80"]));
}

#[test]
fn two_columns_of_a_table_for_one_role_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    std::fs::write(&path, "question_id,doc_id,candidate,loglikelihood\n1,2,a,-1.5\n").unwrap();
    let run = || retally_in(folder.path()).args(["check", "--allow-unproven"]).arg(&path).output().unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("`question_id` and `doc_id` could both be the item"), "{text}");
    std::fs::write(folder.path().join("retally.toml"), "[input]\nitem = \"question_id\"\n").unwrap();
    assert_eq!(run().status.code(), Some(0));
}

#[test]
fn watch_ends_with_the_report_of_check_and_tells_findings_on_the_way() {
    use std::io::Write as _;
    let folder = Folder::with(&[]);
    let lines: Vec<&str> = MEAN.lines().collect();
    let (first, rest) = MEAN.split_at(lines[0].len() + 1 + lines[1].len() / 2);
    folder.write("a.jsonl", first.as_bytes());
    let arguments = ["a.jsonl", "--until-idle", "1.5", "--interval", "0.05", "--format", "json"];
    let child = folder.retally("watch").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.path().join("a.jsonl")).unwrap();
    for piece in rest.as_bytes().chunks(rest.len() / 3 + 1) {
        std::thread::sleep(std::time::Duration::from_millis(200));
        file.write_all(piece).unwrap();
    }
    let (code, out, err) = seen(&child.wait_with_output().unwrap());
    assert_eq!((code, out), (1, folder.check(&["a.jsonl", "--format", "json"]).1));
    contains(&err, &["records:", "error[RT204]"]);
    let (code, _, err) = seen(&folder.retally("watch").args(["-", "--until-idle", "1"]).output().unwrap());
    assert_eq!(code, 2);
    contains(&err, &["cannot watch standard input"]);
    let missing = ["missing.jsonl", "--until-idle", "0.1", "--interval", "0.05"];
    assert_eq!(seen(&folder.retally("watch").args(missing).output().unwrap()).0, 2);
}

#[test]
fn settings_say_where_they_come_from() {
    let toml =
        "[conventions]\nscore = \"sum(logprob)/n\"\n\n[gate]\nfail-on = \"warning\"\n\n[rules]\nRT404 = \"off\"\n";
    let folder = Folder::with(&[("mean.jsonl", MEAN), ("retally.toml", toml)]);
    let (status, out, err) = folder.run("check mean.jsonl --show-settings --fail-on never --select RT2");
    assert_eq!((status, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
}
