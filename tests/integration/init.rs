//! `retally init` from the user's perspective: its output, and that the output changes no result.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use retally::Config;
use retally::internals::init::ci::System;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{differs_in_formula_alone, root};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_retally"))
}

fn retally(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The output of init for some paths, as text.
fn written(directory: &Path, paths: &[&str]) -> String {
    let file = directory.join("retally.toml");
    // What an existing file declares would be kept.
    if file.exists() {
        std::fs::remove_file(&file).unwrap();
    }
    let mut arguments = vec!["init", "--output", file.to_str().unwrap()];
    arguments.extend(paths);
    let output = retally(directory, &arguments);
    assert_eq!(output.status.code(), Some(0), "{paths:?}: {}", text(&output.stderr));
    std::fs::read_to_string(file).unwrap()
}

/// The results of an audit, without parts that the configuration's paths change.
fn audit(directory: &Path, path: &str, config: Option<&str>) -> Value {
    let mut arguments = vec!["check", "--format", "json", path];
    if let Some(config) = config {
        arguments.extend(["--config", config]);
    }
    let output = retally(directory, &arguments);
    let mut report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{path}: {error}: {}", text(&output.stderr)));
    report["exit"] = output.status.code().into();
    report
}

fn conventions(config: &str) -> toml::Table {
    let table: toml::Table = config.parse().unwrap();
    table["conventions"].as_table().unwrap().clone()
}

/// The text with the commented entries of one section in effect.
fn in_effect(config: &str, section: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for line in config.lines() {
        if line.starts_with('[') {
            inside = line == format!("[{section}]");
        }
        let entry = line.strip_prefix("# ").filter(|entry| inside && entry.contains(" = ") && !entry.ends_with('.'));
        out.push_str(entry.unwrap_or(line));
        out.push('\n');
    }
    out
}

/// A log whose normalised score is divided by the bytes of a text.
fn by_bytes(texts: [&str; 3]) -> String {
    let mut log = String::new();
    for (at, continuation) in texts.into_iter().enumerate() {
        let score = -3.5 / continuation.len() as f64;
        let starts: Vec<usize> = continuation.char_indices().map(|(at, _)| at).collect();
        let (first, rest) = continuation.split_at(starts[1]);
        let (second, third) = rest.split_at(starts[2] - starts[1]);
        let tokens = serde_json::json!([first, second, third]);
        writeln!(
            log,
            "{{\"item\": \"q{at}\", \"candidate\": \"a\", \"continuation\": \"{continuation}\", \"tokens\": {tokens}, \
             \"logprobs\": [-1.500000, -0.800000, -1.200000], \"score\": -3.500000, \"score_norm\": {score:.9}}}"
        )
        .unwrap();
    }
    log
}

#[test]
fn an_audit_finds_the_same_with_the_file_as_without() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = Vec::new();
    for parent in ["cases", "formats/native", "formats/lm-eval", "hostile"] {
        let entries = std::fs::read_dir(root().join("fixtures").join(parent)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    for rule in std::fs::read_dir(root().join("fixtures/rules")).unwrap() {
        paths.extend(std::fs::read_dir(rule.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()));
    }
    // A log with its own configuration is audited under that configuration.
    paths.retain(|path| path.extension().is_none_or(|ending| ending != "md") && !path.join("retally.toml").exists());
    paths.retain(|path| !differs_in_formula_alone(path));
    paths.sort();
    assert!(paths.len() > 130, "{}", paths.len());
    if std::env::var_os("RETALLY_ALL_LOGS").is_none() {
        paths = paths.into_iter().step_by(2).collect();
    }
    let (mut with_findings, mut with_conventions) = (0, 0);
    for path in &paths {
        let path = path.to_str().unwrap();
        let config = written(folder.path(), &[path]);
        let without = audit(folder.path(), path, None);
        let with = audit(folder.path(), path, Some("retally.toml"));
        for part in ["exit", "findings", "claims", "metrics", "summary", "coverage", "errors"] {
            assert_eq!(without[part], with[part], "{path}: {part}\n{config}");
        }
        let active = conventions(&config);
        with_findings += usize::from(without["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
        with_conventions += usize::from(!active.is_empty());
        for claim in without["claims"].as_array().unwrap() {
            let name = claim["claim"].as_str().unwrap();
            assert!(
                !active.contains_key(name) || claim["verdicts"]["refuted"] == 0,
                "{path}: {name} is refuted and in effect\n{config}"
            );
        }
    }
    assert!(with_findings > 40, "{with_findings} logs with findings");
    assert!(with_conventions > 0, "no log in which a convention takes effect");
}

#[test]
fn a_convention_takes_effect_only_where_it_is_proven_and_no_other_is() {
    let folder = tempfile::tempdir().unwrap();
    let log = |text: &str| std::fs::write(folder.path().join("a.jsonl"), text).unwrap();
    log(&by_bytes(["été", "naïve café", "日本語"]));
    let config = written(folder.path(), &["a.jsonl"]);
    let active = conventions(&config);
    assert_eq!(active.get("score_norm").and_then(toml::Value::as_str), Some("sum(logprob)/bytes"), "{config}");
    assert_eq!(active.len(), 1, "the score has its default\n{config}");
    assert!(config.contains("# Proven in all 3 rows; no other usual formula matches them all.\n"), "{config}");
    assert!(config.contains("# score is checked against sum(logprob); proven in all 3 rows.\n"), "{config}");
    // Characters and bytes are equal here, so init cannot tell which of them is meant.
    log(&by_bytes(["abcde", "naive cafe", "jpn"]));
    let config = written(folder.path(), &["a.jsonl"]);
    assert!(conventions(&config).is_empty(), "{config}");
}

#[test]
fn what_was_seen_is_shown_and_fields_known_by_their_values_take_effect() {
    let folder = tempfile::tempdir().unwrap();
    let log = root().join("fixtures/formats/native/clean-by-value-in-pieces/generations.jsonl");
    std::fs::copy(log, folder.path().join("generations.jsonl")).unwrap();
    let output = retally(folder.path(), &["init", "generations.jsonl"]);
    let expected = "generations.jsonl: 32 records, native-jsonl\n  \
        request_id              string, unique                → item\n  \
        batch                   not used\n  \
        generation.text         not used\n  \
        generation.pieces[].s   3–12 strings                  → tokens\n  \
        generation.pieces[].lp  3–12 numbers ≤ 0              → logprobs\n  \
        generation.cum_lp       = sum(logprob) in 32 of 32    → score  (proven)\n  \
        generation.avg_lp       = sum(logprob)/n in 32 of 32  → mean_logprob  (proven)\n\
        wrote retally.toml: 64 of 64 claims can be checked\nnext: retally check generations.jsonl\n";
    assert_eq!(text(&output.stdout), expected);
    let config: toml::Table = std::fs::read_to_string(folder.path().join("retally.toml")).unwrap().parse().unwrap();
    let input = config["input"].as_table().unwrap();
    let of = |key: &str| input.get(key).and_then(toml::Value::as_str);
    assert_eq!(of("logprobs"), Some("generation.pieces.lp"));
    assert_eq!((of("item"), of("score")), (Some("request_id"), Some("generation.cum_lp")));
    // The marks of lists may be written.
    let marked =
        "[input]\nitem = \"request_id\"\nlogprobs = \"generation.pieces[].lp\"\nscore = \"generation.cum_lp\"\n";
    std::fs::write(folder.path().join("marked.toml"), marked).unwrap();
    let report = audit(folder.path(), "generations.jsonl", Some("marked.toml"));
    assert_eq!(report["summary"]["verdicts"]["generation.cum_lp"]["proven"], 32, "{report}");
}

#[test]
fn every_claim_of_logs_known_by_their_values_can_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let mut logs = 0;
    for entry in std::fs::read_dir(root().join("fixtures/formats/native")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().contains("-by-value-") {
            continue;
        }
        logs += 1;
        let file = folder.path().join("retally.toml");
        let arguments = ["init", "--output", "own.toml", path.to_str().unwrap()];
        let output = retally(folder.path(), &arguments);
        let said = text(&output.stdout);
        let wrote = said.lines().find_map(|line| line.strip_prefix("wrote own.toml: ")).unwrap();
        let mut words = wrote.split(' ');
        assert_eq!(words.next(), words.nth(1), "{}: {said}", path.display());
        let config: toml::Table = std::fs::read_to_string(folder.path().join("own.toml")).unwrap().parse().unwrap();
        assert!(!config["input"].as_table().unwrap().is_empty(), "{}: {said}", path.display());
        std::fs::remove_file(folder.path().join("own.toml")).unwrap();
        assert!(!file.exists());
    }
    assert!(logs >= 12, "{logs}");
}

/// What a log says under other names of its fields.
fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(&format!("\"{from}\":"), &format!("\"{to}\":")))
}

#[test]
fn in_house_logs_are_read_and_every_claim_can_be_checked_under_the_file_that_init_writes() {
    // The fields of the fixtures under names that no table has.
    let names = [
        ("qid", "question_key"),
        ("options", "variants"),
        ("piece_lps", "token_lps"),
        ("pieces", "surface"),
        ("ll", "sum_lp"),
        ("ll_per_char", "lp_per_char"),
        ("answer_key", "gold_key"),
        ("seg", "line"),
        ("nbest", "beamlist"),
        ("subword_nll", "nlls_of_tokens"),
        ("nll_per_tok", "avg_cost"),
        ("chosen", "best_index"),
        ("oracle", "gold_pos"),
        ("document", "page"),
        ("token_nll", "tok_surprisals"),
        ("total_nll", "sum_cost"),
        ("doc_ppl", "page_ppl"),
        ("sample", "no"),
        ("lps", "tok_logp"),
        ("tot", "logp_sum"),
        ("rid", "request"),
        ("generation", "output_pairs"),
        ("total", "sum_of_lps"),
        ("verdict", "success"),
        ("uid", "pair_no"),
    ];
    let logs = [
        "two-shares",
        "hits",
        "corpus",
        "file-per-item",
        "pairs-of-token-and-number",
        "lists-in-strings",
        "rerank",
        "answers",
        "in-pieces",
    ];
    let mut logs: Vec<String> = logs.iter().map(|name| format!("by-value-{name}")).collect();
    let others = [
        "minimal-pairs-with-tokens",
        "minimal-pairs-in-objects",
        "lists-by-label",
        "answer-in-a-string",
        "keyed-by-item",
    ];
    logs.extend(others.map(str::to_owned));
    for (name, kind) in logs.iter().flat_map(|name| [(name, "clean"), (name, "bad")]) {
        // Those by value are read under their own names in another test.
        for is_renamed in [true, false].into_iter().filter(|own| *own || !name.starts_with("by-value")) {
            let folder = tempfile::tempdir().unwrap();
            for entry in std::fs::read_dir(root().join(format!("fixtures/formats/native/{kind}-{name}"))).unwrap() {
                let path = entry.unwrap().path();
                let file = path.file_name().unwrap().to_str().unwrap();
                if file != "expected.toml" {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let text = if is_renamed { renamed(&text, &names) } else { text };
                    std::fs::write(folder.path().join(file), text).unwrap();
                }
            }
            let without = audit(folder.path(), ".", None);
            let output = retally(folder.path(), &["init", "."]);
            let said = text(&output.stdout);
            let wrote = said.lines().find_map(|line| line.strip_prefix("wrote retally.toml: ")).unwrap();
            let mut words = wrote.split(' ');
            let known = words.next();
            assert!(known == words.nth(1) && known != Some("0"), "{kind}-{name}: {said}");
            let with = audit(folder.path(), ".", None);
            for part in ["exit", "findings", "claims", "metrics", "summary"] {
                assert_eq!(without[part], with[part], "{kind}-{name}, {is_renamed}: {part}");
            }
            assert_eq!(with["exit"], i32::from(kind == "bad"), "{kind}-{name}, {is_renamed}: {said}");
        }
    }
}

#[test]
fn fields_that_no_log_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = root().join("fixtures/formats/native/clean-by-value-in-pieces/generations.jsonl");
    std::fs::copy(log, folder.path().join("generations.jsonl")).unwrap();
    let config = "[input]\nitem = \"request_id\"\nlogprobs = \"generation.piece.lp\"\n";
    std::fs::write(folder.path().join("retally.toml"), config).unwrap();
    for arguments in [
        &["init", "generations.jsonl", "--force"][..],
        &["init", "--ci", "gitlab", "generations.jsonl"],
        &["check", "generations.jsonl"],
    ] {
        let output = retally(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let expected = "retally: retally.toml:3:1: [input] logprobs = \"generation.piece.lp\": no record has this field; \
                        did you mean `generation.pieces.lp`?\n";
        assert_eq!(text(&output.stderr), expected, "{arguments:?}");
    }
    assert!(!folder.path().join(".gitlab-ci.retally.yml").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("retally.toml")).unwrap(), config);
}

#[test]
fn fields_that_fit_alike_are_asked_with_what_each_would_prove() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: usize| {
        let (own, other) = (0.25 + at as f64 / 64.0, 0.5 + at as f64 / 32.0);
        format!(
            "{{\"rid\": \"r{at}\", \"words\": [\"a\", \"b\"], \"student_lps\": [-{own}, -1.5], \"teacher_lps\": [-{other}, -0.5], \
             \"student_sum\": -{}, \"teacher_sum\": -{}}}\n",
            own + 1.5,
            other + 0.5
        )
    };
    std::fs::write(folder.path().join("x.jsonl"), (0..12).map(row).collect::<String>()).unwrap();
    let output = retally(folder.path(), &["init", "x.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = "to decide:\n  \
        `x.jsonl`: [input] logprobs = \"student_lps\" would prove 12 claims: `student_sum` follows from them\n  \
        `x.jsonl`: [input] logprobs = \"teacher_lps\" would prove 12 claims: `teacher_sum` follows from them\n\
        wrote retally.toml: 0 of 0 claims can be checked\nnext: retally check x.jsonl\n";
    assert_eq!(text(&output.stdout), expected);
    let written = std::fs::read_to_string(folder.path().join("retally.toml")).unwrap();
    let question = "# x.jsonl: these fields fit alike; activate one of them:\n\
        # logprobs = \"student_lps\"  # would prove 12 claims: `student_sum` follows from them\n";
    assert!(written.contains(question), "{written}");
    assert_eq!(retally(folder.path(), &["check", "x.jsonl"]).status.code(), Some(2));
    let chosen = written.replace("# logprobs = \"student_lps\"", "logprobs = \"student_lps\"");
    std::fs::write(folder.path().join("retally.toml"), chosen).unwrap();
    let report = audit(folder.path(), "x.jsonl", None);
    assert_eq!(report["summary"]["verdicts"]["student_sum"]["proven"], 12, "{report}");
}

#[test]
fn trace_and_score_take_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let log = "{\"n\": \"a\", \"x\": [-0.5, -1.5], \"y\": -2.0}\n";
    std::fs::write(folder.path().join("a.jsonl"), log).unwrap();
    std::fs::write(folder.path().join("own.toml"), "[input]\nitem = \"n\"\nlogprobs = \"x\"\nscore = \"y\"\n").unwrap();
    for command in [&["score", "a.jsonl"][..], &["trace", "a.jsonl", "--item", "a"]] {
        assert_eq!(retally(folder.path(), command).status.code(), Some(2));
        let output = retally(folder.path(), &[command, &["--config", "own.toml"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("-2.0"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_refused_log_is_answered_with_its_own_fields() {
    let folder = tempfile::tempdir().unwrap();
    let log = "{\"n\": \"a\", \"x\": [-0.5, -1.5]}\n{\"n\": \"b\", \"x\": [-0.25]}\n";
    std::fs::write(folder.path().join("a.jsonl"), log).unwrap();
    let output = retally(folder.path(), &["check", "a.jsonl"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "found the fields `n` (string, unique), `x` (1–2 numbers ≤ 0); map them in retally.toml, such as \
                    [input] item = \"n\", logprobs = \"x\"";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_refuted_convention_is_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let log = root().join("fixtures/formats/native/bug-mean");
    let config = written(folder.path(), &[log.to_str().unwrap()]);
    let expected = "[conventions]\n\
        # score is checked against sum(logprob); 1,001 of 1,200 rows are refuted.\n\
        # 1,001 rows match sum(logprob)/n: is that intended?\n\
        # score = \"sum(logprob)/n\"\n";
    assert!(config.contains(expected), "{config}");
    // Uncommenting the line makes it the convention, which is its purpose.
    std::fs::write(folder.path().join("yes.toml"), in_effect(&config, "conventions")).unwrap();
    let report = audit(folder.path(), log.to_str().unwrap(), Some("yes.toml"));
    assert_eq!(report["summary"]["verdicts"]["score"]["refuted"], 0);
}

#[test]
fn the_roles_are_those_that_were_recognised() {
    let folder = tempfile::tempdir().unwrap();
    for log in
        ["formats/native/clean-candidates", "formats/native/clean-items", "cases/C4.jsonl", "hostile/corpus.jsonl"]
    {
        let log = root().join("fixtures").join(log);
        let log = log.to_str().unwrap();
        let config = written(folder.path(), &[log]);
        let config = in_effect(&config, "input").replace("sentinels = [-100.0]", "");
        assert!(config.contains("\nitem = \""), "{config}");
        std::fs::write(folder.path().join("roles.toml"), &config).unwrap();
        let (without, with) = (audit(folder.path(), log, None), audit(folder.path(), log, Some("roles.toml")));
        assert_eq!(without["findings"], with["findings"], "{log}\n{config}");
        assert_eq!(without["summary"], with["summary"], "{log}\n{config}");
    }
}

#[test]
fn all_commented_entries_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let log = root().join("fixtures/formats/native/clean-candidates");
    let config = written(folder.path(), &[log.to_str().unwrap()]);
    let mut all = String::new();
    let mut entries = 0;
    for line in config.lines() {
        let entry = line.strip_prefix("# ").filter(|entry| entry.contains(" = ") || *entry == "[[exceptions]]");
        entries += usize::from(entry.is_some());
        writeln!(all, "{}", entry.unwrap_or(line)).unwrap();
    }
    assert!(entries > 15, "{config}");
    Config::parse("retally.toml", &all, folder.path()).unwrap_or_else(|error| panic!("{error}\n{all}"));
    std::fs::write(folder.path().join("all.toml"), &all).unwrap();
    let output = retally(folder.path(), &["check", log.to_str().unwrap(), "--config", "all.toml"]);
    assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn text_of_a_log_and_names_of_files_stay_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let name = "x\n[gate]\nfail-on = \"never\"\u{202e}\u{1b}[31m ##[error] '\"$(id).jsonl";
    std::fs::copy(root().join("fixtures/hostile/corpus.jsonl"), folder.path().join(name)).unwrap();
    let output = retally(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let config = std::fs::read_to_string(folder.path().join("retally.toml")).unwrap();
    for shown in [&config, &text(&output.stdout), &text(&output.stderr)] {
        let raw = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}';
        assert!(!shown.contains(raw), "{shown}");
        assert!(!shown.contains("##["), "{shown}");
        assert!(!shown.lines().any(|line| line.trim_start().starts_with("::")), "{shown}");
    }
    let table: toml::Table = config.parse().unwrap();
    for (section, entries) in &table {
        assert!(entries.as_table().unwrap().is_empty(), "{section}\n{config}");
    }
    assert_eq!(table.len(), 5, "{config}");
    assert!(config.contains("# x\\n[gate]\\nfail-on = "), "{config}");
}

#[test]
fn it_says_what_it_recognised_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("a.jsonl"), by_bytes(["été", "naïve café", "日本語"])).unwrap();
    let output = retally(here, &["init", "a.jsonl"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for part in [
        "a.jsonl: 3 records, native-jsonl\n",
        "  logprobs      3 numbers ≤ 0                   → logprobs\n",
        "  score         = sum(logprob) in 3 of 3        → score  (proven)\n",
        "wrote retally.toml: 6 of 6 claims can be checked\nnext: retally check a.jsonl\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    std::fs::write(here.join("retally.toml"), "[rules]\nRT407 = \"off\"\n").unwrap();
    let output = retally(here, &["init", "a.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "retally: retally.toml already exists; --force adds to it what it lacks\n");
    assert_eq!(std::fs::read_to_string(here.join("retally.toml")).unwrap(), "[rules]\nRT407 = \"off\"\n");
    assert_eq!(retally(here, &["init", "a.jsonl", "--force"]).status.code(), Some(0));
    let expected = "[rules]\nRT407 = \"off\"\n\n[conventions]\nscore_norm = \"sum(logprob)/bytes\"\n";
    assert_eq!(std::fs::read_to_string(here.join("retally.toml")).unwrap(), expected, "what is declared is kept");
    // A file that `check` would not find automatically.
    std::fs::create_dir(here.join("conf")).unwrap();
    let output = retally(here, &["init", "a.jsonl", "--output", "conf/own.toml"]);
    assert!(text(&output.stdout).ends_with("next: retally check a.jsonl --config conf/own.toml\n"));
    let log = std::fs::read_to_string(here.join("a.jsonl")).unwrap();
    let output = retally(here, &["init", "a.jsonl", "--force", "--output", "a.jsonl"]);
    assert_eq!(output.status.code(), Some(2), "an input is never replaced");
    assert_eq!(std::fs::read_to_string(here.join("a.jsonl")).unwrap(), log);
}

#[test]
fn without_a_log_it_says_what_it_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "{\"weights\": [1, 2]}").unwrap();
    for paths in [&["a.json"][..], &["."], &["missing.jsonl"], &["-"]] {
        let output = retally(folder.path(), &[&["init"], paths].concat());
        assert_eq!(output.status.code(), Some(2), "{paths:?}");
        let said = text(&output.stderr);
        let parts: &[&str] = if paths == ["-"] { &["name a file"] } else { &["retally formats", paths[0]] };
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert!(!folder.path().join("retally.toml").exists());
}

fn yaml(text: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// The paths in a CI file.
fn paths_of(system: System, file: &Yaml) -> Vec<String> {
    let lines = |text: &Yaml| text.as_str().unwrap().lines().map(str::to_owned).collect();
    match system {
        System::Github => lines(&file["jobs"]["audit"]["env"]["RETALLY_PATHS"]),
        System::Gitlab => lines(&file["retally"]["variables"]["RETALLY_PATHS"]["value"]),
        System::PreCommit => {
            let arguments = file["repos"][0]["hooks"][0]["args"].as_vec().unwrap();
            arguments.iter().map(|path| path.as_str().unwrap().to_owned()).collect()
        }
    }
}

#[test]
fn files_for_ci_are_yaml_with_the_paths_and_with_options_that_exist() {
    let help = text(&retally(root(), &["check", "--help"]).stdout);
    let paths = [
        "runs/",
        "a b.jsonl",
        "it's \"x\" # y: {z}, [w] $(id) `id` $HOME %s & * ! | > - ?",
        "\u{202e}é\t\u{85}",
        "@VERSION@",
    ];
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    for system in System::ALL {
        let text = system.file(&paths).unwrap();
        let file = yaml(&text);
        assert_eq!(paths_of(system, &file), paths, "{text}");
        assert!(!text.contains("==@") && !text.contains("@PATHS@"), "{text}");
        let mut words = text.split_whitespace().peekable();
        let mut options = 0;
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else { continue };
            options += 1;
            assert!(help.contains(&format!("--{option}")), "{option} in {text}");
            if matches!(option, "report" | "format") {
                let format = words.peek().unwrap().split('=').next().unwrap();
                assert!(help.contains(&format!("- {format}:")), "{format} in {text}");
            }
        }
        assert!(options >= 3 || system == System::PreCommit, "{text}");
    }
    for wrong in ["-", "a\nb", "${{ secrets.X }}", "$[[ inputs.x ]]"] {
        assert!(System::Github.file(&[wrong.to_owned()]).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_for_ci_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, system) in [("github", System::Github), ("gitlab", System::Gitlab), ("pre-commit", System::PreCommit)] {
        let file = folder.path().join(system.path());
        let output = retally(folder.path(), &["init", "--ci", name, "runs/"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let expected = system.file(&["runs/".to_owned()]).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
        std::fs::write(&file, "mine: true\n").unwrap();
        let output = retally(folder.path(), &["init", "--ci", name, "runs/"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout), expected);
        assert!(text(&output.stderr).contains("already exists and was not changed"), "{}", text(&output.stderr));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine: true\n");
    }
    assert!(!folder.path().join("retally.toml").exists());
}

/// Runs a step of a CI file as the CI would.
#[cfg(unix)]
fn step(folder: &Path, shell: &str, script: &str, paths: &str) -> i32 {
    let path = format!("{}:{}", program().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(shell);
    command
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env_remove("GITHUB_STEP_SUMMARY")
        .env("PATH", path)
        .env("RETALLY_PATHS", paths);
    command.output().unwrap().status.code().unwrap()
}

#[cfg(unix)]
#[test]
fn the_steps_for_ci_run_and_take_paths_as_they_are() {
    let mean = std::fs::read_to_string(root().join("fixtures/rules/RT204-mean-for-sum/bad.jsonl")).unwrap();
    let names = ["a b.jsonl", "it's \"$(touch ran)`touch ran`$HOME.jsonl"];
    let file = |system: System| yaml(&system.file(&names.map(str::to_owned)).unwrap());
    let github = file(System::Github);
    let steps = github["jobs"]["audit"]["steps"].as_vec().unwrap();
    let audit = steps.iter().find(|step| step["name"].as_str() == Some("Audit")).unwrap();
    let gitlab = file(System::Gitlab);
    let runs = [
        ("bash", audit["run"].as_str().unwrap(), &["retally.sarif", "retally.html"][..]),
        ("sh", gitlab["retally"]["script"][1].as_str().unwrap(), &["gl-code-quality.json", "retally-junit.xml"]),
    ];
    for (shell, script, outputs) in runs {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(names[0]), by_bytes(["été", "naïve café", "日本語"])).unwrap();
        std::fs::write(folder.path().join(names[1]), &mean).unwrap();
        assert_eq!(step(folder.path(), shell, script, names[0]), 0, "{script}");
        assert_eq!(step(folder.path(), shell, script, &names.join("\n")), 1, "{script}");
        for output in outputs {
            assert!(folder.path().join(output).is_file(), "{output}");
        }
        assert_eq!(step(folder.path(), shell, script, "missing.jsonl"), 2, "{script}");
        assert!(!folder.path().join("ran").exists());
    }
}
