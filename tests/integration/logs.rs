//! Real logs: clean ones stay clean, and one bug gives one finding with its cause.

use std::collections::BTreeMap;
use std::path::Path;

use retally::report::{Evidence, Severity, VerdictCounts};

use crate::support::{Folder, check, codes, counts, entries, fixture, text};

fn proven(count: u64) -> VerdictCounts {
    VerdictCounts { proven: count, ..VerdictCounts::default() }
}

fn native(folder: &str) -> retally::report::Report {
    check(&[fixture(&format!("formats/native/{folder}"))])
}

#[test]
fn clean_logs_are_proven_throughout() {
    for (folder, score, candidates, items) in [
        ("clean-candidates", "score", 1200, 300),
        ("clean-items", "score", 1200, 300),
        ("clean-tokens-csv", "sequence_score", 480, 120),
    ] {
        let report = native(folder);
        assert!(report.findings.is_empty() && report.errors.is_empty(), "{folder}: {:?}", report.findings);
        assert_eq!(counts(&report, score), proven(candidates), "{folder}");
        assert_eq!(counts(&report, "pick"), proven(items), "{folder}");
        assert_eq!(counts(&report, "run.accuracy"), proven(1), "{folder}");
        assert_eq!((report.summary.candidates, report.summary.items), (candidates, items));
    }
}

#[test]
fn each_bug_is_named_with_the_rows_that_show_it() {
    for (folder, code, formula, decisive, decidable) in [
        ("bug-sum_probs", "RT201", "sum(prob)", 1200, 1200),
        ("bug-sum_logits", "RT202", "sum(logit)", 1200, 1200),
        ("bug-prod_probs", "RT203", "prod(prob)", 1200, 1200),
        ("bug-mean", "RT204", "sum(logprob)/n", 1001, 1001),
        ("bug-div_n_plus_1", "RT206", "sum(logprob)/(n+1)", 1200, 1200),
        ("bug-negated", "RT211", "-sum(logprob)", 1200, 1200),
        ("bug-base2", "RT212", "bits(sum(logprob))", 480, 480),
        ("bug-perplexity", "RT213", "exp(-sum(logprob)/n)", 1200, 1200),
        ("bug-drop_first", "RT301", "sum(logprob)[drop first 1]", 1200, 1200),
        ("bug-argmax_token", "RT112", "sum(top1_logprob)", 1189, 1189),
    ] {
        let report = native(folder);
        assert_eq!(codes(&report), [code], "{folder}");
        let finding = &report.findings[0];
        assert_eq!(finding.severity, Severity::Error);
        assert_eq!(finding.count, decisive, "{folder}");
        let diagnosis = report.diagnoses.iter().find(|diagnosis| diagnosis.best.as_deref() == Some(formula));
        let diagnosis = diagnosis.unwrap_or_else(|| panic!("{folder}: {:?}", report.diagnoses));
        assert_eq!((diagnosis.explained, diagnosis.decidable), (decisive, decidable), "{folder}");
        assert!(!diagnosis.ambiguous, "{folder}");
        // The picks and the accuracy follow from the wrong score: they are impact, not findings.
        assert_eq!(counts(&report, "pick").refuted, 0, "{folder}");
        let from_refuted = VerdictCounts { from_refuted: 1, ..VerdictCounts::default() };
        assert_eq!(counts(&report, "run.accuracy"), from_refuted, "{folder}");
    }
}

#[test]
fn a_mean_for_a_sum_reports_rows_picks_and_accuracy() {
    let report = native("bug-mean");
    let impact = report.diagnoses.iter().find_map(|diagnosis| diagnosis.impact.clone()).unwrap();
    assert_eq!((impact.items, impact.flips, impact.gained, impact.lost), (300, 27, 15, 10));
    assert!((impact.accuracy_before.unwrap() - 134.0 / 300.0).abs() < 1e-12);
    assert!((impact.accuracy_after.unwrap() - 139.0 / 300.0).abs() < 1e-12);
    assert!((impact.mcnemar_p.unwrap() - 0.424_356).abs() < 1e-6);
    insta::assert_snapshot!(text(&report));
}

#[test]
fn what_the_log_cannot_show_is_not_explained_away() {
    let report = native("bug-tempered");
    assert_eq!(codes(&report), ["RT200"]);
    assert_eq!(report.findings[0].count, 1200);
    assert!(report.findings[0].help.contains("log the logits"));
}

#[test]
fn a_mixture_is_two_groups_and_the_line_where_it_changes() {
    let report = native("bug-mixture");
    assert_eq!(codes(&report), ["RT707"]);
    let diagnosis = report.diagnoses.iter().find(|diagnosis| !diagnosis.groups.is_empty()).unwrap();
    let groups: Vec<(&str, u64, u64, u64)> = diagnosis
        .groups
        .iter()
        .map(|group| (group.formula.as_str(), group.rows, group.first.line, group.last.line))
        .collect();
    assert_eq!(groups, [("sum(logprob)", 609, 1, 720), ("sum(logprob)/n", 392, 721, 1200)]);
    insta::assert_snapshot!(text(&report));
}

#[test]
fn no_log_gives_more_than_three_errors() {
    let folders = std::fs::read_dir(fixture("formats/native")).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        let report = check(&[folder.to_string_lossy().into_owned()]);
        assert!(report.summary.findings.error <= 3, "{}: {:?}", folder.display(), codes(&report));
    }
}

#[test]
fn harness_logs_come_out_as_their_notes_say() {
    for (folder, expected) in [
        ("limit-20", vec![]),
        ("mc-and-lastword", vec![]),
        ("mc-mutual-information", vec![]),
        ("rolling-perplexity", vec![]),
        ("sampler-padding-duplicates", vec!["RT701"]),
        ("mean-of-exp-perplexity", vec!["RT602"]),
        ("stderr-not-divided", vec!["RT605"]),
        ("nan-wins-argmax", vec!["RT405"]),
        ("row-correctness-flipped", vec!["RT611"]),
        // The rows hold totals only, so means look like sums, and no finding may be invented.
        ("scorer-mean", vec![]),
        ("scorer-sum_probs", vec!["RT101", "RT101"]),
        ("scorer-raw_logits", vec!["RT101", "RT101"]),
        ("scorer-argmax_token", vec![]),
    ] {
        let report = check(&[fixture(&format!("formats/lm-eval/{folder}"))]);
        let errors: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(errors, expected, "{folder}");
        assert!(report.errors.is_empty(), "{folder}: {:?}", report.errors);
    }
}

#[test]
fn scores_on_a_16_bit_grid_are_a_warning() {
    let report = check(&[fixture("formats/lm-eval/scorer-bf16_sum")]);
    assert_eq!(report.summary.findings.error, 0, "{:?}", codes(&report));
    assert!(codes(&report).contains(&"RT801"));
}

/// A metric may have the name of a number in the report. The numbers of the finding are those of the reported metric,
/// and those of the rows under any name.
#[test]
fn a_metric_named_like_a_field_of_the_report_overwrites_no_number() {
    let folder = fixture("formats/lm-eval/bad-metric-named-found");
    let files = entries(Path::new(&folder));
    let files: Vec<(&str, String)> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending != "toml"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(path).unwrap()))
        .collect();
    assert_eq!(files.len(), 2);
    for (name, reported) in [("found", 0.95), ("expected", 0.8), ("within", 0.05), ("judged", 0.15), ("failed", 0.7)] {
        let copy = Folder::with(&[]);
        for (file, text) in &files {
            let text = text.replace("\"found", &format!("\"{name}")).replace(": 0.95,", &format!(": {reported},"));
            copy.write(file, text.as_bytes());
        }
        let report = check(&[copy.path().to_string_lossy().into_owned()]);
        assert_eq!(codes(&report), ["RT601"], "{name}");
        let Evidence::Rule(evidence) = &report.findings[0].evidence else { panic!("{:?}", report.findings[0]) };
        assert_eq!((evidence.found.unwrap().0, evidence.expected.unwrap().0), (reported, 0.45), "{name}");
        assert!(evidence.within.unwrap().0 < 1e-9, "{name}: {evidence:?}");
        assert_eq!((evidence.judged, evidence.failed), (5, 1), "{name}");
        assert_eq!(evidence.parts, BTreeMap::from([(name.to_owned(), 1)]));
        assert_eq!(report.findings[0].cause, [name]);
        let numbers = report.findings[0].evidence.numbers();
        assert_eq!(numbers["found"].as_f64(), Some(reported), "{name}");
    }
}

#[test]
fn one_column_under_two_filters_counts_the_rows_of_both() {
    let mut log = String::new();
    for filter in ["greedy", "sampled"] {
        for at in 0..6 {
            let steps = [-0.5 - 0.1 * f64::from(at), -1.25, -0.75 - 0.2 * f64::from(at)];
            let mean = steps.iter().sum::<f64>() / 3.0;
            log += &format!(
                "{{\"item\": \"q{at}\", \"filter\": \"{filter}\", \"logprobs\": {steps:.4?}, \"score\": {mean:.4}}}\n"
            );
        }
    }
    let folder = Folder::with(&[("scores.jsonl", &log)]);
    let report = check(&[folder.path().join("scores.jsonl").to_string_lossy().into_owned()]);
    assert_eq!(codes(&report), ["RT204"]);
    assert_eq!((report.findings[0].count, report.findings[0].judged), (12, 12));
}
