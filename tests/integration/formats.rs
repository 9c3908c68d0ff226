//! Logs of real tools: each folder of `fixtures/formats` is one run, with the expected results in `expected.toml`.
//!
//! A folder contains a known error if its `expected.toml` names the expected finding (`must_find`, `must_suspect`
//! for a statistical one, `must_warn` for a warning). That part is written by hand, above the part that blessing writes. Each `bad…` and `bug…`
//! folder must have it; all others are clean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use retally::internals::format::{self, Head};
use retally::report::{Certainty, Severity};
use retally::{Audit, Config, Input, Report};

use crate::support::{check, codes, fixture, folders};

/// The report on a folder, with the folder's own configuration.
pub(crate) fn audit(folder: &Path) -> Report {
    let path = folder.to_string_lossy().into_owned();
    let own = folder.join("retally.toml");
    if !own.exists() {
        return check(&[path]);
    }
    Audit::new(Config::read(&own).unwrap()).inputs([path]).run().unwrap()
}

/// The folders of runs, of all tools.
fn runs() -> Vec<PathBuf> {
    folders(Path::new(&fixture("formats"))).iter().flat_map(|tool| folders(tool)).collect()
}

fn short(path: &Path) -> String {
    path.strip_prefix(fixture("formats")).unwrap().to_string_lossy().replace('\\', "/")
}

/// The hand-written part of `expected.toml` above its first section: the findings that the log was made for.
fn by_hand(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("expected.toml")).unwrap_or_default().replace("\r\n", "\n");
    text.split("[formats]").next().unwrap_or_default().to_owned()
}

/// The required findings of a folder: certain errors, statistical findings, and warnings. Clean folders have none.
fn demanded(folder: &Path) -> [Vec<String>; 3] {
    let table: toml::Table = by_hand(folder).parse().unwrap();
    let known = ["must_find", "must_suspect", "must_warn"];
    for key in table.keys() {
        assert!(known.contains(&key.as_str()), "{}: `{key}` is not known", short(folder));
    }
    known.map(|key| match table.get(key) {
        None => Vec::new(),
        Some(codes) => codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect(),
    })
}

fn is_bad(folder: &Path) -> bool {
    demanded(folder).iter().any(|codes| !codes.is_empty())
}

/// The results for a folder, in the form of `expected.toml`.
fn outcome(folder: &Path, report: &Report) -> String {
    let mut formats = BTreeMap::new();
    for input in &report.inputs {
        let name = input.path.strip_prefix(&format!("{}/", folder.display())).unwrap_or(&input.path);
        formats.insert(name.to_owned(), input.format.clone());
    }
    let mut text = String::from("[formats]\n");
    for (name, format) in formats {
        text += &format!("{name:?} = {format:?}\n");
    }
    text += &format!("\n[findings]\ncodes = {:?}\nunreadable = {}\n", codes(report), report.errors.len());
    text += "\n# proven, refuted, unprovable\n[verdicts]\n";
    for (claim, counts) in &report.summary.verdicts {
        let mut numbers = vec![counts.proven, counts.refuted, counts.unprovable];
        // The fourth number, claims that follow from a refuted number, is left out if it is 0.
        numbers.extend(Some(counts.from_refuted).filter(|count| *count > 0));
        text += &format!("{:?} = {numbers:?}\n", claim.to_string());
    }
    text
}

#[test]
fn every_folder_gives_what_it_says() {
    let bless = std::env::var_os("RETALLY_BLESS").is_some();
    let mut wrong = Vec::new();
    for folder in runs() {
        let report = audit(&folder);
        // Blessing keeps the hand-written part.
        let found = by_hand(&folder) + &outcome(&folder, &report);
        let path = folder.join("expected.toml");
        if bless {
            std::fs::write(&path, &found).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected.replace("\r\n", "\n") != found {
            wrong.push(format!("{}: expected\n{expected}\nfound\n{found}", short(&folder)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn clean_logs_have_no_certain_finding_and_bad_ones_have() {
    let mut wrong = Vec::new();
    for folder in runs() {
        let report = audit(&folder);
        let certain: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.certainty == Certainty::Certain && finding.severity == Severity::Error)
            .map(|finding| finding.code.as_str())
            .collect();
        let suspected: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.certainty == Certainty::Statistical)
            .map(|finding| finding.code.as_str())
            .collect();
        let warnings: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| finding.code.as_str())
            .collect();
        let [must_find, must_suspect, must_warn] = demanded(&folder);
        for code in must_find.iter().filter(|code| !certain.contains(&code.as_str())) {
            wrong.push(format!("{}: {code} is not among the certain findings {certain:?}", short(&folder)));
        }
        for code in must_suspect.iter().filter(|code| !suspected.contains(&code.as_str())) {
            wrong.push(format!("{}: {code} is not among the statistical findings {suspected:?}", short(&folder)));
        }
        for code in must_warn.iter().filter(|code| !warnings.contains(&code.as_str())) {
            wrong.push(format!("{}: {code} is not among the warnings {warnings:?}", short(&folder)));
        }
        let name = folder.file_name().unwrap().to_string_lossy();
        if ["bad", "bug"].iter().any(|start| name.starts_with(start)) && !is_bad(&folder) {
            wrong.push(format!("{}: expected.toml names no finding (must_find)", short(&folder)));
        }
        let proven: u64 = report.summary.verdicts.values().map(|counts| counts.proven).sum();
        let refuted: u64 = report.summary.verdicts.values().map(|counts| counts.refuted).sum();
        if !is_bad(&folder) && (!certain.is_empty() || refuted > 0) {
            wrong.push(format!("{}: {certain:?}, {refuted} refuted", short(&folder)));
        }
        if !is_bad(&folder) && proven == 0 && !short(&folder).contains("unprovable") {
            wrong.push(format!("{}: nothing is proven", short(&folder)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The log files of all folders, with the format named by the folder.
fn files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    // Logs that need a configuration are not recognised automatically.
    for folder in runs().into_iter().filter(|folder| !folder.join("retally.toml").exists()) {
        // Another test reports a folder without this file.
        let Ok(expected) = std::fs::read_to_string(folder.join("expected.toml")) else { continue };
        let expected: toml::Table = expected.parse().unwrap();
        for (name, format) in expected["formats"].as_table().unwrap() {
            // A container without its end has no first bytes to look at.
            if format.as_str() == Some("cut-off") {
                continue;
            }
            found.push((folder.join(name), format.as_str().unwrap().to_owned()));
        }
    }
    found
}

fn ranked(path: &str, bytes: &[u8], whole: bool) -> Vec<(u8, &'static str)> {
    let input = Input::file(path.to_owned(), path.into());
    let head = Head::new(path, input.logical_name(), bytes, whole);
    let mut ranked: Vec<(u8, &str)> =
        format::all().map(|format| (format.recognise(&head).percent, format.name())).collect();
    ranked.sort_by_key(|(confidence, _)| std::cmp::Reverse(*confidence));
    ranked
}

fn head_of(path: &Path) -> (Vec<u8>, bool) {
    let input = Input::file(path.to_string_lossy().into_owned(), path.to_path_buf());
    let bytes = retally::internals::source::peek(&input, format::HEAD_BYTES).unwrap();
    let whole = bytes.len() < format::HEAD_BYTES;
    (bytes, whole)
}

#[test]
fn a_format_without_its_marks_in_a_head_would_not_recognise_it() {
    let mut wrong = Vec::new();
    let mut ruled_out = 0_usize;
    for (path, _) in files() {
        let (bytes, whole) = head_of(&path);
        // A head that breaks off is closed after its last whole value.
        for (bytes, whole) in [(bytes.as_slice(), whole), (&bytes[..bytes.len() / 2], false)] {
            let shown = path.to_string_lossy();
            let input = Input::file(shown.clone().into_owned(), path.clone());
            let head = Head::new(&shown, input.logical_name(), bytes, whole);
            for format in format::all().filter(|format| !format.marks().is_empty()) {
                ruled_out += usize::from(!head.may_have(format.marks()));
                if format::recognise(format, &head) != format.recognise(&head) {
                    wrong.push(format!("{}: {}", short(&path), format.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ruled_out > 1000, "{ruled_out}");
}

#[test]
fn every_file_is_recognised_by_its_own_format_alone() {
    let mut wrong = Vec::new();
    for (path, format) in files() {
        let (bytes, whole) = head_of(&path);
        let ranked = ranked(&path.to_string_lossy(), &bytes, whole);
        if format.starts_with("native-") && is_known_by_its_place(&path, &format, &ranked) {
            continue;
        }
        if ranked[0].1 != format || ranked[1].0 >= ranked[0].0 {
            wrong.push(format!("{}: {format}, but {:?}", short(&path), &ranked[..2]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files with only a few numbers, or with rows under any names, which are recognised by the files next to them.
fn is_known_by_its_place(path: &Path, format: &str, ranked: &[(u8, &'static str)]) -> bool {
    let is_unknown = ranked[0].0 < 30;
    format == "opencompass-results" && !std::fs::read_to_string(path).unwrap().contains("\"details\"")
        || format.starts_with("native-") && is_unknown
}

#[test]
fn a_renamed_file_is_still_what_it_is() {
    let mut wrong = Vec::new();
    for (path, format) in files() {
        let (bytes, whole) = head_of(&path);
        let ranked = ranked("elsewhere/log.bin", &bytes, whole);
        if is_known_by_its_place(&path, &format, &ranked) {
            continue;
        }
        if ranked[0].1 != format {
            wrong.push(format!("{}: {format}, but {:?}", short(&path), ranked[0]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_cut_off_is_still_what_it_is() {
    let mut wrong = Vec::new();
    for (path, format) in files() {
        let (bytes, _) = head_of(&path);
        let cut = &bytes[..bytes.len() * 3 / 4];
        let ranked = ranked(&path.to_string_lossy(), cut, false);
        // A truncated file with one record may be too short to recognise, but must not be mistaken for another format.
        if ranked[0].0 >= 30 && ranked[0].1 != format {
            wrong.push(format!("{}: {format}, but {:?}", short(&path), ranked[0]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_changed_key_is_no_other_tools_log() {
    let mut wrong = Vec::new();
    for (path, format) in files() {
        let (bytes, whole) = head_of(&path);
        let head = Head::new("x", "x", &bytes, whole);
        let keys: Vec<String> = head
            .records()
            .next()
            .map(|record| record.members().map(|(key, _)| key.as_str().into_owned()).collect())
            .unwrap_or_default();
        for key in keys.iter().take(40) {
            let text = String::from_utf8_lossy(&bytes).replace(&format!("\"{key}\""), &format!("\"zz_{key}\""));
            let ranked = ranked(&path.to_string_lossy(), text.as_bytes(), whole);
            let other = ranked[0].0 >= 30 && ranked[0].1 != format;
            // The native format accepts any record with its fields, whichever tool wrote it.
            if other && !ranked[0].1.starts_with("native-") {
                wrong.push(format!("{} without {key}: {format}, but {:?}", short(&path), ranked[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_empty_file_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["log.jsonl", "log.json", "samples_x_2026-01-01T00-00-00.jsonl", "log.csv"] {
        let path = folder.path().join(name);
        std::fs::write(&path, " \n").unwrap();
        let report = check(&[path.to_string_lossy().into_owned()]);
        assert!(report.errors.iter().any(|error| error.reason.contains("empty")), "{name}: {:?}", report.errors);
    }
}

#[test]
fn every_format_has_a_clean_and_a_bad_log() {
    let mut clean: Vec<String> = Vec::new();
    let mut bad: Vec<String> = Vec::new();
    for folder in runs() {
        let Ok(expected) = std::fs::read_to_string(folder.join("expected.toml")) else { continue };
        let expected: toml::Table = expected.parse().unwrap();
        let formats =
            expected["formats"].as_table().unwrap().values().map(|format| format.as_str().unwrap().to_owned());
        if is_bad(&folder) { bad.extend(formats) } else { clean.extend(formats) }
    }
    let missing = |known: &[String]| -> Vec<&str> {
        format::all().map(format::Format::name).filter(|name| !known.iter().any(|own| own == name)).collect()
    };
    assert_eq!((missing(&clean), missing(&bad)), (Vec::new(), Vec::new()));
    for format in folders(Path::new(&fixture("formats"))) {
        assert!(format.join("NOTES.md").exists(), "{} has no NOTES.md", short(&format));
    }
}

/// The tables of `docs/formats.md`: an index, and one table per format.
fn table() -> String {
    let mut text = String::from("| name | what it is | tool |\n|---|---|---|\n");
    for card in format::all().map(format::Format::info) {
        text += &format!("| [{name}](#{name}) | {} | {} |\n", card.about, card.tool, name = card.name);
    }
    text += "\n";
    for format in format::all() {
        let card = format.info();
        let rows = [
            ("tool", card.tool),
            ("files", card.files),
            ("recognised by", card.recognised_by),
            ("proven", card.proven),
            ("never proven, and why", card.unprovable),
            ("base and direction", card.base),
            ("sentinels", card.sentinels),
            ("traps", card.traps),
        ];
        text += &format!("## {}\n{}\n\n| | |\n|---|---|\n", card.name, card.about);
        for (what, words) in rows {
            assert!(!words.is_empty() && !words.contains(['|', '\n']), "{}: {what}", card.name);
            text += &format!("| {what} | {words} |\n");
        }
        text += "\n";
    }
    text
}

#[test]
fn the_documentation_says_what_the_code_says() {
    let path = format!("{}/docs/formats.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- formats: generated -->\n").unwrap();
    let (committed, after) = rest.split_once("<!-- /formats -->").unwrap();
    if committed != table() {
        assert!(
            std::env::var_os("RETALLY_BLESS").is_some(),
            "docs/formats.md is out of date; write it with RETALLY_BLESS=1 cargo test --test integration formats"
        );
        let text = format!("{before}<!-- formats: generated -->\n{}<!-- /formats -->{after}", table());
        std::fs::write(&path, text).unwrap();
    }
}

#[test]
fn names_are_unique_and_plain() {
    let mut names: Vec<&str> = format::all().map(format::Format::name).collect();
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')));
    let total = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), total);
}
