//! SARIF 2.1.0 for code scanning: one run, one result per finding, and only the properties that GitHub reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::model::{Certainty, Severity, Span};
use crate::report::json;
use crate::report::output::OutputFormat;
use crate::report::words::{count, cut, rows};
use crate::report::{Anchors, Finding, HOMEPAGE, Location, Rendering, Report, page_of, visible};
use crate::rules::{Catalogue, Rule};

/// Results that GitHub keeps of a run.
pub const MAX_RESULTS: usize = 5_000;
/// Locations that GitHub takes of one result.
pub const MAX_RELATED: usize = 1_000;
/// Bytes of all results together: the file stays below the 10 MB that may be uploaded, even uncompressed.
pub const MAX_BYTES: usize = 7_000_000;
/// Characters of a rule's short and full description.
const MAX_DESCRIPTION: usize = 1_024;
/// Characters of one part of a message, such as a line of evidence.
const MAX_PART: usize = 1_000;
/// Lines of evidence, and of impact, in one message.
const MAX_LINES: usize = 10;
/// Rows that a message links to.
const MAX_LINKS: usize = 10;
/// Bytes of a path; no file system allows longer ones.
const MAX_PATH: usize = 4_096;
/// The highest line number that 32-bit readers accept.
const MAX_NUMBER: u64 = 2_147_483_647;
/// Characters of the names of the tasks in the category.
const MAX_CATEGORY: usize = 100;

/// Characters that need no escape in a URI.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: Details,
    column_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocations: Option<[Invocation; 1]>,
    results: Vec<SarifResult>,
}

/// The run of the program, where it has something to say besides results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: [Notification; 1],
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Words,
}

#[derive(Serialize)]
struct Words {
    text: String,
}

#[derive(Serialize)]
struct Details {
    id: String,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: String,
    semantic_version: String,
    information_uri: &'static str,
    rules: Vec<SarifRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRule {
    id: String,
    name: String,
    short_description: Text,
    full_description: Text,
    help_uri: String,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    problem_severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Place; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related>,
    occurrence_count: u64,
    properties: Properties,
}

#[derive(Serialize)]
struct Properties {
    retally: BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Physical,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Related {
    id: usize,
    physical_location: Physical,
    message: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    start_column: u64,
    end_line: u64,
    end_column: u64,
    #[serde(flatten)]
    bytes: Option<Bytes>,
}

/// Bytes of an artifact.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bytes {
    byte_offset: u64,
    byte_length: u64,
}

impl Bytes {
    /// A span of the file as it lies on disk.
    fn of(span: &Span) -> Option<Self> {
        let (byte_offset, byte_length) = (span.start, span.end.saturating_sub(span.start));
        let is_plain = !span.packed && span.member.is_none();
        (is_plain && span.end <= MAX_NUMBER).then_some(Self { byte_offset, byte_length })
    }
}

/// This output.
pub static OUTPUT: OutputFormat =
    OutputFormat { name: "sarif", about: "For code scanning: findings as SARIF 2.1.0", anchored: true, render };

/// Writes the findings.
pub fn render(report: &Report, with: &Rendering, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<SarifRule> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut results = Vec::new();
    let mut bytes = 0;
    for finding in report.shown().take(MAX_RESULTS) {
        let at = *index.entry(&finding.code).or_insert_with(|| {
            rules.push(rule(finding, &with.catalogue));
            rules.len() - 1
        });
        let result = result(finding, at, &with.anchors);
        bytes += serde_json::to_string(&result)?.len();
        if bytes > MAX_BYTES && !results.is_empty() {
            break;
        }
        results.push(result);
    }
    let total = report.shown().count();
    let left = total - results.len();
    if let Some(last) = results.last_mut().filter(|_| left > 0) {
        let text = &mut last.message.text;
        text.push_str(&format!(" {} more findings are omitted here; the JSON report lists all.", count(left as u64)));
    }
    rules.truncate(results.iter().map(|result: &SarifResult| result.rule_index + 1).max().unwrap_or(0));
    let version = visible(&report.tool.version).into_owned();
    let driver = Driver {
        name: "retally",
        version: version.clone(),
        semantic_version: version,
        information_uri: HOMEPAGE,
        rules,
    };
    let run = Run {
        tool: Tool { driver },
        automation_details: Details { id: category(report) },
        column_kind: "unicodeCodePoints",
        invocations: report.silenced_line().map(|line| [notified(&line)]),
        results,
    };
    let log = Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
    out.write_all(json::line(&log)?.as_bytes())?;
    out.write_all(b"\n")
}

fn notified(line: &str) -> Invocation {
    let message = Words { text: cut(&visible(line), MAX_PART) };
    Invocation { execution_successful: true, tool_execution_notifications: [Notification { level: "note", message }] }
}

/// `retally/<tasks>/`: what keeps the alerts of two logs apart. Nothing follows the last slash, so that it is the same
/// on every run.
fn category(report: &Report) -> String {
    let claims = report.claims.iter().map(|claim| claim.task.as_str());
    let tasks: BTreeSet<&str> = claims.filter(|task| !task.is_empty()).collect();
    if tasks.is_empty() {
        return "retally/".to_owned();
    }
    let names: Vec<String> = tasks.iter().map(|task| visible(task).replace('/', "-")).collect();
    let all = names.join("+");
    let shown = match names.first() {
        Some(first) if all.chars().count() > MAX_CATEGORY => {
            format!("{}+{}-more", cut(first, MAX_CATEGORY), names.len() - 1)
        }
        _ => all,
    };
    format!("retally/{shown}/")
}

fn rule(finding: &Finding, catalogue: &Catalogue) -> SarifRule {
    let Some(page) = catalogue.by_code(&finding.code).map(Rule::page) else { return unknown_rule(finding) };
    let paragraph = page.body.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    SarifRule {
        id: page.code.to_owned(),
        name: page.name.to_owned(),
        short_description: Text { text: sentences(page.summary, MAX_DESCRIPTION) },
        full_description: Text { text: sentences(&paragraph, MAX_DESCRIPTION) },
        help_uri: page_of(page.code),
        help: Help { text: page.body.to_owned(), markdown: page.body.to_owned() },
        default_configuration: Configuration { level: page.severity.word() },
        properties: RuleProperties {
            tags: tags([page.family, page.scope, page.certainty.word()]),
            precision: precision(page.certainty),
            problem_severity: problem(page.severity),
        },
    }
}

/// A rule of a report that another version wrote.
fn unknown_rule(finding: &Finding) -> SarifRule {
    let name = cut(&visible(&finding.name), 255);
    let help = "This version of retally has no page for the rule.".to_owned();
    let described = if name.is_empty() { finding.code.clone() } else { name.clone() };
    SarifRule {
        id: visible(&finding.code).into_owned(),
        short_description: Text { text: described.clone() },
        full_description: Text { text: described },
        help_uri: page_of(&finding.code),
        name,
        help: Help { text: help.clone(), markdown: help },
        default_configuration: Configuration { level: finding.severity.word() },
        properties: RuleProperties {
            tags: tags([&visible(&finding.family), finding.certainty.word()]),
            precision: precision(finding.certainty),
            problem_severity: problem(finding.severity),
        },
    }
}

/// The tag `security` would make alerts security alerts.
fn tags<const N: usize>(words: [&str; N]) -> Vec<String> {
    let words = words.into_iter().filter(|word| !word.is_empty() && *word != "security");
    // A family and a scope may have one name; the set holds it once.
    words.collect::<BTreeSet<&str>>().into_iter().map(str::to_owned).collect()
}

fn precision(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "very-high",
        Certainty::Statistical => "medium",
        Certainty::Advisory => "low",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "recommendation",
    }
}

/// As many complete sentences as fit; at least part of the first.
fn sentences(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let fits: String = text.chars().take(most).collect();
    match fits.rfind(". ").and_then(|end| fits.get(..=end)) {
        Some(whole) => whole.to_owned(),
        None => cut(text, most),
    }
}

fn result(finding: &Finding, rule_index: usize, anchors: &Anchors) -> SarifResult {
    let anchor = anchors.of(finding);
    let fingerprint = visible(&finding.fingerprint);
    let related = related(finding, anchors);
    // Bytes are given for a log only: other files are pointed at by line.
    let log = finding.locations.first().filter(|_| anchors.is_log());
    SarifResult {
        rule_id: visible(&finding.code).into_owned(),
        rule_index,
        level: finding.severity.word(),
        message: Text { text: message(finding, &related) },
        locations: [Place {
            physical_location: Physical {
                artifact_location: Artifact { uri: uri(bounded(&anchor.path)) },
                region: region(anchor.line, log.and_then(|place| place.span.as_ref())),
            },
        }],
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", format!("{fingerprint}:1")),
            ("retally/v1", fingerprint.to_string()),
        ]),
        related_locations: related,
        occurrence_count: finding.count.clamp(1, MAX_NUMBER),
        properties: Properties { retally: numbers(finding) },
    }
}

/// The numbers behind the finding, the first of them.
fn numbers(finding: &Finding) -> BTreeMap<String, serde_json::Value> {
    let numbers = finding.evidence.numbers().into_iter().take(MAX_RELATED);
    numbers.map(|(name, number)| (visible(&name).into_owned(), number.into())).collect()
}

/// A line, and the bytes where they are known. Columns of the log are counted in bytes and so cannot be given; the message
/// says them.
fn region(line: u64, span: Option<&Span>) -> Region {
    let line = line.clamp(1, MAX_NUMBER);
    Region { start_line: line, start_column: 1, end_line: line, end_column: 2, bytes: span.and_then(Bytes::of) }
}

/// The log rows that show the finding.
fn related(finding: &Finding, anchors: &Anchors) -> Vec<Related> {
    let places = finding.locations.iter().filter(|place| !place.path.is_empty() && place.path.len() <= MAX_PATH);
    let one = |(at, place): (usize, &Location)| Related {
        id: at + 1,
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(&anchors.relative(&place.path)) },
            region: region(place.line, place.span.as_ref()),
        },
        message: Text { text: escape(&row(place)) },
    };
    places.take(MAX_RELATED).enumerate().map(one).collect()
}

/// Which row it is: `q7, candidate a, score at byte 223`.
fn row(place: &Location) -> String {
    let mut parts = Vec::new();
    if !place.item.is_empty() {
        parts.push(format!("item {}", place.item));
    }
    if !place.candidate.is_empty() {
        parts.push(format!("candidate {}", place.candidate));
    }
    let field = if place.field.is_empty() { "value" } else { &place.field };
    parts.push(format!("{field} at byte {}", place.column));
    parts.join(", ")
}

/// Cause and effect in the first sentence, as that is all that a list of alerts shows; then the arithmetic, the
/// evidence, the fix, and links to the rows.
fn message(finding: &Finding, related: &[Related]) -> String {
    let mut effects = finding.impact_lines.iter().take(MAX_LINES);
    let cause = escape(&finding.message);
    let mut text = match effects.next() {
        Some(effect) => format!("{}; {}", cause.trim_end_matches('.'), escape(effect)),
        None => cause,
    };
    let mut add = |part: &str| {
        if !text.ends_with('.') {
            text.push('.');
        }
        text.push(' ');
        text.push_str(part);
    };
    for line in effects {
        add(&escape(line));
    }
    if !finding.label.is_empty() {
        add(&format!("In the first row: {}", escape(&finding.label)));
    }
    for line in finding.evidence_lines.iter().take(MAX_LINES) {
        add(&format!("Evidence: {}", escape(line)));
    }
    if finding.evidence_lines.is_empty() && finding.count > 1 {
        add(&format!("{} {} like this", count(finding.count), rows(finding.count)));
    }
    if !finding.help.is_empty() {
        add(&format!("Fix: {}", escape(&finding.help)));
    }
    let places = finding.locations.iter().filter(|place| !place.path.is_empty() && place.path.len() <= MAX_PATH);
    let links: Vec<String> = related
        .iter()
        .zip(places)
        .take(MAX_LINKS)
        .map(|(related, place)| {
            let path = place.path.replace('\\', "/");
            let name = path.rsplit('/').next().unwrap_or_default();
            format!("[{} line {}]({})", escape(name), place.line, related.id)
        })
        .collect();
    if !links.is_empty() {
        add(&format!("First seen in {}", links.join(", ")));
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// Text of the log as SARIF shows it literally: no links, no placeholders, nothing hidden.
fn escape(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = cut(&text, MAX_PART);
    rest = without_placeholders(&rest);
    for character in rest.chars() {
        if matches!(character, '\\' | '[' | ']') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// `{0}` would be read as an argument, so its brace is escaped.
fn without_placeholders(text: &str) -> String {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.trim_start_matches(|character: char| character.is_ascii_digit());
        let is_placeholder = after.len() < part.len() && after.starts_with('}');
        out.push_str(if is_placeholder { "\\x7b" } else { "{" });
        out.push_str(part);
    }
    out
}

/// A path longer than any file's is invalid; the configuration's path is used instead.
fn bounded(path: &str) -> &str {
    if path.len() > MAX_PATH { crate::config::FILE_NAME } else { path }
}

/// A path as a URI: relative, or `file:` when it is absolute.
fn uri(path: &str) -> String {
    let encoded = |part: &str| utf8_percent_encode(part, PLAIN).to_string();
    if let (Some(drive), Some(rest)) = (path.get(..1), path.get(1..).and_then(|rest| rest.strip_prefix(":/"))) {
        return format!("file:///{drive}:/{}", encoded(rest));
    }
    if path.starts_with("//") {
        return format!("file:{}", encoded(path));
    }
    if path.starts_with('/') {
        return format!("file://{}", encoded(path));
    }
    encoded(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("runs/a.jsonl"), "runs/a.jsonl");
        assert_eq!(uri("runs/ä b%[1]#?:.jsonl"), "runs/%C3%A4%20b%25%5B1%5D%23%3F%3A.jsonl");
        assert_eq!(uri("/data/a b.jsonl"), "file:///data/a%20b.jsonl");
        assert_eq!(uri("D:/data/a.jsonl"), "file:///D:/data/a.jsonl");
        assert_eq!(uri("//host/share/a"), "file://host/share/a");
    }

    #[test]
    fn text_of_the_log_makes_no_link_and_no_placeholder() {
        assert_eq!(escape("a [b](1) \\ {0} {x} \u{1b}"), "a \\[b\\](1) \\\\ \\\\x7b0} {x} \\\\x1b");
        assert_eq!(escape(&"x".repeat(2 * MAX_PART)).chars().count(), MAX_PART);
    }

    #[test]
    fn descriptions_end_with_a_sentence() {
        assert_eq!(sentences("One. Two is longer. Three.", 22), "One. Two is longer.");
        assert_eq!(sentences("Without an end", 8), "Without…");
        assert_eq!(sentences("Short", 8), "Short");
    }
}
