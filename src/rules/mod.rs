//! The rules: what each looks at and what it says.
//!
//! A rule is a `static RULE` in its own file. Its page under `rules/` holds its code, severity and
//! certainty (the only source of these) and what `retally explain` prints. A rule keeps no state, knows no
//! configuration, and never sees another rule's findings.

mod catalogue;
mod metadata;
mod observer;
pub mod prelude;
mod trainer_vs_engine;
mod view;

mod aggregate;
mod log;
mod normalised;
mod precision;
mod selection;
mod sequence;
mod span;
mod step;

use std::sync::OnceLock;

use crate::formula::Deviations;
use crate::numeric::ExactSum;
use crate::tally::{Histogram, Key, Moments, Observed};

pub use catalogue::Catalogue;
pub use metadata::{Fields, Page, PageError, Scope};
pub use observer::{Observer, RecordRef};
pub use view::{CandidateView, Cause, ClaimColumn, ItemView, RunView, StepView};

/// What a rule says once all rows are seen.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Message {
    /// What is wrong, in the user's terms; one line.
    pub title: String,
    /// The label of the marked number: expected against found.
    pub label: String,
    /// How to fix the pipeline; one line.
    pub help: String,
}

impl Message {
    /// A message with its title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Sets the label of the marked number.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// Nothing: the rule only covers a formula.
    None,
    /// Every step of every candidate.
    Step(fn(&StepView<'_>, &mut Observer<'_>)),
    /// Every candidate with its tokens.
    Candidate(fn(&CandidateView<'_>, &mut Observer<'_>)),
    /// Every item, its candidates without their tokens.
    Item(fn(&ItemView<'_>, &mut Observer<'_>)),
    /// A whole run.
    Run(fn(&RunView<'_>, &mut Observer<'_>)),
}

/// A rule of the catalogue.
pub struct Rule {
    source: &'static str,
    page: OnceLock<Page>,
    pub(crate) check: Check,
    pub(crate) say: fn(&Observed) -> Message,
    pub(crate) cause: Option<CauseRule>,
    pub(crate) fires: fn(&Observed) -> bool,
    pub(crate) parts: fn(&Observed) -> Vec<String>,
    pub(crate) keys: Keys,
    /// Whether the steps that it is about can be recomputed from their vectors or alternatives: then what that changes is
    /// said.
    pub(crate) recomputes: bool,
    over_run: bool,
}

/// What a rule keeps of all rows beside its counts of looks.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) counts: &'static [Key<u64>],
    pub(crate) sums: &'static [Key<ExactSum>],
    pub(crate) moments: &'static [Key<Moments>],
    pub(crate) histograms: &'static [Key<Histogram>],
}

/// The half of a rule that covers a deviation from a convention.
#[derive(Clone, Copy)]
pub(crate) struct CauseRule {
    pub(crate) matches: fn(&Deviations) -> bool,
    pub(crate) say: fn(&Cause<'_>) -> Message,
}

impl Rule {
    const fn new(source: &'static str, check: Check, say: fn(&Observed) -> Message) -> Self {
        Self {
            source,
            page: OnceLock::new(),
            check,
            say,
            cause: None,
            fires: any_failed,
            parts: |_| Vec::new(),
            keys: Keys { counts: &[], sums: &[], moments: &[], histograms: &[] },
            recomputes: false,
            over_run: false,
        }
    }

    /// A rule that looks at every step.
    pub(crate) const fn step(
        source: &'static str,
        check: fn(&StepView<'_>, &mut Observer<'_>),
        say: fn(&Observed) -> Message,
    ) -> Self {
        Self::new(source, Check::Step(check), say)
    }

    /// A rule that looks at every candidate.
    pub(crate) const fn candidate(
        source: &'static str,
        check: fn(&CandidateView<'_>, &mut Observer<'_>),
        say: fn(&Observed) -> Message,
    ) -> Self {
        Self::new(source, Check::Candidate(check), say)
    }

    /// A rule that looks at every item.
    pub(crate) const fn item(
        source: &'static str,
        check: fn(&ItemView<'_>, &mut Observer<'_>),
        say: fn(&Observed) -> Message,
    ) -> Self {
        Self::new(source, Check::Item(check), say)
    }

    /// A rule that looks at a whole run.
    pub(crate) const fn run(
        source: &'static str,
        check: fn(&RunView<'_>, &mut Observer<'_>),
        say: fn(&Observed) -> Message,
    ) -> Self {
        Self::new(source, Check::Run(check), say)
    }

    /// A rule that covers a deviation of a score column from its convention.
    pub(crate) const fn cause(
        source: &'static str,
        matches: fn(&Deviations) -> bool,
        say: fn(&Cause<'_>) -> Message,
    ) -> Self {
        Self::new(source, Check::None, silent).and_cause(matches, say)
    }

    /// A rule that a stage reports by its code (a record that cannot be read, rows that no single formula explains): it
    /// has no check.
    pub(crate) const fn reported(source: &'static str) -> Self {
        Self::new(source, Check::None, silent)
    }

    /// Lets a rule that looks at rows also cover a deviation.
    pub(crate) const fn and_cause(mut self, matches: fn(&Deviations) -> bool, say: fn(&Cause<'_>) -> Message) -> Self {
        self.cause = Some(CauseRule { matches, say });
        self
    }

    /// Lets a rule fire only when all rows together show enough.
    pub(crate) const fn when(mut self, fires: fn(&Observed) -> bool) -> Self {
        self.fires = fires;
        self.over_run = true;
        self
    }

    /// Lets a finding about steps say which picks change once these are recomputed.
    pub(crate) const fn recomputes(mut self) -> Self {
        self.recomputes = true;
        self
    }

    /// Names what the finding is about besides its task, such as the wrong metrics: an additional name is a new cause
    /// for a baseline.
    pub(crate) const fn parts(mut self, parts: fn(&Observed) -> Vec<String>) -> Self {
        self.parts = parts;
        self
    }

    /// The counts that the rule keeps, in the order of their places.
    pub(crate) const fn counts(mut self, counts: &'static [Key<u64>]) -> Self {
        self.keys.counts = counts;
        self
    }

    /// The sums that the rule keeps, in the order of their places.
    pub(crate) const fn sums(mut self, sums: &'static [Key<ExactSum>]) -> Self {
        self.keys.sums = sums;
        self
    }

    /// The moments that the rule keeps, in the order of their places.
    pub(crate) const fn moments(mut self, moments: &'static [Key<Moments>]) -> Self {
        self.keys.moments = moments;
        self
    }

    /// The histograms that the rule keeps, in the order of their places.
    pub(crate) const fn histograms(mut self, histograms: &'static [Key<Histogram>]) -> Self {
        self.keys.histograms = histograms;
        self
    }

    /// The rule's page: metadata and documentation.
    #[must_use]
    pub fn page(&self) -> &Page {
        self.page.get_or_init(|| Page::parse(self.source).unwrap_or_else(|error| Page::broken(&error)))
    }

    /// Scope by construction, to compare with the page.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.check {
            _ if self.over_run => Scope::Run,
            Check::Step(_) => Scope::Step,
            Check::Candidate(_) => Scope::Candidate,
            Check::Item(_) => Scope::Item,
            Check::Run(_) | Check::None => Scope::Run,
        }
    }
}

fn any_failed(all: &Observed) -> bool {
    all.failed > 0
}

/// The names from the log under which a rule's check failed.
pub(crate) fn failed_parts(all: &Observed) -> Vec<String> {
    all.failed_parts().map(|(name, _)| name.to_owned()).collect()
}

fn silent(_: &Observed) -> Message {
    Message::default()
}

/// Embeds a rule's page by its name under `rules/`.
macro_rules! page {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $name, ".md"))
    };
}
pub(crate) use page;
