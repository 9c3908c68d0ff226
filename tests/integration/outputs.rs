//! The outputs that other programs read: their shape, their limits, and the escaping of text from logs.

use std::collections::BTreeSet;
use std::path::Path;

use retally::report::{
    Anchor, Anchors, ClaimKey, ClaimReport, Finding, InputError, InputErrorKind, MetricReport, OUTPUTS, OutputFormat,
    Rendering, Report, Verdict, concise, github, gitlab, html, jsonl, junit, markdown, sarif,
};
use serde_json::Value;

use crate::support::{check, complaints, entries, logs, root};

fn audit(path: &Path) -> Report {
    check(&[path.to_string_lossy().into_owned()])
}

/// The report on a fixture, with paths relative to the repository.
fn fixture(path: &str) -> Report {
    let report = audit(&root().join("fixtures").join(path));
    let text = serde_json::to_string(&report).unwrap().replace(&format!("{}/", root().display()), "");
    let mut report: Report = serde_json::from_str(&text).unwrap();
    "0.0.0".clone_into(&mut report.tool.version);
    report
}

fn written_with(report: &Report, format: &OutputFormat, with: &Rendering) -> String {
    let mut bytes = Vec::new();
    format.render(report, with, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn written(report: &Report, format: &OutputFormat) -> String {
    written_with(report, format, &Rendering::default())
}

fn sarif(report: &Report) -> Value {
    serde_json::from_str(&written(report, &sarif::OUTPUT)).unwrap()
}

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("tests/sarif/sarif-schema-2.1.0.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// A hand-made report with many hostile findings.
fn many(number: usize) -> Report {
    let mut report = fixture("cases/C2.jsonl");
    let one = report.findings[0].clone();
    let finding = |at: usize| Finding { fingerprint: format!("{at:032x}"), ..one.clone() };
    report.findings = (0..number).map(finding).collect();
    report
}

#[test]
fn every_fixture_is_valid_in_every_form() {
    let schema = schema();
    let mut findings = 0;
    for log in logs().into_iter().chain(entries(&root().join("fixtures/hostile"))) {
        let report = audit(&log);
        let name = log.display();
        let value = sarif(&report);
        assert_eq!(complaints(&schema, &value), Vec::<String>::new(), "{name}");
        let results = value["runs"][0]["results"].as_array().unwrap();
        let rules = value["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(results.len(), report.findings.len(), "{name}");
        let used: BTreeSet<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
        let listed: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(used, listed, "{name}");
        for result in results {
            findings += 1;
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[at]["id"], result["ruleId"], "{name}");
            assert_eq!(result["locations"].as_array().unwrap().len(), 1, "{name}");
            let text = result["message"]["text"].as_str().unwrap();
            for related in result["relatedLocations"].as_array().into_iter().flatten() {
                assert!(text.contains(&format!("]({})", related["id"])), "{name}: {text}");
            }
        }
        let gitlab: Vec<Value> = serde_json::from_str(&written(&report, &gitlab::OUTPUT)).unwrap();
        let prints: BTreeSet<&str> = gitlab.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!((gitlab.len(), prints.len()), (report.findings.len(), report.findings.len()), "{name}");
        junit_is_sound(&written(&report, &junit::OUTPUT), &log.to_string_lossy());
        is_plain(&written(&report, &markdown::OUTPUT));
        let lines = written(&report, &jsonl::OUTPUT);
        assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{name}");
        assert_eq!(lines.lines().count(), report.findings.len() + 1, "{name}");
        let concise = written(&report, &concise::OUTPUT);
        assert_eq!(concise.lines().filter(|line| line.contains("[RT")).count(), report.findings.len(), "{name}");
        assert!(written(&report, &html::OUTPUT).len() <= retally::report::html::LIMIT, "{name}");
    }
    assert!(findings > 60, "{findings}");
}

fn junit_is_sound(xml: &str, name: &str) {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{name}: {error}\n{xml}"));
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert!(!cases.is_empty(), "{name}");
    let names: BTreeSet<_> = cases.iter().map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
    assert_eq!(names.len(), cases.len(), "{name}: {xml}");
    for case in &cases {
        assert_eq!(case.attribute("time").unwrap().parse::<f64>(), Ok(0.0), "{name}");
        assert!(case.attribute("name").is_some_and(|name| !name.is_empty()), "{name}");
        assert!(case.attribute("classname").is_some_and(|class| class.starts_with("retally")), "{name}");
    }
    let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count().to_string();
    let top = document.root_element();
    assert_eq!(top.attribute("tests"), Some(cases.len().to_string().as_str()), "{name}");
    assert_eq!(top.attribute("failures"), Some(count("failure").as_str()), "{name}");
    assert_eq!(top.attribute("errors"), Some(count("error").as_str()), "{name}");
    assert!(!xml.contains("timestamp"), "{name}");
}

#[test]
fn the_schema_sees_a_wrong_file() {
    let mut value = sarif(&fixture("cases/C2.jsonl"));
    value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
    assert_eq!(complaints(&schema(), &value).len(), 1);
}

#[test]
fn outputs_as_they_are() {
    for (name, path) in [
        ("clean", "formats/native/clean-candidates"),
        ("one-cause", "formats/native/bug-mean"),
        ("mixture", "formats/native/bug-mixture"),
        ("unprovable", UNPROVABLE),
        ("unreadable", "rules/RT708-unreadable-record/bad.jsonl"),
    ] {
        let report = fixture(path);
        for format in OUTPUTS {
            let text = written(&report, format);
            insta::assert_snapshot!(format!("{name}_{}", format.name), without_bulk(&text, format));
        }
    }
}

/// An output without bulky parts that have their own tests: rule pages, samples of rows, drawings.
fn without_bulk(text: &str, format: &OutputFormat) -> String {
    let between = |text: &str, open: &str, close: &str| -> String {
        let mut parts = text.split(open);
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |page, part| page + open + "…" + &part[part.find(close).unwrap()..])
    };
    match format.name {
        "sarif" => {
            let mut value: Value = serde_json::from_str(text).unwrap();
            for rule in value["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
                assert_eq!(rule["help"]["text"], rule["help"]["markdown"]);
                rule["help"] = "(page)".into();
            }
            serde_json::to_string_pretty(&value).unwrap()
        }
        "json" => {
            let mut value: Value = serde_json::from_str(text).unwrap();
            for diagnosis in value["diagnoses"].as_array_mut().unwrap() {
                if let Some(points) = diagnosis["figure"]["points"].as_array_mut() {
                    points.truncate(2);
                }
            }
            for comparison in value["comparisons"].as_array_mut().unwrap() {
                comparison["wins"]["steps"].as_array_mut().unwrap().truncate(1);
                comparison["picked"]["steps"].as_array_mut().unwrap().truncate(1);
            }
            serde_json::to_string_pretty(&value).unwrap()
        }
        "html" => {
            let page = between(text, "</desc>", "</svg>");
            let page = between(&page, "<style>", "</style>");
            let page = between(&page, "<script>", "</script>");
            let page = between(&page, "Content-Security-Policy\"", ">");
            between(&page, "<th scope=\"col\">Status</th></tr></thead>", "</tbody>")
        }
        _ => text.to_owned(),
    }
}

/// A log whose claims cannot be decided.
const UNPROVABLE: &str = "rules/RT405-nan-pick/look-alike.jsonl";

#[test]
fn text_of_a_log_is_inert() {
    let mut reports: Vec<Report> = entries(&root().join("fixtures/hostile")).iter().map(|path| audit(path)).collect();
    let mut forged = fixture("cases/C2.jsonl");
    let hostile = "x\n::error::boom\r\n##[error]boom ##vso[task]x %0A::stop-commands::t [a](http://b) {0} ]]><script> \u{1b}]52;c;\u{7}\u{202e}\u{9b}\u{ffff}\u{0}";
    {
        let finding = &mut forged.findings[0];
        let place = &mut finding.locations[0];
        for text in [
            &mut finding.message,
            &mut finding.help,
            &mut finding.task,
            &mut finding.claim,
            &mut finding.label,
            &mut finding.name,
            &mut place.path,
            &mut place.item,
            &mut place.candidate,
        ] {
            *text = hostile.to_owned();
        }
        finding.evidence_lines.push(hostile.to_owned());
        finding.impact_lines = vec![hostile.to_owned(), format!("::error::{hostile}")];
    }
    for claim in &mut forged.claims {
        for text in [&mut claim.task, &mut claim.convention, &mut claim.missing, &mut claim.run] {
            *text = format!("::error::{hostile}");
        }
        claim.claim = ClaimKey::column(&format!("::error::{hostile}"));
    }
    forged.inputs[0].path = hostile.to_owned();
    forged.errors.push(InputError {
        kind: InputErrorKind::Unreadable,
        path: format!("::error::{hostile}"),
        line: 0,
        column: 0,
        reason: hostile.to_owned(),
        fatal: true,
        fields: Vec::new(),
    });
    reports.push(forged);
    let schema = schema();
    let mut commands = 0;
    for report in &reports {
        for format in OUTPUTS {
            let text = written(report, format);
            let raw = |character: char| {
                (character.is_control() && character != '\n')
                    || matches!(character, '\u{202e}' | '\u{200b}' | '\u{2066}' | '\u{ffff}')
            };
            assert_eq!(text.chars().find(|character| raw(*character)), None, "{}: {text}", format.name);
            assert!(!text.contains("##["), "{}: {text}", format.name);
            assert!(!text.contains("##vso["), "{}: {text}", format.name);
            assert!(!text.contains("##teamcity["), "{}: {text}", format.name);
            if format.name != "github" {
                let forged = text.lines().find(|line| line.trim_start().starts_with("::"));
                assert_eq!(forged, None, "{}", format.name);
            }
            if format.name == "markdown" {
                is_plain(&text);
            }
            if format.name == "github" {
                for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
                    let level = line.split([' ', ':']).nth(2).unwrap();
                    assert!(["error", "warning", "notice"].contains(&level), "{line}");
                    assert!(line.contains(" file=") && line.contains(",title=RT"), "{line}");
                    commands += 1;
                }
            }
        }
        assert_eq!(complaints(&schema, &sarif(report)), Vec::<String>::new());
        junit_is_sound(&written(report, &junit::OUTPUT), "hostile");
    }
    let shown = |report: &Report| {
        let counts = report.summary.findings;
        [counts.error, counts.warning, counts.note]
            .map(|count| usize::try_from(count.min(10)).unwrap())
            .iter()
            .sum::<usize>()
    };
    assert_eq!(commands, reports.iter().map(shown).sum::<usize>());
    let value = sarif(reports.last().unwrap());
    let text = value["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("\\[a\\](http://b)") && !text.contains("{0}"), "{text}");
}

/// Checks that a Markdown page has no links but those to the pages of rules, no images, and no HTML except our own folded lists.
fn is_plain(page: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let mut headings = 0;
    for event in Parser::new_ext(page, Options::all()) {
        match event {
            Event::Start(Tag::Link { ref dest_url, .. })
                if dest_url.starts_with(concat!(env!("CARGO_PKG_HOMEPAGE"), "/rules/")) => {}
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_) | Tag::CodeBlock(_)) => {
                panic!("{event:?} in {page}")
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let own = ["<details>", "</details>", "<summary>", "</summary>"];
                let known =
                    own.iter().any(|tag| html.contains(tag)) && !html.contains("script") && !html.contains("img");
                assert!(known, "{html} in {page}");
            }
            Event::Start(Tag::Heading { .. }) => headings += 1,
            _ => {}
        }
    }
    assert!((1..=6).contains(&headings), "{headings} headings in {page}");
}

#[test]
fn a_huge_token_and_hostile_names_of_files_stay_inside_their_limits() {
    let folder = tempfile::tempdir().unwrap();
    let token = "<script>alert(1)</script>\u{202e}`|\u{1b}[31m".repeat(150_000);
    assert!(token.len() > 5_000_000);
    let row = |item: usize| {
        serde_json::json!({
            "item": format!("q{item}{}", if item == 0 { token.as_str() } else { "" }), "candidate": "a", "tokens": [token, " b"],
            "logprobs": [-1.25 - item as f64 * 0.01, -0.5], "score": (-1.75 - item as f64 * 0.01) / 2.0
        })
        .to_string()
    };
    let name = "::error::x ##[error]y `z` |<b>\u{1b}[31m\u{202e}.jsonl";
    let path = folder.path().join(name);
    std::fs::write(&path, (0..3).map(|item| row(item) + "\n").collect::<String>()).unwrap();
    let report = audit(&path);
    assert_eq!(report.findings.len(), 1, "{:?}", report.errors);
    for format in OUTPUTS {
        let text = written(&report, format);
        let limit = match format.name {
            "markdown" => retally::report::markdown::LIMIT,
            "html" => retally::report::html::LIMIT,
            // The id of an item is data, and is complete in data outputs.
            "json" | "jsonl" => usize::MAX,
            _ => 1 << 20,
        };
        assert!(text.len() <= limit, "{}: {} bytes", format.name, text.len());
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{}", format.name);
        if format.name == "markdown" {
            is_plain(&text);
        }
    }
}

/// Calls a function with every leaf of a value in turn.
fn each_leaf(value: &mut Value, path: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, part) in map.iter_mut() {
                path.push(key.clone());
                each_leaf(part, path, all);
                path.pop();
            }
        }
        // Only the first two entries are visited.
        Value::Array(parts) => {
            for (at, part) in parts.iter_mut().enumerate().take(2) {
                path.push(at.to_string());
                each_leaf(part, path, all);
                path.pop();
            }
        }
        _ => all.push(path.clone()),
    }
}

#[test]
fn a_stored_report_may_say_anything() {
    let report = fixture("cases/C10.jsonl");
    let whole = serde_json::to_value(&report).unwrap();
    let mut leaves = Vec::new();
    each_leaf(&mut whole.clone(), &mut Vec::new(), &mut leaves);
    assert!(leaves.len() > 150, "{}", leaves.len());
    let long = "é\u{202e}|`<".repeat(30_000);
    let mut rendered = 0;
    for leaf in &leaves {
        for wild in [
            Value::from(u64::MAX),
            Value::from(u32::MAX),
            Value::from(1e308),
            Value::from(-1e308),
            Value::from(1e-308),
            Value::from(0),
            Value::from(""),
            Value::from(long.as_str()),
            Value::Null,
        ] {
            let mut value = whole.clone();
            let place = leaf.iter().fold(&mut value, |at, key| match at {
                Value::Array(parts) => &mut parts[key.parse::<usize>().unwrap()],
                at => &mut at[key.as_str()],
            });
            *place = wild;
            let Ok(report) = serde_json::from_value::<Report>(value) else { continue };
            for format in OUTPUTS {
                let text = written(&report, format);
                let limited = format.name == "html" || format.name == "markdown";
                assert!(!limited || text.len() <= 1 << 20, "{leaf:?}");
            }
            rendered += 1;
        }
    }
    assert!(rendered > 300, "{rendered}");
}

#[test]
fn thousands_of_findings_are_cut_and_said() {
    let value = sarif(&many(7_001));
    let results = value["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() <= 5_000);
    let last = results.last().unwrap()["message"]["text"].as_str().unwrap();
    let left = 7_001 - results.len();
    let said = format!("{},{:03} more findings are omitted here", left / 1000, left % 1000);
    assert!(last.contains(&said), "{last}");
    assert!(!results[0]["message"]["text"].as_str().unwrap().contains("omitted"));
    let mut huge = many(60);
    for finding in &mut huge.findings {
        let place = finding.locations[0].clone();
        finding.locations = vec![place; 1_500];
        finding.message = "long \" ".repeat(2_000);
        finding.impact_lines = vec!["x".repeat(5_000); 20];
    }
    let text = written(&huge, &sarif::OUTPUT);
    assert!(text.len() < 10_000_000, "{}", text.len());
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["runs"][0]["results"][0]["relatedLocations"].as_array().unwrap().len(), 1_000);
    assert_eq!(complaints(&schema(), &value), Vec::<String>::new());
}

#[test]
fn annotations_are_ten_per_level_and_the_tenth_says_the_rest() {
    let text = written(&many(25), &github::OUTPUT);
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 10);
    assert!(commands[9].ends_with("%0A15 more errors: see the report in the log of this step"), "{}", commands[9]);
    assert!(commands[..9].iter().all(|line| !line.contains("more errors")));
    let mut long = many(11);
    for finding in &mut long.findings {
        finding.evidence_lines = vec!["long, 50%".repeat(10_000)];
    }
    for line in written(&long, &github::OUTPUT).lines().filter(|line| line.starts_with("::")) {
        let (_, message) = line[2..].split_once("::").unwrap();
        let read = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
        assert!(read.chars().count() <= 4_096);
    }
}

#[test]
fn findings_without_a_location_point_somewhere() {
    let mut report = fixture("cases/C2.jsonl");
    report.findings[0].locations.clear();
    let value = sarif(&report);
    assert_eq!(complaints(&schema(), &value), Vec::<String>::new());
    let result = &value["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "retally.toml");
    assert_eq!(place["region"], serde_json::json!({"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}));
    assert_eq!(result.get("relatedLocations"), None);
    let gitlab: Value = serde_json::from_str(&written(&report, &gitlab::OUTPUT)).unwrap();
    assert_eq!(gitlab[0]["location"], serde_json::json!({"path": "retally.toml", "lines": {"begin": 1}}));
}

#[test]
fn the_anchor_is_where_findings_point_and_uris_are_encoded() {
    let mut report = fixture("cases/C2.jsonl");
    report.findings[0].locations[0].path = "/data/run ä.jsonl".to_owned();
    let anchors = Anchors {
        named: Some(Anchor { path: "eval/my, run: 1%.py".to_owned(), line: 7 }),
        root: "/repo".to_owned(),
        directory: "/repo".to_owned(),
        ..Anchors::default()
    };
    let with = Rendering { anchors, ..Rendering::default() };
    let value: Value = serde_json::from_str(&written_with(&report, &sarif::OUTPUT, &with)).unwrap();
    let result = &value["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "eval/my%2C%20run%3A%201%25.py");
    assert_eq!(place["region"]["startLine"], 7);
    let related = &result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(related, "file:///data/run%20%C3%A4.jsonl");
    let prints = &result["partialFingerprints"];
    let own = &report.findings[0].fingerprint;
    assert_eq!(prints["primaryLocationLineHash"], format!("{own}:1"));
    assert_eq!(prints["retally/v1"], own.as_str());
    let text = written_with(&report, &github::OUTPUT, &with);
    let command = text.lines().find(|line| line.starts_with("::")).unwrap();
    assert!(command.starts_with("::error file=eval/my%2C run%3A 1%25.py,line=7,title=RT"), "{command}");
    let gitlab: Value = serde_json::from_str(&written_with(&report, &gitlab::OUTPUT, &with)).unwrap();
    assert_eq!(gitlab[0]["location"], serde_json::json!({"path": "eval/my, run: 1%.py", "lines": {"begin": 7}}));
}

#[test]
fn equal_fingerprints_and_equal_claims_stay_apart() {
    let mut report = many(2);
    report.findings[1].fingerprint = report.findings[0].fingerprint.clone();
    let gitlab: Value = serde_json::from_str(&written(&report, &gitlab::OUTPUT)).unwrap();
    assert_ne!(gitlab[0]["fingerprint"], gitlab[1]["fingerprint"]);
    let twice = report.claims.clone();
    report.claims.extend(twice);
    junit_is_sound(&written(&report, &junit::OUTPUT), "twice");
}

#[test]
fn nothing_read_is_an_error_and_never_an_empty_file() {
    let report = audit(&root().join("fixtures/none.jsonl"));
    let xml = written(&report, &junit::OUTPUT);
    junit_is_sound(&xml, "none");
    assert!(xml.contains("every input can be read") && xml.contains("<error"), "{xml}");
    assert_eq!(written(&report, &gitlab::OUTPUT), "[]\n");
    assert_eq!(complaints(&schema(), &sarif(&report)), Vec::<String>::new());
}

/// One cause in many tasks: what a reviewer sees without scrolling.
#[test]
fn markdown_of_one_cause_fits_a_screen_whatever_the_number_of_tasks() {
    let mut report = fixture("formats/lm-eval/stderr-not-divided");
    let (finding, claim) = (report.findings[0].clone(), report.claims[0].clone());
    let metric = report.metrics.iter().find(|own| own.verdict == Verdict::Refuted).unwrap().clone();
    let task = |at: usize| format!("task-{at:03}");
    report.findings = (0..200).map(|at| Finding { task: task(at), ..finding.clone() }).collect();
    report.claims = (0..200).map(|at| ClaimReport { task: task(at), ..claim.clone() }).collect();
    report.metrics = (0..200).map(|at| MetricReport { task: task(at), ..metric.clone() }).collect();
    let page = written(&report, &markdown::OUTPUT);
    assert!(page.lines().count() <= 45, "{} lines: {page}", page.lines().count());
    assert!(page.contains("200 of 200 tasks") && page.contains("194 more are omitted here"), "{page}");
}
