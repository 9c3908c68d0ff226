//! The findings: a block per cause, with its place in the log, its evidence and its fix.

use super::Room;
use super::table::{Cell, Kind, Rows, Table};
use super::words::{capital, marked, of, sentence, text, tone};
use crate::report::blocks::Block;
use crate::report::visible::on_one_line;
use crate::report::words::{count, rows};
use crate::report::{Certainty, Finding, page_of, visible};

/// Tasks of a block and findings of a list that are shown before the rest is folded.
const OPEN: usize = 12;

/// A block as the template takes it.
pub(super) struct FindingView {
    pub(super) code: String,
    pub(super) severity: &'static str,
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) place: String,
    pub(super) before: String,
    pub(super) marked: String,
    pub(super) after: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) page: String,
    /// The place of the rule's text in the page, if it has it.
    pub(super) rule: String,
    pub(super) tasks: Option<Table>,
    pub(super) places_title: String,
    pub(super) places: Option<Table>,
}

impl FindingView {
    pub(super) fn of(block: &Block<'_>, room: Room, has_rule: bool) -> Self {
        let finding = block.first;
        let snippet = &finding.snippet;
        let (start, end) = (snippet.mark, snippet.mark.saturating_add(snippet.mark_len));
        let part = |from: usize, to: usize| snippet.text.get(from..to).unwrap_or_default();
        let ellipsis = |cut: bool| if cut { "…" } else { "" };
        let first = finding.locations.first();
        let title = match block.tasks.as_str() {
            "" => sentence(&block.message),
            tasks => format!("{}: {}", text(tasks), sentence(&block.message)),
        };
        let line = |lines: &[String]| lines.iter().take(room.lines).map(|line| sentence(line)).collect::<Vec<_>>();
        let mut facts = Vec::new();
        if !finding.label.is_empty() {
            facts.push(("arithmetic", sentence(&finding.label)));
        }
        facts.push(("certainty", certainty(finding.certainty).to_owned()));
        facts.extend(line(&finding.evidence_lines).into_iter().map(|line| ("evidence", line)));
        facts.extend(line(&finding.impact_lines).into_iter().map(|line| ("impact", line)));
        if !finding.help.is_empty() {
            facts.push(("fix", sentence(&finding.help)));
        }
        for (_, fact) in &mut facts {
            *fact = marked(fact);
        }
        Self {
            code: text(&finding.code),
            severity: finding.severity.word(),
            tone: tone(finding.severity),
            title: marked(&title),
            place: first
                .map_or_else(String::new, |place| format!("{}:{}:{}", text(&place.path), place.line, place.column)),
            before: format!("{}{}", ellipsis(snippet.cut_before), visible(&on_one_line(part(0, start)))),
            marked: visible(part(start, end)).into_owned(),
            after: format!("{}{}", visible(&on_one_line(part(end, snippet.text.len()))), ellipsis(snippet.cut_after)),
            facts,
            page: page_of(&finding.code),
            rule: if has_rule { rule_id(&finding.code) } else { String::new() },
            tasks: tasks(block, room),
            places_title: format!("{} in all, the first locations", of(finding.count, "row", "rows")),
            places: places(finding, room),
        }
    }
}

/// The place of a rule's text in the page.
pub(super) fn rule_id(code: &str) -> String {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("rule-{code}")
}

/// What kind of evidence it is, in a reader's words.
fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain: the numbers contradict each other by more than rounding can explain",
        Certainty::Statistical => "statistical: many rows together make it very likely",
        Certainty::Advisory => "advisory: nothing is wrong, but it may be misread",
    }
}

/// The tasks of a block, the worst one first; None for one.
fn tasks(block: &Block<'_>, room: Room) -> Option<Table> {
    if block.all.len() < 2 {
        return None;
    }
    let columns =
        [("Task", Kind::Text), ("What is wrong", Kind::Text), ("Rows", Kind::Number), ("Location", Kind::Text)];
    let mut table = Rows::new("The tasks, the one with the most rows first", &columns).open(OPEN);
    for finding in block.all.iter().take(room.table) {
        let place = finding.locations.first();
        table.push([
            text(&finding.task).into(),
            sentence(&block.own(finding)).into(),
            count(finding.count).into(),
            place.map_or_else(String::new, |place| format!("{}:{}", text(&place.path), place.line)).into(),
        ]);
    }
    table.draw()
}

fn places(finding: &Finding, room: Room) -> Option<Table> {
    let columns = [
        ("File", Kind::Text),
        ("Line", Kind::Number),
        ("Column", Kind::Number),
        ("Field", Kind::Text),
        ("Item", Kind::Text),
        ("Candidate", Kind::Text),
    ];
    let claim = if finding.claim.is_empty() { String::new() } else { format!("; claim {}", text(&finding.claim)) };
    let caption = format!("The first rows that show it{claim}; fingerprint {}", text(&finding.fingerprint));
    let mut table = Rows::new(caption, &columns);
    for place in finding.locations.iter().take(room.lines) {
        table.push([
            text(&place.path).into(),
            count(place.line).into(),
            count(place.column).into(),
            text(&place.field).into(),
            text(&place.item).into(),
            text(&place.candidate).into(),
        ]);
    }
    table.draw()
}

/// Findings beyond those that are shown in full.
pub(super) fn more<'r>(blocks: impl Iterator<Item = &'r Block<'r>>) -> Option<Table> {
    let columns =
        [("Code", Kind::Text), ("Severity", Kind::Text), ("What is wrong", Kind::Text), ("Rows", Kind::Number)];
    let mut table = Rows::new("Further findings", &columns).open(OPEN);
    for block in blocks {
        let finding = block.first;
        table.push([
            text(&finding.code).into(),
            Cell::from(finding.severity.word()).class(tone(finding.severity)),
            sentence(&block.message).into(),
            count(block.all.iter().map(|finding| finding.count).sum()).into(),
        ]);
    }
    table.draw()
}

/// Findings that fail nothing.
pub(super) fn excused<'r>(findings: impl Iterator<Item = &'r Finding>) -> Option<Table> {
    let columns = [
        ("Code", Kind::Text),
        ("What is wrong", Kind::Text),
        ("Rows", Kind::Number),
        ("Why it does not fail", Kind::Text),
    ];
    let mut table = Rows::new("In the baseline, or covered by an exception in the configuration", &columns);
    for finding in findings {
        let why = match &finding.excepted {
            Some(reason) => format!("excepted: {}", text(reason)),
            None => "in the baseline".to_owned(),
        };
        table.push([
            text(&finding.code).into(),
            sentence(&finding.message).into(),
            format!("{} {}", count(finding.count), rows(finding.count)).into(),
            why.into(),
        ]);
    }
    table.draw()
}

/// The first finding in two sentences: what is wrong, and what that changes.
pub(super) fn lead(block: &Block<'_>) -> Vec<String> {
    let finding = block.first;
    let task = if block.tasks.is_empty() { String::new() } else { format!("{}: ", text(&block.tasks)) };
    let what = format!("{}.", capital(&format!("{task}{}", sentence(&block.message))));
    let impact = finding.impact_lines.first().map(|line| format!("{}.", capital(&sentence(line))));
    std::iter::once(what).chain(impact).map(|line| marked(&line)).collect()
}
