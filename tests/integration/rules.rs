//! Every rule has a page and two logs: one on which only this rule fires, and a look-alike on which no rule fires.

use std::collections::BTreeSet;
use std::path::PathBuf;

use retally::catalogue::Catalogue;
use retally::{Audit, Config, Input, Report};

use crate::support::{check, codes, fixture};

fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(fixture("rules")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn pages() -> BTreeSet<String> {
    let entries = std::fs::read_dir(format!("{}/rules", env!("CARGO_MANIFEST_DIR"))).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned()).collect()
}

/// `bad` or `look-alike`: a folder, or a file with any extension.
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

fn report_of(name: &str, log: &str) -> Report {
    Audit::new(Config::default()).input(Input::bytes(name, log.as_bytes())).run().unwrap()
}

/// 24 rows of ten generated log-probs from the engine.
fn engine_rows() -> Vec<Vec<f64>> {
    let mut state = 2024_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        -(((state >> 40) % 4000) as f64) / 1000.0 - 0.01
    };
    (0..24).map(|_| (0..10).map(|_| next()).collect()).collect()
}

fn rollout(engine: &[Vec<f64>], trainer: impl Fn(usize, usize) -> f64) -> String {
    let row = |(at, row): (usize, &Vec<f64>)| {
        let trainer: Vec<f64> = (0..row.len()).map(|t| trainer(at, t)).collect();
        let ids: Vec<usize> = (0..row.len()).map(|t| 700 + 31 * at + t).collect();
        format!(
            "{{\"uid\": \"m{at}\", \"responses\": {ids:?}, \"rollout_log_probs\": {row:?}, \"old_log_probs\": {trainer:?}}}\n"
        )
    };
    engine.iter().enumerate().map(row).collect()
}

#[test]
fn sides_that_do_not_match_are_found_elsewhere() {
    let engine = engine_rows();
    let (rows, tokens) = (engine.len(), 10);
    let title = |trainer: &dyn Fn(usize, usize) -> f64| {
        let report = report_of("rollouts.jsonl", &rollout(&engine, trainer));
        let found: Vec<String> = report.findings.iter().map(|one| format!("{} {}", one.code, one.message)).collect();
        found.join("\n")
    };
    assert_eq!(title(&|row, t| engine[row][t] - 0.004), "");
    // An older policy: distant, but with the same tokens.
    assert_eq!(title(&|row, t| engine[row][t] * (0.6 + 0.08 * ((row * 7 + t * 3) % 11) as f64)), "");
    for (trainer, found) in [
        (
            &(|row: usize, t: usize| engine[(row + rows - 2) % rows][t]) as &dyn Fn(usize, usize) -> f64,
            "row i - 2 of the engine",
        ),
        (&|row, t| engine[row][tokens - 1 - t], "24 of 24 rows of the trainer match the engine's read backwards"),
        (&|row, t| engine[row][(t + 3) % tokens], "token t + 3 of the engine in 24 of 24 rows"),
        (
            &|row, t| engine[row][(t + 2 + row % 3) % tokens],
            "24 of 24 rows match after a shift of their own, from 2 to 4 tokens",
        ),
        (&|row, t| engine[(row * 5 + 7 + t * t) % rows][(t * 3 + row) % tokens], "no shift by up to 16 tokens"),
    ] {
        let title = title(trainer);
        assert!(title.starts_with("RT118 ") && title.contains(found) && title.lines().count() == 1, "{found}: {title}");
    }
    let shifted = title(&|row, t| engine[row][(t + 1) % tokens]);
    assert!(shifted.starts_with("RT305 ") && shifted.lines().count() == 1, "{shifted}");
}

#[test]
fn one_token_id_has_one_value_in_a_list() {
    let log = |second: f64| {
        let step = |id: u32| {
            format!(
                "[{{\"token\": \"x{id}\", \"id\": {id}, \"logprob\": -0.5}}, {{\"token\": \"x{id}\", \"id\": {id}, \"logprob\": \
                 {second:?}}}]"
            )
        };
        format!(
            "{{\"item\": \"a\", \"tokens\": [\"x7\", \"x9\"], \"token_ids\": [7, 9], \"logprobs\": [-0.5, -0.5], \"top_logprobs\": \
             [{}, {}], \"score\": -1.0}}\n",
            step(7),
            step(9)
        )
    };
    let report = report_of("lists.jsonl", &log(-2.5));
    assert_eq!(codes(&report), ["RT113"]);
    assert_eq!(
        report.findings[0].message,
        "2 of 2 steps list one token id 2 times with different log-probs: the alternatives' ids are lost"
    );
    assert_eq!(codes(&report_of("lists.jsonl", &log(-0.5))), [""; 0]);
}

#[test]
fn lists_of_the_neighbouring_token_are_misaligned() {
    let ids: Vec<u32> = (0..12).map(|at| 40 + at * 3).collect();
    let log = |shift: usize| {
        let lists: Vec<String> = (0..12)
            .map(|at| {
                let own = ids.get(at + shift).copied().unwrap_or(999);
                format!("[{{\"id\": {own}, \"logprob\": -1.25}}, {{\"id\": {}, \"logprob\": -1.5}}]", own + 1)
            })
            .collect();
        let logprobs = [if shift == 0 { -1.25 } else { -2.0 }; 12];
        format!(
            "{{\"item\": \"a\", \"token_ids\": {ids:?}, \"logprobs\": {logprobs:?}, \"top_logprobs\": [{}]}}\n",
            lists.join(", ")
        )
    };
    assert_eq!(codes(&report_of("lists.jsonl", &log(0))), [""; 0]);
    let report = report_of("lists.jsonl", &log(1));
    assert_eq!(codes(&report), ["RT308"]);
    assert!(report.findings[0].message.starts_with("in 1 of 1 candidates every token is among"), "{report:?}");
}

#[test]
fn the_help_for_unreadable_records_fits_the_file() {
    let help = |name: &str, log: &str| {
        let report = report_of(name, log);
        let found = report.findings.iter().find(|found| found.code == "RT708");
        found.map(|found| found.help.clone()).unwrap_or_default()
    };
    let table = "item,token,logprob,score\na,x,-1.0,-3.0\na,y,-2.0,-3.0\nb,x,-1.0\nc,x,-1.5,-1.5\n";
    assert!(
        help("table.csv", table).starts_with("give every row the cells of the header"),
        "{}",
        help("table.csv", table)
    );
    let row = "{\"item\": \"a\", \"tokens\": [\"x\"], \"logprobs\": [-1.0], \"score\": -1.0}\n";
    let help = help("rows.jsonl", &format!("{row}{row}{{\"item\": \"b\", \"tok\n"));
    assert!(help.starts_with("write one complete JSON value per line"), "{help}");
}
