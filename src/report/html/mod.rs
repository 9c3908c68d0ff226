//! The post-mortem: one self-contained page that reads without script and without a style sheet.
//!
//! The style sheet and the script are constants; the page's policy allows them by their hashes and nothing else, so
//! that no text of a log can run. The page holds exemplars, never rows, and stays below [`LIMIT`] on any input.

mod audited;
mod charts;
mod compare;
mod comparisons;
mod figures;
mod findings;
mod impact;
mod numbers;
mod page;
mod rule_page;
mod svg;
mod table;
mod words;

use std::io::{self, Write};

use askama::Template as _;

use crate::report::Report;
use crate::report::output::{OutputFormat, Rendering};

use page::Page;

/// Largest size of a page, in bytes.
pub const LIMIT: usize = 1 << 20;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");
/// Hashes of the two for the page's policy; a test keeps them current.
const STYLE_HASH: &str = "sha256-xzD5w4+DpyGGgiTBxdEXB2h1ZEjaCt4QbuzQMw/EQYU=";
const SCRIPT_HASH: &str = "sha256-1KXWagVOD0R+UCXqkx+Lc38zDNN/x+PNAKbohSKHs5k=";

/// How much a page shows; halved until it fits.
#[derive(Clone, Copy)]
struct Room {
    /// Findings shown in full.
    findings: usize,
    /// Lines of evidence, impact and places per finding.
    lines: usize,
    /// Columns with pictures, and comparisons.
    figures: usize,
    /// Rows behind a picture.
    points: usize,
    /// Picks that change.
    picks: usize,
    /// Rows of any other table.
    table: usize,
}

impl Room {
    const ALL: Self = Self { findings: 60, lines: 12, figures: 6, points: 400, picks: 1_000, table: 300 };

    fn halved(self) -> Self {
        Self {
            findings: self.findings / 2,
            lines: (self.lines / 2).max(1),
            figures: self.figures / 2,
            points: self.points / 2,
            picks: self.picks / 2,
            table: self.table / 2,
        }
    }
}

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "html",
    about: "One self-contained page with pictures, for a post-mortem",
    anchored: false,
    render,
};

/// Writes the report.
pub fn render(report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    let mut room = Room::ALL;
    loop {
        let page = Page::of(report, with, room).render().map_err(io::Error::other)?;
        if page.len() <= LIMIT || room.table == 0 {
            return out.write_all(page.as_bytes());
        }
        room = room.halved();
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn the_policy_has_the_hashes_of_style_and_script() {
        let hash = |text: &str| {
            format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text)))
        };
        assert_eq!((STYLE_HASH, SCRIPT_HASH), (hash(STYLE).as_str(), hash(SCRIPT).as_str()));
    }
}
