//! Every rule has a page and two logs: one on which exactly it fires, and a look-alike on which nothing does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use retally::catalogue::Catalogue;

use crate::support::{check, codes, fixture};

fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(fixture("rules")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn pages() -> BTreeSet<String> {
    let entries = std::fs::read_dir(format!("{}/rules", env!("CARGO_MANIFEST_DIR"))).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned()).collect()
}

/// `bad` or `look-alike`: a folder, or a file with some ending.
fn log(folder: &str, kind: &str) -> PathBuf {
    let root = PathBuf::from(fixture(&format!("rules/{folder}")));
    let direct = root.join(kind);
    if direct.is_dir() {
        return direct;
    }
    let found = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        found.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{kind}."))).collect();
    assert_eq!(files.len(), 1, "{folder}: expected one log `{kind}`");
    files.remove(0)
}

fn contents(log: &PathBuf) -> String {
    if log.is_dir() {
        let files = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
        return files.map(|path| contents(&path)).collect();
    }
    String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned()
}

#[test]
fn rules_pages_and_fixtures_are_the_same_set() {
    let listed: BTreeSet<String> =
        Catalogue::default().rules().iter().map(|rule| format!("{}-{}", rule.page().code, rule.page().name)).collect();
    assert_eq!(listed.len(), Catalogue::default().rules().len(), "two rules with one name");
    assert_eq!(pages(), listed, "rules/ and the list");
    assert_eq!(folders(), listed, "fixtures/rules/ and the list");
}

#[test]
fn pages_are_whole() {
    for rule in Catalogue::default().rules() {
        let page = rule.page();
        assert_ne!(page.code, "RT000", "a page that cannot be read");
        assert!(page.summary.len() <= 120 && page.summary.ends_with('.'), "{}: {}", page.code, page.summary);
        assert_eq!(page.scope, rule.scope().word(), "{}: scope of page and constructor", page.code);
        for heading in
            ["## Asserts", "## Why it matters", "## Bad", "## Good", "## Seen in", "## Fix", "## Legitimate when"]
        {
            assert!(page.body.contains(heading), "{} lacks {heading}", page.code);
        }
    }
}

#[test]
fn examples_on_pages_are_lines_of_the_fixtures() {
    for rule in Catalogue::default().rules() {
        let page = rule.page();
        let folder = format!("{}-{}", page.code, page.name);
        let logs = contents(&log(&folder, "bad")) + &contents(&log(&folder, "look-alike"));
        for block in page.body.split("```jsonl\n").skip(1) {
            for line in block.split("\n```").next().unwrap().lines() {
                assert!(logs.contains(line), "{folder}: not in the fixtures: {line}");
            }
        }
    }
}

#[test]
fn exactly_the_rule_fires_on_its_bad_log() {
    for rule in Catalogue::default().rules() {
        let page = rule.page();
        let path = log(&format!("{}-{}", page.code, page.name), "bad");
        let report = check(&[path.to_string_lossy().into_owned()]);
        assert_eq!(codes(&report), [page.code], "{}: {:?}", path.display(), report.errors);
        let finding = &report.findings[0];
        assert_eq!(finding.severity, page.severity);
        assert!(finding.count > 0 && !finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
    }
}

#[test]
fn nothing_fires_on_the_look_alike() {
    for rule in Catalogue::default().rules() {
        let page = rule.page();
        let path = log(&format!("{}-{}", page.code, page.name), "look-alike");
        let report = check(&[path.to_string_lossy().into_owned()]);
        assert!(report.findings.is_empty(), "{}: {:?}", path.display(), report.findings);
        assert!(report.errors.is_empty(), "{}: {:?}", path.display(), report.errors);
        assert!(report.summary.records > 0);
    }
}
