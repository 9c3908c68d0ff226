//! The schemas and the generated parts of the documentation, compared with the program.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use retally::internals::format::native::roles::{ROLES, Role, key};
use retally::internals::metric::catalogue::in_summaries;
use retally::{Audit, Config, report};
use serde_json::Value;

use crate::support::{complaints, logs, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn schema(path: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&read(path)).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{path}");
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_json_report_of_every_fixture_has_the_documented_shape() {
    let schema = schema("docs/report.schema.json");
    let logs = logs();
    assert!(logs.len() > 20);
    for log in logs {
        let report = Audit::new(Config::default()).inputs([log.to_string_lossy()]).run().unwrap();
        let mut bytes = Vec::new();
        report::json::render(&report, &mut bytes).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(complaints(&schema, &value), Vec::<String>::new(), "{}", log.display());
        let again: report::Report = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(again, report, "{}", log.display());
    }
}

#[test]
fn the_documented_report_is_one_and_names_every_field() {
    let schema = schema("docs/report.schema.json");
    let page = read("docs/json.md");
    let example = blocks(&page, "json").into_iter().next().unwrap();
    let value: Value = serde_json::from_str(&example).unwrap();
    assert_eq!(complaints(&schema, &value), Vec::<String>::new());
    let described: Value = serde_json::from_str(&read("docs/report.schema.json")).unwrap();
    for part in [
        "finding",
        "diagnosis",
        "claim",
        "metric",
        "comparison",
        "coverage",
        "error",
        "figure",
        "point",
        "path",
        "step",
    ] {
        for field in described["$defs"][part]["properties"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{field}`")) || page.contains(&format!("`{field}[]`")), "{part}: {field}");
        }
    }
}

/// The contents of a page's code blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = page.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_documented_configuration_is_valid_and_names_every_key() {
    let schema = schema("docs/retally.schema.json");
    let examples = blocks(&read("docs/configuration.md"), "toml");
    assert!(!examples.is_empty());
    for example in &examples {
        let table: toml::Table = example.parse().unwrap();
        let value = serde_json::to_value(table).unwrap();
        assert_eq!(complaints(&schema, &value), Vec::<String>::new(), "{example}");
        let resolved = Config::parse("retally.toml", example, Path::new("/")).unwrap();
        Audit::new(resolved).open().unwrap();
    }
    for key in [
        "[conventions]",
        "[input]",
        "[rules]",
        "[tolerance]",
        "[tolerance.claims]",
        "[report]",
        "[gate]",
        "[limits]",
        "[[exceptions]]",
        "[[overrides]]",
        "paths",
    ] {
        assert!(examples.iter().any(|example| example.contains(key)), "{key}");
    }
    let unknown = serde_json::json!({"rule": {}});
    assert!(!complaints(&schema, &unknown).is_empty());
}

#[test]
fn the_schema_of_the_configuration_knows_every_role() {
    let schema: Value = serde_json::from_str(&read("docs/retally.schema.json")).unwrap();
    let known: BTreeSet<String> = schema["$defs"]["input"]["properties"].as_object().unwrap().keys().cloned().collect();
    let roles = ROLES.iter().map(|names| key(names.role));
    let expected: BTreeSet<String> = roles.chain(["columns", "format", "sentinels"].map(str::to_owned)).collect();
    assert_eq!(known, expected);
}

#[test]
fn native_records_have_the_documented_shape() {
    let schema = schema("docs/native.schema.json");
    let page = read("docs/schema.md");
    let mut records = 0;
    for line in blocks(&page, "jsonl").iter().flat_map(|block| block.lines()) {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(complaints(&schema, &value), Vec::<String>::new(), "{line}");
        records += 1;
    }
    assert!(records >= 4);
    for log in logs().iter().filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")) {
        for line in std::fs::read_to_string(log).unwrap().lines() {
            // Bad fixtures contain invalid JSON: NaN, or a truncated record.
            let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
            assert_eq!(complaints(&schema, &value), Vec::<String>::new(), "{}", log.display());
        }
    }
}

#[test]
fn the_examples_of_the_native_form_are_proven() {
    let page = read("docs/schema.md");
    let folder = tempfile::tempdir().unwrap();
    let examples = blocks(&page, "jsonl").into_iter().map(|text| (text, "jsonl"));
    let examples = examples.chain(blocks(&page, "csv").into_iter().map(|text| (text, "csv")));
    for (at, (text, ending)) in examples.enumerate() {
        let path = folder.path().join(format!("{at}.{ending}"));
        std::fs::write(&path, &text).unwrap();
        let report = Audit::new(Config::default()).inputs([path.to_string_lossy()]).run().unwrap();
        assert_eq!(report.errors, [], "{text}");
        assert!(report.findings.is_empty(), "{text}: {:?}", report.findings);
        assert!(report.summary.candidates > 0, "{text}");
        assert!(report.summary.verdicts.values().all(|counts| counts.refuted == 0), "{text}");
    }
}

/// Requires the part between two markers of a page to equal `expected`; `RETALLY_BLESS=1` writes it.
fn generated(name: &str, expected: &str) {
    let path = "docs/schema.md";
    let page = read(path);
    let (open, close) = (format!("<!-- {name}: generated -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open).expect("the opening marker");
    let (committed, after) = rest.split_once(&close).expect("the closing marker");
    if committed == expected {
        return;
    }
    assert!(
        std::env::var_os("RETALLY_BLESS").is_some(),
        "{path}: the part `{name}` is out of date; write it with RETALLY_BLESS=1 cargo test --test integration schemas -- --test-threads 1"
    );
    std::fs::write(root().join(path), format!("{before}{open}{expected}{close}{after}")).unwrap();
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_documentation_lists_roles_claims_and_metrics() {
    let mut roles = String::from("| key | what it is | plain names | other names |\n|---|---|---|---|\n");
    let mut claims = String::from("| key | what it is | names | formula |\n|---|---|---|---|\n");
    for names in ROLES {
        let (key, about) = (key(names.role), names.about);
        if let Role::Claim(kind) = names.role {
            // Formulas without the end token follow those with it.
            let formulas = retally::internals::config::accepted(kind);
            let formulas: Vec<String> =
                formulas.iter().take(formulas.len() / 2).map(|formula| format!("`{formula}`")).collect();
            let all: Vec<&str> = names.strong.iter().chain(names.weak).copied().collect();
            writeln!(claims, "| `{key}` | {about} | {} | {} |", list(&all), formulas.join(" or ")).unwrap();
        } else {
            writeln!(roles, "| `{key}` | {about} | {} | {} |", list(names.strong), list(names.weak)).unwrap();
        }
    }
    generated("roles", &roles);
    generated("claims", &claims);
    generated("metrics", &format!("Known metrics: {}.\n", list(&in_summaries().collect::<Vec<_>>())));
}
