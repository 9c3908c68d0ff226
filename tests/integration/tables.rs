//! Tables with a token per row: claims of candidates, lost rows, and columns that end.

use serde_json::Value;

use crate::support::{Folder, contains};

/// Rows of 40 candidates with three or four tokens. `row` writes one from candidate, position, whether it is the last,
/// log-prob, the sum so far, and the total sum.
fn table(row: impl Fn(usize, usize, bool, f64, f64, f64) -> String) -> String {
    let mut text = "item,step,logprob,score\n".to_owned();
    for item in 0..40 {
        let steps: Vec<f64> = (0..3 + item % 2).map(|at| -f64::from((7 * item + 5 * at) % 13 + 1) / 8.0).collect();
        let total: f64 = steps.iter().sum();
        let mut so_far = 0.0;
        for (at, step) in steps.iter().enumerate() {
            so_far += step;
            text += &row(item as usize, at, at + 1 == steps.len(), *step, so_far, total);
            text.push('\n');
        }
    }
    text
}

/// Exit code, codes of the findings, and `[proven, refuted, unprovable]` of `score`.
fn audit(text: &str) -> (i32, Vec<String>, [u64; 3]) {
    let folder = Folder::with(&[("tokens.csv", text)]);
    let (code, out, _) = folder.run("check tokens.csv --format json");
    let report: Value = serde_json::from_str(&out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let codes = findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    let verdicts = &report["summary"]["verdicts"]["score"];
    (code, codes, ["proven", "refuted", "unprovable"].map(|word| verdicts[word].as_u64().unwrap_or_default()))
}

#[test]
fn a_candidate_states_its_number_in_every_row_or_in_one() {
    let all = table(|item, at, _, step, _, total| format!("q{item},{at},{step},{total}"));
    let first = table(|item, at, _, step, _, total| {
        format!("q{item},{at},{step},{}", if at == 0 { total.to_string() } else { String::new() })
    });
    let last = table(|item, at, is_last, step, _, total| {
        format!("q{item},{at},{step},{}", if is_last { total.to_string() } else { "NA".to_owned() })
    });
    for text in [all, first, last] {
        assert_eq!(audit(&text), (0, Vec::new(), [40, 0, 0]), "{text}");
    }
    // A mean stated only in the last row is as wrong as one in every row.
    let mean = table(|item, at, is_last, step, _, total| {
        let mean = total / (3 + item % 2) as f64;
        format!("q{item},{at},{step},{}", if is_last { mean.to_string() } else { String::new() })
    });
    assert_eq!(audit(&mean), (1, vec!["RT204".to_owned()], [0, 40, 0]));
}

#[test]
fn a_number_of_each_token_is_none_of_the_candidate() {
    let running = table(|item, at, _, step, so_far, _| format!("q{item},{at},{step},{so_far}"));
    assert_eq!(audit(&running), (2, Vec::new(), [0, 0, 40]));
    let folder = Folder::with(&[("tokens.csv", &running)]);
    contains(
        &folder.run("check -v tokens.csv").1,
        &["not checked: 40 score (the tokens of one candidate have different values of it)"],
    );
}

#[test]
fn a_candidate_that_lacks_a_row_is_not_judged() {
    let lost = |which: [(usize, usize); 2]| {
        table(move |item, at, _, step, _, total| {
            let whole = format!("q{item},{at},{step}");
            if which.contains(&(item, at)) { whole } else { format!("{whole},{total}") }
        })
    };
    // In the middle of one candidate and at the start of another; at the end of one and at the start of the next.
    for which in [[(7, 1), (9, 0)], [(6, 2), (7, 0)], [(39, 3), (3, 3)]] {
        assert_eq!(audit(&lost(which)), (1, vec!["RT708".to_owned()], [38, 0, 2]), "{which:?}");
    }
    // A row without its first cells may belong to either neighbour.
    let text =
        table(
            |item, at, _, step, _, total| {
                if (item, at) == (7, 0) { format!("{step},{total}") } else { format!("q{item},{at},{step},{total}") }
            },
        );
    assert_eq!(audit(&text), (1, vec!["RT708".to_owned()], [38, 0, 2]));
}

#[test]
fn a_row_that_is_too_long_ends_no_table() {
    let long = "9".repeat(300_000);
    let text = table(|item, at, _, step, _, total| {
        if (item, at) == (5, 1) {
            format!("q{item},{at},{step},\"{long}")
        } else {
            format!("q{item},{at},{step},{total}")
        }
    });
    let folder = Folder::with(&[("tokens.csv", &text)]);
    let (code, out, _) = folder.run("check tokens.csv --max-record 100K");
    assert_eq!(code, 1);
    contains(&out, &["error[RT708]", "at tokens.csv:20:1", "\n39 proven · 1 not checkable: "]);
}

#[test]
fn a_column_that_ends_in_the_middle_is_a_finding() {
    let blank = table(|item, at, _, step, _, total| {
        format!("q{item},{at},{step},{}", if item < 12 { total.to_string() } else { String::new() })
    });
    assert_eq!(audit(&blank), (1, vec!["RT709".to_owned()], [12, 0, 28]));
    // Scattered empty cells do not end a column.
    let gaps = table(|item, at, _, step, _, total| {
        format!("q{item},{at},{step},{}", if item % 3 == 0 { total.to_string() } else { String::new() })
    });
    assert_eq!(audit(&gaps), (0, Vec::new(), [14, 0, 26]));
}
