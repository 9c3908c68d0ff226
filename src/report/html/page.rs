//! The data for the template.

use std::collections::BTreeSet;

use askama::Template;

use super::audited::Audited;
use super::charts::{self, ColumnView};
use super::compare::ComparisonView;
use super::findings::{self, FindingView, rule_id};
use super::impact::{self, ImpactView, PickList};
use super::table::Table;
use super::words::{hidden, sentence, text};
use super::{Room, SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH, numbers, rule_page};
use crate::report::blocks::blocks;
use crate::report::headline::{headline, totals};
use crate::report::output::Rendering;
use crate::report::words::count;
use crate::report::{Finding, Report};

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page {
    style: &'static str,
    script: &'static str,
    style_hash: &'static str,
    script_hash: &'static str,
    headline: String,
    tool: String,
    tone: &'static str,
    verdict: &'static str,
    lead: Vec<String>,
    gate: Vec<String>,
    tiles: Vec<Tile>,
    audited: Audited,
    findings: Vec<FindingView>,
    more_findings: Option<Table>,
    hidden_findings: String,
    excused: Option<Table>,
    excused_title: String,
    impacts: Vec<ImpactView>,
    picks: Option<PickList>,
    columns: Vec<ColumnView>,
    comparisons: Vec<ComparisonView>,
    metrics: Option<Table>,
    hidden_metrics: String,
    claims: Option<Table>,
    hidden_claims: String,
    gaps: Option<Table>,
    skipped_fields: String,
    rules: Vec<RuleText>,
    command: String,
}

struct Tile {
    class: &'static str,
    name: &'static str,
    value: String,
    note: &'static str,
}

/// A rule's text.
struct RuleText {
    id: String,
    title: String,
    html: String,
}

impl Page {
    pub(super) fn of(report: &Report, with: &Rendering, room: Room) -> Self {
        let blocks = blocks(report, report.shown());
        let runs: BTreeSet<&str> = report.claims.iter().map(|claim| claim.run.as_str()).collect();
        let has_runs = runs.len() > 1;
        let files: Vec<&str> = report.inputs.iter().map(|input| input.path.as_str()).collect();
        let rules = rules(blocks.iter().map(|block| block.first), with, room);
        let is_told = |code: &str| rules.iter().any(|rule| rule.id == rule_id(code));
        let excused = report.findings.iter().filter(|finding| finding.is_excused());
        Self {
            style: STYLE,
            script: SCRIPT,
            style_hash: STYLE_HASH,
            script_hash: SCRIPT_HASH,
            headline: headline(report),
            tool: format!("{} {}", text(&report.tool.name), text(&report.tool.version)),
            tone: tone(report),
            verdict: verdict(report),
            lead: blocks.first().map(|block| findings::lead(block)).unwrap_or_default(),
            gate: gate(report, room),
            tiles: tiles(report),
            audited: Audited::of(report, room),
            findings: (blocks.iter().take(room.findings))
                .map(|block| FindingView::of(block, room, is_told(&block.first.code)))
                .collect(),
            more_findings: findings::more(blocks.iter().skip(room.findings).take(room.table)),
            hidden_findings: hidden(blocks.len(), room.findings + room.table),
            excused_title: format!("Accepted findings ({})", count(excused.clone().count() as u64)),
            excused: findings::excused(excused.take(room.table)),
            impacts: impact::views(report, room),
            picks: impact::picks(report, room),
            columns: charts::columns(report, room),
            comparisons: (report.comparisons.iter().take(room.figures).enumerate())
                .map(|(index, comparison)| ComparisonView::of(index, comparison, &files))
                .collect(),
            metrics: numbers::metrics(report, has_runs, room),
            hidden_metrics: hidden(report.metrics.len(), room.table),
            claims: numbers::claims(report, has_runs, room),
            hidden_claims: hidden(report.claims.len(), room.table),
            gaps: numbers::gaps(report, room),
            skipped_fields: sentence(&report.skipped_fields.join(", ")),
            rules,
            command: sentence(&with.command),
        }
    }
}

/// The texts of the rules that findings name, each once.
fn rules<'r>(findings: impl Iterator<Item = &'r Finding>, with: &Rendering, room: Room) -> Vec<RuleText> {
    let mut seen = BTreeSet::new();
    let codes = findings.take(room.findings).map(|finding| finding.code.as_str()).filter(|code| seen.insert(*code));
    let pages = codes.filter_map(|code| Some(with.catalogue.by_code(code)?.page()));
    let text = |page: &crate::rules::Page| RuleText {
        id: rule_id(page.code),
        title: format!("{} {}: {}", page.code, page.name, page.summary),
        html: rule_page::html(page.body),
    };
    pages.map(text).collect()
}

fn gate(report: &Report, room: Room) -> Vec<String> {
    let said = report.gate.iter().flat_map(|gate| gate.failures.iter().chain(&gate.notes).cloned());
    said.chain(report.silenced_line()).take(room.table).map(|line| sentence(&line)).collect()
}

fn tone(report: &Report) -> &'static str {
    let counts = report.shown_counts();
    if counts.error > 0
        || report.gate.as_ref().is_some_and(|gate| !gate.passed)
        || report.errors.iter().any(|error| error.fatal)
    {
        "bad"
    } else if counts.warning > 0 || totals(report).refuted > 0 {
        "care"
    } else {
        "good"
    }
}

/// The verdict in a word or two.
fn verdict(report: &Report) -> &'static str {
    let (counts, totals) = (report.shown_counts(), totals(report));
    if report.errors.iter().any(|error| error.fatal) {
        "Incomplete"
    } else if counts.error > 0 || totals.refuted > 0 {
        "Numbers are wrong"
    } else if report.gate.as_ref().is_some_and(|gate| !gate.passed) {
        "Failed"
    } else if counts.warning > 0 {
        "Worth a look"
    } else if totals.proven == 0 {
        "Nothing could be checked"
    } else {
        "Nothing is wrong"
    }
}

/// Counts of claims; none of a kind says nothing.
fn tiles(report: &Report) -> Vec<Tile> {
    let totals = totals(report);
    let tiles = [
        ("refuted", "refuted", totals.refuted, "computed again from the log, with another result"),
        ("from-refuted", "from a refuted number", totals.from_refuted, "agree with a number that is refuted"),
        ("proven", "proven", totals.proven, "computed again from the log, with the same result"),
        ("unprovable", "not checkable", totals.unprovable, "the log lacks what they were computed from"),
    ];
    let tiles = tiles.into_iter().filter(|(_, _, number, _)| *number > 0);
    tiles.map(|(class, name, number, note)| Tile { class, name, value: count(number), note }).collect()
}
