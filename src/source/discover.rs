//! Resolves arguments to inputs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::{self, NameKind};
use crate::source::{Input, SourceError};

/// The inputs named by the arguments.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Inputs, sorted by displayed path, each file once.
    pub inputs: Vec<Input>,
    /// Arguments that match nothing, and unreadable paths below them.
    pub errors: Vec<SourceError>,
    /// Files that are deliberately left out of directories: path and reason.
    pub skipped: Vec<(String, &'static str)>,
    /// The skipped files whose names suggest a log.
    pub doubtful: Vec<String>,
}

/// Finds the inputs named by the arguments: files, directories, globs.
#[must_use]
pub fn discover(arguments: &[String]) -> Discovery {
    let mut found = Discovery::default();
    let mut files = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        let result = if path.is_dir() {
            directory(argument, &mut found)
        } else if path.exists() {
            Ok(vec![Located { input: named(path), real: canonical(path) }])
        } else if argument.contains(['*', '?', '[', '{']) {
            glob(argument, &mut found)
        } else {
            Err(SourceError::NotFound { path: argument.clone() })
        };
        match result {
            Ok(own) => files.extend(own),
            Err(error) => found.errors.push(error),
        }
    }
    files.sort_by(|a, b| a.input.path.cmp(&b.input.path));
    let mut seen = BTreeSet::new();
    files.retain(|file| file.input.file_path().is_none() || seen.insert(file.real.as_os_str().to_owned()));
    found.inputs = files.into_iter().map(|file| file.input).collect();
    found
}

/// An input with the path that leads to it without links.
struct Located {
    input: Input,
    real: PathBuf,
}

/// The displayed form of an argument's path.
#[must_use]
pub fn shown(argument: &str) -> &str {
    argument.strip_prefix("./").unwrap_or(argument)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path with `/` as separator. On systems other than Windows, a backslash is part of a name.
fn slashed(path: &str) -> String {
    if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() }
}

/// The displayed form of a path.
fn displayed(path: &Path) -> String {
    shown(&slashed(&path.to_string_lossy())).to_owned()
}

/// The input that an argument names: a file or a pipe.
fn named(path: &Path) -> Input {
    let (shown, path) = (displayed(path), path.to_path_buf());
    if is_pipe(&path) { Input::pipe(shown, path) } else { Input::file(shown, path) }
}

/// Whether a path leads to a pipe or a socket, which can be read only once.
#[cfg(unix)]
#[must_use]
pub fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    path.metadata().is_ok_and(|there| there.file_type().is_fifo() || there.file_type().is_socket())
}

/// Whether a path leads to a pipe.
#[cfg(not(unix))]
#[must_use]
pub fn is_pipe(_path: &Path) -> bool {
    false
}

/// The kind of a file, by its name.
fn kind(path: &Path) -> NameKind {
    NameKind::of(&path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default())
}

/// Whether a file is, by its name, a text that may or may not be a log.
#[must_use]
pub fn is_text(path: &str) -> bool {
    kind(Path::new(path)) == NameKind::Text
}

/// Files below a directory, except hidden ones, whose path `is_wanted`; the rest go to `others`. Links to directories
/// are not followed, which rules out loops. Links to files are followed only within the directory. `is_inside` says
/// which directories may contain wanted files.
fn walk(
    root: &Path,
    found: &mut Discovery,
    others: &mut Vec<PathBuf>,
    is_wanted: impl Fn(&Path) -> bool,
    is_inside: impl Fn(&Path) -> bool,
) -> Vec<Located> {
    let walk = ignore::WalkBuilder::new(root).standard_filters(false).hidden(true).follow_links(false).build();
    let whole = canonical(root);
    let located = |path: PathBuf, real| Located { input: Input::file(displayed(&path), path), real };
    let mut files = Vec::new();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.errors.extend(
                    unreadable(error)
                        .filter(|(path, _)| is_inside(path))
                        .map(|(path, source)| SourceError::Io { path: slashed(&path.to_string_lossy()), source }),
                );
                continue;
            }
        };
        let path = entry.path();
        // The walk knows the kind of most entries from their directory, which spares a look at each.
        let Some(kind) = entry.file_type().filter(|_| entry.depth() > 0) else { continue };
        if kind.is_symlink() {
            let shown = || displayed(path);
            match path.canonicalize() {
                Ok(target) if target.is_dir() => found.skipped.push((shown(), "a link to a directory")),
                _ if !is_wanted(path) => {}
                Ok(target) if !target.starts_with(&whole) => {
                    found
                        .errors
                        .push(SourceError::Outside { path: shown(), target: target.to_string_lossy().into_owned() });
                }
                Ok(target) if target.is_file() => files.push(located(entry.into_path(), target)),
                Ok(_) => {}
                Err(source) => found.errors.push(SourceError::Dangling { path: shown(), source }),
            }
        } else if kind.is_file() && is_wanted(path) {
            // No link lies between the root and the file.
            let real = path.strip_prefix(root).map_or_else(|_| canonical(path), |rest| whole.join(rest));
            files.push(located(entry.into_path(), real));
        } else if kind.is_file() {
            others.push(entry.into_path());
        } else if !kind.is_dir() && is_wanted(path) {
            found.skipped.push((displayed(path), "a pipe or a device; name it to read it"));
        }
    }
    files
}

/// The path and the system error from an error about one path.
fn unreadable(error: ignore::Error) -> Option<(PathBuf, std::io::Error)> {
    match error {
        // The error of the walk repeats the path.
        ignore::Error::WithPath { path, err } => err.into_io_error().map(|error| (path, error.kind().into())),
        ignore::Error::WithDepth { err, .. } => unreadable(*err),
        _ => None,
    }
}

fn directory(argument: &str, found: &mut Discovery) -> Result<Vec<Located>, SourceError> {
    let errors = found.errors.len();
    let mut others = Vec::new();
    let is_wanted = |path: &Path| matches!(kind(path), NameKind::Log | NameKind::Text);
    let files = walk(Path::new(argument), found, &mut others, is_wanted, |_| true);
    for path in others {
        let shown = displayed(&path);
        if kind(&path) == NameKind::Doubtful {
            found.doubtful.push(shown.clone());
        }
        found.skipped.push((shown, "its extension is not one of a log"));
    }
    if files.is_empty() && found.errors.len() == errors {
        return Err(SourceError::EmptyDirectory { path: argument.to_owned() });
    }
    Ok(files)
}

fn glob(argument: &str, found: &mut Discovery) -> Result<Vec<Located>, SourceError> {
    let slashed = slashed(argument);
    let pattern = slashed.strip_prefix("./").unwrap_or(&slashed);
    let matcher =
        model::glob(pattern, true).map_err(|reason| SourceError::BadGlob { path: argument.to_owned(), reason })?;
    // Only paths below the part without a wildcard can match.
    let root = glob_root(pattern);
    let errors = found.errors.len();
    let is_wanted = |path: &Path| matcher.is_match(displayed(path));
    let files =
        walk(Path::new(&root), found, &mut Vec::new(), is_wanted, |directory| may_hold(pattern, &displayed(directory)));
    if files.is_empty() && found.errors.len() == errors {
        return Err(SourceError::NoMatch { path: argument.to_owned() });
    }
    Ok(files)
}

/// Whether a directory may contain a match of the pattern, at any depth.
fn may_hold(pattern: &str, directory: &str) -> bool {
    // Alternatives may contain separators, and `**` matches any number of components.
    if pattern.contains("**") || pattern.contains('{') {
        return true;
    }
    let depth = directory.split('/').count();
    let start: Vec<&str> = pattern.split('/').take(depth).collect();
    if start.len() < depth || pattern.split('/').count() == depth {
        return false;
    }
    model::glob(&start.join("/"), true).is_ok_and(|glob| glob.is_match(directory))
}

/// The directory that contains all possible matches: the part of the pattern before the first wildcard.
fn glob_root(pattern: &str) -> String {
    let fixed = pattern.find(['*', '?', '[', '{']).map_or(pattern, |at| &pattern[..at]);
    match fixed.rsplit_once('/') {
        None => ".".to_owned(),
        // The root of the file system or of a drive. A drive without its `/` means its current directory.
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
