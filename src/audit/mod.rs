//! Turns one item into observations in the tally.
//!
//! Audits judge each claim by its formula and each item by its scores. They print nothing and know nothing about the
//! run as a whole.

mod asked;
mod column;
mod comparison;
mod constants;
mod content;
mod dispatch;
mod follows;
mod found;
mod item;
mod pick;
mod plan;
mod search;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::asked::RuleTallies;
use crate::audit::dispatch::Dispatch;
use crate::formula::{FactsBuilder, Needs, SequenceFacts, Sweep};
use crate::model::{
    Candidate, CandidateClaim, Item, ItemSummary, Logged, Origin, RecordError, RowField, RunClaim, stable_hash,
};
use crate::numeric::{Printed, ResolutionStats, exp};
use crate::rules::{CandidateView, Catalogue, ClaimColumn, Fields, RecordRef, StepView};
use crate::tally::{
    ColumnTally, Extent, Field, FileTally, Measured, Noted, NotedBy, NotedRow, Position, StreamKey, StreamTally,
    Wanted, add_to,
};

pub use item::{close, note_open};
pub use plan::{ColumnPlan, FilePlan, PRINCIPAL, RunEvidence, search};

/// Audits the items of one input under one plan. Each worker has its own.
pub struct Auditor<'p> {
    plan: &'p FilePlan,
    columns: Vec<ClaimColumn>,
    /// The columns of the current stream, by [`ColumnId`]; None for a column without claims. A format may define many
    /// columns that a log does not contain.
    claims: Vec<Option<Box<ColumnTally>>>,
    /// What the formulas of a column's search share, by [`ColumnId`].
    sweeps: Vec<Option<Box<Sweep>>>,
    builder: FactsBuilder,
    /// Inputs of the accepted formulas.
    needs: Needs,
    /// The same, plus the inputs of the search.
    search: Needs,
    tally: FileTally,
    stats: StepStats,
    claim_stats: Vec<Option<Box<ResolutionStats>>>,
    current: StreamKey,
    stream: StreamTally,
    rule_tallies: RuleTallies<'p>,
    rules: Dispatch,
    held: Option<ItemSummary>,
    first_of_unit: bool,
    reported: BTreeSet<RunClaim>,
    /// Content found in the current record.
    found: found::Found,
    /// Records of the current stream.
    extent: Option<Extent>,
}

#[derive(Default)]
struct StepStats {
    logprob: ResolutionStats,
    prob: ResolutionStats,
    logit: ResolutionStats,
    top: ResolutionStats,
    vector: ResolutionStats,
}

impl<'p> Auditor<'p> {
    /// An auditor with an empty tally, for the rules of a catalogue.
    #[must_use]
    pub fn new(plan: &'p FilePlan, catalogue: &'p Catalogue) -> Self {
        let needs = plan.needs();
        let searches = plan.columns.iter().any(|column| column.grammar.is_some());
        Self {
            plan,
            columns: plan
                .columns
                .iter()
                .map(|plan| ClaimColumn {
                    name: Arc::clone(&plan.spec.column.name),
                    kind: plan.spec.column.kind,
                    resolution: plan.resolution,
                })
                .collect(),
            claims: vec![None; plan.columns.len()],
            sweeps: plan.columns.iter().map(|_| None).collect(),
            builder: FactsBuilder::default(),
            search: if searches { needs.clone().and_search() } else { Needs::default() },
            needs,
            tally: FileTally::default(),
            stats: StepStats::default(),
            claim_stats: vec![None; plan.columns.len()],
            current: StreamKey::default(),
            stream: StreamTally::default(),
            rule_tallies: RuleTallies::new(catalogue),
            rules: Dispatch::new(catalogue),
            held: None,
            first_of_unit: true,
            reported: BTreeSet::new(),
            found: found::Found::default(),
            extent: None,
        }
    }

    /// The same auditor, which also notes every row that fails and every pick that changes.
    #[must_use]
    pub fn noting(mut self, wanted: Arc<Wanted>) -> Self {
        self.rule_tallies.noted = Some(Noted::new(wanted));
        self
    }

    /// What was noted since the last look; None if nothing is noted.
    pub fn noted(&mut self) -> Option<&mut Noted> {
        self.rule_tallies.noted.as_mut()
    }

    /// Counts a record.
    pub fn record(&mut self) {
        self.tally.records += 1;
        self.found.clear();
    }

    /// The root field for the record that was read last, to be filled. Also counts the content found in the record.
    pub fn fields(&mut self, at: Position) -> &mut Field {
        if self.found.has_items() {
            Extent::add(&mut self.extent, Some(Extent::at(at)));
        }
        self.found.count(at, &self.columns, &mut self.tally.layout.found);
        &mut self.tally.layout.records
    }

    /// Keeps a run metric reported by the pipeline.
    pub fn metric(&mut self, claim: RunClaim) {
        // A repeated number is one claim, so repetitions in a file cost no memory.
        if self.reported.insert(claim.without_place()) {
            self.tally.metrics.push(claim);
        }
    }

    /// Keeps a record that could not be read.
    pub fn error(&mut self, error: RecordError) {
        self.tally.unreadable += 1;
        self.tally.errors.offer(error);
    }

    /// Audits one item or a part of one.
    pub fn item(&mut self, item: &Item<'_>, origin: &dyn Origin) {
        if self.current.task != item.task || self.current.filter != item.filter {
            self.switch(StreamKey { task: item.task.clone().into_owned(), filter: item.filter.clone().into_owned() });
        }
        let (file, line) = origin.start();
        let mut summary = ItemSummary {
            id: item.id.clone().into_owned(),
            pick: summary::choice(&item.pick),
            gold: summary::choice(&item.gold),
            correct: item.correct.map(|(correct, _)| correct),
            place: origin.place(item.at),
            candidates: Vec::with_capacity(item.candidates.len()),
            fields: 0,
        };
        self.found.item(item);
        let mut fields = summary::item_fields(item);
        let choices = summary::Choices::of(item);
        let mut builder = std::mem::take(&mut self.builder);
        let mut contents = Vec::with_capacity(item.candidates.len());
        for (position, candidate) in item.candidates.iter().enumerate() {
            self.tally.candidates += 1;
            self.tally.steps += candidate.steps.len() as u64;
            self.found.candidate(candidate);
            self.count(item, candidate);
            self.measure(candidate);
            let needs = if self.is_searched(candidate) { &self.search } else { &self.needs };
            let facts = builder.gather(candidate, &self.plan.steps, needs);
            let label = summary::label(candidate, position);
            let primary =
                summary::primary(candidate, self.plan).and_then(|id| self.plan.columns.get(usize::from(id.0)));
            if let Some(primary) = primary
                && !self.stream.items.primaries.contains(&primary.spec.column)
            {
                self.stream.items.primaries.insert(primary.spec.column.clone());
            }
            let candidate_fields = summary::candidate_fields(candidate, &self.columns);
            fields = fields.with(candidate_fields);
            let view = CandidateView { candidate, item, facts, resolutions: &self.plan.steps, columns: &self.columns };
            let before = self.rule_tallies.failed(&self.rules.recomputing);
            look(&view, &self.rules, &mut self.rule_tallies, fields, origin, &label);
            let has_wrong_steps = self.rule_tallies.failed(&self.rules.recomputing) > before;
            let judged = self.judge_claims(item, candidate, facts, origin, &label);
            let mut kept = summary::candidate(candidate, self.plan, facts, origin, &choices, has_wrong_steps);
            for (claim, judged) in kept.claims.iter_mut().zip(judged) {
                (claim.explained_by, claim.refuted) = (judged.explained_by, judged.refuted);
                claim.promises |= judged.follows;
            }
            if !item.complete && !self.plan.gather {
                kept.path = Some(comparison::path(candidate, facts.log_probs.iter().copied()));
            }
            let content = content::of_candidate(item, candidate, kept.prompt);
            kept.content = content::short(content);
            contents.push(content);
            summary.candidates.push(kept);
            if !item.complete {
                let named = candidate.id.is_some() || candidate.index.is_some();
                self.see(&item.id, if named { Some(&label) } else { None }, content, file, line);
            }
        }
        self.builder = builder;
        let key = if item.id.is_empty() { 0 } else { stable_hash(&item.id) };
        self.stream.items.columns.observe(key, &item.row, &item.facts, origin);
        summary.fields = fields.0;
        self.stream.items.fields |= fields.0;
        if let Ok(id) = item.id.parse::<i64>() {
            self.stream.integer_ids =
                Some(self.stream.integer_ids.map_or((id, id), |(low, high)| (low.min(id), high.max(id))));
            self.stream.integer_rows += 1;
        }
        if item.complete {
            self.see(&item.id, None, content::of_item(item, &contents), file, line);
            summary.settle();
            let record_ref = RecordRef::Record(origin);
            let has_failed = item.row.iter().any(RowField::is_error);
            let whole = item::Whole { metrics: &item.metrics, at: item.at, has_failed, record_ref: &record_ref };
            let change = item::judge(&summary, &whole, &self.rules, &mut self.stream, &mut self.rule_tallies);
            if let Some(change) = change {
                comparison::keep(
                    Some((item, origin)),
                    &summary,
                    &change,
                    &self.plan.steps,
                    &mut self.stream.items.comparisons,
                );
            }
        } else {
            self.hold(summary);
        }
    }

    /// Starts a work unit: the next record need not follow the previous one.
    pub fn unit(&mut self) {
        if let Some(last) = self.held.take() {
            self.stream.open.add(&last);
        }
        self.first_of_unit = true;
    }

    /// Holds an item spread over several records, and judges it when the next one starts. The first and last item of a
    /// unit may continue in another unit, so they stay open.
    fn hold(&mut self, part: ItemSummary) {
        match &mut self.held {
            Some(held) if held.id == part.id => held.merge(part),
            held => {
                let Some(whole) = held.replace(part) else { return };
                if self.plan.gather || std::mem::take(&mut self.first_of_unit) {
                    self.stream.open.add(&whole);
                } else {
                    self.stream.rows.closed.add(plan::item_key(&whole.id), 1);
                    item::judge_kept(whole, self.plan, &self.rules, &mut self.stream, &mut self.rule_tallies);
                }
            }
        }
    }

    /// The tally so far.
    #[must_use]
    pub fn finish(mut self) -> FileTally {
        self.switch(StreamKey::default());
        let stats = self.stats;
        let steps = [
            (Measured::Logprob, stats.logprob),
            (Measured::Prob, stats.prob),
            (Measured::Logit, stats.logit),
            (Measured::Top, stats.top),
            (Measured::Vector, stats.vector),
        ];
        let claims = self.plan.columns.iter().zip(self.claim_stats);
        let claims = claims.filter_map(|(plan, stats)| Some((Measured::Claim(plan.spec.column.clone()), stats?)));
        for (column, stats) in steps.into_iter().map(|(column, stats)| (column, Box::new(stats))).chain(claims) {
            if *stats != ResolutionStats::default() {
                self.tally.resolutions.entry(column).or_default().merge(&stats);
            }
        }
        self.tally.metrics.sort();
        self.tally.layout.sort();
        self.tally
    }

    fn switch(&mut self, to: StreamKey) {
        self.unit();
        if let Some(extent) = self.extent.take() {
            self.tally.layout.stream(extent, &self.current.task, &self.current.filter);
        }
        let mut stream = std::mem::take(&mut self.stream);
        for (column, plan) in self.claims.iter_mut().zip(self.plan.columns.iter()) {
            if let Some(column) = column.take() {
                add_to(&mut stream.columns, plan.spec.column.clone(), column, |own, other| own.merge(*other));
            }
        }
        self.rule_tallies.flush(&mut stream);
        if stream != StreamTally::default() {
            match self.tally.streams.get_mut(&self.current) {
                Some(known) => known.merge(stream),
                None => {
                    self.tally.streams.insert(self.current.clone(), Box::new(stream));
                }
            }
        }
        self.current = to;
    }

    /// Counts a row under the names of its item and candidate and the hash of its content.
    fn see(&mut self, item: &str, candidate: Option<&str>, content: u64, file: u32, line: u64) {
        if item.is_empty() {
            return;
        }
        self.stream.rows.see(item, candidate, content::short(content), (file, line));
    }

    /// Counts a candidate, and the columns in which it has a claim.
    fn count(&mut self, item: &Item<'_>, candidate: &Candidate<'_>) {
        if found::is_bare(item, candidate) {
            self.stream.bare += 1;
            return;
        }
        self.stream.candidates += 1;
        for (position, claim) in candidate.claims.iter().enumerate() {
            let is_first = !candidate.claims.iter().take(position).any(|other| other.of == claim.of);
            if is_first && let Some(column) = self.claims.get_mut(usize::from(claim.of.0)) {
                column.get_or_insert_default().candidates += 1;
            }
        }
    }

    /// Adds a candidate's printed numbers to the statistics of their columns.
    fn measure(&mut self, candidate: &Candidate<'_>) {
        let observe = |stats: &mut ResolutionStats, logged: &Logged| {
            if let Some(number) = logged.finite() {
                stats.observe(&number);
            }
        };
        for step in &candidate.steps {
            observe(&mut self.stats.logprob, &step.logprob);
            observe(&mut self.stats.prob, &step.prob);
            observe(&mut self.stats.logit, &step.logit);
        }
        for alternative in &candidate.alternatives {
            if alternative.logprob.value.is_finite() {
                self.stats.top.observe(&alternative.logprob);
            }
        }
        if !candidate.vectors.is_empty() {
            // Only the values of vectors are kept, so one observation represents the digits of all entries. 0 gives no
            // information about a grid.
            let decimals = candidate.vector_decimals;
            self.stats.vector.observe(&Printed { value: 0.0, decimals, significant: 17 });
        }
        for claim in &candidate.claims {
            if let Some(stats) = self.claim_stats.get_mut(usize::from(claim.of.0)) {
                observe(stats.get_or_insert_default(), &claim.value);
            }
        }
    }

    /// Whether a claim of a candidate is checked against every formula.
    fn is_searched(&self, candidate: &Candidate<'_>) -> bool {
        let columns = &self.plan.columns;
        let plan = |claim: &CandidateClaim| columns.get(usize::from(claim.of.0));
        candidate.claims.iter().filter_map(plan).any(|column| column.grammar.is_some())
    }

    /// Judges the claims of a candidate.
    fn judge_claims(
        &mut self,
        item: &Item<'_>,
        candidate: &Candidate<'_>,
        steps: &SequenceFacts,
        origin: &dyn Origin,
        label: &str,
    ) -> Vec<column::Outcome> {
        let mut judged = Vec::with_capacity(candidate.claims.len());
        let mut of_total = SequenceFacts::default();
        for claim in &candidate.claims {
            let column = usize::from(claim.of.0);
            let (plan, tally) = (self.plan.columns.get(column), self.claims.get_mut(column));
            // The summary leaves out the same claims.
            let (Some(plan), Some(tally), Some(sweep)) = (plan, tally, self.sweeps.get_mut(column)) else {
                continue;
            };
            let is_beneath = self.plan.fill_beneath(candidate, claim.of, &mut of_total);
            let facts = if is_beneath { &of_total } else { steps };
            let row = column::Row { item: &item.id, candidate: label, claim, facts, steps, origin };
            let outcome = column::judge(&row, plan, tally.get_or_insert_default(), sweep);
            if let Some(noted) = &mut self.rule_tallies.noted {
                note(&row, &outcome, &plan.spec.column.name, noted);
            }
            judged.push(outcome);
        }
        judged
    }
}

/// Notes a claim that does not follow from the values beneath it, or only within rounding.
fn note(row: &column::Row<'_>, outcome: &column::Outcome, name: &str, noted: &mut Noted) {
    let Some((reported, recomputed)) = outcome.numbers.filter(|_| outcome.refuted || outcome.rounded) else { return };
    if noted.wanted.claims.contains(name) {
        noted.rows.push(NotedRow {
            place: row.origin.locate(row.claim.at).place,
            task: String::new(),
            item: row.item.to_owned(),
            candidate: row.candidate.to_owned(),
            by: NotedBy::Claim { name: name.to_owned(), rounded: !outcome.refuted },
            reported,
            recomputed,
        });
    }
}

/// Runs the rules of step and candidate scope.
fn look(
    view: &CandidateView<'_>,
    rules: &Dispatch,
    rule_tallies: &mut RuleTallies<'_>,
    fields: Fields,
    origin: &dyn Origin,
    label: &str,
) {
    let CandidateView { candidate, item, resolutions, .. } = *view;
    let record_ref = RecordRef::Record(origin);
    for step in &candidate.steps {
        let top = candidate.alternatives(step);
        let mass = top.iter().map(|entry| exp(entry.logprob.value)).sum();
        let view = StepView { step, top, mass, candidate, resolutions };
        for (index, check, needs) in &rules.steps {
            if fields.has(*needs)
                && let Some(mut observer) = rule_tallies.observer(*index, &record_ref, (&item.id, label), candidate.at)
            {
                check(&view, &mut observer);
            }
        }
    }
    for (index, check, needs) in &rules.candidates {
        if fields.has(*needs)
            && let Some(mut observer) = rule_tallies.observer(*index, &record_ref, (&item.id, label), candidate.at)
        {
            check(view, &mut observer);
        }
    }
}
