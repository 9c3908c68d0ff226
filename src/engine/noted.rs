//! One more pass under the final plans, for a caller who asks for every row that fails and every pick that changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audit::{self, Auditor, FilePlan};
use crate::engine::{RecognisedInput, Settings, overfull, read_in_order};
use crate::model::{Item, Origin, RecordError, RunClaim};
use crate::run::RunId;
use crate::tally::{Noted, ScatteredItems, StreamKey, Wanted};

/// What an audit has settled.
pub struct SettledPlans<'s> {
    /// The plan of each input.
    pub plans: &'s [FilePlan],
    /// The run of each input.
    pub runs: &'s [RunId],
    /// Number of passes that it took.
    pub passes: u32,
}

/// Shows what each item notes, with its task, to a visitor. Items whose candidates are spread over records come last.
///
/// Memory holds what one item notes, and the items that are spread over records (which the system's disk takes beyond some
/// megabytes).
pub fn note(
    inputs: &[RecognisedInput],
    settled: &SettledPlans<'_>,
    settings: &Settings,
    wanted: &Arc<Wanted>,
    each: &mut dyn FnMut(&str, &mut Noted),
) {
    settings.begin(settled.passes + 1, inputs, 0..inputs.len());
    let mut open: BTreeMap<(&RunId, StreamKey), ScatteredItems> = BTreeMap::new();
    for ((at, input), (plan, run)) in inputs.iter().enumerate().zip(settled.plans.iter().zip(settled.runs)) {
        let file = u32::try_from(at).unwrap_or(u32::MAX);
        let auditor = Auditor::new(plan, &settings.catalogue).noting(Arc::clone(wanted));
        let mut sink = NotingSink { auditor, each };
        // What cannot be read was reported by the pass that counts.
        let _ = read_in_order(input, file, settings, &mut sink);
        for (key, stream) in sink.auditor.finish().streams {
            if !stream.open.is_empty() {
                open.entry((run, key)).or_default().merge(stream.open);
            }
        }
    }
    for ((run, key), items) in open {
        let plans = settled.plans.iter().zip(settled.runs).filter(|(_, own)| *own == run);
        let plan = FilePlan::of_run(plans.map(|(plan, _)| plan));
        audit::note_open(items, &plan, &settings.catalogue, wanted, &mut |noted| each(&key.task, noted));
    }
}

/// An auditor that reads an input from start to end. What it notes is shown item by item.
struct NotingSink<'n, 'p> {
    auditor: Auditor<'p>,
    each: &'n mut dyn FnMut(&str, &mut Noted),
}

impl crate::format::Sink for NotingSink<'_, '_> {
    fn item(&mut self, item: &Item<'_>, origin: &dyn Origin) {
        if overfull(item, origin).is_none() {
            self.auditor.item(item, origin);
            if let Some(noted) = self.auditor.noted() {
                (self.each)(&item.task, noted);
            }
        }
    }

    fn metric(&mut self, _claim: RunClaim) {}

    fn error(&mut self, _error: RecordError) {}

    fn record(&mut self) {
        self.auditor.record();
    }

    // The units follow each other, so an item may go on in the next one.
    fn unit(&mut self) {}
}
