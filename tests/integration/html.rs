//! The HTML report: its structure, its size on any input, and that no text from a log becomes markup.

use std::collections::BTreeSet;

use retally::report::html::LIMIT;
use retally::report::{Rendering, Report, html::OUTPUT};

use crate::support::{check, fixture};

fn html(report: &Report) -> String {
    let mut bytes = Vec::new();
    let with = Rendering { command: "retally check runs/".to_owned(), ..Rendering::default() };
    OUTPUT.render(report, &with, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The tags of a page, without the contents of style and script.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').expect("a tag ends") + start;
        let tag = &rest[start..=end];
        tags.push(tag);
        rest = &rest[end + 1..];
        for raw in ["style", "script"] {
            if tag == format!("<{raw}>") {
                let close = format!("</{raw}>");
                rest = &rest[rest.find(&close).expect("it ends")..];
            }
        }
    }
    tags
}

/// Checks that hold for every page, whatever the log contains.
fn is_sound(page: &str) {
    assert!(page.len() <= LIMIT, "{} bytes", page.len());
    let tags = tags(page);
    let mut ids = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for tag in &tags {
        let name = tag.trim_matches(['<', '>', '/']).split([' ', '/']).next().unwrap_or_default();
        for attribute in tag.split(' ').skip(1) {
            let key = attribute.split('=').next().unwrap_or_default();
            assert!(!key.starts_with("on") && key != "style" && key != "src", "{tag}");
        }
        assert!(!tag.contains("://"), "{tag}");
        if let Some(id) = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            assert!(ids.insert(id.to_owned()), "the id {id} occurs twice");
        }
        let is_void = ["meta", "link", "!doctype"].contains(&name) || tag.ends_with("/>");
        if tag.starts_with("</") {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !is_void {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    for reference in page.split("aria-labelledby=\"").skip(1) {
        for id in reference.split('"').next().unwrap_or_default().split(' ') {
            assert!(ids.contains(id), "nothing has the id {id}");
        }
    }
    let scripts = tags.iter().filter(|tag| tag.starts_with("<script")).count();
    assert_eq!((scripts, tags.iter().filter(|tag| tag.starts_with("<style")).count()), (1, 1));
    for known in ["<img", "<iframe", "<object", "<form", "<input", "<base", "<a href=\"http"] {
        assert!(!tags.iter().any(|tag| tag.starts_with(known)), "{known}");
    }
}

#[test]
fn pages_of_all_kinds_of_logs_are_sound() {
    for log in [
        "formats/native/clean-items",
        "formats/native/bug-mean",
        "formats/native/bug-mixture",
        "formats/lm-eval/stderr-not-divided",
        "cases/C3.jsonl",
        "cases/C10.jsonl",
        "hostile/terminal.jsonl",
        "hostile/mess.jsonl",
    ] {
        is_sound(&html(&check(&[fixture(log)])));
    }
}

#[test]
fn a_wrong_log_has_its_pictures() {
    let page = html(&check(&[fixture("formats/native/bug-mixture")]));
    for picture in [
        "Reported against recomputed",
        "Residuals in units of the bound",
        "Rows in input order",
        "Error against length",
        "Accuracy before and after",
        "Running totals, token by token",
    ] {
        assert!(page.contains(&format!("{picture}</title>")), "{picture}");
    }
    assert!(page.contains("12 of 300 picks change; accuracy 0.4467 as reported, 0.4633 under sum(logprob)"));
    assert!(page.contains("sum(logprob)/n (392 rows)"));
    let comparison = html(&check(&[fixture("cases/C3.jsonl")]));
    assert!(comparison.contains("The order changes at token 2."));
    let padded = html(&check(&[fixture("cases/C10.jsonl")]));
    assert!(padded.contains("hatched: dropped or added tokens") && padded.contains("<td>added</td>"));
}

#[test]
fn the_page_stays_below_its_limit_on_any_report() {
    let mut report = check(&[fixture("formats/native/bug-mixture")]);
    let long = "<script>alert(1)</script>\u{202e}&\"'".repeat(1_000);
    let template = report.findings[0].clone();
    report.findings = (0..3_000)
        .map(|at| {
            let mut finding = template.clone();
            finding.code = format!("RT{:03}", at % 1000);
            finding.message.clone_from(&long);
            finding.label.clone_from(&long);
            finding.evidence_lines = vec![long.clone(); 3];
            finding
        })
        .collect();
    let claim = report.claims[0].clone();
    report.claims = (0..5_000)
        .map(|at| retally::report::ClaimReport { task: format!("task-{at}-{}", "<b>".repeat(100)), ..claim.clone() })
        .collect();
    let mut diagnosis = report.diagnoses[0].clone();
    let figure = diagnosis.figure.as_mut().unwrap();
    figure.points = std::iter::repeat_n(figure.points.clone(), 20).flatten().collect();
    figure.points[0].reported = f64::MAX;
    figure.points[1].reported = -f64::MAX;
    diagnosis.claim.clone_from(&long);
    report.diagnoses = vec![diagnosis; 50];
    let mut comparison = report.comparisons[0].clone();
    comparison.item.clone_from(&long);
    comparison.picked.candidate.clone_from(&long);
    comparison.picked.steps[0].token.clone_from(&long);
    report.comparisons = vec![comparison; 50];
    let page = html(&report);
    is_sound(&page);
    assert!(page.contains("more are omitted here"));
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;\\u{202e}"), "the text itself is shown");
}
