//! Findings: drafted per run, then merged, identified and ordered.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Levels;
use crate::formula::FoundPart;
use crate::model::{Located, Severity};
use crate::report::words::{count, rows};
use crate::report::{Bin, Evidence, Finding, Impact, Location, Moments, Number, RuleEvidence, Silenced};
use crate::rules::{self, Catalogue, Rule};
use crate::tally::{self, Accumulator, Key, Observed, PLACES, Slots, Tally};

/// The stream that is being concluded.
pub(super) struct Stream<'s> {
    pub(super) run: &'s str,
    pub(super) task: &'s str,
    pub(super) paths: &'s [&'s str],
    pub(super) catalogue: &'s Catalogue,
}

/// A row displayed in a finding.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) located: Located,
    pub(super) item: String,
    pub(super) candidate: String,
}

/// A finding before its places are resolved and equal causes are merged.
pub(super) struct Draft {
    pub(super) rule: &'static Rule,
    /// Its default severity: the rule's own, or a higher one because of the effect of the cause.
    pub(super) severity: Severity,
    pub(super) claim: String,
    pub(super) task: String,
    /// The parts of the cause; see [`cause_of`].
    pub(super) cause: Vec<String>,
    pub(super) message: rules::Message,
    pub(super) count: u64,
    pub(super) judged: u64,
    pub(super) rows: Vec<Row>,
    pub(super) evidence: Evidence,
    pub(super) evidence_lines: Vec<String>,
    pub(super) impact_lines: Vec<String>,
    /// The same as numbers, where no diagnosis of a column has them.
    pub(super) impact: Option<Impact>,
    /// The parts of the formula that differ from the convention, if the formula gives every row. Columns with the same
    /// deviation have the same cause.
    pub(super) deviation: Option<Vec<FoundPart>>,
}

/// Adds the cause of a column. If another column of the task already has it, it is the same cause. The same column
/// under another filter gets its own draft, which [`settle`] counts.
pub(super) fn add_cause(drafts: &mut Vec<Draft>, draft: Draft) {
    let same = |known: &&mut Draft| {
        known.deviation.is_some()
            && known.deviation == draft.deviation
            && known.rule.page().code == draft.rule.page().code
            && known.task == draft.task
            && known.claim != draft.claim
    };
    match drafts.iter_mut().find(same) {
        Some(known) => {
            known.evidence_lines.push(format!(
                "the same cause: {}, in {} {}",
                draft.message.title,
                count(draft.count),
                rows(draft.count)
            ));
            known.severity = known.severity.min(draft.severity);
        }
        None => drafts.push(draft),
    }
}

/// The finding of a rule that looks at rows.
pub(super) fn from_rule(rule: &'static Rule, seen: &Observed, stream: &Stream<'_>) -> Draft {
    let mut message = (rule.say)(seen);
    let mut rows: Vec<Row> = seen
        .exemplars
        .kept()
        .iter()
        .map(|row| Row { located: row.located.clone(), item: row.item.clone(), candidate: row.candidate.clone() })
        .collect();
    rows.truncate(PLACES);
    if message.label.is_empty()
        && let Some(first) = seen.exemplars.kept().first()
    {
        message.label.clone_from(&first.evidence.detail);
    }
    Draft {
        rule,
        severity: rule.page().severity,
        claim: rule.page().needs.first().map_or_else(String::new, |need| (*need).to_owned()),
        task: stream.task.to_owned(),
        cause: cause_of((rule.parts)(seen)),
        message,
        count: seen.failed.max(1),
        judged: seen.judged.max(seen.failed),
        rows,
        evidence: Evidence::Rule(evidence(rule, seen)),
        evidence_lines: Vec::new(),
        impact_lines: Vec::new(),
        impact: None,
        deviation: None,
    }
}

/// The numbers of a rule's finding.
fn evidence(rule: &Rule, seen: &Observed) -> RuleEvidence {
    let keys = &rule.keys;
    debug_assert!(
        seen.counts.len() <= keys.counts.len()
            && seen.sums.len() <= keys.sums.len()
            && seen.moments.len() <= keys.moments.len()
            && seen.histograms.len() <= keys.histograms.len(),
        "{} keeps what it does not declare",
        rule.page().code
    );
    let worst =
        |number: fn(&crate::tally::Evidence) -> f64| seen.worst.as_ref().map(|row| Number(number(&row.evidence)));
    RuleEvidence {
        judged: seen.judged,
        failed: seen.failed,
        found: worst(|row| row.found),
        expected: worst(|row| row.expected),
        within: worst(|row| row.within),
        counts: keys.counts.iter().map(|key| (key.name().to_owned(), seen.count(*key))).collect(),
        sums: keys.sums.iter().map(|key| (key.name().to_owned(), Number(seen.sum(*key)))).collect(),
        moments: kept(keys.moments, &seen.moments, moments),
        histograms: kept(keys.histograms, &seen.histograms, |histogram| {
            histogram.bins().map(|(bin, count)| Bin { bin, count }).collect()
        }),
        parts: seen.failed_parts().map(|(name, failed)| (name.to_owned(), failed)).collect(),
    }
}

fn kept<T: Accumulator, R>(keys: &[Key<T>], slots: &Slots<T>, report: fn(&T) -> R) -> BTreeMap<String, R> {
    keys.iter().filter_map(|key| Some((key.name().to_owned(), report(slots.get(*key)?)))).collect()
}

fn moments(moments: &tally::Moments) -> Moments {
    let (means, variances) = (moments.means(), moments.variances());
    Moments {
        n: moments.n(),
        means: [Number(means.0), Number(means.1)],
        variances: [Number(variances.xx), Number(variances.yy)],
        covariance: Number(variances.xy),
    }
}

/// RT708, from the records that could not be read: bytes that do not parse, and values that their field does not allow.
pub(super) fn unreadable(tally: &Tally, catalogue: &Catalogue, paths: &[&str]) -> Option<Draft> {
    let rule = catalogue.by_code("RT708")?;
    let mut rows = Vec::new();
    let (mut count, mut judged, mut first, mut first_path) = (0, 0, None, None);
    for (file, own) in &tally.files {
        count += own.unreadable();
        judged += own.records.max(own.unreadable());
        for error in own.errors() {
            first.get_or_insert_with(|| error.reason.clone());
            first_path = first_path.or_else(|| paths.get(*file as usize).copied());
            let located = Located { place: error.place.clone(), snippet: error.snippet.clone() };
            rows.push(Row { located, item: String::new(), candidate: String::new() });
        }
    }
    rows.truncate(PLACES);
    let noun = if count == 1 { "record" } else { "records" };
    Some(Draft {
        rule,
        severity: rule.page().severity,
        claim: "record".to_owned(),
        task: String::new(),
        cause: Vec::new(),
        message: rules::Message::new(format!("{count} {noun} cannot be read"))
            .label(first?)
            .help(whole_records(first_path.unwrap_or_default())),
        count,
        judged,
        rows,
        evidence: Evidence::Records { records: count },
        evidence_lines: Vec::new(),
        impact_lines: Vec::new(),
        impact: None,
        deviation: None,
    })
}

/// How to write readable records, by the file name's extension.
fn whole_records(path: &str) -> &'static str {
    let name = path.to_ascii_lowercase();
    match crate::model::unpacked_name(&name).rsplit_once('.').map_or("", |(_, ending)| ending) {
        "csv" | "tsv" => "give every row the cells of the header, and close the file before the audit",
        "parquet" | "arrow" | "feather" | "ipc" => {
            "write columns of the types that the format requires, and close the file before the audit"
        }
        "json" => "write one complete JSON document, and close the file before the audit",
        "jsonl" | "ndjson" => "write one complete JSON value per line, and close the file before the audit",
        _ => "write every record whole, as those before it, and close the file before the audit",
    }
}

/// The part of a cause for rows that no other part explains.
pub(super) const UNEXPLAINED: &str = "unexplained";

/// A cause of one or more parts (formulas of a mixture, metrics), independent of their order.
pub(super) fn cause_of(mut parts: Vec<String>) -> Vec<String> {
    parts.sort();
    parts.dedup();
    parts
}

/// Separator of the hashed parts of a cause. Changing it would break every baseline.
const BETWEEN: &str = " | ";

/// Identity of a cause. It contains nothing volatile, so it survives changes of rows, names and versions.
#[must_use]
pub fn fingerprint(code: &str, claim: &str, task: &str, cause: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for field in ["retally/1", code, claim, task, &cause.join(BETWEEN)] {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().to_hex().as_str().chars().take(32).collect()
}

/// The inputs that a draft concerns.
#[derive(Clone, Default)]
pub(super) struct Files {
    /// All inputs of its run.
    pub(super) of_run: Vec<u32>,
    /// The inputs of its run with rows of its task.
    pub(super) of_task: Vec<u32>,
}

/// Drafts with the severity configured by the user, and the findings that disabled rules would have reported.
pub(super) struct Levelled {
    pub(super) drafts: Vec<(Draft, Severity, Vec<u32>)>,
    pub(super) silenced: Vec<Silenced>,
}

/// Sets the configured severity of each draft and drops disabled rules. Severities are applied only here.
pub(super) fn apply_levels(drafts: Vec<(Draft, Files)>, levels: &Levels, paths: &[&str]) -> Levelled {
    let mut kept = Vec::new();
    let mut silenced: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for (draft, files) in drafts {
        let page = draft.rule.page();
        let of_files = files.of_run.iter().filter_map(|file| paths.get(*file as usize).copied());
        match levels.of_all(page.code, draft.severity, of_files) {
            Some(severity) => kept.push((draft, severity, files.of_task)),
            None => {
                let cause = fingerprint(page.code, &draft.claim, &draft.task, &draft.cause);
                silenced.entry(page.code).or_default().insert(cause);
            }
        }
    }
    let silenced =
        silenced.into_iter().map(|(code, causes)| Silenced { code: code.to_owned(), count: causes.len() as u64 });
    Levelled { drafts: kept, silenced: silenced.collect() }
}

/// Merges equal causes of several runs, resolves places, and orders by severity, number of rows, then code.
pub(super) fn settle(drafts: Vec<(Draft, Severity, Vec<u32>)>, paths: &[&str]) -> Vec<Finding> {
    let mut merged: BTreeMap<String, (Draft, Severity, u64, BTreeSet<u32>)> = BTreeMap::new();
    for (draft, severity, mut files) in drafts {
        files.extend(draft.rows.iter().map(|row| row.located.place.file));
        let key = fingerprint(draft.rule.page().code, &draft.claim, &draft.task, &draft.cause);
        match merged.entry(key) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert((draft, severity, 1, files.into_iter().collect()));
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                let (kept, loudest, runs, inputs) = slot.get_mut();
                *loudest = severity.min(*loudest);
                kept.count += draft.count;
                kept.judged += draft.judged;
                inputs.extend(files);
                kept.rows.extend(draft.rows);
                *runs += 1;
            }
        }
    }
    let mut findings: Vec<Finding> = merged
        .into_iter()
        .map(|(fingerprint, (mut draft, severity, runs, inputs))| {
            draft.rows.sort_by(|a, b| a.located.place.cmp(&b.located.place));
            draft.rows.truncate(PLACES);
            if runs > 1 {
                draft
                    .evidence_lines
                    .push(format!("the same in {runs} runs or filters; the numbers are from the first"));
            }
            let page = draft.rule.page();
            Finding {
                code: page.code.to_owned(),
                name: page.name.to_owned(),
                family: page.family.to_owned(),
                severity,
                certainty: page.certainty,
                message: draft.message.title,
                help: draft.message.help,
                count: draft.count,
                judged: draft.judged,
                inputs: inputs.iter().filter_map(|file| paths.get(*file as usize)).map(ToString::to_string).collect(),
                snippet: draft.rows.first().map(|row| row.located.snippet.clone()).unwrap_or_default(),
                locations: draft.rows.iter().map(|row| location(row, paths)).collect(),
                evidence: draft.evidence,
                fingerprint,
                cause: draft.cause,
                baseline_state: None,
                excepted: None,
                task: draft.task,
                claim: draft.claim,
                label: draft.message.label,
                evidence_lines: draft.evidence_lines,
                impact_lines: draft.impact_lines,
                impact: draft.impact,
            }
        })
        .collect();
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
}

fn order(finding: &Finding) -> (Severity, std::cmp::Reverse<u64>, &str, &str) {
    (finding.severity, std::cmp::Reverse(finding.count), &finding.code, &finding.fingerprint)
}

/// The place of a row, with its path.
pub(super) fn location(row: &Row, paths: &[&str]) -> Location {
    let place = &row.located.place;
    Location {
        path: paths.get(place.file as usize).map_or_else(String::new, |path| (*path).to_owned()),
        line: place.line,
        column: place.column,
        field: place.field.clone(),
        span: place.span.clone(),
        item: row.item.clone(),
        candidate: row.candidate.clone(),
    }
}
