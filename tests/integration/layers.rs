//! Modules import only from the rows above their own.

use std::path::Path;

/// The layers, lowest first. A module may name those before it.
const LAYERS: [&str; 21] = [
    "numeric", "model", "derive", "formula", "metric", "source", "tally", "rules", "config", "format", "audit",
    "report", "conclude", "gate", "score", "trace", "engine", "parts", "init", "cli", "lib",
];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The top-level modules that a file names after `crate::`, outside comments; grouped imports taken apart.
fn named(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for part in code.split("crate::").skip(1) {
        let names: Vec<&str> = match part.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![part],
        };
        for name in names {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name.chars().next().is_some_and(char::is_lowercase) {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn modules_import_from_lower_layers_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut wrong = Vec::new();
    for path in all {
        let relative = path.strip_prefix(&root).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if module == "main" || module == "lib" {
            continue;
        }
        let own = LAYERS.iter().position(|layer| *layer == module);
        let own = own.unwrap_or_else(|| panic!("`{module}` is not in the table of layers"));
        let text = std::fs::read_to_string(&path).unwrap();
        for name in named(&text) {
            let layer = LAYERS.iter().position(|layer| *layer == name);
            if module != "cli" && layer.is_some_and(|layer| layer > own) {
                wrong.push(format!("{}: crate::{name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
