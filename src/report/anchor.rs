//! Where a finding points when its reader cannot open the log: a file of the repository.

use std::collections::BTreeMap;

use crate::report::Finding;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The path, relative to the repository's root where it lies below it, with `/`.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
}

/// What findings can be anchored to, best first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Anchors {
    /// Named by the user: the script or the configuration that produced the run.
    pub named: Option<Anchor>,
    /// The lines of `retally.toml` that declare the convention of a claim.
    pub conventions: BTreeMap<String, Anchor>,
    /// The configuration as a whole.
    pub config: Option<Anchor>,
    /// Root of the repository, an absolute path; empty if there is none.
    pub root: String,
    /// The directory that relative paths are relative to, an absolute path.
    pub directory: String,
}

impl Anchors {
    /// Where a finding points. The log itself comes last: it is large, and rarely in the repository.
    #[must_use]
    pub fn of(&self, finding: &Finding) -> Anchor {
        let declared = || self.conventions.get(&finding.claim).or(self.config.as_ref());
        if let Some(anchor) = self.named.as_ref().or_else(declared) {
            return anchor.clone();
        }
        match finding.locations.first() {
            Some(place) => Anchor { path: self.relative(&place.path), line: place.line.max(1) },
            None => Anchor { path: crate::config::FILE_NAME.to_owned(), line: 1 },
        }
    }

    /// Whether findings point at logs because there is no other anchor.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.named.is_none() && self.config.is_none()
    }

    /// A path relative to the repository; a path outside of it is unchanged.
    #[must_use]
    pub fn relative(&self, path: &str) -> String {
        let path = path.replace('\\', "/");
        let whole = if is_absolute(&path) { path.clone() } else { format!("{}/{path}", self.directory) };
        let whole = normal(&whole.replace('\\', "/"));
        let root = normal(&self.root.replace('\\', "/"));
        let below = whole.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/'));
        match below.filter(|_| !self.root.is_empty()) {
            Some(below) => below.to_owned(),
            None if is_absolute(&path) => path,
            None => path.strip_prefix("./").unwrap_or(&path).to_owned(),
        }
    }
}

/// Whether a path with `/` begins at a root or a drive.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.get(1..3) == Some(":/")
}

/// A path without `.`, `..` and doubled or trailing separators.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let lead = if path.starts_with('/') { "/" } else { "" };
    format!("{lead}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository() {
        let anchors = Anchors {
            root: "/builds/repo".to_owned(),
            directory: "/builds/repo/eval".to_owned(),
            ..Anchors::default()
        };
        assert_eq!(anchors.relative("/builds/repo/runs/a.jsonl"), "runs/a.jsonl");
        assert_eq!(anchors.relative("./runs\\a.jsonl"), "eval/runs/a.jsonl");
        assert_eq!(anchors.relative("../runs/a.jsonl"), "runs/a.jsonl");
        assert_eq!(anchors.relative("/builds/repository/a.jsonl"), "/builds/repository/a.jsonl");
        assert_eq!(anchors.relative("../../a.jsonl"), "../../a.jsonl");
        let windows =
            Anchors { root: "D:\\a\\repo".to_owned(), directory: "D:\\a\\repo".to_owned(), ..Anchors::default() };
        assert_eq!(windows.relative("runs\\a.jsonl"), "runs/a.jsonl");
        assert_eq!(windows.relative("D:\\a\\repo\\a.jsonl"), "a.jsonl");
        assert_eq!(Anchors::default().relative("./a.jsonl"), "a.jsonl");
    }
}
