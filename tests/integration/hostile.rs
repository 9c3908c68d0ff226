//! Broken and hostile input: a clear message, no panic, no lost valid record, no control characters for the terminal.

use crate::support::{check, counts, fixture, json, text};

#[test]
fn text_of_a_log_is_inert_in_the_report() {
    let report = check(&[fixture("hostile/terminal.jsonl")]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    let shown = text(&report);
    assert!(shown.contains("\\x1b[31m") || shown.contains("\\u001b"), "{shown}");
    for hidden in ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\u{2066}'] {
        assert!(!shown.contains(hidden), "{hidden:?} in {shown}");
    }
    assert!(!shown.contains("##[error]"), "{shown}");
    assert!(!shown.lines().any(|line| line.trim_start().starts_with("::")), "{shown}");
    // JSON keeps the text unchanged, with JSON escapes.
    assert!(!json(&report).contains('\u{1b}'));
}

#[test]
fn a_bad_record_never_hides_the_good_ones() {
    let report = check(&[fixture("hostile/mess.jsonl")]);
    let lines: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 7, 8, 10], "{:?}", report.errors);
    assert!(report.errors[0].reason.contains("expected a value"), "{:?}", report.errors[0]);
    assert_eq!(report.errors[0].column, 35);
    assert!(report.errors[1].reason.contains("logprobs: expected a number, found an object"), "{:?}", report.errors[1]);
    assert!(report.errors[2].reason.contains("128"), "{:?}", report.errors[2]);
    assert!(report.errors[3].reason.contains("truncated"), "{:?}", report.errors[3]);
    let score = counts(&report, "score");
    assert_eq!(
        (score.proven, score.refuted, score.unprovable),
        (4, 0, 1),
        "CRLF, a BOM, blank lines, NaN, lone surrogates, numbers in quotes"
    );
    assert!(
        report.findings.iter().any(|finding| finding.code == "RT708" && finding.count == 4),
        "{:?}",
        report.findings
    );
}

#[test]
fn unknown_input_names_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.json");
    std::fs::write(&path, "{\"weights\": [1, 2, 3]}").unwrap();
    let report = check(&[path.to_string_lossy().into_owned()]);
    let reason = &report.errors[0].reason;
    for part in ["unrecognised log format", "retally formats", "retally.toml", "[input]"] {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn a_megabyte_line_is_shown_through_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    let steps: Vec<String> = (0..60_000).map(|at| format!("-{}.{:06}", at % 3, 100_000 + at)).collect();
    let row = |item: u32, score: &str| {
        format!(
            "{{\"item\": \"q{item}\", \"candidate\": \"a\", \"logprobs\": [{}], \"score\": {score}}}\n",
            steps.join(", ")
        )
    };
    std::fs::write(&path, row(0, "-1.500000") + &row(1, "-2.500000")).unwrap();
    let report = check(&[path.to_string_lossy().into_owned()]);
    let shown = text(&report);
    assert!(shown.contains("\"score\": -1.500000"), "{shown}");
    assert!(shown.len() < 4000, "{} bytes", shown.len());
    assert!(report.findings[0].locations[0].column > 500_000);
}
