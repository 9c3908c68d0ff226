//! Changes the index of an input everywhere in its tally, because merged audits renumber their inputs.
//!
//! All places of one tally belong to one input, so their order does not change.

use crate::model::{ItemSummary, Place};
use crate::tally::{ColumnTally, FileTally, ItemTally, Observed, StreamTally};

impl FileTally {
    /// Sets the index of the input.
    pub fn renumber(&mut self, file: u32) {
        for error in self.errors.kept_mut() {
            error.place.file = file;
        }
        for metric in &mut self.metrics {
            metric.at.place.file = file;
        }
        for stream in self.streams.values_mut() {
            renumber_stream(stream, file);
        }
    }
}

fn renumber_stream(stream: &mut StreamTally, file: u32) {
    for column in stream.columns.values_mut() {
        renumber_column(column, file);
    }
    for observed in stream.observed.values_mut() {
        renumber_observed(observed, file);
    }
    stream.open.change(|item| renumber_item(item, file));
    stream.rows.renumber(file);
    renumber_items(&mut stream.items, file);
}

fn renumber_column(column: &mut ColumnTally, file: u32) {
    let by_formula = column.rows_by_formula.values_mut();
    for rows in by_formula.chain([&mut column.rows, &mut column.rounded_rows, &mut column.unexplained_rows]) {
        for row in rows.kept_mut() {
            row.located.place.file = file;
        }
    }
    for group in column.groups.values_mut() {
        group.first.file = file;
        group.last.file = file;
    }
    column.sample.renumber(file);
    for row in column.contradicted.kept_mut().iter_mut().chain(column.open.kept_mut()) {
        row.at.0 = file;
    }
}

fn renumber_observed(observed: &mut Observed, file: u32) {
    for exemplar in observed.exemplars.kept_mut() {
        exemplar.located.place.file = file;
    }
    for row in observed.first_rows.kept_mut() {
        row.place.file = file;
    }
    if let Some(worst) = &mut observed.worst {
        worst.located.place.file = file;
    }
}

fn renumber_item(item: &mut ItemSummary, file: u32) {
    let places = item.candidates.iter_mut().map(|candidate| &mut candidate.place).chain([&mut item.place]);
    places.for_each(|place: &mut Place| place.file = file);
}

fn renumber_items(items: &mut ItemTally, file: u32) {
    let reasons = &mut items.reasons;
    let argmax =
        [&mut reasons.argmax, &mut reasons.recomputed, &mut reasons.sum_or_mean].map(|argmax| &mut argmax.switched);
    for switched in [&mut items.certain, &mut items.by_digits].into_iter().chain(argmax) {
        for flip in switched.flipped.kept_mut() {
            flip.place.file = file;
        }
    }
    for exemplar in items.reasons.shown.kept_mut() {
        exemplar.located.place.file = file;
    }
    for comparison in items.comparisons.kept_mut() {
        comparison.place.file = file;
    }
    for mixed in items.mixed.values_mut() {
        for exemplar in mixed.rows.kept_mut() {
            exemplar.located.place.file = file;
        }
    }
    items.columns.facts.renumber(file);
    for rows in items.metrics.values_mut() {
        for row in &mut rows.refuted {
            row.located.place.file = file;
        }
    }
}
