//! Rows of answers without scores, and every metric of the summary beside them.

use retally::report::Report;
use retally::{Audit, Config, Input};

use crate::support::{codes, counts};

/// Gold and pick of 20 rows; 11 are correct.
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

/// The rows as JSON Lines; `correct` decides the field of each row.
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
    // As a table without the correctness, which pick and gold determine.
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
    // The same without `correct`: pick and gold may count from different starts, so only a match proves the accuracy.
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
    let report = audit(lines(|_, right| right), r#"{"accuracy": 0.55, "n": 20, "weighted_f1": 140.0, "hit@1": 55.0}"#);
    assert_eq!(codes(&report), ["RT609"]);
    assert_eq!((verdicts(&report, "run.weighted_f1"), verdicts(&report, "run.hit@1")), ((0, 1, 0), (0, 0, 1)));
    let percent = audit(lines(|_, right| right), r#"{"accuracy_percent": 90.0, "n": 20}"#);
    assert_eq!(verdicts(&percent, "run.accuracy_percent"), (0, 1, 0));
}

#[test]
fn a_metric_that_is_no_number_is_wrong_where_the_rows_give_one() {
    let report = audit(lines(|_, right| right), r#"{"accuracy": NaN, "n": 20, "weighted_f1": NaN}"#);
    assert_eq!(codes(&report), ["RT610"]);
    assert_eq!((verdicts(&report, "run.accuracy"), verdicts(&report, "run.weighted_f1")), ((0, 1, 0), (0, 0, 1)));
    let null = audit(lines(|_, right| right), r#"{"accuracy": null, "n": 20}"#);
    assert_eq!((codes(&null), verdicts(&null, "run.accuracy")), (vec!["RT610"], (0, 1, 0)));
    // A null metric that the rows do not contain is ignored.
    let other = audit(lines(|_, right| right), r#"{"accuracy": 0.55, "n": 20, "bleu": null}"#);
    assert!(codes(&other).is_empty() && other.claims.iter().all(|claim| claim.claim.to_string() != "run.bleu"));
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
    // n states it, or all rows have a value: no warning.
    for (without, summary) in
        [(4, r#"{"accuracy": 0.75, "n": 16}"#), (0, r#"{"accuracy": 0.75}"#), (4, r#"{"accuracy": 0.6}"#)]
    {
        let report = audit(rows(without), summary);
        assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec![], (1, 0, 0)), "{summary}");
    }
    // An n of all rows says how many were read; whether those without a value are wrong, nothing says.
    let report = audit(rows(4), r#"{"accuracy": 0.75, "n": 20}"#);
    assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT607"], (1, 0, 0)));
    assert_eq!(report.findings[0].severity, retally::report::Severity::Warning);
    // Where they failed, they are in its denominator: an error.
    let (name, text) = rows(4);
    let failed = text.replace(r#""correct": null"#, r#""correct": null, "error": "timeout""#);
    let report = audit((name, failed), r#"{"accuracy": 0.75, "n": 20}"#);
    assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT607"], (0, 1, 0)));
    assert_eq!(report.findings[0].severity, retally::report::Severity::Error);
}

/// The codes and the verdict on one metric, beside rows with unknown field names.
fn beside(rows: &str, summary: &str, claim: &str) -> (Vec<String>, (u64, u64, u64)) {
    let name = if rows.starts_with('{') { "log.jsonl" } else { "log.csv" };
    let report = audit((name, rows.to_owned()), summary);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    (codes(&report).into_iter().map(str::to_owned).collect(), verdicts(&report, claim))
}

#[test]
fn a_column_that_a_summary_names_is_audited_as_its_mean() {
    let table = "query,coherence,style\nq0,0.25,2\nq1,0.5,4\nq2,,3\nq3,1.0,5\n";
    let mean = |summary: &str, claim: &str| beside(table, summary, claim);
    assert_eq!(mean(r#"{"style": 3.5}"#, "run.style"), (vec![], (1, 0, 0)));
    assert_eq!(mean(r#"{"mean_style": 3.25}"#, "run.mean_style"), (vec!["RT601".to_owned()], (0, 1, 0)));
    // A sum and a maximum are proven. Another value may be a median.
    assert_eq!(mean(r#"{"style": 14}"#, "run.style"), (vec![], (1, 0, 0)));
    assert_eq!(mean(r#"{"style": 3.25}"#, "run.style"), (vec![], (0, 0, 1)));
    // 1.75 ÷ 3 = 0.58333…, over 4 rows 0.4375; with 0.25 for the third 0.5.
    let some = r#"{"coherence": 0.583333333}"#;
    assert_eq!(mean(some, "run.coherence"), (vec!["RT607".to_owned()], (1, 0, 0)));
    assert_eq!(mean(r#"{"coherence": 0.583333333, "coherence_n": 3}"#, "run.coherence"), (vec![], (1, 0, 0)));
    let counted = r#"{"n": 4, "coherence": 0.583333333}"#;
    assert_eq!(mean(counted, "run.coherence"), (vec!["RT607".to_owned()], (1, 0, 0)));
    assert_eq!(mean(r#"{"n": 4, "coherence": 0.4375}"#, "run.coherence"), (vec![], (1, 0, 0)));
    assert_eq!(mean(r#"{"n": 4, "coherence": 0.500000}"#, "run.coherence").0, ["RT608"]);
}

#[test]
fn error_rates_divide_sums() {
    let rows = r#"{"utt": "a", "reference": "one", "hypothesis": "two"}
{"utt": "b", "reference": "one two three four", "hypothesis": "one two three four"}
"#;
    // 1 ÷ 5 edits per word; (1 ÷ 1 + 0 ÷ 4) ÷ 2.
    assert_eq!(beside(rows, r#"{"wer": 0.200}"#, "run.wer"), (vec![], (1, 0, 0)));
    assert_eq!(beside(rows, r#"{"wer": 0.500}"#, "run.wer"), (vec!["RT603".to_owned()], (0, 1, 0)));
    assert_eq!(beside(rows, r#"{"wer": 0.100}"#, "run.wer"), (vec![], (0, 0, 1)));
}

#[test]
fn averages_of_classes_are_told_apart() {
    // Of class a 2 of 3 right, of b 1 of 1: F1 = 4/5 and 2/3, macro 0.7333…, micro 3/4, weighted 0.7666….
    let rows = "id,gold,prediction\n0,a,a\n1,a,a\n2,a,b\n3,b,b\n";
    let of = |summary: &str, claim: &str| beside(rows, summary, claim);
    assert_eq!(of(r#"{"macro_f1": 0.73333333}"#, "run.macro_f1"), (vec![], (1, 0, 0)));
    assert_eq!(of(r#"{"macro_f1": 0.75}"#, "run.macro_f1"), (vec!["RT601".to_owned()], (0, 1, 0)));
    assert_eq!(of(r#"{"weighted_f1": 0.76666667}"#, "run.weighted_f1"), (vec![], (1, 0, 0)));
    assert_eq!(of(r#"{"f1": 0.8}"#, "run.f1"), (vec![], (1, 0, 0)));
    assert_eq!(of(r#"{"f1": 0.5}"#, "run.f1"), (vec![], (0, 0, 1)));
}

#[test]
fn samples_of_a_problem_give_pass_at_k() {
    let rows = r#"{"task_id": "p0", "n_samples": 4, "n_correct": 2, "passed": true}
{"task_id": "p1", "n_samples": 4, "n_correct": 0, "passed": false}
"#;
    // C(2,2) ÷ C(4,2) = 1 ÷ 6: (5/6 + 0) ÷ 2; with replacement (3/4 + 0) ÷ 2.
    let of = |value: &str| {
        let summary = format!("{{\"passed\": 1, \"pass@2\": {value}}}");
        beside(rows, &summary, "run.pass@2")
    };
    assert_eq!(of("0.416666667"), (vec![], (1, 0, 0)));
    assert_eq!(of("0.375"), (vec!["RT601".to_owned()], (0, 1, 0)));
    assert_eq!(of("0.3"), (vec![], (0, 0, 1)));
}

#[test]
fn calibration_weighs_bins_by_their_rows() {
    let line = |at: usize| {
        let (confidence, correct) = if at < 6 { (0.95, at < 3) } else { (0.15, at == 6) };
        format!("{{\"id\": {at}, \"confidence\": {confidence}, \"correct\": {correct}}}")
    };
    let rows = text((0..8).map(line));
    // Gaps 0.45 of six rows and 0.35 of two: 0.425, plain 0.4.
    let of = |ece: &str| beside(&rows, &format!("{{\"ece\": {ece}, \"n_bins\": 10, \"n\": 8}}"), "run.ece");
    assert_eq!(of("0.4250"), (vec![], (1, 0, 0)));
    assert_eq!(of("0.4000"), (vec!["RT603".to_owned()], (0, 1, 0)));
    assert_eq!(of("0.3000"), (vec![], (0, 0, 1)));
}

#[test]
fn rows_stand_under_many_names() {
    for list in ["data", "per_example", "predictions"] {
        let rows =
            (0..5).map(|at| format!("{{\"item\": {at}, \"correct\": {}}}", at < 2)).collect::<Vec<_>>().join(", ");
        let report = audit(("x.txt", String::new()), &format!("{{\"accuracy\": 0.8, \"{list}\": [{rows}]}}"));
        assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT601"], (0, 1, 0)), "{list}");
    }
    let rows = (0..9).map(|at| format!("\"q{at}\": {{\"correct\": {}}}", at < 3)).collect::<Vec<_>>().join(", ");
    let report = audit(("x.txt", String::new()), &format!("{{\"accuracy\": 0.5, \"results\": {{{rows}}}}}"));
    assert_eq!((codes(&report), verdicts(&report, "run.accuracy")), (vec!["RT601"], (0, 1, 0)));
}

#[test]
fn a_minimum_of_coverage_fails_a_number_over_fewer_rows() {
    let rows = text((0..20).map(|at| {
        let correct = if at < 4 { "null".to_owned() } else { (at % 4 != 3).to_string() };
        format!("{{\"id\": {at}, \"correct\": {correct}}}")
    }));
    let gated = |minimum: &str| {
        let config =
            Config::parse("retally.toml", &format!("[gate]\nmin-coverage = {minimum}\n"), std::path::Path::new("."))
                .unwrap();
        let mut report = Audit::new(config.clone())
            .input(Input::bytes("rows.jsonl", rows.clone().into_bytes()))
            .input(Input::bytes("summary.json", b"{\"accuracy\": 0.75}".to_vec()))
            .run()
            .unwrap();
        report.gate(&retally::gate::Gate::new(config));
        report.gate.unwrap().failures
    };
    assert_eq!(gated("0.8"), Vec::<String>::new());
    let failures = gated("0.9");
    assert!(failures[0].starts_with("min-coverage: expected at least 0.9 of the rows to have a value: accuracy 0.75"));
}
