//! Real logs of lm-evaluation-harness, clean and with one known bug each.

use std::collections::BTreeMap;

use retally::report::{ClaimKey, Report};

use crate::support::{Folder, check, counts, fixture};

fn audit(path: &str) -> Report {
    check(&[fixture(path)])
}

/// Codes of the families under test, with the number of rows.
fn codes(report: &Report) -> Vec<(&str, u64)> {
    let mine = ["normalised", "aggregate", "log"];
    let findings = report.findings.iter().filter(|finding| mine.contains(&finding.family.as_str()));
    findings.map(|finding| (finding.code.as_str(), finding.count)).collect()
}

/// Proven, refuted and unprovable metrics, by kind of claim.
fn verdicts(report: &Report) -> BTreeMap<String, (u64, u64, u64)> {
    let metrics = report.summary.verdicts.iter();
    let metrics = metrics.filter(|(claim, _)| matches!(claim, ClaimKey::Rows(_) | ClaimKey::Run(_)));
    metrics.map(|(claim, counts)| (claim.to_string(), (counts.proven, counts.refuted, counts.unprovable))).collect()
}

#[test]
fn clean_choices_and_last_words_are_proven() {
    let report = audit("formats/lm-eval/mc-and-lastword");
    assert_eq!(codes(&report), []);
    assert!(report.errors.is_empty());
    let expected = BTreeMap::from(
        [
            ("rows.acc", (420, 0, 0)),
            ("rows.acc_norm", (300, 0, 0)),
            ("rows.perplexity", (120, 0, 0)),
            ("run.acc", (2, 0, 0)),
            ("run.acc_norm", (1, 0, 0)),
            ("run.acc_norm_stderr", (1, 0, 0)),
            ("run.acc_stderr", (2, 0, 0)),
            ("run.n", (2, 0, 0)),
            ("run.perplexity", (1, 0, 0)),
            ("run.perplexity_stderr", (0, 0, 1)),
        ]
        .map(|(claim, counts)| (claim.to_owned(), counts)),
    );
    assert_eq!(verdicts(&report), expected);
    let scores = counts(&report, "loglikelihood");
    assert_eq!((scores.proven, scores.refuted, scores.unprovable), (0, 0, 1320));
}

#[test]
fn clean_mutual_information_is_proven_brier_included() {
    let report = audit("formats/lm-eval/mc-mutual-information");
    assert_eq!(codes(&report), []);
    let verdicts = verdicts(&report);
    for metric in ["acc", "acc_norm", "acc_bytes", "acc_mutual_info", "brier_score"] {
        assert_eq!(verdicts[format!("rows.{metric}").as_str()], (300, 0, 0), "{metric}");
        assert_eq!(verdicts[format!("run.{metric}").as_str()], (1, 0, 0), "{metric}");
    }
    assert_eq!(verdicts["run.acc_mutual_info_stderr"], (1, 0, 0));
    assert_eq!(verdicts["run.brier_score_stderr"], (0, 0, 1));
    assert_eq!(report.summary.candidates, 1200);
}

#[test]
fn a_limit_is_the_n_of_the_standard_error() {
    let report = audit("formats/lm-eval/limit-20");
    assert_eq!(codes(&report), []);
    let expected = BTreeMap::from(
        [
            ("rows.acc", (20, 0, 0)),
            ("rows.acc_norm", (20, 0, 0)),
            ("run.acc", (1, 0, 0)),
            ("run.acc_norm", (1, 0, 0)),
            ("run.acc_norm_stderr", (1, 0, 0)),
            ("run.acc_stderr", (1, 0, 0)),
            ("run.n", (1, 0, 0)),
        ]
        .map(|(claim, counts)| (claim.to_owned(), counts)),
    );
    assert_eq!(verdicts(&report), expected);
}

#[test]
fn rolling_perplexities_are_proven() {
    let report = audit("formats/lm-eval/rolling-perplexity");
    assert_eq!(codes(&report), []);
    let verdicts = verdicts(&report);
    for metric in ["word_perplexity", "byte_perplexity", "bits_per_byte"] {
        assert_eq!(verdicts[format!("rows.{metric}").as_str()], (120, 0, 0), "{metric}");
        assert_eq!(verdicts[format!("run.{metric}").as_str()], (1, 0, 0), "{metric}");
        assert_eq!(verdicts[format!("run.{metric}_stderr").as_str()], (0, 0, 1), "{metric}");
    }
}

#[test]
fn a_mean_of_exponentials_is_named() {
    let report = audit("formats/lm-eval/mean-of-exp-perplexity");
    assert_eq!(codes(&report), [("RT602", 1)]);
    assert_eq!(verdicts(&report)["run.perplexity"], (0, 1, 0));
    assert_eq!(verdicts(&report)["run.acc"], (2, 0, 0));
    let finding = report.findings.iter().find(|finding| finding.code == "RT602").unwrap();
    assert_eq!(finding.locations[0].field, "results.local_lastword.perplexity,none");
}

#[test]
fn a_standard_deviation_is_no_standard_error() {
    let report = audit("formats/lm-eval/stderr-not-divided");
    assert_eq!(codes(&report), [("RT605", 1)]);
    let finding = report.findings.iter().find(|finding| finding.code == "RT605").unwrap();
    assert!(finding.label.contains("not divided by √n"), "{}", finding.label);
    assert_eq!(verdicts(&report)["run.acc_stderr"], (1, 1, 0));
}

#[test]
fn padding_of_the_last_batch_is_found_once() {
    let report = audit("formats/lm-eval/sampler-padding-duplicates");
    assert_eq!(codes(&report), [("RT701", 4)]);
    let finding = report.findings.iter().find(|finding| finding.code == "RT701").unwrap();
    assert!(finding.message.contains("304 rows, 300 different"), "{}", finding.message);
    // A metric computed before padding cannot be proven from the padded rows, and is not a second finding.
    assert_eq!(verdicts(&report)["run.acc_norm"], (0, 0, 1));
}

#[test]
fn flipped_rows_are_found_although_the_mean_follows_them() {
    let report = audit("formats/lm-eval/row-correctness-flipped");
    assert_eq!(codes(&report), [("RT611", 12)]);
    assert_eq!(verdicts(&report)["rows.acc"], (408, 12, 0));
    assert_eq!(verdicts(&report)["run.acc"], (2, 0, 0));
}

#[test]
fn nan_wins_as_numpy_lets_it() {
    let report = audit("formats/lm-eval/nan-wins-argmax");
    assert_eq!(codes(&report).iter().filter(|(code, _)| !code.starts_with("RT7")).count(), 0);
    assert_eq!(verdicts(&report)["rows.acc"], (420, 0, 0));
    assert_eq!(verdicts(&report)["run.acc"], (2, 0, 0));
}

#[test]
fn wrong_scores_are_not_wrong_metrics() {
    for folder in ["formats/lm-eval/scorer-mean", "formats/lm-eval/scorer-sum_probs"] {
        let report = audit(folder);
        assert_eq!(codes(&report).iter().filter(|(code, _)| !code.starts_with("RT70")).count(), 0, "{folder}");
        assert_eq!(verdicts(&report)["rows.acc"], (420, 0, 0));
    }
}

/// The samples of a log of the repository with the tokens of the same requests, which a log of a pipeline of its own has.
fn with_recording(folder: &str, recorded: impl Fn(serde_json::Value) -> Option<serde_json::Value>) -> Report {
    let read = |path: String| std::fs::read_to_string(path).unwrap();
    let (results, samples) =
        ("results_2026-11-23T09-22-49.106666.json", "samples_local_mc_2026-11-23T09-22-49.106666.jsonl");
    let lines: Vec<String> = read(fixture("formats/native/bug-mean/scores.jsonl"))
        .lines()
        .filter_map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let line = serde_json::json!({
                "lm_eval_request": "", "task": "local_mc", "item": row["question_id"], "candidate": row["choice"],
                "continuation": row["continuation"], "tokens": row["tokens"], "token_ids": row["token_ids"],
                "logprobs": row["token_logprobs"],
            });
            recorded(line).map(|line| line.to_string() + "\n")
        })
        .collect();
    audit_files(&[
        (results, &read(fixture(&format!("{folder}/{results}")))),
        (samples, &read(fixture(&format!("{folder}/{samples}")))),
        ("recording_local_mc_2026-11-23T09-22-49.106666.jsonl", &lines.concat()),
    ])
}

#[test]
fn a_recording_decides_what_the_samples_leave_open() {
    let report = with_recording("formats/lm-eval/scorer-mean", Some);
    assert_eq!(crate::support::codes(&report), ["RT204"]);
    let found = counts(&report, "loglikelihood");
    assert_eq!((found.proven, found.refuted, found.unprovable), (199, 1001, 0));
    assert!(report.findings[0].locations[0].path.contains("samples_local_mc"));
}

#[test]
fn a_request_that_was_not_recorded_or_has_another_text_stays_unprovable() {
    let report = with_recording("formats/lm-eval/scorer-mean", |mut line| {
        if line["item"] == 7 {
            line["continuation"] = " another".into();
        }
        (line["item"] != 3).then_some(line)
    });
    let found = counts(&report, "loglikelihood");
    assert_eq!(found.unprovable, 8);
    assert_eq!(crate::support::codes(&report), ["RT204"]);
}

#[test]
fn each_rule_fires_on_its_own_log_and_not_on_the_one_like_it() {
    for (rule, bad, good) in [
        ("RT501-normaliser-mismatch", "bad", "look-alike"),
        ("RT503-pmi-halves-mixed", "bad", "look-alike"),
        ("RT601-metric-mismatch", "bad", "look-alike"),
        ("RT602-mean-of-exp", "bad", "look-alike"),
        ("RT603-mean-of-means", "bad", "look-alike"),
        ("RT605-stderr-mismatch", "bad", "look-alike"),
        ("RT607-dropped-rows", "bad", "look-alike"),
        ("RT609-percent-for-fraction", "bad", "look-alike"),
        ("RT611-row-metric-wrong", "bad.jsonl", "look-alike.jsonl"),
        ("RT701-duplicate-item", "bad.jsonl", "look-alike"),
        ("RT702-missing-item", "bad", "look-alike"),
    ] {
        let report = audit(&format!("rules/{rule}/{bad}"));
        let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, [rule.get(..5).unwrap()], "{rule}");
        let report = audit(&format!("rules/{rule}/{good}"));
        let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, Vec::<&str>::new(), "{rule}");
        assert!(report.errors.is_empty(), "{rule}");
    }
}

/// Writes files into a folder of their own and audits it.
fn audit_files(files: &[(&str, &str)]) -> Report {
    check(&[Folder::with(files).path().display().to_string()])
}

fn results(results: &str, more: &str) -> String {
    format!(
        r#"{{"results": {{{results}}}, "configs": {{"t": {{"output_type": "multiple_choice", "target_delimiter": " "}}}}, "versions": {{}}{more}}}"#
    )
}

/// Two choices; the second wins.
fn row(doc: u32, target: &str, acc: &str) -> String {
    format!(
        r#"{{"doc_id": {doc}, "target": "{target}", "arguments": {{"gen_args_0": {{"arg_0": "q{doc}", "arg_1": " a"}}, "gen_args_1": {{"arg_0": "q{doc}", "arg_1": " b"}}}}, "resps": [[["-2.5", "False"]], [["-1.25", "False"]]], "filtered_resps": [["-2.5", "False"], ["-1.25", "False"]], "filter": "none", "metrics": ["acc"], "acc": {acc}}}"#
    )
}

const DATE: &str = "2026-01-02T03-04-05.678901";

#[test]
fn an_array_of_the_first_versions_is_read_with_the_results_beside_it() {
    let rows = r#"[
  {
    "doc_id": 0,
    "target": "1",
    "arguments": [["q", " a"], ["q", " b"]],
    "resps": [[[-2.5, false]], [[-1.25, false]]],
    "filtered_resps": [[-2.5, false], [-1.25, false]],
    "acc": 1.0
  },
  {
    "doc_id": 1,
    "target": "0",
    "arguments": [["q", " a"], ["q", " b"]],
    "resps": [[[-2.5, false]], [[-1.25, false]]],
    "filtered_resps": [[-2.5, false], [-1.25, false]],
    "acc": 0.0
  }
]"#;
    let summary = results(r#""t": {"acc,none": 0.5, "acc_stderr,none": 0.5}"#, "");
    let report = audit_files(&[("pretrained__x_t.jsonl", rows), ("results.json", &summary)]);
    assert_eq!(codes(&report), []);
    assert_eq!(verdicts(&report)["rows.acc"], (2, 0, 0));
    assert_eq!(verdicts(&report)["run.acc"], (1, 0, 0));
    assert_eq!(verdicts(&report)["run.acc_stderr"], (1, 0, 0));
}

#[test]
fn without_the_results_file_a_metric_may_be_anything() {
    let rows = [row(0, "0", "1.0"), row(1, "1", "0.37")].join("\n");
    let report = audit_files(&[(&format!("samples_t_{DATE}.jsonl"), &rows)]);
    assert_eq!(codes(&report), []);
    assert_eq!(verdicts(&report)["rows.acc"], (0, 0, 2));
}

#[test]
fn choices_in_the_context_have_no_length() {
    let row = r#"{"doc_id": 0, "target": "was big.", "arguments": {"gen_args_0": {"arg_0": "The cup", "arg_1": " was big."}, "gen_args_1": {"arg_0": "The box", "arg_1": " was big."}}, "resps": [[["-2.5", "False"]], [["-1.25", "False"]]], "filtered_resps": [["-2.5", "False"], ["-1.25", "False"]], "filter": "none", "metrics": ["acc", "acc_norm"], "acc": 0.0, "acc_norm": 1.0}"#;
    let summary = results(r#""t": {"acc,none": 0.0}"#, "");
    let report = audit_files(&[(&format!("samples_t_{DATE}.jsonl"), row), (&format!("results_{DATE}.json"), &summary)]);
    assert_eq!(codes(&report), []);
    assert_eq!(verdicts(&report)["rows.acc"], (0, 0, 1));
    assert_eq!(verdicts(&report)["rows.acc_norm"], (0, 0, 1));
}

fn group(value: &str) -> Report {
    let more = r#", "group_subtasks": {"g": ["t", "u"], "t": [], "u": []}, "n-samples": {"t": {"effective": 3}, "u": {"effective": 1}}"#;
    let tasks = format!(
        r#""g": {{"acc,none": {value}, "acc_stderr,none": "N/A"}}, "t": {{"acc,none": 0.3333333333333333}}, "u": {{"acc,none": 1.0}}"#
    );
    let rows = [row(0, "1", "1.0"), row(1, "0", "0.0"), row(2, "0", "0.0")].join("\n");
    let summary = results(&tasks, more);
    audit_files(&[(&format!("samples_t_{DATE}.jsonl"), &rows), (&format!("results_{DATE}.json"), &summary)])
}

#[test]
fn a_group_is_weighed_by_its_rows_or_not_at_all() {
    // (3 · ⅓ + 1 · 1) ÷ 4 = 0.5; (⅓ + 1) ÷ 2 = ⅔. The rows of `u` are missing.
    for value in ["0.5", "0.6666666666666666"] {
        let report = group(value);
        assert_eq!(codes(&report), [], "{value}");
        assert_eq!(verdicts(&report)["run.acc"], (2, 0, 1), "{value}");
    }
    let report = group("0.55");
    assert_eq!(codes(&report), [("RT601", 1)]);
    assert_eq!(verdicts(&report)["run.acc"], (1, 1, 1));
}

#[test]
fn a_summary_alone_proves_nothing_but_its_range() {
    let report = audit_files(&[("summary.json", r#"{"n": 12, "accuracy": 0.7}"#)]);
    assert_eq!(codes(&report), []);
    assert_eq!(verdicts(&report)["run.accuracy"], (0, 0, 1));
    let report = audit_files(&[("summary.json", r#"{"n": 12, "accuracy": 70.0}"#)]);
    assert_eq!(codes(&report), [("RT609", 1)]);
}

#[test]
fn unnamed_candidates_of_one_item_are_no_duplicates() {
    let rows = r#"{"item": "q0", "continuation": " a", "score": -1.5}
{"item": "q0", "continuation": " b", "score": -2.5}
{"item": "q1", "continuation": " c", "score": -1.75, "picked": true}
{"item": "q1", "continuation": " d", "score": -2.25, "picked": false}"#;
    assert_eq!(codes(&audit_files(&[("scores.jsonl", rows)])), []);
}
