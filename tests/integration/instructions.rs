//! What the README, the documentation and the skill for coding agents tell a reader to type: every command and option
//! exists, and the report in the README is the one that its first command prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::root;

const SKILL: &str = "skills/retally/SKILL.md";

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_retally")).args(arguments).current_dir(root()).output().unwrap()
}

/// The help of each command, by its words: `check`, `baseline create`.
fn help() -> BTreeMap<String, String> {
    fn walk(words: &[&str], into: &mut BTreeMap<String, String>) {
        let output = run(&[words, &["--help"]].concat());
        assert!(output.status.success(), "{words:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let list = text.split_once("\nCommands:\n").map_or("", |(_, list)| list);
        let list = list.split("\n\n").next().unwrap_or("");
        for name in list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            walk(&[words, &[name]].concat(), into);
        }
        into.insert(words.join(" "), text);
    }
    let mut pages = BTreeMap::new();
    walk(&[], &mut pages);
    assert!(pages.len() > 10, "{:?}", pages.keys());
    pages
}

/// The Markdown files whose commands a reader may copy.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md"), PathBuf::from(SKILL)];
    for directory in ["docs", "rules"] {
        for entry in std::fs::read_dir(root().join(directory)).unwrap() {
            let name = entry.unwrap().file_name();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                found.push(Path::new(directory).join(name));
            }
        }
    }
    found.sort();
    found
}

/// The lines of code of a document: those of its blocks, with continued ones joined, and its code spans.
fn code(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut paragraph = String::new();
    let mut is_block = false;
    let mut is_continued = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            is_block = !is_block;
            is_continued = false;
            continue;
        }
        if !is_block {
            // A code span may be broken at the end of a line, but not by an empty one.
            paragraph.push_str(trimmed);
            paragraph.push(if trimmed.is_empty() { '\n' } else { ' ' });
            continue;
        }
        let part = trimmed.trim_end_matches('\\').trim_end();
        match found.last_mut() {
            // The folded scalars of YAML have an option at the start of a line.
            Some(last) if is_continued || part.starts_with("--") => {
                last.push(' ');
                last.push_str(part);
            }
            _ => found.push(part.to_owned()),
        }
        is_continued = trimmed.ends_with('\\');
    }
    for line in paragraph.lines() {
        found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    found
}

/// The words after each `retally` that is called in a line of code.
fn calls(line: &str) -> Vec<Vec<&str>> {
    let line = line.split_once(" -- ").filter(|(cargo, _)| cargo.contains("cargo run")).map_or(line, |(_, rest)| rest);
    let is_run_by_cargo = line.starts_with("check ");
    let command = line.split(" # ").next().unwrap_or(line);
    let mut found = Vec::new();
    for part in command.split(['|', '&', ';', '\'', '"']) {
        let words: Vec<&str> = part.split_whitespace().collect();
        if is_run_by_cargo && found.is_empty() {
            found.push(words);
            continue;
        }
        let Some(at) = words.iter().position(|word| *word == "retally") else { continue };
        // `command -v retally`, `name: retally` and the like call nothing.
        let before = at.checked_sub(1).map(|before| words[before]);
        if matches!(before, None | Some("$" | "-" | "run:" | "script:" | "entry:" | "next:" | "sh")) {
            found.push(words[at + 1..].to_vec());
        }
    }
    found.retain(|words| !words.is_empty());
    found
}

/// The option that a word of a command line is, without its value and the punctuation after it.
fn option(word: &str) -> Option<&str> {
    let name = word.trim_start_matches('[').split(['=', ',', ')', ']', '…']).next()?;
    let name = name.trim_end_matches(['.', ':']);
    (name.starts_with('-') && name.len() > 1 && name != "--").then_some(name)
}

/// Whether a page of help lists an option, not merely one that begins with it.
fn lists(help: &str, option: &str) -> bool {
    help.match_indices(option).any(|(at, _)| {
        let before = help[..at].chars().next_back();
        let after = help[at + option.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || c == '[')
            && after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-')
    })
}

/// What is wrong with a call: an unknown command, option or output format.
fn wrong(words: &[&str], pages: &BTreeMap<String, String>) -> Option<String> {
    let mut name = String::new();
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        let longer = if name.is_empty() { (*first).to_owned() } else { format!("{name} {first}") };
        if !pages.contains_key(&longer) {
            break;
        }
        (name, rest) = (longer, after);
    }
    if name.is_empty() && !words[0].starts_with('-') {
        return Some(format!("unknown command `{}`", words[0]));
    }
    let help = &pages[&name];
    for (at, word) in rest.iter().enumerate() {
        if *word == "--" {
            break;
        }
        let Some(option) = option(word) else { continue };
        if !lists(help, option) {
            return Some(format!("`{name}` has no option `{option}`"));
        }
        if matches!(option, "--format" | "--report") {
            let value = word.split_once('=').filter(|_| option == "--format").map(|(_, value)| value);
            let value = value.or_else(|| rest.get(at + 1)?.split('=').next()).unwrap_or("");
            let is_placeholder = value.chars().all(|c| c.is_ascii_uppercase());
            if !is_placeholder && !lists(help, value) {
                return Some(format!("`{name} {option}` has no format `{value}`"));
            }
        }
    }
    None
}

#[test]
fn every_command_that_is_shown_exists() {
    let pages = help();
    let mut seen = BTreeMap::new();
    let mut errors = Vec::new();
    for document in documents() {
        let text = read(document.to_str().unwrap());
        for line in code(&text) {
            for words in calls(&line) {
                *seen.entry(document.clone()).or_insert(0) += 1;
                if let Some(error) = wrong(&words, &pages) {
                    errors.push(format!("{}: {error} in `{line}`", document.display()));
                }
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    for (document, least) in [("README.md", 20), ("docs/ci.md", 8), ("docs/post-mortem.md", 3), (SKILL, 12)] {
        assert!(seen[Path::new(document)] >= least, "{document}: {} calls were found", seen[Path::new(document)]);
    }
}

#[test]
fn a_command_that_does_not_exist_is_seen() {
    let pages = help();
    for (line, error) in [
        ("retally chekc runs/", "unknown command `chekc`"),
        ("retally check runs/ --fail-no error", "`check` has no option `--fail-no`"),
        ("retally check runs/ --fail error", "`check` has no option `--fail`"),
        ("$ retally baseline create runs/ --baseline x", "`baseline create` has no option `--baseline`"),
        ("- run: retally check runs/ --format htlm", "`check --format` has no format `htlm`"),
        ("./run.sh & retally check runs/ --report jsno=x", "`check --report` has no format `jsno`"),
        ("cargo run --release -- check x --no-such", "`check` has no option `--no-such`"),
    ] {
        let found: Vec<String> = calls(line).iter().filter_map(|words| wrong(words, &pages)).collect();
        assert_eq!(found, [error], "{line}");
    }
    for line in [
        "command -v retally",
        "pip install retally",
        "retally check -- --paths",
        "retally check PATH… --report FORMAT=PATH",
    ] {
        assert!(calls(line).iter().all(|words| wrong(words, &pages).is_none()), "{line}");
    }
}

/// The skill and the README also name options by themselves.
#[test]
fn every_option_that_is_named_alone_exists() {
    let pages = help();
    let mut count = 0;
    for document in ["README.md", SKILL] {
        for line in code(&read(document)) {
            let Some(word) = line.split_whitespace().next().filter(|word| word.starts_with("--")) else { continue };
            let option = option(word).unwrap();
            assert!(pages.values().any(|help| lists(help, option)), "{document}: `{line}`");
            count += 1;
        }
    }
    assert!(count >= 5, "{count} options were found");
}

/// An agent reads the report by these paths; the schema of the report has each of their names.
#[test]
fn the_fields_that_the_skill_reads_are_those_of_the_report() {
    let schema = read("docs/report.schema.json");
    let text = read(SKILL);
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("jq ")) {
        let program = line.split('\'').nth(1).unwrap();
        let parts = program.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '@');
        names.extend(parts.filter(|part| !part.is_empty() && !part.starts_with('@')));
    }
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(schema.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn the_skill_is_described_for_an_agent() {
    let text = read(SKILL);
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap().0;
    let lines: Vec<(&str, &str)> = front.lines().map(|line| line.split_once(": ").unwrap()).collect();
    // The limits of the format: a name of 64 characters, that of its directory, and a description of 1,024.
    assert_eq!(lines[0], ("name", "retally"));
    assert_eq!(lines[1].0, "description");
    assert!(lines.len() == 2 && (100..=1024).contains(&lines[1].1.len()));
}

/// The README's first screen shows what its first command prints, and that it exits with 1.
#[test]
fn the_readme_shows_what_its_first_command_prints() {
    let text = read("README.md");
    let commands: Vec<String> = code(&text).into_iter().filter(|line| line.starts_with("$ ")).collect();
    assert!(
        commands[0].starts_with("$ cargo run --release -- check fixtures/formats/native/bug-mean "),
        "{}",
        commands[0]
    );
    assert!(commands[1].starts_with("$ cargo test "), "{}", commands[1]);
    let output = run(&["check", "fixtures/formats/native/bug-mean"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    let (before, rest) = text.split_once("```text\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    assert!(before.lines().count() < 20, "the report is on the first screen");
    if std::env::var_os("RETALLY_BLESS").is_some() {
        std::fs::write(root().join("README.md"), format!("{before}```text\n{printed}```\n{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, printed,
        "README.md is out of date; write it with RETALLY_BLESS=1 cargo test --test integration instructions"
    );
}

/// The README names tools; the page of formats, which is generated from the program, has each of them.
#[test]
fn the_tools_of_the_readme_are_read() {
    let text = read("README.md");
    let formats = read("docs/formats.md").to_lowercase();
    let table = text.split_once("\n## Which logs it reads\n").unwrap().1;
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 7);
    for row in rows {
        let tools = row.trim_matches('|').split('|').nth(1).unwrap();
        for tool in tools.split(", ").map(str::trim).filter(|tool| !tool.starts_with("with [")) {
            assert!(formats.contains(&tool.to_lowercase()), "{tool}");
        }
    }
}

/// Links of the README, the documentation and the rule pages lead to files of the repository, and each page of docs/ is in
/// the table of contents. Anchors are checked where the site is built (`scripts/site.py`).
#[test]
fn links_lead_to_files() {
    let contents = read("docs/SUMMARY.md");
    let mut count = 0;
    for document in documents() {
        let text = read(document.to_str().unwrap());
        let here = document.parent().unwrap();
        if here == Path::new("docs") && document != Path::new("docs/SUMMARY.md") {
            let name = document.file_name().unwrap().to_str().unwrap();
            assert!(contents.contains(&format!("]({name})")), "docs/SUMMARY.md does not list {name}");
        }
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            let is_file = !target.is_empty() && !target.contains(':') && !target.contains(char::is_whitespace);
            if is_file {
                assert!(root().join(here).join(target).exists(), "{}: {target}", document.display());
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count} links were found");
}

/// The cells of the table rows below a heading.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = text.split_once(heading).unwrap_or_else(|| panic!("{heading}"));
    let rows =
        rest.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The figures of the README are those of the pages that say how they were measured.
#[test]
fn the_figures_of_the_readme_are_measured() {
    let text = read("README.md");
    let speeds = table(&read("docs/benchmarks.md"), "Two gigabytes, one run each:");
    let formats = [
        ("lm-evaluation-harness samples", "lm-eval-samples"),
        ("vLLM server responses", "vllm-server"),
        ("OpenAI chat completions", "openai-chat"),
        ("HELM scenario state", "helm-scenario-state"),
        ("short JSON Lines of a pipeline of your own", "native-jsonl"),
    ];
    let rows = table(&text, "\n## What it costs\n");
    assert_eq!(rows.len(), formats.len());
    for (row, (log, format)) in rows.iter().zip(formats) {
        let measured = speeds.iter().find(|cells| cells[0] == format).unwrap();
        let seconds = format!("{:.0}", 1_000.0 / measured[3].parse::<f64>().unwrap());
        assert_eq!(*row, [log, &measured[3], &seconds, &measured[2]]);
    }

    let accuracy = read("docs/accuracy.md");
    let figures = table(&accuracy, "| figure |");
    let named = [
        ("correct logs with a certain finding", "correct logs: a certain finding"),
        ("logs with one wrong formula: detected", "single deviation: detected"),
        (
            "… and the formula named, alone or as one of two that the log cannot tell apart",
            "single deviation: named, or one of an ambiguous pair",
        ),
        ("mixtures: both formulas named and the boundary right", "mixture: both named and the boundary right"),
        ("constant or coarse columns proven by mistake", "false proofs: constant or coarse column proven"),
    ];
    let rows = table(&text, "\n## How far it can be trusted\n");
    for (row, (what, figure)) in rows.iter().zip(named) {
        let measured = figures.iter().find(|cells| cells[0] == figure).unwrap();
        let count = measured[2].split(' ').next().unwrap();
        assert_eq!((row[0].as_str(), row[1].replace(',', "")), (what, format!("{count} of {}", measured[1])));
    }
    let runs = rows[5][1].split_whitespace().find(|word| word.contains(',')).unwrap().trim_end_matches(',');
    assert!(read("docs/reliability.md").contains(&format!("{runs} runs")), "{runs}");
    // The command that the first row names is that of the page.
    let command = rows[0][2].split('`').nth(1).unwrap();
    assert!(accuracy.contains(&format!("`{command}`")), "{command}");
}
