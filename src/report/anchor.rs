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
    /// What the user names: the script or the configuration that produced the run.
    pub named: Option<Anchor>,
    /// The lines of `retally.toml` that declare the convention of a claim.
    pub conventions: BTreeMap<String, Anchor>,
    /// The configuration as a whole.
    pub config: Option<Anchor>,
    /// What a path of an input starts with that is not part of the repository's own paths, longest first, with what
    /// stands for it.
    pub prefixes: Vec<(String, String)>,
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

    /// Whether findings point at logs, for want of anything better.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.named.is_none() && self.config.is_none()
    }

    /// A path as the repository knows it.
    #[must_use]
    pub fn relative(&self, path: &str) -> String {
        let path = path.replace('\\', "/");
        let path = path.strip_prefix("./").unwrap_or(&path);
        for (prefix, by) in &self.prefixes {
            if let Some(rest) = path.strip_prefix(prefix.as_str()) {
                return format!("{by}{rest}");
            }
        }
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository() {
        let anchors = Anchors {
            prefixes: vec![("/builds/team/repo/".to_owned(), String::new())],
            ..Anchors::default()
        };
        assert_eq!(anchors.relative("/builds/team/repo/runs/a.jsonl"), "runs/a.jsonl");
        assert_eq!(anchors.relative("./runs\\a.jsonl"), "runs/a.jsonl");
        assert_eq!(anchors.relative("/elsewhere/a.jsonl"), "/elsewhere/a.jsonl");
    }
}
