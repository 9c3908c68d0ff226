//! An output: a form that a report can be written in, and what it needs to know beside the report.

use std::fmt;
use std::io::{self, Write};

use crate::report::style::Style;
use crate::report::{Anchors, Report};
use crate::rules::Catalogue;

/// An output, as it stands in the list.
#[derive(Clone, Copy)]
pub struct OutputFormat {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// Whether its findings point at [`Anchors::of`].
    pub anchored: bool,
    /// Writes a report.
    pub(super) render: fn(&Report, &Rendering, &mut dyn Write) -> io::Result<()>,
}

impl OutputFormat {
    /// Writes a report in this format.
    pub fn render(&self, report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
        (self.render)(report, with, out)
    }
}

// A name stands once in the list.
impl PartialEq for OutputFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for OutputFormat {}

impl fmt::Debug for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What outputs need besides the report.
#[derive(Clone, Debug, Default)]
pub struct Rendering {
    /// How to draw text.
    pub style: Style,
    /// Where findings point.
    pub anchors: Anchors,
    /// The rules, for their pages.
    pub catalogue: Catalogue,
    /// The command that reproduces the report, such as `retally check runs/`.
    pub command: String,
}
