//! Turns a finished tally into a report: diagnosis, impact, run-level rules, coverage.
//!
//! Only this module divides, ranks, tests hypotheses or writes sentences about a whole run.

mod cause;
mod consequences;
mod coverage;
mod diagnosis;
mod fields;
mod figure;
mod finding;
mod metrics;
mod partial;
mod picks;
mod runs;

use std::collections::BTreeMap;

use crate::audit::{self, FilePlan};
use crate::conclude::diagnosis::Explanation;
use crate::config::Levels;
use crate::formula::Scale;
use crate::metric;
use crate::model::{ClaimKind, ColumnKey, VerdictCounts};
use crate::report::{
    ClaimKey, ClaimReport, FindingCounts, InputError, InputErrorKind, InputReport, MetricReport, Report,
    SCHEMA_VERSION, Summary, Tool,
};
use crate::rules::{self, Catalogue, Check, Observer, RecordRef, RunView};
use crate::run::RunId;
use crate::tally::{Observed, OnDisk, StreamTally, Tally};

pub use finding::fingerprint;
use finding::{Draft, Files};
use runs::Run;

/// The inputs of `conclude` besides the tally.
pub struct ConcludeInput<'c> {
    /// The inputs, in the order of their index.
    pub inputs: Vec<InputReport>,
    /// The run of each input.
    pub runs: Vec<RunId>,
    /// The plan of each input.
    pub plans: &'c [FilePlan],
    /// Inputs that could not be opened or recognised.
    pub errors: Vec<InputError>,
    /// The rules of the audit.
    pub catalogue: &'c Catalogue,
    /// Rule severities.
    pub levels: &'c Levels,
}

/// Creates the report.
#[must_use]
pub fn conclude(tally: Tally, context: &ConcludeInput<'_>) -> Report {
    let paths: Vec<&str> = context.inputs.iter().map(|input| input.path.as_str()).collect();
    let mut summary = Summary::default();
    let mut errors = context.errors.clone();
    let mut drafts: Vec<(Draft, Files)> = Vec::new();
    for (file, own) in &tally.files {
        summary.records += own.records;
        summary.candidates += own.candidates;
        summary.steps += own.steps;
        for error in own.errors() {
            errors.push(InputError {
                kind: InputErrorKind::Record,
                path: paths.get(*file as usize).map_or_else(String::new, |path| (*path).to_owned()),
                line: error.place.line,
                column: error.place.column,
                reason: error.reason.clone(),
                fatal: false,
                fields: Vec::new(),
            });
        }
    }
    let broken: Vec<u32> = tally.files.iter().filter(|(_, own)| own.unreadable() > 0).map(|(file, _)| *file).collect();
    let broken = Files { of_run: broken.clone(), of_task: broken };
    drafts.extend(
        finding::unreadable(&tally, context.catalogue, &paths).into_iter().map(|draft| (draft, broken.clone())),
    );
    let on_disk: Vec<(u32, OnDisk)> = tally.files.iter().map(|(file, own)| (*file, own.on_disk())).collect();
    let mut listed = Listed::default();
    let mut gaps = coverage::Gaps::new(coverage::RefusedRows::new(&context.errors, &paths));
    for run in runs::group(tally, &context.runs, &paths) {
        let files = run.files.clone();
        let by_task = run.files_by_task.clone();
        drafts.extend(run.changes.iter().filter_map(|(file, change)| {
            let files = Files { of_run: vec![*file], of_task: vec![*file] };
            Some((change.draft(*file, context.catalogue)?, files))
        }));
        let mut own = Vec::new();
        conclude_run(run, context, &paths, &mut summary, &mut own, &mut listed, &mut gaps);
        drafts.extend(own.into_iter().map(|draft| {
            let of_task = by_task.get(&draft.task).cloned().unwrap_or_default();
            (draft, Files { of_run: files.clone(), of_task })
        }));
    }
    for (file, _) in on_disk.iter().filter(|(_, on_disk)| !on_disk.is_intact()) {
        errors.push(InputError {
            kind: InputErrorKind::Unreadable,
            path: paths.get(*file as usize).map_or_else(String::new, |path| (*path).to_owned()),
            line: 0,
            column: 0,
            reason: "what was kept of it in a temporary file could not be read back; check the disk of TMPDIR and run \
                     the audit again"
                .to_owned(),
            fatal: true,
            fields: Vec::new(),
        });
    }
    let finding::Levelled { drafts, silenced } = finding::apply_levels(drafts, context.levels, &paths);
    let findings = finding::settle(drafts, &paths);
    let mut counts = FindingCounts::default();
    for finding in &findings {
        counts.add(finding.severity);
    }
    summary.findings = counts;
    let skipped_fields = gaps.skipped_fields(context.catalogue, context.levels);
    let coverage = gaps.into_coverage();
    let Listed { mut diagnoses, mut claims, metrics, comparisons } = listed;
    figure::trim(&mut diagnoses);
    for claim in claims.values_mut().filter(|claim| claim.verdicts.unprovable > 0) {
        let missing = coverage.iter().filter(|gap| gap.what == claim.claim);
        claim.missing = missing.map(|gap| gap.log.as_str()).collect::<Vec<_>>().join("; ");
    }
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            documentation: env!("CARGO_PKG_HOMEPAGE").to_owned(),
        },
        inputs: context.inputs.clone(),
        files: Vec::new(),
        summary,
        findings,
        diagnoses,
        claims: claims.into_values().collect(),
        metrics,
        comparisons: figure::clearest(comparisons),
        changed_picks: None,
        coverage,
        skipped_fields,
        errors,
        silenced,
        baseline: None,
        gate: None,
    }
}

/// The report's lists, collected over all runs.
#[derive(Default)]
struct Listed {
    diagnoses: Vec<crate::report::Diagnosis>,
    /// By run, task and claim.
    claims: BTreeMap<(String, String, ClaimKey), ClaimReport>,
    metrics: Vec<MetricReport>,
    /// Comparisons with their margin.
    comparisons: Vec<(f64, crate::report::Comparison)>,
}

impl Listed {
    fn claim(&mut self, run: &str, task: &str, claim: &ClaimKey, convention: &str, verdicts: &VerdictCounts) {
        let key = (run.to_owned(), task.to_owned(), claim.clone());
        let kept = self.claims.entry(key).or_insert_with(|| ClaimReport {
            run: run.to_owned(),
            task: task.to_owned(),
            claim: claim.clone(),
            convention: convention.to_owned(),
            verdicts: VerdictCounts::default(),
            missing: String::new(),
        });
        kept.verdicts.merge(verdicts);
    }
}

fn conclude_run(
    run: Run,
    context: &ConcludeInput<'_>,
    paths: &[&str],
    summary: &mut Summary,
    drafts: &mut Vec<Draft>,
    listed: &mut Listed,
    gaps: &mut coverage::Gaps,
) {
    let plan = &FilePlan::of_run(run.files.iter().filter_map(|file| context.plans.get(*file as usize)));
    conclude_rest(&run, context.catalogue, paths, summary, drafts, listed, gaps);
    for (key, mut stream) in run.streams {
        audit::close(&mut stream, plan, context.catalogue);
        let place = finding::Stream { run: &run.name, task: &key.task, paths, catalogue: context.catalogue };
        let before = drafts.len();
        let Columns { mut verdicts, caused, zero_counts, refuted, held_to } =
            conclude_columns(&stream, plan, &place, drafts, listed, gaps);
        let items = &stream.items;
        let picks = picks::Picks::of(items);
        let from_refuted = metrics::from_refuted(items, &refuted);
        let mut decided = (picks.verdicts(), items.correctness());
        // Where the logged picks are wrong, the pipeline may have computed the correctness from others: where it is that of the
        // picks under the convention in all rows, the picks are what is wrong.
        let mut is_of_recomputed = false;
        if !picks.follow_otherwise() {
            decided.0.move_to_refuted_source(from_refuted.picks);
            is_of_recomputed = decided.0.from_refuted + decided.0.refuted > 0 && items.is_right_of_recomputed();
            if is_of_recomputed {
                decided.1 = decided.1.explained();
            } else {
                decided.1.move_to_refuted_source(from_refuted.correct);
            }
        }
        let decisions = [(ClaimKey::Pick, decided.0), (ClaimKey::Correct, decided.1), (ClaimKey::Greedy, items.greedy)];
        verdicts.extend(decisions.into_iter().filter(|(_, counts)| counts.total() > 0));
        summary.items += stream.items.items;

        let claims: Vec<&crate::model::RunClaim> =
            run.metrics.iter().filter(|claim| runs::concerns(claim, &key, run.single_stream)).collect();
        let facts = metrics::facts(&stream, &decided.1);
        let mut judged = metric::judged::judge(&claims, &facts);
        if decided.0.from_refuted > 0 && !is_of_recomputed {
            metric::judged::from_refuted(&mut judged);
        }
        let files = run.files_by_task.get(&key.task);
        if files.is_some_and(|files| files.iter().any(|file| run.lost.contains(file))) {
            metric::judged::with_lost_rows(&mut judged);
        }
        let rewards = metrics::rewards(&stream, &judged);
        let resting = metrics::Resting::new(&stream, &judged, rewards.as_ref(), &facts, &decided.1);
        gaps.picks(&stream.items, &picks, &resting.beside(&metric::beneath::Beneath::Marks));
        metrics::count(&stream, &judged, rewards.as_ref(), &resting, &mut verdicts, gaps);
        listed.metrics.extend(metrics::list(&run.name, &judged, &resting));
        drafts.extend(partial::drafts(&judged, &place));
        let view = RunView { stream: &stream, metrics: &claims, judged: &judged };
        let nowhere = crate::model::Place::default();
        let record_ref = RecordRef::Kept(&nowhere);
        let mut observed = run_observed(context.catalogue, &view, &record_ref);
        for ((code, _), seen) in &stream.observed {
            observed.entry(code.clone()).or_default().merge(Observed::clone(seen));
        }
        let greedy = consequences::leave_out(&mut observed, items, &decided.1, &picks, zero_counts, context.catalogue);
        drafts.extend(picks.draft(&place, greedy));
        for (code, seen) in &observed {
            let Some(rule) = context.catalogue.by_code(code) else { continue };
            // Ties and lengths among wrong scores are consequences of the cause of the scores.
            let consequence = (caused || picks.follow_otherwise())
                && rule.page().certainty == crate::model::Certainty::Statistical
                && rule.page().family == "selection";
            if (rule.fires)(seen) && !consequence {
                let mut draft = finding::from_rule(rule, seen, &place);
                if rule.recomputes {
                    draft.impact_lines.extend(picks::recomputed(items));
                    draft.impact = picks::recomputed_numbers(items);
                }
                // A cause found in the score also covers the steps that show it. The same cause under another filter gets its
                // own draft, which `settle` counts.
                let is_alike = |(at, known): &(usize, &mut Draft)| {
                    let is_same_code = known.rule.page().code == *code && known.task == key.task;
                    is_same_code && (*at >= before || known.cause != draft.cause)
                };
                match drafts.iter_mut().enumerate().find(is_alike) {
                    Some((_, known)) => known.evidence_lines.push(draft.message.title),
                    None => drafts.push(draft),
                }
            }
        }
        gaps.rules(rules::Fields(stream.items.fields));
        for (claim, counts) in verdicts {
            let convention = held_to.get(&claim).cloned().unwrap_or_default();
            listed.claim(&run.name, &key.task, &claim, &convention, &counts);
            summary.verdicts.entry(claim).or_default().merge(&counts);
        }
    }
}

/// Results of a stream's columns besides their findings.
struct Columns {
    verdicts: BTreeMap<ClaimKey, VerdictCounts>,
    /// Whether the column that picks follow from has a cause.
    caused: bool,
    /// Whether at least one number is proven that counts a first token logged as 0.
    zero_counts: bool,
    /// Columns with refuted claims.
    refuted: Vec<ColumnKey>,
    /// The formula that each column is checked against.
    held_to: BTreeMap<ClaimKey, String>,
}

fn conclude_columns(
    stream: &StreamTally,
    plan: &FilePlan,
    place: &finding::Stream<'_>,
    drafts: &mut Vec<Draft>,
    listed: &mut Listed,
    gaps: &mut coverage::Gaps,
) -> Columns {
    let columns = || {
        let planned = plan.columns.iter().map(|plan| (&plan.spec.column, plan));
        planned.filter_map(|(key, plan)| Some((key, plan, stream.columns.get(key)?)))
    };
    let primary = primary(columns().map(|(key, ..)| key));
    let primary_convention = columns().find(|(key, ..)| Some(*key) == primary).map(|(_, plan, _)| plan.convention());
    let mut all = Columns {
        verdicts: BTreeMap::new(),
        caused: false,
        zero_counts: false,
        refuted: Vec::new(),
        held_to: BTreeMap::new(),
    };
    for (field, column_plan, column) in columns() {
        let explanation = diagnosis::explain(column, column_plan);
        let counts = diagnosis::verdicts(column, column_plan.chosen, &explanation);
        let (claim, convention) = (ClaimKey::column(&field.name), column_plan.convention());
        all.verdicts.entry(claim.clone()).or_default().merge(&counts);
        all.held_to.insert(claim, cause::held_to(column_plan, &explanation, column.judged));
        all.refuted.extend((counts.refuted > 0).then(|| field.clone()));
        gaps.column(&field.name, column, column_plan, &explanation);
        let is_primary = primary == Some(field);
        let explained = cause::Explained { name: &field.name, column, plan: column_plan, explanation: &explanation };
        let decides = is_primary || primary_convention == Some(convention);
        let diagnosed = cause::diagnose(&explained, &stream.items, decides, place);
        all.caused |= is_primary && diagnosed.draft.is_some();
        let is_averaged = convention.reduce.is_mean() || convention.scale != Scale::None;
        all.zero_counts |= is_averaged && explanation == Explanation::Follows && counts.proven > 0;
        if let Some(draft) = diagnosed.draft {
            finding::add_cause(drafts, draft);
        }
        listed.diagnoses.push(diagnosed.diagnosis);
        if is_primary {
            listed.comparisons.extend(figure::comparisons(
                &stream.items,
                &convention,
                &diagnosed.found,
                place.run,
                place.task,
            ));
        }
    }
    all
}

/// The column that picks follow from: the first score, otherwise the first column.
fn primary<'c>(mut columns: impl Iterator<Item = &'c ColumnKey> + Clone) -> Option<&'c ColumnKey> {
    columns.clone().find(|column| column.kind == ClaimKind::Score).or_else(|| columns.next())
}

/// Concludes metrics without rows: groups of tasks, and results with missing rows.
fn conclude_rest(
    run: &Run,
    catalogue: &Catalogue,
    paths: &[&str],
    summary: &mut Summary,
    drafts: &mut Vec<Draft>,
    listed: &mut Listed,
    gaps: &mut coverage::Gaps,
) {
    let mut rest: BTreeMap<&str, Vec<&crate::model::RunClaim>> = BTreeMap::new();
    for claim in &run.metrics {
        if !run.streams.keys().any(|key| runs::concerns(claim, key, run.single_stream)) {
            rest.entry(claim.of.task.as_str()).or_default().push(claim);
        }
    }
    let stream = crate::tally::StreamTally::default();
    for (task, claims) in rest {
        let judged = metric::group::judge_without_rows(
            &claims,
            &metrics::facts(&stream, &VerdictCounts::default()),
            &run.metrics,
        );
        let mut verdicts: BTreeMap<ClaimKey, VerdictCounts> = BTreeMap::new();
        let resting = metrics::Resting::default();
        metrics::count(&stream, &judged, None, &resting, &mut verdicts, gaps);
        listed.metrics.extend(metrics::list(&run.name, &judged, &resting));
        for (claim, counts) in verdicts {
            listed.claim(&run.name, task, &claim, "", &counts);
            summary.verdicts.entry(claim).or_default().merge(&counts);
        }
        let place = finding::Stream { run: &run.name, task, paths, catalogue };
        drafts.extend(partial::drafts(&judged, &place));
        if judged.iter().all(|metric| metric.cause.is_none()) {
            continue;
        }
        let view = RunView { stream: &stream, metrics: &claims, judged: &judged };
        let nowhere = crate::model::Place::default();
        for (code, seen) in run_observed(catalogue, &view, &RecordRef::Kept(&nowhere)) {
            if let Some(rule) = catalogue.by_code(&code).filter(|rule| (rule.fires)(&seen)) {
                drafts.push(finding::from_rule(rule, &seen, &place));
            }
        }
    }
}

/// Observations of the rules with run scope.
fn run_observed(catalogue: &Catalogue, view: &RunView<'_>, record_ref: &RecordRef<'_>) -> BTreeMap<String, Observed> {
    let mut observed: BTreeMap<String, Observed> = BTreeMap::new();
    for rule in catalogue.rules() {
        if let Check::Run(check) = rule.check {
            let seen = observed.entry(rule.page().code.to_owned()).or_default();
            check(view, &mut Observer::new(seen, record_ref, "", "", crate::model::At::default()));
        }
    }
    observed
}
