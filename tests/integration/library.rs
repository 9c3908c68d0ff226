//! The library used by a program: inputs of any kind, errors of the caller, the gate.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use retally::gate::{FailOn, Gate, Outcome};
use retally::{Audit, Config, Error, Input, Watch};

use crate::support::{audit, fixture, json};

const RIGHT: &str = r#"{"item": "q0", "tokens": ["A", " dog"], "logprobs": [-0.5, -2.25], "score": -2.75}"#;
const WRONG: &str = r#"{"item": "q0", "tokens": ["A", " dog"], "logprobs": [-0.5, -2.25], "score": -1.375}"#;

fn of_bytes(name: &str, bytes: &[u8]) -> Audit {
    Audit::new(Config::default()).input(Input::bytes(name, bytes))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn memory_and_streams_give_the_report_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_string_lossy().into_owned();
    let native = |name: &str| read(Path::new(&fixture(&format!("formats/native/{name}"))));
    let scores = native("bug-mean/scores.jsonl");
    let inspect = PathBuf::from(fixture("formats/inspect"));
    let archive = walk(&inspect).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "eval"));
    let logs = [
        ("scores.jsonl", scores.clone()),
        ("scores.jsonl.gz", gzip(&scores)),
        ("scores.jsonl.zst", zstd::encode_all(scores.as_slice(), 1).unwrap()),
        ("tokens.csv", native("bug-base2/tokens.csv")),
        ("run.eval", read(&archive.unwrap())),
    ];
    for (name, bytes) in logs {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let of_file = json(&audit(&[path.to_string_lossy().into_owned()]).run().unwrap()).replace(&root, "memory");
        assert!(of_file.contains(&format!("memory/{name}")), "{of_file}");
        let shown = format!("memory/{name}");
        let of_memory = of_bytes(&shown, &bytes);
        let stream = Input::reader(shown.as_str(), Box::new(std::io::Cursor::new(bytes.clone())));
        let of_stream = Audit::new(Config::default()).input(stream);
        for audit in [of_memory.clone().threads(1), of_memory.clone().unit_bytes(700), of_memory, of_stream] {
            // An audit can be repeated, even of a stream.
            for _ in 0..2 {
                assert_eq!(json(&audit.run().unwrap()), of_file, "{name}");
            }
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn several_inputs_are_one_audit_in_the_order_of_their_names() {
    let report = Audit::new(Config::default())
        .input(Input::bytes("b.jsonl", WRONG.as_bytes()))
        .input(Input::bytes("a.jsonl", RIGHT.replace("q0", "q1").as_bytes()))
        .run()
        .unwrap();
    let paths: Vec<&str> = report.inputs.iter().map(|input| input.path.as_str()).collect();
    assert_eq!(paths, ["a.jsonl", "b.jsonl"]);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].locations[0].path, "b.jsonl");
}

#[test]
fn errors_of_the_caller_are_typed() {
    let one = of_bytes("a.jsonl", RIGHT.as_bytes());
    assert!(matches!(one.clone().format("lm-eval").run(), Err(Error::UnknownFormat(error)) if error.name == "lm-eval"));
    assert!(matches!(one.clone().tolerance(-1.0).run(), Err(Error::Tolerance(_))));
    assert!(matches!(one.clone().tolerance(f64::NAN).run(), Err(Error::Tolerance(_))));
    let again = Input::bytes("a.jsonl", WRONG.as_bytes());
    assert!(matches!(one.clone().input(again).run(), Err(Error::SameName(name)) if name == "a.jsonl"));
    assert!(matches!(Watch::new(one.clone()), Err(Error::NotWatchable(_))));
    let role = Config::parse("retally.toml", "[input]\nlogprbs = \"x\"", Path::new(".")).unwrap();
    assert!(matches!(one.with_config(role).run(), Err(Error::Config(error)) if (error.line, error.column) == (2, 1)));
    let unknown = Config::default().select(&["RT999".to_owned()]).unwrap_err();
    assert_eq!(unknown.code, "RT999");
}

#[test]
fn what_cannot_be_read_is_data_of_the_report() {
    let mut report = of_bytes("a.jsonl", b"{}").inputs(["no/such.jsonl"]).run().unwrap();
    assert_eq!(report.errors.len(), 2, "{:?}", report.errors);
    assert_eq!(report.gate(&Gate::new(Config::default())), Outcome::Undone);
    assert!(report.undone().unwrap().starts_with("a.jsonl: "));
    let nothing = Audit::new(Config::default()).run().unwrap();
    assert_eq!(nothing.undone().as_deref(), Some("nothing was audited: no record has a claim or a token"));
}

#[test]
fn a_declared_tolerance_widens_every_bound() {
    let off = WRONG.replace("-1.375", "-2.79");
    let codes = |audit: Audit| audit.run().unwrap().findings.len();
    assert_eq!(codes(of_bytes("a.jsonl", off.as_bytes())), 1);
    assert_eq!(codes(of_bytes("a.jsonl", off.as_bytes()).tolerance(0.05)), 0);
}

#[test]
fn progress_counts_the_unpacked_bytes() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let log = format!("{RIGHT}\n");
    let audit = of_bytes("a.jsonl.gz", &gzip(log.as_bytes()));
    audit
        .progress(move |bytes| {
            counter.fetch_add(bytes, Ordering::Relaxed);
        })
        .run()
        .unwrap();
    let read = seen.load(Ordering::Relaxed);
    assert!(read >= log.len() as u64 && read.is_multiple_of(log.len() as u64), "{read} of {}", log.len());
}

#[test]
fn a_gate_says_what_fails() {
    let outcome = |log: &str, gate: Gate| of_bytes("a.jsonl", log.as_bytes()).run().unwrap().gate(&gate);
    let gate = || Gate::new(Config::default());
    assert_eq!(outcome(RIGHT, gate()), Outcome::Passed);
    assert_eq!(outcome(WRONG, gate()), Outcome::Failed);
    assert_eq!(outcome(WRONG, gate().fail_on(FailOn::Never)), Outcome::Passed);
    let config = Config::parse("retally.toml", "[gate]\nfail-on = \"never\"", Path::new(".")).unwrap();
    assert_eq!(outcome(WRONG, Gate::new(config.clone())), Outcome::Passed);
    assert_eq!(outcome(WRONG, Gate::new(config).fail_on(FailOn::Error)), Outcome::Failed);
    assert_eq!(outcome("{}", gate()), Outcome::Undone);
}

#[test]
fn single_items_are_scored_and_traced() {
    let log = format!("{RIGHT}\n{{\"item\": 7}}\nno json\n");
    let audit = of_bytes("scores.jsonl", log.as_bytes());
    let inputs = audit.open().unwrap();
    let scored = inputs.score();
    assert_eq!(scored.found[0].item, "q0");
    assert_eq!(scored.found[0].candidates[0].logprob, Some(-2.75));
    assert_eq!(scored.unreadable.last().map(|error| (error.path.as_str(), error.line)), Some(("scores.jsonl", 3)));
    let traced = audit.trace(&inputs, "q0", None);
    assert_eq!(traced.unreadable, scored.unreadable);
    let trace = traced.found.unwrap();
    let claim = &trace.candidates[0].claims[0];
    assert_eq!((claim.recomputed, claim.agrees), (Some(-2.75), true));
    let missing = audit.trace(&inputs, "q1", None).found.unwrap_err();
    assert_eq!(missing.to_string(), "no item has the id `q1`; the nearest id is `q0`");
    let missing = audit.trace(&inputs, "q0", Some("b")).found.unwrap_err();
    assert_eq!(missing.to_string(), "item `q0` has no candidate `b`");
}

#[test]
fn a_trace_judges_with_the_tolerance_of_its_audit() {
    let audit = of_bytes("scores.jsonl", WRONG.as_bytes());
    let agrees = |audit: &Audit| {
        let inputs = audit.open().unwrap();
        audit.trace(&inputs, "q0", None).found.unwrap().candidates[0].claims[0].agrees
    };
    assert!(!agrees(&audit));
    assert!(agrees(&audit.clone().tolerance(1.5)), "-1.375 is within 1.5 of -2.75");
}
