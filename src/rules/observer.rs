//! How a rule records what it sees.

use crate::model::{At, Located, Origin, Place};
use crate::numeric::ExactSum;
use crate::tally::{Evidence, Exemplar, Histogram, Key, Moments, NotedBy, NotedRow, Observed, PartSeen, RowSketch};

/// The position of the object that a rule looks at.
pub enum RecordRef<'v> {
    /// In the record that is being read.
    Record(&'v dyn Origin),
    /// In a record that is gone; its place was kept.
    Kept(&'v Place),
}

impl RecordRef<'_> {
    /// The place that sorts before everything in the record: whether a row would be kept is asked before its own place is
    /// built.
    pub(crate) fn start(&self) -> Place {
        match self {
            Self::Record(origin) => {
                let (file, line) = origin.start();
                Place { file, line, ..Place::default() }
            }
            Self::Kept(place) => (*place).clone(),
        }
    }

    /// A position in the record, with the text around it where the record is still there.
    pub(crate) fn locate(&self, at: At) -> Located {
        match self {
            Self::Record(origin) => origin.locate(at),
            Self::Kept(place) => Located { place: (*place).clone(), ..Located::default() },
        }
    }
}

/// Collects what one rule sees.
pub struct Observer<'v> {
    observed: &'v mut Observed,
    record_ref: &'v RecordRef<'v>,
    item: &'v str,
    candidate: &'v str,
    at: At,
    /// The rule's code, and where every row that fails is noted, if somebody asks for all of them.
    noting: Option<(&'static str, &'v mut Vec<NotedRow>)>,
}

impl<'v> Observer<'v> {
    /// An observer of one item or candidate.
    pub(crate) fn new(
        observed: &'v mut Observed,
        record_ref: &'v RecordRef<'v>,
        item: &'v str,
        candidate: &'v str,
        at: At,
    ) -> Self {
        Self { observed, record_ref, item, candidate, at, noting: None }
    }

    /// The same observer, which also notes every row that fails.
    pub(crate) fn noting(mut self, code: &'static str, rows: &'v mut Vec<NotedRow>) -> Self {
        self.noting = Some((code, rows));
        self
    }

    /// Counts one look: whether what the rule asserts holds, and the numbers if it does not.
    pub(crate) fn judge(&mut self, at: At, holds: bool, evidence: impl FnOnce() -> Evidence) {
        self.observed.judged += 1;
        if !holds {
            self.fail(at, evidence());
        }
    }

    /// Counts one look at the whole candidate or item.
    pub(crate) fn judge_here(&mut self, holds: bool, evidence: impl FnOnce() -> Evidence) {
        self.judge(self.at, holds, evidence);
    }

    /// Counts one look that holds.
    pub(crate) fn holds(&mut self) {
        self.observed.judged += 1;
    }

    /// Adds to a count of the rule's own.
    pub(crate) fn count(&mut self, key: Key<u64>, times: u64) {
        *self.observed.counts.slot(key) += times;
    }

    /// Adds to a sum of the rule's own.
    pub(crate) fn add(&mut self, key: Key<ExactSum>, value: f64) {
        self.observed.sums.slot(key).add(value);
    }

    /// The rule's moments.
    pub(crate) fn moments(&mut self, key: Key<Moments>) -> &mut Moments {
        self.observed.moments.slot(key)
    }

    /// A histogram of the rule's own.
    pub(crate) fn histogram(&mut self, key: Key<Histogram>) -> &mut Histogram {
        self.observed.histograms.slot(key)
    }

    /// Offers the first numbers of a row under two names, to be compared with those of the rows near it. They are asked for
    /// only where the row is one of the first.
    pub(crate) fn row(&mut self, at: At, numbers: impl FnOnce() -> (Vec<f64>, Vec<f64>)) {
        let RecordRef::Record(origin) = self.record_ref else { return };
        if self.observed.first_rows.would_keep(&self.record_ref.start()) {
            let (x, y) = numbers();
            self.observed.first_rows.offer(RowSketch { place: origin.place(at), x, y });
        }
    }

    /// What the rule sees under a name of the log, such as a metric's.
    pub(crate) fn part(&mut self, name: &str) -> &mut PartSeen {
        self.observed.part(name)
    }

    /// Counts one look that fails, at a place that was kept (a line of a results file, say).
    pub(crate) fn fail_at(&mut self, located: &Located, item: &str, evidence: Evidence) {
        self.observed.judged += 1;
        self.observed.failed += 1;
        self.observed.show(Exemplar {
            located: located.clone(),
            item: item.to_owned(),
            candidate: String::new(),
            evidence,
        });
    }

    /// Counts looks beside those that are shown: how many there were, and how many of them fail.
    pub(crate) fn more(&mut self, judged: u64, failed: u64) {
        self.observed.judged += judged;
        self.observed.failed += failed;
    }

    fn fail(&mut self, at: At, evidence: Evidence) {
        self.observed.failed += 1;
        if let Some((code, rows)) = &mut self.noting {
            rows.push(NotedRow {
                place: self.record_ref.locate(at).place,
                task: String::new(),
                item: self.item.to_owned(),
                candidate: self.candidate.to_owned(),
                by: NotedBy::Rule((*code).to_owned()),
                reported: evidence.found,
                recomputed: evidence.expected,
            });
        }
        if !self.observed.wants(&self.record_ref.start(), evidence.excess()) {
            return;
        }
        self.observed.show(Exemplar {
            located: self.record_ref.locate(at),
            item: self.item.to_owned(),
            candidate: self.candidate.to_owned(),
            evidence,
        });
    }
}
