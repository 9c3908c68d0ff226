//! The output formats by name: the one place that knows all of them.

use std::io::{self, Write};

use crate::report::text::Style;
use crate::report::{Anchors, Report, concise, github, gitlab, html, json, jsonl, junit, markdown, sarif, text};

/// A form that a report can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people: every finding with its line, its arithmetic and its impact.
    Text,
    /// One line per finding.
    Concise,
    /// Everything, as one JSON object.
    Json,
    /// One finding per line as JSON, then the summary.
    Jsonl,
    /// For code scanning: findings as SARIF 2.1.0.
    Sarif,
    /// The text report, then annotations of GitHub Actions.
    Github,
    /// Findings as GitLab Code Quality.
    Gitlab,
    /// Claims as test cases: proven passes, refuted fails, unprovable is skipped.
    Junit,
    /// One page for a code review.
    Markdown,
    /// One self-contained page with pictures, for a post-mortem.
    Html,
}

impl OutputFormat {
    /// All formats.
    pub const ALL: [Self; 10] = [
        Self::Text,
        Self::Concise,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Markdown,
        Self::Html,
    ];

    /// Whether its findings point at [`Anchors::of`].
    #[must_use]
    pub fn is_anchored(self) -> bool {
        matches!(self, Self::Sarif | Self::Github | Self::Gitlab)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

/// What outputs need to know beside the report.
#[derive(Clone, Debug, Default)]
pub struct Rendering {
    /// How to draw text.
    pub style: Style,
    /// Where findings point.
    pub anchors: Anchors,
    /// The command that reproduces the report, such as `retally check runs/`.
    pub command: String,
}

/// Writes a report in a format.
pub fn render(report: &Report, format: OutputFormat, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    match format {
        OutputFormat::Text => text::render(report, with.style, out),
        OutputFormat::Concise => concise::render(report, out),
        OutputFormat::Json => json::render(report, out),
        OutputFormat::Jsonl => jsonl::render(report, out),
        OutputFormat::Sarif => sarif::render(report, &with.anchors, out),
        OutputFormat::Github => github::render(report, with, out),
        OutputFormat::Gitlab => gitlab::render(report, &with.anchors, out),
        OutputFormat::Junit => junit::render(report, &with.anchors, out),
        OutputFormat::Markdown => markdown::render(report, with, out),
        OutputFormat::Html => html::render(report, with, out),
    }
}
