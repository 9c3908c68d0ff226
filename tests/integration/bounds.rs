//! Attacks on input other than logs: each ends with a clear error, within bounded time and memory.

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
    // Also for the configuration that is found automatically.
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
    // A name matches only in its exact spelling.
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
    // The same file applies when it is named, and when the command runs in its directory.
    assert_eq!(folder.check(&["runs", "--config", "runs/retally.toml"]).0, 0);
    let inside = folder.command(&["a.jsonl"]).current_dir(folder.path().join("runs")).output().unwrap();
    assert_eq!(seen(&inside), (0, seen(&inside).1, String::new()));
    folder.write("runs/retally.toml", b"[input]\nitem = 7\n");
    let (code, out, _) = folder.check(&["b.jsonl", "runs"]);
    assert_eq!(code, 2);
    contains(&out, &["runs/retally.toml: line 2, column 8: item: expected the path of a field"]);
}

/// Replaces every free text of a report with hostile text.
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
            // A word from a fixed list.
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
    // Every place after the header, whichever length is stored there.
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

/// A record of about this many bytes with a long text and a correct score.
fn long_record(item: u32, bytes: usize) -> String {
    let text = "x".repeat(bytes);
    format!("{{\"item\": \"q{item}\", \"note\": \"{text}\", \"logprobs\": [-1.5, -0.8], \"score\": -2.3}}\n")
}

#[test]
fn a_record_that_is_too_long_is_an_error_and_the_rest_is_audited() {
    let short = |item| long_record(item, 10);
    let records = [short(0), long_record(1, 3000), short(2), long_record(3, 900)];
    let list = |records: &[String]| format!("[{}]", records.join(","));
    let folder = Folder::with(&[("a.jsonl", &records.concat()), ("a.json", &list(&records))]);
    folder.write("retally.toml", b"[limits]\nmax-record = \"1 KiB\"\n");
    for (file, line) in [("a.jsonl", 2), ("a.json", 2)] {
        for (arguments, limit, proven) in [
            (&[][..], "1 KiB", 3),
            (&["--max-record", "2KiB"], "2 KiB", 3),
            (&["--max-record=1025"], "1025 bytes", 3),
            (&["--max-record", "1 MiB"], "", 4),
        ] {
            let (code, out, err) = folder.check(&[&[file, "--format", "json", "--threads", "2"], arguments].concat());
            let report: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(report["summary"]["verdicts"]["score"]["proven"], proven, "{file} {arguments:?} {err}");
            let errors: Vec<(u64, &str)> = (report["errors"].as_array().unwrap().iter())
                .map(|error| (error["line"].as_u64().unwrap(), error["reason"].as_str().unwrap()))
                .collect();
            if limit.is_empty() {
                assert_eq!((code, errors), (0, Vec::new()), "{file} {arguments:?}");
            } else {
                let said =
                    format!("the record is longer than {limit} and was not audited; --max-record raises the limit");
                assert_eq!((code, errors), (1, vec![(line, said.as_str())]), "{file} {arguments:?}");
            }
        }
    }
    for wrong in ["0", "1023", "2GiB", "1.5MiB", "many", "-1", "99999999999999999999"] {
        let (code, _, err) = folder.check(&["a.jsonl", &format!("--max-record={wrong}")]);
        assert_eq!(code, 2, "{wrong}");
        contains(&err, &["--max-record", "expected a size from 1 KiB to 1 GiB"]);
    }
    folder.write("retally.toml", b"[limits]\nmax-record = \"2 GiB\"\n");
    let (code, _, err) = folder.check(&["a.jsonl"]);
    assert_eq!(code, 2);
    contains(&err, &["retally.toml:2:14: max-record: expected a size from 1 KiB to 1 GiB"]);
}

#[test]
fn a_configuration_beside_the_logs_raises_no_limit() {
    let folder = Folder::with(&[("retally.toml", "[limits]\nmax-record = \"1 KiB\"\n")]);
    folder.write("runs/a.jsonl", (long_record(0, 3000) + GOOD).as_bytes());
    folder.write("runs/retally.toml", b"[limits]\nmax-record = \"1 GiB\"\n");
    let (code, out, err) = folder.check(&["runs"]);
    assert_eq!(code, 1);
    contains(&out, &["the record is longer than 1 KiB"]);
    contains(&err, &["runs/retally.toml: [limits] is not used"]);
}

/// The maximum resident size of a run, in bytes, with its results. None if the system does not report it.
fn peak(folder: &Folder, arguments: &[&str]) -> Option<(u64, i32, String)> {
    use std::io::Read as _;
    let mut child = folder.command(arguments).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    let code = loop {
        let high = std::fs::read_to_string(&status).ok();
        let line = high.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("VmHWM:")));
        let size = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = size.map(|size| size << 10).max(peak);
        if let Some(code) = child.try_wait().unwrap() {
            break code;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    Some((peak?, code.code().unwrap(), reader.join().unwrap()))
}

#[test]
fn memory_is_bounded_by_the_record() {
    use std::io::Write as _;
    let folder = Folder::with(&[("good.jsonl", GOOD)]);
    // Three bytes per token is the most compact form.
    let tokens = 20_000_000;
    let mut record = b"{\"item\": \"q9\", \"logprobs\": [".to_vec();
    record.extend(b"-1,".repeat(tokens));
    record.extend(b"-1], \"score\": -3.5}\n");
    let size = record.len() as u64;
    record.extend(GOOD.as_bytes());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&record).unwrap();
    let packed = encoder.finish().unwrap();
    assert!(packed.len() < 80_000);
    folder.write("ones.jsonl.gz", &packed);
    let Some((empty, ..)) = peak(&folder, &["good.jsonl"]) else { return };
    let (high, code, out) = peak(&folder, &["ones.jsonl.gz", "--threads", "1"]).unwrap();
    assert_eq!(code, 1);
    contains(&out, &["the item has more than 1048576 tokens and was not audited; log it as several items"]);
    contains(&out, &["\n1 proven\n"]);
    let bound = 12 * size;
    assert!(high < bound, "{} MiB, {} MiB without a log, a record of {size}", high >> 20, empty >> 20);
    // A line without an end.
    let mut line = GOOD.as_bytes().to_vec();
    line.extend(b"{\"item\": \"".iter().copied().chain(std::iter::repeat_n(b'y', 300 << 20)));
    line.extend(b"\"}\n");
    line.extend(GOOD.replace("q0", "q1").as_bytes());
    folder.write("long.jsonl", &line);
    let (high, code, out) = peak(&folder, &["long.jsonl", "--threads", "1"]).unwrap();
    assert_eq!(code, 1);
    contains(&out, &["long.jsonl:2:1", "longer than 256 MiB", "\n2 proven\n"]);
    assert!(high < 800 << 20, "{} MiB", high >> 20);
}

/// A log in which all first candidates stand before all second ones.
fn scattered(items: usize) -> Vec<u8> {
    let mut log = String::new();
    for candidate in ["a", "b"] {
        for item in 0..items {
            let first = item % 89 + 1;
            log.push_str(&format!(
                "{{\"item\": \"question-{item}\", \"candidate\": \"{candidate}\", \"logprobs\": [-{first}.25, -0.5], \
                 \"score\": -{first}.75}}\n"
            ));
        }
    }
    log.into_bytes()
}

#[test]
fn memory_does_not_grow_with_the_number_of_rows() {
    let folder = Folder::with(&[]);
    folder.write("few.jsonl", &scattered(30_000));
    folder.write("many.jsonl", &scattered(90_000));
    let Some((few, code, _)) = peak(&folder, &["few.jsonl", "--threads", "1"]) else { return };
    assert_eq!(code, 0);
    let (many, code, out) = peak(&folder, &["many.jsonl", "--threads", "1"]).unwrap();
    assert_eq!(code, 0);
    contains(&out, &["\n180,000 proven\n"]);
    assert!(many < few + (24 << 20), "{} MiB for a third of {} MiB", few >> 20, many >> 20);
    assert!(many < 120 << 20, "{} MiB", many >> 20);
}
