//! A run is green only if something was checked. Skipped input is reported, and the exit code is not 0.

use std::io::Write as _;

use serde_json::Value;

use crate::support::{FORMATS, Folder, GOOD, MEAN, contains, seen};

/// Scores without underlying values.
const BARE: &str = "{\"item\": \"q0\", \"candidate\": \"a\", \"score\": -3.5}\n{\"item\": \"q1\", \"candidate\": \"a\", \"score\": -2.25}\n";

#[test]
fn a_log_of_which_no_claim_can_be_checked_does_not_pass() {
    let folder = Folder::with(&[("a.jsonl", BARE), ("b.jsonl", GOOD)]);
    let said = "0 of 2 claims could be checked: score: no token-level values are logged (to prove it, log logprobs (one per \
                token)); to accept this, use --allow-unproven or [gate] allow-unproven = true";
    for format in FORMATS {
        let (code, out, err) = folder.run(&format!("check a.jsonl --format {format} --report json=r.json"));
        assert_eq!(code, 2, "{format}");
        assert!((out.replace("&#34;", "\"") + &err).contains("0 of 2 claims could be checked"), "{format}: {out}{err}");
        assert!(!folder.path().join("r.json").exists());
        assert_eq!(folder.run(&format!("check a.jsonl --format {format} --allow-unproven")).0, 0, "{format}");
    }
    contains(&folder.run("check a.jsonl").1, &[&format!("fails: {said}\n")]);
    contains(&folder.run("check a.jsonl -q").1, &[said]);
    let (code, out, _) = folder.run("check a.jsonl --fail-on never --format json");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["gate"]["passed"], &report["gate"]["failures"][0]), (2, &false.into(), &said.into()));
    // One checked claim is enough, and a claim with a finding was checked.
    assert_eq!(folder.run("check a.jsonl b.jsonl").0, 0);
    let (code, _, _) = folder.run("check a.jsonl --tally a.tally --allow-unproven");
    assert_eq!(code, 0);
    assert_eq!(folder.run("merge a.tally").0, 2);
    assert_eq!(folder.run("merge a.tally --allow-unproven").0, 0);
    folder.write("retally.toml", b"[gate]\nallow-unproven = true\n");
    assert_eq!(folder.run("check a.jsonl").0, 0);
    folder.write("retally.toml", b"[gate]\nallow-unproven = \"yes\"\n");
    let (code, _, err) = folder.run("check a.jsonl");
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:18: "]);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(&[("runs/a.jsonl", GOOD), ("runs/closed/b.jsonl", MEAN), ("other/a.jsonl", GOOD)]);
    let mode = |name: &str, mode: u32| {
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(".", 0o755);
    mode("runs/closed", 0);
    // The superuser can read everything, so another user runs the audit.
    let as_nobody = |arguments: &[&str]| {
        if std::fs::read_dir(folder.path().join("runs/closed")).is_err() {
            return Some(folder.check(arguments));
        }
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(env!("CARGO_BIN_EXE_retally"));
        command.arg("check").args(arguments).current_dir(folder.path()).env("LC_ALL", "C.UTF-8");
        command.output().ok().map(|output| seen(&output))
    };
    for (argument, expected) in [
        ("runs", 2),
        (".", 2),
        ("runs/**/*.jsonl", 2),
        ("runs/closed", 2),
        ("runs/*.jsonl", 0),
        ("other/*.jsonl", 0),
        ("other", 0),
    ] {
        let Some((code, out, err)) = as_nobody(&[argument]) else { break };
        assert_eq!(code, expected, "{argument}: {out}{err}");
        if expected == 2 {
            contains(&out, &["runs/closed: cannot read `", "permission denied"]);
        }
    }
    mode("runs/closed", 0o755);
}

#[test]
fn every_output_says_what_disabled_rules_hide() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("off.toml", "[rules]\nRT204 = \"off\"\n")]);
    for line in ["check a.jsonl --ignore RT2", "check a.jsonl --config off.toml", "check a.jsonl --select RT1"] {
        for format in FORMATS {
            let (code, out, _) = folder.run(&format!("{line} --format {format}"));
            assert_eq!(code, 0, "{line} {format}");
            let said = match format {
                "json" | "jsonl" => {
                    let last = if format == "json" { out.as_str() } else { out.lines().last().unwrap() };
                    let report: Value = serde_json::from_str(last).unwrap();
                    assert_eq!(report["silenced"], serde_json::json!([{"code": "RT204", "count": 1}]), "{line}");
                    continue;
                }
                _ => "1 finding silenced (RT204)",
            };
            contains(&out, &[said]);
        }
        contains(&folder.run(&format!("{line} -q")).1, &["1 finding silenced (RT204)"]);
    }
    assert!(!folder.run("check a.jsonl").1.contains("silenced"));
    assert!(!folder.run("check a.jsonl --ignore RT1").1.contains("silenced"));
    // A stored report and a merged audit report it too.
    folder.run("check a.jsonl --ignore RT2 --format json --output r.json --tally a.tally");
    contains(&folder.run("report r.json").1, &["1 finding silenced (RT204)"]);
    contains(&folder.run("merge a.tally --ignore RT204").1, &["1 finding silenced (RT204)"]);
}

#[test]
fn a_field_that_no_log_has_is_an_error_of_the_configuration() {
    let log = r#"{"nr": "q0", "out": {"lps": [-0.5, -0.25], "sum": -0.75, "rerank": -0.375}}
{"nr": "q1", "out": {"lps": [-1.5, -0.125], "sum": -1.625, "rerank": -0.8125}}
"#;
    let folder = Folder::with(&[("a.jsonl", log), ("t.csv", "uid,lps,total\nq0,\"[-0.5, -0.25]\",-0.75\n")]);
    let good = "[input]\nitem = \"nr\"\nlogprobs = \"out.lps\"\nscore = \"out.sum\"\n";
    let check = |toml: &str, path: &str| {
        folder.write("retally.toml", toml.as_bytes());
        folder.run(&format!("check {path} --exact-digits"))
    };
    let (code, out, err) = check(good, "a.jsonl");
    assert_eq!(code, 0, "{out}{err}");
    for (toml, said) in [
        (
            good.replace("out.lps", "out.lsp"),
            "retally.toml:3:1: [input] logprobs = \"out.lsp\": no record has this field; did you mean `out.lps`?",
        ),
        (
            good.replace("\"nr\"", "\"identifier\""),
            "retally.toml:2:1: [input] item = \"identifier\": no record has this field; fields of the logs: nr, out, out.lps",
        ),
        (
            good.replace("out.sum", "result.sum"),
            "retally.toml:4:1: [input] score = \"result.sum\": no record has this field; did you mean `out.sum`?",
        ),
        (
            format!("{good}[conventions]\n\"out.rernak\" = \"sum(logprob)/n\"\n"),
            "retally.toml:6:1: [conventions] out.rernak: no log has this claim; did you mean `out.rerank`?",
        ),
    ] {
        let (code, out, err) = check(&toml, "a.jsonl");
        assert_eq!((code, out.as_str()), (2, ""), "{toml}");
        contains(&err, &[said]);
    }
    for fine in [
        format!("{good}[conventions]\n\"out.rerank\" = \"sum(logprob)/n\"\nscore = \"sum(logprob)\"\n"),
        // Notes about other files are not errors.
        format!(
            "{good}[[overrides]]\npaths = [\"old/**\"]\ninput = {{ item = \"uid\" }}\nconventions = {{ cost = \"sum(logprob)\" }}\n"
        ),
    ] {
        let (code, out, err) = check(&fine, "a.jsonl");
        assert_eq!(code, 0, "{fine}{out}{err}");
    }
    let (code, _, err) = check("[input]\nitem = \"uuid\"\n", "t.csv");
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:1: [input] item = \"uuid\": no record has this field; did you mean `uid`?"]);
}

#[test]
fn a_field_that_comes_late_in_a_long_log_is_there() {
    let row = |item: usize, more: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"a\", \"logprobs\": [-1.25, -1.5], \"score\": -2.75{more}}}\n"
        )
    };
    let mut text: String = (0..8_000).map(|item| row(item, "")).collect();
    text.push_str(&row(8_000, ", \"late\": -1.375"));
    let folder = Folder::with(&[("a.jsonl", &text), ("retally.toml", "[conventions]\nlate = \"sum(logprob)/n\"\n")]);
    let (code, out, err) = folder.run("check a.jsonl");
    assert_eq!(code, 0, "{out}{err}");
    folder.write("retally.toml", b"[conventions]\nlater = \"sum(logprob)/n\"\n");
    let (code, _, err) = folder.run("check a.jsonl");
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:1: [conventions] later: no log has this claim"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_by_path_gives_what_its_file_gives() {
    use std::process::Command;
    let folder = Folder::with(&[("a.jsonl", &(MEAN.to_owned() + GOOD))]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(folder.read("a.jsonl").as_bytes()).unwrap();
    folder.write("a.jsonl.gz", &packed.finish().unwrap());
    let inputs = |out: &str, path: &str| out.replace(path, "PATH");
    let expected = inputs(&folder.run("check a.jsonl").1, "a.jsonl");
    let bash = |script: &str| {
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(folder.path()).env("LC_ALL", "C.UTF-8");
        command.env("RETALLY", env!("CARGO_BIN_EXE_retally"));
        seen(&command.output().unwrap())
    };
    for (script, path) in [
        ("cat a.jsonl | $RETALLY check /dev/stdin", "/dev/stdin"),
        ("$RETALLY check /dev/stdin < a.jsonl", "/dev/stdin"),
        ("gzip -dc a.jsonl.gz | $RETALLY check -", "<stdin>"),
        ("mkfifo fifo1 && (cat a.jsonl > fifo1 &) && $RETALLY check fifo1", "fifo1"),
        ("mkfifo fifo2 && (cat a.jsonl.gz > fifo2 &) && $RETALLY check fifo2", "fifo2"),
    ] {
        let (code, out, err) = bash(script);
        assert_eq!((code, inputs(&out, path).as_str(), err.as_str()), (1, expected.as_str(), ""), "{script}");
    }
    for script in ["$RETALLY check <(zcat a.jsonl.gz)", "$RETALLY check <(cat a.jsonl.gz)"] {
        let (code, out, _) = bash(script);
        assert_eq!(code, 1, "{out}");
        contains(&out, &["error[RT200]", "3 candidates · 2 items"]);
    }
    // In a directory, the audit must not wait for a pipe.
    let (_, _, err) = bash("mkdir d && cp a.jsonl d && mkfifo d/p.jsonl && $RETALLY check d -v");
    contains(&err, &["d/p.jsonl: skipped (a pipe or a device; name it to read it)"]);
    let (code, _, err) = bash("mkfifo w; $RETALLY watch w --until-idle 1");
    assert_eq!(code, 2);
    contains(&err, &["cannot watch w; name a file or a directory"]);
}

#[cfg(unix)]
#[test]
fn links_in_a_directory_stay_in_it() {
    use std::os::unix::fs::symlink;
    let secret = "{\"item\": \"q9\", \"candidate\": \"SECRET\", \"tokens\": [\"A\", \"B\"], \"logprobs\": [-1.5, -0.25], \"score\": -0.875}\n";
    let outside = Folder::with(&[("secret.jsonl", secret)]);
    let folder = Folder::with(&[("runs/a.jsonl", GOOD), ("runs/sub/b.txt", "x")]);
    let at = |name: &str| folder.path().join(name);
    symlink("a.jsonl", at("runs/same.jsonl")).unwrap();
    symlink("../runs/sub", at("runs/linked")).unwrap();
    let (code, out, err) = folder.run("check runs -v");
    assert_eq!(code, 0, "{out}{err}");
    contains(&err, &["runs/linked: skipped (a link to a directory)"]);
    for (target, link) in [
        (outside.path().join("secret.jsonl"), "runs/x.jsonl"),
        ("/proc/self/environ".into(), "runs/y.jsonl"),
        ("/dev/zero".into(), "runs/z.jsonl"),
    ] {
        symlink(&target, at(link)).unwrap();
        for argument in ["runs", "runs/*.jsonl", "."] {
            let (code, out, err) = folder.run(&format!("check {argument}"));
            assert_eq!(code, 2, "{link} {argument}: {out}{err}");
            contains(&out, &[&format!("{link}: `{link}` is a link to "), "outside the directory"]);
            assert!(!out.contains("SECRET") && !out.contains("PATH="), "{out}");
        }
        // A link named on the command line is followed.
        if link == "runs/x.jsonl" {
            contains(&folder.run("check runs/x.jsonl").1, &["runs/x.jsonl:1:", "1 candidate"]);
        }
        std::fs::remove_file(at(link)).unwrap();
    }
    symlink("gone.jsonl", at("runs/dangling.jsonl")).unwrap();
    symlink("gone", at("runs/README")).unwrap();
    let (code, out, _) = folder.run("check runs");
    assert_eq!(code, 2);
    contains(&out, &["runs/dangling.jsonl: `runs/dangling.jsonl` is a link that cannot be followed: No such file"]);
    assert!(!out.contains("README"), "{out}");
}

/// Rows with log-probs and their sum; `change` modifies a row by its number.
fn rows(count: usize, change: impl Fn(usize, &mut serde_json::Map<String, Value>)) -> String {
    let mut text = String::new();
    for row in 0..count {
        // Multiples of 1/64 have an exact sum.
        let logprobs: Vec<f64> =
            (0..3 + row % 3).map(|at| -(((row * 7 + at * 13) % 160) as f64 + 3.0) / 64.0).collect();
        let fields = serde_json::json!({
            "item": format!("q{row}"),
            "candidate": "a",
            "logprobs": logprobs,
            "score": logprobs.iter().sum::<f64>(),
        });
        let Value::Object(mut fields) = fields else { unreachable!() };
        change(row, &mut fields);
        text += &serde_json::to_string(&fields).unwrap();
        text.push('\n');
    }
    text
}

/// Renames a field of a row.
fn rename(fields: &mut serde_json::Map<String, Value>, from: &str, to: &str) {
    let value = fields.remove(from).unwrap();
    fields.insert(to.to_owned(), value);
}

/// Wraps a row in an object.
fn wrap(fields: &mut serde_json::Map<String, Value>, under: &str) {
    let row = std::mem::take(fields);
    fields.insert(under.to_owned(), row.into());
}

/// The verdicts on `score`: proven, refuted, unprovable.
fn verdicts(report: &Value) -> [u64; 3] {
    let mut sums = [0; 3];
    for claim in report["claims"].as_array().unwrap().iter().filter(|claim| claim["claim"] == "score") {
        for (sum, verdict) in sums.iter_mut().zip(["proven", "refuted", "unprovable"]) {
            *sum += claim["verdicts"][verdict].as_u64().unwrap();
        }
    }
    sums
}

type Change = fn(usize, &mut serde_json::Map<String, Value>);

#[test]
fn a_field_that_ends_in_the_middle_is_a_finding_and_its_rows_count() {
    let changed: [(Change, &str, [u64; 3]); 8] = [
        (
            |_, fields| rename(fields, "score", "Score"),
            "`score` ends at line 12: the 12 records up to it have it, the 1,188 after it do not; they have `Score`",
            [12, 0, 1_188],
        ),
        (
            |_, fields| wrap(fields, "row"),
            "`score`, `candidate`, `item`, `logprobs` end at line 12: the 12 records up to it have them, the 1,188 after it do \
             not; they have `row.score`",
            [12, 0, 1_188],
        ),
        (
            |_, fields| {
                fields.remove("score");
            },
            "`score` ends at line 12: the 12 records up to it have it, the 1,188 after it do not",
            [12, 0, 1_188],
        ),
        (
            |_, fields| {
                fields.remove("logprobs");
            },
            "`logprobs` ends at line 12: the 12 records up to it have it, the 1,188 after it do not",
            [12, 0, 1_188],
        ),
        (
            |_, fields| rename(fields, "logprobs", "log-probs"),
            "`logprobs` ends at line 12: the 12 records up to it have it, the 1,188 after it do not; they have `log-probs`",
            [12, 0, 1_188],
        ),
        (
            |_, fields| rename(fields, "score", "final_result"),
            "`score` ends at line 12: the 12 records up to it have it, the 1,188 after it do not; the nearest field of theirs \
             is `final_result`",
            [12, 0, 1_188],
        ),
        // Another value next to another spelling: the rows are still rows.
        (
            |_, fields| {
                rename(fields, "score", "SCORE");
                fields.insert("host".to_owned(), "b".into());
            },
            "`score` ends at line 12: the 12 records up to it have it, the 1,188 after it do not; they have `SCORE`",
            [12, 0, 1_188],
        ),
        (
            |row, fields| {
                fields.insert("task".to_owned(), ["x", "y"][row % 2].into());
                wrap(fields, "row");
            },
            "`score`, `candidate`, `item`, `logprobs` end at line 12: the 12 records up to it have them, the 1,188 after it do \
             not; they have `row.score`",
            [12, 0, 1_188],
        ),
    ];
    let folder = Folder::with(&[("min.toml", "[gate]\nmin-proven = { score = 1.0 }\n")]);
    for (change, said, expected) in changed {
        folder.write(
            "a.jsonl",
            rows(1_200, |row, fields| {
                if row >= 12 {
                    change(row, fields);
                }
            })
            .as_bytes(),
        );
        let (code, out, err) = folder.run("check a.jsonl --format json");
        assert_eq!((code, err.as_str()), (1, ""), "{said}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let found: Vec<&Value> = report["findings"].as_array().unwrap().iter().collect();
        assert_eq!(found.len(), 1, "{said}: {found:?}");
        let (finding, location) = (found[0], &found[0]["locations"][0]);
        assert_eq!((&finding["code"], &finding["message"]), (&"RT709".into(), &said.into()));
        assert_eq!((&location["line"], &finding["count"]), (&13.into(), &1_188.into()));
        assert_eq!(verdicts(&report), expected, "{said}");
        for output in FORMATS {
            let (code, out, _) = folder.run(&format!("check a.jsonl --format {output}"));
            assert_eq!(code, 1);
            assert!(out.contains("RT709"), "{output}: {out}");
        }
        // The rows count even if the rule is disabled.
        let (code, out, _) = folder.run("check a.jsonl --config min.toml --ignore RT709");
        assert_eq!(code, 1);
        contains(&out, &["min-proven score: expected at least 1 of the claims to be proven, found 12 of 1,200"]);
    }
}

#[test]
fn a_field_that_begins_or_ends_is_seen_in_any_form_of_the_log() {
    let late = rows(1_200, |row, fields| {
        if row >= 600 {
            rename(fields, "score", "Score");
        }
    });
    let early = rows(1_200, |row, fields| {
        if row < 12 {
            rename(fields, "score", "Score");
        }
    });
    let nested = late.replace("\"score\"", "\"x\": {\"score\"").replace("\"Score\"", "\"x\": {\"Score\"");
    let nested = nested.replace("}\n", "}}\n");
    let array = format!("[{}]", late.trim_end().replace('\n', ", "));
    let folder = Folder::with(&[
        ("late.jsonl", &late),
        ("early.jsonl", &early),
        ("array.json", &array),
        ("nested.jsonl", &nested),
        ("nested.toml", "[input]\nscore = \"x.score\"\n"),
    ]);
    for (line, said) in [
        (
            "check late.jsonl",
            "`score` ends at line 600: the 600 records up to it have it, the 600 after it do not; they have `Score`",
        ),
        (
            "check late.jsonl --threads 2",
            "`score` ends at line 600: the 600 records up to it have it, the 600 after it do not",
        ),
        (
            "check early.jsonl",
            "`Score` ends at line 12: the 12 records up to it have it, the 1,188 after it do not; they have `score`",
        ),
        (
            "check array.json",
            "`score` ends at record 600: the 600 records up to it have it, the 600 after it do not; they have `Score`",
        ),
        (
            "check nested.jsonl --config nested.toml",
            "`x.score` ends at line 600: the 600 records up to it have it, the 600 after it do not; they have `x.Score`",
        ),
    ] {
        let (code, out, err) = folder.run(line);
        assert_eq!(code, 1, "{line}: {out}{err}");
        contains(&out, &["error[RT709]", said]);
    }
    let (code, _, _) = folder.run("check late.jsonl --tally a.tally");
    assert_eq!(code, 1);
    contains(&folder.run("merge a.tally").1, &["error[RT709]", "`score` ends at line 600"]);
}

fn put(fields: &mut serde_json::Map<String, Value>, name: &str, value: impl Into<Value>) {
    fields.insert(name.to_owned(), value.into());
}

/// Clean logs in which a field ends, or seems to: a name, a change per row number, and the number of rows with a score.
const CLEAN: [(&str, Change, u64); 12] = [
    // A field that comes and goes is optional.
    (
        "optional",
        |row, fields| {
            if row % 3 == 1 {
                drop(fields.remove("score"));
            }
        },
        800,
    ),
    (
        "failed and then not",
        |row, fields| {
            if (300..600).contains(&row) {
                drop(fields.remove("score"));
            }
        },
        900,
    ),
    (
        "null",
        |row, fields| {
            if row >= 600 {
                put(fields, "score", Value::Null);
            }
        },
        600,
    ),
    // A run that was stopped while writing its last rows.
    (
        "the last rows",
        |row, fields| {
            if row >= 1_195 {
                drop(fields.remove("score"));
            }
        },
        1_195,
    ),
    (
        "failed",
        |row, fields| {
            if row >= 600 {
                fields.remove("score");
                fields.remove("logprobs");
                put(fields, "error", "timeout");
            }
        },
        600,
    ),
    (
        "a status",
        |row, fields| {
            put(fields, "status", if row < 600 { "ok" } else { "failed" });
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
    (
        "two statuses of each",
        |row, fields| {
            put(fields, "status", [["stop", "length"], ["quota", "timeout"]][row / 600][row % 2]);
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
    (
        "an error that was null",
        |row, fields| {
            put(fields, "error", if row < 600 { Value::Null } else { format!("timeout {row}").into() });
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
    (
        "an empty answer",
        |row, fields| {
            put(fields, "continuation", if row < 600 { format!("answer {row}") } else { String::new() });
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
    (
        "a type, with its own place for the score",
        |row, fields| {
            put(fields, "type", if row < 600 { "choice" } else { "generation" });
            if row >= 600 {
                let score = fields.remove("score").unwrap();
                put(fields, "metrics", serde_json::json!({"score": score}));
            }
        },
        600,
    ),
    (
        "a split by the ids",
        |row, fields| {
            put(fields, "item", format!("{}-{row}", if row < 600 { "dev" } else { "test" }));
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
    (
        "tasks one after the other",
        |row, fields| {
            put(fields, "task", format!("task {}", char::from(b'a' + u8::try_from(row / 50).unwrap())));
            if row >= 600 {
                fields.remove("score");
            }
        },
        600,
    ),
];

#[test]
fn rows_of_another_kind_end_no_field() {
    let folder = Folder::with(&[]);
    for (what, change, proven) in CLEAN {
        folder.write("a.jsonl", rows(1_200, change).as_bytes());
        let (code, out, err) = folder.run("check a.jsonl --format json");
        assert_eq!(code, 0, "{what}: {out}{err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(report["findings"], serde_json::json!([]), "{what}");
        // Only the tasks with scores have rows in the column.
        let unprovable = if what.starts_with("tasks") { 0 } else { 1_200 - proven };
        assert_eq!(verdicts(&report), [proven, 0, unprovable], "{what}");
    }
    // A header and a line of totals are not rows.
    let log =
        "{\"model\": \"m\", \"seed\": 1}\n".to_owned() + &rows(40, |_, _| ()) + "{\"mean_score\": -3.5, \"n\": 40}\n";
    folder.write("a.jsonl", log.as_bytes());
    let (code, out, _) = folder.run("check a.jsonl");
    assert_eq!(code, 0, "{out}");
    contains(&out, &["\n40 proven\n"]);
}

/// Six rows with a mean where a sum is declared, after an answer of a given length.
fn wrong_rows(length: usize) -> Vec<Value> {
    let row = |row: usize| {
        let logprobs = [-0.5, -0.25 - row as f64 / 64.0];
        let (answer, mean) = ("x".repeat(length), logprobs.iter().sum::<f64>() / 2.0);
        serde_json::json!({"item": format!("q{row}"), "answer": answer, "logprobs": logprobs, "score": mean})
    };
    (0..6).map(row).collect()
}

/// Objects with item and answer first, as pipelines write them.
fn in_order(row: &Value) -> String {
    format!(
        "{{\"item\": {}, \"continuation\": {}, \"logprobs\": {}, \"score\": {}}}",
        row["item"], row["answer"], row["logprobs"], row["score"]
    )
}

#[test]
fn the_verdict_does_not_depend_on_the_length_of_the_first_record() {
    let folder = Folder::with(&[]);
    for length in [1_000, 166_000, 333_000, 2_000_000] {
        let rows: Vec<String> = wrong_rows(length).iter().map(in_order).collect();
        let lines = rows.join("\n") + "\n";
        folder.write("lines.jsonl", lines.as_bytes());
        folder.write("array.json", format!("[{}]", rows.join(",\n")).as_bytes());
        folder
            .write("document.json", format!("{{\n\"model\": \"m\",\n\"samples\": [{}]}}", rows.join(",\n")).as_bytes());
        let cells = |row: &Value| {
            let (item, answer) = (row["item"].as_str().unwrap(), row["answer"].as_str().unwrap());
            format!("{item},{answer},\"{}\",{}\n", row["logprobs"], row["score"])
        };
        let table = wrong_rows(length).iter().map(cells).collect::<String>();
        folder.write("table.csv", ("item,continuation,logprobs,score\n".to_owned() + &table).as_bytes());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(lines.as_bytes()).unwrap();
        folder.write("packed.jsonl.gz", &packed.finish().unwrap());
        for name in ["lines.jsonl", "array.json", "document.json", "table.csv", "packed.jsonl.gz"] {
            let (code, out, err) = folder.run(&format!("check -v {name}"));
            assert_eq!(code, 1, "{name} {length}: {out}{err}");
            contains(&out, &["error[RT204]", "6 refuted of 6, held to sum(logprob)"]);
        }
    }
}

/// The first part of a text.
fn part(text: &str, percent: usize) -> &str {
    &text[..text.len() * percent / 100]
}

#[test]
fn a_document_that_is_cut_off_is_a_finding_and_read_as_far_as_it_goes() {
    let of = |name: &str| std::fs::read_to_string(crate::support::fixture(name)).unwrap();
    let results = "results_2026-11-25T14-07-34.211521.json";
    let samples = "samples_local_mc_2026-11-25T14-07-34.211521.jsonl";
    let lm_eval = |name: &str| of(&format!("formats/lm-eval/v0.4.9/{name}"));
    let inspect = "2026-11-25T14-05-26-00-00_local-qa-short_ep5y4XC693ExhfvD9jdwub.json";
    let inspect_log = of(&format!("formats/inspect/match-json/{inspect}"));
    let stats = of("formats/helm/generation/stats.json");
    let summary = "{\"accuracy\": 0.75, \"accuracy_stderr\": 0.0693375245, \"note\": \"a run of one afternoon\"}\n";
    let line = rows(1, |_, _| ());
    for percent in [20, 50, 95] {
        let folder = Folder::with(&[
            (&format!("lm/{results}"), part(&lm_eval(results), percent)),
            (&format!("lm/{samples}"), &lm_eval(samples)),
            (&format!("inspect/{inspect}"), part(&inspect_log, percent)),
            ("helm/stats.json", part(&stats, percent)),
            ("summary/summary.json", part(summary, percent)),
            ("native/a.jsonl", part(&line, percent)),
        ]);
        for path in ["lm", &format!("lm/{results}"), "inspect", "helm", "helm/stats.json", "summary", "native"] {
            if (path, percent) == ("summary", 20) || (path, percent) == ("native", 20) {
                // It has no recognisable content.
                assert_eq!(folder.run(&format!("check {path}")).0, 2);
                continue;
            }
            let (code, out, err) = folder.run(&format!("check {path} --format json"));
            assert_eq!(code, 1, "{path} {percent} %: {out}{err}");
            let report: Value = serde_json::from_str(&out).unwrap();
            let codes: Vec<&Value> =
                report["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
            assert_eq!(codes, ["RT708"], "{path} {percent} %");
            assert_eq!(report["findings"][0]["count"], 1);
            assert!(report["findings"][0]["locations"][0]["line"].as_u64().unwrap() > 0);
        }
    }
    // The complete part is judged.
    let folder = Folder::with(&[
        (&format!("lm/{results}"), part(&lm_eval(results), 99)),
        (&format!("lm/{samples}"), &lm_eval(samples)),
    ]);
    contains(&folder.run("check -v lm").1, &["run.acc_stderr", "1 proven"]);
    // Whole documents, and logs that end in a truncated line, behave as before.
    let folder = Folder::with(&[(&format!("lm/{results}"), &lm_eval(results))]);
    assert!(!folder.run("check lm").1.contains("RT708"));
}

#[test]
fn rows_that_are_refused_are_said_beside_the_numbers_that_they_would_decide() {
    let row = |row: usize| format!("{{\"uid\": \"q{row}\", \"outcome\": \"good\", \"latency\": {row}}}\n");
    let refused: String = (0..40).map(row).collect();
    let folder = Folder::with(&[
        ("runs/summary.json", "{\"accuracy\": 0.75}\n"),
        ("runs/rows.jsonl", &refused),
        ("other/summary.json", "{\"accuracy\": 0.75}\n"),
        ("other/notes.json", "{\"city\": \"Paris\"}\n"),
        ("mixed/summary.json", "{\"accuracy\": 0.75}\n"),
        ("mixed/rows.csv", "uid,outcome\nq0,good\nq1,bad\n"),
        ("mixed/good/a.jsonl", GOOD),
    ]);
    let said = "the rows in `rows.jsonl` are not read: unrecognised log format with the fields uid, outcome, latency";
    for format in FORMATS {
        let (code, out, err) = folder.run(&format!("check runs --format {format}"));
        assert_eq!(code, 2, "{format}");
        contains(&(out.replace("&#96;", "`") + &err), &["rows.jsonl", "uid, outcome, latency"]);
    }
    contains(&folder.run("check runs").1, &[said, "0 of 1 claim could be checked"]);
    // Other input was checked, but it is still reported.
    let (code, out, _) = folder.run("check -v mixed --width 200");
    assert_eq!(code, 0, "{out}");
    contains(&out, &["the rows in `rows.csv` are not read: unrecognised log format with the fields uid, outcome"]);
    // A file with a single object has no rows.
    let (code, out, _) = folder.run("check other");
    assert_eq!(code, 2);
    assert!(!out.contains("are not read: unrecognised"), "{out}");
    contains(&out, &["no rows of this metric are logged"]);
}

#[test]
fn a_list_in_a_summary_that_is_not_read_is_said() {
    let entries = |fields: &[&str]| {
        let entry = |at: usize| {
            let own: Vec<String> = fields.iter().map(|field| format!("\"{field}\": \"x{at}\"")).collect();
            format!("{{{}}}", own.join(", "))
        };
        (0..3).map(entry).collect::<Vec<_>>().join(", ")
    };
    let of = |list: &str, fields: &[&str]| format!("{{\"accuracy\": 0.75, \"{list}\": [{}]}}\n", entries(fields));
    let folder = Folder::with(&[
        ("few.json", &of("results", &["city", "colour"])),
        ("many.json", &of("data", &["a", "b", "c", "d", "e", "f", "g"])),
        ("other.json", &of("authors", &["city", "colour"])),
    ]);
    let said = |entries: &str, fields: &str| {
        format!(
            "the 3 entries of `{entries}` are not read: no number of the summary is about one of their fields ({fields})"
        )
    };
    let few = said("results", "`city`, `colour`");
    for format in FORMATS {
        let (code, out, err) = folder.run(&format!("check few.json --format {format}"));
        assert_eq!(code, 2, "{format}");
        contains(&(out.replace("&#96;", "`").replace("\\`", "`") + &err), &[&few]);
    }
    contains(&folder.run("check many.json").2, &[&said("data", "`a`, `b`, `c`, `d`, `e`, `f`, …")]);
    // A list under a name that rows do not have is a part of the description.
    assert!(!folder.run("check other.json").2.contains("are not read"));
}

#[test]
fn a_format_in_the_configuration_makes_no_summary_of_rows_and_no_rows_of_a_summary() {
    let rows = rows(20, |_, _| ());
    let list = format!("[{}]", rows.trim_end().replace('\n', ", "));
    let together = format!("{{\"model\": \"m\", \"n\": 20, \"results\": {list}}}\n");
    let folder = Folder::with(&[
        ("a.jsonl", &rows),
        ("summary.json", "{\"n\": 20}\n"),
        ("together/all.json", &together),
        ("together/cut.json", part(&together, 80)),
        ("rows.toml", "[input]\nformat = \"native-jsonl\"\n"),
        ("summary.toml", "[input]\nformat = \"native-summary\"\n"),
    ]);
    for line in [
        "check -v a.jsonl summary.json",
        "check -v a.jsonl summary.json --config rows.toml",
        "check -v a.jsonl summary.json --config summary.toml",
    ] {
        let (code, out, err) = folder.run(line);
        assert_eq!(code, 0, "{line}: {out}{err}");
        contains(&out, &["20 proven of 20", "run.n", "20 candidates"]);
    }
    let (code, _, err) = folder.run("check a.jsonl --input-format native-summary");
    assert_eq!(code, 2, "{err}");
    // The rows in a summary are read too, up to the cut.
    let (code, out, err) = folder.run("check -v together/all.json");
    assert_eq!(code, 0, "{out}{err}");
    contains(&out, &["20 proven of 20", "run.n", "20 candidates"]);
    let (code, out, _) = folder.run("check -v together/cut.json");
    assert_eq!(code, 1, "{out}");
    contains(&out, &["error[RT708]", "score     proven      15 proven of 15"]);
    // Wrong rows are refuted at any position.
    let wrong: Vec<String> = wrong_rows(10).iter().map(in_order).collect();
    folder.write("wrong.json", format!("{{\"accuracy\": 0.5, \"results\": [{}]}}", wrong.join(", ")).as_bytes());
    let (code, out, _) = folder.run("check -v wrong.json");
    assert_eq!(code, 1);
    contains(&out, &["error[RT204]", "6 refuted of 6"]);
}
