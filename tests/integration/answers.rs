//! Rows of answers without scores, and every number of the summary beside them.

use retally::report::Report;
use retally::{Audit, Config, Input};

use crate::support::{codes, counts};

/// Gold and pick of 20 rows: 11 are right.
const LETTERS: [(&str, &str); 20] = [
    ("B", "A"),
    ("C", "C"),
    ("D", "D"),
    ("D", "A"),
    ("D", "D"),
    ("D", "D"),
    ("A", "C"),
    ("B", "A"),
    ("C", "C"),
    ("A", "A"),
    ("D", "D"),
    ("A", "D"),
    ("B", "C"),
    ("C", "C"),
    ("A", "A"),
    ("B", "B"),
    ("D", "C"),
    ("C", "D"),
    ("B", "B"),
    ("A", "B"),
];

fn audit(rows: (&str, String), summary: &str) -> Report {
    Audit::new(Config::default())
        .input(Input::bytes(rows.0, rows.1.into_bytes()))
        .input(Input::bytes("summary.json", summary.as_bytes().to_vec()))
        .run()
        .unwrap()
}

/// A text of lines.
fn text(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// The rows as JSON Lines; `correct` says whether a row is right.
fn lines(correct: impl Fn(usize, bool) -> bool) -> (&'static str, String) {
    let row = |(at, (gold, pick)): (usize, &(&str, &str))| {
        let correct = correct(at, gold == pick);
        format!("{{\"item\": {at}, \"gold\": \"{gold}\", \"pick\": \"{pick}\", \"correct\": {correct}}}")
    };
    ("rows.jsonl", text(LETTERS.iter().enumerate().map(row)))
}

fn verdicts(report: &Report, claim: &str) -> (u64, u64, u64) {
    let counts = counts(report, claim);
    (counts.proven, counts.refuted, counts.unprovable)
}

#[test]
fn rows_of_answers_decide_the_accuracy_beside_them() {
    let right = lines(|_, right| right);
    let wrong = audit(right.clone(), r#"{"accuracy": 0.9, "n": 20}"#);
    assert_eq!(codes(&wrong), ["RT601"]);
    assert!(
        wrong.findings[0].message.contains("0.9 is reported, but the rows give 0.55"),
        "{}",
        wrong.findings[0].message
    );
    assert_eq!((verdicts(&wrong, "run.accuracy"), verdicts(&wrong, "correct")), ((0, 1, 0), (20, 0, 0)));
    let proven = audit(right, r#"{"accuracy": 0.55, "n": 20}"#);
    assert_eq!((codes(&proven), verdicts(&proven, "run.accuracy")), (vec![], (1, 0, 0)));
    // As a table, without the correctness: pick and gold give it.
    let table = text(LETTERS.iter().enumerate().map(|(at, (gold, pick))| format!("{at},{gold},{pick}")));
    let table = audit(("rows.csv", format!("item,gold,prediction\n{table}")), r#"{"accuracy": 0.9, "n": 20}"#);
    assert_eq!((codes(&table), verdicts(&table, "run.accuracy")), (vec!["RT601"], (0, 1, 0)));
}

#[test]
fn a_row_that_contradicts_its_own_labels_is_wrong() {
    let report = audit(lines(|at, right| right || at == 6), r#"{"accuracy": 0.6, "n": 20}"#);
    assert_eq!(codes(&report), ["RT611"]);
    let finding = &report.findings[0];
    assert!(finding.label.contains("correct is true, but pick C is not the gold answer A"), "{}", finding.label);
    assert_eq!(verdicts(&report, "correct"), (19, 1, 0));
}

#[test]
fn labels_that_the_correctness_does_not_compare_prove_nothing() {
    // The gold answer counts from 1, the pick from 0.
    let rows = text((0..20).map(|at| {
        let (gold, pick) = (1 + at % 4, if at % 5 == 0 { (at + 1) % 4 } else { at % 4 });
        format!("{{\"id\": {at}, \"gold\": {gold}, \"pred\": {pick}, \"correct\": {}}}", gold == pick + 1)
    }));
    let report = audit(("rows.jsonl", rows), r#"{"accuracy": 0.8, "n": 20}"#);
    assert_eq!((codes(&report), verdicts(&report, "correct")), (vec![], (0, 0, 20)));
    assert_eq!(verdicts(&report, "run.accuracy"), (1, 0, 0));
    // The same without `correct`: the two may count from different starts, so that only a match proves the accuracy.
    let without = |summary: &str| {
        let rows =
            text((0..20).map(|at| format!("{{\"id\": {at}, \"label\": {}, \"prediction\": {}}}", 1 + at % 4, at % 5)));
        let report = audit(("rows.jsonl", rows), summary);
        (codes(&report).len(), verdicts(&report, "run.accuracy"))
    };
    assert_eq!(without(r#"{"accuracy": 0.8, "n": 20}"#), (0, (0, 0, 1)));
    assert_eq!(without(r#"{"accuracy": 0.2, "n": 20}"#), (0, (1, 0, 0)));
    // Texts, which a grader may call equal.
    let rows =
        text((0..20).map(|at| {
            format!("{{\"id\": {at}, \"gold\": \"{at}/2\", \"prediction\": \"{at} / 2\", \"correct\": true}}")
        }));
    let report = audit(("rows.jsonl", rows), r#"{"accuracy": 1.0, "n": 20}"#);
    assert_eq!((codes(&report), verdicts(&report, "correct")), (vec![], (0, 0, 20)));
}

#[test]
fn every_number_of_a_summary_is_listed() {
    let summary = r#"{"accuracy": 0.55, "accuracy_percent": 55.0, "n": 20, "pass@10": 0.977, "weighted_f1": 0.9, "wer": 0.2,
        "by_subject": {"history": 0.5, "physics": 0.6}, "config": {"seed": 7, "lr": 0.1}, "temperature": 0.7, "note": "x"}"#;
    let report = audit(lines(|_, right| right), summary);
    assert_eq!(codes(&report), Vec::<&str>::new());
    for (name, wanted) in [
        ("run.accuracy", (1, 0, 0)),
        ("run.accuracy_percent", (1, 0, 0)),
        ("run.n", (1, 0, 0)),
        ("run.pass@10", (0, 0, 1)),
        ("run.weighted_f1", (0, 0, 1)),
        ("run.wer", (0, 0, 1)),
        ("run.by_subject.history", (0, 0, 1)),
        ("run.by_subject.physics", (0, 0, 1)),
    ] {
        assert_eq!(verdicts(&report, name), wanted, "{name}");
    }
    let claims: Vec<String> = report.claims.iter().map(|claim| claim.claim.to_string()).collect();
    assert!(
        !claims.iter().any(|name| ["seed", "lr", "temperature", "note"].iter().any(|set| name.contains(set))),
        "{claims:?}"
    );
}

#[test]
fn a_share_beyond_any_unit_is_wrong_and_one_that_may_be_a_percentage_is_open() {
    let report = audit(lines(|_, right| right), r#"{"accuracy": 0.55, "n": 20, "weighted_f1": 140.0, "pass@1": 55.0}"#);
    assert_eq!(codes(&report), ["RT609"]);
    assert_eq!((verdicts(&report, "run.weighted_f1"), verdicts(&report, "run.pass@1")), ((0, 1, 0), (0, 0, 1)));
    let percent = audit(lines(|_, right| right), r#"{"accuracy_percent": 90.0, "n": 20}"#);
    assert_eq!(verdicts(&percent, "run.accuracy_percent"), (0, 1, 0));
}

#[test]
fn a_metric_that_is_no_number_is_wrong_where_the_rows_give_one() {
    let report = audit(lines(|_, right| right), r#"{"accuracy": NaN, "n": 20, "weighted_f1": NaN}"#);
    assert_eq!(codes(&report), ["RT610"]);
    assert_eq!((verdicts(&report, "run.accuracy"), verdicts(&report, "run.weighted_f1")), ((0, 1, 0), (0, 0, 1)));
    let null = audit(lines(|_, right| right), r#"{"accuracy": null, "n": 20}"#);
    assert_eq!((codes(&null), verdicts(&null, "run.accuracy")), (vec![], (0, 0, 1)));
}

#[test]
fn a_share_of_some_rows_says_of_how_many() {
    let rows = |without: usize| {
        let row = |at: usize| {
            let correct = if at < without { "null".to_owned() } else { (at % 4 != 3).to_string() };
            format!("{{\"id\": {at}, \"correct\": {correct}}}")
        };
        ("rows.jsonl", text((0..20).map(row)))
    };
    let report = audit(rows(4), r#"{"accuracy": 0.75}"#);
    assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT607"], (1, 0, 0)));
    assert_eq!(report.findings[0].severity, retally::report::Severity::Warning);
    assert_eq!(
        report.findings[0].message,
        "accuracy 0.75 is over 16 of 20 rows: 4 have no value; 0.6 if they count as 0"
    );
    // The n says so, or all rows have a value: nothing to say.
    for (without, summary) in
        [(4, r#"{"accuracy": 0.75, "n": 16}"#), (0, r#"{"accuracy": 0.75}"#), (4, r#"{"accuracy": 0.6}"#)]
    {
        let report = audit(rows(without), summary);
        assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec![], (1, 0, 0)), "{summary}");
    }
    // The n says otherwise: an error.
    let report = audit(rows(4), r#"{"accuracy": 0.75, "n": 20}"#);
    assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT607"], (0, 1, 0)));
    assert_eq!(report.findings[0].severity, retally::report::Severity::Error);
}
