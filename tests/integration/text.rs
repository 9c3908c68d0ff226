//! The text report: the verdict, blocks, folding, and the options that say more or less.

use crate::support::{Folder, GOOD, MEAN, contains, fixture, run_in};

/// Columns that a line takes; the characters of these reports take one each.
fn columns(line: &str) -> usize {
    line.chars().count()
}

fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A log of a task whose scores are means, and right ones in every third task.
fn tasks(count: usize) -> String {
    let row = |task: usize, item: usize| {
        let first = -0.25 - item as f64 / 8.0;
        let score = if task.is_multiple_of(3) { first - 0.5 } else { (first - 0.5) / 2.0 };
        format!(
            "{{\"task\": \"task-{task:02}\", \"item\": \"q{item}\", \"continuation\": \"a b\", \"tokens\": [\"a\", \" b\"], \"logprobs\": [{first:.4}, -0.5000], \"score\": {score:.6}}}\n"
        )
    };
    (0..count).flat_map(|task| (0..20 + task).map(move |item| row(task, item))).collect()
}

#[test]
fn lines_fit_the_width() {
    for name in ["formats/native/bug-mixture", "formats/lighteval/bad-argmin"] {
        for width in [60, 120] {
            let (code, out, err) = run_in(root(), &format!("check fixtures/{name} --width {width}"));
            assert_eq!(code, 1, "{err}");
            // Paths are not folded: they are clicked and copied.
            for line in out.lines().filter(|line| !line.contains("╭─[") && !line.starts_with("error[")) {
                assert!(columns(line) <= width, "{name} at {width}: {} columns: {line}", columns(line));
            }
            // No word is lost on the way.
            let words = |text: &str| text.split_whitespace().filter(|word| !"·│┤╰─".contains(*word)).count();
            let (_, wide, _) = run_in(root(), &format!("check fixtures/{name} --width 1000"));
            let evidence = |text: &str| {
                let from = text.find("evidence").unwrap();
                words(&text[from..text.rfind("more ").unwrap()])
            };
            assert_eq!(evidence(&out), evidence(&wide), "{name} at {width}");
        }
    }
}

#[test]
fn the_verdict_comes_first_in_its_colour() {
    let folder = Folder::with(&[
        ("good.jsonl", GOOD),
        ("mean.jsonl", MEAN),
        ("open.jsonl", "{\"item\": \"q\", \"continuation\": \"a\", \"score\": -1.5}\n"),
    ]);
    for (name, verdict, colour) in [
        ("good.jsonl", "The only claim is proven", "1;32"),
        ("mean.jsonl", "1 error found; 2 of 2 claims are refuted", "1;31"),
        ("open.jsonl", "The gate fails: 0 of 1 claim could be checked", "1;31"),
    ] {
        let (_, out, _) = folder.run(&format!("check {name}"));
        assert!(out.starts_with(verdict), "{out}");
        let (_, out, _) = folder.run(&format!("check {name} --color always"));
        assert!(out.starts_with(&format!("\x1b[{colour}m{verdict}")), "{out:?}");
        // What the verdict says is not said again.
        assert_eq!(out.matches("could be checked").count(), usize::from(name == "open.jsonl"), "{out}");
    }
    let (code, out, _) = folder.run("check missing.jsonl");
    assert_eq!(
        (code, out.as_str()),
        (
            2,
            "missing.jsonl: `missing.jsonl` does not exist (expected a file, a directory, a glob or - for standard input)\n"
        )
    );
}

#[test]
fn one_rule_in_many_tasks_is_one_block_with_the_worst_task_first() {
    let folder = Folder::with(&[("a.jsonl", &tasks(20))]);
    let (code, out, err) = folder.run("check a.jsonl");
    assert_eq!(code, 1, "{err}");
    assert_eq!(out.matches("error[RT204]").count(), 1, "{out}");
    contains(
        &out,
        &[
            "error[RT204]: 13 of 20 tasks: `score` is the mean of the log-probs, not their sum",
            "tasks     task-19  39 rows\n          task-17  37 rows\n",
            "          and 3 more (-v lists them)",
        ],
    );
    let (_, out, _) = folder.run("check a.jsonl -v");
    contains(&out, &["          task-01  21 rows\n"]);
    assert!(!out.contains("more (-v"), "{out}");
    let (_, page, _) = folder.run("check a.jsonl --format markdown");
    assert_eq!(page.matches("**error [RT204]").count(), 1, "{page}");
    contains(&page, &["13 of 20 tasks: ", "| `task-19` | 39 rows |", "7 more are omitted here"]);
    // The first block, with its table, fits a screen.
    let block = page.split("### Claims").next().unwrap();
    assert!(block.lines().count() < 45, "{block}");
}

#[test]
fn a_finding_of_one_task_names_it() {
    let (_, out, _) = run_in(root(), "check fixtures/formats/lm-eval/scorer-raw_logits --quiet --width 200");
    contains(&out, &["error[RT101]: 2 of 2 tasks: "]);
    let log = tasks(2);
    let folder = Folder::with(&[("a.jsonl", &log)]);
    contains(&folder.run("check a.jsonl").1, &["error[RT204]: task-01: `score` is the mean"]);
    contains(&folder.run("check a.jsonl --format html").1, &["<bdi>task-01: <code>score</code> is the mean"]);
}

#[test]
fn what_was_checked_is_one_line_and_all_of_it_with_v() {
    let directory = fixture("formats/lm-eval/v0.4.9");
    let line = format!("check {directory} --width 1000");
    let (code, out, _) = run_in(root(), &line);
    assert_eq!(code, 0);
    let (_, long, _) = run_in(root(), &format!("{line} -v"));
    let coverage = out.lines().find(|line| line.contains(" · ") && line.contains("not checkable")).unwrap();
    assert!(coverage.contains("proven · ") && coverage.ends_with("(-v lists them)"), "{coverage}");
    assert!(!out.contains("to prove it, log") && !out.contains("skipped for missing"), "{out}");
    contains(&long, &["to prove it, log", "skipped for missing fields", "run.acc"]);
}

#[test]
fn statistics_count_rules_and_claims() {
    let folder = Folder::with(&[("a.jsonl", &tasks(6))]);
    let (code, out, _) = folder.run("check a.jsonl --statistics");
    assert_eq!(code, 1);
    contains(
        &out,
        &["RT204  mean-for-sum  error    4 findings, 92 rows", "score     refuted     43 proven, 92 refuted of 135"],
    );
    assert!(!out.contains("evidence"), "{out}");
}

#[test]
fn files_are_shown_without_an_audit() {
    let folder = Folder::with(&[("a.jsonl", MEAN), ("notes.json", "{\"city\": \"Paris\"}\n"), ("old.json", "kept")]);
    let (code, out, err) = folder.run("check . --show-files --output old.json");
    assert_eq!((code, err.as_str()), (0, ""));
    contains(&out, &["a.jsonl: native-jsonl\n", "notes.json: not read ("]);
    // No report is written, so none is removed.
    assert_eq!(std::fs::read_to_string(folder.path().join("old.json")).unwrap(), "kept");
}

#[test]
fn a_path_in_place_of_a_command_is_answered_with_the_command() {
    let folder = Folder::with(&[("my runs/a.jsonl", GOOD), ("a.jsonl", GOOD)]);
    let (code, out, err) = folder.run("a.jsonl");
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "retally: `a.jsonl` is not a command; to audit it: retally check a.jsonl\n");
    let (code, _, err) = folder.run("chek");
    assert_eq!(code, 2);
    contains(&err, &["unrecognized subcommand 'chek'", "check"]);
}

#[test]
fn rules_are_explained_by_code_and_name_and_near_misses_are_named() {
    let (code, out, _) = run_in(root(), "explain rt204 summed-logits");
    assert_eq!(code, 0);
    contains(
        &out,
        &["RT204 mean-for-sum\nerror · certain · run\n", "/rules/RT204.html\n", "RT202 summed-logits\n", "## Asserts"],
    );
    for (given, hint) in [
        ("mean-for-sums", "did you mean `mean-for-sum`?"),
        ("RT2044", "did you mean `RT204`?"),
        ("logits", "did you mean RT106 linear-normalised-logits or RT202 summed-logits?"),
        ("xyz-nothing-like-it", "run `retally rules` for a list"),
    ] {
        let (code, out, err) = run_in(root(), &format!("explain {given}"));
        assert_eq!((code, out.as_str()), (2, ""), "{given}");
        assert_eq!(err, format!("retally: unknown rule `{given}`; {hint}\n"));
    }
}
