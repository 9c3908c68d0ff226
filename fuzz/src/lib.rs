//! Fuzz targets: each takes any bytes, and panics if a property is violated.
//!
//! The project's tests run every target over `fuzz/corpus/<target>/` on stable Rust; cargo-fuzz searches for new
//! inputs.

use std::io::Read;

use retally::internals::format::json::Tape;
use retally::internals::gate::Baseline;
use retally::internals::parts::{AuditPlan, Part};
use retally::internals::source::{DelimitedRows, Elements, Inner, NestedRecords};
use retally::report::{OUTPUTS, Rendering};
use retally::{Audit, Config, Input, Report};

/// A target: its name, which is also the name of its corpus, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("json", json),
    ("csv", csv),
    ("literals", literals),
    ("nested", nested),
    ("containers", containers),
    ("config", config),
    ("formulas", formulas),
    ("tallies", tallies),
    ("reports", reports),
    ("outputs", outputs),
];

/// A JSON record: parsed values lie in the record, in order and nested. As a log, it gives the same report for work
/// units of any size.
pub fn json(data: &[u8]) {
    let mut tape = Tape::default();
    if let Ok(root) = tape.parse(data) {
        let mut rest = vec![root];
        while let Some(value) = rest.pop() {
            assert!(value.start() < value.end() && value.end() <= data.len());
            let children = value.elements().chain(value.members().map(|(_, value)| value));
            for child in children {
                assert!(value.start() < child.start() && child.end() < value.end());
                rest.push(child);
            }
        }
    }
    let of = |unit| report(&audit("log.jsonl", data).unit_bytes(unit));
    assert_eq!(of(1), of(1 << 20));
}

/// A table: the cells of each row equal those of the `csv` crate. As a log, it never fails.
pub fn csv(data: &[u8]) {
    let mut rows = DelimitedRows::new(data, b',');
    let mut cells = Vec::new();
    while let Ok(Some(row)) = rows.row() {
        row.cells(&mut cells);
        assert!(cells.iter().all(|cell| cell.start <= cell.end && cell.end <= row.bytes.len()));
        let at = usize::try_from(row.offset).unwrap();
        assert_eq!(data.get(at..at + row.bytes.len()), Some(row.bytes));
    }
    for name in ["log.csv", "log.tsv", "log.txt"] {
        report(&audit(name, data));
    }
}

/// A list in Python syntax, in a cell of a table.
pub fn literals(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('"', "\"\"");
    let table = format!("item,logprobs,score\nq0,\"[-0.5, -0.25]\",-0.75\nq1,\"{text}\",-0.75\n");
    let report = report(&audit("log.csv", table.as_bytes()));
    assert!(report.contains("\"inputs\""));
}

/// Records inside a document: together with the shell they equal its bytes, in order, for any limit.
pub fn nested(data: &[u8]) {
    for path in [&[][..], &["b"], &["a", "b"]] {
        let entries = |limit: usize| {
            let mut entries = Vec::new();
            for inner in NestedRecords::new(data, path).limited(limit) {
                match inner {
                    Ok(Inner::Entry(element)) => {
                        let at = usize::try_from(element.offset).unwrap();
                        assert_eq!(data.get(at..at + element.bytes.len()), Some(element.bytes.as_slice()));
                        entries.push(element);
                    }
                    Ok(Inner::Member(element)) => entries.push(element),
                    Ok(Inner::Shell(_)) | Err(_) => {}
                }
            }
            entries
        };
        let all = entries(usize::MAX);
        assert!(entries(16).iter().all(|element| all.contains(element)));
    }
    let Ok(elements) = Elements::new(data) else { return };
    for element in elements.flatten() {
        let at = usize::try_from(element.offset).unwrap();
        assert_eq!(data.get(at..at + element.bytes.len()), Some(element.bytes.as_slice()));
    }
}

/// A compressed file or a container, read to its end.
pub fn containers(data: &[u8]) {
    for name in ["log.jsonl.gz", "log.eval"] {
        // Larger outputs are skipped: fuzzing is slow enough.
        if let Ok(stream) = Input::bytes(name, data).open() {
            let _ = std::io::copy(&mut stream.take(1 << 24), &mut std::io::sink());
        }
    }
    report(&audit("log.eval", data).max_record(1 << 20));
}

/// A configuration: an error has a position inside the text.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse("retally.toml", &text, std::path::Path::new("/")) {
        Ok(config) => {
            let log = br#"{"item": "q0", "logprobs": [-0.5, -2.25], "score": -1.375}"#;
            let _ = Audit::new(config).input(Input::bytes("log.jsonl", &log[..])).run();
        }
        // The end of a text that ends with a line feed is on a line of its own.
        Err(error) => assert!(error.line <= text.split('\n').count(), "{error}"),
    }
}

/// A formula: its printed form parses to the same formula.
pub fn formulas(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(formula) = text.parse::<retally::formula::Formula>() {
        let written = formula.to_string();
        assert_eq!(written.parse::<retally::formula::Formula>().ok(), Some(formula), "{text} {written}");
    }
}

/// Stored tallies, plans and baselines: whatever can be read can be used.
pub fn tallies(data: &[u8]) {
    if let Ok(part) = Part::read(data) {
        render(&part.report(&Config::default()));
    }
    if let Ok(plan) = AuditPlan::read(data) {
        assert!(plan.write().is_ok());
    }
    if let Ok(baseline) = Baseline::parse("baseline.json", &String::from_utf8_lossy(data)) {
        assert!(baseline.text().is_ok());
    }
}

/// Stored reports: whatever can be read can be rendered in every output.
pub fn reports(data: &[u8]) {
    if let Ok(report) = serde_json::from_slice::<Report>(data) {
        render(&report);
    }
}

/// A text in every place of a log that can hold one: every output escapes it.
pub fn outputs(data: &[u8]) {
    let text = serde_json::to_string(&String::from_utf8_lossy(data)).unwrap();
    let row = |item: &str, score: &str| {
        format!(
            "{{\"item\": {item}, \"task\": {text}, \"candidate\": {text}, \"continuation\": {text}, \
             \"tokens\": [{text}, \" b\"], \"logprobs\": [-0.5, -2.25], \"score\": {score}, {text}: 1}}\n"
        )
    };
    let log = row(&text, "-1.375") + &row("\"q1\"", "-1.375") + &text;
    render(&audit("log.jsonl", log.as_bytes()).run().unwrap());
}

fn audit(name: &str, bytes: &[u8]) -> Audit {
    Audit::new(Config::default()).input(Input::bytes(name, bytes)).threads(1)
}

/// The JSON report.
fn report(audit: &Audit) -> String {
    let mut bytes = Vec::new();
    retally::report::json::render(&audit.run().unwrap(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Renders a report in every output, and checks for characters that a terminal or a reader would interpret.
fn render(report: &Report) {
    for output in OUTPUTS {
        let mut bytes = Vec::new();
        output.render(report, &Rendering::default(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let acts = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        // JSON outputs escape only what JSON requires; their readers escape for their own medium.
        let is_json = matches!(output.name, "json" | "jsonl" | "sarif" | "gitlab");
        let found = text.chars().find(|c| if is_json { c.is_ascii_control() && *c != '\n' } else { acts(*c) });
        assert_eq!(found, None, "{}", output.name);
    }
}
