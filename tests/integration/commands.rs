//! `score` and `trace` from the user's perspective.

use std::process::{Command, Output};

use crate::support::fixture;

fn retally(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_retally")).args(arguments).output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = retally(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn scores(case: &str) -> serde_json::Value {
    serde_json::from_str(&stdout(&["score", "--format", "json", &fixture(&format!("cases/{case}.jsonl"))])).unwrap()
}

fn logprob(scores: &serde_json::Value, item: usize, candidate: usize) -> f64 {
    scores[item]["candidates"][candidate]["logprob"].as_f64().unwrap()
}

#[test]
fn score_takes_the_log_softmax_of_logit_vectors() {
    let c4 = scores("C4");
    // The last digit depends on the order of operations.
    assert!((logprob(&c4, 0, 0) - -1.411_907_165_643_678_6).abs() < 5e-16);
    assert!((logprob(&c4, 0, 1) - -2.626_801_777_258_622).abs() < 5e-16);
    assert_eq!(c4[0]["best_by_sum"], 0);
    let c5 = scores("C5");
    assert!((logprob(&c5, 0, 0) - -0.693_192_579_459_162_1).abs() < 3e-16);
    assert!((logprob(&c5, 0, 2) - -1.386_294_361_119_890_6).abs() < 3e-16);
}

#[test]
fn tokens_after_the_end_do_not_count() {
    let c10 = scores("C10");
    let tokens: Vec<u64> = (0..3).map(|at| c10[0]["candidates"][at]["tokens"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [2, 3, 4]);
    assert!((logprob(&c10, 0, 0) - -2.547_867_402_740_631).abs() < 1e-12);
    assert_eq!(c10[0]["best_by_sum"], 0);
}

#[test]
fn sum_and_mean_are_both_ranked_and_marked() {
    let text = stdout(&["score", &fixture("cases/C11.jsonl")]);
    assert!(text.contains("sum and mean have different winners in 3 of 6 items: c11-1, c11-4, c11-5"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn trace_shows_where_the_greedy_path_loses() {
    let c3 = stdout(&["trace", &fixture("cases/C3.jsonl"), "--item", "c3"]);
    assert!(c3.contains("greedy takes ` warm` at step 1 (-0.900000 against -1.200000 for ` plush`)"), "{c3}");
    assert!(c3.contains("greedy loses by 0.1000 nats in total"), "{c3}");
    insta::assert_snapshot!(c3);
    let c9 = stdout(&["trace", &fixture("cases/C9.jsonl"), "--item", "c9"]);
    assert!(c9.contains("greedy loses by 0.7000 nats in total"), "{c9}");
    let c5 = stdout(&["trace", &fixture("cases/C5.jsonl"), "--item", "c5"]);
    assert!(c5.contains("tie at step 1"), "{c5}");
}

#[test]
fn trace_names_the_formula_of_a_wrong_number() {
    let text = stdout(&["trace", &fixture("formats/native/bug-mean"), "--item", "22", "--candidate", "0"]);
    assert!(text.contains("score reported -3.326519: does not match"), "{text}");
    assert!(text.contains("matches sum(logprob)/n (the mean of the log-probs)"), "{text}");
}

#[test]
fn an_unknown_item_is_an_error_with_the_nearest_id() {
    let output = retally(&["trace", &fixture("cases/C3.jsonl"), "--item", "c4"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the nearest id is `c3`"));
}

#[test]
fn the_hostile_corpus_is_inert_in_tables_and_traces() {
    let corpus = fixture("hostile/corpus.jsonl");
    let csv = stdout(&["score", "--format", "csv", &corpus]);
    let table = stdout(&["score", &corpus]);
    let json = stdout(&["score", "--format", "json", &corpus]);
    let trace = stdout(&["trace", &corpus, "--item", "minus -2+3"]);
    for text in [&csv, &table, &json, &trace] {
        let raw =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{2066}' | '\u{ffff}');
        assert_eq!(text.chars().find(|c| raw(*c)), None, "{text}");
        assert!(!text.contains("##[") && !text.contains("##vso["), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    }
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let cells: Vec<String> =
        rows.records().flat_map(|row| row.unwrap().iter().take(3).map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!cells.iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t'])), "{cells:?}");
    let values: serde_json::Value = serde_json::from_str(&json).unwrap();
    let ids: Vec<&str> = values.as_array().unwrap().iter().map(|item| item["item"].as_str().unwrap()).collect();
    assert!(
        ids.contains(&"nul a\u{0}b") && ids.contains(&"formula =HYPERLINK(\"http://evil.example\",\"x\")"),
        "{ids:?}"
    );
}

#[test]
fn hostile_text_is_made_visible() {
    let text = stdout(&["score", &fixture("hostile/terminal.jsonl")]);
    assert!(text.contains("\\x1b[31m") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}
