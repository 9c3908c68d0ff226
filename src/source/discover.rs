//! Arguments to inputs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::source::{Input, SourceError};

/// Extensions of files that a directory contributes.
const ENDINGS: [&str; 11] =
    [".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".arrows", ".feather", ".ipc", ".eval"];
/// Extensions of files that a directory contributes only if they turn out to be logs; most text files are not.
const ENDINGS_OF_TEXT: [&str; 5] = [".txt", ".log", ".out", ".nbest", ".hyp"];

/// The inputs that the arguments name.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Inputs, sorted by shown path, each file once.
    pub inputs: Vec<Input>,
    /// Arguments that name nothing.
    pub errors: Vec<SourceError>,
}

/// Finds the inputs that the arguments name: files, directories, globs.
#[must_use]
pub fn discover(arguments: &[String]) -> Discovery {
    let mut found = Discovery::default();
    for argument in arguments {
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
    found.inputs.retain(|input| input.file_path().is_none_or(|path| seen.insert(canonical(path))));
    found
}

/// How an argument's path is shown.
#[must_use]
pub fn shown(argument: &str) -> &str {
    argument.strip_prefix("./").unwrap_or(argument)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path with `/` between its parts. Elsewhere than on Windows a backslash is a character of a name.
fn slashed(path: &str) -> String {
    if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() }
}

fn file(path: &Path) -> Input {
    let shown = slashed(&path.to_string_lossy());
    Input::file(shown.strip_prefix("./").unwrap_or(&shown).to_owned(), path.to_path_buf())
}

/// Whether a file from a directory could be a log, by its name.
fn is_candidate(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ends_with(&name, &ENDINGS) || is_text(&name)
}

/// Whether a file is by its name a text that may be a log or anything else.
#[must_use]
pub fn is_text(path: &str) -> bool {
    ends_with(path, &ENDINGS_OF_TEXT)
}

fn ends_with(name: &str, endings: &[&str]) -> bool {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Files below a directory, except hidden ones. Links to directories are not followed, so there are no loops.
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
    let slashed = slashed(argument);
    let pattern = slashed.strip_prefix("./").unwrap_or(&slashed);
    let matcher = globset::GlobBuilder::new(pattern).literal_separator(true).build().map_err(bad)?.compile_matcher();
    // Only what lies below the part without a wildcard can match.
    let before = inputs.len();
    for path in walk(Path::new(&glob_root(pattern))) {
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

/// The directory that holds whatever a pattern can match: its part before the first wildcard.
fn glob_root(pattern: &str) -> String {
    let fixed = pattern.find(['*', '?', '[', '{']).map_or(pattern, |at| &pattern[..at]);
    match fixed.rsplit_once('/') {
        None => ".".to_owned(),
        // The root of the file system or of a drive: without its `/` a drive means its current directory.
        Some((root, _)) if root.is_empty() || root.ends_with(':') => format!("{root}/"),
        Some((root, _)) => root.to_owned(),
    }
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
    fn a_glob_is_looked_for_where_it_can_match() {
        let roots = ["*.jsonl", "a/b*/c.jsonl", "/*.jsonl", "C:/*.jsonl", "C:/logs/?.csv", "../x/**"].map(glob_root);
        assert_eq!(roots, [".", "a", "/", "C:/", "C:/logs", "../x"]);
    }

    #[cfg(not(windows))]
    #[test]
    fn a_backslash_is_a_character_of_a_name() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("a")).unwrap();
        std::fs::write(root.path().join("a/b.jsonl"), "x").unwrap();
        std::fs::write(root.path().join("a\\b.jsonl"), "x").unwrap();
        let found = discover(&[root.path().to_string_lossy().into_owned()]);
        let names: Vec<&str> = found.inputs.iter().map(Input::logical_name).collect();
        assert_eq!(names, ["b.jsonl", "a\\b.jsonl"]);
    }

    #[test]
    fn directories_globs_and_files() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("sub/.hidden")).unwrap();
        for name in ["b.jsonl", "a.csv.gz", "notes.md", "sub/c.json", "sub/.hidden/d.json", "odd.dat"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let path = |name: &str| at(name).to_string_lossy().into_owned();
        assert_eq!(names(&[path("")]), (vec!["a.csv".into(), "b.jsonl".into(), "c.json".into()], 0));
        assert_eq!(names(&[path("odd.dat"), path("b.jsonl"), path("./b.jsonl")]).0.len(), 2);
        assert_eq!(names(&[path("**/*.json")]), (vec!["c.json".into()], 0));
        assert_eq!(names(&[path("*.{jsonl,csv.gz}")]).0.len(), 2);
        assert_eq!(names(&[path("*.parquet"), path("nothing"), path("sub/.hidden/..")]).1, 2);
    }
}
