//! GitLab Code Quality: an array with one object per finding.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use crate::model::{Certainty, Severity};
use crate::report::json;
use crate::report::output::OutputFormat;
use crate::report::words::cut;
use crate::report::{Anchors, Finding, Report, page_of, visible};

/// Characters of a description.
pub const MAX_DESCRIPTION: usize = 2_000;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "gitlab",
    about: "Findings as GitLab Code Quality",
    anchored: true,
    render: |report, with, out| render(report, &with.anchors, out),
};

/// Writes the findings; `[]` without any.
pub fn render(report: &Report, anchors: &Anchors, out: &mut dyn Write) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    let mut issues: Vec<Issue> =
        report.shown().map(|finding| issue(finding, unique(finding, &mut seen), anchors)).collect();
    issues.extend(report.silenced_line().map(|line| silenced(&line, report, anchors)));
    out.write_all(json::pretty(&issues)?.as_bytes())?;
    out.write_all(b"\n")
}

/// Equal fingerprints would be shown as one finding. An audit has none, but a report from elsewhere may.
fn unique(finding: &Finding, seen: &mut BTreeSet<String>) -> String {
    let own = visible(&finding.fingerprint).into_owned();
    let mut name = own.clone();
    let mut number = 2;
    while !seen.insert(name.clone()) {
        name = format!("{own}-{number}");
        number += 1;
    }
    name
}

/// What disabled rules hide: an issue is all that this form has.
fn silenced(line: &str, report: &Report, anchors: &Anchors) -> Issue {
    let config = anchors.config.as_ref().map(|config| config.path.clone());
    let path = config.or_else(|| report.inputs.first().map(|input| anchors.relative(&input.path))).unwrap_or_default();
    Issue {
        description: cut(&visible(line), MAX_DESCRIPTION),
        check_name: "silenced".to_owned(),
        fingerprint: "silenced".to_owned(),
        severity: "info",
        location: Place { path: visible(path.trim_start_matches("./")).into_owned(), lines: Lines { begin: 1 } },
    }
}

fn issue(finding: &Finding, fingerprint: String, anchors: &Anchors) -> Issue {
    let anchor = anchors.of(finding);
    let mut description = format!("{}: {}", visible(&finding.code), visible(&finding.message));
    for line in &finding.impact_lines {
        description.push_str("; ");
        description.push_str(&visible(line));
    }
    description.push_str(&format!("; {}", page_of(&finding.code)));
    Issue {
        description: cut(&description, MAX_DESCRIPTION),
        check_name: visible(&finding.code).into_owned(),
        fingerprint,
        severity: match (finding.severity, finding.certainty) {
            (Severity::Error, Certainty::Certain) => "critical",
            (Severity::Error, _) => "major",
            (Severity::Warning, _) => "minor",
            (Severity::Note, _) => "info",
        },
        location: Place {
            path: visible(anchor.path.trim_start_matches("./")).into_owned(),
            lines: Lines { begin: anchor.line.max(1) },
        },
    }
}
