//! Every row that shows a finding, and every item whose pick changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{self, SettledPlans};
use crate::facade::{Audit, Error, Inputs, inputs};
use crate::report::rows::{ChangedPick, FailedRow};
use crate::report::{ChangedPicks, ClaimKey, Diagnosis, Evidence, Finding, Report, Severity};
use crate::tally::{Large, NotedBy, NotedKey, NotedPick, NotedRow, PickBy, PickKey, Wanted};

/// The rule about picks that contradict the scores, and the one about greedy paths that it may cover.
const PICKS: &str = "RT402";
const GREEDY: &str = "RT401";
/// The rule about single rows, whose rows are noted by its own code.
const ROWS: &str = "RT611";

/// Changed picks that a report lists.
const LISTED: usize = 1_000;

/// Rows of an audit, kept in memory up to some megabytes and in temporary files beyond.
pub struct Rows {
    failed: Large<NotedKey, (u32, NotedRow)>,
    picks: Large<PickKey, (u32, NotedPick)>,
    findings: Vec<Cause>,
    paths: Vec<String>,
    /// Findings of which no single row was noted, with the rows that the report shows.
    shown: Vec<FailedRow>,
}

/// What rows say of their finding.
struct Cause {
    code: String,
    severity: Severity,
    fingerprint: String,
    claim: String,
}

impl Rows {
    /// The rows that show the report's findings, in the order of the log. A finding about a number of the run has the places
    /// that the report shows, at the end.
    pub fn failed(&self) -> impl Iterator<Item = FailedRow> {
        let noted = self.failed.iter().filter_map(|(_, (at, row))| {
            let cause = self.findings.get(at as usize)?;
            let claim = match &row.by {
                NotedBy::Claim { name, .. } | NotedBy::Metric(name) => name.clone(),
                NotedBy::Rule(_) => cause.claim.clone(),
            };
            let number = |value: f64| (!value.is_nan()).then_some(value);
            Some(FailedRow {
                code: cause.code.clone(),
                severity: cause.severity,
                fingerprint: cause.fingerprint.clone(),
                file: self.path(row.place.file),
                line: row.place.line,
                column: row.place.column,
                field: row.place.field,
                task: row.task,
                item: row.item,
                candidate: row.candidate,
                claim,
                reported: number(row.reported),
                recomputed: number(row.recomputed),
            })
        });
        noted.chain(self.shown.iter().cloned())
    }

    /// The items whose pick changes, in the order of the log.
    pub fn picks(&self) -> impl Iterator<Item = ChangedPick> {
        self.picks.iter().filter_map(|(_, (at, pick))| {
            Some(ChangedPick {
                task: pick.task,
                item: pick.item,
                reported: pick.reported,
                recomputed: pick.recomputed,
                gold: pick.gold,
                was_right: pick.was_right,
                is_right: pick.is_right,
                code: self.findings.get(at as usize)?.code.clone(),
                file: self.path(pick.place.file),
                line: pick.place.line,
            })
        })
    }

    /// Whether everything that was kept in temporary files could be read back so far; an error otherwise, to be asked after
    /// the rows were listed.
    pub fn intact(&self) -> Result<(), Error> {
        if self.failed.on_disk().is_intact() && self.picks.on_disk().is_intact() {
            Ok(())
        } else {
            Err(Error::RowsLost)
        }
    }

    fn path(&self, file: u32) -> String {
        self.paths.get(file as usize).cloned().unwrap_or_default()
    }
}

impl Audit {
    /// Audits inputs that [`Audit::open`] gave, and lists every row that shows a finding and every item whose pick changes.
    /// The inputs are read once more for it.
    #[must_use]
    pub fn run_with_rows(&self, inputs: Inputs) -> (Report, Rows) {
        let settings = self.settings();
        let audited = engine::run(&inputs.opened, &settings);
        let mut inputs = inputs;
        inputs.see_shorter();
        let described = inputs::describe(inputs.opened.iter(), &audited.tally);
        let (plans, runs, passes) = (audited.plans.clone(), audited.runs.clone(), audited.passes);
        let mut report = self.conclude(audited, described, std::mem::take(&mut inputs.errors));
        let causes = {
            let recomputing = settings.catalogue.rules().iter().filter(|rule| rule.recomputes);
            Causes::of(&report, recomputing.map(|rule| rule.page().code).collect())
        };
        let wanted = Arc::new(causes.wanted());
        let (mut rows, mut picks) = (Large::default(), Large::default());
        let mut noted_of = vec![[0_u64; 2]; report.findings.len()];
        let mut number = 0;
        let settled = SettledPlans { plans: &plans, runs: &runs, passes };
        // A log without findings is not read again.
        let noted_inputs = if report.findings.is_empty() { &[][..] } else { &inputs.opened };
        engine::note(noted_inputs, &settled, &settings, &wanted, &mut |task, noted| {
            for mut row in noted.rows.drain(..) {
                let Some(at) = causes.of_row(task, &row) else { continue };
                if let Some(counts) = noted_of.get_mut(at as usize) {
                    counts[usize::from(is_rounded(&row))] += 1;
                }
                task.clone_into(&mut row.task);
                number += 1;
                rows.add((row.place.file, row.place.line, row.place.column, number), (at, row));
            }
            for mut pick in noted.picks.drain(..) {
                let Some(at) = causes.of_pick(task, &pick) else { continue };
                task.clone_into(&mut pick.task);
                let place = (pick.place.file, pick.place.line, pick.place.column);
                picks.add((place, pick.task.clone(), pick.item.clone()), (at, pick));
            }
        });
        // A claim that agrees within rounding fails only where the finding is about the last digits.
        let is_of_digits = |at: u32| noted_of.get(at as usize).is_some_and(|[refuted, _]| *refuted == 0);
        if noted_of.iter().any(|[_, rounded]| *rounded > 0) {
            rows = rows.into_iter().filter(|(_, (at, row))| !is_rounded(row) || is_of_digits(*at)).collect();
        }
        let without = report.findings.iter().zip(&noted_of).filter(|(_, counts)| **counts == [0, 0]);
        let shown = without.flat_map(|(finding, _)| shown(finding, &report)).collect();
        let paths = report.inputs.iter().map(|input| input.path.clone()).collect();
        let cause = |finding: &Finding| Cause {
            code: finding.code.clone(),
            severity: finding.severity,
            fingerprint: finding.fingerprint.clone(),
            claim: finding.claim.clone(),
        };
        let findings = report.findings.iter().map(cause).collect();
        let rows = Rows { failed: rows, picks, findings, paths, shown };
        if self.describes_files() {
            report.files = inputs::files(&inputs.opened);
            let total = rows.picks().count() as u64;
            report.changed_picks =
                (total > 0).then(|| ChangedPicks { total, first: rows.picks().take(LISTED).collect() });
        }
        (report, rows)
    }
}

fn is_rounded(row: &NotedRow) -> bool {
    matches!(row.by, NotedBy::Claim { rounded: true, .. })
}

/// The places that a report shows of a finding. A number of the run comes with its value.
fn shown(finding: &Finding, report: &Report) -> Vec<FailedRow> {
    let row = |location: &crate::report::Location| {
        let field = location.field.rsplit('.').next().unwrap_or_default();
        let metric = report.metrics.iter().find(|metric| {
            metric.task == finding.task
                && metric.verdict == crate::report::Verdict::Refuted
                && (field.starts_with(metric.metric.as_str()) || finding.cause.contains(&metric.metric))
        });
        FailedRow {
            code: finding.code.clone(),
            severity: finding.severity,
            fingerprint: finding.fingerprint.clone(),
            file: location.path.clone(),
            line: location.line,
            column: location.column,
            field: location.field.clone(),
            task: finding.task.clone(),
            item: location.item.clone(),
            candidate: location.candidate.clone(),
            claim: metric.map_or_else(|| finding.claim.clone(), |metric| metric.metric.clone()),
            reported: metric.and_then(|metric| metric.reported.parse().ok()),
            recomputed: metric.and_then(|metric| metric.recomputed),
        }
    };
    finding.locations.iter().map(row).collect()
}

/// The findings of a report, by what single rows are noted under.
struct Causes<'r> {
    report: &'r Report,
    by_task: BTreeMap<&'r str, Vec<(u32, &'r Finding)>>,
    /// Rules whose steps can be recomputed.
    recomputing: Vec<&'static str>,
}

impl<'r> Causes<'r> {
    fn of(report: &'r Report, recomputing: Vec<&'static str>) -> Self {
        let mut by_task: BTreeMap<&str, Vec<(u32, &Finding)>> = BTreeMap::new();
        for (at, finding) in (0..).zip(&report.findings) {
            by_task.entry(&finding.task).or_default().push((at, finding));
        }
        Self { report, by_task, recomputing }
    }

    /// What a pass has to note.
    fn wanted(&self) -> Wanted {
        let findings = &self.report.findings;
        let mut rules: std::collections::BTreeSet<String> = findings.iter().map(|own| own.code.clone()).collect();
        if rules.contains(PICKS) {
            rules.insert(GREEDY.to_owned());
        }
        let refuted = |own: &&crate::report::ClaimReport| own.verdicts.refuted > 0;
        let column = |claim: &ClaimKey| if let ClaimKey::Column(name) = claim { Some(name.clone()) } else { None };
        Wanted {
            claims: self.report.claims.iter().filter(refuted).filter_map(|own| column(&own.claim)).collect(),
            metrics: findings
                .iter()
                .filter(|own| is_of_metric(own))
                .flat_map(|own| own.cause.iter().cloned())
                .collect(),
            rules,
            picks: !findings.is_empty(),
        }
    }

    fn in_file(&self, task: &str, file: u32) -> impl Iterator<Item = (u32, &'r Finding)> {
        let path = self.report.inputs.get(file as usize).map_or("", |input| input.path.as_str());
        let own = self.by_task.get(task).map_or(&[][..], Vec::as_slice);
        own.iter().copied().filter(move |(_, finding)| finding.inputs.iter().any(|input| input == path))
    }

    /// The finding that a row shows. A claim of a column without one of its own has the cause of another column.
    fn of_row(&self, task: &str, row: &NotedRow) -> Option<u32> {
        let found = || self.in_file(task, row.place.file);
        let at = match &row.by {
            NotedBy::Claim { name, .. } => found()
                .find(|(_, finding)| is_of_column(finding) && finding.claim == *name)
                .or_else(|| found().find(|(_, finding)| is_of_column(finding))),
            NotedBy::Metric(name) => found().find(|(_, finding)| is_of_metric(finding) && finding.cause.contains(name)),
            NotedBy::Rule(code) => found()
                .find(|(_, finding)| finding.code == *code)
                .or_else(|| found().find(|(_, finding)| code == GREEDY && finding.code == PICKS)),
        };
        at.map(|(at, _)| at)
    }

    /// The finding that changes a pick.
    fn of_pick(&self, task: &str, pick: &NotedPick) -> Option<u32> {
        let mut found = self.in_file(task, pick.place.file);
        let at = match pick.by {
            PickBy::Convention => found.find(|(_, finding)| self.impact(finding).is_some()),
            // Where no pick is left undecided, the printed digits decide.
            PickBy::Digits => found.find(|(_, finding)| {
                self.impact(finding).is_some_and(|own| own.impact.as_ref().is_some_and(|impact| impact.undecided == 0))
            }),
            PickBy::Steps => found.find(|(_, finding)| self.recomputing.contains(&finding.code.as_str())),
            PickBy::Scores => found.find(|(_, finding)| finding.code == PICKS),
        };
        at.map(|(at, _)| at)
    }

    /// The diagnosis of the column of a finding, if it says what changes.
    fn impact(&self, finding: &Finding) -> Option<&Diagnosis> {
        let own = |own: &&Diagnosis| own.task == finding.task && own.claim == finding.claim && own.impact.is_some();
        self.report.diagnoses.iter().find(own).filter(|_| is_of_column(finding))
    }
}

fn is_of_column(finding: &Finding) -> bool {
    matches!(finding.evidence, Evidence::Column(_))
}

/// Whether a finding is about the rows of metrics.
fn is_of_metric(finding: &Finding) -> bool {
    finding.code != ROWS && finding.family == "normalised"
}
