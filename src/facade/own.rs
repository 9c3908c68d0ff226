//! Files that this program wrote: they may lie among the logs and are none.

use std::fmt;

use crate::gate::Baseline;
use crate::parts;
use crate::report;

/// What this program wrote a file as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// A report, in the output of this name.
    Report(&'static str),
    /// A tally.
    Tally,
    /// A plan of an audit in parts.
    Plan,
    /// A baseline.
    Baseline,
    /// A table of rows.
    Rows,
}

impl Own {
    /// Recognises a file by its first bytes.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let others = [
            (parts::is_tally as fn(&[u8]) -> bool, Self::Tally),
            (parts::is_plan, Self::Plan),
            (Baseline::is_head, Self::Baseline),
            (report::rows::is_rows, Self::Rows),
        ];
        report::written_as(head)
            .map(Self::Report)
            .or_else(|| others.into_iter().find(|(is_one, _)| is_one(head)).map(|(_, own)| own))
    }
}

/// What only the command line asks: it replaces files.
#[cfg(feature = "cli")]
impl Own {
    /// Bytes of a file's start by which it is recognised.
    pub(crate) const HEAD: usize = report::OWN_HEAD;

    /// Whether it can be written again from the logs, so that nothing is lost when it is replaced.
    pub(crate) fn is_replaceable(self) -> bool {
        self != Self::Baseline
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report(name) => write!(f, "{name} report"),
            Self::Tally => f.write_str("tally"),
            Self::Plan => f.write_str("plan"),
            Self::Baseline => f.write_str("baseline"),
            Self::Rows => f.write_str("table of rows"),
        }
    }
}
