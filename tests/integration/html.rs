//! The HTML report: its structure, its size on any input, and that no text from a log becomes markup.

use std::collections::BTreeSet;

use retally::report::html::LIMIT;
use retally::report::{Rendering, Report, html::OUTPUT};

use crate::support::{Folder, MEAN, check, fixture};

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
    for sentence in [
        "12 of 300 picks change. 8 become right and 3 become wrong. The accuracy is 0.4467 as reported and 0.4633 recomputed.",
        "12 of 300 picks change (186, 193, 200, …); accuracy 0.4467 as reported, 0.4633 under sum(logprob)",
        "As reported, candidate 0 has −6.453717 against −6.595869, so it was picked. Recomputed (sum(logprob)), it has \
         −19.361153 against −6.595869.",
        "Question: What is the capital of Ireland? Answer:",
        "candidate 3, which wins",
    ] {
        assert!(page.contains(sentence), "{sentence}");
    }
    assert!(page.contains("sum(logprob)/n (392 rows)"));
    let comparison = html(&check(&[fixture("cases/C3.jsonl")]));
    assert!(comparison.contains("The order changes at token 2."));
    let padded = html(&check(&[fixture("cases/C10.jsonl")]));
    assert!(padded.contains("hatched: dropped or added tokens") && padded.contains("<bdi>added</bdi>"));
}

#[test]
fn a_page_says_what_was_audited_and_holds_the_text_of_its_rules() {
    let folder = Folder::with(&[("log.jsonl", &MEAN.replace("{\"item\"", "{\"model\": \"org/7b\", \"item\""))]);
    assert_eq!(folder.run("check log.jsonl --report html=page.html").0, 1);
    let page = folder.read("page.html");
    is_sound(&page);
    let digest: Vec<String> = {
        use sha2::Digest as _;
        sha2::Sha256::digest(folder.read("log.jsonl")).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let digest = digest.concat();
    for part in [
        "<dt>Model</dt><dd><bdi>org/7b</bdi></dd>",
        &format!("<code>{digest}</code>"),
        &format!("<bdi>{} B</bdi>", folder.read("log.jsonl").len()),
        "<a href=\"#rule-RT204\">the text of rule RT204</a>",
        "<div id=\"rule-RT204\"><p>The score is a mean where a sum is declared, or the reverse.</p>",
        "<code>score</code> is the mean of the log-probs, not their sum",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The JSON report of the same run has it, too, and is rendered as the same page.
    let (status, _, _) = folder.run("check log.jsonl --report html=page.html --report json=report.json");
    assert_eq!(status, 1);
    assert!(folder.read("report.json").contains(&digest));
    folder.run("report report.json --report html=again.html");
    assert!(folder.read("again.html").contains(&digest));
    assert!(!folder.run("check log.jsonl --format json").1.contains("sha256"));
}

#[test]
fn findings_about_picks_have_pictures_impact_and_the_list_of_picks() {
    let folder = Folder::with(&[]);
    let log = fixture("rules/RT402-pick-not-argmax/bad.jsonl");
    let (status, _, err) = folder.check(&[&log, "--report", "html=page.html"]);
    assert_eq!(status, 1, "{err}");
    let page = folder.read("page.html");
    for part in [
        "<summary>All 3 picks that change</summary>",
        "<bdi>q3</bdi></th><td class=\"\" data-label=\"Reported pick\"><bdi>b</bdi>",
        "Picks</title>",
        "Accuracy before and after</title>",
        "3 of 6 picks change. 3 become right and 0 become wrong. The accuracy is 0.5000 as reported and 1.0000 recomputed.",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Without the second pass the report knows the first ones only.
    let page = html(&check(&[log]));
    assert!(page.contains("The first items: <bdi>q1, q3, q5</bdi>. <code>retally flips</code> lists all."));
}

#[test]
fn refuted_metrics_come_first_and_many_proven_ones_are_folded() {
    let mut report = check(&[fixture("formats/lm-eval/stderr-not-divided")]);
    let refuted = report.metrics.iter().find(|own| own.verdict == retally::report::Verdict::Refuted).unwrap().clone();
    let proven = report.metrics.iter().find(|own| own.verdict == retally::report::Verdict::Proven).unwrap().clone();
    report.metrics = (0..40)
        .map(|at| retally::report::MetricReport { task: format!("task-{at:02}"), ..proven.clone() })
        .chain([retally::report::MetricReport { task: "last".to_owned(), ..refuted }])
        .collect();
    let page = html(&report);
    is_sound(&page);
    let metrics = page.split("<h2 id=\"metrics\">").nth(1).unwrap().split("</section>").next().unwrap();
    let (open, folded) = metrics.split_once("<details>").unwrap();
    assert!(open.find("refuted").unwrap() < open.find("task-00").unwrap());
    assert!(folded.contains("<summary>30 more rows</summary>") && folded.contains("task-39"));
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
