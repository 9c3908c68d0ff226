//! The full JSON report of every fixture log, as text under `tests/golden/`. A change that moves a verdict is visible
//! there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::formats::audit;
use crate::support::{entries, fixture, folders, json};

/// The directory of the reports.
fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every log of the fixtures: a run of a tool, the two logs of a rule, a worked case, a hostile file.
pub(crate) fn logs() -> Vec<PathBuf> {
    let root = PathBuf::from(fixture(""));
    let mut logs: Vec<PathBuf> = folders(&root.join("formats")).iter().flat_map(|tool| folders(tool)).collect();
    logs.extend(folders(&root.join("rules")).iter().flat_map(|rule| entries(rule)));
    let is_log = |path: &PathBuf| path.extension().is_none_or(|ending| ending != "md");
    logs.extend(entries(&root.join("cases")).into_iter().filter(is_log));
    logs.extend(entries(&root.join("hostile")));
    logs
}

/// The report with paths relative to the fixtures and without the version.
fn report(log: &Path) -> String {
    let text = json(&audit(log)).replace(&fixture(""), "");
    text.replace(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"version\": \"…\"")
}

#[test]
fn every_report_is_as_it_was() {
    let bless = std::env::var_os("RETALLY_BLESS").is_some();
    let mut known: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut moved = Vec::new();
    for log in logs() {
        let name = log.strip_prefix(fixture("")).unwrap();
        let path = golden().join(name).with_added_extension("json");
        let found = report(&log);
        known.insert(path.clone(), true);
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &found).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != found {
            moved.push(name.display().to_string());
        }
    }
    // A report without its log is a leftover.
    let mut rest = vec![golden()];
    while let Some(folder) = rest.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                rest.push(path);
            } else if !known.contains_key(&path) {
                if bless {
                    std::fs::remove_file(&path).unwrap();
                } else {
                    moved.push(format!("{} has no log", path.display()));
                }
            }
        }
    }
    assert!(moved.is_empty(), "reports that changed (RETALLY_BLESS=1 rewrites them; read the diff): {moved:#?}");
}
