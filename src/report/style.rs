//! How much the text report says, and with what means.

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// Findings and errors only.
    Quiet,
    /// Findings that are new, and the summary.
    #[default]
    Usual,
    /// Also findings in the baseline, each claim, and what to log for those that cannot be checked.
    Known,
    /// Counts of rules and claims in place of the findings.
    Statistics,
}

impl Detail {
    /// What the flags ask for.
    #[must_use]
    pub fn of(quiet: bool, verbose: bool) -> Self {
        match (quiet, verbose) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Known,
            (false, false) => Self::Usual,
        }
    }
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
    /// Whether to draw with Unicode characters, else ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// How much to say.
    pub detail: Detail,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, unicode: true, width: 100, detail: Detail::Usual }
    }
}
