//! Attacks on what is read besides logs: each ends with a clear error, within bounded time and memory.

use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, GOOD, MEAN, contains, fixture, seen};

#[cfg(unix)]
#[test]
fn a_configuration_or_baseline_without_end_is_refused() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let mut huge = b"[gate]\n".to_vec();
    huge.resize((16 << 20) + 1, b'\n');
    folder.write("huge.toml", &huge);
    folder.write("huge.json", &huge);
    folder.write("latin.toml", b"# \xe9\n");
    for (path, said) in [
        ("/dev/zero", "expected a regular file, found a device or a pipe"),
        ("pipe", "expected a regular file, found a device or a pipe"),
        (".", "expected a regular file, found a directory"),
        ("huge.toml", "the file is larger than 16 MiB"),
        ("latin.toml", "expected UTF-8, found another byte at offset 2"),
    ] {
        for (option, what) in [("config", "configuration"), ("baseline", "baseline")] {
            let (code, out, err) = folder.run(&format!("check a.jsonl --{option} {path}"));
            assert_eq!((code, out.as_str()), (2, ""), "{option} {path}");
            contains(&err, &[&format!("{path}: cannot read the {what}: {said}")]);
        }
    }
    // As the configuration that is found, too.
    assert!(Command::new("mkfifo").arg(folder.path().join("retally.toml")).status().unwrap().success());
    let (code, _, err) = folder.run("check a.jsonl");
    assert_eq!(code, 2);
    contains(&err, &["retally.toml: cannot read the configuration: expected a regular file"]);
}

#[test]
fn a_glob_that_is_too_deep_is_an_error() {
    let deep = format!("{}a{}", "{".repeat(125), "}".repeat(125));
    let folder = Folder::with(&[("a.jsonl", MEAN)]);
    let (code, out, err) = folder.check(&[&deep]);
    assert_eq!((code, err.as_str()), (2, ""));
    contains(&out, &["invalid glob", "braces are nested more than 32 deep; write it as several globs"]);
    folder.write("retally.toml", format!("[[overrides]]\npaths = [\"{deep}\"]\n").as_bytes());
    let (code, _, err) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:10: invalid glob: braces are nested more than 32 deep"]);
    // A name is only meant as it is written.
    let excepted = format!("[[exceptions]]\ncode = \"RT204\"\nreason = \"x\"\ntask = \"{deep}\"\n");
    folder.write("retally.toml", excepted.as_bytes());
    assert_eq!(folder.check(&["a.jsonl"]).0, 1);
}

#[test]
fn threads_are_a_number_that_a_machine_can_start() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    for wrong in ["0", "18446744073709551615", "1025", "-1", "two"] {
        let (code, out, err) = folder.check(&["a.jsonl", &format!("--threads={wrong}")]);
        assert_eq!((code, out.as_str()), (2, ""), "{wrong}");
        contains(&err, &["--threads", wrong, "expected a number from 1 to 1024"]);
    }
    assert_eq!(folder.check(&["a.jsonl", "--threads", "1024"]).0, 0);
}

#[test]
fn a_nested_configuration_only_maps_the_input() {
    let quiet = "[gate]\nfail-on = \"never\"\n[rules]\nRT204 = \"off\"\n[tolerance]\nabsolute = 100.0\n\
                 [conventions]\nscore = \"sum(logprob)/n\"\n[input]\nitem = \"nr\"\n";
    let log = MEAN.replace("\"item\"", "\"nr\"");
    let folder = Folder::with(&[("retally.toml", "[gate]\n"), ("runs/retally.toml", quiet), ("runs/a.jsonl", &log)]);
    folder.write("b.jsonl", GOOD.as_bytes());
    let note = "runs/retally.toml: [conventions], [rules], [tolerance], [gate] are not used: only [input] is taken from a \
                configuration that is not at or above the working directory; name it with --config to use all of it";
    let expected = folder.check(&["runs", "b.jsonl", "--format", "json"]);
    assert_eq!(expected.0, 1);
    contains(&expected.1, &["RT204", "\"item\": \"q0\""]);
    assert_eq!(expected.2, format!("retally: {note}\n"));
    assert_eq!(folder.check(&["b.jsonl", "runs", "--format", "json"]), expected, "the order of the arguments");
    std::fs::remove_file(folder.path().join("retally.toml")).unwrap();
    assert_eq!(folder.check(&["runs", "b.jsonl", "--format", "json"]), expected, "without a configuration above");
    // The same file counts where it was named, and where the command runs in its directory.
    assert_eq!(folder.check(&["runs", "--config", "runs/retally.toml"]).0, 0);
    let inside = folder.command(&["a.jsonl"]).current_dir(folder.path().join("runs")).output().unwrap();
    assert_eq!(seen(&inside), (0, seen(&inside).1, String::new()));
    folder.write("runs/retally.toml", b"[input]\nitem = 7\n");
    let (code, out, _) = folder.check(&["b.jsonl", "runs"]);
    assert_eq!(code, 2);
    contains(&out, &["runs/retally.toml: line 2, column 8: item: expected the path of a field"]);
}

/// Replaces every text of a report that is free by hostile text.
fn poisoned(report: &Value) -> Value {
    const HOSTILE: &str = "::error::x\u{1b}[31m\n::error file=a::b\u{202e}\u{200b}\u{7}##[error]y\u{9b}2J`<b>|";
    let mut pointers = Vec::new();
    let mut rest = vec![(String::new(), report)];
    while let Some((at, value)) = rest.pop() {
        match value {
            Value::String(_) => pointers.push(at),
            Value::Array(values) => {
                rest.extend(values.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)));
            }
            Value::Object(values) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                rest.extend(values.iter().map(|(key, value)| (format!("{at}/{}", escaped(key)), value)));
            }
            _ => {}
        }
    }
    let mut poisoned = report.clone();
    let mut replaced = 0;
    for at in pointers {
        let before = std::mem::replace(poisoned.pointer_mut(&at).unwrap(), Value::String(HOSTILE.to_owned()));
        if serde_json::from_value::<retally::Report>(poisoned.clone()).is_ok() {
            replaced += 1;
        } else {
            // A word of a fixed list.
            *poisoned.pointer_mut(&at).unwrap() = before;
        }
    }
    assert!(replaced > 20, "{replaced}");
    poisoned
}

#[test]
fn no_text_of_a_stored_report_acts_in_any_output() {
    let folder = Folder::with(&[]);
    for log in [
        "formats/native/bug-mixture",
        "formats/native/bug-mean",
        "hostile/mess.jsonl",
        "rules/RT104-mass-above-one/bad.jsonl",
    ] {
        let (_, out, _) = folder.check(&[&fixture(log), "missing.jsonl", "--format", "json"]);
        let mut report = poisoned(&serde_json::from_str(&out).unwrap());
        report["coverage"] = serde_json::json!([{"what": "score", "reason": "\u{1b}[1m", "log": "\u{202e}::error::x\u{1b}", "count": 3}]);
        folder.write("r.json", serde_json::to_string(&report).unwrap().as_bytes());
        for format in ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"] {
            for more in [[].as_slice(), &["-v"]] {
                let mut command = folder.retally("report");
                let output = command.args(["r.json", "--format", format]).args(more).output().unwrap();
                let (code, out, _) = seen(&output);
                assert_eq!(code, 0, "{log} {format}");
                let is_raw = |c: char| {
                    (c.is_control() && c != '\n')
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}' | '\u{2066}'..='\u{2069}')
                };
                let raw = out.char_indices().find(|(_, c)| is_raw(*c));
                let around = raw.map(|(at, _)| out.chars().skip(at.saturating_sub(100)).take(200).collect::<String>());
                assert_eq!(around, None, "{log} {format}");
                assert!(!out.contains("##[error]"), "{log} {format}:\n{out}");
                for line in out.lines().filter(|line| line.trim_start().starts_with("::")) {
                    let own = ["::error file=", "::warning file=", "::notice file="];
                    assert!(
                        format == "github" && own.iter().any(|own| line.starts_with(own)),
                        "{log} {format}: {line}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_tally_that_unpacks_to_more_than_it_can_hold_is_refused() {
    let folder = Folder::with(&[("a.jsonl", GOOD)]);
    let mut bomb = b"retally tally 3\n".to_vec();
    bomb.extend(zstd::encode_all(vec![0_u8; 512 << 20].as_slice(), 1).unwrap());
    folder.write("bomb.tally", &bomb);
    let (code, _, err) = folder.run("merge bomb.tally");
    assert_eq!(code, 2);
    contains(&err, &["bomb.tally: the tally is damaged or incomplete: it unpacks to more than"]);
    // Lengths beyond the end of the file claim memory that nothing fills.
    folder.run("check a.jsonl --tally a.tally");
    let tally = std::fs::read(folder.path().join("a.tally")).unwrap();
    let bytes = zstd::decode_all(&tally[16..]).unwrap();
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    // Every place behind the header, whatever length stands there.
    for at in (40..bytes.len()).step_by(bytes.len() / 200 + 1) {
        let mut broken = bytes.clone();
        broken.splice(at..=at, huge);
        let mut file = tally[..16].to_vec();
        file.extend(zstd::encode_all(broken.as_slice(), 1).unwrap());
        folder.write("broken.tally", &file);
        let (code, _, err) = folder.run("merge broken.tally");
        assert!(code <= 2 && !err.contains("panicked"), "{at}: {err}");
    }
}
