//! Files that make a CI run the audit: the templates of `templates/ci/` with the user's paths.

use crate::init::string;
use crate::report::visible;

/// The CI system that runs the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum System {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// The pre-commit tool.
    PreCommit,
}

/// The placeholder for the paths in a template.
const PATHS: &str = "\"@PATHS@\"";
/// The placeholder for the version in a template.
const VERSION: &str = "@VERSION@";

impl System {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Github, Self::Gitlab, Self::PreCommit];

    /// The file that it reads.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/retally.yml",
            Self::Gitlab => ".gitlab-ci.retally.yml",
            Self::PreCommit => ".pre-commit-config.yaml",
        }
    }

    /// What remains to be done by hand.
    #[must_use]
    pub fn next(self) -> &'static str {
        match self {
            Self::Github => "commit it; the findings are annotations and code scanning alerts",
            Self::Gitlab => "include it: `include: [{local: .gitlab-ci.retally.yml}]` in .gitlab-ci.yml",
            Self::PreCommit => "run `pre-commit install`",
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Github => include_str!("../../templates/ci/github.yml"),
            Self::Gitlab => include_str!("../../templates/ci/gitlab.yml"),
            Self::PreCommit => include_str!("../../templates/ci/pre-commit.yaml"),
        }
    }

    /// The file for an audit of some paths.
    pub fn file(self, paths: &[String]) -> Result<String, String> {
        if let Some(path) = paths.iter().find(|path| path.as_str() == "-" || path.contains(['\n', '\r'])) {
            return Err(format!("{}: expected a file, a directory or a glob without line breaks", visible(path)));
        }
        // Both CI systems would take it for an expression of theirs and put something else in its place.
        if let Some(path) = paths.iter().find(|path| path.contains("${{") || path.contains("$[[")) {
            return Err(format!(
                "{}: the CI system would evaluate ${{{{ or $[[ in a path as an expression",
                visible(path)
            ));
        }
        let text = match self {
            Self::Github | Self::Gitlab => string(&paths.join("\n")),
            Self::PreCommit => paths.iter().map(|path| string(path)).collect::<Vec<_>>().join(", "),
        };
        // The version first: a path may look like its place.
        Ok(self.template().replace(VERSION, env!("CARGO_PKG_VERSION")).replace(PATHS, &text))
    }
}
