//! `JUnit` XML: every claim is a test case. Proven passes, refuted fails, unprovable is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::model::{Severity, Verdict, VerdictCounts};
use crate::report::output::OutputFormat;
use crate::report::words::{count, cut, rows, verdict};
use crate::report::{ClaimKey, Finding, Rendering, Report, page_of, visible};
use crate::rules::Catalogue;

/// The suite for findings that do not belong to a claim.
const STRUCTURE: &str = "structure";
/// The code of records that could not be read.
const UNREADABLE: &str = "RT708";
/// Findings whose whole text one test case holds.
const MAX_FINDINGS: usize = 20;
/// Places of a finding in its text.
const MAX_PLACES: usize = 5;
/// Characters of the text of one finding.
const MAX_TEXT: usize = 8_000;
/// Characters of a name or a message.
const MAX_NAME: usize = 500;

/// A claim of a task of a run.
struct Judged<'r> {
    run: &'r str,
    task: &'r str,
    claim: ClaimKey,
    convention: &'r str,
    verdicts: VerdictCounts,
    missing: &'r str,
    /// What was reported and what the rows give, for a metric.
    numbers: String,
    /// Rows beneath a proven metric whose own values are not checked.
    unchecked_rows: u64,
}

/// This output.
pub static OUTPUT: OutputFormat = OutputFormat {
    name: "junit",
    about: "Claims as test cases: proven passes, refuted fails, unprovable is skipped",
    anchored: false,
    render,
};

/// Writes the report.
pub fn render(report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    let claims = claims(report);
    let runs: BTreeSet<&str> = claims.iter().map(|claim| claim.run).collect();
    let mut writer = Cases {
        file: report.inputs.first().map(|input| shown(&with.anchors.relative(&input.path), MAX_TEXT)),
        labelled: runs.len() > 1,
        names: BTreeSet::new(),
        suites: BTreeMap::new(),
    };
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for claim in &claims {
        let is_metric = claim.claim.is_of_run();
        let own = |(_, finding): &(usize, &Finding)| {
            (finding.task == claim.task || is_metric && finding.task.is_empty())
                && concerns(finding, &claim.claim, &with.catalogue)
        };
        let own: Vec<(usize, &Finding)> = report.findings.iter().enumerate().filter(own).collect();
        if claim.verdicts.refuted > 0 {
            told.extend(own.iter().map(|(at, _)| *at));
        }
        let own: Vec<&Finding> = own.into_iter().map(|(_, finding)| finding).collect();
        writer.claim(claim, &own);
    }
    writer.structure(report, &told);
    let mut xml = quick_junit::Report::new("retally");
    xml.set_time(Duration::ZERO);
    xml.add_test_suites(writer.suites.into_values());
    xml.serialize(&mut *out).map_err(io::Error::other)
}

/// The claims of the report; each metric of a run is its own claim, with its numbers.
fn claims(report: &Report) -> Vec<Judged<'_>> {
    let metrics: BTreeSet<(&str, &str, ClaimKey)> = report
        .metrics
        .iter()
        .map(|metric| (metric.run.as_str(), metric.task.as_str(), ClaimKey::Run(metric.metric.clone())))
        .collect();
    let mut missing: BTreeMap<(&str, &str, &ClaimKey), &str> = BTreeMap::new();
    let mut claims = Vec::new();
    for claim in &report.claims {
        missing.insert((&claim.run, &claim.task, &claim.claim), &claim.missing);
        // A log without tasks may still name the task of its metrics.
        let is_metric = metrics.iter().any(|(run, task, name)| {
            *run == claim.run && (*task == claim.task || claim.task.is_empty()) && *name == claim.claim
        });
        if !is_metric {
            claims.push(Judged {
                run: &claim.run,
                task: &claim.task,
                claim: claim.claim.clone(),
                convention: &claim.convention,
                verdicts: claim.verdicts,
                missing: &claim.missing,
                numbers: String::new(),
                unchecked_rows: 0,
            });
        }
    }
    for metric in &report.metrics {
        let key = ClaimKey::Run(metric.metric.clone());
        let mut verdicts = VerdictCounts::default();
        verdicts.add(metric.verdict);
        let recomputed = metric.recomputed.map_or_else(|| "no number".to_owned(), |value| value.to_string());
        claims.push(Judged {
            run: &metric.run,
            task: &metric.task,
            missing: [metric.task.as_str(), ""]
                .iter()
                .find_map(|task| missing.get(&(metric.run.as_str(), *task, &key)).copied())
                .unwrap_or_default(),
            claim: key,
            convention: &metric.definition,
            verdicts,
            numbers: format!("reported {}, the rows give {recomputed}, within {}", metric.reported, metric.within),
            unchecked_rows: metric.unchecked_rows,
        });
    }
    claims
}

/// Whether a finding says why a claim is refuted.
fn concerns(finding: &Finding, claim: &ClaimKey, catalogue: &Catalogue) -> bool {
    let needs = |field: &str| {
        let needs = catalogue.by_code(&finding.code).map(|rule| &rule.page().needs);
        finding.claim == field || needs.is_some_and(|needs| needs.contains(&field))
    };
    match claim {
        ClaimKey::Column(name) => finding.claim == *name,
        ClaimKey::Pick => needs("pick"),
        ClaimKey::Correct => needs("correct"),
        ClaimKey::Greedy => needs("greedy"),
        ClaimKey::Rows(_) | ClaimKey::Run(_) => finding.family == "aggregate",
    }
}

/// The test cases so far.
struct Cases {
    file: Option<String>,
    labelled: bool,
    names: BTreeSet<(String, String)>,
    suites: BTreeMap<String, TestSuite>,
}

impl Cases {
    /// Adds a case. Of two with one class and one name readers count the first only, so a second gets a number.
    fn add(&mut self, suite: &str, class: &str, name: &str, status: TestCaseStatus, output: Option<&str>) {
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.names.insert((class.to_owned(), unique.clone())) {
            unique = format!("{name} ({number})");
            number += 1;
        }
        let mut case = TestCase::new(unique.as_str(), status);
        case.set_classname(class).set_time(Duration::ZERO);
        if let Some(file) = &self.file {
            case.extra.insert("file".into(), file.as_str().into());
        }
        if let Some(output) = output {
            case.set_system_out(output);
        }
        let entry = self.suites.entry(suite.to_owned()).or_insert_with(|| {
            let mut fresh = TestSuite::new(suite);
            fresh.set_time(Duration::ZERO);
            fresh
        });
        entry.add_test_case(case);
    }

    fn claim(&mut self, claim: &Judged<'_>, findings: &[&Finding]) {
        let task = shown(claim.task, MAX_NAME);
        let mut label = Vec::new();
        if self.labelled {
            let run = claim.run.replace('\\', "/");
            label.push(shown(run.trim_end_matches('/').rsplit('/').next().unwrap_or_default(), MAX_NAME));
        }
        label.push(task);
        label.retain(|part| !part.is_empty());
        let suite = if label.is_empty() { "retally".to_owned() } else { label.join(".") };
        let class = if label.is_empty() { "retally".to_owned() } else { format!("retally.{suite}") };
        let mut name = shown(&claim.claim.to_string(), MAX_NAME);
        if !claim.convention.is_empty() {
            name = format!("{name} = {}", shown(claim.convention, MAX_NAME));
        }
        let verdicts = &claim.verdicts;
        let log = if claim.missing.is_empty() { "its inputs" } else { claim.missing };
        let missing = format!("not logged: {}", shown(log, MAX_NAME));
        let mut counted = format!("{} of {} refuted", count(verdicts.refuted), count(verdicts.total()));
        if !claim.numbers.is_empty() {
            counted = format!("{counted}: {}", shown(&claim.numbers, MAX_NAME));
        }
        let open = verdicts.unprovable > 0;
        let (status, output) = match verdict(verdicts) {
            Verdict::Refuted => match excused(findings) {
                Some(why) => (skipped(&why), Some(counted)),
                None => (failure(NonSuccessKind::Failure, "refuted", &counted, findings), None),
            },
            Verdict::FromRefuted => (skipped("it follows from a refuted number"), None),
            Verdict::Proven if open => {
                let some = format!("{} of {} unprovable", count(verdicts.unprovable), count(verdicts.total()));
                (TestCaseStatus::success(), Some(format!("{some}; {missing}")))
            }
            Verdict::Proven if claim.unchecked_rows > 0 => {
                let values =
                    format!("proven from {} rows whose own values are not checked", count(claim.unchecked_rows));
                (TestCaseStatus::success(), Some(values))
            }
            Verdict::Proven => (TestCaseStatus::success(), None),
            Verdict::Unprovable => (skipped(&missing), None),
        };
        self.add(&suite, &class, &name, status, output.as_deref());
    }

    /// Everything besides claims: findings by code, unreadable inputs, or one case that says that there is nothing.
    fn structure(&mut self, report: &Report, told: &BTreeSet<usize>) {
        let class = format!("retally.{STRUCTURE}");
        let mut codes: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for (at, finding) in report.findings.iter().enumerate() {
            if !told.contains(&at) {
                codes.entry(&finding.code).or_default().push(finding);
            }
        }
        let whole: Vec<String> = report
            .errors
            .iter()
            .filter(|error| error.line == 0 && error.fatal)
            .map(|error| format!("{}: {}", visible(&error.path), visible(&error.reason)))
            .collect();
        let failures: Vec<&String> = report.gate.iter().flat_map(|gate| &gate.failures).collect();
        if !failures.is_empty() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let listed: Vec<String> = failures.iter().take(MAX_FINDINGS).map(|line| shown(line, MAX_TEXT)).collect();
            status.set_type("gate").set_message(listed.first().cloned().unwrap_or_default());
            status.set_description(listed.join("\n"));
            self.add(STRUCTURE, &class, "the gate's minimums", status, None);
        }
        if let Some(line) = report.silenced_line() {
            self.add(STRUCTURE, &class, "disabled rules", skipped(&shown(&line, MAX_NAME)), None);
        }
        if codes.is_empty() && whole.is_empty() && failures.is_empty() {
            self.add(STRUCTURE, &class, "no structural findings", TestCaseStatus::success(), None);
        }
        for (code, findings) in codes {
            let Some(first) = findings.first() else { continue };
            let name = format!("{} {}", shown(code, MAX_NAME), shown(&first.name, MAX_NAME));
            let quiet = findings.iter().all(|finding| finding.severity == Severity::Note);
            let status = if let Some(why) = excused(&findings) {
                skipped(&why)
            } else if code == UNREADABLE {
                failure(NonSuccessKind::Error, code, "", &findings)
            } else if quiet {
                // Advice is neither a failure nor nothing.
                let mut status = skipped(&shown(&first.message, MAX_NAME));
                status.set_description(texts(&findings));
                status
            } else {
                failure(NonSuccessKind::Failure, code, "", &findings)
            };
            self.add(STRUCTURE, &class, &name, status, None);
        }
        if !whole.is_empty() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let listed: Vec<String> = whole.iter().take(MAX_FINDINGS).map(|line| cut(line, MAX_TEXT)).collect();
            status.set_type("unreadable").set_message(format!("{} cannot be read", inputs(whole.len())));
            status.set_description(listed.join("\n"));
            self.add(STRUCTURE, &class, "every input can be read", status, None);
        }
    }
}

/// Why findings fail nothing: the baseline knows them all, or the configuration excepts them.
fn excused(findings: &[&Finding]) -> Option<String> {
    let all = !findings.is_empty() && findings.iter().all(|finding| finding.is_excused());
    let reason = findings.iter().find_map(|finding| finding.excepted.as_deref());
    all.then(|| match reason {
        Some(reason) => format!("refuted, excepted: {}", shown(reason, MAX_NAME)),
        None => "refuted, in the baseline".to_owned(),
    })
}

fn inputs(number: usize) -> String {
    if number == 1 { "1 input".to_owned() } else { format!("{} inputs", count(number as u64)) }
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

/// A case that did not pass, with the loudest finding as its type and all of them as its content.
fn failure(kind: NonSuccessKind, otherwise: &str, counted: &str, findings: &[&Finding]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    match findings.first() {
        Some(first) => {
            status.set_type(shown(&first.code, MAX_NAME)).set_message(shown(&first.message, MAX_NAME));
        }
        None => {
            status.set_type(otherwise).set_message(counted);
        }
    }
    let parts = [counted.to_owned(), texts(findings)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    status.set_description(parts.join("\n"));
    status
}

/// Findings as plain text.
fn texts(findings: &[&Finding]) -> String {
    let mut texts: Vec<String> = findings.iter().take(MAX_FINDINGS).map(|finding| text(finding)).collect();
    if findings.len() > MAX_FINDINGS {
        texts.push(format!("{} more findings", count((findings.len() - MAX_FINDINGS) as u64)));
    }
    texts.join("\n\n")
}

fn text(finding: &Finding) -> String {
    let mut lines =
        vec![format!("{}[{}]: {}", finding.severity.word(), visible(&finding.code), visible(&finding.message))];
    for place in finding.locations.iter().take(MAX_PLACES) {
        lines.push(format!("at {}:{}:{}", visible(&place.path), place.line, place.column));
    }
    if !finding.label.is_empty() {
        lines.push(visible(&finding.label).into_owned());
    }
    lines.extend(finding.evidence_lines.iter().map(|line| format!("evidence: {}", visible(line))));
    if finding.evidence_lines.is_empty() && finding.count > 1 {
        lines.push(format!("evidence: {} {} like this", count(finding.count), rows(finding.count)));
    }
    lines.extend(finding.impact_lines.iter().map(|line| format!("impact: {}", visible(line))));
    if !finding.help.is_empty() {
        lines.push(format!("fix: {}", visible(&finding.help)));
    }
    lines.push(format!("more: {}", page_of(&finding.code)));
    cut(&lines.join("\n"), MAX_TEXT)
}

/// Text of the log, harmless and of bounded length.
fn shown(text: &str, most: usize) -> String {
    cut(&visible(text), most)
}
