//! Arguments to inputs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::source::{Input, SourceError};

/// Endings of files that are taken from a directory.
const ENDINGS: [&str; 5] = [".json", ".jsonl", ".ndjson", ".csv", ".tsv"];

/// What the arguments name.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Inputs, sorted by shown path, each file once.
    pub inputs: Vec<Input>,
    /// Arguments that name nothing.
    pub errors: Vec<SourceError>,
}

/// Finds the inputs that the arguments name: files, directories, globs, `-`.
#[must_use]
pub fn discover(arguments: &[String]) -> Discovery {
    let mut found = Discovery::default();
    for argument in arguments {
        if argument == "-" {
            found.inputs.push(Input::stdin());
            continue;
        }
        let path = Path::new(argument);
        let result = if path.is_dir() {
            directory(argument, &mut found.inputs)
        } else if path.exists() {
            found.inputs.push(file(path));
            Ok(())
        } else if argument.contains(['*', '?', '[', '{']) {
            glob(argument, &mut found.inputs)
        } else {
            Err(SourceError::NotFound { path: argument.clone() })
        };
        found.errors.extend(result.err());
    }
    found.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    let mut seen = BTreeSet::new();
    found.inputs.retain(|input| seen.insert(canonical(&input.path)));
    found
}

/// How an argument's path is shown.
#[must_use]
pub fn shown(argument: &str) -> &str {
    if argument == "-" { "<stdin>" } else { argument.strip_prefix("./").unwrap_or(argument) }
}

fn canonical(path: &str) -> PathBuf {
    Path::new(path).canonicalize().unwrap_or_else(|_| PathBuf::from(path))
}

fn file(path: &Path) -> Input {
    let shown = path.to_string_lossy().replace('\\', "/");
    Input::file(shown.strip_prefix("./").unwrap_or(&shown).to_owned(), path.to_path_buf())
}

/// Whether a file from a directory could be a log, by its name.
fn is_candidate(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Files below a directory, hidden ones left out; links to directories are not followed, so there are no loops.
fn walk(root: &Path) -> impl Iterator<Item = PathBuf> {
    ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .hidden(true)
        .follow_links(false)
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_file())
        .map(ignore::DirEntry::into_path)
}

fn directory(argument: &str, inputs: &mut Vec<Input>) -> Result<(), SourceError> {
    let before = inputs.len();
    inputs.extend(walk(Path::new(argument)).filter(|path| is_candidate(path)).map(|path| file(&path)));
    if inputs.len() == before {
        return Err(SourceError::EmptyDirectory { path: argument.to_owned() });
    }
    Ok(())
}

fn glob(argument: &str, inputs: &mut Vec<Input>) -> Result<(), SourceError> {
    let bad = |error: globset::Error| SourceError::BadGlob { path: argument.to_owned(), reason: error.to_string() };
    let pattern = argument.strip_prefix("./").unwrap_or(argument);
    let matcher = globset::GlobBuilder::new(pattern).literal_separator(true).build().map_err(bad)?.compile_matcher();
    // Only what lies below the part without a wildcard can match.
    let fixed = pattern.find(['*', '?', '[', '{']).map_or(pattern, |at| &pattern[..at]);
    let root = fixed.rsplit_once('/').map_or("", |(root, _)| root);
    let root = if root.is_empty() && pattern.starts_with('/') { "/" } else { root };
    let before = inputs.len();
    let start = if root.is_empty() { Path::new(".") } else { Path::new(root) };
    for path in walk(start) {
        let input = file(&path);
        if matcher.is_match(&input.path) {
            inputs.push(input);
        }
    }
    if inputs.len() == before {
        return Err(SourceError::NoMatch { path: argument.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make files to find")]
mod tests {
    use super::*;

    fn names(arguments: &[String]) -> (Vec<String>, usize) {
        let found = discover(arguments);
        (found.inputs.iter().map(|input| input.logical_name().to_owned()).collect(), found.errors.len())
    }

    #[test]
    fn directories_globs_and_files() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("sub/.hidden")).unwrap();
        for name in ["b.jsonl", "a.csv.gz", "notes.md", "sub/c.json", "sub/.hidden/d.json", "odd.log"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let path = |name: &str| at(name).to_string_lossy().into_owned();
        assert_eq!(names(&[path("")]), (vec!["a.csv".into(), "b.jsonl".into(), "c.json".into()], 0));
        assert_eq!(names(&[path("odd.log"), path("b.jsonl"), path("./b.jsonl")]).0.len(), 2);
        assert_eq!(names(&[path("**/*.json")]), (vec!["c.json".into()], 0));
        assert_eq!(names(&[path("*.{jsonl,csv.gz}")]).0.len(), 2);
        assert_eq!(names(&[path("*.parquet"), path("nothing"), path("sub/.hidden/..")]).1, 2);
    }
}
